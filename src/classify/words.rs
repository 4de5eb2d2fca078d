//! Finding the words of all rules in a text at once, without case, accents, punctuation and French endings.

#[cfg(test)]
mod tests;

use std::{cell::RefCell, collections::HashMap};

use crate::{normalise::terms::Stems, text};

/// What identifies one entry of a word list; the same words in two lists are one.
pub(super) type PhraseId = usize;

/// Every phrase of every rule, to be found by its first word.
#[derive(Debug, Clone, Default)]
pub(super) struct Lexicon {
    known: HashMap<String, PhraseId>,
    by_stem: HashMap<String, Vec<Phrase>>,
    by_word: HashMap<String, Vec<Phrase>>,
    by_start: HashMap<String, Vec<Phrase>>,
    starts: Starts,
    counted: Bits,
}

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
        let (list, first) = match first {
            Token::Stem(stem) => (&mut self.by_stem, stem.clone()),
            Token::Word(word) => (&mut self.by_word, word.clone()),
            Token::Start(start) => (&mut self.by_start, head(start)),
        };
        let begin = fold(written.trim_start_matches('='));
        self.starts.insert(begin.split(' ').next().unwrap_or_default());
        list.entry(first).or_default().push(Phrase { id, tokens });
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
        let words: Vec<&str> = folded.split(' ').filter(|w| !w.is_empty()).collect();
        let mut found = Found::default();
        let mut key = String::new();
        let mut covered = 0;
        for (at, first) in words.iter().enumerate().filter(|(_, word)| self.starts.may_begin(word)) {
            let rest = words.get(at..).unwrap_or_default();
            key.clear();
            key.extend(first.chars().take(SHORTEST_START));
            let lists = [self.by_stem.get(stems.stem(first)), self.by_word.get(*first), self.by_start.get(&key)];
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

/// The first three octets of every phrase: many words of a text begin otherwise, and need not be looked up.
#[derive(Debug, Clone, Default)]
struct Starts(Bits);

impl Starts {
    fn insert(&mut self, word: &str) {
        self.0.insert(Self::place(word));
    }

    fn may_begin(&self, word: &str) -> bool {
        self.0.has(Self::place(word))
    }

    const KINDS: usize = 38;

    fn place(word: &str) -> usize {
        let kind = |byte: Option<&u8>| match byte {
            None => 0,
            Some(byte @ b'a'..=b'z') => usize::from(byte - b'a') + 1,
            Some(byte @ b'0'..=b'9') => usize::from(byte - b'0') + 27,
            Some(_) => 37,
        };
        let bytes = word.as_bytes();
        (kind(bytes.first()) * Self::KINDS + kind(bytes.get(1))) * Self::KINDS + kind(bytes.get(2))
    }
}

/// A set of small numbers.
#[derive(Debug, Clone, Default)]
struct Bits(Vec<u64>);

impl Bits {
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

fn head(start: &str) -> String {
    start.chars().take(SHORTEST_START).collect()
}
