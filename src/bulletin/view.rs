//! A bulletin as templates see it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::model::{Cadence, Nature, PublicationDate, SectionId, Severity, StoryId};

/// One story in the words in which a bulletin froze it.
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
    /// What to do, in the source's own words; empty where it says nothing.
    pub actions: Vec<String>,
    /// The lead notice's source, as readers see it.
    pub source: String,
    pub published: Option<PublicationDate>,
    pub url: Option<String>,
    /// Official reference.
    pub reference: Option<String>,
    /// BCP 47, for words that are not French.
    pub language: String,
    /// The other notices of the story.
    pub also: Vec<Also>,
}

/// Another notice that tells of the same story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Also {
    pub source: String,
    pub title: String,
    pub url: Option<String>,
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
