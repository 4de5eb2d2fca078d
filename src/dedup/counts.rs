//! How common each passage, word and name is.

use std::collections::BTreeMap;

/// In how many documents each of some keys stands, and of how many documents that is.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub documents: u64,
    /// A key that is not in it stands in none.
    pub of: BTreeMap<u64, u32>,
}

/// Weights and scores are whole numbers of this many parts of one, so that a day that is played again gives the same
/// bytes on any machine.
pub(super) const ONE: i64 = 1 << 16;

impl Counts {
    pub(super) fn of(&self, key: u64) -> u32 {
        self.of.get(&key).copied().unwrap_or(0)
    }

    /// What a word weighs that stands `times` in a document which these counts do not know yet. A store of a few documents
    /// says nothing of how common a word is: it is taken for a larger one.
    pub(super) fn word(&self, key: u64, times: u32) -> f64 {
        const FEW: u64 = 50;
        let (all, some) = (self.documents.max(FEW) as f64 + 2.0, f64::from(self.of(key)) + 1.5);
        (1.0 + f64::from(times).ln()) * (all / some).ln().max(0.0)
    }

    /// Whether a word of such a document stands in few enough others to say something.
    pub(super) fn is_telling(&self, key: u64) -> bool {
        u64::from(self.of(key)) < (self.documents * 8 / 100).max(30)
    }

    /// Whether a name or a number stands in so few that two of them are the same event.
    pub(super) fn is_rare(&self, key: u64) -> bool {
        u64::from(self.of(key)) < (self.documents / 100).max(12)
    }
}

pub(super) fn fixed(value: f64) -> i64 {
    (value * ONE as f64).round() as i64
}

/// A share of one as a percentage, for a person.
pub(super) fn percent(score: i64) -> i64 {
    (score * 100 + ONE / 2) / ONE
}
