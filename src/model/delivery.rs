//! One bulletin, or one letter, to one reader.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::{BulletinId, DeliveryId, EmailAddress, SubscriberId};

/// A message to send, with what is needed to send it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    pub id: DeliveryId,
    #[serde(flatten)]
    pub matter: Matter,
    /// Nobody's, where the address is no subscriber's (yet).
    pub subscriber: Option<SubscriberId>,
    pub address: EmailAddress,
    /// The same at every try, without angle brackets.
    pub message_id: String,
    pub state: DeliveryState,
    /// How many tries have ended.
    pub attempts: u32,
    /// When the next try is due, unless it has ended.
    pub due: Timestamp,
    /// After that, nobody wants it any more: it is given up.
    pub expires: Timestamp,
    pub doubt: Doubt,
}

/// What is delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Matter {
    Bulletin(BulletinId),
    Letter {
        kind: Letter,
        /// JSON: what it says besides.
        #[serde(skip)]
        particulars: String,
    },
}

/// A message about the subscription itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Letter {
    /// Asks whether an address was given by the one who reads there.
    Confirmation,
    Welcome,
    Goodbye,
    /// Asks a reader of long standing whether the bulletin is still wanted.
    Renewal,
    /// The link to one's choices, for who asked for it.
    Access,
    /// What became of the last messages, for who asked why none came.
    Trace,
    /// To who runs the site: what somebody asks there.
    Question,
}

impl Letter {
    pub const ALL: [Letter; 7] = [
        Letter::Confirmation,
        Letter::Welcome,
        Letter::Goodbye,
        Letter::Renewal,
        Letter::Access,
        Letter::Trace,
        Letter::Question,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Letter::Confirmation => "confirmation",
            Letter::Welcome => "welcome",
            Letter::Goodbye => "goodbye",
            Letter::Renewal => "renewal",
            Letter::Access => "access",
            Letter::Trace => "trace",
            Letter::Question => "question",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|letter| letter.as_str() == text)
    }

    /// Somebody waits for it, but for what many are asked at once.
    pub const fn urgency(self) -> Urgency {
        match self {
            Letter::Confirmation
            | Letter::Welcome
            | Letter::Goodbye
            | Letter::Access
            | Letter::Trace
            | Letter::Question => Urgency::Urgent,
            Letter::Renewal => Urgency::Ordinary,
        }
    }
}

/// Whether a message goes before others. In the order in which they go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    Urgent,
    Ordinary,
}

impl Urgency {
    pub const ALL: [Urgency; 2] = [Urgency::Urgent, Urgency::Ordinary];
}

/// Whether an earlier try broke off behind the final dot, so that nobody knows what became of it (RFC 1047).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    None,
    MayHaveArrived,
}

/// Where a delivery stands.
///
/// ```text
/// queued ─ claimed ─┬─ sent
///   ▲         │     ├─ deferred ─ claimed …
///   └ (crash) ┘     ├─ failed
///                   └─ ambiguous
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Queued,
    /// A sender works on it, until its lease ends. If it dies, the message is sent again under the same Message-ID: a
    /// double, if its final dot had gone out.
    Claimed,
    /// The final dot went out and no reply came: what a try came to, not yet where a delivery stands.
    AtData,
    Sent,
    /// Refused for now; due again later.
    Deferred,
    /// Refused for good.
    Failed,
    /// The server took the message twice without saying so (RFC 1047): a third copy would help nobody.
    Ambiguous,
    /// The subscriber left before it was sent.
    Cancelled,
}

impl DeliveryState {
    pub const ALL: [DeliveryState; 8] = [
        DeliveryState::Queued,
        DeliveryState::Claimed,
        DeliveryState::AtData,
        DeliveryState::Sent,
        DeliveryState::Deferred,
        DeliveryState::Failed,
        DeliveryState::Ambiguous,
        DeliveryState::Cancelled,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Queued => "queued",
            DeliveryState::Claimed => "claimed",
            DeliveryState::AtData => "at_data",
            DeliveryState::Sent => "sent",
            DeliveryState::Deferred => "deferred",
            DeliveryState::Failed => "failed",
            DeliveryState::Ambiguous => "ambiguous",
            DeliveryState::Cancelled => "cancelled",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// What the other side said (RFC 5321 4.2, RFC 3463), or what the network did instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SmtpReply {
    /// Basic code such as 250; 0 when no reply came.
    pub code: u16,
    /// Enhanced status code such as `5.1.1`.
    pub enhanced: Option<String>,
    /// The text of the reply, lines joined by a space; or the network's error.
    pub text: String,
}

impl SmtpReply {
    /// Reads what [`SmtpReply`] writes.
    pub fn read(text: &str) -> Self {
        let (code, rest) = match text.split_once(' ') {
            Some((code, rest)) if code.len() == 3 => (code.parse().unwrap_or(0), rest),
            _ => (0, text),
        };
        let rest = if code == 0 { text } else { rest };
        let is_enhanced = |word: &str| {
            word.split('.').count() == 3
                && word.split('.').all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        };
        match rest.split_once(' ') {
            Some((word, tail)) if code > 0 && is_enhanced(word) => {
                Self { code, enhanced: Some(word.to_owned()), text: tail.to_owned() }
            }
            _ => Self { code, enhanced: None, text: rest.to_owned() },
        }
    }
}

impl fmt::Display for SmtpReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code > 0 {
            write!(f, "{} ", self.code)?;
        }
        if let Some(enhanced) = &self.enhanced {
            write!(f, "{enhanced} ")?;
        }
        f.write_str(&self.text)
    }
}
