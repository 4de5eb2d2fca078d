//! One dated edition of one cadence.

use std::fmt;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::BulletinId;

/// How often a subscriber is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cadence {
    Daily,
    Weekly,
    Monthly,
    /// At once, and only what presses: no day and no hour.
    Alert,
}

impl Cadence {
    pub const ALL: [Cadence; 4] = [Cadence::Daily, Cadence::Weekly, Cadence::Monthly, Cadence::Alert];

    pub const fn as_str(self) -> &'static str {
        match self {
            Cadence::Daily => "daily",
            Cadence::Weekly => "weekly",
            Cadence::Monthly => "monthly",
            Cadence::Alert => "alert",
        }
    }
    /// As readers see it; also the name of its mailing list.
    pub const fn name(self) -> &'static str {
        match self {
            Cadence::Daily => "quotidien",
            Cadence::Weekly => "hebdomadaire",
            Cadence::Monthly => "mensuel",
            Cadence::Alert => "alerte",
        }
    }
    /// What one edition of it is called: « Bulletin quotidien », « Alerte ».
    pub fn title(self) -> String {
        match self {
            Cadence::Alert => String::from("Alerte"),
            other => format!("Bulletin {}", other.name()),
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == text)
    }
}

impl fmt::Display for Cadence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What an alert edition is to one reader in respect of one story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum News {
    /// The first that this reader hears of it in an alert.
    Alert,
    /// There is more to it than the last alert said.
    Update,
    /// It is over.
    End,
}

impl News {
    pub const ALL: [News; 3] = [News::Alert, News::Update, News::End];

    pub const fn as_str(self) -> &'static str {
        match self {
            News::Alert => "alert",
            News::Update => "update",
            News::End => "end",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|news| news.as_str() == text)
    }
}

/// How an alert came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// Its source says that it is over.
    #[default]
    Closed,
    /// An editor kept the story out after it had gone out.
    Withdrawn,
}

/// A frozen edition: its stories, their order and their words no longer change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bulletin {
    pub id: BulletinId,
    pub cadence: Cadence,
    /// The day it bears, in the readers' zone.
    pub date: Date,
    pub frozen: Timestamp,
    /// How many stories it carries; 0 for an edition that had nothing to say and was not sent.
    pub stories: u32,
    /// 1 for the first of its cadence that bears this day, then 2…
    pub number: u32,
}
