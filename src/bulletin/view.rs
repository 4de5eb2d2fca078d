//! A bulletin as templates see it.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{facts::Cited, guide::Guide, told::Quote};
use crate::{
    model::{Cadence, Ending, Nature, News, PublicationDate, SectionId, Severity, StoryId},
    normalise::deadline::Deadline,
};

/// One story in the words in which a bulletin froze it. What came to it later has a default: bulletins of before must
/// still be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub story: StoryId,
    pub section: SectionId,
    /// Other sections that it stands in: it is shown in the first of them that a reader wants, where the own is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_in: Vec<SectionId>,
    pub nature: Nature,
    pub severity: Severity,
    /// Without prefix.
    pub title: String,
    /// Two or three whole sentences of the lead notice.
    pub summary: String,
    /// What other sources add to it, a sentence each.
    #[serde(default)]
    pub more: Vec<Quote>,
    /// Whom it concerns, what to do, where to report, key figures, in the sources' own words.
    #[serde(default, alias = "actions")]
    pub guide: Guide,
    /// The lead notice's source, as readers see it.
    pub source: String,
    pub published: Option<PublicationDate>,
    pub url: Option<String>,
    /// Official reference.
    pub reference: Option<String>,
    /// BCP 47, for words that are not French.
    pub language: String,
    /// The other notices of the story, those nearest to the act first.
    pub also: Vec<Also>,
    /// CVEs that its notices name, sorted.
    #[serde(default)]
    pub cves: Vec<String>,
    /// Official references that they cite, but their own.
    #[serde(default)]
    pub cited: Vec<Cited>,
    /// The nearest first; none was past when its notice was published.
    #[serde(default)]
    pub deadlines: Vec<Deadline>,
    /// Whether an earlier bulletin of the same cadence told of the story, before there was more to it.
    #[serde(default)]
    pub again: bool,
    /// Points when it was frozen.
    #[serde(default)]
    pub importance: u32,
    /// The revisions that the lead notice tells of itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<String>,
    /// What it is in an alert edition; `None` in every other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<AlertNews>,
    /// When an alert told of it before this bulletin, to some of its readers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerted: Option<Timestamp>,
}

/// What an alert says of a story besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertNews {
    pub news: News,
    /// What changed since the last alert, on one line; may be empty.
    pub change: String,
    /// How it ended, where that is the news.
    #[serde(default)]
    pub ending: Ending,
}

impl AlertNews {
    pub fn is_withdrawn(&self) -> bool {
        self.news == News::End && self.ending == Ending::Withdrawn
    }
}

/// Another notice that tells of the same story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Also {
    pub source: String,
    pub title: String,
    pub url: Option<String>,
    /// BCP 47; empty where a bulletin was frozen before it was kept.
    #[serde(default)]
    pub language: String,
}

/// The items of one section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shelf {
    pub section: SectionId,
    /// As readers see it.
    pub name: String,
    /// Most pressing first.
    pub items: Vec<Item>,
}

/// One bulletin for readers of one selection: never without an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edition {
    pub cadence: Cadence,
    pub date: Date,
    /// 1 for the first of its cadence that bears this day, then 2…
    pub number: u32,
    pub shelves: Vec<Shelf>,
}

impl Edition {
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.shelves.iter().flat_map(|shelf| &shelf.items)
    }
}
