//! The words of a text as the search index keeps them, and what somebody looks for in the same form.
//!
//! A term is a word without case, accents and French ending: « Collectivités » and « collectivite » are one. Accents go
//! before the ending does, so that who types none finds the same. What a reference is made of also stays together:
//! `CVE-2024-1234` is the term `cve20241234`, and then `cve`, `2024`, `1234`.

mod excerpt;
mod query;

use std::{collections::HashMap, ops::Range};

use rust_stemmers::{Algorithm, Stemmer};

use crate::text;

pub use excerpt::{Excerpt, excerpt};
pub use query::{Query, Wanted};

/// How much of a text is looked at, in octets.
pub const LONGEST: usize = 60_000;
/// A word of more octets is cut, and what would make a longer term is no reference.
pub const LONGEST_WORD: usize = 40;
/// Parts of a reference, beyond which it is an address.
const MOST_PARTS: usize = 6;
/// Words that are remembered with their stem.
const MOST_KNOWN: usize = 40_000;

/// Takes the endings off French words, and remembers those it has seen: a vocabulary repeats.
pub struct Stems {
    stemmer: Stemmer,
    places: HashMap<Box<str>, usize>,
    stems: Vec<Box<str>>,
}

impl Default for Stems {
    fn default() -> Self {
        Self { stemmer: Stemmer::create(Algorithm::French), places: HashMap::new(), stems: Vec::new() }
    }
}

impl Stems {
    /// The terms of a text, in its order, with one space between them.
    pub fn of(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len().min(LONGEST));
        self.each(text, |term, _| {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(term);
        });
        out
    }

    /// Calls back with each term and the place of its word in the text, in octets.
    pub fn each(&mut self, text: &str, mut with: impl FnMut(&str, Range<usize>)) {
        let text = text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text);
        each_word(text, |word, place| match word {
            Word::Plain(word) if is_empty(word) => {}
            Word::Plain(word) => with(self.stem(word), place),
            Word::Joined(word) => with(word, place),
        });
    }

    /// One word that is folded already (lower case, no accents) without its ending.
    pub fn stem<'a>(&'a mut self, word: &'a str) -> &'a str {
        let word = word.get(..word.floor_char_boundary(LONGEST_WORD)).unwrap_or(word);
        // Numbers, abbreviations and other alphabets have no ending to lose.
        if word.len() < 4 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return word;
        }
        let place = match self.places.get(word) {
            Some(place) => *place,
            None => {
                if self.stems.len() >= MOST_KNOWN {
                    self.places.clear();
                    self.stems.clear();
                }
                self.stems.push(without_ending(&self.stemmer, word).into());
                self.places.insert(word.into(), self.stems.len() - 1);
                self.stems.len() - 1
            }
        };
        self.stems.get(place).map_or("", |stem| stem)
    }
}

/// The algorithm leaves a plural such as « élus » as it is, and « exploitée » without its accent one e too many; of
/// « communication » it would leave as little as of « commune ».
fn without_ending(stemmer: &Stemmer, word: &str) -> String {
    let singular = word.strip_suffix('s').unwrap_or(word);
    match singular.strip_suffix("ication") {
        Some(front) => format!("{front}ic"),
        None => stemmer.stem(singular).trim_end_matches('e').to_owned(),
    }
}

/// One word of a text, folded.
enum Word<'a> {
    Plain(&'a str),
    /// The parts of a reference in one; they follow one by one.
    Joined(&'a str),
}

/// Calls back with the words of a text, without those that an apostrophe cuts short (« l’eau » is `eau`).
fn each_word(text: &str, mut with: impl FnMut(Word, Range<usize>)) {
    let mut run = Run::default();
    let mut done = 0;
    while let Some(rest) = text.get(done..).filter(|rest| !rest.is_empty()) {
        let letters = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        if letters > 0 {
            run.push(rest.get(..letters).unwrap_or_default(), done, done + letters);
        }
        let Some(c) = rest.get(letters..).and_then(|tail| tail.chars().next()) else { break };
        let at = done + letters;
        let end = at + c.len_utf8();
        done = end;
        match c {
            ' ' | '\n' => run.finish(&mut with),
            '\'' | '’' if run.is_elided() => run.clear(),
            '\u{ad}' => {} // soft hyphen: inside a word
            '-' | '.' | '/' | ':' | '_' | '\u{2010}' | '\u{2011}' | '\u{2013}' => {
                if !run.join() {
                    run.finish(&mut with);
                }
            }
            _ if c.is_ascii() => run.finish(&mut with),
            _ => text::fold(c, |part| match part {
                'œ' => run.push("oe", at, end),
                'æ' => run.push("ae", at, end),
                _ if part.is_alphanumeric() => run.push(part.encode_utf8(&mut [0; 4]), at, end),
                _ => run.finish(&mut with),
            }),
        }
    }
    run.finish(&mut with);
}

/// Words that are joined by single dashes, dots and their like, as far as they were read.
#[derive(Default)]
struct Run {
    letters: String,
    /// Of each part its place in `letters`, and in the text.
    parts: Vec<(Range<usize>, Range<usize>)>,
    state: State,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Empty,
    InWord,
    /// Behind a joint: what follows at once is the next part.
    AtJoint,
}

impl Run {
    /// Takes letters and digits, of which those of ASCII may be upper case.
    fn push(&mut self, letters: &str, at: usize, end: usize) {
        let from = self.letters.len();
        self.letters.push_str(letters);
        self.letters.get_mut(from..).unwrap_or_default().make_ascii_lowercase();
        match self.parts.last_mut().filter(|_| self.state == State::InWord) {
            Some((letters, place)) => (letters.end, place.end) = (self.letters.len(), end),
            None => self.parts.push((from..self.letters.len(), at..end)),
        }
        self.state = State::InWord;
    }

    /// Whether the joint may belong to a reference.
    fn join(&mut self) -> bool {
        let joins = self.state == State::InWord;
        if joins {
            self.state = State::AtJoint;
        }
        joins
    }

    fn is_elided(&self) -> bool {
        self.state == State::InWord && self.parts.len() == 1 && ELIDED.contains(&self.letters.as_str())
    }

    fn finish(&mut self, with: &mut impl FnMut(Word, Range<usize>)) {
        if self.state == State::Empty {
            return;
        }
        if let [(_, first), .., (_, last)] = self.parts.as_slice()
            && self.parts.len() <= MOST_PARTS
            && self.letters.len() <= LONGEST_WORD
            && self.letters.bytes().any(|byte| byte.is_ascii_digit())
        {
            with(Word::Joined(&self.letters), first.start..last.end);
        }
        for (letters, place) in &self.parts {
            with(Word::Plain(self.letters.get(letters.clone()).unwrap_or_default()), place.clone());
        }
        self.clear();
    }

    fn clear(&mut self) {
        self.letters.clear();
        self.parts.clear();
        self.state = State::Empty;
    }
}

/// Words of every text, which are a third of it and tell nothing: they are neither kept nor looked for.
fn is_empty(word: &str) -> bool {
    matches!(
        word,
        "a" | "au"
            | "aux"
            | "ce"
            | "ces"
            | "cet"
            | "cette"
            | "dans"
            | "de"
            | "des"
            | "du"
            | "elle"
            | "en"
            | "est"
            | "et"
            | "il"
            | "la"
            | "le"
            | "les"
            | "leur"
            | "leurs"
            | "ou"
            | "par"
            | "pour"
            | "qui"
            | "que"
            | "sa"
            | "se"
            | "ses"
            | "son"
            | "sont"
            | "sur"
            | "un"
            | "une"
    )
}

const ELIDED: [&str; 14] =
    ["l", "d", "j", "m", "t", "s", "n", "c", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "quelqu"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_one_family_are_one_term() {
        let mut stems = Stems::default();
        for family in [
            vec!["collectivité", "Collectivités", "collectivite", "COLLECTIVITÉS"],
            vec!["attaque", "attaques", "attaqué", "attaquées"],
            vec!["vulnérabilité", "vulnérabilités", "Vulnerabilite"],
            vec!["communal", "communale", "communales", "communaux"],
            vec!["exploiter", "exploité", "exploitées", "exploitée"],
            vec!["œuvre", "oeuvres"],
            vec!["l’eau", "l'Eau", "eau", "eaux"],
            vec!["élu", "Élus", "elu", "élue", "élues"],
            vec!["loi", "lois"],
        ] {
            let terms: Vec<String> = family.iter().map(|word| stems.of(word)).collect();
            assert!(terms.iter().all(|term| term == &terms[0]), "{family:?}: {terms:?}");
        }
        assert_ne!(stems.of("commune"), stems.of("communication"));
    }

    #[test]
    fn references_are_kept_whole_and_in_parts() {
        let mut stems = Stems::default();
        for (text, terms) in [
            ("CVE-2024-1234", "cve20241234 cve 2024 1234"),
            ("CVE‑2024‑1234.", "cve20241234 cve 2024 1234"),
            ("CERTFR-2024-AVI-0001,", "certfr2024avi0001 certfr 2024 avi 0001"),
            ("NOR : ARMM2621619A", "nor armm2621619a"),
            ("7.4.2", "742 7 4 2"),
            ("peut-être", "peut etr"),
            ("la mise en demeure de l’État", "mis demeur etat"),
            ("fin. Début -- x", "fin debut x"),
            ("rançon\u{ad}giciel", "rancongiciel"),
            ("", ""),
            ("… « » !", ""),
        ] {
            assert_eq!(stems.of(text), terms, "{text}");
        }
        assert_eq!(stems.of("https://a.fr/1/2/3/4/5/6/7/8").split(' ').next(), Some("http"));
    }

    #[test]
    fn a_vocabulary_without_end_is_not_remembered() {
        let mut stems = Stems::default();
        let word = |n: usize| -> String {
            format!("mot{n:08}").chars().map(|c| if c.is_ascii_digit() { (c as u8 + 49) as char } else { c }).collect()
        };
        (0..2 * MOST_KNOWN).for_each(|n| drop(stems.of(&word(n))));
        assert!(stems.stems.len() <= MOST_KNOWN && stems.places.len() == stems.stems.len());
    }

    proptest::proptest! {
        #[test]
        fn places_are_those_of_the_words(text in "(\\PC|[a-z0-9]{1,4}|[-’'. ]){0,40}") {
            let mut end = 0;
            Stems::default().each(&text, |term, place| {
                assert!(!term.contains([' ', '"', '*']));
                assert!(text.get(place.clone()).is_some_and(|word| !word.is_empty()));
                end = end.max(place.end);
            });
            proptest::prop_assert!(end <= text.len());
        }
    }
}
