//! A page and its source to drafts and problems (invariant 2: broken input is data).
//!
//! ```text
//! octets ─ charset ─┬─ mend ─ xml ─┐
//!                   ├─ json ───────┴─ feed-rs (reader) ─ feed ─┬─ drafts
//!                   └─ html (selectors) ───────────────────────┴─ problems
//! ```
//!
//! feed-rs reads every feed: what a title, a link, a summary, a content, a category is in RSS, Atom or JSON Feed, and against
//! what an address stands. It refuses a whole feed for one fault, and loses or makes up what identity and dates need. So two
//! light passes stand before it, `xml` and `json`: they write the same feed out again without its faults, entry by entry, and
//! note of each entry what feed-rs would lose: the guid and the dates verbatim, Dublin Core, the language, FeedBurner's origin.
//! Each entry goes to feed-rs under its number and is found again by it.

mod article;
mod boilerplate;
mod channel;
mod entry;
mod feed;
mod html;
mod json;
mod mend;
mod pdf;
mod plain;
mod problems;
mod raw;
mod reader;
mod sanitise;
mod shallow;
mod slim;
mod space;
mod stranger;
mod xml;

use std::{panic, time::Duration};

use crate::model::{Draft, Kind, Page, Problem, ProblemKind, Source};

pub use article::{Access, Article, DocumentKind, Reservation, article, document_kind};
pub use feed::{LONGEST_TEXT, LONGEST_TITLE, MOST_ENTRIES};
pub use html::check_selector;
pub use pdf::{LARGEST_PDF, LONGEST_PDF_TEXT, Pdf, pdf};
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
        Kind::Html(mapping) => html::extract(page, source, mapping),
        kind => Extracted {
            problems: vec![Problem::page(ProblemKind::Unreadable, format!("`{}` is not read yet", kind.as_str()))],
            ..Extracted::default()
        },
    };
    // The parsers of XML, HTML and CSS are not ours: a fault of theirs costs this page and no other.
    panic::catch_unwind(panic::AssertUnwindSafe(read)).unwrap_or_else(|_| {
        let message = "the page makes a parser fail\nhint: keep the page and report it";
        Extracted { problems: vec![Problem::page(ProblemKind::Unreadable, message)], ..Extracted::default() }
    })
}

#[cfg(test)]
mod tests;
