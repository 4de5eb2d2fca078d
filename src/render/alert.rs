//! The words of an alert: what it is about, before it is opened and at its head.

use crate::{
    bulletin::{AlertNews, Edition, Item, Question},
    model::{Cadence, News, Severity},
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
        1 => label(news(lead)).to_owned(),
        _ => counts(edition),
    };
    let title = set(&one_line(&lead.title), &lead.language);
    let opening = french(&format!("{opening} : "));
    let room = SUBJECT.saturating_sub(opening.chars().count());
    format!("{opening}{}", truncate(&title, room))
}

/// « 2 alertes, 1 mise à jour, 1 fin d’alerte ».
pub(super) fn counts(edition: &Edition) -> String {
    let count = |news| edition.items().filter(|item| self::news(item) == news).count() as u64;
    let counts = News::ALL.map(|news| (count(news), nouns(news)));
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
    let AlertNews { news, change } = item.alert.as_ref()?;
    match news {
        News::Alert => None,
        News::Update if change.is_empty() => None,
        News::Update => Some(french(&format!("Ce qui change : {}.", one_line(change)))),
        News::End => Some(String::from(
            "La source a clos cette alerte. Les mesures qu’elle demandait restent à appliquer là où elles ne l’ont pas été.",
        )),
    }
}

/// What stands before the title of a story; `None` where its nature does.
pub(super) fn prefix(item: &Item) -> Option<&'static str> {
    let news = item.alert.as_ref().map(|alert| alert.news)?;
    (news != News::Alert).then(|| label(news))
}

fn news(item: &Item) -> News {
    item.alert.as_ref().map_or(News::Alert, |alert| alert.news)
}

/// What presses most: of alerts before updates before ends.
fn lead(edition: &Edition) -> Option<&Item> {
    use std::cmp::Reverse;
    edition.items().min_by_key(|item| {
        (news(item), Reverse(item.severity == Severity::Critical), Reverse((item.severity, item.importance)))
    })
}

const fn label(news: News) -> &'static str {
    match news {
        News::Alert => "Alerte",
        News::Update => "Mise à jour",
        News::End => "Fin d’alerte",
    }
}

const fn nouns(news: News) -> (&'static str, &'static str) {
    match news {
        News::Alert => ("alerte", "alertes"),
        News::Update => ("mise à jour", "mises à jour"),
        News::End => ("fin d’alerte", "fins d’alerte"),
    }
}
