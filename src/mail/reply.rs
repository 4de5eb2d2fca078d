//! What a server's reply means for a message, and when to try again. Pure.

use std::time::Duration;

use crate::model::SmtpReply;

/// What becomes of a message after a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyClass {
    /// The server has taken responsibility for it (RFC 5321 4.2.5).
    Sent,
    /// Refused for now, or no reply.
    Retry,
    /// Refused for good.
    Failed(Blame),
}

/// Whom a final refusal speaks of. The exact code says how fast an address is given up; only
/// [`Blame::Person`] and, after several bulletins in a row, [`Blame::Unclear`] may lead there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The address: unknown, moved, disabled (`5.2.1`) or full (`5.2.2`).
    Person,
    /// Our reputation or authentication, or the receiver's policy: never a reason to give up an address.
    Policy,
    /// Our message or our settings: too big, malformed, bad sender.
    Ours,
    /// The reply does not say.
    Unclear,
}

/// Reads a reply by its enhanced code (RFC 3463), then its words, then its basic code. Where the basic and the
/// enhanced code disagree on whether the refusal lasts, it is taken as passing: one more try costs nothing.
pub fn classify(reply: &SmtpReply) -> ReplyClass {
    let enhanced = reply.enhanced.as_deref().and_then(parse_enhanced);
    match (reply.code / 100, enhanced) {
        (2, _) => ReplyClass::Sent,
        (5, Some((4, _, _))) => ReplyClass::Retry,
        (5, Some((_, subject, detail))) => ReplyClass::Failed(blame(subject, detail, &reply.text)),
        (5, None) => ReplyClass::Failed(blame_by_words(&reply.text)),
        _ => ReplyClass::Retry,
    }
}

/// Whether a refusal says that it is about the one who is written to, and not about us, our message or our reputation.
pub fn blames_reader(reply: &SmtpReply) -> bool {
    matches!(classify(reply), ReplyClass::Failed(Blame::Person))
}

/// Whether a refusal says that there is too much at once, of whatever kind: the connection is being closed for it (421), or
/// its words say so. A grey list only wants to see the message twice.
pub fn is_too_much(reply: &SmtpReply) -> bool {
    const WORDS: &[&str] = &[
        "too many",
        "too fast",
        "too much",
        "temporarily deferred",
        "rate limit",
        "rate exceeded",
        "ratelimit",
        "throttl",
        "slow down",
        "connection limit",
        "trop de ",
        "unusual rate",
    ];
    let text = reply.text.to_lowercase();
    let is_grey = ["greylist", "graylist", "grey-list", "postgrey"].iter().any(|word| text.contains(word));
    let says = WORDS.iter().any(|word| text.contains(word));
    reply.code / 100 == 4 && !is_grey && (reply.code == 421 || says)
}

/// How long to wait after this many tries (at least 1): 5, 15 and 30 minutes for greylisting, 1, 2 and 4 hours, then 6
/// hours each, ±20 % by the seed so that a refused batch does not come back as one. `None` past 48 hours in total: the
/// bulletin is too old to be worth more tries.
pub fn retry_delay(attempts: u32, seed: u64) -> Option<Duration> {
    const STEPS: [u64; 6] = [5, 15, 30, 60, 120, 240];
    const THEN: u64 = 360;
    const MOST: u64 = 48 * 60;

    let step = |n: u32| STEPS.get(n as usize).copied().unwrap_or(THEN);
    let last = attempts.max(1) - 1;
    // Past the table the sum only grows: no need to count further than the limit.
    let total: u64 = (0..=last.min(60)).map(step).sum();
    if total > MOST {
        return None;
    }
    let spread = mix(seed ^ u64::from(attempts)) % 401;
    Some(Duration::from_millis(step(last) * 60 * (800 + spread)))
}

/// Whether a word has the form of an enhanced code: `5.1.1`.
pub(super) fn is_enhanced(word: &str) -> bool {
    parse_enhanced(word).is_some()
}

fn parse_enhanced(code: &str) -> Option<(u16, u16, u16)> {
    let mut numbers = code.split('.').map(|n| {
        let digits = (1..=3).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit());
        if digits { n.parse::<u16>().ok() } else { None }
    });
    let (class, subject, detail) = (numbers.next()??, numbers.next()??, numbers.next()??);
    (numbers.next().is_none() && matches!(class, 2 | 4 | 5)).then_some((class, subject, detail))
}

fn blame(subject: u16, detail: u16, text: &str) -> Blame {
    match (subject, detail) {
        (1, 1..=6 | 9 | 10) => Blame::Person,
        (1, 7 | 8) => Blame::Ours,
        (2, 3) | (3, 4) => Blame::Ours,
        (2, 0..=2) => Blame::Person,
        (7, _) => Blame::Policy,
        (5 | 6, _) => Blame::Ours,
        (0, _) => blame_by_words(text),
        _ => Blame::Unclear,
    }
}

/// Policy comes first: « 550 mailbox unavailable, blocked by … » says nothing of the person.
fn blame_by_words(text: &str) -> Blame {
    const POLICY: &[&str] = &[
        "spam",
        "block",
        "blacklist",
        "reputation",
        "policy",
        "spf",
        "dkim",
        "dmarc",
        "authenticat",
        "banned",
        "listed",
        "denied",
        "not allowed",
        "not permitted",
        "relay",
    ];
    const OURS: &[&str] = &["too large", "too big", "message size", "size limit", "syntax", "sender address"];
    const PERSON: &[&str] = &[
        "user unknown",
        "unknown user",
        "unknown recipient",
        "no such",
        "does not exist",
        "doesn't exist",
        "not found",
        "mailbox unavailable",
        "invalid recipient",
        "recipient rejected",
        "disabled",
        "inactive",
        "quota",
        "full",
    ];
    let text = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match () {
        () if says(POLICY) => Blame::Policy,
        () if says(OURS) => Blame::Ours,
        () if says(PERSON) => Blame::Person,
        () => Blame::Unclear,
    }
}

/// The finaliser of SplitMix64: near seeds give far results.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests;
