//! One message as the bytes that leave (RFC 5322, RFC 2045 to 2047), the same for the same parts.

use hmac::{Hmac, KeyInit, Mac};
use jiff::{
    Timestamp,
    fmt::rfc2822::{self, DateTimePrinter},
    tz::TimeZone,
};
use lettre::message::{
    Body, Message, MultiPart, SinglePart,
    header::{ContentTransferEncoding, ContentType, HeaderValue},
};
use sha2::{Digest, Sha256};

use super::header;
use crate::{
    config::Mailbox,
    model::{AlarmId, BulletinId, EmailAddress, SubscriberId},
};

/// The longest address in a list header: it must stand on one line, and a line has 998 octets at most.
const LONGEST_URL: usize = 900;
/// The longest line of quoted-printable (RFC 2045 6.7).
const QUOTED: usize = 76;

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
    /// None for a message to one person alone, such as the operator.
    pub list: Option<&'a List<'a>>,
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
    #[error("the sender or the reader was refused: {0}\nhint: check `from` in the mail settings")]
    Addresses(String),
}

/// The raw bytes of a message: lines end with CRLF and have at most 998 octets, headers are ASCII in lines of at most
/// 78 columns (longer only for an address that is longer), the body is `multipart/alternative`, text then HTML, both
/// quoted-printable UTF-8. Nothing is random: the boundary comes from the Message-ID.
pub fn build(parts: &Parts) -> Result<Vec<u8>, MessageError> {
    check(parts)?;
    let mut message = Message::builder()
        .raw_header(header::mailbox("From", parts.from.name.as_deref(), &parts.from.address))
        .raw_header(header::mailbox("To", None, parts.to));
    if let Some(address) = parts.reply_to {
        message = message.raw_header(header::mailbox("Reply-To", None, address));
    }
    message = message
        .raw_header(header::text("Subject", parts.subject))
        .raw_header(date_of(parts.date, parts.zone)?)
        .raw_header(header::words("Message-ID", &format!("<{}>", parts.message_id)));
    for header in parts.list.map(list_headers).unwrap_or_default() {
        message = message.raw_header(header);
    }
    if let Some(list) = parts.list {
        message = message.raw_header(feedback_id(parts, list));
    }
    let bodies = MultiPart::alternative()
        .boundary(boundary(parts.message_id))
        .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(body(parts.text)))
        .singlepart(SinglePart::builder().header(ContentType::TEXT_HTML).body(body(parts.html)));
    message = message.raw_header(header::words("Auto-Submitted", "auto-generated"));
    if parts.list.is_some() {
        message = message.raw_header(header::words("Precedence", "bulk"));
    }
    let message = message.multipart(bodies).map_err(|why| MessageError::Addresses(why.to_string()))?;
    Ok(message.formatted())
}

fn list_headers(list: &List) -> Vec<HeaderValue> {
    let mut headers = vec![header::list_id(list.name, list.id)];
    headers.extend(unsubscribe_header(list.unsubscribe));
    if list.unsubscribe.iter().any(|url| url.starts_with("https:")) {
        headers.push(header::words("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
    }
    for (name, url) in [("List-Archive", list.archive), ("List-Help", list.help)] {
        headers.extend(url.map(|url| header::words(name, &format!("<{url}>"))));
    }
    headers
}

pub(super) fn unsubscribe_header(urls: &[String]) -> Option<HeaderValue> {
    let urls: Vec<String> = urls.iter().map(|url| format!("<{url}>")).collect();
    (!urls.is_empty()).then(|| header::words("List-Unsubscribe", &urls.join(", ")))
}

/// What receivers count complaints by, Google's form `campaign:list:kind:sender`: the day, the list, and who sends, of
/// 12 characters. Nothing in it is one reader's.
fn feedback_id(parts: &Parts, list: &List) -> HeaderValue {
    let day = parts.zone.to_datetime(parts.date).date();
    let list = list.id.split('.').next().unwrap_or_default();
    let sender = hex(&Sha256::digest(parts.from.address.domain().as_bytes()));
    header::words("Feedback-ID", &format!("{day}:{list}:bulletin:{}", &sender[..12]))
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

/// The Message-ID of the word that goes to the operator of these alarms, of which `began` began and `ended` ended: the
/// same for the same alarms, so that a second try can be folded into the first.
pub fn alarm_message_id(key: &[u8], began: &[AlarmId], ended: &[AlarmId], domain: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(b"alarms");
    for ids in [began, ended] {
        mac.update(&(ids.len() as u64).to_be_bytes());
        ids.iter().for_each(|id| mac.update(&id.get().to_be_bytes()));
    }
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
    let Some(list) = parts.list else { return Ok(()) };
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if list.id.len() > 255 || !list.id.split('.').all(is_label) {
        return Err(MessageError::ListId(list.id.to_owned()));
    }
    check_urls("List-Unsubscribe", list.unsubscribe.iter().map(String::as_str))?;
    check_urls("List-Archive", list.archive.into_iter())?;
    check_urls("List-Help", list.help.into_iter())
}

pub(super) fn check_urls<'a>(header: &'static str, urls: impl Iterator<Item = &'a str>) -> Result<(), MessageError> {
    for url in urls {
        let absolute = url.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
        let ascii = url.bytes().all(|b| b.is_ascii_graphic() && !b"<>".contains(&b));
        if !absolute || !ascii || url.len() > LONGEST_URL {
            return Err(MessageError::Url { header, value: url.to_owned() });
        }
    }
    Ok(())
}

/// In the zone of the readers, which lettre cannot write. It reads the header back, in GMT, and where it cannot (before
/// 1970) it would put the time of this machine instead.
pub(super) fn date_of(date: Timestamp, zone: &TimeZone) -> Result<HeaderValue, MessageError> {
    let fail = |_| MessageError::Date(date);
    if date < Timestamp::UNIX_EPOCH {
        return Err(MessageError::Date(date));
    }
    let read = DateTimePrinter::new().timestamp_to_rfc9110_string(&date).map_err(fail)?;
    let written = rfc2822::to_string(&date.to_zoned(zone.clone())).map_err(fail)?;
    Ok(header::as_written("Date", written, read))
}

/// Always quoted-printable, where lettre left to itself would take 7bit or base64 for some texts.
fn body(text: &str) -> Body {
    Body::dangerous_pre_encoded(encoded(text), ContentTransferEncoding::QuotedPrintable)
}

/// A text as quoted-printable. Two texts, of which the first ends with its line, are encoded as they are together.
pub(super) fn encoded(text: &str) -> Vec<u8> {
    let encoded = Body::new_with_encoding(body_text(text), ContentTransferEncoding::QuotedPrintable);
    // Only an encoding that cannot hold the text is refused, and this one can hold any.
    shielded(&encoded.unwrap_or_else(Body::new).into_vec())
}

/// A text for a body: lines end with CRLF, and the only other control character is the tab.
fn body_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 32);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\r' | '\n' => {
                if c == '\r' {
                    rest.next_if_eq(&'\n');
                }
                out.push_str("\r\n");
            }
            c if c == '\t' || !c.is_control() => out.push(c),
            _ => {}
        }
    }
    out
}

/// Quoted-printable in which no line begins with a dot or with `From `, which some relays change on the way.
fn shielded(encoded: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(encoded.len() + encoded.len() / 64);
    for line in encoded.split_inclusive(|octet| *octet == b'\n') {
        let mut rest = line;
        while let Some((code, after)) = shield(rest) {
            out.extend_from_slice(code);
            rest = after;
            if after.trim_ascii_end().len() + code.len() <= QUOTED {
                break;
            }
            out.extend_from_slice(b"=\r\n");
        }
        out.extend_from_slice(rest);
    }
    out
}

/// The code of the octet that a line must not begin with, and what follows it.
fn shield(line: &[u8]) -> Option<(&'static [u8], &[u8])> {
    match line {
        [b'.', after @ ..] => Some((b"=2E", after)),
        [b'F', after @ ..] if after.starts_with(b"rom ") => Some((b"=46", after)),
        _ => None,
    }
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
