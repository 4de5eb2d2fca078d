//! Why an address is not written to, and what leads there.

use jiff::Timestamp;
use serde::Serialize;

use super::DeliveryId;

/// What a refusal says against an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// There is no such mailbox (5.1.1, 5.1.10), or it has moved (5.1.6).
    Unknown,
    /// Its domain takes no mail (5.1.2).
    Domain,
    /// The mailbox is disabled (5.2.1).
    Disabled,
    /// The mailbox is full (4.2.2, 5.2.2).
    Full,
    /// Refused for good, and not said why.
    Refused,
}

impl Fault {
    pub const ALL: [Fault; 5] = [Fault::Unknown, Fault::Domain, Fault::Disabled, Fault::Full, Fault::Refused];

    pub const fn as_str(self) -> &'static str {
        match self {
            Fault::Unknown => "unknown",
            Fault::Domain => "domain",
            Fault::Disabled => "disabled",
            Fault::Full => "full",
            Fault::Refused => "refused",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.as_str() == text)
    }
}

/// One message that an address did not take, and whose fault was the address's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strike {
    pub delivery: DeliveryId,
    pub fault: Fault,
    /// When the message was sent.
    pub at: Timestamp,
}

/// Why an address is suppressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "&'static str")]
pub enum Ground {
    /// A person said so.
    Person,
    /// Its reader complained of us as spam.
    Complaint,
    Fault(Fault),
}

impl Ground {
    pub const fn as_str(self) -> &'static str {
        match self {
            Ground::Person => "person",
            Ground::Complaint => "complaint",
            Ground::Fault(fault) => fault.as_str(),
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "person" => Some(Ground::Person),
            "complaint" => Some(Ground::Complaint),
            _ => Fault::parse(text).map(Ground::Fault),
        }
    }
}

impl From<Ground> for &'static str {
    fn from(ground: Ground) -> Self {
        ground.as_str()
    }
}
