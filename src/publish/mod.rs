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

pub use atom::atom;
pub use digest::digest;
pub use ics::{CALENDAR_PATH, Event, ics};
pub use json_feed::json_feed;
pub use opml::opml;
pub use rss::rss;

use crate::{config::Site, model::Nature};

/// A selection of stories that can be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Without extension, relative to the published folder: `veille`, `sections/tic`, `natures/alerte`.
    pub path: String,
    pub title: String,
    pub description: String,
    /// In the order in which they are shown: newest first.
    pub entries: Vec<Entry>,
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
}

/// A format of feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    Rss,
    Atom,
    Json,
}

impl Format {
    pub const ALL: [Format; 3] = [Format::Rss, Format::Atom, Format::Json];

    pub const fn extension(self) -> &'static str {
        match self {
            Format::Rss => "rss",
            Format::Atom => "atom",
            Format::Json => "json",
        }
    }

    /// What a server says with it.
    pub const fn content_type(self) -> &'static str {
        match self {
            Format::Rss => "application/rss+xml; charset=utf-8",
            Format::Atom => "application/atom+xml; charset=utf-8",
            Format::Json => "application/feed+json; charset=utf-8",
        }
    }

    /// The file of a channel in the published folder: `sections/tic.atom`.
    pub fn path(self, channel: &Channel) -> String {
        format!("{}.{}", channel.path, self.extension())
    }
}

/// A channel in every format: (path in the published folder, bytes).
pub fn files(channel: &Channel, head: &Head<'_>) -> Vec<(String, Vec<u8>)> {
    let bytes = |format| match format {
        Format::Rss => rss(channel, head),
        Format::Atom => atom(channel, head),
        Format::Json => json_feed(channel, head),
    };
    Format::ALL.into_iter().map(|format| (format.path(channel), bytes(format))).collect()
}

impl Head<'_> {
    /// The address of the site, with a slash at its end.
    fn home(&self) -> Option<String> {
        let url = self.site.url.as_ref()?.as_str();
        Some(format!("{}/", url.trim_end_matches('/')))
    }

    /// Where a channel can be read in a format.
    fn address(&self, channel: &Channel, format: Format) -> Option<String> {
        self.home().map(|home| format!("{home}{}", format.path(channel)))
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
