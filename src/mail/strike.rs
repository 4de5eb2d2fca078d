//! When an address is given up: what one refusal says against it, and how much of that is enough. The same for a refusal at the
//! door and for a report that comes later. Pure.

use jiff::SignedDuration;

use super::reply::{Blame, ReplyClass, classify};
use crate::model::{Fault, SmtpReply, Strike};

/// Whom a refusal speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blames {
    /// Nobody: it passes, or it is no refusal.
    Nobody,
    /// The one who is written to.
    Reader(Fault),
    /// Our reputation or authentication, or the receiver's policy: never the reader.
    Policy,
    /// Our message or our settings.
    Ours,
}

/// Whom the server that refuses names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// Who was written to, or nobody.
    Reader,
    /// Somebody else: one of those behind an alias, where others may have got the message.
    Another,
}

/// Words by which a policy refuses under the code of an unknown mailbox.
const LISTS: &[&str] = &["spamhaus", "blacklist", "blocklist", "blocked using", "reputation", "spamcop", "rbl."];
/// Words for a mailbox that is not there, where the code does not say it.
const UNKNOWN: &[&str] = &[
    "user unknown",
    "unknown user",
    "unknown recipient",
    "recipient unknown",
    "no such user",
    "no such recipient",
    "no such mailbox",
    "no such address",
    "no mailbox here by that name",
    "mailbox not found",
    "mailbox does not exist",
    "address does not exist",
    "user does not exist",
    "account does not exist",
    "account that you tried to reach does not exist",
    "recipient not found",
    "recipnotfound",
    "recipientnotfound",
    "utilisateur inconnu",
    "destinataire inconnu",
    "adresse inconnue",
    "adresse d'au moins un destinataire invalide",
];
const DISABLED: &[&str] = &["disabled", "inactive", "désactivé", "suspended"];
const FULL: &[&str] = &["quota", "mailbox full", "mailbox is full", "over its limit", "boîte pleine", "boite pleine"];
const NO_DOMAIN: &[&str] = &["host or domain name not found", "host not found", "domain not found", "no such domain"];

/// What a reply, at the door or in a report, says of whom.
pub fn blames(reply: &SmtpReply, named: Named) -> Blames {
    match fault_of(reply) {
        // One colleague who left does not close an alias at once.
        Blames::Reader(Fault::Unknown | Fault::Disabled | Fault::Domain) if named == Named::Another => {
            Blames::Reader(Fault::Refused)
        }
        // Nor does one full mailbox behind it.
        Blames::Reader(Fault::Full) if named == Named::Another => Blames::Nobody,
        said => said,
    }
}

/// A reply as a report tells it: one that names no code of the conversation was a refusal all the same.
pub fn reported(reply: &SmtpReply) -> SmtpReply {
    let passes = reply.enhanced.as_deref().is_some_and(|code| code.starts_with('4'));
    let code = match reply.code {
        0 if passes => 450,
        0 => 550,
        code => code,
    };
    SmtpReply { code, ..reply.clone() }
}

fn fault_of(reply: &SmtpReply) -> Blames {
    let text = reply.text.to_lowercase().replace('’', "'");
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let code = reply.enhanced.as_deref().unwrap_or_default();
    match code {
        "5.1.1" | "5.1.10" | "5.1.6" | "5.1.2" | "5.2.1" if says(LISTS) => return Blames::Policy,
        "5.1.1" | "5.1.10" | "5.1.6" => return Blames::Reader(Fault::Unknown),
        "5.1.2" => return Blames::Reader(Fault::Domain),
        "5.4.4" if says(NO_DOMAIN) => return Blames::Reader(Fault::Domain),
        "5.2.1" => return Blames::Reader(Fault::Disabled),
        "4.2.2" | "5.2.2" => return Blames::Reader(Fault::Full),
        _ => {}
    }
    match classify(reply) {
        ReplyClass::Sent => Blames::Nobody,
        ReplyClass::Retry if ["", "4.0.0", "4.4.7"].contains(&code) && reply.code > 0 && says(FULL) => {
            Blames::Reader(Fault::Full)
        }
        ReplyClass::Retry => Blames::Nobody,
        ReplyClass::Failed(Blame::Policy) => Blames::Policy,
        ReplyClass::Failed(Blame::Ours) => Blames::Ours,
        // The code says no more than that it failed: the words do.
        ReplyClass::Failed(_) if code.is_empty() || code == "5.0.0" || code == "5.5.0" || code == "5.1.0" => {
            Blames::Reader(match () {
                () if says(UNKNOWN) => Fault::Unknown,
                () if says(FULL) => Fault::Full,
                () if says(DISABLED) => Fault::Disabled,
                () => Fault::Refused,
            })
        }
        ReplyClass::Failed(_) => Blames::Reader(Fault::Refused),
    }
}

/// Whether what is held against an address since it last took a message is enough to give it up, and what of it.
pub fn ground(strikes: &[Strike]) -> Option<Fault> {
    let day = |days: i64| SignedDuration::from_hours(24 * days);
    let rules = [
        (Fault::Unknown, 1, None),
        (Fault::Domain, 2, None),
        (Fault::Disabled, 2, Some(day(14))),
        (Fault::Full, 5, Some(day(30))),
        (Fault::Refused, 3, None),
    ];
    let last = strikes.iter().map(|strike| strike.at).max()?;
    rules.into_iter().find_map(|(fault, most, within)| {
        let counts = |strike: &&Strike| {
            strike.fault == fault && within.is_none_or(|within| last.duration_since(strike.at) <= within)
        };
        (strikes.iter().filter(counts).count() >= most).then_some(fault)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::DeliveryId;

    fn reply(text: &str) -> SmtpReply {
        let mut words = text.splitn(3, ' ');
        let code = words.next().and_then(|code| code.parse().ok()).expect("a code");
        let second = words.next().unwrap_or_default();
        let enhanced = Some(second.to_owned()).filter(|word| word.split('.').count() == 3);
        let text = if enhanced.is_some() { words.next().unwrap_or_default() } else { text };
        SmtpReply { code, enhanced, text: text.to_owned() }
    }

    #[test]
    fn a_refusal_speaks_of_the_reader_of_a_policy_or_of_us() {
        use Blames::{Nobody, Ours, Policy, Reader};
        for (said, wanted) in [
            ("250 2.0.0 queued", Nobody),
            ("0 connection reset", Nobody),
            ("451 4.3.0 try again", Nobody),
            ("450 4.1.1 greylisted", Nobody),
            ("421 4.7.0 Trop de connexions", Nobody),
            ("550 4.7.1 try again", Nobody),
            ("550 5.1.1 User unknown", Reader(Fault::Unknown)),
            ("550 5.1.10 RESOLVER.ADR.RecipientNotFound", Reader(Fault::Unknown)),
            ("550 5.1.6 moved", Reader(Fault::Unknown)),
            ("550 5.1.1 listed at zen.spamhaus.org", Policy),
            ("550 5.1.2 bad destination system", Reader(Fault::Domain)),
            ("550 5.4.4 Host or domain name not found. Name service error", Reader(Fault::Domain)),
            ("550 5.2.1 mailbox disabled", Reader(Fault::Disabled)),
            ("452 4.2.2 Mailbox full", Reader(Fault::Full)),
            ("552 5.2.2 over quota", Reader(Fault::Full)),
            ("452 mailbox is full", Reader(Fault::Full)),
            ("452 too many recipients", Nobody),
            ("554 5.7.1 Message refused by policy", Policy),
            ("550 5.7.1 User unknown", Policy),
            ("550 5.7.515 Access denied", Policy),
            ("550 5.7.26 unauthenticated", Policy),
            ("552 5.3.4 message too big", Ours),
            ("550 5.1.8 bad sender", Ours),
            ("550 5.4.1 Recipient address rejected: Access denied", Reader(Fault::Refused)),
            ("550 No such user here", Reader(Fault::Unknown)),
            ("550 mailbox unavailable, blocked by our filter", Policy),
            ("550 requested action not taken", Reader(Fault::Refused)),
            ("554 5.0.0 Utilisateur inconnu", Reader(Fault::Unknown)),
        ] {
            assert_eq!(blames(&reply(said), Named::Reader), wanted, "{said}");
        }
    }

    #[test]
    fn what_befalls_one_behind_an_alias_does_not_close_the_alias() {
        let said = |text| blames(&reply(text), Named::Another);
        assert_eq!(said("550 5.1.1 User unknown"), Blames::Reader(Fault::Refused));
        assert_eq!(said("552 5.2.2 full"), Blames::Nobody);
        assert_eq!(said("550 5.7.1 no"), Blames::Policy);
    }

    #[test]
    fn a_report_without_a_code_of_the_conversation_is_read_by_its_status() {
        for (enhanced, text, wanted) in [
            (Some("5.1.1"), "", Blames::Reader(Fault::Unknown)),
            (Some("4.4.1"), "connection timed out", Blames::Nobody),
            (Some("4.2.2"), "", Blames::Reader(Fault::Full)),
            (Some("4.4.7"), "quota exceeded", Blames::Reader(Fault::Full)),
            (None, "Sorry, no mailbox here by that name.", Blames::Reader(Fault::Unknown)),
            (None, "", Blames::Reader(Fault::Refused)),
        ] {
            let said = SmtpReply { code: 0, enhanced: enhanced.map(str::to_owned), text: text.to_owned() };
            assert_eq!(blames(&reported(&said), Named::Reader), wanted, "{enhanced:?} {text}");
        }
    }

    /// Days and faults, oldest first.
    fn strikes(of: &[(i64, Fault)]) -> Vec<Strike> {
        let strike = |(n, (day, fault)): (usize, &(i64, Fault))| Strike {
            delivery: DeliveryId::new(n as i64),
            fault: *fault,
            at: jiff::Timestamp::from_second(1_700_000_000 + day * 86_400).expect("an instant"),
        };
        of.iter().enumerate().map(strike).collect()
    }

    #[test]
    fn an_address_is_given_up_as_fast_as_its_fault_is_sure() {
        use Fault::{Disabled, Domain, Full, Refused, Unknown};
        for (given, wanted) in [
            (vec![], None),
            (vec![(0, Unknown)], Some(Unknown)),
            (vec![(0, Domain)], None),
            (vec![(0, Domain), (40, Domain)], Some(Domain)),
            (vec![(0, Disabled)], None),
            (vec![(0, Disabled), (14, Disabled)], Some(Disabled)),
            (vec![(0, Disabled), (15, Disabled)], None),
            (vec![(0, Full), (1, Full), (2, Full), (3, Full)], None),
            (vec![(0, Full), (1, Full), (2, Full), (3, Full), (30, Full)], Some(Full)),
            (vec![(0, Full), (1, Full), (2, Full), (3, Full), (31, Full)], None),
            (vec![(0, Refused), (1, Refused)], None),
            (vec![(0, Refused), (90, Refused), (200, Refused)], Some(Refused)),
            (vec![(0, Refused), (1, Full), (2, Domain), (3, Disabled), (4, Refused)], None),
        ] {
            assert_eq!(ground(&strikes(&given)), wanted, "{given:?}");
        }
    }

    proptest! {
        #[test]
        fn the_order_in_which_strikes_are_read_changes_nothing(
            mut given in proptest::collection::vec((0i64..60, 0usize..5), 0..12)
        ) {
            let read = |given: &[(i64, usize)]| {
                ground(&strikes(&given.iter().map(|(day, n)| (*day, Fault::ALL[*n])).collect::<Vec<_>>()))
            };
            let before = read(&given);
            given.reverse();
            prop_assert_eq!(before, read(&given));
        }
    }
}
