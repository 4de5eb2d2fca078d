//! Editions as pages, and the list of them.

use jiff::civil::Date;
use serde::Serialize;

use super::{
    super::{RenderError, Templates, budget::Plan, view::EditionView, words::counted},
    Frame, FrameView, Medium,
};
use crate::{
    bulletin::Edition,
    model::{BulletinId, Cadence, SitePath},
    text::date_in_words,
};

/// An edition that was published, as lists name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastEdition {
    pub cadence: Cadence,
    pub date: Date,
    /// As in [`Edition`].
    pub number: u32,
    pub stories: u32,
}

#[derive(Serialize)]
pub(super) struct PastView {
    path: String,
    title: String,
    date: String,
    count: String,
}

#[derive(Serialize)]
struct EditionsView {
    #[serde(flatten)]
    frame: FrameView,
    title: String,
    editions: Vec<PastView>,
    cadences: Vec<CadenceView>,
    path: String,
    /// As a query.
    next: Option<String>,
}

#[derive(Serialize)]
struct CadenceView {
    path: String,
    name: String,
    is_here: bool,
}

#[derive(Serialize)]
struct EditionPageView {
    #[serde(flatten)]
    frame: FrameView,
    edition: EditionView,
}

impl PastView {
    pub fn new(past: &PastEdition) -> Self {
        let path = SitePath::Edition { date: past.date, cadence: past.cadence, number: past.number };
        Self {
            path: path.to_string(),
            title: past.cadence.title(),
            date: date_in_words(past.date),
            count: counted(u64::from(past.stories), ("nouvelle", "nouvelles")),
        }
    }
}

/// Where the page of an edition stands.
pub fn edition_path(edition: &Edition) -> SitePath {
    SitePath::Edition { date: edition.date, cadence: edition.cadence, number: edition.number }
}

/// An edition as a page: every story in full, and nothing about any reader.
///
/// # Errors
/// A template that an installation put in place may fail; the embedded ones do not.
pub fn bulletin_page(templates: &Templates, frame: Frame<'_>, edition: &Edition) -> Result<String, RenderError> {
    let path = frame.path.to_string();
    let view = EditionView::new(edition, frame.site, &Plan::whole(edition), &path);
    templates.render("bulletin.html", &EditionPageView { frame: FrameView::new(frame), edition: view })
}

/// The editions of one cadence, or of all, newest first.
///
/// # Errors
/// As [`bulletin_page`].
pub fn editions_page(
    templates: &Templates,
    frame: Frame<'_>,
    cadence: Option<Cadence>,
    editions: &[PastEdition],
    next: Option<BulletinId>,
) -> Result<String, RenderError> {
    let title = match cadence {
        Some(Cadence::Alert) => String::from("Alertes"),
        Some(cadence) => format!("Bulletins {}s", cadence.name()),
        None => String::from("Bulletins"),
    };
    let name = |cadence: Cadence| match cadence {
        Cadence::Alert => String::from("Alertes"),
        cadence => format!("{}s", super::super::words::capital(cadence.name())),
    };
    let cadences = Cadence::ALL.map(|one| CadenceView {
        path: SitePath::Editions(Some(one)).to_string(),
        name: name(one),
        is_here: cadence == Some(one),
    });
    let view = EditionsView {
        title,
        editions: editions.iter().map(PastView::new).collect(),
        cadences: cadences.into(),
        path: frame.path.to_string(),
        next: next.filter(|_| frame.medium == Medium::Server).map(|id| format!("avant={id}")),
        frame: FrameView::new(frame),
    };
    templates.render("editions.html", &view)
}
