//! A page and its source to drafts and problems (invariant 2: broken input is data).
//!
//! ```text
//!          ┌─ feed: mend ─ xml ┬ feed-rs (reader) ────────────────┐
//!          │         json ─────┘                                  │
//! page ────┼─ html json xml csv: finder ─ plan ─ raw ─┐           ├─ harvest ─┬─ drafts
//!   │      └─ links sitemap: raw ─────────────────────┴─ parts ───┘           └─ problems
//!   └─ archive: a page for each of its files
//! ```
//!
//! feed-rs reads every feed: what a title, a link, a summary, a content, a category is in RSS, Atom or JSON Feed, and against
//! what an address stands. It refuses a whole feed for one fault, and loses or makes up what identity and dates need. So two
//! light passes stand before it, `xml` and `json`: they write the same feed out again without its faults, entry by entry, and
//! note of each entry what feed-rs would lose: the guid and the dates verbatim, Dublin Core, the language, FeedBurner's origin.
//! Each entry goes to feed-rs under its number and is found again by it.
//!
//! What is mapped goes through one engine, `mapped`: a finder per language says what stands at a place, and `build` makes a
//! draft of it. `harvest` gathers the drafts of all kinds, and holds what is the same for all: dates that cannot be, `max_age`,
//! the cap, what else is to be read of a document, and the places that were found nowhere.
//!
//! Apart from this way: `discover` and `suggest` look for what could be read of a page that yields nothing, and `opml` reads the
//! lists of other programs.

mod archive;
mod article;
mod boilerplate;
mod build;
mod channel;
mod details;
mod discover;
mod document;
mod entry;
mod feed;
mod file_name;
mod files;
mod harvest;
mod json;
mod links;
mod mapped;
mod markup;
mod mend;
mod opml;
mod pdf;
mod percent;
mod plain;
mod problems;
mod raw;
mod reader;
mod sanitise;
mod settings;
mod sitemap;
mod slim;
mod space;
mod stranger;
mod suggest;
mod tag;
mod tame;
mod values;
mod xml;

use std::{panic, time::Duration};

use jiff::Timestamp;

use crate::model::{Draft, Kind, Page, Problem, ProblemKind, Source};

use harvest::Harvest;
use mapped::Taker;

pub use article::{Access, Article, DocumentKind, Reservation, article, document_kind};
pub use details::details;
pub use discover::{FeedLink, Named, feeds};
pub use feed::{LONGEST_TEXT, LONGEST_TITLE, MOST_ENTRIES};
pub use files::{FileLink, files};
pub use harvest::{exploited, too_old};
pub use mapped::{check_place, html::check_selector};
pub use opml::{FeedList, ListedFeed, opml};
pub use pdf::{LARGEST_PDF, LONGEST_PDF_TEXT, Pdf, pdf};
pub use plain::plain;
pub use sanitise::Sanitiser;
pub use settings::{VERSION, settings};
pub use suggest::{Candidate, suggest};

/// What a page says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extracted {
    /// In the order of the page; of an archive, in the order of its files' names.
    pub drafts: Vec<Draft>,
    pub problems: Vec<Problem>,
    /// What the page calls itself.
    pub title: Option<String>,
    /// How long the page asks not to be fetched again.
    pub ttl: Option<Duration>,
    /// Entries that were left out because they lack what `require` asks for.
    pub incomplete: usize,
    /// Entries that were left out because they are older than `max_age`.
    pub too_old: usize,
}

impl Extracted {
    /// Whether the page lists entries, and the settings of its source say of each of them that it is not wanted.
    pub fn is_all_left_out(&self) -> bool {
        let is_broken = |problem: &Problem| matches!(problem.kind, ProblemKind::Entry);
        self.drafts.is_empty() && self.incomplete + self.too_old > 0 && !self.problems.iter().any(is_broken)
    }
}

/// Reads a page as what its source is configured to be, as of `now`. Never panics, whatever the page.
pub fn extract(page: &Page, source: &Source, now: Timestamp) -> Extracted {
    guarded(|| {
        let mut harvest = Harvest::new(source, now);
        match &source.archive {
            Some(archive) => archive::read(page, archive, &mut harvest),
            None => match archive::unwrapped(page) {
                Ok(page) => read(&page, &mut harvest),
                Err(problem) => harvest.problem(problem),
            },
        }
        harvest.finish()
    })
}

fn read(page: &Page, harvest: &mut Harvest<'_>) {
    let source = harvest.source;
    match &source.kind {
        Kind::Feed => feed::read(page, harvest),
        Kind::Links(patterns) => links::read(page, patterns, harvest),
        Kind::Sitemap(pattern) => sitemap::read(page, pattern.as_ref(), harvest),
        kind => mapped::read(page, kind, &mut Taker::Listing(harvest)),
    }
}

/// The parsers of XML, HTML and CSS are not ours: a fault of theirs costs this page and no other.
fn guarded(read: impl FnOnce() -> Extracted) -> Extracted {
    panic::catch_unwind(panic::AssertUnwindSafe(read))
        .unwrap_or_else(|_| Extracted { problems: vec![fault()], ..Extracted::default() })
}

/// The same for one file of an archive.
fn guard_member(page: &Page, harvest: &mut Harvest<'_>) {
    if panic::catch_unwind(panic::AssertUnwindSafe(|| read(page, harvest))).is_err() {
        harvest.problem(fault());
    }
}

fn fault() -> Problem {
    Problem::page(ProblemKind::Unreadable, "the page makes a parser fail\nhint: keep the page and report it")
}

#[cfg(test)]
mod tests;
