//! The guide of a story: whom it concerns, what to do, where to complain or report, the key figures. Every line is the
//! words of a source; where the sources say nothing a part is missing.

mod choice;
mod service;
mod sign;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    document::{Form, Line, Part},
    heading::{Topic, Voice},
    prose::{normal, sentences},
    told::{Quote, Told, by_authority},
};
use crate::normalise::quantity::{Quantity, quantities};
use choice::{Choice, Language, Repeat, rank};

/// Characters of a line, beyond which it is cut at a word.
const LONGEST: usize = 240;
/// Sentences of one notice that are looked at.
const MOST_READ: usize = 400;

/// A question that a reader has. The order is that in which they are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Question {
    Concerned,
    Todo,
    Report,
    Figures,
}

impl Question {
    pub const ALL: [Question; 4] = [Question::Concerned, Question::Todo, Question::Report, Question::Figures];

    /// As readers see it.
    pub const fn name(self) -> &'static str {
        match self {
            Question::Concerned => "Suis-je concerné ?",
            Question::Todo => "Que faire ?",
            Question::Report => "Où déposer plainte ou signaler ?",
            Question::Figures => "Chiffres clés",
        }
    }
}

/// What the sources answer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Guide {
    /// No list is empty.
    pub parts: BTreeMap<Question, Vec<Quote>>,
}

/// As bulletins were frozen: at first, what to do was a mere list of lines.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Lines(Vec<String>),
    Guide { parts: BTreeMap<Question, Vec<Quote>> },
}

impl From<Stored> for Guide {
    fn from(stored: Stored) -> Self {
        let mut parts = match stored {
            Stored::Guide { parts } => parts,
            Stored::Lines(lines) => {
                let quote = |text| Quote { text, source: String::new(), url: None, link: None, language: None };
                BTreeMap::from([(Question::Todo, lines.into_iter().map(quote).collect())])
            }
        };
        parts.retain(|_, lines| !lines.is_empty());
        Self { parts }
    }
}

impl Guide {
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    pub fn lines(&self, question: Question) -> &[Quote] {
        self.parts.get(&question).map_or(&[], Vec::as_slice)
    }

    pub fn all_lines(&self) -> impl Iterator<Item = &Quote> {
        self.parts.values().flatten()
    }

    /// Without the lines of which these words already hold everything.
    pub(super) fn without(mut self, shown: &str) -> Self {
        let shown = format!(" {} ", normal(shown));
        for lines in self.parts.values_mut() {
            lines.retain(|line| !shown.contains(&format!(" {} ", normal(&line.text))));
        }
        self.parts.retain(|_, lines| !lines.is_empty());
        self
    }
}

/// How surely a line answers a question. Ordered: the first is the surest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sure {
    /// It stands under a heading for every reader.
    Asked,
    /// It stands under a heading for technicians.
    Technical,
    /// Its own words say so.
    Said,
}

struct Candidate {
    question: Question,
    sure: Sure,
    text: String,
    link: Option<String>,
}

/// The guide that the notices of a story give.
pub fn guide(told: &[Told<'_>]) -> Guide {
    let mut offered: Vec<(Told<'_>, Candidate)> = Vec::new();
    for told in by_authority(told) {
        let candidates = candidates(&told);
        offered.extend(candidates.into_iter().map(|candidate| (told, candidate)));
    }
    // Stable: by authority and by place in the text within one degree.
    offered.sort_by_key(|(told, candidate)| (rank(told), candidate.sure));
    let mut choice = Choice::default();
    for question in [Question::Report, Question::Concerned, Question::Todo, Question::Figures] {
        choice.fill(question, &offered, Language::French, Repeat::No);
    }
    for question in Question::ALL {
        choice.fill(question, &offered, Language::French, Repeat::WhereEmpty);
        choice.fill(question, &offered, Language::Other, Repeat::WhereEmpty);
    }
    choice.guide()
}

/// What one notice offers, in the order of its text.
fn candidates(told: &Told<'_>) -> Vec<Candidate> {
    let mut out = Vec::new();
    for part in told.parts() {
        if matches!(part.topic, Some(Topic::Aside | Topic::Question)) {
            continue;
        }
        for line in &part.lines {
            for (text, link) in pieces(line, &part) {
                of_piece(&part, &text, link, &mut out);
                if out.len() > MOST_READ {
                    return out;
                }
            }
        }
    }
    out
}

/// An item of a list stays whole; a paragraph is cut into its sentences. With each, where it leads.
fn pieces(line: &Line, part: &Part) -> Vec<(String, Option<String>)> {
    let whole = line.form == Form::Item && part.topic.is_some() && line.text.chars().count() <= LONGEST;
    let texts = if whole { vec![line.text.clone()] } else { sentences(&line.text) };
    let leads = |text: &str| {
        let link = line.links.iter().find(|link| !link.text.is_empty() && text.contains(&link.text))?;
        (!text.contains(link.to.trim_end_matches('/'))).then(|| link.to.clone())
    };
    texts.into_iter().map(|text| (leads(&text), text)).map(|(link, text)| (text, link)).collect()
}

fn of_piece(part: &Part, text: &str, link: Option<String>, out: &mut Vec<Candidate>) {
    let words = normal(text);
    let to = link.as_deref().unwrap_or_default();
    let mut offer = |question, sure| out.push(Candidate { question, sure, text: text.to_owned(), link: link.clone() });
    let reports = service::takes_reports(text, &words, to);
    let heading = match part.topic {
        Some(Topic::Concerned(voice)) => Some((Question::Concerned, sure(voice))),
        Some(Topic::Todo(voice)) => Some((Question::Todo, sure(voice))),
        Some(Topic::Report) => Some((Question::Report, Sure::Asked)),
        Some(Topic::Figures) => Some((Question::Figures, Sure::Asked)),
        _ => None,
    };
    if reports && heading.is_none_or(|(question, _)| question != Question::Report) {
        offer(Question::Report, if heading.is_some() { Sure::Asked } else { Sure::Said });
    }
    match heading {
        Some((question, sure)) if !is_bare_label(text) => offer(question, sure),
        Some(_) => {}
        None => {
            if service::checks(text, &words, to) || sign::names_who(&words) {
                offer(Question::Concerned, Sure::Said);
            }
            if sign::asks_to_act(text, &words) {
                offer(Question::Todo, Sure::Said);
            }
        }
    }
    let is_prose = !matches!(part.topic, Some(Topic::Concerned(Voice::Technical) | Topic::Todo(_) | Topic::Risks));
    if is_prose && text.ends_with(['.', '!', '…']) && quantities(text).iter().any(Quantity::is_telling) {
        offer(Question::Figures, Sure::Said);
    }
}

const fn sure(voice: Voice) -> Sure {
    match voice {
        Voice::Plain => Sure::Asked,
        Voice::Technical => Sure::Technical,
    }
}

/// « Pour les versions 8 : », which says nothing without what follows; a lone mark.
fn is_bare_label(text: &str) -> bool {
    text.ends_with(':') || text.chars().filter(|c| c.is_alphanumeric()).count() < 3
}
