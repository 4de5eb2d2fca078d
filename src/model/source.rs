//! One place to watch: a table of `sources.toml`.

use std::time::Duration;

use jiff::tz::TimeZone;
use serde::Serialize;
use url::Url;

use super::{Nature, SectionId, SourceId};

/// A place to watch, as meant by the configuration.
#[derive(Debug, Clone)]
pub struct Source {
    pub id: SourceId,
    /// As readers see it: « CERT-FR ».
    pub name: String,
    pub url: Url,
    pub kind: Kind,
    /// The shelf of its notices, unless a rule says otherwise.
    pub section: SectionId,
    /// The nature of its notices, unless a rule says otherwise.
    pub nature: Nature,
    /// BCP 47, such as `fr`.
    pub language: String,
    pub licence: Licence,
    pub authority: Authority,
    /// The least time between two fetches.
    pub every: Duration,
    /// The zone of dates that state none.
    pub zone: TimeZone,
    /// Whether this source may live on a private or loopback address (an intranet, the demonstration, a test).
    pub allow_private: bool,
}

/// How a source is read.
#[derive(Debug, Clone)]
pub enum Kind {
    /// RSS, Atom or JSON Feed.
    Feed,
    /// A page that lists documents.
    Html(Selectors),
}

impl Kind {
    pub const fn as_str(&self) -> &'static str {
        match self {
            Kind::Feed => "feed",
            Kind::Html(_) => "html",
        }
    }
}

/// CSS selectors of a listing, as checked by the configuration. All but `item` are looked up inside one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selectors {
    pub item: String,
    pub title: String,
    /// Where the address stands (`href`); by default the first link of the item, or the item itself.
    pub link: Option<String>,
    /// Where the date stands (its `datetime` attribute, else its text).
    pub date: Option<String>,
    pub summary: Option<String>,
}

/// What may be shown of a source's notices (invariant 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Licence {
    /// Licence Ouverte 2.0 (Etalab): all, with source and date.
    Lo,
    /// Creative Commons Zero.
    Cc0,
    /// Press: title, short summary, date, link.
    Press,
    /// Not stated: as press.
    Unknown,
}

impl Licence {
    pub const ALL: [Licence; 4] = [Licence::Lo, Licence::Cc0, Licence::Press, Licence::Unknown];

    pub const fn as_str(self) -> &'static str {
        match self {
            Licence::Lo => "lo",
            Licence::Cc0 => "cc0",
            Licence::Press => "press",
            Licence::Unknown => "unknown",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|l| l.as_str() == text)
    }
    /// Whether the full text may be shown, and not only kept for search and comparison.
    pub const fn allows_full_text(self) -> bool {
        matches!(self, Licence::Lo | Licence::Cc0)
    }
}

/// How near a source is to the act it tells of. Ordered: the greatest leads a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Authority {
    /// Collects what others publish.
    Aggregator,
    /// General press.
    General,
    /// Specialised press.
    Press,
    /// A public body that repeats.
    Relay,
    /// A foreign or European authority.
    Foreign,
    /// The body whose act it is.
    Issuer,
}

impl Authority {
    pub const ALL: [Authority; 6] = [
        Authority::Issuer,
        Authority::Foreign,
        Authority::Relay,
        Authority::Press,
        Authority::General,
        Authority::Aggregator,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Authority::Issuer => "issuer",
            Authority::Foreign => "foreign",
            Authority::Relay => "relay",
            Authority::Press => "press",
            Authority::General => "general",
            Authority::Aggregator => "aggregator",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.as_str() == text)
    }
}
