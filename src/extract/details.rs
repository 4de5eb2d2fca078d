//! The second step of a source that gives its documents in two: a list, and the rest of each at an address of its own.

use jiff::Timestamp;

use super::{
    Extracted, guarded,
    harvest::{Harvest, SOON},
    mapped::{self, Taker},
};
use crate::model::{Draft, Kind, Page, Problem, ProblemKind, Source};

/// Completes a draft with what the page of its details says. What the details state counts; guid and address stay those by which
/// the list knows the document, and so does its reference where it has one.
///
/// # Errors
/// The page cannot be read, or holds no such document.
pub fn details(page: &Page, source: &Source, kind: &Kind, base: &Draft, now: Timestamp) -> Result<Draft, Problem> {
    let mut completed = None;
    let read = guarded(|| {
        let mut harvest = Harvest::new(source, now);
        let mut parts = None;
        mapped::read(page, kind, &mut Taker::Single { harvest: &mut harvest, parts: &mut parts });
        if let Some(parts) = parts {
            let or = |text: String, other: &String| if text.is_empty() { other.clone() } else { text };
            completed = Some(Draft {
                guid: base.guid.clone(),
                url: base.url.clone().or(parts.url),
                reference: base.reference.clone().or(parts.reference),
                title: or(parts.title, &base.title),
                summary: or(parts.summary, &base.summary),
                content: or(parts.content, &base.content),
                text: or(parts.text, &base.text),
                // The list's date is the first; nor is one believed that lies ahead.
                published: base.published.or(parts.published.filter(|date| date.at.duration_since(now) <= SOON)),
                updated: parts.updated.or(base.updated),
                language: base.language.clone(),
                categories: if parts.categories.is_empty() { base.categories.clone() } else { parts.categories },
                nature: parts.nature.or(base.nature),
                details: base.details.clone(),
            });
        }
        harvest.finish()
    });
    completed.ok_or_else(|| nothing(read))
}

/// Why a page gave no document.
fn nothing(read: Extracted) -> Problem {
    let mut problems = read.problems;
    let fatal = problems.iter().position(|problem| problem.kind.is_fatal()).unwrap_or_default();
    if problems.is_empty() {
        return Problem::page(ProblemKind::Empty, "the page of the details holds no document");
    }
    problems.swap_remove(fatal)
}
