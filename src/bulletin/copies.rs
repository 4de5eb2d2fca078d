//! How many sources tell of a story by themselves: a communiqué printed ten times is one.

use std::collections::BTreeSet;

use super::{
    prose::normal,
    told::{Told, by_authority},
};

/// Words of a text that are compared.
const READ: usize = 400;
/// Words that stand in a row.
const ROW: usize = 4;

/// The number of sources whose words are not, for four fifths, those of another that is nearer to the act or earlier.
pub(super) fn independent(told: &[Told<'_>]) -> usize {
    let mut known: Vec<BTreeSet<String>> = Vec::new();
    let mut sources = BTreeSet::new();
    for told in by_authority(told) {
        let words = normal(&told.notice.text);
        let words: Vec<&str> = words.split(' ').take(READ).collect();
        let rows: BTreeSet<String> = words.windows(ROW.min(words.len().max(1))).map(|row| row.join(" ")).collect();
        let is_copy = known.iter().any(|other| rows.intersection(other).count() * 5 >= rows.len() * 4);
        if !is_copy {
            sources.insert(told.notice.source.clone());
            known.push(rows);
        }
    }
    sources.len().max(1)
}
