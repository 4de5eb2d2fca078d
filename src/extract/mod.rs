//! A page and its source to drafts and problems (invariant 2: broken input is data).
//!
//! ```text
//! octets ─ charset ─┬─ mend ─ xml ─┐
//!                   ├─ json ───────┴─ raw ─ feed ─┬─ drafts
//!                   └─ html (selectors) ──────────┴─ problems
//! ```
//!
//! Feeds are read by one walk of our own over `quick-xml`'s events: a library that gives a finished feed loses what identity and
//! dates need (raw guids and dates, Dublin Core), and refuses a whole feed for one fault.

mod entry;
mod feed;
mod html;
mod json;
mod mend;
mod plain;
mod problems;
mod raw;
mod sanitise;
mod shallow;
mod space;
mod stranger;
mod xml;

use std::{panic, time::Duration};

use crate::model::{Draft, Kind, Page, Problem, ProblemKind, Source};

pub use feed::{LONGEST_TEXT, LONGEST_TITLE, MOST_ENTRIES};
pub use plain::plain;
pub use sanitise::Sanitiser;

/// What a page says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extracted {
    /// In the order of the page.
    pub drafts: Vec<Draft>,
    pub problems: Vec<Problem>,
    /// What the page calls itself.
    pub title: Option<String>,
    /// How long the page asks not to be fetched again.
    pub ttl: Option<Duration>,
}

/// Reads a page as what its source is configured to be. Never panics, whatever the page.
pub fn extract(page: &Page, source: &Source) -> Extracted {
    let read = || match &source.kind {
        Kind::Feed => feed::extract(page, source),
        Kind::Html(selectors) => html::extract(page, source, selectors),
    };
    // The parsers of XML, HTML and CSS are not ours: a fault of theirs costs this page and no other.
    panic::catch_unwind(panic::AssertUnwindSafe(read)).unwrap_or_else(|_| {
        let message = "the page makes a parser fail\nhint: keep the page and report it";
        Extracted { problems: vec![Problem::page(ProblemKind::Unreadable, message)], ..Extracted::default() }
    })
}

#[cfg(test)]
mod tests;
