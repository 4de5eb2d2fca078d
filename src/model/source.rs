//! One place to watch: a table of `sources.toml`.

use std::{collections::BTreeMap, fmt, time::Duration};

use jiff::tz::TimeZone;
use serde::Serialize;
use url::Url;

use super::{Address, Archive, Details, Kind, Nature, Pattern, SectionId, SourceId};

/// A place to watch, as meant by the configuration.
#[derive(Debug, Clone)]
pub struct Source {
    pub id: SourceId,
    /// As readers see it: « CERT-FR ».
    pub name: String,
    pub url: Address,
    pub brings: Brings,
    pub kind: Kind,
    /// The address is a list of files: those whose name matches are read, each once, and first of all the newest.
    pub newest: Option<Pattern>,
    /// What is fetched holds files, which are read as `kind` says.
    pub archive: Option<Archive>,
    pub details: Option<Details>,
    /// What the source itself dates further back is left out.
    pub max_age: Option<Duration>,
    /// Hosts that stand for another in its links (a staging host that leaked, a former name).
    pub hosts: BTreeMap<String, String>,
    /// The shelf of its notices, unless a rule says otherwise.
    pub section: SectionId,
    /// The nature of its notices, unless a rule says otherwise.
    pub nature: Nature,
    /// BCP 47, such as `fr`.
    pub language: String,
    pub licence: Licence,
    pub authority: Authority,
    /// The least time between two fetches; half of it after a page of which not one entry was known.
    pub every: Duration,
    /// The zone of dates that state none.
    pub zone: TimeZone,
    /// Whether this source may live on a private or loopback address (an intranet, the demonstration, a test).
    pub allow_private: bool,
    pub asking: Asking,
}

/// What the entries of a source are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Brings {
    /// Documents, for readers.
    Notices,
    /// Vulnerabilities that are exploited: no reader sees them, but the notices that name one of them weigh more.
    Exploited,
}

impl Brings {
    pub const ALL: [Brings; 2] = [Brings::Notices, Brings::Exploited];

    pub const fn as_str(self) -> &'static str {
        match self {
            Brings::Notices => "notices",
            Brings::Exploited => "exploited",
        }
    }
}

/// How a source is asked, where that is not as all the others are.
#[derive(Debug, Clone, Default)]
pub struct Asking {
    /// What is sent with POST, as JSON; GET without it.
    pub post: Option<String>,
    pub oauth: Option<OAuth>,
    /// In place of the general one: octets after decompression.
    pub body_cap: Option<usize>,
    /// In place of the general one: for the whole request.
    pub total_timeout: Option<Duration>,
}

/// Client credentials (RFC 6749 4.4).
#[derive(Clone, PartialEq, Eq)]
pub struct OAuth {
    /// Where a token is had.
    pub token_url: Url,
    pub client_id: String,
    pub client_secret: String,
    pub scope: Option<String>,
}

impl fmt::Debug for OAuth {
    /// Without what is secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth").field("token_url", &self.token_url.as_str()).finish_non_exhaustive()
    }
}

impl Source {
    /// A feed about which nothing else is known.
    pub fn feed(id: SourceId, name: &str, url: impl Into<Address>, section: SectionId) -> Self {
        Self {
            id,
            name: name.to_owned(),
            url: url.into(),
            brings: Brings::Notices,
            kind: Kind::Feed,
            newest: None,
            archive: None,
            details: None,
            max_age: None,
            hosts: BTreeMap::new(),
            section,
            nature: Nature::Actu,
            language: String::from("fr"),
            licence: Licence::Unknown,
            authority: Authority::Relay,
            every: Duration::from_secs(7_200),
            zone: TimeZone::UTC,
            allow_private: false,
            asking: Asking::default(),
        }
    }
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
