//! On which shelf a notice goes: section, nature, severity, and the rule that decided each.
//!
//! The rules are data (`rules.toml`), so that an installation can have its own sections and words.

mod fields;
mod rules;
#[cfg(test)]
mod tests;
mod words;

use rules::{Case, Rule};
use words::{Found, fold};

pub use rules::{Mistake, Rules};

use crate::model::{Draft, Nature, SectionId, Severity, Source};

/// Where a notice goes, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelved {
    pub section: SectionId,
    /// Other shelves that the rules put it on besides.
    pub also: Vec<SectionId>,
    pub nature: Nature,
    pub severity: Severity,
    pub relevance: Relevance,
    /// For editors, one line a field: « nature : Alerte (règle « CERT-FR alerte ») ».
    pub because: Vec<String>,
}

/// How much a notice concerns local authorities: the sum of what the rules give and take.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Relevance {
    pub points: i32,
    /// For editors, in French, with the points of each.
    pub because: Vec<(String, i32)>,
}

/// Beyond so many bytes a text says nothing more about its shelf.
const READ: usize = 50_000;

/// Shelves one notice: for section and nature the first rule that holds, else what the source has; of the severities
/// the greatest, else [`Severity::Info`].
pub fn classify(rules: &Rules, source: &Source, draft: &Draft) -> Shelved {
    let seen = Seen::new(rules, source, draft);
    let holding: Vec<&Rule> = rules.rules.iter().filter(|rule| rule.when.iter().any(|case| seen.meets(case))).collect();

    let section = holding.iter().find_map(|rule| Some((rule.section.as_ref()?, rule)));
    let nature = holding.iter().find_map(|rule| Some((rule.nature?, rule)));
    let severity = holding.iter().filter_map(|rule| Some((rule.severity?, rule)));
    // Of equals the first, so that the reason does not depend on what follows.
    let severity = severity.reduce(|best, next| if next.0 > best.0 { next } else { best });

    let by = |rule: Option<&Rule>| match rule {
        Some(rule) => format!("règle « {} »", rule.name),
        None => format!("celle de la source « {} »", source.name),
    };
    let (section, section_rule) = section.map_or((&source.section, None), |(s, rule)| (s, Some(*rule)));
    let (nature, nature_by) = match (nature, draft.nature) {
        (Some((nature, rule)), _) => (nature, by(Some(rule))),
        (None, Some(nature)) => (nature, format!("celle que la source « {} » donne au document", source.name)),
        (None, None) => (source.nature, by(None)),
    };
    let (severity, severity_by) = match severity {
        Some((severity, rule)) => (severity, by(Some(rule))),
        None => (Severity::Info, "aucune règle".to_owned()),
    };
    let because = vec![
        format!("rubrique : {} ({})", rules.sections().name(section), by(section_rule)),
        format!("nature : {} ({})", nature.prefix(), nature_by),
        format!("gravité : {} ({severity_by})", severity.name()),
    ];
    let relevance = Relevance::default();
    Shelved { section: section.clone(), also: Vec::new(), nature, severity, relevance, because }
}

/// What the conditions of the rules look at, found once.
struct Seen<'a> {
    source: &'a Source,
    draft: &'a Draft,
    /// Lower case.
    address: String,
    title: Found,
    categories: Found,
    subject: Found,
    text: Found,
}

impl<'a> Seen<'a> {
    fn new(rules: &Rules, source: &'a Source, draft: &'a Draft) -> Self {
        let find = |text: &str| rules.lexicon.find(&fold(text));
        let title = find(&draft.title);
        let mut categories = Found::default();
        let mut subject = title.clone();
        for (i, category) in draft.categories.iter().enumerate() {
            let found = find(category);
            subject.join(&found);
            match i {
                0 => categories = found,
                _ => categories.join(&found),
            }
        }
        let mut text = title.clone();
        // Most summaries are the beginning of the text, or all of it.
        let summary = if begins(&draft.text, &draft.summary) { "" } else { &draft.summary };
        for part in [summary, &draft.text] {
            text.join(&find(part.get(..part.floor_char_boundary(READ)).unwrap_or(part)));
        }
        let address = draft.url.as_ref().map(|url| url.as_str().to_lowercase()).unwrap_or_default();
        Self { source, draft, address, title, categories, subject, text }
    }

    fn meets(&self, case: &Case) -> bool {
        let reference = self.draft.reference.as_ref();
        let named = |list: &[String], text: &str| list.is_empty() || list.iter().any(|entry| entry == text);
        let part =
            |list: &[String], text: &str| list.is_empty() || list.iter().any(|entry| text.contains(entry.as_str()));
        let words = |list: &[usize], found: &Found| list.is_empty() || found.has_any(list);
        named(&case.source, self.source.id.as_str())
            && named(&case.source_section, self.source.section.as_str())
            && (case.issuer.is_empty() || reference.is_some_and(|r| case.issuer.contains(&r.issuer)))
            && part(&case.number_has, reference.map_or("", |r| &r.number))
            && part(&case.address_has, &self.address)
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
