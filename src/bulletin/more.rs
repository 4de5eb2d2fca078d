//! What other sources add to the summary of a story: at most two sentences, each of which brings something that is not
//! said yet.

use std::collections::BTreeSet;

use super::{
    prose::normal,
    summary::prose,
    told::{Quote, Told},
};
use crate::normalise::{
    quantity::quantities,
    reference::{cited, cves},
};

/// Sentences of one notice that are looked at: what matters comes first.
const READ: usize = 8;
const LONGEST: usize = 280;

/// Sentences of `others` that bring a CVE, a reference, an amount or a count that `said` lacks, the most telling first
/// and none that resembles another. `others` are in the order of their authority.
pub(super) fn additions(said: &str, others: &[Told<'_>], most: usize) -> Vec<Quote> {
    let mut known: BTreeSet<String> = things(said);
    let mut shown: Vec<BTreeSet<String>> = vec![words(said)];
    let mut offered: Vec<(Told<'_>, String)> = Vec::new();
    for told in others {
        let sentences = prose(told).into_iter().take(READ);
        offered.extend(sentences.filter(|text| stands_alone(text)).map(|text| (*told, text)));
    }
    let mut out = Vec::new();
    while out.len() < most {
        let worth = |text: &str| {
            let brings = things(text).difference(&known).count();
            let words = words(text);
            let alike = shown.iter().map(|other| tenths_in_common(&words, other)).max().unwrap_or(0);
            (brings > 0 && alike < 6).then(|| (brings * 10).saturating_sub(alike))
        };
        let scored = offered.iter().enumerate().filter_map(|(at, (_, text))| Some((worth(text)?, at)));
        // The best; of equals the first.
        let Some((_, at)) = scored.max_by_key(|(worth, at)| (*worth, std::cmp::Reverse(*at))) else { break };
        let (told, text) = offered.remove(at);
        known.extend(things(&text));
        shown.push(words(&text));
        out.push(told.quote(text, None));
    }
    out
}

/// What a sentence tells that can be compared across sources.
fn things(text: &str) -> BTreeSet<String> {
    let numbers = quantities(text).into_iter().map(|quantity| quantity.key());
    let references = cited(text).into_iter().map(|reference| reference.number);
    numbers.chain(references).chain(cves(text)).collect()
}

fn words(text: &str) -> BTreeSet<String> {
    normal(text).split(' ').filter(|word| word.len() > 3).map(str::to_owned).collect()
}

/// Of the words of the first, how many tenths stand in the second.
fn tenths_in_common(words: &BTreeSet<String>, other: &BTreeSet<String>) -> usize {
    words.intersection(other).count() * 10 / words.len().max(1)
}

/// Whether a sentence can be read without the one before it.
pub(super) fn stands_alone(text: &str) -> bool {
    let words = normal(text);
    let first = words.split(' ').next().unwrap_or_default();
    let leans = LEANING.contains(&first) || words.starts_with("en effet") || words.starts_with("voici comment");
    !leans && text.ends_with(['.', '!', '»']) && text.chars().count() <= LONGEST
}

/// First words that lean on what was said before.
#[rustfmt::skip]
const LEANING: [&str; 29] = [
    "il", "elle", "ils", "elles", "ce", "cet", "cette", "ces", "cela", "celui", "celle", "ceux", "celles", "son", "sa", "ses",
    "leur", "leurs", "mais", "or", "ainsi", "toutefois", "cependant", "donc", "tous", "toutes", "it", "they", "this",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_that_leans_on_another_is_not_quoted_alone() {
        assert!(stands_alone("Onze mairies sont concernées."));
        for text in
            ["Elle relève que la fuite dure.", "Ces 170 serveurs sont saisis.", "Voici comment faire.", "Un titre"]
        {
            assert!(!stands_alone(text), "{text}");
        }
    }
}
