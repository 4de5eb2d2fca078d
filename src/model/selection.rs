//! Stories that belong together for readers: each selection has a page, and can be followed as a feed.

use super::{Nature, SectionId, Severity, SourceId};

/// Which stories.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selection {
    All,
    /// Its own section, or one that a story stands in besides.
    Section(SectionId),
    Nature(Nature),
    /// Of this severity: [`Severity::High`] or [`Severity::Critical`].
    Severity(Severity),
    /// Told by this source, perhaps among others.
    Source(SourceId),
}

impl Selection {
    /// Where it stands on the site, without extension: `veille`, `sections/tic`, `natures/alerte`.
    pub fn path(&self) -> String {
        match self {
            Selection::All => String::from("veille"),
            Selection::Section(section) => format!("sections/{section}"),
            Selection::Nature(nature) => format!("natures/{nature}"),
            Selection::Severity(severity) => format!("gravite/{}", severity.name()),
            Selection::Source(source) => format!("sources/{source}"),
        }
    }

    pub fn parse(path: &str) -> Option<Self> {
        let Some((kind, name)) = path.split_once('/') else { return (path == "veille").then_some(Selection::All) };
        match kind {
            "sections" => SectionId::parse(name).map(Selection::Section),
            "natures" => Nature::parse(name).map(Selection::Nature),
            "gravite" => {
                let severity =
                    [Severity::High, Severity::Critical].into_iter().find(|severity| severity.name() == name);
                severity.map(Selection::Severity)
            }
            "sources" => SourceId::parse(name).map(Selection::Source),
            _ => None,
        }
    }
}

/// In what a selection is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeedFormat {
    Rss,
    Atom,
    Json,
}

impl FeedFormat {
    pub const ALL: [FeedFormat; 3] = [FeedFormat::Rss, FeedFormat::Atom, FeedFormat::Json];

    pub const fn extension(self) -> &'static str {
        match self {
            FeedFormat::Rss => "rss",
            FeedFormat::Atom => "atom",
            FeedFormat::Json => "json",
        }
    }

    /// What a server says with it.
    pub const fn content_type(self) -> &'static str {
        match self {
            FeedFormat::Rss => "application/rss+xml; charset=utf-8",
            FeedFormat::Atom => "application/atom+xml; charset=utf-8",
            FeedFormat::Json => "application/feed+json; charset=utf-8",
        }
    }

    pub fn parse(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.extension() == extension)
    }
}
