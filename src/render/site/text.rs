//! The pages that the law asks of a public site, and the one for an address that leads nowhere.

use serde::Serialize;

use super::{
    super::{RenderError, Templates},
    FollowView, Frame, FrameView,
};
use crate::model::{Nature, Sections, Selection, SiteText};

#[derive(Serialize)]
struct TextView {
    #[serde(flatten)]
    frame: FrameView,
    /// Which of them: `about`, `legal`, `privacy`, `accessibility`, `map`.
    text: &'static str,
    title: &'static str,
    sections: Vec<FollowView>,
    natures: Vec<FollowView>,
}

/// Why there is no page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// The address leads nowhere.
    Unknown,
    /// There was one, and it was taken back.
    Gone,
    /// It cannot be made now.
    Failed,
}

#[derive(Serialize)]
struct MissingView {
    #[serde(flatten)]
    frame: FrameView,
    missing: Missing,
}

/// # Errors
/// A template that an installation put in place may fail; the embedded ones do not.
pub fn text_page(
    templates: &Templates,
    frame: Frame<'_>,
    text: SiteText,
    sections: &Sections,
) -> Result<String, RenderError> {
    let (text, title) = match text {
        SiteText::About => ("about", "À propos de ce site"),
        SiteText::Legal => ("legal", "Mentions légales"),
        SiteText::Privacy => ("privacy", "Données personnelles"),
        SiteText::Accessibility => ("accessibility", "Accessibilité"),
        SiteText::Map => ("map", "Plan du site"),
    };
    let view = TextView {
        frame: FrameView::new(frame),
        text,
        title,
        sections: sections.iter().map(|s| FollowView::new(&Selection::Section(s.id.clone()), &s.name)).collect(),
        natures: Nature::ALL.map(|nature| FollowView::new(&Selection::Nature(nature), nature.name())).into(),
    };
    templates.render("text.html", &view)
}

/// A page for an address that leads nowhere: it may have been asked for under any path, so that it refers to all others from
/// the root of the server.
///
/// # Errors
/// As [`text_page`].
pub fn missing_page(templates: &Templates, frame: Frame<'_>, missing: Missing) -> Result<String, RenderError> {
    let frame = FrameView { root: "/", ..FrameView::new(frame) };
    templates.render("missing.html", &MissingView { frame, missing })
}
