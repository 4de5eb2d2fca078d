//! Finding the words of all rules in a text at once, without case, accents, punctuation and French endings.

mod lookup;
#[cfg(test)]
mod tests;

use std::{cell::RefCell, collections::HashMap, hash::BuildHasherDefault};

use lookup::{Bits, List, Quick, Starts};

use crate::{normalise::terms::Stems, text};

/// What identifies one entry of a word list; the same words in two lists are one.
pub(super) type PhraseId = usize;

/// Every phrase of every rule, to be found by its first word.
#[derive(Debug, Clone, Default)]
pub(super) struct Lexicon {
    known: HashMap<String, PhraseId>,
    /// The stems of all phrases, numbered: those of a text are compared as numbers.
    stems: HashMap<String, StemId, BuildHasherDefault<Quick>>,
    by_stem: Vec<Vec<Phrase>>,
    by_word: Map<String>,
    by_start: Map<Head>,
    starts: Starts,
    counted: Bits,
}

/// Phrases by their first word. Only words of rules are put in, so that no text can make its lookups slow.
type Map<K> = HashMap<K, Vec<Phrase>, BuildHasherDefault<Quick>>;

type StemId = usize;

/// The first octets of a word; of a shorter one all, and then nothing.
type Head = [u8; 4];

#[derive(Debug, Clone)]
struct Phrase {
    id: PhraseId,
    tokens: Vec<Token>,
    letters: usize,
}

#[derive(Debug, Clone)]
enum Token {
    /// Any form of a word: `marché`.
    Stem(StemId),
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
            let mut words: Vec<Token> =
                folded.split(' ').filter(|w| !w.is_empty()).map(|w| self.token(form, w)).collect();
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
        let begin = begin.split(' ').next().unwrap_or_default();
        let phrase = Phrase { id, letters: fold(written).len(), tokens: tokens.clone() };
        match first {
            Token::Stem(stem) => {
                STEMS.with_borrow_mut(|stems| self.starts.insert_forms(List::Stem, stems.stem(begin), begin));
                self.by_stem.resize_with(self.by_stem.len().max(stem + 1), Vec::new);
                self.by_stem.get_mut(*stem).into_iter().for_each(|list| list.push(phrase.clone()));
            }
            Token::Word(word) => {
                self.starts.insert(List::Word, word);
                self.by_word.entry(word.clone()).or_default().push(phrase);
            }
            Token::Start(start) => {
                self.starts.insert_forms(List::Start, start, start);
                self.by_start.entry(head(start, start.len())).or_default().push(phrase);
            }
        }
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
        let mut words = Words { words: Vec::with_capacity(folded.len() / 5), stems: Vec::new() };
        words.words.extend(folded.split(' ').filter(|word| !word.is_empty()));
        words.stems.resize(words.words.len(), Known::Unasked);
        let mut found = Found { all: Bits::of(self.known.len()), counted: Vec::new() };
        let mut covered = 0;
        for at in 0..words.words.len() {
            let first = words.word(at);
            let lists = self.starts.lists(first);
            if lists.is_empty() {
                continue;
            }
            let of_stem = match lists.has(List::Stem).then(|| self.stem(&mut words, stems, at)) {
                Some(Known::Stem(stem)) => self.by_stem.get(stem),
                _ => None,
            };
            let of_word = lists.has(List::Word).then(|| self.by_word.get(first)).flatten();
            let of_start = |octets| {
                let may = lists.has(List::Start) && octets <= first.len();
                may.then(|| self.by_start.get(&head(first, octets))).flatten()
            };
            let lists = [of_stem, of_word, of_start(3), of_start(4)];
            let mut longest = None;
            for phrase in lists.into_iter().flatten().flatten() {
                let holds = |(next, token): (usize, &Token)| match token {
                    Token::Stem(stem) => self.stem(&mut words, stems, at + next) == Known::Stem(*stem),
                    Token::Word(expected) => words.word(at + next) == expected,
                    Token::Start(start) => words.word(at + next).starts_with(start.as_str()),
                };
                if !phrase.tokens.iter().enumerate().all(holds) {
                    continue;
                }
                found.all.insert(phrase.id);
                if at >= covered && at < lead && self.counted.has(phrase.id) {
                    longest = longest.max(Some((phrase.tokens.len(), phrase.letters, phrase.id)));
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

    /// The stem of a word of a text, looked up once.
    fn stem(&self, words: &mut Words<'_>, stems: &mut Stems, at: usize) -> Known {
        let Words { words, stems: known } = words;
        let (Some(word), Some(known)) = (words.get(at), known.get_mut(at)) else { return Known::Other };
        if *known == Known::Unasked {
            *known = self.stems.get(stems.stem(word)).map_or(Known::Other, |stem| Known::Stem(*stem));
        }
        *known
    }

    fn token(&mut self, form: Form, folded: &str) -> Token {
        if form != Form::Any {
            // The parts before the last of « aujourd'hui* » are words as they stand.
            return Token::Word(folded.to_owned());
        }
        let next = self.stems.len();
        let stem = STEMS.with_borrow_mut(|stems| stems.stem(folded).to_owned());
        Token::Stem(*self.stems.entry(stem).or_insert(next))
    }
}

/// A text, word by word.
struct Words<'a> {
    words: Vec<&'a str>,
    stems: Vec<Known>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Unasked,
    /// That of a phrase.
    Stem(StemId),
    /// That of none.
    Other,
}

impl<'a> Words<'a> {
    fn word(&self, at: usize) -> &'a str {
        self.words.get(at).copied().unwrap_or_default()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Any,
    Exact,
    Start,
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

fn head(word: &str, octets: usize) -> Head {
    let mut head = Head::default();
    head.iter_mut().zip(word.bytes().take(octets)).for_each(|(to, from)| *to = from);
    head
}
