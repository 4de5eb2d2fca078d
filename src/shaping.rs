//! How fast an operator of mailboxes may be written to: what its limits allow, and what it said itself. Pure.
//!
//! A rate is kept by GCRA (ITU-T I.371): one instant says when the next message keeps to it, so that no window can send
//! twice. An operator that complains is written to slowly for a while, then twice as fast every few minutes until its limits
//! hold again. Both are a few instants that stand in the database, and survive the program.

use jiff::{SignedDuration, Timestamp};

use crate::model::Rate;

/// What an operator takes at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Open at once.
    pub connections: usize,
    /// On one connection, before another is opened.
    pub messages: u32,
    pub rate: Option<Rate>,
    pub patience: Patience,
}

/// How slowly an operator is written to after it complained, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Between two messages at first.
    pub gap: SignedDuration,
    /// Until the gap is halved for the first time.
    pub hold: SignedDuration,
    /// Until it is halved again.
    pub step: SignedDuration,
}

impl Patience {
    /// With somebody else's server: what large operators ask for when they defer all mail of a sender.
    pub const OPERATOR: Patience = Patience {
        gap: SignedDuration::from_secs(60),
        hold: SignedDuration::from_mins(90),
        step: SignedDuration::from_mins(10),
    };
    /// With a relay of one's own, which says so when it has too much to do.
    pub const RELAY: Patience = Patience {
        gap: SignedDuration::from_secs(1),
        hold: SignedDuration::from_mins(5),
        step: SignedDuration::from_mins(1),
    };
}

/// So many failures in a row that are not one reader's are the operator's.
pub const TOO_MANY: u32 = 5;
/// So many complaints in a row slow it down: one may be about one message.
const COMPLAINTS: u32 = 3;
/// A gap below that is none.
const NO_GAP: SignedDuration = SignedDuration::from_millis(20);
/// How much of the rate may be used at once, when it was not used before.
const BURST: i32 = 10;

/// How an operator may be written to just now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pace {
    /// When the next message keeps to the rate (GCRA: theoretical arrival time).
    pub next: Option<Timestamp>,
    /// When it last complained that there was too much.
    pub slowed: Option<Timestamp>,
    /// In a row, that were not one reader's.
    pub failures: u32,
    /// Until when nothing is sent.
    pub closed: Option<Timestamp>,
    /// What it said when it last complained.
    pub reply: String,
}

/// What one message, or one connection, told of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// It took one, or refused it for its reader's sake.
    Fine,
    /// There is too much: 421, « too many connections », « temporarily deferred ».
    TooMuch(String),
    /// It refuses us, or cannot be reached.
    Trouble(String),
}

impl Pace {
    /// The gap to keep between two messages, if there is any.
    pub fn gap(&self, limits: &Limits, now: Timestamp) -> Option<SignedDuration> {
        let rate = limits.rate.map(|rate| rate.per / i32::try_from(rate.messages.max(1)).unwrap_or(i32::MAX));
        rate.max(self.slow_gap(limits, now))
    }

    fn slow_gap(&self, limits: &Limits, now: Timestamp) -> Option<SignedDuration> {
        let Patience { gap, hold, step } = limits.patience;
        let since = now.duration_since(self.slowed?);
        let halved = (since - hold).as_secs().max(0) / step.as_secs().max(1);
        let halved = if since < hold { 0 } else { u32::try_from(halved + 1).unwrap_or(u32::MAX) };
        let divisor = 2_i32.checked_pow(halved.min(30))?;
        Some(gap / divisor).filter(|gap| *gap >= NO_GAP && halved < 30)
    }

    /// How many connections may be open.
    pub fn connections(&self, limits: &Limits, now: Timestamp) -> usize {
        if self.slow_gap(limits, now).is_some() { 1 } else { limits.connections.max(1) }
    }

    /// When a message may go, at the earliest; it is counted as gone.
    pub fn take(&mut self, limits: &Limits, now: Timestamp) -> Timestamp {
        if let Some(closed) = self.closed.filter(|closed| *closed > now) {
            return closed;
        }
        let Some(gap) = self.gap(limits, now) else { return now };
        // A clock that was set back must not close it for as long.
        let due = self.next.filter(|next| next.duration_since(now) < SignedDuration::from_hours(24)).unwrap_or(now);
        // A slowed operator gets no burst.
        let burst = if self.slow_gap(limits, now).is_some() { SignedDuration::ZERO } else { gap * (BURST - 1) };
        let at = due.checked_sub(burst).unwrap_or(now).max(now);
        self.next = due.max(now).checked_add(gap).ok();
        at
    }

    /// Takes note of how a message fared. `true` when it changes how the operator is written to.
    pub fn note(&mut self, sign: Sign, limits: &Limits, now: Timestamp) -> bool {
        match sign {
            Sign::Fine => {
                // A complaint that is long past is forgotten.
                let recovered = self.slowed.is_some() && self.slow_gap(limits, now).is_none();
                if recovered {
                    self.slowed = None;
                    self.reply.clear();
                }
                std::mem::take(&mut self.failures) > 0 || recovered
            }
            Sign::TooMuch(reply) => {
                self.failures += 1;
                let fresh = self.slowed.is_none_or(|slowed| now.duration_since(slowed) > limits.patience.step);
                if self.failures >= COMPLAINTS && fresh {
                    self.slowed = Some(now);
                }
                self.reply = reply;
                true
            }
            Sign::Trouble(reply) => {
                self.failures += 1;
                self.reply = reply;
                true
            }
        }
    }

    /// Leaves the operator alone: 10 minutes after the first five failures, twice as long for each five more, an hour at most.
    pub fn close(&mut self, now: Timestamp) -> Timestamp {
        let times = (self.failures / TOO_MANY).clamp(1, 4) - 1;
        let until = now.checked_add(SignedDuration::from_mins((10 << times).min(60))).unwrap_or(Timestamp::MAX);
        self.closed = Some(until);
        until
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limits(rate: Option<Rate>) -> Limits {
        Limits { connections: 3, messages: 50, rate, patience: Patience::OPERATOR }
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + minutes * 60).expect("an instant")
    }

    #[test]
    fn without_a_rate_nothing_waits() {
        let mut pace = Pace::default();
        for _ in 0..1000 {
            assert_eq!(pace.take(&limits(None), at(0)), at(0));
        }
    }

    #[test]
    fn an_operator_that_complains_is_written_to_slowly_and_recovers() {
        let (limits, mut pace) = (limits(None), Pace::default());
        let complaint = || Sign::TooMuch("421 4.7.0 Trop de connexions".into());
        pace.note(complaint(), &limits, at(0));
        pace.note(complaint(), &limits, at(0));
        assert_eq!((pace.gap(&limits, at(0)), pace.connections(&limits, at(0))), (None, 3));
        pace.note(complaint(), &limits, at(0));
        for (minutes, seconds) in [(0, 60_000), (89, 60_000), (90, 30_000), (100, 15_000), (110, 7_500)] {
            let gap = pace.gap(&limits, at(minutes)).map(|gap| gap.as_millis());
            assert_eq!(gap, Some(seconds), "after {minutes} min");
            assert_eq!(pace.connections(&limits, at(minutes)), 1);
        }
        assert_eq!((pace.gap(&limits, at(240)), pace.connections(&limits, at(240))), (None, 3));
        assert!(pace.note(Sign::Fine, &limits, at(240)));
        assert_eq!(pace, Pace { next: pace.next, ..Pace::default() });
    }

    #[test]
    fn a_success_between_complaints_forgives_them() {
        let (limits, mut pace) = (limits(None), Pace::default());
        for _ in 0..20 {
            pace.note(Sign::TooMuch("421".into()), &limits, at(0));
            pace.note(Sign::TooMuch("421".into()), &limits, at(0));
            pace.note(Sign::Fine, &limits, at(0));
        }
        assert_eq!(pace.slowed, None);
    }

    #[test]
    fn an_operator_in_trouble_is_left_alone_for_longer_and_longer() {
        let mut pace = Pace { failures: 5, ..Pace::default() };
        let minutes = |pace: &mut Pace| pace.close(at(0)).duration_since(at(0)).as_mins();
        assert_eq!(minutes(&mut pace), 10);
        pace.failures = 10;
        assert_eq!(minutes(&mut pace), 20);
        pace.failures = 1000;
        assert_eq!(minutes(&mut pace), 60);
        assert_eq!(pace.take(&limits(None), at(1)), at(60));
        assert_eq!(pace.take(&limits(None), at(60)), at(60));
    }

    proptest! {
        /// However often and whenever it is asked, no hour gets more than its rate and the burst.
        #[test]
        fn no_window_gets_more_than_its_rate(asked in proptest::collection::vec(0_i64..7200, 1..400)) {
            let rate = Rate { messages: 60, per: SignedDuration::from_hours(1) };
            let (limits, mut pace) = (limits(Some(rate)), Pace::default());
            let mut asked = asked;
            asked.sort_unstable();
            let mut sent: Vec<i64> = asked
                .iter()
                .map(|second| {
                    let now = Timestamp::from_second(1_700_000_000 + second).expect("an instant");
                    pace.take(&limits, now).as_second()
                })
                .collect();
            sent.sort_unstable();
            for (first, begin) in sent.iter().enumerate() {
                let within = sent.iter().skip(first).take_while(|at| **at < begin + 3600).count();
                prop_assert!(within <= 60 + 10, "{within} in one hour");
            }
        }
    }
}
