//! One message as the bytes that leave (RFC 5322, RFC 2045 to 2047), the same for the same parts.

use hmac::{Hmac, KeyInit, Mac};
use jiff::{Timestamp, tz::TimeZone};
use sha2::{Digest, Sha256};

use super::encode::{field, phrase, quoted_printable, unstructured};
use crate::{
    config::Mailbox,
    model::{BulletinId, EmailAddress, SubscriberId},
};

/// The longest address in a list header: it must stand on one line, and a line has 998 octets at most.
const LONGEST_URL: usize = 900;

/// What a message is made of. Texts may hold anything: what a header or a body cannot carry is left out.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    pub from: &'a Mailbox,
    pub to: &'a EmailAddress,
    pub reply_to: Option<&'a EmailAddress>,
    pub subject: &'a str,
    pub text: &'a str,
    pub html: &'a str,
    pub date: Timestamp,
    /// The zone in which the date is written.
    pub zone: &'a TimeZone,
    /// `local@domain`, without angle brackets: see [`message_id`].
    pub message_id: &'a str,
    pub list: &'a List<'a>,
}

/// What mail programs are told of the list that a message belongs to (RFC 2369, RFC 2919, RFC 8058).
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    /// A name in a domain of ours: `quotidien.veille.example.fr`. Readers sort their mail by it, so it must not change.
    pub id: &'a str,
    /// As readers see it.
    pub name: &'a str,
    /// `https:` and `mailto:` addresses, in order of preference; a POST to an https one must unsubscribe.
    pub unsubscribe: &'a [String],
    pub archive: Option<&'a str>,
    pub help: Option<&'a str>,
}

/// Why no message could be made of its parts: all are faults of ours or of the settings, none of the content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    #[error(
        "`{0}` is not a message-id\nhint: it is made of two parts in ascii with an `@` between them, at most 200 characters"
    )]
    MessageId(String),
    #[error("`{0}` is not the name of a list\nhint: it is a domain name, such as `quotidien.veille.example.fr`")]
    ListId(String),
    #[error(
        "`{value}` cannot stand in `{header}`\nhint: it must be an absolute address in ascii, without spaces, of at most {LONGEST_URL} characters"
    )]
    Url { header: &'static str, value: String },
    #[error("the year of `{0}` cannot be written in a message\nhint: look at the clock of this machine")]
    Date(Timestamp),
}

/// The raw bytes of a message: lines end with CRLF and have at most 998 octets, headers are ASCII in lines of at most
/// 78 columns (longer only for an address that is longer), the body is `multipart/alternative`, text then HTML, both
/// quoted-printable UTF-8. Nothing is random: the boundary comes from the Message-ID.
pub fn build(parts: &Parts) -> Result<Vec<u8>, MessageError> {
    check(parts)?;
    let list = parts.list;
    let date = jiff::fmt::rfc2822::to_string(&parts.date.to_zoned(parts.zone.clone()))
        .map_err(|_| MessageError::Date(parts.date))?;
    let boundary = boundary(parts.message_id);

    let mut out = String::with_capacity(1024 + parts.text.len() * 5 / 4 + parts.html.len() * 5 / 4);
    field(&mut out, "From", &mailbox(parts.from));
    field(&mut out, "To", &[parts.to.to_string()]);
    if let Some(address) = parts.reply_to {
        field(&mut out, "Reply-To", &[address.to_string()]);
    }
    field(&mut out, "Subject", &unstructured("Subject", parts.subject));
    field(&mut out, "Date", &[date]);
    field(&mut out, "Message-ID", &[format!("<{}>", parts.message_id)]);
    field(&mut out, "MIME-Version", &["1.0".into()]);
    field(&mut out, "Content-Type", &["multipart/alternative;".into(), format!("boundary=\"{boundary}\"")]);
    let mut id = phrase("List-Id", list.name);
    id.push(format!("<{}>", list.id));
    field(&mut out, "List-Id", &id);
    if let Some((last, others)) = list.unsubscribe.split_last() {
        let mut tokens: Vec<String> = others.iter().map(|url| format!("<{url}>,")).collect();
        tokens.push(format!("<{last}>"));
        field(&mut out, "List-Unsubscribe", &tokens);
    }
    if list.unsubscribe.iter().any(|url| url.starts_with("https:")) {
        field(&mut out, "List-Unsubscribe-Post", &["List-Unsubscribe=One-Click".into()]);
    }
    for (header, url) in [("List-Archive", list.archive), ("List-Help", list.help)] {
        if let Some(url) = url {
            field(&mut out, header, &[format!("<{url}>")]);
        }
    }
    field(&mut out, "Auto-Submitted", &["auto-generated".into()]);
    field(&mut out, "Precedence", &["bulk".into()]);

    for (subtype, body) in [("plain", parts.text), ("html", parts.html)] {
        out.push_str(&format!(
            "\r\n--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        ));
        quoted_printable(&mut out, body);
    }
    out.push_str(&format!("\r\n--{boundary}--\r\n"));
    Ok(out.into_bytes())
}

/// The Message-ID of one bulletin to one subscriber, `<32 hexadecimal digits>@domain` without brackets. It is an
/// HMAC-SHA256 of the two numbers, so that every try bears the same one (what a receiver needs to fold a double,
/// RFC 7352) and nobody can guess another reader's.
pub fn message_id(key: &[u8], bulletin: BulletinId, subscriber: SubscriberId, domain: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(b"message-id");
    mac.update(&bulletin.get().to_be_bytes());
    mac.update(&subscriber.get().to_be_bytes());
    format!("{}@{domain}", hex(&mac.finalize().into_bytes()))
}

fn check(parts: &Parts) -> Result<(), MessageError> {
    let is_id = |text: &str| {
        text.len() <= 200
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.@".contains(&b))
            && text
                .split_once('@')
                .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
    };
    if !is_id(parts.message_id) {
        return Err(MessageError::MessageId(parts.message_id.to_owned()));
    }
    let list = parts.list;
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if list.id.len() > 255 || !list.id.split('.').all(is_label) {
        return Err(MessageError::ListId(list.id.to_owned()));
    }
    let urls = (list.unsubscribe.iter().map(|url| ("List-Unsubscribe", url.as_str())))
        .chain(list.archive.map(|url| ("List-Archive", url)))
        .chain(list.help.map(|url| ("List-Help", url)));
    for (header, url) in urls {
        let absolute = url.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
        let ascii = url.bytes().all(|b| b.is_ascii_graphic() && !b"<>".contains(&b));
        if !absolute || !ascii || url.len() > LONGEST_URL {
            return Err(MessageError::Url { header, value: url.to_owned() });
        }
    }
    Ok(())
}

fn mailbox(mailbox: &Mailbox) -> Vec<String> {
    let mut tokens = phrase("From", mailbox.name.as_deref().unwrap_or_default());
    tokens.push(if tokens.is_empty() { mailbox.address.to_string() } else { format!("<{}>", mailbox.address) });
    tokens
}

/// `=_` cannot occur in quoted-printable, so that no body can hold the boundary (RFC 2045 6.7).
fn boundary(message_id: &str) -> String {
    format!("=_{}", hex(&Sha256::digest(message_id.as_bytes())))
}

/// The first 16 octets in hexadecimal.
fn hex(octets: &[u8]) -> String {
    octets.iter().take(16).map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests;
