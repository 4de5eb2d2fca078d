//! The index that finds what a document is like, as one transaction holds it: read in the order of its keys, changed in
//! memory, written once.

use std::collections::{BTreeMap, BTreeSet};

use super::Arrival;
use crate::{
    dedup::{self, COMMON, Counts},
    model::NoticeId,
    store::{
        Result, Tx,
        likeness::{self, ALL, Posting},
    },
};

/// From so many documents on a key is counted roughly.
const OFTEN: u32 = 32;
const STEP: u32 = 8;
/// So many of the last documents are found by a word of their title.
const BY_WORD: usize = 32;

/// The rows of the index that a transaction touches.
pub(super) struct Index<'a> {
    tx: &'a Tx<'a>,
    held: BTreeMap<u64, Posting>,
    changed: BTreeSet<u64>,
}

impl<'a> Index<'a> {
    pub fn new(tx: &'a Tx<'a>) -> Self {
        Self { tx, held: BTreeMap::new(), changed: BTreeSet::new() }
    }

    /// Writes what was changed, in the order of its keys, and lets go of all.
    pub fn write(&mut self) -> Result<()> {
        for key in std::mem::take(&mut self.changed) {
            if let Some(posting) = self.held.get(&key) {
                likeness::set_posting(self.tx, key, posting)?;
            }
        }
        self.held.clear();
        Ok(())
    }

    /// Reads the rows of some keys, ascending, unless they are held.
    pub fn load(&mut self, keys: impl IntoIterator<Item = u64>) -> Result<()> {
        let missing: Vec<u64> = keys.into_iter().chain([ALL]).filter(|key| !self.held.contains_key(key)).collect();
        let mut found = likeness::postings(self.tx, missing.iter().copied())?;
        self.held.extend(missing.into_iter().map(|key| (key, found.remove(&key).unwrap_or_default())));
        Ok(())
    }

    pub fn find(&self, key: u64) -> &[(NoticeId, i32)] {
        self.held.get(&key).map_or(&[], |posting| &posting.notices)
    }

    /// Of keys that are held.
    pub fn counts(&self, keys: Vec<u64>) -> Counts {
        let count = |key: &u64| self.held.get(key).map_or(0, |posting| posting.count);
        let of = keys.iter().map(|key| (*key, count(key))).filter(|(_, count)| *count > 0).collect();
        Counts { documents: u64::from(count(&ALL)), of }
    }

    /// Counts a document: once.
    pub fn count(&mut self, arrival: &Arrival) {
        let Arrival { notice, likeness, tale, .. } = arrival;
        let day = dedup::day(likeness.at);
        for key in likeness.keys(tale).into_iter().chain([ALL]) {
            let posting = self.held.entry(key).or_default();
            // A word that dozens have is counted by eights, in one document of eight: nearly every write is saved.
            let step = if key == ALL || posting.count < OFTEN { 1 } else { STEP };
            if step > 1 && !(key ^ notice.get().cast_unsigned()).is_multiple_of(u64::from(STEP)) {
                continue;
            }
            posting.count = posting.count.saturating_add(step);
            posting.day = posting.day.max(day);
            self.changed.insert(key);
        }
    }

    /// Lets a document be found by its passages, the words of its title, its names, what it cites. What it shares with the
    /// one that its copies began with (`root`: itself, where it copies nothing) finds that one: a communiqué that many print
    /// does not become common by it.
    pub fn post(&mut self, arrival: &Arrival, root: NoticeId) {
        let Arrival { notice, likeness, tale, .. } = arrival;
        let day = dedup::day(likeness.at);
        let documents = self.held.get(&ALL).map_or(0, |all| all.count);
        let passages = likeness.passages.indexed().iter().map(|passage| (*passage, COMMON + 1));
        let words = dedup::asked(tale).into_iter().chain(tale.citations()).map(|key| (key, BY_WORD));
        for (key, most) in passages.chain(words) {
            let posting = self.held.entry(key).or_default();
            // What a tenth of all documents have finds nothing.
            if posting.count > OFTEN && posting.count > documents / 10 {
                continue;
            }
            // The last one is kept longest. A notice is found by what it says now.
            let root_at = posting.notices.iter().position(|(id, _)| *id == root);
            let (found, last) = root_at.map_or((*notice, day), |at| posting.notices.remove(at));
            posting.notices.retain(|(id, _)| id != notice);
            if posting.notices.len() >= most {
                posting.notices.remove(0);
            }
            posting.notices.push((found, day.max(last)));
            posting.day = posting.day.max(day);
            self.changed.insert(key);
        }
    }
}
