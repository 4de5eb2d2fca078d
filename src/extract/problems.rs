//! Problems of one page, few enough to be read.

use std::collections::BTreeMap;

use super::harvest::Harvest;
use crate::{
    model::{Page, Problem, ProblemKind},
    normalise::charset::{self, Syntax},
};

/// The text of a page; `None` when it says nothing at all, which is a problem.
pub(super) fn decoded(
    page: &Page,
    syntax: Syntax,
    content_type: Option<&str>,
    harvest: &mut Harvest<'_>,
) -> Option<String> {
    let decoded = charset::decode(&page.body, content_type, syntax);
    if decoded.mended {
        let message = format!("some characters are not {}, and were guessed", decoded.encoding);
        harvest.problem(Problem::page(ProblemKind::Mended, message));
    }
    if decoded.text.trim().is_empty() {
        harvest.problem(Problem::page(ProblemKind::Unreadable, "the answer is empty"));
        return None;
    }
    Some(decoded.text)
}

/// Collects problems; of each kind, only the first ones are kept in full and the others counted.
#[derive(Default)]
pub(super) struct Problems {
    kept: Vec<Problem>,
    seen: BTreeMap<&'static str, (ProblemKind, usize)>,
}

const MOST: usize = 10;

impl Problems {
    pub(super) fn push(&mut self, problem: Problem) {
        let (_, count) = self.seen.entry(problem.kind.as_str()).or_insert((problem.kind, 0));
        *count += 1;
        if *count <= MOST {
            self.kept.push(problem);
        }
    }

    pub(super) fn into_vec(mut self) -> Vec<Problem> {
        for (kind, count) in self.seen.into_values().filter(|(_, count)| *count > MOST) {
            self.kept.push(Problem::page(kind, format!("{} more problems of this kind", count - MOST)));
        }
        self.kept
    }
}
