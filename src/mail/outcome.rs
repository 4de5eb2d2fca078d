//! One message's envelope, and what can become of it.

use std::path::PathBuf;

use super::reply::{ReplyClass, classify};
use crate::model::{EmailAddress, SmtpReply};

/// Who is told of a failure, and who gets the message: one reader, because each message holds personal links.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    pub from: &'a EmailAddress,
    pub to: &'a EmailAddress,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Sent(SmtpReply),
    /// Refused for now.
    Retry(SmtpReply),
    /// Refused for good; [`classify`] says whose fault it is.
    Failed(SmtpReply),
    /// The conversation broke off. The code is 0, the text says how.
    Lost(SmtpReply, Dot),
}

/// Whether the message had been handed over whole when the conversation broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dot {
    /// It certainly was not: it can be sent again.
    Before,
    /// It was, and nobody can know whether the server took it (RFC 1047): to send it again may make a double.
    After,
}

/// Why no conversation could be opened. No message is at fault.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("there is no relay to send by\nhint: set `host` of the mail settings")]
    NoRelay,
    #[error(
        "`{server}` cannot be reached: {why}\nhint: check `host` and `port` of the mail settings, and that the server runs"
    )]
    Network { server: String, why: String },
    #[error(
        "no encrypted connection to `{server}`: {why}\nhint: port 465 wants `tls`, port 587 `starttls`; the certificate must bear the name in `host` and be trusted by this machine"
    )]
    Tls { server: String, why: String },
    #[error(
        "`{server}` does not offer STARTTLS\nhint: port 465 wants `tls`; `none` is for a relay on this machine only"
    )]
    NoStartTls { server: String },
    #[error(
        "`{server}` lets nobody log in by PLAIN or LOGIN\nhint: remove the user and the password from the mail settings, or use the port for submission (465 or 587)"
    )]
    NoLogin { server: String },
    #[error("`{server}` refused the login: {} {}\nhint: check the user and the password of the mail settings", reply.code, reply.text)]
    Login { server: String, reply: SmtpReply },
    #[error("`{server}` refused at {phase}: {} {}\nhint: a code that begins with 4 passes; otherwise ask who keeps the server", reply.code, reply.text)]
    Refused { server: String, phase: &'static str, reply: SmtpReply },
    #[error("`{folder}` cannot be written: {why}\nhint: check who owns the folder and that the disk is not full")]
    Folder { folder: PathBuf, why: std::io::Error },
}

pub(super) fn outcome_of(reply: SmtpReply) -> Outcome {
    match classify(&reply) {
        ReplyClass::Sent => Outcome::Sent(reply),
        ReplyClass::Retry => Outcome::Retry(reply),
        ReplyClass::Failed(_) => Outcome::Failed(reply),
    }
}
