//! What passes between the menders of a format, feed-rs, and the making of drafts.

use url::Url;

use crate::normalise::markup;

/// A feed that feed-rs takes whole, and what it would lose of it.
#[derive(Debug, Default)]
pub(super) struct Mended {
    /// Each entry in it has its place in `facts` as its id.
    pub text: String,
    pub facts: Vec<Facts>,
    /// Where the feed is broken, one line a break.
    pub breaks: Vec<String>,
}

/// What feed-rs loses of an entry, or makes up: verbatim, but for references decoded once.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub guid: Option<String>,
    /// The guid, unless it is said to be no address.
    pub permalink: Option<String>,
    /// Where a redirecting service says that the document really is.
    pub origin: Option<String>,
    /// In order of preference.
    pub published: Vec<String>,
    pub updated: Vec<String>,
    pub language: Option<String>,
    /// What relative links of the content are resolved against, when it is not the page.
    pub base: Option<Url>,
}

/// A feed as read, before any of it is judged.
#[derive(Debug)]
pub(super) struct RawFeed {
    pub title: Option<String>,
    /// How long the feed asks not to be fetched again, in minutes.
    pub ttl_minutes: Option<u64>,
    pub entries: Vec<RawEntry>,
    pub breaks: Vec<String>,
}

#[derive(Debug)]
pub(super) struct RawEntry {
    pub facts: Facts,
    /// The best first.
    pub links: Vec<String>,
    pub title: String,
    pub summary: Option<RawText>,
    pub content: Option<RawText>,
    pub categories: Vec<String>,
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
