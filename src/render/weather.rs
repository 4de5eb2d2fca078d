//! What is said of an operator of mailboxes that refuses our mail: to readers, on the site, and to who runs Vigie.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    alarm::{Tally, Weather},
    config::Site,
    text::{collapse, day_in_words, french, number},
};

/// An operator that refuses, as readers are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub name: String,
    pub state: Weather,
    pub since: Timestamp,
}

/// The same, as who runs Vigie is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorStorm {
    /// As attempts are filed under it.
    pub id: String,
    pub name: String,
    pub state: Weather,
    pub since: Timestamp,
    pub ended: Option<Timestamp>,
    pub tally: Tally,
    /// What it says most.
    pub reply: String,
    /// What that means, and what can be done.
    pub meaning: String,
    pub advice: String,
}

/// A notice on the site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// « Attention : refus de réception chez Orange depuis le 30 août 2023 à 07 h 30. »
    pub warning: String,
    pub advice: String,
}

/// The notice for readers whose mailbox is there; `None` in calm weather.
pub fn notice(refusal: &Refusal, site: &Site) -> Option<Notice> {
    let what = match refusal.state {
        Weather::Calm => return None,
        Weather::Slow => "retards de réception",
        Weather::Refusing => "refus de réception",
    };
    let name = collapse(&refusal.name);
    Some(Notice {
        warning: french(&format!("Attention : {what} chez {name} depuis le {}.", instant(refusal.since, site))),
        advice: french(
            "Si votre boîte y est, un bulletin peut manquer ou arriver tard : il est envoyé à nouveau de lui-même, et se lit \
             ici en attendant.",
        ),
    })
}

#[derive(Serialize)]
pub(super) struct StormView {
    name: String,
    id: String,
    /// « refus de réception depuis le … », « … du … au … ».
    what: String,
    /// « 12 messages refusés sur 14 ».
    count: String,
    reply: String,
    meaning: String,
    advice: String,
}

impl StormView {
    pub(super) fn new(storm: &OperatorStorm, site: &Site) -> Self {
        let what = match storm.state {
            Weather::Refusing => "refus de réception",
            Weather::Slow | Weather::Calm => "retards de réception",
        };
        let since = instant(storm.since, site);
        let (what, count) = match storm.ended {
            Some(ended) => (format!("{what} du {since} au {}", instant(ended, site)), String::new()),
            None => {
                let (refused, of) = (number(storm.tally.refused), number(storm.tally.all()));
                let many = if storm.tally.refused > 1 { "s" } else { "" };
                (format!("{what} depuis le {since}"), format!("{refused} message{many} refusé{many} sur {of}"))
            }
        };
        Self {
            name: collapse(&storm.name),
            id: storm.id.clone(),
            what,
            count,
            reply: collapse(&storm.reply),
            meaning: storm.meaning.clone(),
            advice: storm.advice.clone(),
        }
    }
}

/// « 30 août 2023 à 07 h 30 ».
fn instant(at: Timestamp, site: &Site) -> String {
    let local = site.zone.to_datetime(at);
    format!("{} à {:02}\u{a0}h\u{a0}{:02}", day_in_words(local.date()), local.hour(), local.minute())
}
