//! An address that can be written to (RFC 5321 4.1.2, RFC 6531).

use std::{borrow::Cow, fmt};

use serde::Serialize;

/// A mailbox: a local part, which may hold letters beyond ASCII (RFC 6531) or stand between quotes, and a domain in
/// lower-case ASCII (IDNA). At most 254 octets (RFC 5321 4.5.3.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct EmailAddress(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{input}` is not an e-mail address: {why}")]
pub struct InvalidEmail {
    input: String,
    why: &'static str,
}

impl EmailAddress {
    /// Reads `name@domain`. Quotes that need not be there are taken away. Address literals (`@[192.0.2.1]`) are refused: no
    /// reader has one.
    pub fn parse(input: &str) -> Result<Self, InvalidEmail> {
        let refuse = |why| InvalidEmail { input: input.chars().filter(|c| !c.is_control()).take(80).collect(), why };
        let text = input.trim();
        if text.chars().any(char::is_control) {
            return Err(refuse("it holds a control character"));
        }
        let (local, domain) = text.rsplit_once('@').ok_or_else(|| refuse("there is no `@`"))?;
        let local = local_part(local).map_err(refuse)?;
        // As octets: a letter beyond ASCII counts for several.
        if local.is_empty() || local == "\"\"" || local.len() > 64 {
            return Err(refuse("what stands before the `@` must have 1 to 64 octets"));
        }
        let domain = match url::Host::parse(domain) {
            Ok(url::Host::Domain(domain)) => domain,
            _ => return Err(refuse("what stands after the `@` is not a domain")),
        };
        let labels: Vec<&str> = domain.split('.').collect();
        let is_label = |label: &&str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if labels.len() < 2 || !labels.iter().all(is_label) {
            return Err(refuse("what stands after the `@` is not a domain with a dot"));
        }
        let address = format!("{local}@{domain}");
        if address.len() > 254 {
            return Err(refuse("it is longer than 254 characters"));
        }
        Ok(Self(address))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
    /// For logs: `c***@m***.fr`.
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let first = |part: &str| part.chars().next().map(String::from).unwrap_or_default();
        let tld = domain.rsplit_once('.').map_or("", |(_, tld)| tld);
        format!("{}***@{}***.{tld}", first(local), first(domain))
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A text, such as the reply of a server, with every address in it masked.
pub fn mask_addresses(text: &str) -> String {
    let mask = |word: &str| {
        let bare = word.trim_matches(|c: char| "<>(),;:\"'.".contains(c));
        match EmailAddress::parse(bare) {
            Ok(address) => word.replace(bare, &address.masked()),
            // Not an address as we know them, but somebody's all the same.
            Err(_) if bare.contains('@') => String::from("***"),
            Err(_) => word.to_owned(),
        }
    };
    text.split(' ').map(mask).collect::<Vec<_>>().join(" ")
}

/// A local part in its one form (RFC 5321 4.1.2): bare where it can be.
fn local_part(written: &str) -> Result<Cow<'_, str>, &'static str> {
    let is_bare = |text: &str| text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom));
    let Some(inside) = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return match written {
            "" => Ok(Cow::Borrowed("")),
            text if text.chars().any(char::is_whitespace) => Err("it holds a space"),
            // One letter, one way to write it (RFC 6532 3.1).
            text if is_bare(text) => Ok(composed(text)),
            _ => Err("what stands before the `@` has a character that is not allowed, or a misplaced dot"),
        };
    };
    let mut plain = String::with_capacity(inside.len());
    let mut rest = inside.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => plain.push(rest.next().ok_or("what stands between its quotes ends with a `\\`")?),
            '"' => return Err("a quote stands between its quotes"),
            c if c == ' ' || c.is_ascii_graphic() || (!c.is_ascii() && !c.is_whitespace()) => plain.push(c),
            _ => return Err("a character that is not allowed stands between its quotes"),
        }
    }
    if is_bare(&plain) {
        return Ok(Cow::Owned(composed(&plain).into_owned()));
    }
    let quoted: String =
        plain.chars().flat_map(|c| matches!(c, '"' | '\\').then_some('\\').into_iter().chain([c])).collect();
    Ok(Cow::Owned(format!("\"{quoted}\"")))
}

fn composed(text: &str) -> Cow<'_, str> {
    use unicode_normalization::UnicodeNormalization;
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// `atext` with the letters of RFC 6531 3.3; nothing that is not seen.
fn is_atom(c: char) -> bool {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => is_atext(byte),
        _ => c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c),
    }
}

/// `atext` of RFC 5322 3.2.3.
fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_of_a_reply_is_shown() {
        let reply =
            "<c.durand@mairie.fr>: Recipient rejected, see http://postgrey.example/help for c.durand@mairie.fr.";
        assert_eq!(
            mask_addresses(reply),
            "<c***@m***.fr>: Recipient rejected, see http://postgrey.example/help for c***@m***.fr."
        );
        assert_eq!(mask_addresses("user unknown: \"a b\"@x"), "user unknown: \"a ***");
    }

    #[test]
    fn what_is_no_mailbox_is_refused_with_the_reason() {
        for (input, why) in [
            ("maire", "no `@`"),
            ("a b@x.fr", "space"),
            ("a\r\nBcc: b@x.fr", "control"),
            (".a@x.fr", "misplaced dot"),
            ("a@localhost", "with a dot"),
            ("a@127.0.0.1", "not a domain"),
            (&format!("{}@x.fr", "a".repeat(65)), "1 to 64"),
            (&format!("{}@x.fr", "é".repeat(33)), "1 to 64"),
            ("\"a\"b\"@x.fr", "quote"),
            ("\"a\\\"@x.fr", "ends with"),
            ("\"a\r\nBcc: b\"@x.fr", "control"),
            ("\"\"@x.fr", "1 to 64"),
            ("a\u{200b}b@x.fr", "not allowed"),
        ] {
            let error = EmailAddress::parse(input).expect_err(input).to_string();
            assert!(error.contains(why), "{error}");
        }
        for (input, form) in [
            ("a@Mairie-Évry.FR", "a@xn--mairie-vry-h7a.fr"),
            (" Élodie@x.fr ", "Élodie@x.fr"),
            ("E\u{301}lodie@x.fr", "Élodie@x.fr"),
            ("\"dsi\"@x.fr", "dsi@x.fr"),
            ("\"le maire\"@x.fr", "\"le maire\"@x.fr"),
            ("\"a\\\"b\"@x.fr", "\"a\\\"b\"@x.fr"),
            ("\"a@b\"@x.fr", "\"a@b\"@x.fr"),
        ] {
            let address = EmailAddress::parse(input).expect(input);
            assert_eq!(address.as_str(), form);
            assert_eq!(EmailAddress::parse(form).expect(form), address, "one form");
        }
    }
}
