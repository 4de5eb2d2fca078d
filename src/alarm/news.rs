//! What of all alarms is news to the operator.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{AlarmKind, Raised};
use crate::model::{AlarmId, SourceId};

/// How many of the sources that are watched fail now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failing {
    pub now: usize,
    pub of: usize,
}

impl Failing {
    /// More than half at once: that is this machine, not they.
    fn is_network(self) -> bool {
        is_network(self.now, self.of)
    }
}

/// With two sources nobody can tell.
fn is_network(failing: usize, of: usize) -> bool {
    of >= 3 && failing * 2 > of
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
    /// Alarms that the word on the network covers, or that came and went with an outage of their source: nothing more
    /// is said of their beginning, or of their end.
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
    let untold: Vec<&Raised> =
        raised.iter().filter(|r| r.alarm.kind == AlarmKind::Failing && r.told.is_none()).collect();
    let first = untold.iter().map(|r| r.alarm.since).min();
    let passed: BTreeSet<&SourceId> = untold.iter().filter(|r| r.ended.is_some()).map(|r| &r.source).collect();
    news.network = match (failing.is_network(), down, first) {
        (true, None, Some(since)) => Some(Network::Down { since, failing }),
        (false, Some(since), _) => Some(Network::Back { since }),
        // Down and back before anybody could be told: the mail went the same way.
        (false, None, Some(since)) if is_network(passed.len(), failing.of) => Some(Network::Back { since }),
        _ => None,
    };
    let is_covered = failing.is_network() || news.network.is_some();
    // A source that goes from one sort of outage to another is not restored in between.
    let out: BTreeSet<&SourceId> =
        raised.iter().filter(|r| r.ended.is_none() && r.alarm.kind.is_outage()).map(|r| &r.source).collect();
    for each in raised {
        let covered = is_covered && each.alarm.kind == AlarmKind::Failing;
        match each.ended {
            Some(_) if covered || each.alarm.kind.is_outage() && out.contains(&each.source) => {
                news.covered_ended.push(each.id);
            }
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
