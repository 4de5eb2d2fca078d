//! What of all alarms is news to the operator.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{AlarmKind, Raised};
use crate::model::{AlarmId, SourceId};

/// How many of the hosts that are asked fail now: what is down takes all sources of its host along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failing {
    pub now: usize,
    pub of: usize,
    /// Others, of which a source answered within the hours that a failure lasts before it is told.
    pub answering: usize,
}

impl Failing {
    /// More than half at once: that is this machine, not they. With two hosts nobody can tell.
    fn are_most(self) -> bool {
        self.of >= 3 && self.now * 2 > self.of
    }

    /// A network that is down lets nobody through; once told, it is back when most answer again: the others may not
    /// have been asked yet.
    fn is_network(self, down: Option<Timestamp>) -> bool {
        self.are_most() && (down.is_some() || self.answering == 0)
    }
}

/// What is told of the network of this machine, in place of each source that it took along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    Down { since: Timestamp, failing: Failing },
    Back { since: Timestamp },
}

/// What there is to tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    pub network: Option<Network>,
    /// Alarms that hold.
    pub began: Vec<Raised>,
    /// Alarms that held.
    pub ended: Vec<Raised>,
    /// Alarms that the word on the network covers, that came and went with an outage of their source, or of which nobody
    /// was told while they held: nothing more is said of their beginning, or of their end.
    pub covered_began: Vec<AlarmId>,
    pub covered_ended: Vec<AlarmId>,
}

impl News {
    pub fn is_empty(&self) -> bool {
        self.network.is_none() && self.began.is_empty() && self.ended.is_empty()
    }
}

/// What is news among `raised`: all alarms that are open, or of whose beginning or end the operator was not told.
/// `down` is the instant since which the network is known to be down, where the operator was told so.
pub fn news(raised: &[Raised], failing: Failing, down: Option<Timestamp>) -> News {
    let mut news = News::default();
    let is_untold = |r: &&Raised| r.alarm.kind == AlarmKind::Failing && r.told.is_none() && r.ended.is_none();
    let first = raised.iter().filter(is_untold).map(|r| r.alarm.since).min();
    let is_network = failing.is_network(down);
    news.network = match (is_network, down, first) {
        (true, None, Some(since)) => Some(Network::Down { since, failing }),
        (false, Some(since), _) => Some(Network::Back { since }),
        _ => None,
    };
    let is_covered = is_network || news.network.is_some();
    // A source that goes from one sort of outage to another is not restored in between.
    let out: BTreeSet<&SourceId> =
        raised.iter().filter(|r| r.ended.is_none() && r.alarm.kind.is_outage()).map(|r| &r.source).collect();
    for each in raised {
        let covered = is_covered && each.alarm.kind == AlarmKind::Failing;
        match each.ended {
            Some(_) if covered || each.alarm.kind.is_outage() && out.contains(&each.source) => {
                news.covered_ended.push(each.id);
            }
            // Nobody is told of the end of what he was not told of.
            Some(_) if each.told.is_none() => news.covered_ended.push(each.id),
            Some(_) if each.told_ended.is_none() => news.ended.push(each.clone()),
            Some(_) => {}
            // When the network is back, what still fails does so by itself.
            None if covered && matches!(news.network, Some(Network::Back { .. })) => news.began.push(each.clone()),
            None if covered => news.covered_began.extend(each.told.is_none().then_some(each.id)),
            None if each.told.is_none() => news.began.push(each.clone()),
            None => {}
        }
    }
    news
}
