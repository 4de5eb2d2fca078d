//! Finding the words of all rules in a text at once, without case, accents, punctuation and French endings.

#[cfg(test)]
mod tests;

use std::{
    cell::RefCell,
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use crate::{normalise::terms::Stems, text};

/// What identifies one entry of a word list; the same words in two lists are one.
pub(super) type PhraseId = usize;

/// Every phrase of every rule, to be found by its first word.
#[derive(Debug, Clone, Default)]
pub(super) struct Lexicon {
    known: HashMap<String, PhraseId>,
    by_stem: Map<String>,
    by_word: Map<String>,
    by_start: Map<Head>,
    starts: Starts,
    counted: Bits,
}

/// Phrases by their first word. Only words of rules are put in, so that no text can make its lookups slow.
type Map<K> = HashMap<K, Vec<Phrase>, BuildHasherDefault<Quick>>;

/// The first octets of a word.
type Head = [u8; SHORTEST_START];

#[derive(Debug, Clone)]
struct Phrase {
    id: PhraseId,
    tokens: Vec<Token>,
}

#[derive(Debug, Clone)]
enum Token {
    /// Any form of a word: `marché`.
    Stem(String),
    /// This form of a word: `=communes`.
    Word(String),
    /// The start of a word: `cyber*`.
    Start(String),
}

/// Which phrases a text holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    all: Bits,
    /// Those that count for a section, each once: of several at one place the longest, and none inside another.
    pub counted: Vec<PhraseId>,
}

/// A start shorter than this would find nearly everything.
const SHORTEST_START: usize = 3;

thread_local! {
    /// What it remembers never changes what comes out: taking the ending off each word anew would take longer than all else.
    static STEMS: RefCell<Stems> = RefCell::default();
}

impl Lexicon {
    /// Takes in one entry of a word list: words, of which each may begin with `=` or end in `*`.
    pub fn add(&mut self, written: &str) -> Result<PhraseId, String> {
        let mut tokens = Vec::new();
        for part in written.split_whitespace() {
            let (part, form) = match (part.strip_suffix('*'), part.strip_prefix('=')) {
                (Some(start), _) => (start, Form::Start),
                (None, Some(word)) => (word, Form::Exact),
                (None, None) => (part, Form::Any),
            };
            if part.contains('*') {
                return Err(format!("`{written}` has a `*` that is not at the end of a word"));
            }
            let folded = fold(part);
            let mut words: Vec<Token> = folded.split(' ').filter(|w| !w.is_empty()).map(|w| form.token(w)).collect();
            if form == Form::Start {
                // Of « aujourd'hui* » only the last part is a start.
                let last = folded.rsplit(' ').next().filter(|last| last.chars().count() >= SHORTEST_START);
                let Some(last) = last else {
                    return Err(format!("`{written}` needs {SHORTEST_START} letters or more before its `*`"));
                };
                words.pop();
                words.push(Token::Start(last.to_owned()));
            }
            tokens.append(&mut words);
        }
        let Some(first) = tokens.first() else { return Err(format!("`{written}` holds no word")) };
        let key = format!("{tokens:?}");
        if let Some(id) = self.known.get(&key) {
            return Ok(*id);
        }
        let id = self.known.len();
        let begin = fold(written.trim_start_matches('='));
        self.starts.insert(first, begin.split(' ').next().unwrap_or_default());
        let list = match first {
            Token::Stem(stem) => self.by_stem.entry(stem.clone()).or_default(),
            Token::Word(word) => self.by_word.entry(word.clone()).or_default(),
            Token::Start(start) => self.by_start.entry(head(start)).or_default(),
        };
        list.push(Phrase { id, tokens });
        self.known.insert(key, id);
        Ok(id)
    }

    /// Lets a phrase count for a section wherever it is found.
    pub fn count(&mut self, id: PhraseId) {
        self.counted.insert(id);
    }

    /// Finds every phrase of a folded text; those of its first `lead` words are counted.
    pub fn find(&self, folded: &str, lead: usize) -> Found {
        STEMS.with_borrow_mut(|stems| self.find_with(stems, folded, lead))
    }

    fn find_with(&self, stems: &mut Stems, folded: &str, lead: usize) -> Found {
        let mut words = Vec::with_capacity(folded.len() / 5);
        words.extend(folded.split(' ').filter(|word| !word.is_empty()));
        let mut found = Found { all: Bits::of(self.known.len()), counted: Vec::new() };
        let mut covered = 0;
        for (at, first) in words.iter().enumerate().filter(|(_, word)| self.starts.may_begin(word)) {
            let rest = words.get(at..).unwrap_or_default();
            let lists =
                [self.by_stem.get(stems.stem(first)), self.by_word.get(*first), self.by_start.get(&head(first))];
            let mut longest = None;
            for phrase in lists.into_iter().flatten().flatten().filter(|phrase| phrase.starts(rest, stems)) {
                found.all.insert(phrase.id);
                if at >= covered && at < lead && self.counted.has(phrase.id) {
                    longest = longest.max(Some((phrase.tokens.len(), phrase.letters(), phrase.id)));
                }
            }
            if let Some((length, _, id)) = longest {
                covered = at + length;
                if !found.counted.contains(&id) {
                    found.counted.push(id);
                }
            }
        }
        found
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Any,
    Exact,
    Start,
}

impl Form {
    fn token(self, folded: &str) -> Token {
        match self {
            // The parts before the last of « aujourd'hui* » are words as they stand.
            Form::Exact | Form::Start => Token::Word(folded.to_owned()),
            Form::Any => Token::Stem(STEMS.with_borrow_mut(|stems| stems.stem(folded).to_owned())),
        }
    }
}

impl Phrase {
    fn starts(&self, words: &[&str], stems: &mut Stems) -> bool {
        self.tokens.len() <= words.len()
            && self.tokens.iter().zip(words).all(|(token, word)| match token {
                Token::Stem(expected) => stems.stem(word) == expected,
                Token::Word(expected) => expected == word,
                Token::Start(start) => word.starts_with(start.as_str()),
            })
    }

    fn letters(&self) -> usize {
        let letters = |token: &Token| match token {
            Token::Stem(text) | Token::Word(text) | Token::Start(text) => text.len(),
        };
        self.tokens.iter().map(letters).sum()
    }
}

/// How phrases begin: most words of a text begin otherwise, and need not be looked up.
#[derive(Debug, Clone, Default)]
struct Starts {
    /// The first four octets of what is that long.
    long: Bits,
    /// The first three of stems and starts that are shorter: « loi » is also how « lois » begins.
    short: Bits,
}

impl Starts {
    /// The stem may be shorter than all forms of the word (« ames », of which « am » is left), and begin otherwise.
    fn insert(&mut self, first: &Token, written: &str) {
        let (Token::Stem(text) | Token::Start(text) | Token::Word(text)) = first;
        for word in [text, written] {
            self.long.insert(Self::place(word, 4));
        }
        if text.len() <= 3 && !matches!(first, Token::Word(_)) {
            self.short.insert(Self::place(written, 3));
        }
    }

    fn may_begin(&self, word: &str) -> bool {
        self.long.has(Self::place(word, 4)) || self.short.has(Self::place(word, 3))
    }

    /// Those that share a place are looked up, and not found.
    fn place(word: &str, octets: usize) -> usize {
        let octets = word.bytes().take(octets);
        let number = octets.fold(0_u32, |number, octet| number << 8 | u32::from(octet));
        // Of the product (Knuth, 6.4) the first 16 bits.
        (number.wrapping_mul(2_654_435_769) >> 16) as usize
    }
}

/// Hashes words of rules in little time, eight octets at once.
#[derive(Default)]
struct Quick(u64);

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
struct Bits(Vec<u64>);

impl Bits {
    /// An empty one, with room for numbers below `size`.
    fn of(size: usize) -> Self {
        Self(vec![0; size.div_ceil(64)])
    }
    fn insert(&mut self, n: usize) {
        if self.0.len() <= n / 64 {
            self.0.resize(n / 64 + 1, 0);
        }
        if let Some(block) = self.0.get_mut(n / 64) {
            *block |= 1 << (n % 64);
        }
    }
    fn has(&self, n: usize) -> bool {
        self.0.get(n / 64).is_some_and(|block| block & (1 << (n % 64)) != 0)
    }
}

impl Found {
    pub fn has(&self, id: PhraseId) -> bool {
        self.all.has(id)
    }
    pub fn has_any(&self, ids: &[PhraseId]) -> bool {
        ids.iter().any(|id| self.has(*id))
    }
    /// Takes in what another text holds.
    pub fn join(&mut self, other: &Found) {
        if self.all.0.len() < other.all.0.len() {
            self.all.0.resize(other.all.0.len(), 0);
        }
        self.all.0.iter_mut().zip(&other.all.0).for_each(|(mine, theirs)| *mine |= theirs);
        for id in &other.counted {
            if !self.counted.contains(id) {
                self.counted.push(*id);
            }
        }
    }
}

/// Lower case, no accents, each run of anything but letters and digits one space: « L'Élu(e) » → `l elu e`.
pub(super) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let run = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let (run, tail) = rest.split_at_checked(run).unwrap_or((rest, ""));
        let from = out.len();
        out.push_str(run);
        out.get_mut(from..).unwrap_or_default().make_ascii_lowercase();
        let mut chars = tail.chars();
        let next = chars.next();
        rest = chars.as_str();
        let Some(c) = next else { break };
        match c {
            '\u{ad}' => {} // soft hyphen: inside a word
            _ if c.is_ascii() => space(&mut out),
            _ => text::fold(c, |part| match part {
                'œ' => out.push_str("oe"),
                'æ' => out.push_str("ae"),
                _ if part.is_alphanumeric() => out.push(part),
                _ => space(&mut out),
            }),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn space(out: &mut String) {
    if !out.is_empty() && !out.ends_with(' ') {
        out.push(' ');
    }
}

fn head(word: &str) -> Head {
    let mut head = Head::default();
    head.iter_mut().zip(word.bytes()).for_each(|(to, from)| *to = from);
    head
}
