//! The part of a text that shows why it was found.

use std::ops::Range;

use serde::Serialize;

use super::{Query, Stems};

/// Part of a text, on one line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Excerpt {
    pub text: String,
    /// Where in it the words stand that were looked for, in octets.
    pub marks: Vec<Range<usize>>,
}

impl Excerpt {
    /// The excerpt with a sign around each word that was looked for.
    pub fn marked(&self, open: &str, close: &str) -> String {
        let mut out = String::with_capacity(self.text.len() + 16);
        let mut done = 0;
        for mark in &self.marks {
            out.push_str(self.text.get(done..mark.start).unwrap_or_default());
            out.push_str(open);
            out.push_str(self.text.get(mark.clone()).unwrap_or_default());
            out.push_str(close);
            done = mark.end;
        }
        out.push_str(self.text.get(done..).unwrap_or_default());
        out
    }
}

/// Words that are looked at for the best place.
const MOST: usize = 200;
/// What stands before the first word that was looked for, in octets.
const LEAD: usize = 60;

/// About `width` octets of a text around the words that were looked for, where most of them stand together; its
/// beginning when it has none.
pub fn excerpt(text: &str, query: &Query, stems: &mut Stems, width: usize) -> Excerpt {
    let mut hits: Vec<(Range<usize>, String)> = Vec::new();
    stems.each(text, |term, place| {
        let inside = hits.last().is_some_and(|(last, _)| place.start < last.end);
        if hits.len() < MOST && !inside && query.names(term) {
            hits.push((place, term.to_owned()));
        }
    });
    // Of equals the first.
    let mut best = (0, 0);
    for (n, (place, _)) in hits.iter().enumerate() {
        let near = hits.iter().skip(n).take_while(|(other, _)| other.end <= place.start + width - LEAD.min(width));
        let mut terms: Vec<&str> = near.map(|(_, term)| term.as_str()).collect();
        terms.sort_unstable();
        terms.dedup();
        if terms.len() > best.0 {
            best = (terms.len(), place.start);
        }
    }
    let start = word_start(text, best.1.saturating_sub(LEAD));
    let end = word_end(text, start.saturating_add(width));
    let window = text.get(start..end).unwrap_or_default();
    let kept = window.trim();
    let start = start + (window.len() - window.trim_start().len());
    let (before, after) = (if start > 0 { "… " } else { "" }, if start + kept.len() < text.len() { "…" } else { "" });
    let marks = hits.into_iter().map(|(place, _)| place);
    let inside = marks.filter(|place| place.start >= start && place.end <= start + kept.len());
    let shift = |at: usize| at - start + before.len();
    Excerpt {
        marks: inside.map(|place| shift(place.start)..shift(place.end)).collect(),
        text: format!("{before}{}{after}", kept.replace('\n', " ")),
    }
}

/// The beginning of the first word from there on.
fn word_start(text: &str, at: usize) -> usize {
    if at == 0 {
        return 0;
    }
    let at = text.ceil_char_boundary(at.min(text.len()));
    text.get(at..).and_then(|rest| rest.find(char::is_whitespace)).filter(|space| *space < LEAD).map_or(at, |n| at + n)
}

/// The end of the last word before that.
fn word_end(text: &str, at: usize) -> usize {
    if at >= text.len() {
        return text.len();
    }
    let at = text.floor_char_boundary(at);
    text.get(..at).and_then(|front| front.rfind(char::is_whitespace)).filter(|space| at - space < LEAD).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_shown_where_they_stand_together() {
        let far = "mot ".repeat(100);
        let text = format!("Une commune.\n{far}\nLa commune de Lyon subit une attaque. {far}");
        let found = excerpt(&text, &Query::parse("attaques communes"), &mut Stems::default(), 160);
        assert!(found.text.starts_with("… ") && found.text.ends_with('…') && found.text.len() < 180, "{}", found.text);
        assert!(found.marked("[", "]").contains("La [commune] de Lyon subit une [attaque]."), "{}", found.text);
    }

    #[test]
    fn a_reference_is_marked_once_and_a_text_without_the_words_begins() {
        let mut stems = Stems::default();
        let found = excerpt("Voir CVE-2024-1234 !", &Query::parse("cve-2024-1234"), &mut stems, 80);
        assert_eq!(found.marked("[", "]"), "Voir [CVE-2024-1234] !");
        assert_eq!(excerpt("Un\ndeux", &Query::parse("rien"), &mut stems, 80).text, "Un deux");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_accepted(text in "(\\PC|été |\\n){0,80}", words in "\\PC{0,9}|été|a*", width in 0_usize..90) {
            let found = excerpt(&text, &Query::parse(&words), &mut Stems::default(), width);
            for mark in &found.marks {
                proptest::prop_assert!(found.text.get(mark.clone()).is_some());
            }
        }
    }
}
