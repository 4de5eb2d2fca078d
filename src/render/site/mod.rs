//! The pages of the site: the same in the published folder and on the server, but for what only a server can answer. They
//! refer to each other by relative addresses and to nothing outside; styles stand in a file, so that a strict
//! Content-Security-Policy (`style-src 'self'`) lets them in.

mod account;
mod editions;
mod home;
mod line;
mod list;
mod search;
mod sources;
mod story;
mod text;

use serde::Serialize;

pub use account::{
    OwnFacts, OwnStep, PreviewFacts, QuestionFields, Step, WishFacts, WishFields, Wrong, access_page, contact_page,
    help_page, own_page, subscribe_page,
};
pub use editions::{PastEdition, bulletin_page, edition_path, editions_page};
pub use home::{Calendar, HomeFacts, home_page};
pub use list::{ListFacts, list_page};
pub use search::{SearchChoice, SearchFacts, SearchHit, search_page};
pub use sources::{SourceFacts, sources_page};
pub use story::{NoticeFacts, RevisionFacts, StoryFacts, story_page};
pub use text::{Missing, missing_page, text_page};

use super::view::SiteView;
use crate::{
    config::Site,
    model::{FeedFormat, Selection, SitePath},
    text::french,
};

/// Who hands the pages out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// Any web server, from files: nothing is searched for, and a list ends with its page.
    Folder,
    /// This program.
    Server,
}

/// What every page is made with.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    pub site: &'a Site,
    pub path: &'a SitePath,
    pub medium: Medium,
}

/// As the base of all pages sees it.
#[derive(Serialize)]
pub(super) struct FrameView {
    /// What leads from this page to the root of the site: empty or `../`.
    pub root: &'static str,
    pub site: SiteView,
    pub live: bool,
    /// Under which of the main headings the page stands.
    pub here: &'static str,
    /// The feeds that tell of what the page tells of: title and path.
    pub feeds: Vec<FollowView>,
}

/// A selection, as something that can be followed.
#[derive(Serialize)]
pub(super) struct FollowView {
    pub title: String,
    /// Without extension.
    pub path: String,
}

impl FollowView {
    pub fn new(selection: &Selection, title: &str) -> Self {
        Self { title: french(title), path: selection.path() }
    }
}

impl FrameView {
    pub fn new(frame: Frame<'_>) -> Self {
        let here = match frame.path {
            SitePath::Home => "home",
            SitePath::Selection(Selection::Source(_)) | SitePath::Sources => "sources",
            SitePath::Selection(_) | SitePath::Story(_) => "all",
            SitePath::Editions(_) | SitePath::Edition { .. } => "editions",
            _ => "",
        };
        Self {
            root: frame.path.root(),
            site: SiteView::new(frame.site),
            live: frame.medium == Medium::Server,
            here,
            feeds: Vec::new(),
        }
    }

    pub fn following(self, selection: &Selection, title: &str) -> Self {
        Self { feeds: vec![FollowView::new(selection, title)], ..self }
    }
}

/// The formats in which a selection is followed, for templates: name and extension.
pub(super) fn formats() -> [(&'static str, &'static str); 3] {
    FeedFormat::ALL.map(|format| {
        let name = match format {
            FeedFormat::Rss => "RSS",
            FeedFormat::Atom => "Atom",
            FeedFormat::Json => "JSON",
        };
        (name, format.extension())
    })
}
