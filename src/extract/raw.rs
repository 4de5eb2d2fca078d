//! What a feed says of itself and of its entries, in whatever format, before any of it is judged.

use url::Url;

use crate::normalise::markup;

/// A feed as read: texts with references decoded once, nothing resolved, nothing cleaned.
#[derive(Debug, Default)]
pub(super) struct RawFeed {
    pub title: Option<RawText>,
    /// How long the feed asks not to be fetched again, in minutes.
    pub ttl_minutes: Option<u64>,
    pub entries: Vec<RawEntry>,
    /// Where the feed is broken, one line a break.
    pub breaks: Vec<String>,
}

#[derive(Debug, Default)]
pub(super) struct RawEntry {
    pub guid: Option<String>,
    /// A guid that is also the address, unless it is said not to be.
    pub guid_is_address: GuidRole,
    pub links: Vec<RawLink>,
    pub title: Option<RawText>,
    pub summary: Option<RawText>,
    pub content: Option<RawText>,
    /// In order of preference.
    pub published: Vec<String>,
    pub updated: Vec<String>,
    pub language: Option<String>,
    pub categories: Vec<String>,
    /// What relative links of the content are resolved against, when it is not the page.
    pub base: Option<Url>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum GuidRole {
    #[default]
    Address,
    Opaque,
}

#[derive(Debug)]
pub(super) struct RawLink {
    pub href: String,
    pub rank: LinkRank,
    pub base: Option<Url>,
}

/// How good a link is as the address of an entry; the least is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LinkRank {
    /// Where a redirecting service says that the document really is.
    Origin,
    Page,
    /// The document in another form, such as PDF.
    OtherForm,
    /// Another relation: `related`, `via`.
    Other,
}

#[derive(Debug, Clone)]
pub(super) enum RawText {
    Plain(String),
    Html(String),
}

impl RawText {
    /// Text of a format that does not say: HTML when it holds a tag or a reference of HTML.
    pub(super) fn guess(text: String) -> Self {
        if markup::is_present(&text) { RawText::Html(text) } else { RawText::Plain(text) }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            RawText::Plain(text) | RawText::Html(text) => text,
        }
    }
}
