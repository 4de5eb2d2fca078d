//! Which of the lines that the notices of a story offer stand in its guide.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use super::{
    super::{
        prose::normal,
        told::{Quote, Told},
    },
    Candidate, Guide, LONGEST, Question,
};
use crate::{
    model::{Authority, NoticeId},
    normalise::quantity::{Of, Quantity, quantities},
    text,
};

/// Lines of one part.
const MOST: usize = 4;
/// Lines that one press article may give: a quotation is short.
const MOST_OF_PRESS: usize = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    French,
    Other,
}

/// Whether a part takes lines that stand in another part.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    No,
    /// Only when it has none.
    WhereEmpty,
}

#[derive(Default)]
pub(super) struct Choice {
    parts: BTreeMap<Question, Vec<Quote>>,
    /// The normal forms of all lines taken.
    taken: Vec<String>,
    /// How many lines each notice of the press gave.
    of_press: BTreeMap<NoticeId, usize>,
    /// Quantities that the lines taken tell.
    figures: BTreeSet<String>,
}

impl Choice {
    pub fn fill(&mut self, question: Question, offered: &[(Told<'_>, Candidate)], language: Language, repeat: Repeat) {
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
            (new > 0).then_some((rank(told), Reverse(new), at))
        };
        open.iter().enumerate().filter_map(tells).min().map(|(_, _, at)| at)
    }

    pub fn guide(mut self) -> Guide {
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

/// Issuers before relays before the press.
pub(super) fn rank(told: &Told<'_>) -> Reverse<Authority> {
    Reverse(told.authority)
}

/// The quantities of a line that a reader remembers.
fn figures(text: &str) -> impl Iterator<Item = String> {
    quantities(text).into_iter().filter(|quantity| quantity.is_telling()).map(|quantity| quantity.key())
}
