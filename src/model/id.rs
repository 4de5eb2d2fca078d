//! Typed identifiers: a notice cannot be looked up by the number of a story.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! row_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            pub const fn new(row: i64) -> Self {
                Self(row)
            }
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

row_id! {
    /// A fetch of one source.
    FetchId,
    /// One document of one source.
    NoticeId,
    /// One event or text.
    StoryId,
    /// One edition of one cadence.
    BulletinId,
    /// One reader.
    SubscriberId,
    /// One bulletin to one subscriber.
    DeliveryId,
    /// One report on what became of a delivery.
    ReportId,
    /// One thing that is wrong with one source, from its first sign to its end.
    AlarmId,
    /// One wish to become a subscriber.
    RequestId,
}

/// The name a source has in `sources.toml`: `[a-z0-9-]`, 1 to 64 characters, no dash at either end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SourceId(String);

impl SourceId {
    pub fn parse(text: &str) -> Option<Self> {
        is_slug(text).then(|| Self(text.to_owned()))
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

pub(super) fn is_slug(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}
