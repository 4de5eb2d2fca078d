//! A document, before it is compared with what is stored ([`Draft`]) and after ([`Notice`]).

use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use super::{Nature, NoticeId, PublicationDate, Reference, SectionId, Severity, SourceId, StoryId};

/// A notice as one source states it. Text fields are clean: no markup, entities decoded, white space collapsed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// The source's own identifier, verbatim: RSS `guid`, Atom `id`, JSON Feed `id`. Never invented.
    pub guid: Option<String>,
    /// Absolute, http or https.
    pub url: Option<Url>,
    /// The document's own official reference, never one that it merely cites.
    pub reference: Option<Reference>,
    pub title: String,
    /// The source's summary as plain text; paragraphs separated by a newline.
    pub summary: String,
    /// The source's content as sanitised HTML, empty when it gives none.
    pub content: String,
    /// What is compared and searched: the content, or else the summary, as plain text.
    pub text: String,
    pub published: Option<PublicationDate>,
    pub updated: Option<PublicationDate>,
    /// BCP 47, when the entry states one that differs from the source's.
    pub language: Option<String>,
    pub categories: Vec<String>,
    /// What sort of item it is, when the source says it of each.
    pub nature: Option<Nature>,
    /// Where the rest of the document stands, when its source gives it in two steps.
    pub details: Option<Url>,
}

/// One stored document, in its latest revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    pub id: NoticeId,
    /// The source that brought it first.
    pub source: SourceId,
    pub story: StoryId,
    pub reference: Option<String>,
    pub guid: Option<String>,
    pub url: Option<Url>,
    pub title: String,
    pub summary: String,
    #[serde(skip)]
    pub content: String,
    #[serde(skip)]
    pub text: String,
    pub language: String,
    pub published: Option<PublicationDate>,
    pub first_seen: Timestamp,
    /// 1 for the first state, then one more each time the source changed it.
    pub revision: u32,
    pub section: SectionId,
    /// Other sections that the rules put it in besides.
    pub also: Vec<SectionId>,
    pub nature: Nature,
    pub severity: Severity,
    /// How much it concerns local authorities, in the points of the rules.
    pub relevance: i32,
    pub placed: Placed,
    /// The one whose text it repeats, and which itself repeats none.
    pub copy_of: Option<NoticeId>,
}

/// Who put a notice into its story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Placed {
    Automatic,
    /// It stays where an editor put it.
    Editor,
}

impl Placed {
    pub const fn as_str(self) -> &'static str {
        match self {
            Placed::Automatic => "automatic",
            Placed::Editor => "editor",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        [Placed::Automatic, Placed::Editor].into_iter().find(|placed| placed.as_str() == text)
    }
}
