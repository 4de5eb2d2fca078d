//! Stories as feeds that any reader of feeds understands: RSS 2.0, Atom (RFC 4287), JSON Feed 1.1, their deadlines as a
//! calendar (RFC 5545), and the list of what is watched as OPML 2.0. The same values give the same bytes, so that an unchanged feed stays unchanged.
//!
//! Titles and summaries are text. What looks like markup in them is put in other brackets: several feed readers take
//! any title for HTML, whatever the feed says.

mod atom;
mod digest;
mod ics;
mod json_feed;
mod opml;
mod rss;
#[cfg(test)]
mod tests;
mod text;
mod xml;

use jiff::Timestamp;

use atom::atom;
pub use digest::digest;
pub use ics::{CALENDAR_PATH, Event, ics};
use json_feed::json_feed;
use rss::rss;

pub use opml::opml;

use url::Url;

use crate::{
    config::Site,
    model::{FeedFormat, Nature},
};

/// A selection of stories that can be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Without extension, relative to the published folder: `veille`, `sections/tic`, `natures/alerte`.
    pub path: String,
    pub title: String,
    pub description: String,
    /// In the order in which they are shown: newest first.
    pub entries: Vec<Entry>,
    pub paging: Paging,
}

/// A story as an entry of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// A tag URI (RFC 4151), the same for ever.
    pub id: String,
    pub url: Option<String>,
    /// With its prefix: « Avis - … ».
    pub title: String,
    /// Plain text; paragraphs separated by a newline.
    pub summary: String,
    /// Sanitised HTML with absolute addresses: our [`digest`] of the story, and the document itself where the licence of
    /// its source allows it.
    pub content: Option<String>,
    pub published: Timestamp,
    pub updated: Timestamp,
    /// As readers see it.
    pub section: String,
    pub nature: Nature,
    pub source: String,
    pub source_url: Option<String>,
    /// BCP 47.
    pub language: String,
}

/// What a feed says of itself, besides its channel.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    pub site: &'a Site,
    /// A tag URI (RFC 4151), the same for ever.
    pub feed_id: String,
    /// When the channel last moved, for one that is empty: otherwise its entries say.
    pub updated: Timestamp,
    /// Who tells of changes at once (WebSub), where somebody does.
    pub hub: Option<&'a Url>,
}

/// Where the pages (RFC 5005 3) and the archives (RFC 5005 4) of a long channel are, each as a query behind the address of the
/// feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paging {
    /// Its own; none where the address alone leads to it.
    pub this: Option<String>,
    pub kind: PageKind,
    /// None: nothing comes after it.
    pub next: Option<String>,
    /// The archive of what was there before; none where there is none.
    pub former: Option<String>,
}

/// What a page of a channel is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PageKind {
    /// What readers of feeds ask for again and again.
    #[default]
    Current,
    /// Others come before it: the first is at the address alone.
    Later,
    /// It holds a stretch of the past, and stays as it is.
    Archive,
}

/// The namespace of RFC 5005.
const HISTORY: &str = "http://purl.org/syndication/history/1.0";

/// A channel in one format.
pub fn feed(channel: &Channel, head: &Head<'_>, format: FeedFormat) -> Vec<u8> {
    match format {
        FeedFormat::Rss => rss(channel, head),
        FeedFormat::Atom => atom(channel, head),
        FeedFormat::Json => json_feed(channel, head),
    }
}

impl Head<'_> {
    /// The address of the site, with a slash at its end.
    fn home(&self) -> Option<String> {
        let url = self.site.url.as_ref()?.as_str();
        Some(format!("{}/", url.trim_end_matches('/')))
    }

    /// Where a channel can be read in a format.
    fn address(&self, channel: &Channel, format: FeedFormat) -> Option<String> {
        self.home().map(|home| format!("{home}{}.{}", channel.path, format.extension()))
    }

    /// The links of a feed besides that to itself, each with its relation: the pages before and after this one, and who tells
    /// of changes at once (WebSub).
    fn links(&self, channel: &Channel, format: FeedFormat) -> Vec<(&'static str, String)> {
        let Some(address) = self.address(channel, format) else { return Vec::new() };
        let Paging { kind, next, former, .. } = &channel.paging;
        let mut links = Vec::new();
        links.extend(self.hub.map(|hub| ("hub", hub.to_string())));
        links.extend((*kind == PageKind::Later).then(|| ("first", address.clone())));
        links.extend((*kind == PageKind::Archive).then(|| ("current", address.clone())));
        links.extend(next.as_ref().map(|next| ("next", format!("{address}?{next}"))));
        links.extend(former.as_ref().map(|former| ("prev-archive", format!("{address}?{former}"))));
        links
    }

    /// Where this page of a channel is.
    fn itself(&self, channel: &Channel, format: FeedFormat) -> Option<String> {
        let address = self.address(channel, format)?;
        Some(channel.paging.this.as_ref().map_or_else(|| address.clone(), |this| format!("{address}?{this}")))
    }

    /// When the channel last moved.
    fn moved(&self, channel: &Channel) -> Timestamp {
        channel.entries.iter().map(Entry::moved).max().unwrap_or(self.updated)
    }
}

impl Entry {
    /// Where it leads: the document, or else its source.
    fn link(&self) -> Option<String> {
        text::web_address(self.url.as_deref()).or_else(|| text::web_address(self.source_url.as_deref()))
    }

    /// When it last changed: never before it appeared, whatever the source's clock says.
    fn moved(&self) -> Timestamp {
        self.updated.max(self.published)
    }

    fn title(&self) -> String {
        let title = text::line(&self.title);
        if title.is_empty() { text::line(&self.source) } else { title }
    }

    fn html(&self) -> Option<String> {
        self.content.as_deref().map(text::printable).filter(|html| !html.trim().is_empty())
    }

    /// Its language, where it is not that of the feed.
    fn foreign(&self) -> Option<&str> {
        let tag = self.language.as_str();
        let primary = tag.split('-').next().unwrap_or_default();
        let is_tag = (2..=3).contains(&primary.len())
            && primary.bytes().all(|b| b.is_ascii_alphabetic())
            && tag.split('-').all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
        (is_tag && !primary.eq_ignore_ascii_case("fr")).then_some(tag)
    }
}
