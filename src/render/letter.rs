//! Letters about a subscription itself: confirmation, welcome, goodbye, renewal.

use jiff::{
    Timestamp,
    civil::{Time, Weekday},
};
use serde::Serialize;
use url::Url;

use crate::{
    config::Site,
    model::{EmailAddress, Letter, Preferences, Rhythm, Sections},
    text::{date_in_words, day_in_words, french, truncate},
};

use super::{
    Mail, RenderError, Templates, TraceLine,
    mail::{styled, tidy},
    view::{SiteView, base_url},
    words::{choices, one_line},
};

/// What most readers' screens show of a subject.
const SUBJECT: usize = 70;

/// What one letter is about.
#[derive(Debug, Clone, Copy)]
pub struct LetterFacts<'a> {
    pub kind: Letter,
    pub address: &'a EmailAddress,
    pub preferences: &'a Preferences,
    /// What is agreed to, or was: « inscription au bulletin quotidien ».
    pub agreed: &'a str,
    /// When it was asked for, or agreed to; of a goodbye, when the reader left.
    pub since: Timestamp,
    /// Until when `act` leads anywhere.
    pub until: Option<Timestamp>,
    /// Where to confirm, to go on, or to come back.
    pub act: Option<&'a str>,
    /// Where to leave: `https:` or `mailto:`.
    pub leave: Option<&'a str>,
    /// The address that the bulletins come from.
    pub from: &'a EmailAddress,
    /// A person who reads what is written there.
    pub contact: &'a EmailAddress,
    /// When the bulletin leaves; `None` when it does not.
    pub rhythm: Option<&'a Rhythm>,
    /// Where the reader's choices can be changed.
    pub preferences_at: Option<&'a str>,
    /// Whether it goes to somebody who does not read any more.
    pub has_left: bool,
    /// What became of the last messages.
    pub trace: &'a [TraceLine],
}

#[derive(Serialize)]
struct LetterView<'a> {
    subject: &'a str,
    title: &'a str,
    site: SiteView,
    /// « bulletin quotidien « Veille » ».
    bulletin: String,
    address: &'a EmailAddress,
    choices: Vec<String>,
    agreed: String,
    /// « 26 novembre 2026 ».
    since: String,
    /// « samedi 28 novembre 2026 à 8 h 04 ».
    until: Option<String>,
    act: Option<&'a str>,
    /// Only where it can be opened in a browser.
    leave: Option<&'a str>,
    /// Where a mail must be written instead: its address and its subject.
    write_to: Option<String>,
    write_what: Option<String>,
    from: &'a EmailAddress,
    contact: &'a EmailAddress,
    /// « du lundi au vendredi, à 7 h ».
    rhythm: Option<String>,
    /// The front page of the site.
    online: Option<String>,
    preferences_at: Option<&'a str>,
    has_left: bool,
    trace: Vec<LineView<'a>>,
}

#[derive(Serialize)]
struct LineView<'a> {
    #[serde(flatten)]
    line: &'a TraceLine,
    wrapped: String,
}

/// Writes a letter.
///
/// # Errors
/// A template that an installation put in place may fail; the embedded ones do not.
pub fn letter_mail(
    templates: &Templates,
    site: &Site,
    sections: &Sections,
    facts: &LetterFacts<'_>,
) -> Result<Mail, RenderError> {
    let title = match facts.kind {
        Letter::Confirmation => "Confirmez votre inscription",
        Letter::Welcome => "Votre inscription est enregistrée",
        Letter::Goodbye => "Votre désinscription est enregistrée",
        Letter::Renewal => "Souhaitez-vous continuer à recevoir ce bulletin ?",
        Letter::Access => "Vos choix",
        Letter::Trace => "Ce que sont devenus vos bulletins",
        Letter::Question => "Une question",
    };
    let title = french(title);
    let what = match facts.kind {
        Letter::Confirmation => "confirmez votre inscription",
        Letter::Welcome => "votre inscription est enregistrée",
        Letter::Goodbye => "votre désinscription est enregistrée",
        Letter::Renewal => "souhaitez-vous continuer ?",
        Letter::Access => "le lien vers vos choix",
        Letter::Trace => "ce que sont devenus vos bulletins",
        Letter::Question => "une question",
    };
    let name = one_line(&site.name);
    // The name gives way, not what the letter is about.
    let subject = french(&format!("{} : {what}", truncate(&name, SUBJECT - what.chars().count() - 3)));
    let letter = facts.leave.and_then(|leave| Url::parse(leave).ok()).filter(|url| url.scheme() == "mailto");
    let written_subject = letter.as_ref().and_then(|url| url.query_pairs().find(|(name, _)| name == "subject"));
    let view = LetterView {
        subject: &subject,
        title: &title,
        site: SiteView::in_mail(site),
        bulletin: french(&format!("bulletin {} « {name} »", facts.preferences.cadence.name())),
        address: facts.address,
        choices: choices(facts.preferences, sections),
        agreed: french(&one_line(facts.agreed)),
        since: day_in_words(site.zone.to_datetime(facts.since).date()),
        until: facts.until.map(|until| moment(until, site)),
        act: facts.act,
        leave: facts.leave.filter(|_| letter.is_none()),
        write_to: letter.as_ref().map(|url| one_line(url.path())),
        write_what: written_subject.map(|(_, value)| one_line(&value)),
        from: facts.from,
        contact: facts.contact,
        rhythm: facts.rhythm.map(rhythm),
        online: base_url(site),
        preferences_at: facts.preferences_at,
        has_left: facts.has_left,
        trace: facts.trace.iter().map(|line| LineView { line, wrapped: line.wrapped() }).collect(),
    };
    let file = facts.kind.as_str();
    let html = styled(&templates.render(&format!("{file}.html"), &view)?)?;
    let text = tidy(&templates.render(&format!("{file}.txt"), &view)?);
    Ok(Mail { subject, text, html })
}

/// « samedi 28 novembre 2026 à 8 h 04 ».
pub(super) fn moment(at: Timestamp, site: &Site) -> String {
    let at = site.zone.to_datetime(at);
    format!("{} à {}", date_in_words(at.date()), hour(at.time()))
}

fn hour(at: Time) -> String {
    match at.minute() {
        0 => format!("{}\u{a0}h", at.hour()),
        minute => format!("{}\u{a0}h\u{a0}{minute:02}", at.hour()),
    }
}

/// When editions leave: « du lundi au vendredi, à 7 h ».
fn rhythm(of: &Rhythm) -> String {
    match of {
        Rhythm::Days { days, at } => {
            let days: Vec<usize> = days.iter().map(|day| index(*day)).collect();
            let in_a_row = days.windows(2).all(|pair| pair[1] == pair[0] + 1);
            let when = match days.as_slice() {
                [day] => format!("chaque {}", DAYS[*day]),
                all if all.len() == DAYS.len() => String::from("tous les jours"),
                [first, .., last] if in_a_row && days.len() > 2 => format!("du {} au {}", DAYS[*first], DAYS[*last]),
                [rest @ .., last] => {
                    let rest: Vec<String> = rest.iter().map(|day| format!("le {}", DAYS[*day])).collect();
                    format!("{} et le {}", rest.join(", "), DAYS[*last])
                }
                [] => String::from("tous les jours"),
            };
            format!("{when}, à {}", hour(*at))
        }
        Rhythm::AtOnce => String::from("dès qu’une alerte est publiée"),
        Rhythm::Month { day: 1, at } => format!("le 1er de chaque mois, à {}", hour(*at)),
        Rhythm::Month { day, at } => format!("le {day} de chaque mois, à {}", hour(*at)),
    }
}

const DAYS: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];

fn index(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
