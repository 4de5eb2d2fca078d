//! What makes finding words fast.

use std::hash::Hasher;

/// How phrases begin: most words of a text begin otherwise, and need not be looked up.
#[derive(Debug, Clone, Default)]
pub(super) struct Starts {
    /// Which lists have a phrase with these first four octets.
    long: Vec<u8>,
    /// The first three of stems and starts that are shorter: « loi » is also how « lois » begins.
    short: Vec<u8>,
}

/// Where phrases are looked up by their first word.
#[derive(Clone, Copy)]
pub(super) enum List {
    Stem = 1,
    Word = 2,
    Start = 4,
}

/// The lists in which a word may be found.
#[derive(Clone, Copy)]
pub(super) struct Lists(u8);

impl Lists {
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
    pub fn has(self, list: List) -> bool {
        self.0 & list as u8 != 0
    }
}

impl Starts {
    pub fn insert(&mut self, list: List, word: &str) {
        Self::mark(&mut self.long, list, word, 4);
    }

    /// Lets in the words that begin with `text`. A stem may be shorter than all forms of its word (« ames », of which « am »
    /// is left), and begin otherwise.
    pub fn insert_forms(&mut self, list: List, text: &str, written: &str) {
        self.insert(list, text);
        self.insert(list, written);
        if text.len() <= 3 {
            Self::mark(&mut self.short, list, written, 3);
        }
    }

    pub fn lists(&self, word: &str) -> Lists {
        let at = |marks: &[u8], octets| marks.get(Self::place(word, octets)).copied().unwrap_or_default();
        Lists(at(&self.long, 4) | at(&self.short, 3))
    }

    fn mark(marks: &mut Vec<u8>, list: List, word: &str, octets: usize) {
        marks.resize(1 << Self::BITS, 0);
        if let Some(mark) = marks.get_mut(Self::place(word, octets)) {
            *mark |= list as u8;
        }
    }

    /// A table that stays in the nearest memory.
    const BITS: u32 = 14;

    /// Those that share a place are looked up, and not found.
    fn place(word: &str, octets: usize) -> usize {
        let octets = word.bytes().take(octets);
        let number = octets.fold(0_u32, |number, octet| number << 8 | u32::from(octet));
        // Of the product (Knuth, 6.4) the first bits.
        (number.wrapping_mul(2_654_435_769) >> (32 - Self::BITS)) as usize
    }
}

/// Hashes words of rules in little time, eight octets at once.
#[derive(Default)]
pub(super) struct Quick(u64);

impl Hasher for Quick {
    fn write(&mut self, octets: &[u8]) {
        for chunk in octets.chunks(8) {
            let mut eight = [0; 8];
            eight.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(eight)).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }
    fn finish(&self) -> u64 {
        // The table looks at the upper bits and at the lower ones.
        self.0 ^ self.0 >> 29
    }
}

/// A set of small numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Bits(pub Vec<u64>);

impl Bits {
    /// An empty one, with room for numbers below `size`.
    pub fn of(size: usize) -> Self {
        Self(vec![0; size.div_ceil(64)])
    }
    pub fn insert(&mut self, n: usize) {
        if self.0.len() <= n / 64 {
            self.0.resize(n / 64 + 1, 0);
        }
        if let Some(block) = self.0.get_mut(n / 64) {
            *block |= 1 << (n % 64);
        }
    }
    pub fn has(&self, n: usize) -> bool {
        self.0.get(n / 64).is_some_and(|block| block & (1 << (n % 64)) != 0)
    }
}
