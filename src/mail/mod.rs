//! Mail out: one message as bytes ([`build`]), and its way to a relay ([`Mailer`]). Mail back: what it says ([`bounce`]), of
//! which delivery ([`verp`]), what that is held against ([`blames`]), and a mailbox that holds some ([`Imap`]).
//!
//! lettre makes the message (MIME, encoded words, quoted-printable). It does not carry it: its connection (0.11.23)
//! waits for the reply to each command before the next, without end, and reports a break before and after the final
//! dot alike. Ours pipelines (RFC 2920), has a limit on each wait, and knows what may have arrived.

mod advice;
pub mod bounce;
mod der;
pub mod dkim;
mod header;
mod imap;
mod message;
mod outcome;
mod probe;
mod reply;
mod smtp;
pub mod spf;
mod stencil;
mod strike;
pub mod tags;
mod tls;
mod transport;
pub mod verp;
mod wire;

pub use advice::{About, Advice, Cause, advise, cause};
pub use imap::{Imap, ImapError};
pub use message::{List, MessageError, Parts, alarm_message_id, build, message_id};
pub use outcome::{Dot, Envelope, Outcome, SendError};
pub use probe::{Certificate, certificate};
pub use reply::{Blame, ReplyClass, blames_reader, classify, is_too_much, retry_delay};
pub use stencil::{Own, Stencil};
pub use strike::{Blames, Named, blames, ground, reported};
pub use transport::{Mailer, Sent, Session, Submission};
