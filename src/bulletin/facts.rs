//! What a story names: CVEs, official references, deadlines.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::told::Told;
use crate::normalise::{
    deadline::{Deadline, deadlines},
    reference::{cited, cves, home},
};

/// Deadlines of one story that are told; it seldom has two.
const MOST: usize = 3;

/// An official reference that a story cites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cited {
    pub number: String,
    /// Where its document stands, when that is certain.
    pub url: Option<String>,
}

/// The CVEs that the notices name, sorted.
pub(super) fn named_cves(told: &[Told<'_>]) -> Vec<String> {
    let mut out = BTreeSet::new();
    for told in told {
        out.extend(cves(&told.notice.title));
        out.extend(cves(&told.notice.summary));
        out.extend(cves(&told.notice.text));
    }
    out.into_iter().collect()
}

/// The references that the notices cite, in their order, but for those that are their own.
pub(super) fn cited_references(told: &[Told<'_>]) -> Vec<Cited> {
    let own: BTreeSet<&str> = told.iter().filter_map(|told| told.notice.reference.as_deref()).collect();
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for told in told {
        for reference in cited(&format!("{}\n{}", told.notice.title, told.notice.text)) {
            if !own.contains(reference.number.as_str()) && seen.insert(reference.clone()) {
                out.push(Cited { url: home(&reference).map(String::from), number: reference.number });
            }
        }
    }
    out
}

/// The days that matter, the nearest first. Each notice counts from its own publication.
pub fn story_deadlines(told: &[Told<'_>], zone: &TimeZone) -> Vec<Deadline> {
    let mut out = BTreeMap::new();
    for told in told {
        let notice = told.notice;
        let published =
            notice.published.map_or_else(|| zone.to_datetime(notice.first_seen).date(), |date| date.date(zone));
        for deadline in deadlines(&format!("{}.\n{}\n{}", notice.title, notice.summary, notice.text), published) {
            // Of one day, that it ends something says more than that it begins something.
            let bound = out.entry(deadline.day).or_insert(deadline.bound);
            *bound = deadline.bound.min(*bound);
        }
    }
    out.into_iter().take(MOST).map(|(day, bound)| Deadline { day, bound }).collect()
}
