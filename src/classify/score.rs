//! The section that most speaks for, where no rule names one.

use std::collections::BTreeMap;

use super::{
    rules::{Rules, Weight},
    seen::Seen,
    words::Found,
};

/// How often a word counts that stands in the title, …
const TITLE: i32 = 3;
/// … in a category that the source gives, …
const CATEGORY: i32 = 2;
/// … and in the beginning of the text, …
const TEXT: i32 = 1;
/// … which all in all gives no section more than this: a text brushes by many subjects.
const MOST_OF_TEXT: i32 = 16;
/// So many reasons are told to editors.
const TOLD: usize = 4;

/// How the sections came off.
pub(super) struct Ranking {
    /// The places of the best section and of the next best.
    pub best: Option<Scored>,
    pub next: Option<Scored>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Scored {
    /// The place of the section.
    pub section: usize,
    pub points: i32,
}

/// Ranks the sections; of equals the first of the file is the better one. Those for which nothing speaks have no rank.
pub(super) fn rank(rules: &Rules, seen: &Seen<'_>) -> Ranking {
    let mut points = vec![0; rules.shelves.len()];
    let mut give = |section: usize, more: i32| {
        if let Some(points) = points.get_mut(section) {
            *points += more;
        }
    };
    let mut of_text = BTreeMap::new();
    words(rules, &seen.body, |weight| *of_text.entry(weight.section).or_insert(0) += weight.points * TEXT);
    of_text.into_iter().for_each(|(section, points)| give(section, points.min(MOST_OF_TEXT)));
    words(rules, &seen.title, |weight| give(weight.section, weight.points * TITLE));
    words(rules, &seen.categories, |weight| give(weight.section, weight.points * CATEGORY));
    others(rules, seen, |section, more, _| give(section, more));

    let mut ranking = Ranking { best: None, next: None };
    for (section, points) in points.into_iter().enumerate().filter(|(_, points)| *points > 0) {
        let scored = Some(Scored { section, points });
        if ranking.best.is_none_or(|best| points > best.points) {
            (ranking.best, ranking.next) = (scored, ranking.best);
        } else if ranking.next.is_none_or(|next| points > next.points) {
            ranking.next = scored;
        }
    }
    ranking
}

/// What spoke most for a section, in French: « « marchés publics » +24, « seuil » +3 ».
pub(super) fn reasons(rules: &Rules, seen: &Seen<'_>, section: usize) -> String {
    let mut reasons: BTreeMap<String, i32> = BTreeMap::new();
    for (found, factor) in [(&seen.title, TITLE), (&seen.categories, CATEGORY), (&seen.body, TEXT)] {
        words(rules, found, |weight| {
            if weight.section == section {
                let word = weight.written.trim_start_matches('=').replace('*', "…");
                *reasons.entry(format!("« {word} »")).or_default() += weight.points * factor;
            }
        });
    }
    others(rules, seen, |place, points, about| {
        if place == section {
            *reasons.entry(about.to_owned()).or_default() += points;
        }
    });
    let mut reasons: Vec<(String, i32)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, points)| -points.abs());
    let told: Vec<String> = reasons.iter().take(TOLD).map(|(reason, points)| signed(reason, *points)).collect();
    told.join(", ")
}

/// « « seuil » +3 », with a true minus sign.
pub(super) fn signed(reason: &str, points: i32) -> String {
    match points < 0 {
        true => format!("{reason} −{}", points.unsigned_abs()),
        false => format!("{reason} +{points}"),
    }
}

fn words<'r>(rules: &'r Rules, found: &Found, mut with: impl FnMut(&'r Weight)) {
    for id in &found.counted {
        rules.weights(*id).iter().for_each(&mut with);
    }
}

/// Calls back with section, points and what they are for.
fn others(rules: &Rules, seen: &Seen<'_>, mut with: impl FnMut(usize, i32, &'static str)) {
    let own = rules.sections().position(&seen.source.section);
    with(own, rules.source_points, "rubrique de la source");
    for (section, evidence) in rules.shelves.iter().enumerate() {
        for evidence in evidence.iter().filter(|evidence| seen.meets(&evidence.case, None)) {
            with(section, evidence.points, evidence.case.about());
        }
    }
}
