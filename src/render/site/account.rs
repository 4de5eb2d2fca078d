//! The pages on which readers choose, pause, leave, or ask why nothing comes. They are made for one person and kept by nobody.

use jiff::civil::Date;
use serde::Serialize;

use super::{
    super::{RenderError, Templates, view::SiteView, words::counted},
    FrameView,
    line::LineView,
};
use crate::{
    bulletin::Item,
    config::Site,
    model::{Cadence, EmailAddress, Nature, Sections, Severity},
    text::{date_in_words, french},
};

/// The fields of the form of wishes, as they were filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WishFields {
    pub email: String,
    pub cadence: String,
    /// Short names.
    pub sections: Vec<String>,
    pub natures: Vec<String>,
    pub severity: String,
    pub alerts_from: String,
    pub alert_words: String,
}

/// A field that is wrong, by its name, and what is wrong.
pub type Wrong = (&'static str, String);

/// What such a page is made of.
#[derive(Debug, Clone, Copy)]
pub struct WishFacts<'a> {
    pub fields: &'a WishFields,
    pub wrong: &'a [Wrong],
    pub sections: &'a Sections,
    /// Those that this installation has.
    pub cadences: &'a [Cadence],
    /// Goes back with the form.
    pub stamp: &'a str,
    /// What would have come last week: the first of them, and how many they were.
    pub preview: Option<(&'a [Item], usize)>,
}

/// What became of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The form is shown.
    Ask,
    /// It was sent: whatever is known of the address, the answer is this.
    Done,
    /// Too many came from there.
    TooMany,
    /// No letter could lead back here: the form would promise what does not come.
    Closed,
}

/// What became of a reader's own page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnStep {
    Shown,
    Changed,
    Paused,
    Resumed,
    /// Asked once more before all is deleted.
    EraseAsk,
    Erased,
    Left,
    Unknown,
    Forged,
}

#[derive(Serialize)]
struct WishView<'a> {
    #[serde(flatten)]
    frame: FrameView,
    step: Step,
    own: Option<OwnStep>,
    email: &'a str,
    masked: Option<String>,
    cadences: Vec<ChoiceView>,
    sections: Vec<ChoiceView>,
    natures: Vec<ChoiceView>,
    severities: Vec<ChoiceView>,
    alert_severities: Vec<ChoiceView>,
    alert_words: &'a str,
    /// By field.
    wrong: std::collections::BTreeMap<&'static str, &'a str>,
    /// In the order of the form.
    errors: Vec<ErrorView<'a>>,
    stamp: &'a str,
    preview: Option<PreviewView>,
    paused: Option<String>,
    /// The first day on which a pause can end.
    tomorrow: Option<Date>,
    contact: Option<&'a EmailAddress>,
    /// Whose messages are to be let through.
    sender: Option<&'a EmailAddress>,
}

#[derive(Serialize)]
struct ChoiceView {
    value: String,
    name: String,
    is_chosen: bool,
}

#[derive(Serialize)]
struct ErrorView<'a> {
    field: &'static str,
    text: &'a str,
}

#[derive(Serialize)]
struct PreviewView {
    count: String,
    lines: Vec<LineView>,
}

fn frame(site: &Site, root: &'static str, here: &'static str) -> FrameView {
    FrameView { root, site: SiteView::new(site), live: true, here, feeds: Vec::new() }
}

fn view<'a>(frame: FrameView, site: &Site, facts: &WishFacts<'a>, step: Step) -> WishView<'a> {
    let fields = facts.fields;
    let cadence = |cadence: Cadence| match cadence {
        Cadence::Daily => "Chaque jour",
        Cadence::Weekly => "Chaque semaine",
        Cadence::Monthly => "Chaque mois",
        Cadence::Alert => "Les alertes seulement, dès qu’elles paraissent",
    };
    let choice = |value: &str, name: &str, is_chosen: bool| ChoiceView {
        value: value.to_owned(),
        name: french(name),
        is_chosen,
    };
    let severities = |chosen: &str| {
        Severity::ALL
            .map(|one| choice(one.as_str(), one.name(), chosen == one.as_str()))
            .into_iter()
            .collect::<Vec<_>>()
    };
    WishView {
        step,
        own: None,
        email: &fields.email,
        masked: None,
        cadences: facts
            .cadences
            .iter()
            .map(|one| choice(one.as_str(), cadence(*one), fields.cadence == one.as_str()))
            .collect(),
        sections: facts
            .sections
            .iter()
            .map(|one| choice(one.id.as_str(), &one.name, fields.sections.iter().any(|id| id == one.id.as_str())))
            .collect(),
        natures: Nature::ALL
            .map(|one| choice(one.as_str(), one.name(), fields.natures.iter().any(|id| id == one.as_str())))
            .into(),
        severities: severities(&fields.severity),
        alert_severities: severities(&fields.alerts_from),
        alert_words: &fields.alert_words,
        wrong: facts.wrong.iter().map(|(field, text)| (*field, text.as_str())).collect(),
        errors: facts.wrong.iter().map(|(field, text)| ErrorView { field, text }).collect(),
        stamp: facts.stamp,
        preview: facts.preview.map(|(items, count)| PreviewView {
            count: counted(count as u64, ("nouvelle", "nouvelles")),
            lines: LineView::all(items, site),
        }),
        paused: None,
        tomorrow: None,
        contact: None,
        sender: None,
        frame,
    }
}

/// # Errors
/// A template that an installation put in place may fail; the embedded ones do not.
pub fn subscribe_page(
    templates: &Templates,
    site: &Site,
    facts: &WishFacts<'_>,
    step: Step,
) -> Result<String, RenderError> {
    templates.render("subscribe.html", &view(frame(site, "", "subscribe"), site, facts, step))
}

/// A reader's own page.
///
/// # Errors
/// As [`subscribe_page`].
pub fn own_page(
    templates: &Templates,
    site: &Site,
    facts: &WishFacts<'_>,
    own: OwnStep,
    address: Option<&EmailAddress>,
    paused: Option<Date>,
    today: Date,
) -> Result<String, RenderError> {
    let view = WishView {
        own: Some(own),
        masked: address.map(EmailAddress::masked),
        paused: paused.map(date_in_words),
        tomorrow: today.tomorrow().ok(),
        ..view(frame(site, "../", ""), site, facts, Step::Ask)
    };
    templates.render("preferences.html", &view)
}

/// The page on which one asks for the link to one's choices.
///
/// # Errors
/// As [`subscribe_page`].
pub fn access_page(
    templates: &Templates,
    site: &Site,
    facts: &WishFacts<'_>,
    step: Step,
) -> Result<String, RenderError> {
    templates.render("preferences.html", &view(frame(site, "", ""), site, facts, step))
}

/// « Je ne reçois pas mes bulletins ».
///
/// # Errors
/// As [`subscribe_page`].
pub fn help_page(
    templates: &Templates,
    site: &Site,
    facts: &WishFacts<'_>,
    step: Step,
    contact: Option<&EmailAddress>,
    sender: Option<&EmailAddress>,
) -> Result<String, RenderError> {
    let view = WishView { contact, sender, ..view(frame(site, "", "help"), site, facts, step) };
    templates.render("help.html", &view)
}
