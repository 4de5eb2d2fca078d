//! What is compared of a document: a sample of its passages, the marks that tell advisories of one template apart, and
//! the words of its event.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    marks,
    passages::{self, Passages},
    tale::{self, Tale},
};
use crate::{
    model::{Draft, Nature, Precision, PublicationDate, SourceId},
    normalise::url::CanonicalUrl,
};

/// A document as it is compared with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness {
    pub source: SourceId,
    /// When it was published, at noon where only the day is known; where its source does not say, when it came.
    pub at: Timestamp,
    pub passages: Passages,
    pub marks: Marks,
}

/// What tells two documents apart however alike they read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Marks {
    /// Its own official reference.
    pub reference: Option<String>,
    /// Canonical.
    pub url: Option<String>,
    pub cves: BTreeSet<String>,
    /// Version numbers: `7.4.2`.
    pub versions: BTreeSet<String>,
    /// Numbers of vendors' bulletins: `kb5001330`, `rhsa-2023:4567`.
    pub bulletins: BTreeSet<String>,
    /// The date of its first version, as a security advisory states it: `13 avril 2006`.
    pub first_date: Option<String>,
    /// The words of its title.
    pub title: BTreeSet<String>,
    /// Whether it is a security advisory, by its nature or its title.
    pub advisory: bool,
    /// Whether it is an official text, which has its own reference, nature or title: « Décret n° 2023-9903 du 28 août 2023 ».
    #[serde(default)]
    pub act: bool,
}

impl Likeness {
    /// What is compared of a draft, and what it tells. `nature` is the one that it is shelved under; `now` stands in for the
    /// date of one that has none.
    pub fn of(source: &SourceId, language: &str, draft: &Draft, nature: Nature, now: Timestamp) -> (Self, Tale) {
        let text = [draft.title.as_str(), "\n", &draft.text].concat();
        let (marks, passages) = marks::read(draft, nature, &text);
        let tale = tale::of(draft, language, &marks);
        let url = draft.url.as_ref().map(|url| CanonicalUrl::of(url).as_str().to_owned());
        let at = draft.published.map_or(now, instant);
        (Self { source: source.clone(), at, passages, marks: Marks { url, ..marks } }, tale)
    }

    /// The keys that are counted of a document: some of its passages, versions, words, names.
    pub fn keys(&self, tale: &Tale) -> Vec<u64> {
        let mut keys = self.passages.indexed().to_vec();
        keys.extend(self.marks.versions.iter().map(|version| version_key(version)));
        keys.extend(tale.keys());
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// How far apart two documents were published.
    pub fn apart(&self, other: &Self) -> SignedDuration {
        self.at.duration_since(other.at).abs()
    }
}

/// A document that gives its day alone came at noon of it: its midnight is another day elsewhere.
fn instant(date: PublicationDate) -> Timestamp {
    match date.precision {
        Precision::Day => date.at.checked_add(SignedDuration::from_hours(12)).unwrap_or(date.at),
        Precision::Minute | Precision::Second => date.at,
    }
}

/// What a version is counted under.
pub(super) fn version_key(version: &str) -> u64 {
    passages::hash("version", version)
}

/// Days since 1970.
pub fn day(at: Timestamp) -> i32 {
    i32::try_from(at.as_second().div_euclid(86_400)).unwrap_or(i32::MAX)
}
