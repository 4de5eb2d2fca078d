//! The words of a source as templates see them: with links where addresses stand, and with whose they are.

use std::ops::Range;

use serde::Serialize;

use crate::bulletin::{Guide, Item, Question, Quote};

use super::{
    view::{foreign, language_name, web_address},
    words::one_line,
};
use crate::text::french;

#[derive(Serialize)]
pub(super) struct GuideView {
    /// « Que faire ? ».
    pub name: String,
    /// Whose words all the lines are, where they are one source's and need saying.
    pub source: Option<SourceView>,
    pub lines: Vec<QuoteView>,
    /// Whether it has more lines than are shown.
    pub is_cut: bool,
}

#[derive(Serialize)]
pub(super) struct QuoteView {
    /// The whole of it, with the address where it leads.
    pub text: String,
    /// The same cut up, so that addresses become links.
    pub pieces: Vec<PieceView>,
    /// BCP 47, unless it is French.
    pub lang: Option<String>,
    /// « en anglais ».
    pub language: Option<&'static str>,
    /// Whose words they are, where that needs saying.
    pub source: Option<SourceView>,
}

#[derive(Serialize)]
pub(super) struct PieceView {
    pub text: String,
    pub url: Option<String>,
}

#[derive(Serialize, Clone)]
pub(super) struct SourceView {
    pub name: String,
    pub url: Option<String>,
}

/// The parts of a guide. Sources are named where they are not all the one that the story names anyway: once where a
/// part has one, else line by line. Of each part `most` lines are shown.
pub(super) fn guide(item: &Item, most: usize) -> Vec<GuideView> {
    let guide: &Guide = &item.guide;
    let is_of_lead = |quote: &Quote| quote.source.is_empty() || quote.source == item.source;
    let all_of_lead = guide.all_lines().all(is_of_lead);
    let part = |question: Question| {
        let all = guide.lines(question);
        let lines = all.get(..most.min(all.len()))?;
        let first = lines.first()?;
        let is_one = lines.iter().all(|line| line.source == first.source);
        let per_line = !all_of_lead && !is_one;
        Some(GuideView {
            name: french(question.name()),
            source: if is_one && !all_of_lead { source(first) } else { None },
            is_cut: lines.len() < all.len(),
            lines: lines.iter().map(|line| view(line, per_line.then(|| source(line)).flatten())).collect(),
        })
    };
    Question::ALL.into_iter().filter_map(part).collect()
}

/// What other sources add to a summary: always with their name.
pub(super) fn more(item: &Item) -> Vec<QuoteView> {
    item.more.iter().map(|quote| view(quote, source(quote))).collect()
}

fn source(quote: &Quote) -> Option<SourceView> {
    let name = french(&one_line(&quote.source));
    (!name.is_empty()).then(|| SourceView { name, url: web_address(quote.url.as_deref()) })
}

fn view(quote: &Quote, source: Option<SourceView>) -> QuoteView {
    let lang = quote.language.as_deref().and_then(foreign);
    let text = one_line(&quote.text);
    let text = if lang.is_some() { text } else { french(&text) };
    let to = web_address(quote.link.as_deref());
    let mut pieces = pieces(&text, to.as_deref());
    let mut whole = text;
    if let Some(to) = to.filter(|to| !whole.contains(to.trim_end_matches('/'))) {
        whole = format!("{whole} ({to})");
        if pieces.iter().all(|piece| piece.url.is_none()) {
            pieces.push(PieceView { text: String::from(" ("), url: None });
            pieces.push(PieceView { text: bare(&to).to_owned(), url: Some(to) });
            pieces.push(PieceView { text: String::from(")"), url: None });
        }
    }
    QuoteView { text: whole, pieces, lang: lang.map(str::to_owned), language: lang.and_then(language_name), source }
}

/// A text cut at its addresses. `to` is where its bare form leads: « politie.nl/checkyourhack ».
fn pieces(text: &str, to: Option<&str>) -> Vec<PieceView> {
    let mut out = Vec::new();
    let mut from = 0;
    let plain = |range: Range<usize>| {
        let text = text.get(range).unwrap_or_default();
        (!text.is_empty()).then(|| PieceView { text: text.to_owned(), url: None })
    };
    while let Some((place, url)) = next_address(text, from, to) {
        out.extend(plain(from..place.start));
        from = place.end;
        out.push(PieceView { text: text.get(place).unwrap_or_default().to_owned(), url: Some(url) });
    }
    out.extend(plain(from..text.len()));
    out
}

fn next_address(text: &str, from: usize, to: Option<&str>) -> Option<(Range<usize>, String)> {
    let rest = text.get(from..)?;
    let written = rest.match_indices("http").find_map(|(at, _)| {
        let tail = rest.get(at..)?;
        let end = tail.find(|c: char| c.is_whitespace() || "<>\"«»".contains(c)).unwrap_or(tail.len());
        let address = tail.get(..end)?.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '…', '’', '\'']);
        let has_host = address
            .split_once("://")
            .is_some_and(|(scheme, host)| matches!(scheme, "http" | "https") && host.contains('.'));
        let url = web_address(Some(address)).filter(|_| has_host)?;
        Some((from + at..from + at + address.len(), url))
    });
    let bare = to.and_then(|to| {
        let shown = bare(to);
        let at = rest.find(shown).filter(|_| !shown.is_empty())?;
        Some((from + at..from + at + shown.len(), to.to_owned()))
    });
    match (written, bare) {
        // The bare form stands inside the address as written.
        (Some(written), Some(bare)) => Some(if bare.0.start < written.0.start { bare } else { written }),
        (written, bare) => written.or(bare),
    }
}

fn bare(url: &str) -> &str {
    let rest = url.trim_start_matches("https://").trim_start_matches("http://");
    rest.trim_start_matches("www.").trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, to: Option<&str>) -> String {
        let piece = |p: PieceView| p.url.map_or(p.text.clone(), |url| format!("[{}]({url})", p.text));
        pieces(text, to).into_iter().map(piece).collect()
    }

    #[test]
    fn addresses_in_a_quotation_become_links() {
        assert_eq!(
            shown("Voir https://www.politie.nl/checkyourhack, puis (https://a.fr/b).", None),
            "Voir [https://www.politie.nl/checkyourhack](https://www.politie.nl/checkyourhack), puis \
             ([https://a.fr/b](https://a.fr/b))."
        );
        assert_eq!(
            shown("Sur politie.nl/checkyourhack.", Some("https://www.politie.nl/checkyourhack")),
            "Sur [politie.nl/checkyourhack](https://www.politie.nl/checkyourhack)."
        );
        for text in ["http", "https://", "http://x", "javascript:alert(1) ftp://a.fr"] {
            assert_eq!(shown(text, None), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_character_is_lost(text in "(\\PC|https://a.fr|http| |é){0,20}") {
            let whole: String = pieces(&text, Some("https://a.fr/")).into_iter().map(|piece| piece.text).collect();
            proptest::prop_assert_eq!(whole, text);
        }
    }
}
