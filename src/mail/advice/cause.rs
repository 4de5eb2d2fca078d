//! Why a try ended as it did, by what is known of its operator, then the words, then the codes of the reply.

use serde::Serialize;

use crate::{
    config::{Operator, Refusal},
    model::{DeliveryState, SmtpReply},
};

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    Sent,
    /// Nobody knows whether it arrived (RFC 1047).
    Ambiguous,
    Cancelled,
    Greylist,
    /// A person must confirm that we are one.
    Challenge,
    TooFast,
    Deferred,
    Busy,
    /// The mailbox gets more than it may just now.
    ReaderBusy,
    Full,
    Unknown,
    Disabled,
    NoDomain,
    Unreachable,
    Tls,
    /// SPF, DKIM, DMARC.
    Authentication,
    /// The name of our address.
    Reverse,
    Reputation,
    Spam,
    Virus,
    Blocked,
    Relay,
    /// The relay wants another account.
    Login,
    /// Our address as it stands in the envelope.
    Sender,
    TooBig,
    Malformed,
    Loop,
    Unclear,
}

/// Of whom a cause speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Nobody: it went well, or was not tried.
    Nobody,
    /// One reader, and no other.
    Reader,
    /// What lies between the operator and us: others of its readers are met by it too.
    Operator,
}

impl Cause {
    pub const fn about(self) -> About {
        match self {
            Cause::Sent | Cause::Ambiguous | Cause::Cancelled => About::Nobody,
            Cause::ReaderBusy
            | Cause::Full
            | Cause::Unknown
            | Cause::Disabled
            | Cause::NoDomain
            | Cause::TooBig
            | Cause::Malformed
            | Cause::Loop => About::Reader,
            _ => About::Operator,
        }
    }
}

/// Finds it out.
pub fn cause(reply: &SmtpReply, tried: DeliveryState, operator: &Operator) -> Cause {
    match tried {
        // Claimed: its sender died near the final dot.
        DeliveryState::AtData | DeliveryState::Ambiguous | DeliveryState::Claimed => return Cause::Ambiguous,
        DeliveryState::Cancelled => return Cause::Cancelled,
        DeliveryState::Sent => return Cause::Sent,
        _ => {}
    }
    let text = reply.to_string().to_lowercase();
    if reply.code == 0 {
        return by_words(&text, NETWORK).unwrap_or(Cause::Unreachable);
    }
    if reply.code / 100 == 2 {
        return Cause::Sent;
    }
    let known = operator.says(&text);
    let clear = match known {
        Some(Refusal::Challenge) => Some(Cause::Challenge),
        Some(Refusal::Greylist) => Some(Cause::Greylist),
        Some(Refusal::TooFast) => Some(Cause::TooFast),
        Some(Refusal::Deferred | Refusal::Policy) | None => None,
    };
    let of_operator = || match known {
        Some(Refusal::Policy) => Some(Cause::Blocked),
        Some(Refusal::Deferred) => Some(Cause::Deferred),
        _ => None,
    };
    // « altospam » says nothing of spam.
    let text = text.replace(&operator.id, "");
    let find = |table: &[(Cause, &[&str])]| by_words(&text, table);
    clear
        .or_else(|| find(CLEAR))
        .or_else(of_operator)
        .or_else(|| by_enhanced(reply))
        .or_else(|| find(VAGUE))
        .unwrap_or_else(|| by_code(reply.code))
}

fn by_words(text: &str, table: &[(Cause, &[&str])]) -> Option<Cause> {
    table.iter().find(|(_, words)| words.iter().any(|word| text.contains(word))).map(|(cause, _)| *cause)
}

/// What the network did instead of a reply; the first that fits.
const NETWORK: &[(Cause, &[&str])] = &[
    (Cause::NoDomain, &["there is no `", "takes no mail", "no mx record"]),
    (Cause::Tls, &["tls", "certificate", "handshake", "invalid peer"]),
    (Cause::Login, &["lets nobody log in", "refused the login"]),
    (Cause::Cancelled, &["left before"]),
];

/// Words that leave no doubt; the first that fits.
const CLEAR: &[(Cause, &[&str])] = &[
    (
        Cause::Greylist,
        &["greylist", "graylist", "grey-list", "greylisting", "postgrey", "liste grise", "4.7.1 try again later"],
    ),
    (
        Cause::ReaderBusy,
        &[
            "receiving mail at a rate",
            "receiving mail too quickly",
            "number of messages they can receive",
            "recipient has exceeded message rate limit",
        ],
    ),
    (
        Cause::TooBig,
        &[
            "too large",
            "too big",
            "size exceeds",
            "size limit of",
            "maximum message size",
            "message size limit",
            "taille limite du message",
        ],
    ),
    (
        Cause::Full,
        &[
            "quota",
            "mailbox full",
            "mailbox is full",
            "inbox is out of storage",
            "boite du destinataire pleine",
            "boîte pleine",
            "boite pleine",
            "storage allocation",
            "mailbox size limit exceeded",
            "_417",
        ],
    ),
    (
        Cause::Authentication,
        &[
            "dmarc",
            "spf",
            "dkim",
            "5.7.26",
            "5.7.515",
            "unauthenticated",
            "required authentication level",
            "does not pass authentication",
        ],
    ),
    (
        Cause::Login,
        &[
            "authentication required",
            "authentication requise",
            "authentication credentials invalid",
            "must authenticate",
        ],
    ),
    (
        Cause::Sender,
        &[
            "sender address rejected",
            "emetteur invalide",
            "invalid sender",
            "sender verify failed",
            "sender domain must",
            "mail from not owned",
        ],
    ),
    (
        Cause::NoDomain,
        &[
            "domain does not exist",
            "domain not found",
            "domain name not found",
            "no mx for",
            "host unknown",
            "domain accepts no mail",
            "null mx",
        ],
    ),
    (
        Cause::Reverse,
        &[
            "reverse dns",
            "reverse hostname",
            "cannot find your hostname",
            "ptr record",
            "dns ptr",
            "no ptr",
            "rdns",
            "5.7.25",
            "_107",
            "helo command rejected",
            "_201",
        ],
    ),
    (Cause::Loop, &["mail loop", "routing loop", "loop detected", "hop count", "too many hops"]),
    (
        Cause::Disabled,
        &[
            "mailbox is disabled",
            "is disabled",
            "account disabled",
            "mailbox disabled",
            "inactive",
            "inactivity",
            "deactivated",
            "suspended",
            "account closed",
            "destinataire est bloque",
            "recipient account isblocked",
            "destinataire archivee",
            "archived recipient",
        ],
    ),
    (Cause::Deferred, &["unverified address", "verification in progress"]),
    (
        Cause::Unknown,
        &[
            "user unknown",
            "unknown user",
            "no such user",
            "no such recipient",
            "no such mailbox",
            "no such address",
            "does not exist",
            "doesn't exist",
            "doesn't have a",
            "user not found",
            "recipient not found",
            "recipientnotfound",
            "recipnotfound",
            "mailbox not found",
            "destinataire invalide",
            "utilisateur inconnu",
            "adresse inconnue",
            "invalid recipient",
            "invalid-recipient",
            "invalid mailbox",
            "marked as invalid",
            "unknown recipient",
            "addressee unknown",
            "not a valid email address",
            "no longer valid",
            "no mailbox here",
            "not in recipient list",
            "unrouteable address",
            "undeliverable address",
            "recipient rejected",
            "5.4.1 recipient address rejected: access denied",
            "recipient address rejected: access denied",
            "requested action not taken: mailbox unavailable",
            "_416",
            "lpn416",
        ],
    ),
    (Cause::Virus, &["virus", "malware"]),
    (
        Cause::Reputation,
        &[
            "spamhaus",
            "spamcop",
            "blacklist",
            "black list",
            "black-list",
            "blocklist",
            "block list",
            "dnsbl",
            " rbl",
            "is listed",
            "reputation",
            "banned sending ip",
            "blocked using",
            "bloquee pour incident de spam",
            "spam from this ip",
            "spamming issues",
            "senderbase",
            "talosintelligence",
            "barracudacentral",
            "cloudmark",
            "abusix",
            "ipcheck.proofpoint",
            "lpn007_510",
            "ofr006_103",
        ],
    ),
    (Cause::Tls, &["must issue a starttls", "encryption required", "tls required", "requires tls"]),
    (
        Cause::Spam,
        &[
            "spam",
            "junk",
            "phish",
            "unsolicited",
            "content rejected",
            "mail rejete",
            "message rejected due to content",
            "banned content",
            "rejected under suspicion",
            "message is suspicious",
        ],
    ),
    (
        Cause::TooFast,
        &[
            "too many connections",
            "too many concurrent",
            "too many messages",
            "too many errors",
            "too many sessions",
            "too many emails",
            "trop de connexions",
            "trop de messages",
            "rate limit",
            "ratelimit",
            "throttl",
            "slow down",
            "excessive volume",
            "connection limit",
            "max message per connection",
            "concurrent connections",
            "exceeded the rate",
        ],
    ),
    (
        Cause::Relay,
        &[
            "relay access denied",
            "relaying denied",
            "relaying disallowed",
            "unable to relay",
            "relay not permitted",
            "not permitted to relay",
            "as a relay",
            "open relay",
            "relais interdit",
            "no-domain",
        ],
    ),
    (
        Cause::Malformed,
        &[
            "not rfc compliant",
            "not rfc-compliant",
            "header error",
            "bare lf",
            "bare <lf>",
            "syntax error",
            "header size exceeds",
        ],
    ),
];

/// Words that servers say for many reasons; the first that fits, where the codes say nothing.
const VAGUE: &[(Cause, &[&str])] = &[
    (
        Cause::Blocked,
        &[
            "policy",
            "denied",
            "blocked",
            "rejected",
            "prohibit",
            "not allowed",
            "not accepted",
            "forbidden",
            "banned",
            "restricted",
            "filtered",
        ],
    ),
    (Cause::Deferred, &["try again", "try later", "deferred", "plus tard", "temporar"]),
    (Cause::Unknown, &["mailbox unavailable", "unknown"]),
    (Cause::Busy, &["busy", "overload", "insufficient"]),
];

/// RFC 3463, with what RFC 7372 and operators made of it.
fn by_enhanced(reply: &SmtpReply) -> Option<Cause> {
    let mut parts = reply.enhanced.as_deref()?.split('.').map(|part| part.parse::<u16>().ok());
    let (class, subject, detail) = (parts.next()??, parts.next()??, parts.next()??);
    let lasts = class == 5;
    Some(match (subject, detail) {
        (1, 2) => Cause::NoDomain,
        (1, 7 | 8) => Cause::Sender,
        (1, 0 | 1 | 3 | 6 | 10) if lasts => Cause::Unknown,
        (2, 1) if lasts => Cause::Disabled,
        (2, 2) => Cause::Full,
        (2, 3) | (3, 4) => Cause::TooBig,
        (3, _) => Cause::Busy,
        (4, 6) => Cause::Loop,
        (4, 1..=4 | 7) => Cause::Unreachable,
        (5, 0) => return None,
        (5 | 6, _) => Cause::Malformed,
        (7, 8) => Cause::Login,
        (7, 10 | 11) => Cause::Tls,
        (7, 20..=24 | 26 | 27 | 29..=30) => Cause::Authentication,
        (7, 25) => Cause::Reverse,
        (7, _) if lasts => Cause::Blocked,
        (1 | 2 | 7, _) if !lasts => Cause::Deferred,
        _ => return None,
    })
}

fn by_code(code: u16) -> Cause {
    match code {
        421 | 452 => Cause::Busy,
        450 | 451 => Cause::Deferred,
        454 | 530 | 534 | 535 => Cause::Login,
        500..=504 | 555 => Cause::Malformed,
        551 | 553 => Cause::Unknown,
        552 => Cause::Full,
        556 => Cause::NoDomain,
        400..=499 => Cause::Deferred,
        _ => Cause::Unclear,
    }
}
