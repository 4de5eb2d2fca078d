//! A notice together with what its source allows and how near it is to what it tells of.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::document::{Part, parts};
use crate::model::{Authority, Licence, Notice};

/// One notice of a story.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    pub notice: &'a Notice,
    /// Its source, as readers see it.
    pub source: &'a str,
    pub authority: Authority,
    pub licence: Licence,
}

/// Words of a source, never ours, with where they stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    pub text: String,
    /// As readers see it; empty where a bulletin was frozen before quotes had one.
    #[serde(default)]
    pub source: String,
    /// The notice that they stand in.
    #[serde(default)]
    pub url: Option<String>,
    /// Where the words lead, when their address does not stand among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// BCP 47, for words that are not French.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

impl<'a> Told<'a> {
    /// What may be quoted of it: of the press its own summary only, however much of it is stored (invariant 10).
    pub(super) fn words(&self) -> &'a str {
        match self.licence {
            Licence::Press if !self.notice.summary.is_empty() => &self.notice.summary,
            _ => &self.notice.text,
        }
    }

    /// The same by its headings.
    pub(super) fn parts(&self) -> Vec<Part> {
        let is_whole = self.licence != Licence::Press || self.notice.summary.is_empty();
        parts(if is_whole { &self.notice.content } else { "" }, self.words())
    }

    pub(super) fn is_press(&self) -> bool {
        self.licence == Licence::Press || self.authority <= Authority::Press
    }

    pub(super) fn is_french(&self) -> bool {
        self.notice.language.split('-').next().is_none_or(|primary| primary.is_empty() || primary == "fr")
    }

    pub(super) fn url(&self) -> Option<String> {
        self.notice.url.as_ref().map(|url| url.as_str().to_owned())
    }

    pub(super) fn quote(&self, text: String, link: Option<String>) -> Quote {
        let language = (!self.is_french()).then(|| self.notice.language.clone());
        Quote { text, source: self.source.to_owned(), url: self.url(), link, language }
    }
}

/// Those nearest to the act first, then the earliest; ties by address and id, so that the order in which they were
/// stored does not matter.
pub(super) fn by_authority<'a>(told: &[Told<'a>]) -> Vec<Told<'a>> {
    let mut told = told.to_vec();
    told.sort_by_key(|told| {
        let notice = told.notice;
        let published = notice.published.map_or(notice.first_seen, |date| date.at);
        (Reverse(told.authority), published, told.url(), notice.id)
    });
    told
}
