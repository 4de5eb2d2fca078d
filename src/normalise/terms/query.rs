//! What somebody looks for.

use super::{Stems, Word, each_word};

/// What a document must have, and what it must not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// All of them.
    pub wanted: Vec<Wanted>,
    /// None of them.
    pub unwanted: Vec<Wanted>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// These terms, one after the other.
    Terms(Vec<String>),
    /// A word that begins so, or of that stem: a term may be shorter than what was written of its word.
    Start { start: String, stem: String },
}

/// What nobody types by hand.
const MOST: usize = 40;
/// A shorter start would find nearly everything.
const SHORTEST_START: usize = 2;

impl Query {
    /// Reads words, `"phrases"` in any quotation marks, `start*`, and `-word` for one that must not be there. Any text is a
    /// query; that of no word is empty.
    pub fn parse(written: &str) -> Self {
        let mut stems = Stems::default();
        let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
        for (n, part) in written.split(['"', '«', '»', '“', '”']).enumerate() {
            if n % 2 == 1 {
                wanted.extend(terms(&mut stems, part));
                continue;
            }
            for word in part.split_whitespace() {
                let (kept, word) = match word.strip_prefix('-') {
                    Some(word) => (&mut unwanted, word),
                    None => (&mut wanted, word),
                };
                match word.strip_suffix('*') {
                    Some(start) => kept.extend(begins(&mut stems, start)),
                    None => kept.extend(terms(&mut stems, word)),
                }
            }
        }
        wanted.truncate(MOST);
        unwanted.truncate(MOST);
        Self { wanted, unwanted }
    }

    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Whether a term is one of those that were asked for.
    pub fn names(&self, term: &str) -> bool {
        self.wanted.iter().any(|wanted| match wanted {
            Wanted::Terms(terms) => terms.iter().any(|asked| asked == term),
            Wanted::Start { start, stem } => term == stem || term.starts_with(start.as_str()),
        })
    }
}

fn terms(stems: &mut Stems, written: &str) -> Option<Wanted> {
    let mut terms = Vec::new();
    stems.each(written, |term, _| terms.push(term.to_owned()));
    terms.truncate(MOST);
    (!terms.is_empty()).then_some(Wanted::Terms(terms))
}

fn begins(stems: &mut Stems, written: &str) -> Option<Wanted> {
    // Of a reference, all that was written of it; of several words, the last.
    let mut start = String::new();
    let mut whole = false;
    each_word(written, |word, _| match word {
        Word::Joined(word) => (start, whole) = (word.to_owned(), true),
        Word::Plain(word) if !whole => start = word.to_owned(),
        Word::Plain(_) => {}
    });
    if start.chars().count() < SHORTEST_START {
        return terms(stems, written);
    }
    let stem = stems.of(&start);
    Some(Wanted::Start { start, stem })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(terms: &[&str]) -> Wanted {
        Wanted::Terms(terms.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn words_phrases_and_starts_are_told_apart() {
        let start = |start: &str, stem: &str| Wanted::Start { start: start.into(), stem: stem.into() };
        for (written, wanted) in [
            ("eaux usées", vec![some(&["eau"]), some(&["us"])]),
            ("\"marchés publics\" l’État", vec![some(&["march", "public"]), some(&["etat"])]),
            ("« marchés publics »", vec![some(&["march", "public"])]),
            ("cyber*", vec![start("cyber", "cyb")]),
            ("collectivités*", vec![start("collectivites", "collectivit")]),
            ("CVE-2024*", vec![start("cve2024", "cve2024")]),
            ("CVE-2024-1234", vec![some(&["cve20241234", "cve", "2024", "1234"])]),
            ("x* \"", vec![some(&["x"])]),
            ("", vec![]),
            ("* ( ) ^ - : \" ' *", vec![]),
            ("a AND NOT (b OR c)", ["and", "not", "b", "or", "c"].map(|word| some(&[word])).to_vec()),
        ] {
            assert_eq!(Query::parse(written).wanted, wanted, "{written}");
        }
    }
}
