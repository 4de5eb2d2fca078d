//! What comes back: delivery reports, complaints, and all that is neither. Octets in, values out; nothing is looked up here, and
//! nothing is believed: a report counts only where what it is about bears a token of ours ([`super::verp`]).

mod arf;
mod automatic;
mod dsn;
mod fields;
mod mime;
mod plain;
mod said;
#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};

use self::fields::{Fields, addresses, message_ids};
use crate::model::SmtpReply;

/// What is looked at of one mail, in octets. A report stands at its beginning; what follows is a copy of what we wrote.
pub const LOOKED_AT: usize = 2 << 20;
/// So many addresses, and so many Message-IDs, are looked at.
const MOST: usize = 40;

/// One mail that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    /// The same for the same mail, wherever and however often it is read: hexadecimal.
    pub digest: String,
    /// Whom it was sent to, as its fields say: one of them may bear a token.
    pub to: Vec<String>,
    /// The message that it is about, if it is a report.
    pub original: Original,
    pub what: What,
}

/// How a report names a message of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Original {
    /// Without brackets.
    pub message_ids: Vec<String>,
    /// Where it wanted failures to be told, and requests to leave to be sent.
    pub addresses: Vec<String>,
}

/// What a mail is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A report on what became of a message, for each reader that it names.
    Status(Vec<Fate>),
    Complaint(Complaint),
    Automatic(Automatic),
    /// Anything else: a person wrote.
    Letter,
    /// It is, or seems to be, a report, and cannot be read: why.
    Unreadable(String),
}

/// What became of a message on its way to one reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    pub action: Action,
    /// What the last server said; code 0 where only the status is known.
    pub reply: SmtpReply,
    /// The server that said so, or the one that reports it; '' where it is not named.
    pub host: String,
    /// Whether that is the server that was written to, and not the one that reports it.
    pub is_remote: bool,
    /// Whom it names, in lower case: behind an alias, another than was written to.
    pub recipients: Vec<String>,
}

/// RFC 3464 2.3.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Failed,
    /// Tried further: no failure.
    Delayed,
    Delivered,
    Relayed,
    Expanded,
}

/// A reader pressed « this is spam » (RFC 5965).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// `abuse`, `fraud`, `opt-out`…
    pub kind: String,
    /// Who passes it on.
    pub host: String,
}

/// Who wrote a mail that no person wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Automatic {
    /// An absence, a challenge, an acknowledgement.
    Answer,
    /// A program of its own accord: a mail service that a reader told to unsubscribe, among others.
    Generated,
}

impl Action {
    pub const ALL: [Action; 5] =
        [Action::Failed, Action::Delayed, Action::Delivered, Action::Relayed, Action::Expanded];

    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Failed => "failed",
            Action::Delayed => "delayed",
            Action::Delivered => "delivered",
            Action::Relayed => "relayed",
            Action::Expanded => "expanded",
        }
    }
}

/// Reads one mail. Whatever it is, there is an answer: nothing here panics, and nothing is unlimited.
pub fn read(mail: &[u8]) -> Returned {
    let mail = &mail[..mail.len().min(LOOKED_AT)];
    // A mail from an mbox, or from a pipe, begins with the line of its envelope.
    let mail = match mail.strip_prefix(b"From ") {
        Some(rest) => rest.iter().position(|octet| *octet == b'\n').map_or(mail, |end| &rest[end + 1..]),
        None => mail,
    };
    let (fields, end) = Fields::read(mail);
    let body = &mail[end..];
    // The decoders are not ours.
    let looked = std::panic::catch_unwind(|| {
        let mut original = Original::default();
        (what(&fields, body, &mut original), original)
    });
    let (what, mut original) =
        looked.unwrap_or_else(|_| (What::Unreadable(String::from("its parts break the decoder")), Original::default()));
    for list in [&mut original.message_ids, &mut original.addresses] {
        list.truncate(MOST);
    }
    Returned { digest: digest(&fields, body), to: recipients(&fields), original, what }
}

fn what(fields: &Fields, body: &[u8], original: &mut Original) -> What {
    if fields.is_empty() {
        return What::Unreadable(String::from("it is no mail"));
    }
    let parts = match mime::parts(fields, body) {
        Ok(parts) => parts,
        Err(why) => return What::Unreadable(why.to_owned()),
    };
    let part = |kinds: &[&str]| parts.iter().find(|part| kinds.contains(&part.kind.as_str()));
    let copies =
        ["message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers"];
    for copy in parts.iter().filter(|part| copies.contains(&part.kind.as_str())) {
        original.take(&Fields::read(&copy.body).0);
    }
    if let Some(report) = part(&["message/feedback-report"]) {
        return arf::read(&report.body, original).map_or_else(
            || What::Unreadable(String::from("it is a complaint that does not say of which kind")),
            What::Complaint,
        );
    }
    if let Some(report) = part(&["message/delivery-status", "message/global-delivery-status"]) {
        let fates = dsn::read(&report.body);
        if !fates.is_empty() {
            original.answered(fields);
            return What::Status(fates);
        }
    }
    let is_report =
        fields.get("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("delivery-status"));
    if is_daemon(fields) || is_report {
        let texts = parts.iter().filter(|part| part.kind.starts_with("text/") && !copies.contains(&part.kind.as_str()));
        if let Some((fate, copy)) = texts.take(4).find_map(|part| plain::read(&part.text())) {
            original.take(&copy);
            original.answered(fields);
            return What::Status(vec![fate]);
        }
    }
    match automatic::read(fields) {
        Some(Automatic::Answer) if !is_report => What::Automatic(Automatic::Answer),
        _ if is_report => What::Unreadable(String::from("it is a delivery report that says nothing of any message")),
        // A postmaster may write as a person.
        _ if is_daemon(fields) && fields.get("return-path").is_none_or(|path| path.trim() == "<>") => {
            What::Unreadable(String::from("it is a notice of a mail server, in no form that is known"))
        }
        Some(automatic) => What::Automatic(automatic),
        None => What::Letter,
    }
}

impl Original {
    /// What the fields of the message itself say.
    fn take(&mut self, fields: &Fields) {
        let ids = ["message-id", "x-microsoft-original-message-id", "x-original-message-id"];
        self.message_ids.extend(ids.iter().flat_map(|name| fields.all(name)).flat_map(message_ids));
        for name in ["return-path", "list-unsubscribe", "errors-to"] {
            self.addresses.extend(fields.all(name).flat_map(addresses));
        }
    }

    /// What a notice says that it answers.
    fn answered(&mut self, fields: &Fields) {
        let answered = ["in-reply-to", "references"];
        self.message_ids.extend(answered.iter().flat_map(|name| fields.all(name)).flat_map(message_ids));
    }
}

/// The envelope's recipient as servers keep it, then those that are written on the letter.
fn recipients(fields: &Fields) -> Vec<String> {
    const NAMES: [&str; 8] = [
        "delivered-to",
        "x-original-to",
        "envelope-to",
        "x-envelope-to",
        "x-delivered-to",
        "x-forwarded-to",
        "to",
        "cc",
    ];
    let mut found: Vec<String> = NAMES.iter().flat_map(|name| fields.all(name)).flat_map(addresses).collect();
    // « by mx.example.fr for <bounces+…@…>; »
    let received = fields.all("received").filter_map(|value| value.split(" for ").nth(1));
    found.extend(received.flat_map(|value| addresses(value).take(1)));
    found.truncate(MOST);
    found
}

/// Whether a mail server speaks, and not a person.
fn is_daemon(fields: &Fields) -> bool {
    let from = fields.words("from").to_lowercase();
    let names =
        ["mailer-daemon", "postmaster", "mail delivery", "microsoft exchange", "microsoft outlook", "mail-daemon"];
    names.iter().any(|name| from.contains(name)) || fields.get("x-failed-recipients").is_some()
}

/// Of what every server leaves as it is: who says what, when. Lines may end in two ways, and trace fields differ.
fn digest(fields: &Fields, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    for name in ["message-id", "date", "from", "subject"] {
        hash.update(fields.get(name).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "));
        hash.update(b"\n");
    }
    for line in body.trim_ascii_end().split(|octet| *octet == b'\n') {
        hash.update(line.trim_ascii_end());
        hash.update(b"\n");
    }
    hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
}
