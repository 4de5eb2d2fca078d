//! What changed between two states of a text, in words.

use serde::Serialize;
use similar::{Algorithm, ChangeTag, DiffOp, TextDiff, capture_diff_slices};

/// A stretch of words that both states share, or that only one of them has. Joined in order, the pieces that are not
/// `Added` give the former text, those that are not `Removed` the present one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", content = "text", rename_all = "snake_case")]
pub enum Piece {
    Kept(String),
    Removed(String),
    Added(String),
}

/// Longer stretches are compared line by line only: word by word, two texts that share nothing cost the product of their
/// lengths.
const MOST_WORDS: usize = 4_000;

/// The changes from one text to another: lines first, then the words of the lines that differ.
pub fn changes(before: &str, after: &str) -> Vec<Piece> {
    let (old, new): (Vec<&str>, Vec<&str>) = (lines(before), lines(after));
    let mut pieces = Pieces::default();
    for op in capture_diff_slices(Algorithm::Patience, &old, &new) {
        let before = old.get(op.old_range()).unwrap_or_default().concat();
        let after = new.get(op.new_range()).unwrap_or_default().concat();
        match op {
            DiffOp::Equal { .. } => pieces.push(ChangeTag::Equal, &before),
            DiffOp::Replace { .. } => pieces.words(&before, &after),
            DiffOp::Delete { .. } | DiffOp::Insert { .. } => {
                pieces.push(ChangeTag::Delete, &before);
                pieces.push(ChangeTag::Insert, &after);
            }
        }
    }
    pieces.0
}

/// As people write it by hand (wdiff): `[-removed-]`, `{+added+}`, with at most `context` characters of what stayed on
/// each side of a change.
pub fn marked(pieces: &[Piece], context: usize) -> String {
    let mut out = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Removed(text) => out += &format!("[-{text}-]"),
            Piece::Added(text) => out += &format!("{{+{text}+}}"),
            Piece::Kept(text) => {
                let (first, last) = (at == 0, at + 1 == pieces.len());
                out += &shortened(text, if first { 0 } else { context }, if last { 0 } else { context });
            }
        }
    }
    out
}

/// The first `head` and the last `tail` characters, when there is something to leave out between them.
fn shortened(text: &str, head: usize, tail: usize) -> String {
    let count = text.chars().count();
    if count <= head + tail + 20 {
        return text.to_owned();
    }
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    format!("{start} […] {end}").trim().to_owned() + if tail == 0 { "" } else { trailing(text) }
}

/// The white space at the end of a text, which a change follows.
fn trailing(text: &str) -> &str {
    text.get(text.trim_end().len()..).unwrap_or_default()
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

#[derive(Default)]
struct Pieces(Vec<Piece>);

impl Pieces {
    fn words(&mut self, before: &str, after: &str) {
        if before.split(' ').count() + after.split(' ').count() > MOST_WORDS {
            self.push(ChangeTag::Delete, before);
            return self.push(ChangeTag::Insert, after);
        }
        let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_unicode_words(before, after);
        for change in diff.iter_all_changes() {
            self.push(change.tag(), change.value());
        }
    }

    fn push(&mut self, tag: ChangeTag, text: &str) {
        if text.is_empty() {
            return;
        }
        match (tag, self.0.last_mut()) {
            (ChangeTag::Equal, Some(Piece::Kept(last)))
            | (ChangeTag::Delete, Some(Piece::Removed(last)))
            | (ChangeTag::Insert, Some(Piece::Added(last))) => last.push_str(text),
            (ChangeTag::Equal, _) => self.0.push(Piece::Kept(text.to_owned())),
            (ChangeTag::Delete, _) => self.0.push(Piece::Removed(text.to_owned())),
            (ChangeTag::Insert, _) => self.0.push(Piece::Added(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_words_that_moved_are_told() {
        let before = "Une vulnérabilité a été découverte dans SPIP.\nCVE-2026-0001\nContactez votre prestataire.";
        let after = "De multiples vulnérabilités ont été découvertes dans SPIP.\nCVE-2026-0001\nCVE-2026-0002\nContactez votre prestataire.";
        let told = marked(&changes(before, after), 40);
        let expected = "[-Une-]{+De multiples+} [-vulnérabilité-]{+vulnérabilités+} [-a-]{+ont+} été \
            [-découverte-]{+découvertes+} dans SPIP.\nCVE-2026-0001\n{+CVE-2026-0002\n+}Contactez votre prestataire.";
        assert_eq!(told, expected);
        assert_eq!(changes("même texte", "même texte"), [Piece::Kept("même texte".into())]);
        assert_eq!(changes("", ""), []);
    }

    #[test]
    fn what_did_not_change_is_cut_short() {
        let long = "mot ".repeat(200);
        let told = marked(&changes(&format!("{long}vieux\n{long}"), &format!("{long}neuf\n{long}")), 10);
        assert!(told.chars().count() < 80, "{told}");
        assert!(told.contains("[-vieux-]{+neuf+}"), "{told}");
    }

    proptest! {
        #[test]
        fn both_states_can_be_read_back(before in "[a-c \n]{0,60}", after in "[a-c \n]{0,60}") {
            let pieces = changes(&before, &after);
            let side = |keep: fn(&Piece) -> Option<&String>| pieces.iter().filter_map(keep).cloned().collect::<String>();
            let old = side(|p| match p { Piece::Kept(t) | Piece::Removed(t) => Some(t), Piece::Added(_) => None });
            let new = side(|p| match p { Piece::Kept(t) | Piece::Added(t) => Some(t), Piece::Removed(_) => None });
            prop_assert_eq!((old, new), (before, after));
        }
    }
}
