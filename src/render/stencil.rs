//! The mail of an edition with holes, where each reader's own words go: made once for all who chose the same.

use crate::{bulletin::Edition, config::Site, model::Sections};

use super::{
    RenderError, Templates,
    mail::{Reader, ReaderView, bulletin_mail},
};

/// A mail that is shared up to its foot, and the foot in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stencil {
    pub subject: String,
    pub text: Pierced,
    pub html: Pierced,
}

/// A text with holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pierced {
    /// Whole lines before the first hole.
    pub head: String,
    /// The rest: what stands before each hole and which it is, and what stands behind the last.
    pieces: Vec<(String, usize)>,
    end: String,
}

/// One reader's own words, in the order of the holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    pub fn of(reader: &Reader<'_>, site: &Site, sections: &Sections) -> Self {
        let view = ReaderView::new(reader, site, sections);
        let rest = [
            view.unsubscribe,
            view.write_to.unwrap_or_default(),
            view.write_what.unwrap_or_default(),
            view.preferences_at,
        ];
        Self([view.address, view.since, view.consent].into_iter().chain(rest).collect())
    }
}

impl Stencil {
    /// Writes the mail for a sample reader, whose words must occur nowhere else, and takes them out. The sample's
    /// preferences are those of all who get it.
    ///
    /// # Errors
    /// As [`bulletin_mail`].
    pub fn new(
        templates: &Templates,
        edition: &Edition,
        site: &Site,
        sections: &Sections,
        sample: &Reader<'_>,
    ) -> Result<Self, RenderError> {
        let mail = bulletin_mail(templates, edition, site, sections, sample)?;
        let Words(words) = Words::of(sample, site, sections);
        let escaped: Vec<String> = words.iter().map(|word| escape(word)).collect();
        Ok(Self {
            subject: mail.subject,
            text: Pierced::new(&mail.text, &words),
            html: Pierced::new(&mail.html, &escaped),
        })
    }

    /// The rest of the text part behind its head, for one reader.
    pub fn text_tail(&self, Words(words): &Words) -> String {
        self.text.fill(words)
    }

    /// The same of the HTML part.
    pub fn html_tail(&self, Words(words): &Words) -> String {
        self.html.fill(&words.iter().map(|word| escape(word)).collect::<Vec<_>>())
    }
}

impl Pierced {
    fn new(text: &str, words: &[String]) -> Self {
        let first_of = |rest: &str| {
            let found = words.iter().enumerate().filter(|(_, word)| !word.is_empty());
            // At one place the longest: a link holds the address that it leads to.
            let found = found.filter_map(|(hole, word)| Some((rest.find(word.as_str())?, word.len(), hole)));
            found.min_by_key(|(at, len, _)| (*at, usize::MAX - len))
        };
        let start = first_of(text).map_or(text.len(), |(at, ..)| at);
        let head = text.get(..start).and_then(|head| head.rfind('\n')).map_or(0, |end| end + 1);
        let (head, mut rest) = text.split_at(head);
        let mut pieces = Vec::new();
        while let Some((at, len, hole)) = first_of(rest) {
            pieces.push((rest.get(..at).unwrap_or_default().to_owned(), hole));
            rest = rest.get(at + len..).unwrap_or_default();
        }
        Self { head: head.to_owned(), pieces, end: rest.to_owned() }
    }

    fn fill(&self, words: &[String]) -> String {
        let mut out =
            String::with_capacity(self.end.len() + self.pieces.iter().map(|(p, _)| p.len() + 60).sum::<usize>());
        for (piece, hole) in &self.pieces {
            out.push_str(piece);
            out.push_str(words.get(*hole).map_or("", String::as_str));
        }
        out.push_str(&self.end);
        out
    }
}

/// For the text of an element, and for an attribute between double quotes.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}
