//! The message to the operator: which sources broke, and which are well again.

#[cfg(test)]
mod tests;
mod words;

pub(super) use words::what;

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use serde::Serialize;

use super::{Mail, OperatorStorm, RenderError, Templates, mail::tidy, weather::StormView, words::counted};
use crate::{
    alarm::{Alarm, AlarmKind, Network},
    config::Site,
    model::SourceId,
    text::{collapse, day_in_words, french},
};

/// What there is to tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperatorNews {
    pub network: Option<Network>,
    pub began: Vec<OperatorLine>,
    pub ended: Vec<OperatorLine>,
    /// Operators of mailboxes that began to refuse our mail, and that take it again.
    pub storms: Vec<OperatorStorm>,
    /// What is wrong now with sources that are watched, told now or before.
    pub open: BTreeSet<(SourceId, AlarmKind)>,
    /// The global options that a command needs to reach this installation, each with a space before it. None: it is run in
    /// the folder of the settings.
    pub options: String,
}

/// One alarm of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorLine {
    pub id: SourceId,
    pub name: String,
    pub alarm: Alarm,
    pub ended: Option<Timestamp>,
    /// When the source is asked next.
    pub next: Option<Timestamp>,
    /// The least time between two visits.
    pub every: Option<Duration>,
}

#[derive(Serialize)]
struct View {
    subject: String,
    network: Option<String>,
    began: Vec<LineView>,
    ended: Vec<EndedView>,
    refusing: Vec<StormView>,
    taking: Vec<StormView>,
    /// What shows how mail is taken; empty when that is no matter.
    weather: String,
    /// Whether a source cannot be read at all: it is asked again by itself.
    outage: bool,
    /// What shows all that is wrong now; empty when nothing is.
    health: String,
    /// Where commands are typed, unless they can be typed anywhere.
    place: &'static str,
    publisher: String,
}

#[derive(Serialize)]
struct LineView {
    name: String,
    id: String,
    what: &'static str,
    /// « depuis le 30 août 2023 à 07 h 30 ».
    when: String,
    /// Why, in French; empty where that cannot be said.
    cause: String,
    /// As the crawler said it, in English, where there is no cause.
    message: String,
    advice: &'static str,
    /// What to type, or to write in `sources.toml`.
    command: String,
    next: Option<String>,
}

#[derive(Serialize)]
struct EndedView {
    name: String,
    id: String,
    what: &'static str,
    /// « du 30 août 2023 à 07 h 30 au 2 septembre 2023 à 08 h 10 ».
    when: String,
    /// What else is wrong with the source, and stays so.
    still: Vec<&'static str>,
}

/// « Vigie : 2 sources en panne, 1 rétablie », with what to do about each.
///
/// # Errors
/// A template that an installation put in place may fail; the embedded ones do not.
pub fn operator_mail(templates: &Templates, news: &OperatorNews, site: &Site) -> Result<Mail, RenderError> {
    let view = View {
        subject: subject(news),
        network: news.network.map(|network| network_words(network, site)),
        began: news.began.iter().map(|line| LineView::new(line, &news.options, site)).collect(),
        ended: news.ended.iter().map(|line| EndedView::new(line, &news.open, site)).collect(),
        refusing: of_storms(news, site, |storm| storm.ended.is_none()),
        taking: of_storms(news, site, |storm| storm.ended.is_some()),
        weather: match news.storms.is_empty() {
            true => String::new(),
            false => format!("vigie{} weather", news.options),
        },
        outage: news.open.iter().any(|(_, kind)| kind.is_outage()),
        health: match news.open.is_empty() {
            true => String::new(),
            false => format!("vigie{} sources health --broken", news.options),
        },
        place: match news.options.is_empty() && !(news.open.is_empty() && news.storms.is_empty()) {
            true => "Les commandes se tapent dans le dossier de Vigie, où se trouve sources.toml.",
            false => "",
        },
        publisher: site.publisher.clone(),
    };
    let html = templates.render("operator.html", &view)?;
    let text = tidy(&templates.render("operator.txt", &view)?);
    Ok(Mail { subject: view.subject, text, html })
}

fn of_storms(news: &OperatorNews, site: &Site, keep: fn(&OperatorStorm) -> bool) -> Vec<StormView> {
    news.storms.iter().filter(|storm| keep(storm)).map(|storm| StormView::new(storm, site)).collect()
}

fn subject(news: &OperatorNews) -> String {
    let of = |lines: &[OperatorLine], keep: &dyn Fn(&OperatorLine) -> bool| -> BTreeSet<SourceId> {
        lines.iter().filter(|line| keep(line)).map(|line| line.id.clone()).collect()
    };
    // Each source counts once, for the worst that is told of it.
    let broken = of(&news.began, &|line| line.alarm.kind.is_outage());
    let others = of(&news.began, &|line| !broken.contains(&line.id));
    let is_told = |line: &OperatorLine| broken.contains(&line.id) || others.contains(&line.id);
    let is_still = |line: &OperatorLine| news.open.iter().any(|(id, _)| *id == line.id);
    let still = of(&news.ended, &|line| is_still(line) && !is_told(line));
    let well = of(&news.ended, &|line| !is_still(line) && !is_told(line));
    let mut parts = Vec::new();
    match news.network {
        Some(Network::Down { .. }) => parts.push(String::from("le réseau de cette machine est en panne")),
        Some(Network::Back { .. }) => parts.push(String::from("le réseau de cette machine est rétabli")),
        None => {}
    }
    // The first count names what is counted: « 2 sources en panne, 1 rétablie ».
    let mut named = false;
    let counts = [
        (broken.len(), ("en panne", "en panne")),
        (others.len(), ("à vérifier", "à vérifier")),
        (still.len(), ("encore à vérifier", "encore à vérifier")),
        (well.len(), ("rétablie", "rétablies")),
    ];
    for (count, (one, many)) in counts.into_iter().filter(|(count, _)| *count > 0) {
        let n = count as u64;
        parts.push(match std::mem::replace(&mut named, true) {
            false => counted(n, (&format!("source {one}"), &format!("sources {many}"))),
            true => counted(n, (one, many)),
        });
    }
    parts.extend(mailboxes(news, "refus de réception", |storm| storm.ended.is_none()));
    parts.extend(mailboxes(news, "réception rétablie", |storm| storm.ended.is_some()));
    french(&format!("Vigie : {}", parts.join(", ")))
}

/// « refus de réception chez Orange », « … chez 3 opérateurs ».
fn mailboxes(news: &OperatorNews, what: &str, keep: fn(&OperatorStorm) -> bool) -> Option<String> {
    let names: Vec<&str> = news.storms.iter().filter(|storm| keep(storm)).map(|storm| &*storm.name).collect();
    match names.as_slice() {
        [] => None,
        [name] => Some(format!("{what} chez {}", collapse(name))),
        names => Some(format!("{what} chez {} opérateurs", names.len())),
    }
}

fn network_words(network: Network, site: &Site) -> String {
    french(&match network {
        Network::Down { since, failing } => format!(
            "Depuis le {}, {} sites sur {} ne répondent plus. Quand plus de la moitié cessent de répondre à la fois, la \
             cause est le plus souvent le réseau, le DNS ou le pare-feu de cette machine. Les sources ne sont pas \
             annoncées une par une.",
            instant(since, site),
            failing.now,
            failing.of
        ),
        Network::Back { since } => {
            format!("Les sources qui ne répondaient plus depuis le {} répondent à nouveau.", instant(since, site))
        }
    })
}

impl LineView {
    fn new(line: &OperatorLine, options: &str, site: &Site) -> Self {
        let Alarm { kind, since, detail } = &line.alarm;
        let (advice, command) = words::advice(line, options);
        let cause = words::cause(*kind, detail);
        let message = match cause {
            Some(_) => String::new(),
            None => collapse(detail.lines().next().unwrap_or_default()),
        };
        Self {
            name: collapse(&line.name),
            id: line.id.to_string(),
            what: words::what(*kind),
            when: format!("depuis le {}", instant(*since, site)),
            cause: cause.unwrap_or_default(),
            message,
            advice,
            command,
            next: line.next.map(|next| format!("le {}", instant(next, site))),
        }
    }
}

impl EndedView {
    fn new(line: &OperatorLine, open: &BTreeSet<(SourceId, AlarmKind)>, site: &Site) -> Self {
        let since = line.alarm.since;
        let still = open.iter().filter(|(id, _)| *id == line.id).map(|(_, kind)| words::what(*kind));
        Self {
            name: collapse(&line.name),
            id: line.id.to_string(),
            what: words::what_was(line.alarm.kind),
            when: match line.ended {
                None => format!("depuis le {}", instant(since, site)),
                Some(ended) => format!("du {} au {}", instant(since, site), instant(ended, site)),
            },
            still: still.collect(),
        }
    }
}

/// « 30 août 2023 à 07 h 30 ».
fn instant(at: Timestamp, site: &Site) -> String {
    let local = site.zone.to_datetime(at);
    format!("{} à {:02}\u{a0}h\u{a0}{:02}", day_in_words(local.date()), local.hour(), local.minute())
}
