//! How an operator of mailboxes takes our mail, against its habit: calm, slow or refusing. Pure.
//!
//! Counted are messages, each once, by how its last try ended: one reader whose mail is refused ten times over is one
//! refusal. Most operators have few of our readers, so a share of few counts for little: it is taken at the lower end of
//! its 95 % interval (Wilson's, which holds for small numbers and for shares of 0 and 1, where the common one fails: 1
//! refused of 2 is « 9 % or more », 4 of 4 « 51 % or more »). The habit is the pooled share of the days before, without
//! the worst quarter of them, so that a storm does not become what is usual; and it begins at one refusal in ten
//! messages, so that the first days of an installation alarm nobody.

use serde::Serialize;

/// How it stands with one operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weather {
    Calm,
    /// It refuses clearly more than it used to.
    Slow,
    /// It refuses most.
    Refusing,
}

impl Weather {
    pub const fn as_str(self) -> &'static str {
        match self {
            Weather::Calm => "calm",
            Weather::Slow => "slow",
            Weather::Refusing => "refusing",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        [Weather::Calm, Weather::Slow, Weather::Refusing].into_iter().find(|weather| weather.as_str() == text)
    }
}

/// So many messages that were taken, and refused for no reader's sake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    pub taken: u64,
    pub refused: u64,
}

impl Tally {
    pub const fn all(self) -> u64 {
        self.taken + self.refused
    }

    /// The share that was refused; 0 of none.
    pub fn share(self) -> f64 {
        if self.all() == 0 { 0.0 } else { self.refused as f64 / self.all() as f64 }
    }

    /// What the share is at least, in 39 of 40 cases: the lower end of Wilson's interval.
    fn at_least(self) -> f64 {
        const Z: f64 = 1.96;
        let n = self.all() as f64;
        if n == 0.0 {
            return 0.0;
        }
        let (p, z2) = (self.share(), Z * Z);
        let middle = p + z2 / (2.0 * n);
        let spread = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        ((middle - spread) / (1.0 + z2 / n)).max(0.0)
    }
}

/// With fewer refusals, it is a matter of those readers.
const FEWEST: u64 = 4;
/// Of what is refused, from where on it is slow, and from where on it refuses; twice the habit where that is more.
const SLOW: f64 = 0.15;
const REFUSING: f64 = 0.5;
/// What the habit begins with.
const BEFORE: Tally = Tally { taken: 9, refused: 1 };

/// The habit: the share that is refused on common days, one tally a day.
pub fn habit(days: &[Tally]) -> f64 {
    let mut days: Vec<Tally> = days.iter().copied().filter(|day| day.all() > 0).collect();
    days.sort_by(|a, b| a.share().total_cmp(&b.share()).then(a.all().cmp(&b.all())));
    let common = days.len() - days.len() / 4;
    let pooled = days
        .iter()
        .take(common)
        .fold(BEFORE, |sum, day| Tally { taken: sum.taken + day.taken, refused: sum.refused + day.refused });
    pooled.share()
}

/// How it stands, by the last hours, the habit, and how it stood.
pub fn judge(recent: Tally, habit: f64, was: Weather) -> Weather {
    // Nothing was tried: nothing is known that was not known before.
    if recent.all() == 0 {
        return was;
    }
    let share = recent.at_least();
    let is = match () {
        () if recent.refused < FEWEST => Weather::Calm,
        // An operator that greylists refuses half, day by day: that is no storm.
        () if share > REFUSING.max((2.0 * habit).min(0.9)) => Weather::Refusing,
        () if share > SLOW.max((2.0 * habit).min(0.9)) => Weather::Slow,
        () => Weather::Calm,
    };
    // It is over when more is taken than refused: not because there is little to try.
    if is < was && recent.refused >= recent.taken { was } else { is }
}

#[cfg(test)]
mod tests;
