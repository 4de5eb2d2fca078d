//! The passages of a text: its runs of three words, of which the same ones are kept in every text.

use std::collections::BTreeSet;

/// So many passages are kept of a text: those with the smallest hashes, so that two texts keep the same of what they
/// share (bottom-k sketch; Broder, « On the resemblance and containment of documents », 1997).
const KEPT: usize = 64;
/// By so many of them it can be found: each costs a place of its own in the index.
const FOUND_BY: usize = 16;

/// A sample of the passages of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Passages {
    /// How many different ones the text has.
    pub count: u32,
    /// Ascending; all of them where there are no more than can be kept.
    pub sample: Vec<u64>,
}

/// What two samples can say of their texts: the passages below the point up to which both are complete.
pub(super) struct Overlap<'a> {
    pub ours: &'a [u64],
    pub theirs: &'a [u64],
    pub shared: Vec<u64>,
}

impl Passages {
    /// Of the words of a text in their order, each as its hash.
    pub(super) fn of(words: &[u64]) -> Self {
        let mut all: Vec<u64> = match words {
            [] => Vec::new(),
            [_] | [_, _] => vec![join(words)],
            _ => words.windows(3).map(join).collect(),
        };
        all.sort_unstable();
        all.dedup();
        let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
        all.truncate(KEPT);
        all.shrink_to_fit();
        Self { count, sample: all }
    }

    /// Those by which the text is found.
    pub fn indexed(&self) -> &[u64] {
        self.sample.get(..FOUND_BY).unwrap_or(&self.sample)
    }

    pub(super) fn overlap<'a>(&'a self, other: &'a Self) -> Overlap<'a> {
        let end = self.end().min(other.end());
        let below = |passages: &'a Self| {
            let count = passages.sample.partition_point(|passage| *passage <= end);
            passages.sample.get(..count).unwrap_or_default()
        };
        let (ours, theirs) = (below(self), below(other));
        let shared = ours.iter().copied().filter(|passage| theirs.binary_search(passage).is_ok()).collect();
        Overlap { ours, theirs, shared }
    }

    /// Up to which hash every passage of the text is in the sample.
    fn end(&self) -> u64 {
        match self.sample.last() {
            Some(last) if self.count as usize > self.sample.len() => *last,
            _ => u64::MAX,
        }
    }

    /// Whether one text is much shorter than the other: cut by who copied it.
    pub(super) fn is_cut(&self, other: &Self) -> bool {
        let (small, large) = (self.count.min(other.count), self.count.max(other.count));
        u64::from(small) * 5 < u64::from(large) * 4
    }
}

/// A run of words as a number.
pub(super) fn join(words: &[u64]) -> u64 {
    mix(words.iter().fold(0x9e37_79b9_7f4a_7c15, |all: u64, word| all.rotate_left(23).wrapping_mul(PRIME) ^ word))
}

/// A word, or what else is counted, as a number that is the same on every machine and in every version.
pub(super) fn hash(kind: &str, text: &str) -> u64 {
    let fnv =
        |from: u64, text: &str| text.bytes().fold(from, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    mix(fnv(fnv(0xcbf2_9ce4_8422_2325, kind).wrapping_mul(PRIME), text))
}

/// FNV-1a, 64 bits.
const PRIME: u64 = 0x0100_0000_01b3;

/// The finaliser of SplitMix64: FNV alone leaves the high bits of short words alike.
fn mix(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// How much of two sets of words is the same, in hundredths: of both together, and of the smaller one.
pub(super) struct Shares {
    pub of_both: u32,
    pub of_smaller: u32,
    pub common: usize,
}

pub(super) fn shares(a: &BTreeSet<String>, b: &BTreeSet<String>) -> Shares {
    let common = a.intersection(b).count();
    let share = |of: usize| u32::try_from((common * 100).checked_div(of).unwrap_or(0)).unwrap_or(100);
    Shares { of_both: share(a.len() + b.len() - common), of_smaller: share(a.len().min(b.len())), common }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn passages(text: &str) -> Passages {
        Passages::of(&text.split(' ').map(|word| hash("word", word)).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_shared_is_told_from_the_samples_alone() {
        let long: Vec<String> = (0..2_000).map(|n| format!("mot{n}")).collect();
        let (whole, half) = (passages(&long.join(" ")), passages(&long[..1_000].join(" ")));
        assert_eq!((whole.count, whole.sample.len()), (1_998, KEPT));
        let overlap = whole.overlap(&half);
        // All that is known of the half stands in the whole too.
        assert_eq!(overlap.shared.len(), overlap.theirs.len());
        assert!(overlap.theirs.len() > 15 && whole.is_cut(&half), "{}", overlap.theirs.len());
        let other = passages(&(0..2_000).map(|n| format!("autre{n}")).collect::<Vec<_>>().join(" "));
        assert!(whole.overlap(&other).shared.is_empty());
        assert_eq!(passages("un deux").count, 1);
        assert_eq!(Passages::of(&[]), Passages::default());
    }

    #[test]
    fn hashes_never_change() {
        // They stand in databases.
        assert_eq!(hash("word", "commune"), 0xe6eaa2c864d0b5a8);
    }

    proptest! {
        #[test]
        fn a_text_shares_all_of_its_passages_with_itself(words in proptest::collection::vec(0..40_u64, 0..300)) {
            let passages = Passages::of(&words);
            prop_assert!(passages.sample.is_sorted());
            let overlap = passages.overlap(&passages);
            prop_assert_eq!(overlap.shared.len(), overlap.ours.len());
            prop_assert_eq!(overlap.ours, &passages.sample[..]);
        }
    }
}
