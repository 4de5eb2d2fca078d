//! The pages that answer a link of a letter. Each says what is, what can be done about it, and how to reach a person.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    config::Site,
    model::{EmailAddress, Preferences, Sections},
    text::french,
};

use super::{
    RenderError, Templates,
    letter::moment,
    site::FrameView,
    view::SiteView,
    words::{choices, one_line},
};

/// What a link came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    LeaveAsk,
    LeaveDone,
    /// The reader had left before.
    LeaveAlready,
    ConfirmAsk,
    ConfirmDone,
    ConfirmAlready,
    /// The time of the link has passed; another can be sent.
    ConfirmExpired,
    /// A reader is asked whether to go on.
    RenewAsk,
    /// One who left, whether to come back.
    ReturnAsk,
    RenewDone,
    RenewExpired,
    /// Another link was sent.
    LinkSent,
    /// Cut on the way, or made up.
    Forged,
    /// Ours, of a person or a request that is no longer kept.
    Unknown,
    /// The address must not be written to.
    Closed,
    /// The form came from a page of others.
    Foreign,
    /// The request was larger than any of ours.
    TooLarge,
    Failed,
}

impl Answer {
    pub const ALL: [Answer; 18] = [
        Answer::LeaveAsk,
        Answer::LeaveDone,
        Answer::LeaveAlready,
        Answer::ConfirmAsk,
        Answer::ConfirmDone,
        Answer::ConfirmAlready,
        Answer::ConfirmExpired,
        Answer::RenewAsk,
        Answer::ReturnAsk,
        Answer::RenewDone,
        Answer::RenewExpired,
        Answer::LinkSent,
        Answer::Forged,
        Answer::Unknown,
        Answer::Closed,
        Answer::Foreign,
        Answer::TooLarge,
        Answer::Failed,
    ];
}

/// What a page says besides.
#[derive(Debug, Clone, Copy, Default)]
pub struct AnswerFacts<'a> {
    /// Shown with most of it masked: a link may have been handed on.
    pub address: Option<&'a EmailAddress>,
    pub preferences: Option<&'a Preferences>,
    /// What is agreed to.
    pub agreed: Option<&'a str>,
    pub until: Option<Timestamp>,
    pub contact: Option<&'a EmailAddress>,
}

#[derive(Serialize)]
struct AnswerView<'a> {
    #[serde(flatten)]
    frame: FrameView,
    answer: Answer,
    title: String,
    address: Option<String>,
    /// « bulletin quotidien « Veille » ».
    bulletin: String,
    choices: Vec<String>,
    agreed: Option<String>,
    until: Option<String>,
    contact: Option<&'a EmailAddress>,
}

/// The page. `root` is what leads from it to the root of the site.
///
/// # Errors
/// A template that an installation put in place may fail; the embedded one does not.
pub fn answer_page(
    templates: &Templates,
    site: &Site,
    sections: &Sections,
    root: &'static str,
    answer: Answer,
    facts: &AnswerFacts<'_>,
) -> Result<String, RenderError> {
    let cadence = facts.preferences.map(|preferences| format!("{} ", preferences.cadence.name())).unwrap_or_default();
    let view = AnswerView {
        frame: FrameView { root, site: SiteView::new(site), live: true, here: "", feeds: Vec::new() },
        answer,
        title: french(title(answer)),
        address: facts.address.map(EmailAddress::masked),
        bulletin: french(&format!("bulletin {cadence}« {} »", one_line(&site.name))),
        choices: facts.preferences.map(|preferences| choices(preferences, sections)).unwrap_or_default(),
        agreed: facts.agreed.map(|agreed| french(&one_line(agreed))),
        until: facts.until.map(|until| moment(until, site)),
        contact: facts.contact,
    };
    templates.render("answer.html", &view)
}

const fn title(answer: Answer) -> &'static str {
    match answer {
        Answer::LeaveAsk => "Se désinscrire",
        Answer::LeaveDone => "Votre désinscription est enregistrée",
        Answer::LeaveAlready => "Cette adresse n’est plus inscrite",
        Answer::ConfirmAsk => "Confirmer votre inscription",
        Answer::ConfirmDone => "Votre inscription est enregistrée",
        Answer::ConfirmAlready => "Votre inscription était déjà enregistrée",
        Answer::ConfirmExpired | Answer::RenewExpired => "Ce lien n’est plus valable",
        Answer::RenewAsk => "Continuer à recevoir le bulletin",
        Answer::ReturnAsk => "Reprendre votre abonnement",
        Answer::RenewDone => "Votre abonnement continue",
        Answer::LinkSent => "Un nouveau lien vous est envoyé",
        Answer::Forged => "Ce lien est incomplet",
        Answer::Unknown => "Ce lien ne mène plus à rien",
        Answer::Closed => "Nous n’écrivons plus à cette adresse",
        Answer::Foreign => "Cette demande n’est pas venue de notre page",
        Answer::TooLarge => "Cette demande est trop longue",
        Answer::Failed => "Le service est en panne",
    }
}
