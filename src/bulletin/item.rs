//! A story in the words in which a bulletin freezes it.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan, tz::TimeZone};

use super::{
    facts::{cited_references, named_cves, story_deadlines},
    guide::{Guide, Question, guide},
    importance::{Action, Importance, Weighed, importance},
    more::{additions, stands_alone},
    over::history,
    prose::normal,
    summary::{Summary, summary},
    told::{Told, by_authority},
    view::{Also, Item},
};
use crate::model::{Authority, Precision, PublicationDate, Story};

/// Sentences of a summary, those of other sources included.
const MOST_SENTENCES: usize = 4;
const MOST_CHARS: usize = 420;
/// How far into the lead notice a summary looks.
const READ: usize = 8;

/// When a story is told, and where its readers live.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    pub now: Timestamp,
    pub zone: &'a TimeZone,
}

/// A story as readers get it, with what it weighs. `None` when its lead
/// notice is not among `told`.
pub fn tell(story: &Story, told: &[Told<'_>], moment: Moment<'_>) -> Option<(Item, Importance)> {
    let lead = told.iter().find(|told| told.notice.id == story.lead)?;
    let others: Vec<Told<'_>> = by_authority(told).into_iter().filter(|told| told.notice.id != story.lead).collect();
    let in_order: Vec<Told<'_>> = std::iter::once(*lead).chain(others.iter().copied()).collect();
    let guide = guide(&in_order);
    let independent = independent(told);
    let summary = lead_summary(summary(lead), &guide, independent);
    let told_so_far = format!("{} {}", lead.notice.title, summary.join(" "));
    let guided: Vec<&str> = guide.all_lines().map(|line| line.text.as_str()).collect();
    let room = MOST_SENTENCES.saturating_sub(summary.len()).min(2);
    let french: Vec<Told<'_>> = others.iter().copied().filter(|told| told.is_french() || !lead.is_french()).collect();
    let more = additions(&format!("{told_so_far} {}", guided.join(" ")), &french, room);
    let said = more.iter().fold(told_so_far, |said, quote| format!("{said} {}", quote.text));
    let guide = guide.without(&said);
    let deadlines = story_deadlines(&in_order, moment.zone);
    let today = moment.zone.to_datetime(moment.now).date();
    let notice = lead.notice;
    let weighed = Weighed {
        nature: story.nature,
        severity: story.severity,
        authority: told.iter().map(|told| told.authority).max().unwrap_or(Authority::Aggregator),
        independent,
        relevance: story.relevance,
        action: if guide.lines(Question::Todo).is_empty() { Action::None } else { Action::Asked },
        deadline: deadlines.iter().map(|deadline| deadline.day).find(|day| *day >= today),
        published: notice.published.map_or(story.first_seen, |date| aged_from(date, moment.now)),
    };
    let importance = importance(&weighed, moment.now, today);
    let item = Item {
        story: story.id,
        section: story.section.clone(),
        also_in: story.also.clone(),
        nature: story.nature,
        severity: story.severity,
        title: story.title.clone().unwrap_or_else(|| notice.title.clone()),
        summary: crate::text::truncate(&summary.join(" "), MOST_CHARS),
        more,
        guide,
        source: lead.source.to_owned(),
        published: notice.published,
        url: lead.url(),
        reference: notice.reference.clone(),
        language: notice.language.clone(),
        also: others
            .iter()
            .map(|told| Also {
                source: told.source.to_owned(),
                title: told.notice.title.clone(),
                url: told.url(),
                language: told.notice.language.clone(),
            })
            .collect(),
        cves: named_cves(&in_order),
        cited: cited_references(&in_order),
        deadlines,
        again: false,
        importance: importance.points,
        history: history(lead),
        alert: None,
        alerted: None,
    };
    Some((item, importance))
}

/// How many sources tell of a story by themselves: a communiqué that was printed ten times is one.
fn independent(told: &[Told<'_>]) -> usize {
    let own = told.iter().filter(|told| told.notice.copy_of.is_none()).map(|told| &told.notice.source);
    own.collect::<BTreeSet<_>>().len().max(1)
}

/// From when a story grows old. A source that gives only the day may have written at any hour of it.
fn aged_from(published: PublicationDate, now: Timestamp) -> Timestamp {
    match published.precision {
        Precision::Day => {
            published.at.checked_add(24.hours()).map_or(published.at, |end| end.min(now.max(published.at)))
        }
        Precision::Minute | Precision::Second => published.at,
    }
}

/// Independent sources from which on a story is a large one.
const MANY: usize = 3;

/// The sentences of the lead notice. Where many sources tell a long story, those that the guide holds anyway give their
/// place to the next ones.
fn lead_summary(summary: Summary, guide: &Guide, independent: usize) -> Vec<String> {
    if independent < MANY || summary.left.is_empty() || guide.is_empty() {
        return summary.sentences;
    }
    let guided: Vec<String> = guide.all_lines().map(|line| normal(&line.text)).collect();
    let is_guided = |text: &String| {
        let form = normal(text);
        guided.iter().any(|line| line.contains(&form))
    };
    let most = summary.sentences.len();
    let mut out: Vec<String> = Vec::new();
    let mut length = 0;
    let mut skipped = false;
    for sentence in summary.sentences.iter().chain(&summary.left).take(READ) {
        let is_first = out.is_empty();
        length += sentence.chars().count() + 1;
        if out.len() == most || (!is_first && length > MOST_CHARS) {
            break;
        }
        // What follows on a sentence that was left out may lean on it.
        if !is_first && (is_guided(sentence) || (skipped && !stands_alone(sentence))) {
            skipped = true;
            length -= sentence.chars().count() + 1;
            continue;
        }
        skipped = false;
        out.push(sentence.clone());
    }
    if out.len() < 2 { summary.sentences } else { out }
}
