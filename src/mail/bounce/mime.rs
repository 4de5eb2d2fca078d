//! The parts of a mail (RFC 2045, RFC 2046), as far as reports need them. Pure.
//!
//! mail-parser decodes what the parts hold. It does not walk through them here: it makes a tree as deep as what is nested, and
//! to let go of one a hundred thousand levels deep ends the program.

use std::borrow::Cow;

use mail_parser::{
    HeaderValue,
    decoders::{
        base64::base64_decode, charsets::map::charset_decoder, html::html_to_text,
        quoted_printable::quoted_printable_decode,
    },
    parsers::MessageStream,
};

use super::fields::Fields;

/// Multiparts inside each other: a report has one, and a list or a gateway may have put it into another.
const DEEPEST: usize = 6;
const MOST_PARTS: usize = 100;

/// One part that holds no others. A mail inside the mail is one, unread.
pub(super) struct Part<'m> {
    /// In lower case: `message/delivery-status`.
    pub(super) kind: String,
    charset: Option<String>,
    /// Decoded (RFC 2045 6).
    pub(super) body: Cow<'m, [u8]>,
}

impl Part<'_> {
    /// What it says to people.
    pub(super) fn text(&self) -> String {
        let decoder = self.charset.as_ref().and_then(|charset| charset_decoder(charset.as_bytes()));
        let text = match decoder {
            Some(decode) => decode(&self.body),
            None => String::from_utf8_lossy(&self.body).into_owned(),
        };
        if self.kind == "text/html" { html_to_text(&text) } else { text }
    }
}

/// The parts of a mail with these fields and this body, in order; why, where it cannot be taken apart.
pub(super) fn parts<'m>(fields: &Fields, body: &'m [u8]) -> Result<Vec<Part<'m>>, &'static str> {
    let mut found = Vec::new();
    walk(fields, body, 0, &mut found)?;
    Ok(found)
}

fn walk<'m>(fields: &Fields, body: &'m [u8], depth: usize, found: &mut Vec<Part<'m>>) -> Result<(), &'static str> {
    let Type { kind, boundary, charset } = content_type(fields);
    if let Some(boundary) = boundary.filter(|_| kind.starts_with("multipart/")) {
        if depth >= DEEPEST {
            return Err("its parts are nested too deep");
        }
        for part in split(body, &boundary) {
            let (fields, end) = Fields::read(part);
            // A part without fields begins with the empty line; one that does not is all body.
            let body = if fields.is_empty() && !part.trim_ascii().is_empty() { part } else { &part[end..] };
            walk(&fields, body, depth + 1, found)?;
        }
        return Ok(());
    }
    if found.len() >= MOST_PARTS {
        return Err("it has too many parts");
    }
    let encoding = fields.get("content-transfer-encoding").unwrap_or_default().to_ascii_lowercase();
    let decoded = match encoding.split(';').next().unwrap_or_default().trim() {
        "base64" => base64_decode(body),
        "quoted-printable" => quoted_printable_decode(body),
        _ => None,
    };
    // What cannot be decoded may not have been encoded: some servers copy the field of what they report.
    let body = decoded.map_or(Cow::Borrowed(body), Cow::Owned);
    found.push(Part { kind, charset, body });
    Ok(())
}

struct Type {
    kind: String,
    boundary: Option<String>,
    charset: Option<String>,
}

fn content_type(fields: &Fields) -> Type {
    let value = fields.get("content-type").unwrap_or_default();
    let line = format!("{value}\r\n");
    let HeaderValue::ContentType(read) = MessageStream::new(line.as_bytes()).parse_content_type() else {
        return Type { kind: String::from("text/plain"), boundary: None, charset: None };
    };
    let attribute = |name| read.attribute(name).filter(|value: &&str| !value.is_empty()).map(str::to_owned);
    let kind = format!("{}/{}", read.ctype(), read.subtype().unwrap_or_default()).to_ascii_lowercase();
    Type { boundary: attribute("boundary"), charset: attribute("charset"), kind }
}

/// What stands between the lines of a boundary (RFC 2046 5.1.1). The last part may lack its end.
fn split<'m>(body: &'m [u8], boundary: &str) -> Vec<&'m [u8]> {
    let mut parts = Vec::new();
    let (mut at, mut begin) = (0, None);
    for line in body.split_inclusive(|octet| *octet == b'\n') {
        let end = at;
        at += line.len();
        let mark = line.trim_ascii_end().strip_prefix(b"--").and_then(|rest| rest.strip_prefix(boundary.as_bytes()));
        let Some(rest) = mark.filter(|rest| rest.is_empty() || *rest == b"--") else { continue };
        parts.extend(begin.map(|begin| &body[begin..end]));
        begin = rest.is_empty().then_some(at);
        if begin.is_none() || parts.len() > MOST_PARTS {
            return parts;
        }
    }
    parts.extend(begin.map(|begin| &body[begin..]));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(mail: &str) -> Result<Vec<String>, &'static str> {
        let (fields, end) = Fields::read(mail.as_bytes());
        Ok(parts(&fields, &mail.as_bytes()[end..])?.into_iter().map(|part| part.kind).collect())
    }

    #[test]
    fn parts_are_found_and_decoded() {
        let mail = "Content-Type: multipart/report; boundary=\"a b\"\n\npreamble\n--a b\n\nhello\n--a b\n\
                    Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n\
                    caf=E9\n--a b\nContent-Type: Message/RFC822\n\nSubject: x\n\n--a b--\nepilogue\n--a b\nno\n";
        let (fields, end) = Fields::read(mail.as_bytes());
        let found = parts(&fields, &mail.as_bytes()[end..]).expect("parts");
        let kinds: Vec<&str> = found.iter().map(|part| part.kind.as_str()).collect();
        assert_eq!(kinds, ["text/plain", "text/plain", "message/rfc822"]);
        assert_eq!((found[0].text().trim(), found[1].text().trim()), ("hello", "café"));
    }

    #[test]
    fn what_has_no_end_or_no_boundary_is_taken_as_it_is() {
        assert_eq!(kinds("Content-Type: multipart/mixed\n\n--x\n").expect("one"), ["multipart/mixed"]);
        assert_eq!(kinds("Content-Type: multipart/mixed; boundary=x\n\n--x\n\na\n--x\n\nb").expect("two").len(), 2);
        assert_eq!(kinds("no mail at all").expect("one"), ["text/plain"]);
    }

    #[test]
    fn what_is_nested_without_end_is_refused() {
        let level = |n: usize| format!("Content-Type: multipart/mixed; boundary=x{n}\n\n--x{n}\n");
        let deep: String = (0..5_000).map(level).collect();
        assert_eq!(kinds(&deep), Err("its parts are nested too deep"));
        let many = "Content-Type: multipart/mixed; boundary=x\n\n".to_owned() + &"--x\n\na\n".repeat(5_000);
        assert!(kinds(&many).is_err());
        let mails = "Content-Type: message/rfc822\n\n".repeat(100_000);
        assert_eq!(kinds(&mails).expect("one, unread"), ["message/rfc822"]);
    }
}
