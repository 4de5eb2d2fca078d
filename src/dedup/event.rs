//! Stories: which documents tell of one event. They stay documents of their own.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    counts::{Counts, ONE, fixed, percent},
    likeness::{Likeness, day},
    passages::shares,
    tale::{Refrain, Tale, is_calendar, name_key, word_key},
};
use crate::model::{SourceId, StoryId};

/// What a document is about: its words with their weights, at unit length. Ascending by word.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vector(pub Vec<(u64, i32)>);

/// A document that tells of a story, as it was when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub source: SourceId,
    pub day: i32,
    pub advisory: bool,
    pub act: bool,
    pub cves: BTreeSet<String>,
    pub language: String,
    /// The words of its title, without their endings.
    pub title: BTreeSet<String>,
    pub names: BTreeSet<String>,
    pub vector: Vector,
}

/// A story that a document may tell of.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub story: StoryId,
    members: Vec<Member>,
    /// The sum of their words. Ascending.
    centre: Vec<(u64, i64)>,
    /// Of the centre, in parts of one.
    length: f64,
}

impl Told {
    /// Of the members of a story, of which there is at least one.
    pub fn new(story: StoryId, members: Vec<Member>) -> Self {
        let mut sum: BTreeMap<u64, i64> = BTreeMap::new();
        for (key, weight) in members.iter().flat_map(|member| &member.vector.0) {
            *sum.entry(*key).or_default() += i64::from(*weight);
        }
        let length = sum.values().map(|weight| (*weight as f64) * (*weight as f64)).sum::<f64>().sqrt();
        Self { story, members, centre: sum.into_iter().collect(), length }
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The weight of a word in the middle of the story.
    fn weight(&self, key: u64) -> Option<i64> {
        let place = self.centre.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        self.centre.get(place).map(|(_, weight)| *weight)
    }
}

/// Whether a document tells of a story that is known, and why, in French, for editors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tells {
    Of {
        story: StoryId,
        because: String,
    },
    /// Perhaps: for an editor to see.
    Perhaps {
        story: StoryId,
        because: String,
    },
    Nothing,
}

/// After so many days without news a story is over.
pub const OVER: i32 = 4;
/// From this likeness on, a document tells of the story.
///
/// Measured together with [`PER_DAY`] on a labelled month (594 documents, 45 events of several): with 12 hundredths a day,
/// 17, 19 and 20 hundredths give 94, 95 and 95 true pairs in a hundred, and find 92, 86 and 85; at 21 only 71 are found, at
/// 16 only 88 are true. Without the days, a precision of 91 takes 25 hundredths, and finds 64.
const SAME: i64 = ONE * 19 / 100;
/// From this on, an editor is asked.
const NEAR: i64 = ONE * 17 / 100;
/// What a day between two documents takes off their likeness.
const PER_DAY: i64 = ONE * 12 / 100;
/// Two documents of one source tell of one event only where so much of their titles is the same, in hundredths.
const SAME_TITLE: u32 = 20;
/// So many rare names and numbers make one event of two languages.
const NAMES: usize = 2;
/// A document of fewer different words says too little of its event.
const ENOUGH: usize = 8;
/// Members that are compared; a story of more is the most recent of them.
pub const MEMBERS: usize = 40;

/// What a document is about, given what its source says in all of them. `counts` do not know it yet.
pub fn vector(tale: &Tale, refrain: &Refrain, counts: &Counts) -> Vector {
    let weights: Vec<(u64, f64)> =
        tale.words(refrain).into_iter().map(|(key, times)| (key, counts.word(key, times))).collect();
    let length = weights.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt();
    let unit = |weight: f64| i32::try_from(fixed(weight / length)).unwrap_or(0);
    Vector(weights.into_iter().map(|(key, weight)| (key, unit(weight))).filter(|(_, weight)| *weight > 0).collect())
}

/// Compares a document with stories that share words or names with it.
pub fn tells<'s>(ours: &Likeness, tale: &Tale, vector: &Vector, stories: &'s [Told], counts: &Counts) -> Tells {
    let mut best: Option<(i64, &Told, String)> = None;
    let mut take = |score: i64, told: &'s Told, because| {
        let is_better =
            |(other, story, _): &(i64, &Told, String)| score > *other || (score == *other && told.story < story.story);
        if best.as_ref().is_none_or(is_better) {
            best = Some((score, told, because));
        }
    };
    for told in stories {
        if let Some(because) = foreign(ours, tale, told, counts) {
            take(SAME, told, because);
        } else if let Some((score, because)) = alike(ours, tale, vector, told, counts) {
            take(score, told, because);
        }
    }
    match best {
        Some((score, told, because)) if score >= SAME => Tells::Of { story: told.story, because },
        Some((score, told, because)) if score >= NEAR => {
            Tells::Perhaps { story: told.story, because: format!("À rapprocher : {because}") }
        }
        _ => Tells::Nothing,
    }
}

/// How many days lie between a document and a story.
fn gap(ours: &Likeness, told: &Told) -> i32 {
    let ours = day(ours.at);
    let days = told.members.iter().map(|member| member.day);
    let (first, last) = (days.clone().min().unwrap_or(ours), days.max().unwrap_or(ours));
    (ours - last).max(first - ours).max(0)
}

/// How alike a document and the middle of a story are; `None` where they cannot be one event.
fn alike(ours: &Likeness, tale: &Tale, vector: &Vector, told: &Told, counts: &Counts) -> Option<(i64, String)> {
    let gap = gap(ours, told);
    // Advisories read alike, and so do official texts: each tells of something else.
    let is_other = |member: &Member| {
        (ours.marks.advisory && member.advisory)
            || (ours.marks.act && member.act)
            // Whatever the words are: other vulnerabilities.
            || (!member.cves.is_empty() && !ours.marks.cves.is_empty() && member.cves.is_disjoint(&ours.marks.cves))
            || (member.source == ours.source && is_column(&tale.title, &member.title))
    };
    if gap > OVER || vector.0.len() < ENOUGH || told.members.iter().any(is_other) {
        return None;
    }
    let is_in_title = |word: &&String| told.members.iter().any(|member| member.title.contains(*word));
    let common: Vec<&String> = tale.subject().filter(is_in_title).collect();
    if common.is_empty() {
        return None;
    }
    let same_source = told.members.iter().all(|member| member.source == ours.source);
    let title = |member: &Member| shares(&tale.title, &member.title).of_both >= SAME_TITLE;
    if same_source && !told.members.iter().any(title) {
        return None;
    }
    if !vector.0.iter().any(|(key, _)| counts.is_telling(*key) && told.weight(*key).is_some()) {
        return None;
    }
    let product = |(key, weight): &(u64, i32)| told.weight(*key).map_or(0, |other| i64::from(*weight) * other);
    let dot: i64 = vector.0.iter().map(product).sum();
    // Both are parts of `ONE`: one of the two factors goes with the length.
    let cosine = if told.length > 0.0 { (dot as f64 / told.length).round() as i64 } else { 0 };
    let score = cosine * (ONE - PER_DAY * i64::from(gap)).max(0) / ONE;
    if score < NEAR {
        return None;
    }
    let words = common.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(", ");
    let days = match gap {
        0 => String::new(),
        1 => String::from(", un jour après"),
        days => format!(", {days} jours après"),
    };
    Some((
        score,
        format!("Même événement : {} % de ressemblance{days} ; mots du titre en commun : {words}", percent(score)),
    ))
}

/// Whether two titles of one source differ in numbers and dates only: a column, which tells of something else each time.
fn is_column(ours: &BTreeSet<String>, theirs: &BTreeSet<String>) -> bool {
    let is_fixed = |word: &&String| !word.starts_with(|c: char| c.is_ascii_digit()) && !is_calendar(word);
    ours != theirs && ours.iter().filter(is_fixed).eq(theirs.iter().filter(is_fixed))
}

/// The rare names and numbers that a document in one language shares with a story told in another, in words.
fn foreign(ours: &Likeness, tale: &Tale, told: &Told, counts: &Counts) -> Option<String> {
    let is_other = |member: &&Member| member.language != tale.language;
    if gap(ours, told) > OVER || ours.marks.advisory || !told.members.iter().any(|member| is_other(&member)) {
        return None;
    }
    let theirs: BTreeSet<&String> =
        told.members.iter().filter(is_other).filter(|member| !member.advisory).flat_map(|m| &m.names).collect();
    let rare = |name: &&String| theirs.contains(name) && counts.is_rare(name_key(name));
    let common: Vec<&str> = tale.names.iter().filter(rare).map(String::as_str).collect();
    // One of them is what both are about.
    let is_in = |title: &BTreeSet<String>, name: &str| {
        title.iter().any(|word| word.len() > 3 && name.starts_with(word.as_str()))
    };
    let is_subject = |name: &&str| {
        is_in(&tale.title, name) && told.members.iter().filter(is_other).any(|member| is_in(&member.title, name))
    };
    (common.len() >= NAMES && common.iter().any(is_subject)).then(|| {
        let shown: Vec<&str> = common.iter().take(6).map(|name| name.trim_start_matches('#')).collect();
        format!("Même événement, dans une autre langue : noms et nombres rares en commun : {}", shown.join(", "))
    })
}

/// The keys by which stories are looked for: the words of the title, and names.
pub fn asked(tale: &Tale) -> Vec<u64> {
    let words = tale.subject().map(|word| word_key(word));
    let mut keys: Vec<u64> = words.chain(tale.names.iter().map(|name| name_key(name))).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests;
