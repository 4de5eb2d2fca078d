//! A faithful extract: whole sentences of the source, none rewritten, chosen by what sort of document it is.

use super::{
    document::{Form, Part},
    heading::Topic,
    official,
    prose::{is_heading, normal, sentences},
    told::Told,
};
use crate::{model::Nature, text};

/// Two or three sentences, in this many characters at most.
const MOST_SENTENCES: usize = 3;
const MOST_CHARS: usize = 420;
/// A text that is cut by its source says less than that much of the full text.
const SHORT: usize = 80;
/// Sentences that are looked at.
const READ: usize = 40;

/// Before the list of an advisory's risks: its heading.
const RISK: &str = "Risque : ";
const RISKS: &str = "Risques : ";

/// The summary of a notice, in whole sentences, and whether it leaves prose out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Summary {
    pub sentences: Vec<String>,
    /// What of the prose was not taken, in its order.
    pub left: Vec<String>,
}

impl Summary {
    pub fn text(&self) -> String {
        text::truncate(&self.sentences.join(" "), MOST_CHARS)
    }
}

/// The summary of a notice as readers see it.
pub fn summarise(told: &Told<'_>) -> String {
    summary(told).text()
}

pub(super) fn summary(told: &Told<'_>) -> Summary {
    let mut all = prose(told);
    all.truncate(READ);
    let most = MOST_SENTENCES + usize::from(all.get(MOST_SENTENCES).is_some_and(|last| is_risks(last)));
    let mut taken = Vec::new();
    let mut length = 0;
    while let Some(sentence) = all.get(taken.len()) {
        length += sentence.chars().count() + 1;
        if !taken.is_empty() && (taken.len() == most || length > MOST_CHARS) {
            break;
        }
        taken.push(sentence.clone());
    }
    let left = all.split_off(taken.len());
    Summary { sentences: taken, left }
}

/// The sentences from which a summary is taken.
pub(super) fn prose(told: &Told<'_>) -> Vec<String> {
    let notice = told.notice;
    let parts = told.parts();
    let of = |topic: Topic| parts.iter().find(|part| part.topic == Some(topic)).map(part_sentences);
    if let Some(found) = of(Topic::Abstract).filter(|found| !found.is_empty()) {
        return with_risks(found, &parts);
    }
    let official = match notice.nature {
        Nature::Jorf | Nature::Circ => official::operative(&parts),
        Nature::Rm => of(Topic::Answer),
        _ => None,
    };
    if let Some(found) = official.filter(|found| !found.is_empty()) {
        return found;
    }
    let summary = notice.summary.as_str();
    let body = told.words();
    let cut = summary.ends_with('…') || summary.ends_with("...");
    let is_poor = summary.is_empty() || (cut && body.len() > summary.len()) || summary.len() < SHORT.min(body.len());
    let plain = super::document::parts("", summary);
    let found = from_parts(if is_poor { &parts } else { &plain }, &notice.title);
    // Nothing but headings and what stands under them.
    if found.is_empty() { from_parts(&plain, &notice.title) } else { found }
}

/// The sentences of the paragraphs, without headings (short lines that no stop ends) and without the title again, up
/// to where the text says what to do: that stands under the summary.
fn from_parts(parts: &[Part], title: &str) -> Vec<String> {
    let title = normal(title);
    let ends = |part: &&Part| {
        !matches!(
            part.topic,
            Some(Topic::Concerned(_) | Topic::Todo(_) | Topic::Report | Topic::Figures | Topic::Aside)
        )
    };
    let lines: Vec<&str> =
        parts.iter().take_while(ends).flat_map(|part| &part.lines).map(|line| line.text.as_str()).collect();
    let alone = lines.len() <= 1;
    lines
        .into_iter()
        .map(after_dateline)
        .filter(|line| !line.is_empty())
        .filter(|line| alone || (normal(line) != title && !(is_heading(line) && line.chars().count() < SHORT)))
        .flat_map(sentences)
        .collect()
}

fn part_sentences(part: &Part) -> Vec<String> {
    part.lines
        .iter()
        .filter(|line| !(is_heading(&line.text) && line.text.len() < SHORT))
        .flat_map(|line| sentences(&line.text))
        .collect()
}

/// The risks, where the abstract does not name them: « Risques : … » in the words of their list.
fn with_risks(mut abstracted: Vec<String>, parts: &[Part]) -> Vec<String> {
    let Some(risks) = parts.iter().find(|part| part.topic == Some(Topic::Risks)) else { return abstracted };
    let said = normal(&abstracted.join(" "));
    let missing: Vec<&str> = risks
        .lines
        .iter()
        .filter(|line| line.form == Form::Item || line.text.chars().count() < SHORT)
        .map(|line| line.text.trim_end_matches(['.', ';', ',']))
        .filter(|risk| !said.contains(&normal(risk)))
        .collect();
    if !missing.is_empty() && missing.len() <= 5 {
        // After the sentences that are taken, so that it takes the place of none.
        let at = abstracted.len().min(MOST_SENTENCES);
        let label = if risks.lines.len() > 1 { RISKS } else { RISK };
        abstracted.insert(at, format!("{label}{}.", missing.join(" ; ")));
    }
    abstracted
}

fn is_risks(sentence: &str) -> bool {
    sentence.starts_with(RISK) || sentence.starts_with(RISKS)
}

/// « Paris, le 29 août 2023 – Le parquet … » without its place and day; nothing is left of a line that is all of it.
fn after_dateline(line: &str) -> &str {
    let is_day = |text: &str| {
        let words = normal(text);
        let mut words = words.split(' ').rev();
        let year = words.next().is_some_and(|year| year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()));
        let month = words.next().is_some_and(|month| month.len() > 2 && !month.bytes().any(|b| b.is_ascii_digit()));
        let day = words.next().is_some_and(|day| day.bytes().next().is_some_and(|b| b.is_ascii_digit()));
        year && month && day && words.count() <= 5
    };
    if line.chars().count() < 60 && line.contains(',') && !line.ends_with('.') && is_day(line) {
        return "";
    }
    for dash in [" – ", " - ", " — "] {
        if let Some((before, after)) = line.split_once(dash)
            && before.chars().count() < 60
            && is_day(before)
        {
            return after.trim_start();
        }
    }
    line
}
