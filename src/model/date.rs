//! The date that a source gives a document, with how precise it is.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// How much of a [`PublicationDate`] the source stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// A day of the calendar, not an instant: no hour may be shown.
    Day,
    Minute,
    Second,
}

impl Precision {
    pub const fn as_str(self) -> &'static str {
        match self {
            Precision::Day => "day",
            Precision::Minute => "minute",
            Precision::Second => "second",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        [Precision::Day, Precision::Minute, Precision::Second].into_iter().find(|p| p.as_str() == text)
    }
}

/// When a document was published, as its source says. At day precision `at` is that day's midnight in the source's
/// time zone, so that it must be shown in the same zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PublicationDate {
    pub at: Timestamp,
    pub precision: Precision,
}

impl PublicationDate {
    /// A day of the calendar in a zone. `None` outside the range of [`Timestamp`].
    pub fn day(day: Date, zone: &TimeZone) -> Option<Self> {
        let at = day.to_zoned(zone.clone()).ok()?.timestamp();
        Some(Self { at, precision: Precision::Day })
    }

    pub const fn second(at: Timestamp) -> Self {
        Self { at, precision: Precision::Second }
    }

    /// The day of the calendar in the zone that readers live in.
    pub fn date(self, zone: &TimeZone) -> Date {
        zone.to_datetime(self.at).date()
    }
}
