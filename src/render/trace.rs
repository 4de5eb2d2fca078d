//! What became of everything that was sent to an address, as a text: for the reader, « Je ne reçois pas mes bulletins »,
//! and for who runs Vigie.

use jiff::{Timestamp, civil::Date};
use serde::Serialize;

use super::words::wrap;
use crate::{
    config::Site,
    model::{Cadence, DeliveryState, Letter, Subscriber, SubscriberState},
    text::{collapse, day_in_words, french},
};

/// Who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// The reader: what he or his town hall can do.
    Reader,
    /// Who runs Vigie: what he can do, too.
    Keeper,
}

/// What there is to tell of an address.
#[derive(Debug, Clone)]
pub struct TraceView {
    pub address: String,
    pub subscriber: Option<Subscriber>,
    pub suppressed: Option<String>,
    /// Newest first.
    pub sendings: Vec<TracedView>,
}

/// One bulletin (its cadence, day and number of that day) or letter.
#[derive(Debug, Clone)]
pub struct TracedView {
    pub bulletin: Option<(Cadence, Date, u32)>,
    pub letter: Option<Letter>,
    pub state: DeliveryState,
    pub tries: Vec<TryView>,
    /// Reports that came back later.
    pub returned: Vec<TryView>,
    pub next: Option<Timestamp>,
}

/// One try, or one report.
#[derive(Debug, Clone)]
pub struct TryView {
    pub at: Timestamp,
    pub host: String,
    /// In the words of the other side.
    pub reply: String,
    pub answer: Meaning,
}

/// What a reply means, and what to do.
#[derive(Debug, Clone)]
pub struct Meaning {
    pub meaning: String,
    pub reader: String,
    pub keeper: String,
}

/// What a paragraph of it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    Heading,
    /// Whether the address is written to.
    Standing,
    /// What was sent, and where it stands.
    Sending,
    /// When it was tried, and who answered.
    Try,
    /// The answer, in its own words.
    Reply,
    Meaning,
    /// What to do.
    Advice,
    /// When it is tried next.
    Next,
}

/// A paragraph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TraceLine {
    pub kind: LineKind,
    pub text: String,
}

impl TraceLine {
    /// In lines of 72 columns, below what it belongs to.
    pub fn wrapped(&self) -> String {
        let (first, rest) = match self.kind {
            LineKind::Heading | LineKind::Standing => ("", ""),
            LineKind::Sending => ("", "  "),
            LineKind::Try | LineKind::Next => ("  ", "  "),
            LineKind::Reply => ("    ", "    "),
            LineKind::Meaning => ("    = ", "      "),
            LineKind::Advice => ("    → ", "      "),
        };
        wrap(&self.text, first, rest)
    }
}

/// The text, in lines of 72 columns.
pub fn trace_text(trace: &TraceView, whom: Whom, site: &Site) -> String {
    let mut out = String::new();
    for line in trace_lines(trace, whom, site) {
        if matches!(line.kind, LineKind::Standing | LineKind::Sending) {
            out.push('\n');
        }
        out.push_str(&line.wrapped());
        out.push('\n');
    }
    out
}

pub fn trace_lines(trace: &TraceView, whom: Whom, site: &Site) -> Vec<TraceLine> {
    let line = |kind, text: &str| TraceLine { kind, text: french(text) };
    let mut lines = vec![
        line(LineKind::Heading, &format!("Ce qui a été envoyé à {}", trace.address)),
        line(LineKind::Standing, &standing(trace, site)),
    ];
    if trace.sendings.is_empty() {
        lines.push(line(LineKind::Sending, "Rien ne lui a encore été envoyé."));
    }
    for sending in &trace.sendings {
        tell(&mut lines, sending, whom, site);
    }
    lines
}

/// Whether the address is written to.
fn standing(trace: &TraceView, site: &Site) -> String {
    let subscriber = match &trace.subscriber {
        Some(known) if known.state == SubscriberState::Active => format!(
            "Abonnement au bulletin {} depuis le {}.",
            known.preferences.cadence.name(),
            day_in_words(site.zone.to_datetime(known.added).date())
        ),
        Some(_) => String::from("L’abonnement a pris fin : rien n’est plus envoyé."),
        None => String::from("Cette adresse n’est pas celle d’un abonné."),
    };
    match &trace.suppressed {
        Some(why) => format!("{subscriber} Plus rien n’est envoyé à cette adresse : {}.", collapse(why)),
        None => subscriber,
    }
}

fn tell(lines: &mut Vec<TraceLine>, sending: &TracedView, whom: Whom, site: &Site) {
    let text = french(&format!("{} : {}", what(sending), state(sending)));
    lines.push(TraceLine { kind: LineKind::Sending, text });
    let last = sending.tries.len();
    for (n, one) in sending.tries.iter().enumerate() {
        // What is to be done now is what the last reply asks for.
        let is_last = n + 1 == last && sending.returned.is_empty();
        step(lines, one, "", is_last.then_some(whom), site);
    }
    let last = sending.returned.len();
    for (n, one) in sending.returned.iter().enumerate() {
        step(lines, one, "retour : ", (n + 1 == last).then_some(whom), site);
    }
    if let Some(next) = sending.next {
        let which = if sending.tries.is_empty() { "premier" } else { "prochain" };
        let text = french(&format!("{which} essai : le {}", instant(next, site)));
        lines.push(TraceLine { kind: LineKind::Next, text });
    }
}

fn step(lines: &mut Vec<TraceLine>, one: &TryView, opening: &str, whom: Option<Whom>, site: &Site) {
    let mut push = |kind, text: String| {
        if !text.is_empty() {
            lines.push(TraceLine { kind, text });
        }
    };
    let by = if one.host.is_empty() { String::new() } else { format!(", {}", one.host) };
    push(LineKind::Try, french(&format!("{opening}le {}{by}", instant(one.at, site))));
    let reply = collapse(&one.reply);
    if !reply.is_empty() {
        // As it was said: typography is not for machines.
        push(LineKind::Reply, format!("«\u{a0}{reply}\u{a0}»"));
    }
    push(LineKind::Meaning, one.answer.meaning.clone());
    let Some(whom) = whom else { return };
    push(LineKind::Advice, one.answer.reader.clone());
    if whom == Whom::Keeper && !one.answer.keeper.is_empty() {
        push(LineKind::Advice, format!("{} {}", french("Pour Vigie :"), one.answer.keeper));
    }
}

fn what(sending: &TracedView) -> String {
    match (&sending.bulletin, sending.letter) {
        (Some((cadence, date, number)), _) => {
            let again = if *number > 1 { format!(" (n° {number})") } else { String::new() };
            format!("Bulletin {} du {}{again}", cadence.name(), day_in_words(*date))
        }
        (None, Some(Letter::Confirmation)) => String::from("Demande de confirmation"),
        (None, Some(Letter::Welcome)) => String::from("Message de bienvenue"),
        (None, Some(Letter::Goodbye)) => String::from("Message d’au revoir"),
        (None, Some(Letter::Renewal)) => String::from("Demande de renouvellement"),
        (None, Some(Letter::Access)) => String::from("Lien vers vos choix"),
        (None, Some(Letter::Trace)) => String::from("Réponse à votre demande"),
        (None, Some(Letter::Question)) => String::from("Question posée sur le site"),
        (None, None) => String::from("Message"),
    }
}

fn state(sending: &TracedView) -> &'static str {
    match sending.state {
        DeliveryState::Queued if sending.tries.is_empty() => "en attente d’envoi",
        DeliveryState::Queued | DeliveryState::Deferred => "pas encore remis",
        DeliveryState::Claimed | DeliveryState::AtData => "envoi en cours",
        DeliveryState::Sent => "remis",
        DeliveryState::Failed => "pas remis",
        DeliveryState::Ambiguous => "peut-être reçu",
        DeliveryState::Cancelled => "annulé",
    }
}

/// « 30 août 2023 à 07 h 30 ».
fn instant(at: Timestamp, site: &Site) -> String {
    let local = site.zone.to_datetime(at);
    format!("{} à {:02}\u{a0}h\u{a0}{:02}", day_in_words(local.date()), local.hour(), local.minute())
}
