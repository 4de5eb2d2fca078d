//! The front page: what presses first, then the latest bulletin, what came in, and where the rest is found.

use serde::Serialize;

use super::{
    super::{RenderError, Templates, weather::Notice, words::counted},
    FollowView, Frame, FrameView,
    editions::{PastEdition, PastView},
    line::LineView,
};
use crate::{
    bulletin::Item,
    model::{Nature, Sections, Selection},
};

/// The calendar of deadlines: how many days to come it has. Without any it is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar<'a> {
    pub path: &'a str,
    pub days: usize,
}

/// What the front page tells.
#[derive(Debug, Clone, Copy)]
pub struct HomeFacts<'a> {
    /// In progress.
    pub alerts: &'a [Item],
    pub edition: Option<PastEdition>,
    /// What heads the latest edition.
    pub heads: &'a [Item],
    pub latest: &'a [Item],
    pub most_read: &'a [Item],
    pub sections: &'a Sections,
    pub calendar: Calendar<'a>,
    /// What readers are to be warned of.
    pub notices: &'a [Notice],
}

#[derive(Serialize)]
struct HomeView<'a> {
    #[serde(flatten)]
    frame: FrameView,
    alerts: Vec<LineView>,
    edition: Option<PastView>,
    heads: Vec<LineView>,
    latest: Vec<LineView>,
    most_read: Vec<LineView>,
    sections: Vec<FollowView>,
    natures: Vec<FollowView>,
    calendar: Option<CalendarView>,
    notices: &'a [Notice],
    formats: [(&'static str, &'static str); 3],
}

#[derive(Serialize)]
struct CalendarView {
    path: String,
    /// « 4 dates ».
    count: String,
}

/// # Errors
/// A template that an installation put in place may fail; the embedded ones do not.
pub fn home_page(templates: &Templates, frame: Frame<'_>, facts: &HomeFacts<'_>) -> Result<String, RenderError> {
    let lines = |items| LineView::all(items, frame.site);
    let calendar = (facts.calendar.days > 0).then(|| CalendarView {
        path: facts.calendar.path.to_owned(),
        count: counted(facts.calendar.days as u64, ("date", "dates")),
    });
    let sections = facts.sections.iter();
    let view = HomeView {
        frame: FrameView::new(frame).following(&Selection::All, &frame.site.name),
        alerts: lines(facts.alerts),
        edition: facts.edition.map(|past| PastView::new(&past)),
        heads: lines(facts.heads),
        latest: lines(facts.latest),
        most_read: lines(facts.most_read),
        sections: sections.map(|s| FollowView::new(&Selection::Section(s.id.clone()), &s.name)).collect(),
        natures: Nature::ALL.map(|nature| FollowView::new(&Selection::Nature(nature), nature.name())).into(),
        calendar,
        notices: facts.notices,
        formats: super::formats(),
    };
    templates.render("index.html", &view)
}
