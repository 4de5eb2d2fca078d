//! The guide of a story: whom it concerns, what to do, where to complain or report, the key figures. Every line is the
//! words of a source; where the sources say nothing a part is missing.

mod service;
mod sign;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    document::{Form, Line, Part},
    heading::{Topic, Voice},
    prose::{normal, sentences},
    told::{Quote, Told, by_authority},
};
use crate::{
    normalise::quantity::{Of, Quantity, quantities},
    text,
};

/// Lines of one part.
const MOST: usize = 4;
/// Characters of a line, beyond which it is cut at a word.
const LONGEST: usize = 240;
/// Lines that one press article may give: a quotation is short.
const MOST_OF_PRESS: usize = 2;
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

/// Issuers before relays before the press.
fn rank(told: &Told<'_>) -> std::cmp::Reverse<crate::model::Authority> {
    std::cmp::Reverse(told.authority)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    French,
    Other,
}

/// Whether a part takes lines that stand in another part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    No,
    /// Only when it has none.
    WhereEmpty,
}

#[derive(Default)]
struct Choice {
    parts: BTreeMap<Question, Vec<Quote>>,
    /// The normal forms of all lines taken.
    taken: Vec<String>,
    /// How many lines each notice of the press gave.
    of_press: BTreeMap<crate::model::NoticeId, usize>,
    /// Quantities that the lines taken tell.
    figures: BTreeSet<String>,
}

impl Choice {
    fn fill(&mut self, question: Question, offered: &[(Told<'_>, Candidate)], language: Language, repeat: Repeat) {
        if repeat == Repeat::WhereEmpty && self.parts.contains_key(&question) {
            return;
        }
        let of_language = |told: &Told<'_>| told.is_french() == (language == Language::French);
        let mut open: Vec<&(Told<'_>, Candidate)> =
            offered.iter().filter(|(told, c)| c.question == question && of_language(told)).collect();
        while self.parts.get(&question).map_or(0, Vec::len) < MOST && !open.is_empty() {
            let at = if question == Question::Figures { self.most_telling(&open) } else { Some(0) };
            let Some(at) = at else { break };
            let (told, candidate) = open.remove(at);
            self.offer(told, candidate, repeat);
        }
    }

    fn offer(&mut self, told: &Told<'_>, candidate: &Candidate, repeat: Repeat) {
        let of_press = self.of_press.get(&told.notice.id).copied().unwrap_or(0);
        let form = normal(&candidate.text);
        let is_told = |known: &String| known.contains(&form) || form.contains(known.as_str());
        let here = self.parts.get(&candidate.question).map_or(&[][..], Vec::as_slice);
        if form.is_empty()
            || (told.is_press() && of_press >= MOST_OF_PRESS)
            || (repeat == Repeat::No && self.taken.iter().any(is_told))
            || here.iter().any(|line| is_told(&normal(&line.text)))
        {
            return;
        }
        self.taken.push(form);
        if told.is_press() {
            self.of_press.insert(told.notice.id, of_press + 1);
        }
        self.figures.extend(figures(&candidate.text));
        let quote = told.quote(text::truncate(&candidate.text, LONGEST), candidate.link.clone());
        self.parts.entry(candidate.question).or_default().push(quote);
    }

    /// Of the lines of the sources nearest to the act, the first that tells the most figures not told yet.
    fn most_telling(&self, open: &[&(Told<'_>, Candidate)]) -> Option<usize> {
        let tells = |(at, (told, candidate)): (usize, &&(Told<'_>, Candidate))| {
            let new = figures(&candidate.text).filter(|key| !self.figures.contains(key)).count();
            (new > 0).then_some((rank(told), std::cmp::Reverse(new), at))
        };
        open.iter().enumerate().filter_map(tells).min().map(|(_, _, at)| at)
    }

    fn guide(mut self) -> Guide {
        // One count alone is no list of key figures; one amount may be.
        if let Some([line]) = self.parts.get(&Question::Figures).map(Vec::as_slice) {
            let told = quantities(&line.text);
            let is_amount = |quantity: &Quantity| matches!(quantity.of, Of::Money(_));
            if told.iter().filter(|quantity| quantity.is_telling()).count() < 2 && !told.iter().any(is_amount) {
                self.parts.remove(&Question::Figures);
            }
        }
        Guide { parts: self.parts }
    }
}

/// The quantities of a line that a reader remembers.
fn figures(text: &str) -> impl Iterator<Item = String> {
    quantities(text).into_iter().filter(|quantity| quantity.is_telling()).map(|quantity| quantity.key())
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
    if is_prose && text.ends_with(['.', '!', '…']) && quantities(text).iter().any(|quantity| quantity.is_telling()) {
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
