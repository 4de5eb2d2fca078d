//! What a crawl says that it did.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    model::{Problem, Source, SourceId},
    store::sources::{Known, State},
};

/// What a crawl did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// In the order in which they were done.
    pub sources: Vec<SourceReport>,
    /// Another process is crawling: nothing was done.
    pub busy: bool,
}

impl Report {
    pub fn failed(&self) -> impl Iterator<Item = &SourceReport> {
        self.sources.iter().filter(|s| s.failed())
    }
}

/// What one source brought.
#[derive(Debug, Clone, Serialize)]
pub struct SourceReport {
    pub id: SourceId,
    pub name: String,
    pub state: State,
    pub status: Option<u16>,
    pub bytes: u64,
    pub millis: u64,
    /// Entries that could be read.
    pub drafts: u32,
    /// Documents that were not known, without `copies`.
    pub new: u32,
    pub revised: u32,
    /// Documents that another source, or another entry of the same page, had brought under another address.
    pub duplicates: u32,
    /// Documents of their own that repeat another one's text.
    pub copies: u32,
    /// Of the new ones: those that tell of an event that was known.
    pub joined: u32,
    /// Vulnerabilities that nobody had listed as exploited before.
    pub exploited: u32,
    /// Documents that were read at their own addresses.
    pub details: u32,
    pub problems: Vec<Problem>,
    /// The cause of a failure, or of not asking at all.
    pub detail: String,
    /// Where a permanent redirect points: `sources.toml` should follow.
    pub moved_to: Option<String>,
    pub next_check: Timestamp,
    /// Not asked: its host wants to be left alone, or the program is to end.
    pub skipped: bool,
}

impl SourceReport {
    pub fn failed(&self) -> bool {
        !self.skipped && self.state.is_failure() && self.state != State::New
    }
}

pub(super) fn skipped(source: &Source, known: Known, detail: String) -> SourceReport {
    SourceReport { detail, skipped: true, ..blank(source, &known) }
}

/// A page that could not be stored, nor that it failed: its source stands as before.
pub(super) fn unstored(source: &Source, known: &Known, error: &anyhow::Error) -> SourceReport {
    SourceReport { state: State::Failing, detail: format!("{error:#}"), ..blank(source, known) }
}

pub(super) fn blank(source: &Source, known: &Known) -> SourceReport {
    SourceReport {
        id: source.id.clone(),
        name: source.name.clone(),
        state: known.state,
        status: None,
        bytes: 0,
        millis: 0,
        drafts: 0,
        new: 0,
        revised: 0,
        duplicates: 0,
        copies: 0,
        joined: 0,
        exploited: 0,
        details: 0,
        problems: vec![],
        detail: known.detail.clone(),
        moved_to: known.proposed_address().map(str::to_owned),
        next_check: known.next_check,
        skipped: false,
    }
}
