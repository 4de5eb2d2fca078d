//! The pages on which readers choose, pause, leave, or ask why nothing comes. They are made for one person and kept by nobody.

use std::collections::BTreeMap;

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

/// What is wrong with a form, and with which of its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wrong {
    /// None: with the form as a whole.
    pub field: Option<&'static str>,
    pub text: String,
}

impl Wrong {
    pub const fn of(field: &'static str, text: String) -> Self {
        Self { field: Some(field), text }
    }

    pub const fn whole(text: String) -> Self {
        Self { field: None, text }
    }
}

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
    pub preview: Option<PreviewFacts<'a>>,
}

/// What would have come in the last seven days.
#[derive(Debug, Clone, Copy)]
pub struct PreviewFacts<'a> {
    /// The first of them.
    pub items: &'a [Item],
    pub count: usize,
    /// There may be more.
    pub is_cut: bool,
}

/// What a reader's own page is made of besides.
#[derive(Debug, Clone, Copy)]
pub struct OwnFacts<'a> {
    pub step: OwnStep,
    pub address: Option<&'a EmailAddress>,
    /// The day on which a pause ends.
    pub paused: Option<Date>,
    pub today: Date,
    /// Whether all that is kept may be seen and erased from here.
    pub may_own: bool,
}

/// The fields of a question, as they were filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuestionFields {
    pub email: String,
    pub text: String,
    /// The path of the page that it is about; empty: none.
    pub about: String,
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
    /// The link to all that is kept leaves by mail.
    LinkSent,
    /// Asked once more before all is deleted.
    EraseAsk,
    Erased,
    Left,
    Unknown,
    Expired,
    Forged,
}

impl OwnStep {
    pub const ALL: [OwnStep; 11] = [
        OwnStep::Shown,
        OwnStep::Changed,
        OwnStep::Paused,
        OwnStep::Resumed,
        OwnStep::LinkSent,
        OwnStep::EraseAsk,
        OwnStep::Erased,
        OwnStep::Left,
        OwnStep::Unknown,
        OwnStep::Expired,
        OwnStep::Forged,
    ];
}

#[derive(Serialize)]
struct WishView<'a> {
    #[serde(flatten)]
    frame: FrameView,
    heading: String,
    step: Step,
    own: Option<OwnStep>,
    may_own: bool,
    email: &'a str,
    masked: Option<String>,
    cadences: Vec<ChoiceView>,
    sections: Vec<ChoiceView>,
    natures: Vec<ChoiceView>,
    severities: Vec<ChoiceView>,
    alert_severities: Vec<ChoiceView>,
    alert_words: &'a str,
    /// By field.
    wrong: BTreeMap<&'static str, &'a str>,
    /// In the order of the form.
    errors: &'a [Wrong],
    stamp: &'a str,
    preview: Option<PreviewView>,
    paused: Option<String>,
    /// The first day on which a pause can end.
    tomorrow: Option<Date>,
    /// Whose messages are to be let through.
    sender: Option<&'a EmailAddress>,
    /// Whether its mail is signed by DKIM.
    is_signed: bool,
}

#[derive(Serialize)]
struct ChoiceView {
    value: String,
    name: String,
    is_chosen: bool,
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
        heading: String::new(),
        step,
        own: None,
        may_own: false,
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
        wrong: by_field(facts.wrong),
        errors: facts.wrong,
        stamp: facts.stamp,
        preview: facts.preview.map(|preview| {
            let count = counted(preview.count as u64, ("nouvelle", "nouvelles"));
            PreviewView {
                count: if preview.is_cut { format!("au moins {count}") } else { count },
                lines: LineView::all(preview.items, site),
            }
        }),
        paused: None,
        tomorrow: None,
        sender: None,
        is_signed: false,
        frame,
    }
}

fn by_field(wrong: &[Wrong]) -> BTreeMap<&'static str, &str> {
    wrong.iter().filter_map(|wrong| Some((wrong.field?, wrong.text.as_str()))).collect()
}

/// What a page is called: by what it shows now, so that a title tells what became of a form.
fn heading(step: Step, asks: &str, closed: &str) -> String {
    french(match step {
        Step::Ask => asks,
        Step::Done => "Regardez vos messages",
        Step::TooMany => "Trop de demandes",
        Step::Closed => closed,
    })
}

const NO_READERS: &str = "L’inscription n’est pas ouverte ici";
const NO_MAIL: &str = "Ce service n’est pas ouvert ici";

/// # Errors
/// A template that an installation put in place may fail; the embedded ones do not.
pub fn subscribe_page(
    templates: &Templates,
    site: &Site,
    facts: &WishFacts<'_>,
    step: Step,
) -> Result<String, RenderError> {
    let heading = heading(step, "S’abonner au bulletin", NO_READERS);
    let view = WishView { heading, ..view(frame(site, "", "subscribe"), site, facts, step) };
    templates.render("subscribe.html", &view)
}

/// A reader's own page.
///
/// # Errors
/// As [`subscribe_page`].
pub fn own_page(
    templates: &Templates,
    site: &Site,
    facts: &WishFacts<'_>,
    own: &OwnFacts<'_>,
) -> Result<String, RenderError> {
    let heading = match own.step {
        OwnStep::Shown | OwnStep::Changed | OwnStep::Paused | OwnStep::Resumed => "Mes choix",
        OwnStep::LinkSent => "Regardez vos messages",
        OwnStep::EraseAsk => "Tout effacer",
        OwnStep::Erased => "Tout est effacé",
        OwnStep::Left => "Cette adresse n’est plus inscrite",
        OwnStep::Unknown => "Ce lien ne mène plus à rien",
        OwnStep::Expired => "Ce lien n’est plus valable",
        OwnStep::Forged => "Ce lien est incomplet",
    };
    let view = WishView {
        heading: french(heading),
        own: Some(own.step),
        may_own: own.may_own,
        masked: own.address.map(EmailAddress::masked),
        paused: own.paused.map(date_in_words),
        tomorrow: own.today.tomorrow().ok(),
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
    let heading = heading(step, "Mes choix", NO_READERS);
    let view = WishView { heading, ..view(frame(site, "", ""), site, facts, step) };
    templates.render("preferences.html", &view)
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
    sender: Option<&EmailAddress>,
    is_signed: bool,
) -> Result<String, RenderError> {
    let heading = heading(step, "Je ne reçois pas mes bulletins", NO_MAIL);
    let view = WishView { heading, sender, is_signed, ..view(frame(site, "", "help"), site, facts, step) };
    templates.render("help.html", &view)
}

#[derive(Serialize)]
struct QuestionView<'a> {
    #[serde(flatten)]
    frame: FrameView,
    heading: String,
    step: Step,
    email: &'a str,
    text: &'a str,
    about: &'a str,
    wrong: BTreeMap<&'static str, &'a str>,
    errors: &'a [Wrong],
    stamp: &'a str,
}

/// The page on which one writes to who runs the site.
///
/// # Errors
/// As [`subscribe_page`].
pub fn contact_page(
    templates: &Templates,
    site: &Site,
    fields: &QuestionFields,
    wrong: &[Wrong],
    stamp: &str,
    step: Step,
) -> Result<String, RenderError> {
    let heading = match step {
        Step::Done => french("Votre message est parti"),
        step => heading(step, "Nous écrire", NO_MAIL),
    };
    let view = QuestionView {
        frame: frame(site, "", ""),
        heading,
        step,
        email: &fields.email,
        text: &fields.text,
        about: &fields.about,
        wrong: by_field(wrong),
        errors: wrong,
        stamp,
    };
    templates.render("contact.html", &view)
}
