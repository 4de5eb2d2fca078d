//! One event or text, told by one or more notices.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::{Nature, NoticeId, Placed, SectionId, Severity, StoryId};

/// What readers get: the lead notice speaks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Story {
    pub id: StoryId,
    pub lead: NoticeId,
    /// An editor's; without one it is that of the lead.
    pub title: Option<String>,
    pub section: SectionId,
    /// Other sections that it stands in besides.
    pub also: Vec<SectionId>,
    pub nature: Nature,
    pub severity: Severity,
    /// How much it concerns local authorities: the greatest of its notices.
    pub relevance: i32,
    pub review: Review,
    pub first_seen: Timestamp,
    /// When its content last moved: a notice joined, or its lead was revised.
    pub updated: Timestamp,
    /// What an editor wrote in the place of what its notices say.
    pub edited: BTreeSet<Edited>,
    /// The story that took its notices. Its number and its address lead there.
    pub merged_into: Option<StoryId>,
    /// Another one whenever a notice of it came, changed or went.
    #[serde(skip)]
    pub version: i64,
}

/// What of a story an editor may set: it then stays, whatever its notices say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Edited {
    Title,
    Section,
    Nature,
    Severity,
}

impl Edited {
    pub const ALL: [Edited; 4] = [Edited::Title, Edited::Section, Edited::Nature, Edited::Severity];

    pub const fn as_str(self) -> &'static str {
        match self {
            Edited::Title => "title",
            Edited::Section => "section",
            Edited::Nature => "nature",
            Edited::Severity => "severity",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|edited| edited.as_str() == text)
    }
}

/// Who decides: the program by its rules, or a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand<'a> {
    Automatic,
    /// By the name under which the decision is kept: anything but [`Hand::AUTOMATIC`].
    Editor(&'a str),
}

impl<'a> Hand<'a> {
    /// What stands in the place of a name where nobody decided.
    pub const AUTOMATIC: &'static str = "automatic";

    pub const fn name(self) -> &'a str {
        match self {
            Hand::Automatic => Self::AUTOMATIC,
            Hand::Editor(name) => name,
        }
    }
    pub const fn placed(self) -> Placed {
        match self {
            Hand::Automatic => Placed::Automatic,
            Hand::Editor(_) => Placed::Editor,
        }
    }
}

/// An editor's decision on a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Review {
    /// Waits for an editor.
    Pending,
    /// May be shown and sent.
    Approved,
    /// Is neither shown nor sent.
    Rejected,
    /// Shown, but already old when its source was first read: no bulletin announces it.
    Archived,
}

impl Review {
    pub const ALL: [Review; 4] = [Review::Pending, Review::Approved, Review::Rejected, Review::Archived];

    pub const fn as_str(self) -> &'static str {
        match self {
            Review::Pending => "pending",
            Review::Approved => "approved",
            Review::Rejected => "rejected",
            Review::Archived => "archived",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == text)
    }
}
