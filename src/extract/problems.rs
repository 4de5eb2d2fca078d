//! Problems of one page, few enough to be read.

use std::collections::BTreeMap;

use crate::model::{Problem, ProblemKind};

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
