//! One event or text, told by one or more notices.

use jiff::Timestamp;
use serde::Serialize;

use super::{Nature, NoticeId, SectionId, Severity, StoryId};

/// What readers get: the lead notice speaks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Story {
    pub id: StoryId,
    pub lead: NoticeId,
    pub section: SectionId,
    pub nature: Nature,
    pub severity: Severity,
    pub review: Review,
    pub first_seen: Timestamp,
    /// When its content last moved: a notice joined, or its lead was revised.
    pub updated: Timestamp,
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
