//! Something wrong with an input, recorded as data (invariant 2).

use std::fmt;

use serde::Serialize;

/// What is wrong, where, and what was done about it. It never stops the other inputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub kind: ProblemKind,
    /// Which part of the page: « entry 12 », a guid, a selector. Empty when it is the page as a whole.
    pub place: String,
    /// In English, for operators: lower case, no final stop.
    pub message: String,
}

impl Problem {
    pub fn page(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { kind, place: String::new(), message: message.into() }
    }
    pub fn at(place: impl Into<String>, kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { kind, place: place.into(), message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.message)
    }
}

/// The sort of problem: what a program can act upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The page is not what the source is configured as: an anti-robot wall, a home page.
    NotAFeed,
    /// Well-formed, but without a single entry.
    Empty,
    /// Broken, and read all the same: some entries may be missing.
    Mended,
    /// Broken beyond mending: nothing could be read.
    Unreadable,
    /// One entry has neither title nor address, and was left out.
    Entry,
    /// A date that cannot be read or cannot be true.
    Date,
    /// An address that is not http or https, or cannot be read.
    Address,
    /// A place of the mapping that matches nothing, or cannot be read.
    Mapping,
    /// Text that was misread on its way and could not be mended.
    Mojibake,
    /// More entries than are read at once.
    Limit,
}

impl ProblemKind {
    /// Whether the page as a whole yielded nothing: the fetch counts as a failure of its source.
    pub const fn is_fatal(self) -> bool {
        matches!(self, ProblemKind::NotAFeed | ProblemKind::Unreadable)
    }
    pub const fn as_str(self) -> &'static str {
        match self {
            ProblemKind::NotAFeed => "not_a_feed",
            ProblemKind::Empty => "empty",
            ProblemKind::Mended => "mended",
            ProblemKind::Unreadable => "unreadable",
            ProblemKind::Entry => "entry",
            ProblemKind::Date => "date",
            ProblemKind::Address => "address",
            ProblemKind::Mapping => "mapping",
            ProblemKind::Mojibake => "mojibake",
            ProblemKind::Limit => "limit",
        }
    }
}
