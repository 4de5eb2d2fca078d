//! The stories of a selection, newest first.

use serde::Serialize;

use super::{
    super::{RenderError, Templates, words::one_line},
    Frame, FrameView, Medium,
    line::LineView,
};
use crate::{
    bulletin::Item,
    model::{Selection, StoryId},
    text::french,
};

/// What such a page tells.
#[derive(Debug, Clone, Copy)]
pub struct ListFacts<'a> {
    pub selection: &'a Selection,
    /// « Cybersécurité ».
    pub title: &'a str,
    /// What is to be known of it, such as the licence of a source.
    pub about: &'a [String],
    pub items: &'a [Item],
    /// Whether newer ones come before.
    pub is_first: bool,
    /// Below which story the next page begins.
    pub next: Option<StoryId>,
}

#[derive(Serialize)]
struct ListView {
    #[serde(flatten)]
    frame: FrameView,
    title: String,
    about: Vec<String>,
    stories: Vec<LineView>,
    is_first: bool,
    path: String,
    /// As a query.
    next: Option<String>,
    formats: [(&'static str, &'static str); 3],
}

/// # Errors
/// A template that an installation put in place may fail; the embedded ones do not.
pub fn list_page(templates: &Templates, frame: Frame<'_>, facts: &ListFacts<'_>) -> Result<String, RenderError> {
    let title = french(&one_line(facts.title));
    let view = ListView {
        frame: FrameView::new(frame).following(facts.selection, facts.title),
        about: facts.about.iter().map(|line| french(line)).collect(),
        stories: LineView::all(facts.items, frame.site),
        is_first: facts.is_first,
        path: facts.selection.path(),
        next: facts.next.filter(|_| frame.medium == Medium::Server).map(|story| format!("avant={story}")),
        formats: super::formats(),
        title,
    };
    templates.render("list.html", &view)
}
