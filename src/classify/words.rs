//! Finding the words of all rules in a text at once, without case, accents and punctuation.

use std::collections::HashMap;

use crate::text;

/// What identifies one entry of a word list; the same words in two lists are one.
pub(super) type PhraseId = usize;

/// Every phrase of every rule, to be found by the start of its first word.
#[derive(Debug, Clone, Default)]
pub(super) struct Lexicon {
    known: HashMap<String, PhraseId>,
    by_word: HashMap<String, Vec<Phrase>>,
    by_stem: HashMap<String, Vec<Phrase>>,
    starts: Starts,
}

#[derive(Debug, Clone)]
struct Phrase {
    id: PhraseId,
    tokens: Vec<Token>,
}

#[derive(Debug, Clone)]
enum Token {
    Word(String),
    /// The start of a word: `cyber*`.
    Stem(String),
}

/// Which phrases a text holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Found(Vec<u64>);

/// A stem shorter than this would find nearly everything.
const SHORTEST_STEM: usize = 3;

impl Lexicon {
    /// Takes in one entry of a word list: words, each of which may end in `*`.
    pub fn add(&mut self, written: &str) -> Result<PhraseId, String> {
        let mut tokens = Vec::new();
        for part in written.split_whitespace() {
            let (part, is_stem) = part.strip_suffix('*').map_or((part, false), |stem| (stem, true));
            let folded = fold(part);
            let mut words: Vec<Token> = folded.split(' ').filter(|w| !w.is_empty()).map(word).collect();
            if is_stem {
                match words.pop() {
                    Some(Token::Word(last)) if last.chars().count() >= SHORTEST_STEM => words.push(Token::Stem(last)),
                    _ => return Err(format!("`{written}` needs {SHORTEST_STEM} letters or more before its `*`")),
                }
            }
            tokens.append(&mut words);
        }
        if written.trim_end_matches('*').contains('*') && !written.split_whitespace().any(|w| w.ends_with('*')) {
            return Err(format!("`{written}` has a `*` that is not at the end of a word"));
        }
        let key = format!("{tokens:?}");
        if let Some(id) = self.known.get(&key) {
            return Ok(*id);
        }
        let id = self.known.len();
        if let Some(Token::Word(first) | Token::Stem(first)) = tokens.first() {
            self.starts.insert(first);
        }
        match tokens.first() {
            Some(Token::Word(first)) => self.by_word.entry(first.clone()).or_default().push(Phrase { id, tokens }),
            Some(Token::Stem(first)) => self.by_stem.entry(head(first)).or_default().push(Phrase { id, tokens }),
            None => return Err(format!("`{written}` holds no word")),
        }
        self.known.insert(key, id);
        Ok(id)
    }

    /// Finds every phrase of a folded text.
    pub fn find(&self, folded: &str) -> Found {
        let words: Vec<&str> = folded.split(' ').filter(|w| !w.is_empty()).collect();
        let mut found = Found(vec![0; self.known.len().div_ceil(64)]);
        let mut key = String::new();
        for (at, first) in words.iter().enumerate().filter(|(_, word)| self.starts.may_begin(word)) {
            let rest = words.get(at..).unwrap_or_default();
            let mut take = |phrases: Option<&Vec<Phrase>>| {
                for phrase in phrases.into_iter().flatten().filter(|p| p.starts(rest)) {
                    found.insert(phrase.id);
                }
            };
            take(self.by_word.get(*first));
            key.clear();
            key.extend(first.chars().take(SHORTEST_STEM));
            take(self.by_stem.get(&key));
        }
        found
    }
}

/// The first three octets of every phrase: nearly every word of a text begins otherwise, and need not be looked up.
#[derive(Debug, Clone, Default)]
struct Starts(Vec<u64>);

impl Starts {
    fn insert(&mut self, word: &str) {
        self.0.resize(Self::SIZE.div_ceil(64), 0);
        let place = Self::place(word);
        if let Some(block) = self.0.get_mut(place / 64) {
            *block |= 1 << (place % 64);
        }
    }

    fn may_begin(&self, word: &str) -> bool {
        let place = Self::place(word);
        self.0.get(place / 64).is_some_and(|block| block & (1 << (place % 64)) != 0)
    }

    const KINDS: usize = 38;
    const SIZE: usize = Self::KINDS * Self::KINDS * Self::KINDS;

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

impl Phrase {
    fn starts(&self, words: &[&str]) -> bool {
        self.tokens.len() <= words.len()
            && self.tokens.iter().zip(words).all(|(token, word)| match token {
                Token::Word(expected) => expected == word,
                Token::Stem(stem) => word.starts_with(stem.as_str()),
            })
    }
}

impl Found {
    fn insert(&mut self, id: PhraseId) {
        if let Some(block) = self.0.get_mut(id / 64) {
            *block |= 1 << (id % 64);
        }
    }
    pub fn has(&self, id: PhraseId) -> bool {
        self.0.get(id / 64).is_some_and(|block| block & (1 << (id % 64)) != 0)
    }
    pub fn has_any(&self, ids: &[PhraseId]) -> bool {
        ids.iter().any(|id| self.has(*id))
    }
    pub fn join(&mut self, other: &Found) {
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| *mine |= theirs);
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

fn word(folded: &str) -> Token {
    Token::Word(folded.to_owned())
}

fn head(stem: &str) -> String {
    stem.chars().take(SHORTEST_STEM).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folding_leaves_letters_and_digits() {
        for (text, folded) in [
            ("L'Élu(e) – n° 2", "l elu e n 2"),
            ("CŒUR de ville", "coeur de ville"),
            ("cafe\u{301}", "cafe"),
            ("  \u{a0}", ""),
            ("NIS 2 : 5G", "nis 2 5g"),
            ("rançon\u{ad}giciel", "rancongiciel"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn words_are_found_whole_and_stems_by_their_start() {
        let mut lexicon = Lexicon::default();
        let elu = lexicon.add("élu").unwrap();
        let cyber = lexicon.add("cyber*").unwrap();
        let market = lexicon.add("marchés publics").unwrap();
        let active = lexicon.add("exploit* activement").unwrap();
        let la_reunion = lexicon.add("La Réunion").unwrap();
        assert_eq!(lexicon.add("ELU"), Ok(elu));
        for (text, ids) in [
            ("un élu", vec![elu]),
            ("élucider un éluard", vec![]),
            ("Cyberattaque", vec![cyber]),
            ("les marchés\u{a0}publics", vec![market]),
            ("marchés non publics", vec![]),
            ("faille exploitée activement", vec![active]),
            ("l'élu de la Réunion, cybermenacé", vec![elu, cyber, la_reunion]),
            ("", vec![]),
        ] {
            let found = lexicon.find(&fold(text));
            let all: Vec<PhraseId> = (0..lexicon.known.len()).filter(|id| found.has(*id)).collect();
            assert_eq!(all, ids, "{text}");
        }
        for bad in ["", " * ", "ab*", "cy*ber", "…"] {
            assert!(lexicon.add(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,60}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
