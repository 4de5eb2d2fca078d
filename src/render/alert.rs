//! The words of an alert: what it is about, before it is opened and at its head.

use crate::{
    bulletin::{AlertNews, Edition, Item, Question},
    model::{Cadence, Ending, News, Severity},
    text::{french, truncate},
};

use super::{
    view::set,
    words::{SUBJECT, counted, one_line},
};

/// Characters of what is shown beside a subject before a message is opened.
const PREVIEW: usize = 140;

/// « Alerte : Vulnérabilité dans un pare-feu », « 2 alertes, 1 mise à jour : Vulnérabilité… », at most 70 characters.
pub(super) fn subject(edition: &Edition) -> String {
    let Some(lead) = lead(edition) else { return Cadence::Alert.title() };
    let opening = match edition.items().count() {
        1 => label(said(lead)).to_owned(),
        _ => counts(edition),
    };
    let title = set(&one_line(&lead.title), &lead.language);
    let title = without(&title, label(said(lead)));
    let opening = french(&format!("{opening} : "));
    let room = SUBJECT.saturating_sub(opening.chars().count());
    format!("{opening}{}", truncate(title, room))
}

/// A title without the word that it begins with, where a subject says it before: many a source writes « Alerte : » itself.
fn without<'t>(title: &'t str, label: &str) -> &'t str {
    let is_said = |begin: &str| begin.trim_end_matches(|c: char| !c.is_alphanumeric()).eq_ignore_ascii_case(label);
    let said = title.split_once([':', '–', '-']).filter(|(begin, rest)| is_said(begin) && !rest.trim().is_empty());
    said.map_or(title, |(_, rest)| rest.trim_start())
}

/// « 2 alertes, 1 mise à jour, 1 fin d’alerte ».
pub(super) fn counts(edition: &Edition) -> String {
    let count = |what| edition.items().filter(|item| said(item) == what).count() as u64;
    let counts = SAID.map(|what| (count(what), nouns(what)));
    let told: Vec<String> = counts.into_iter().filter(|(n, _)| *n > 0).map(|(n, noun)| counted(n, noun)).collect();
    told.join(", ")
}

/// What is shown of an alert before it is opened: what changed, else what to do, else what happened.
pub(super) fn preview(edition: &Edition) -> String {
    let Some(lead) = lead(edition) else { return String::new() };
    let todo = || lead.guide.lines(Question::Todo).first().map(|line| one_line(&line.text));
    let told = note(lead).or_else(todo).unwrap_or_else(|| one_line(&lead.summary));
    truncate(&set(&told, &lead.language), PREVIEW)
}

/// What an alert says first of a story, when it is not the first one.
pub(super) fn note(item: &Item) -> Option<String> {
    let AlertNews { news, change, ending } = item.alert.as_ref()?;
    match news {
        News::Alert => None,
        News::Update if change.is_empty() => None,
        News::Update => Some(french(&format!("Ce qui change : {}.", one_line(change)))),
        News::End if *ending == Ending::Withdrawn => {
            Some(french("La rédaction a retiré cette alerte après coup : n’en tenez plus compte."))
        }
        News::End => Some(String::from(
            "La source a clos cette alerte. Les mesures qu’elle demandait restent à appliquer là où elles ne l’ont pas été.",
        )),
    }
}

/// What stands before the title of a story; `None` where its nature does.
pub(super) fn prefix(item: &Item) -> Option<&'static str> {
    item.alert.as_ref()?;
    Some(said(item)).filter(|(news, _)| *news != News::Alert).map(label)
}

/// What an item is to its reader, in the words that tell one end from another.
type Said = (News, Ending);

/// In the order in which they are counted.
const SAID: [Said; 4] = [
    (News::Alert, Ending::Closed),
    (News::Update, Ending::Closed),
    (News::End, Ending::Closed),
    (News::End, Ending::Withdrawn),
];

fn said(item: &Item) -> Said {
    match &item.alert {
        Some(alert) if alert.is_withdrawn() => (News::End, Ending::Withdrawn),
        Some(alert) => (alert.news, Ending::Closed),
        None => (News::Alert, Ending::Closed),
    }
}

/// What presses most: of alerts before updates before ends.
fn lead(edition: &Edition) -> Option<&Item> {
    use std::cmp::Reverse;
    edition.items().min_by_key(|item| {
        (said(item).0, Reverse(item.severity == Severity::Critical), Reverse((item.severity, item.importance)))
    })
}

const fn label(said: Said) -> &'static str {
    match said {
        (News::Alert, _) => "Alerte",
        (News::Update, _) => "Mise à jour",
        (News::End, Ending::Closed) => "Fin d’alerte",
        (News::End, Ending::Withdrawn) => "Alerte retirée",
    }
}

const fn nouns(said: Said) -> (&'static str, &'static str) {
    match said {
        (News::Alert, _) => ("alerte", "alertes"),
        (News::Update, _) => ("mise à jour", "mises à jour"),
        (News::End, Ending::Closed) => ("fin d’alerte", "fins d’alerte"),
        (News::End, Ending::Withdrawn) => ("alerte retirée", "alertes retirées"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_does_not_say_twice_what_it_is() {
        for (title, rest) in [
            ("Alerte : rançongiciel dans les mairies", "rançongiciel dans les mairies"),
            ("Alerte\u{a0}: rançongiciel", "rançongiciel"),
            ("ALERTE – faille", "faille"),
            ("Alerte rouge : crue", "Alerte rouge : crue"),
            ("Alerte :", "Alerte :"),
            ("Faille : alerte", "Faille : alerte"),
        ] {
            assert_eq!(without(title, "Alerte"), rest, "{title}");
        }
    }
}
