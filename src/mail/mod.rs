//! Mail out: one message as bytes ([`build`]), and its way to a relay ([`Mailer`]).
//!
//! Both are our own, on purpose. lettre 0.11.23 was tried first: its builder lets a subject that looks like an encoded
//! word through as it is, writes header lines of any length, and panics on a control character in a name; its
//! connection cannot start TLS on a socket that we opened (which is needed to switch off Nagle's delay, 40 ms a
//! message), waits without end for a reply, and does not tell whether the final dot went out.

mod encode;
mod message;
mod reply;
mod smtp;
mod tls;
mod transport;
mod wire;

pub use message::{List, MessageError, Parts, build, message_id};
pub use reply::{Blame, ReplyClass, classify, retry_delay};
pub use transport::{Dot, Envelope, Mailer, Outcome, SendError, Sent, Session, Submission};
