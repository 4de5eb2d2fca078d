//! The message to the operator: which sources broke, and which are well again.

use jiff::Timestamp;
use serde::Serialize;

use super::{Mail, RenderError, Templates, mail::tidy, words::counted};
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
}

#[derive(Serialize)]
struct View {
    subject: String,
    network: Option<String>,
    began: Vec<LineView>,
    ended: Vec<LineView>,
    publisher: String,
}

#[derive(Serialize)]
struct LineView {
    name: String,
    id: String,
    what: &'static str,
    /// « depuis le 30 août 2023 à 07 h 30 », and until when if it is over.
    when: String,
    /// As the crawler said it, in English.
    cause: String,
    advice: &'static str,
    /// What to type, or to write in `sources.toml`.
    command: String,
    next: Option<String>,
}

/// « Vigie : 2 sources en panne, 1 rétablie », with what to do about each.
///
/// # Errors
/// A template that an installation put in place may fail; the embedded ones do not.
pub fn operator_mail(templates: &Templates, news: &OperatorNews, site: &Site) -> Result<Mail, RenderError> {
    let view = View {
        subject: subject(news),
        network: news.network.map(|network| network_words(network, site)),
        began: news.began.iter().map(|line| LineView::new(line, site)).collect(),
        ended: news.ended.iter().map(|line| LineView::new(line, site)).collect(),
        publisher: site.publisher.clone(),
    };
    let html = templates.render("operator.html", &view)?;
    let text = tidy(&templates.render("operator.txt", &view)?);
    Ok(Mail { subject: view.subject, text, html })
}

fn subject(news: &OperatorNews) -> String {
    let broken = news.began.iter().filter(|line| line.alarm.kind.is_outage()).count();
    let others = news.began.len() - broken;
    let mut parts = Vec::new();
    match news.network {
        Some(Network::Down { .. }) => parts.push(String::from("le réseau de cette machine est en panne")),
        Some(Network::Back { .. }) => parts.push(String::from("le réseau de cette machine est rétabli")),
        None => {}
    }
    // The first count names what is counted: « 2 sources en panne, 1 rétablie ».
    let mut named = false;
    let counts = [
        (broken, ("en panne", "en panne")),
        (others, ("à vérifier", "à vérifier")),
        (news.ended.len(), ("rétablie", "rétablies")),
    ];
    for (count, (one, many)) in counts.into_iter().filter(|(count, _)| *count > 0) {
        let n = count as u64;
        parts.push(match std::mem::replace(&mut named, true) {
            false => counted(n, (&format!("source {one}"), &format!("sources {many}"))),
            true => counted(n, (one, many)),
        });
    }
    french(&format!("Vigie : {}", parts.join(", ")))
}

fn network_words(network: Network, site: &Site) -> String {
    french(&match network {
        Network::Down { since, failing } => format!(
            "Depuis {}, {} sites sur {} ne répondent plus. Quand plus de la moitié cessent de répondre à la fois, la \
             cause est le plus souvent le réseau, le DNS ou le pare-feu de cette machine. Les sources ne sont pas \
             annoncées une par une.",
            instant(since, site),
            failing.now,
            failing.of
        ),
        Network::Back { since } => {
            format!("Les sources qui ne répondaient plus depuis {} répondent à nouveau.", instant(since, site))
        }
    })
}

impl LineView {
    fn new(line: &OperatorLine, site: &Site) -> Self {
        let Alarm { kind, since, detail } = &line.alarm;
        let when = match line.ended {
            None => format!("depuis {}", instant(*since, site)),
            Some(ended) => format!("de {} à {}", instant(*since, site), instant(ended, site)),
        };
        let (advice, command) = advice(*kind, line.id.as_str(), detail);
        Self {
            name: collapse(&line.name),
            id: line.id.to_string(),
            what: what(*kind),
            when,
            cause: collapse(detail.lines().next().unwrap_or_default()),
            advice,
            command,
            next: line.next.map(|next| instant(next, site)),
        }
    }
}

const fn what(kind: AlarmKind) -> &'static str {
    match kind {
        AlarmKind::Gone => "sa page n’existe plus",
        AlarmKind::Blocked => "son accès est refusé",
        AlarmKind::Failing => "elle ne peut plus être lue",
        AlarmKind::Empty => "sa page est vide",
        AlarmKind::Silent => "elle ne publie plus rien",
        AlarmKind::Missed => "des nouveautés ont pu être manquées",
        AlarmKind::SamePage => "des documents différents ont le même texte",
        AlarmKind::Moved => "elle a changé d’adresse",
    }
}

fn advice(kind: AlarmKind, id: &str, detail: &str) -> (&'static str, String) {
    let health = || format!("vigie sources health {id}");
    let tried = || format!("vigie sources try {id}");
    match kind {
        AlarmKind::Gone => (
            "Cherchez sa nouvelle adresse sur le site et corrigez `url` dans sources.toml. Pour voir ce que Vigie y trouve :",
            tried(),
        ),
        AlarmKind::Blocked => ("La cause dit quel réglage l’autorise, ou à qui écrire. Pour le détail :", health()),
        AlarmKind::Failing => {
            ("Ouvrez son adresse dans un navigateur : si la page s’affiche, voyez ce que Vigie en lit :", tried())
        }
        AlarmKind::Empty => (
            "Ouvrez sa page : si elle montre des articles, sa présentation a changé. Pour voir ce que Vigie en lit :",
            tried(),
        ),
        AlarmKind::Silent => {
            ("Ouvrez sa page : si elle montre du nouveau, Vigie regarde au mauvais endroit. Pour comparer :", tried())
        }
        AlarmKind::Missed => (
            "Raccourcissez `every` de cette source dans sources.toml, par exemple :",
            String::from("every = \"30min\""),
        ),
        AlarmKind::SamePage => {
            ("Le site répond sans doute par une page d’attente ou d’erreur. Pour le détail :", health())
        }
        AlarmKind::Moved => ("Corrigez son adresse dans sources.toml :", format!("url = \"{}\"", collapse(detail))),
    }
}

/// « le 30 août 2023 à 07 h 30 ».
fn instant(at: Timestamp, site: &Site) -> String {
    let local = site.zone.to_datetime(at);
    format!("le {} à {:02}\u{a0}h\u{a0}{:02}", day_in_words(local.date()), local.hour(), local.minute())
}
