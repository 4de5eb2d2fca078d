//! What the conditions of the rules look at, found once.

use super::{
    case::Case,
    cvss,
    rules::{Cases, Rules},
    words::{Found, fold},
};
use crate::model::{Draft, Nature, SectionId, Source};

/// Beyond so many bytes a text says nothing more about its shelf.
const READ: usize = 50_000;
/// So many words of a text tell what it is about: the rest goes into the particulars.
const LEAD: usize = 150;

pub(super) struct Seen<'a> {
    pub source: &'a Source,
    draft: &'a Draft,
    /// Lower case.
    address: String,
    pub title: Found,
    pub categories: Found,
    subject: Found,
    /// Summary and text, of which the beginning counts for a section.
    pub body: Found,
    text: Found,
    /// In tenths.
    cvss: Option<u32>,
}

/// The shelf that was found.
#[derive(Clone, Copy)]
pub(super) struct Put<'a> {
    pub section: &'a SectionId,
    pub nature: Nature,
}

impl<'a> Seen<'a> {
    pub fn new(rules: &Rules, source: &'a Source, draft: &'a Draft) -> Self {
        let find = |text: &str, lead: usize| rules.lexicon.find(&fold(text), lead);
        let title = find(&draft.title, usize::MAX);
        let mut categories = Found::default();
        for category in &draft.categories {
            categories.join(&find(category, usize::MAX));
        }
        let mut subject = title.clone();
        subject.join(&categories);
        // Most summaries are the beginning of the text, or all of it.
        let summary = if begins(&draft.text, &draft.summary) { "" } else { &draft.summary };
        let (mut body, mut cvss) = (Found::default(), cvss::score(&draft.title));
        for part in [summary, &draft.text] {
            let part = part.get(..part.floor_char_boundary(READ)).unwrap_or(part);
            body.join(&find(part, LEAD));
            cvss = cvss.max(cvss::score(part));
        }
        let mut text = title.clone();
        text.join(&body);
        let address = draft.url.as_ref().map(|url| url.as_str().to_lowercase()).unwrap_or_default();
        Self { source, draft, address, title, categories, subject, body, text, cvss }
    }

    /// Whether one of the cases holds that are named, and none of the exceptions.
    pub fn meets_one(&self, cases: &Cases, put: Option<Put<'_>>) -> bool {
        let one = |list: &[Case]| list.iter().any(|case| self.meets(case, put));
        one(&cases.when) && !one(&cases.unless)
    }

    pub fn meets(&self, case: &Case, put: Option<Put<'_>>) -> bool {
        fn named<T: PartialEq>(list: &[T], is: impl Fn(&T) -> bool) -> bool {
            list.is_empty() || list.iter().any(is)
        }
        let reference = self.draft.reference.as_ref();
        let number = reference.map_or("", |reference| &reference.number);
        let words = |list: &[usize], found: &Found| list.is_empty() || found.has_any(list);
        named(&case.source, |id| id == self.source.id.as_str())
            && named(&case.source_section, |section| *section == self.source.section)
            && named(&case.authority, |authority| *authority == self.source.authority)
            && named(&case.section, |section| put.is_some_and(|put| put.section == section))
            && named(&case.nature, |nature| put.is_some_and(|put| put.nature == *nature))
            && named(&case.issuer, |issuer| reference.is_some_and(|reference| reference.issuer == *issuer))
            && named(&case.number_has, |part| number.contains(part.as_str()))
            && named(&case.address_has, |part| self.address.contains(part.as_str()))
            && case.cvss.is_none_or(|least| self.cvss >= Some(least))
            && words(&case.title_has, &self.title)
            && words(&case.category_has, &self.categories)
            && words(&case.subject_has, &self.subject)
            && words(&case.text_has, &self.text)
    }
}

/// Whether `text` holds all words of `start` at its front.
fn begins(text: &str, start: &str) -> bool {
    let rest = text.strip_prefix(start.trim_end_matches(['…', '.', ' ']));
    rest.is_some_and(|rest| text.len() <= READ && !rest.starts_with(char::is_alphanumeric))
}
