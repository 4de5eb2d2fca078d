//! Names and numbers that are the same in every language: what joins a French and an English account of one event.

use std::collections::BTreeSet;

use crate::text::fold;

/// So many are kept of a document.
const MOST: usize = 60;
const LONGEST: usize = 40;

/// The proper names of a title and the beginning of a text (capitals within a sentence, hosts), and their numbers from
/// a thousand on: `qakbot`, `politie.nl`, `#700000`.
pub(super) fn of(title: &str, text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in [title, text] {
        read(part, &mut found);
    }
    found
}

fn read(text: &str, found: &mut BTreeSet<String>) {
    let words: Vec<(&str, bool)> = words(text);
    let mut at = 0;
    while let Some((word, opens)) = words.get(at) {
        at += 1;
        if found.len() >= MOST {
            return;
        }
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            let rest: Vec<&str> =
                words.get(at - 1..).unwrap_or_default().iter().map(|(word, _)| *word).take(8).collect();
            let (number, taken) = number(&rest);
            at += taken.saturating_sub(1);
            if let Some(number) = number {
                found.insert(format!("#{number}"));
            }
            continue;
        }
        found.extend(name(word, *opens));
    }
}

/// The words of a text, each with whether it opens a sentence.
fn words(text: &str) -> Vec<(&str, bool)> {
    let mut out = Vec::new();
    let mut opens = true;
    for piece in text.split(|c: char| c.is_whitespace() || "«»“”\"()[]/".contains(c)) {
        if piece.is_empty() {
            continue;
        }
        // « l’Europe », « d'Europol ».
        let bare = piece.rsplit(['\'', '’']).next().unwrap_or(piece);
        let is_elided = bare.len() < piece.len();
        let word = bare.trim_matches(|c: char| !c.is_alphanumeric());
        if !word.is_empty() {
            out.push((word, opens && !is_elided));
        }
        opens = piece.ends_with(['.', '!', '?', ':', '…']) || (word.is_empty() && opens);
    }
    out
}

fn name(word: &str, opens: bool) -> Option<String> {
    let letters = word.chars().count();
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    let is_host = word.contains('.') && word.split('.').all(|part| part.len() >= 2);
    // In a capitalised word inside a sentence, or one with capitals inside.
    let is_name = letters >= 3 && word.starts_with(char::is_uppercase) && (!opens || capitals > 1);
    if letters > LONGEST || !(is_name || is_host) {
        return None;
    }
    let mut folded = String::with_capacity(word.len());
    word.chars().for_each(|c| fold(c, |part| folded.push(part)));
    (!COMMON.contains(&folded.as_str())).then_some(folded)
}

/// The whole number at the front of some words, and how many words it takes: « 700 000 », `700,000`, « 8,6 millions ».
fn number(words: &[&str]) -> (Option<u64>, usize) {
    let Some(first) = words.first() else { return (None, 1) };
    let grouped = |text: &str, separator: char| {
        let mut groups = text.split(separator);
        let head = groups.next().is_some_and(|head| (1..=3).contains(&head.len()) && is_digits(head));
        head && groups.clone().next().is_some() && groups.all(|group| group.len() == 3 && is_digits(group))
    };
    let mut taken = 1;
    let mut digits = String::new();
    let mut decimals = String::new();
    if is_digits(first) {
        digits.push_str(first);
        while let Some(next) = words.get(taken).filter(|next| next.len() == 3 && is_digits(next) && first.len() <= 3) {
            digits.push_str(next);
            taken += 1;
        }
    } else if grouped(first, ',') || grouped(first, '.') {
        digits.extend(first.chars().filter(char::is_ascii_digit));
    } else if let Some((whole, part)) = first.split_once([',', '.'])
        && is_digits(whole)
        && is_digits(part)
    {
        digits.push_str(whole);
        decimals.push_str(part.get(..part.len().min(6)).unwrap_or_default());
    }
    let scale = words.get(taken).map_or(0, |next| match next.trim_end_matches('s').to_lowercase().as_str() {
        "million" => 6_usize,
        "milliard" | "billion" => 9,
        _ => 0,
    });
    if digits.is_empty() || digits.len() + scale > 15 || (scale == 0 && !decimals.is_empty()) {
        return (None, taken);
    }
    if scale > 0 {
        taken += 1;
        decimals.push_str(&"0".repeat(scale.saturating_sub(decimals.len())));
        digits.push_str(&decimals);
    }
    let number = digits.parse::<u64>().ok();
    // Years and small numbers are in every text.
    (number.filter(|number| *number >= 1_000 && !(digits.len() == 4 && (1_900..2_100).contains(number))), taken)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Names that stand in news of every sort.
const COMMON: [&str; 51] = [
    "france",
    "europe",
    "paris",
    "etats",
    "unis",
    "etats-unis",
    "united",
    "states",
    "kingdom",
    "royaume-uni",
    "allemagne",
    "germany",
    "netherlands",
    "pays-bas",
    "union",
    "european",
    "europeenne",
    "francais",
    "francaise",
    "french",
    "english",
    "etat",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "republique",
    "internet",
    "cve",
    "www",
    "http",
    "https",
    "ministre",
    "president",
    "police",
    "the",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        of("", text).into_iter().collect()
    }

    #[test]
    fn names_and_numbers_are_the_same_in_both_languages() {
        for (text, names) in [
            ("Le réseau Qakbot comptait 700\u{a0}000 machines.", &["#700000", "qakbot"][..]),
            ("Police took down Qakbot: 700,000 machines were freed.", &["#700000", "qakbot"]),
            ("Ils ont saisi 8,6 millions de dollars, et 1.234.567 euros.", &["#1234567", "#8600000"]),
            ("Worth 8.6 million dollars on politie.nl, says Europol.", &["#8600000", "europol", "politie.nl"]),
            ("Le maire. Un élu. En 2023, 12 communes.", &[]),
            ("l’opération d’Europol contre LockBit", &["europol", "lockbit"]),
            ("LockBit revient", &["lockbit"]),
        ] {
            assert_eq!(found(text), names, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_few_names(text in "\\PC{0,200}|([A-Z][a-z]{2,8} |[0-9]{1,4}[ ,.]){0,90}") {
            proptest::prop_assert!(of(&text, &text).len() <= MOST);
        }
    }
}
