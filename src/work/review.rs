//! What becomes of a story before an editor looks at it, and without one.

use jiff::Timestamp;

use crate::{
    classify::Shelved,
    config::{Config, FirstLook},
    model::{Hand, Review, Story, StoryId},
    store::{
        Result, Tx, reviews,
        stories::{self, Standing},
    },
    text,
};

/// What a story was when it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    News,
    /// Already old when its source was first read: kept and shown, but no bulletin announces it.
    Old,
}

/// Makes a story for a notice that tells of something new, and decides whether readers see it.
pub(super) fn open(config: &Config, tx: &Tx, shelved: &Shelved, age: Age, now: Timestamp) -> Result<StoryId> {
    let standing = Standing::of(shelved);
    let story = stories::insert(tx, &standing, now)?;
    let (review, because) = judge(config, age, standing.relevance, &standing.relevance_because);
    let decide = |review: Review, because: &str| {
        reviews::decide(tx, story, review, Hand::Automatic, because, config.cadences.keys().copied(), now)
    };
    if age == Age::Old && review != Review::Archived {
        // Kept, so that it is not announced when it comes in one day.
        decide(Review::Archived, ALREADY_OLD)?;
    }
    decide(review, &because)?;
    Ok(story)
}

const ALREADY_OLD: &str = "déjà ancien quand sa source a été lue pour la première fois";

/// What the rules and the settings make of a story, and why. `why` holds the reasons of its relevance, one a line.
pub(super) fn judge(config: &Config, age: Age, relevance: i32, why: &str) -> (Review, String) {
    let least = config.review.least_relevance();
    if relevance < least {
        return (Review::Rejected, weighed(relevance, least, why));
    }
    match (age, config.review.first) {
        (Age::Old, _) => (Review::Archived, ALREADY_OLD.to_owned()),
        (Age::News, FirstLook::Editor) => (Review::Pending, String::from("un éditeur regarde d’abord")),
        (Age::News, FirstLook::Nobody) => (Review::Approved, String::from("aucun éditeur ne regarde d’abord")),
    }
}

/// Lets a story in that only its relevance kept out, once it concerns enough. What an editor decided stays.
pub(super) fn reconsider(config: &Config, tx: &Tx, story: &Story, now_it_is: &Standing, now: Timestamp) -> Result<()> {
    let least = config.review.least_relevance();
    let is_out = story.review == Review::Rejected && story.merged_into.is_none();
    if !is_out || now_it_is.relevance < least || reviews::last_by_editor(tx, story.id)?.is_some() {
        return Ok(());
    }
    let age = if reviews::was_archived(tx, story.id)? { Age::Old } else { Age::News };
    let (review, _) = judge(config, age, now_it_is.relevance, "");
    let because = weighed(now_it_is.relevance, least, &now_it_is.relevance_because);
    reviews::decide(tx, story.id, review, Hand::Automatic, &because, config.cadences.keys().copied(), now)
}

/// « pertinence −7, seuil 0 : nomination d’une personne (−10), commune (+3) ».
fn weighed(relevance: i32, least: i32, why: &str) -> String {
    let plain = |n: i32| text::points(n).trim_start_matches('+').to_owned();
    let reasons = why.lines().collect::<Vec<_>>().join(", ");
    let colon = if reasons.is_empty() { "" } else { "\u{a0}: " };
    format!("pertinence {}, seuil {}{colon}{reasons}", plain(relevance), plain(least))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_something_is_left_out_is_told_in_french_with_its_points() {
        let why = "nomination d’une personne (−10)\ncommune (+3)";
        let told = "pertinence −7, seuil 0\u{a0}: nomination d’une personne (−10), commune (+3)";
        assert_eq!(weighed(-7, 0, why), told);
        assert_eq!(weighed(2, -1, ""), "pertinence 2, seuil −1");
    }
}
