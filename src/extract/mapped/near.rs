//! What was perhaps meant.

use crate::text;

/// How many names are listed at most.
const MOST: usize = 20;
/// How many are compared at most.
const MOST_COMPARED: usize = 1_000;

/// The candidate that is written most like a name: the same letters, or at most a third of them other.
pub(super) fn nearest<'c>(name: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let letters: Vec<char> = text::slug(name).chars().take(60).collect();
    let distances = candidates.iter().take(MOST_COMPARED).map(|candidate| {
        let other: Vec<char> = text::slug(candidate).chars().take(60).collect();
        (distance(&letters, &other), *candidate)
    });
    let (least, nearest) = distances.min_by_key(|(distance, _)| *distance)?;
    (least <= letters.len() / 3).then_some(nearest)
}

/// Names in backticks, the first of them when there are many.
pub(super) fn listed(names: &[&str]) -> String {
    let shown: Vec<String> =
        names.iter().take(MOST).map(|name| format!("`{}`", text::truncate(&text::collapse(name), 60))).collect();
    match names.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Letters to put in, take out or change (Levenshtein).
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(other) {
            let above = *cell;
            let cost = diagonal + usize::from(a != b);
            *cell = cost.min(above + 1).min(left + 1);
            (diagonal, left) = (above, *cell);
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_that_was_meant_is_found() {
        let columns = ["Titre", "Date de réponse JO", "Date de publication JO", "URL Question"];
        for (name, expected) in [
            ("titre", Some("Titre")),
            ("Date de reponse JO", Some("Date de réponse JO")),
            ("Date réponse JO", Some("Date de réponse JO")),
            ("URL", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, &columns), expected, "{name}");
        }
    }
}
