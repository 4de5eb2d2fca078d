//! What is watched, and how it fares: said openly.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    super::{RenderError, Templates, operator, view::web_address, words::one_line},
    Frame, FrameView,
};
use crate::{
    alarm::AlarmKind,
    config::Site,
    model::{Licence, SitePath, SourceId},
    text::{day_in_words, french},
};

/// A source, and how it fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFacts {
    pub id: SourceId,
    pub name: String,
    /// Where people read it.
    pub url: Option<String>,
    pub licence: Licence,
    /// What is wrong with it, where something is.
    pub trouble: Option<AlarmKind>,
    /// When it was last read with success.
    pub last_success: Option<Timestamp>,
    /// When it last had something new.
    pub last_new: Option<Timestamp>,
    /// Where its stories are listed, where they are.
    pub page: Option<SitePath>,
}

#[derive(Serialize)]
struct SourcesView {
    #[serde(flatten)]
    frame: FrameView,
    count: String,
    troubled: usize,
    sources: Vec<SourceView>,
}

#[derive(Serialize)]
struct SourceView {
    path: Option<String>,
    name: String,
    url: Option<String>,
    licence: &'static str,
    trouble: Option<String>,
    /// « lue le 26 novembre 2026 ».
    read: Option<String>,
    news: Option<String>,
}

/// # Errors
/// A template that an installation put in place may fail; the embedded ones do not.
pub fn sources_page(templates: &Templates, frame: Frame<'_>, sources: &[SourceFacts]) -> Result<String, RenderError> {
    let view = SourcesView {
        count: super::super::words::counted(sources.len() as u64, ("source", "sources")),
        troubled: sources.iter().filter(|source| source.trouble.is_some()).count(),
        sources: sources.iter().map(|source| SourceView::new(source, frame.site)).collect(),
        frame: FrameView::new(frame),
    };
    templates.render("sources.html", &view)
}

impl SourceView {
    fn new(source: &SourceFacts, site: &Site) -> Self {
        let day = |at: Timestamp| day_in_words(site.zone.to_datetime(at).date());
        Self {
            path: source.page.as_ref().map(SitePath::to_string),
            name: french(&one_line(&source.name)),
            url: web_address(source.url.as_deref()),
            licence: licence(source.licence),
            trouble: source.trouble.map(|kind| french(operator::what(kind))),
            read: source.last_success.map(|at| format!("lue le {}", day(at))),
            news: source.last_new.map(|at| format!("dernière nouveauté le {}", day(at))),
        }
    }
}

/// As readers see it.
pub(super) const fn licence(licence: Licence) -> &'static str {
    match licence {
        Licence::Lo => "Licence Ouverte 2.0",
        Licence::Cc0 => "CC0, domaine public",
        Licence::Press => "presse, droits réservés",
        Licence::Unknown => "droits réservés",
    }
}
