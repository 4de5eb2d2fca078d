//! Lines to paragraphs: what runs along all pages goes, and words broken where a line ends are made whole.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::UnicodeNormalization;

use super::columns::Line;
use crate::text::collapse;

/// One paragraph a line.
pub(super) fn text(pages: Vec<Vec<Line>>) -> String {
    let running = running(&pages);
    let mut lines: Vec<(usize, Line)> = Vec::new();
    for (number, page) in pages.into_iter().enumerate() {
        let margins = margins(&page);
        for (position, mut line) in page.into_iter().enumerate() {
            line.text = collapse(&plain(&line.text));
            let in_margin = margins.contains(&position);
            if line.text.is_empty() || in_margin && (running.contains(&shape(&line.text)) || is_page_number(&line.text))
            {
                continue;
            }
            lines.push((number, line));
        }
    }
    let leading = leading(&lines);
    let words: BTreeSet<String> = lines.iter().flat_map(|(_, line)| words(&line.text)).collect();
    let mut out = String::new();
    let mut last: Option<&(usize, Line)> = None;
    for next in &lines {
        match last.map(|last| joint(last, next, leading, &words)) {
            None => {}
            Some(Joint::Paragraph) => out.push('\n'),
            Some(Joint::Space) => out.push(' '),
            Some(Joint::Hyphen) => {}
            Some(Joint::Broken) => {
                out.pop();
            }
        }
        out.push_str(&next.1.text);
        last = Some(next);
    }
    out.replace(SOFT_HYPHEN, "").nfc().collect()
}

const SOFT_HYPHEN: char = '\u{ad}';

/// Ligatures become letters; signs of private fonts and control characters go.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // Only these: NFKC would make « 1er » of « 1ᵉʳ », and « 2 » of an exponent.
            '\u{fb00}'..='\u{fb06}' => out.extend(std::iter::once(c).nfkc()),
            '\u{f0b7}' | '\u{f0a7}' | '\u{f02d}' => out.push('•'),
            '\u{e000}'..='\u{f8ff}' | '\u{fffd}' => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// How many lines at the top and at the bottom of a page may belong to all pages.
const MARGIN: usize = 3;

/// The positions of the highest and the lowest lines.
fn margins(page: &[Line]) -> BTreeSet<usize> {
    let mut heights: Vec<f64> = page.iter().map(|line| line.y).collect();
    heights.sort_by(f64::total_cmp);
    heights.dedup_by(|a, b| (*a - *b).abs() < 1.0);
    let (Some(low), Some(high)) =
        (heights.get(..heights.len().min(MARGIN)), heights.get(heights.len().saturating_sub(MARGIN)..))
    else {
        return BTreeSet::new();
    };
    let is_margin = |y: f64| low.iter().chain(high).any(|height| (height - y).abs() < 1.0);
    page.iter().enumerate().filter(|(_, line)| is_margin(line.y)).map(|(position, _)| position).collect()
}

/// The shapes of the lines that stand in the margins of at least two pages, and of half of them.
fn running(pages: &[Vec<Line>]) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for page in pages {
        let shapes: BTreeSet<String> = margins(page)
            .into_iter()
            .filter_map(|position| page.get(position))
            .map(|line| shape(&collapse(&plain(&line.text))))
            .collect();
        for shape in shapes {
            *seen.entry(shape).or_default() += 1;
        }
    }
    seen.into_iter().filter(|(_, count)| *count >= 2 && *count * 2 >= pages.len()).map(|(shape, _)| shape).collect()
}

/// A line in which numbers count as equal: « Page 1 / 2 » and « Page 2 / 2 ».
fn shape(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            c if c.is_ascii_digit() && out.ends_with('0') => {}
            c if c.is_ascii_digit() => out.push('0'),
            c => out.push(c),
        }
    }
    out
}

/// « Page 1 », « Page 1 / 2 », « 1/2 », « - 3 - ».
fn is_page_number(line: &str) -> bool {
    let shape: String = shape(&line.to_lowercase()).chars().filter(|c| !c.is_whitespace()).collect();
    ["page0", "page0/0", "page0sur0", "0/0", "-0-", "–0–", "p.0"].contains(&shape.as_str())
}

/// The usual distance between two lines, in parts of their size.
fn leading(lines: &[(usize, Line)]) -> f64 {
    let mut gaps: Vec<f64> = lines
        .windows(2)
        .filter_map(|pair| match pair {
            [(a_page, a), (b_page, b)] if a_page == b_page && a.y > b.y => Some((a.y - b.y) / a.size.max(1.0)),
            _ => None,
        })
        .filter(|gap| (0.8..3.0).contains(gap))
        .collect();
    gaps.sort_by(f64::total_cmp);
    gaps.get(gaps.len() / 2).copied().unwrap_or(1.2)
}

/// What stands between two lines.
enum Joint {
    Paragraph,
    Space,
    /// Nothing: the hyphen belongs to the word.
    Hyphen,
    /// Nothing, and the hyphen goes.
    Broken,
}

fn joint(last: &(usize, Line), next: &(usize, Line), leading: f64, words: &BTreeSet<String>) -> Joint {
    let ((last_page, a), (next_page, b)) = (last, next);
    let same_size = (a.size - b.size).abs() < 0.12 * a.size.max(b.size);
    if !same_size || is_item(&b.text) {
        return Joint::Paragraph;
    }
    if let Some(joint) = hyphenated(&a.text, &b.text, words) {
        return joint;
    }
    if last_page != next_page || b.y >= a.y {
        // A column or a page ends: only the words tell whether the sentence goes on.
        let ended = a.text.ends_with(['.', '!', '?', ':', ';', '»']);
        let goes_on = b.text.chars().next().is_some_and(|c| !c.is_uppercase());
        return if !ended && goes_on { Joint::Space } else { Joint::Paragraph };
    }
    if a.y - b.y > 1.3 * leading * a.size {
        return Joint::Paragraph;
    }
    // A line that goes on in lower case begins nothing. Otherwise, where its first word would have had room in the line
    // before, that line ended a paragraph.
    if b.text.starts_with(char::is_lowercase) {
        return Joint::Space;
    }
    let count = |text: &str| f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX));
    let width = (b.right - b.left) / count(&b.text).max(1.0);
    let first = b.text.split(' ').next().unwrap_or_default();
    if a.right + (count(first) + 1.5) * width < a.edge { Joint::Paragraph } else { Joint::Space }
}

/// Whether a line begins an item of a list.
fn is_item(line: &str) -> bool {
    let bullet = |c: char| matches!(c, '•' | '▪' | '■' | '◦' | '●' | '➢' | '➔' | '→' | '✓' | '-' | '–' | '—' | '*');
    let mut chars = line.chars();
    chars.next().is_some_and(bullet) && chars.next().is_some_and(char::is_whitespace)
}

/// What becomes of a hyphen at the end of a line; `None` when there is none in a word.
fn hyphenated(a: &str, b: &str, words: &BTreeSet<String>) -> Option<Joint> {
    let before = a.strip_suffix(['-', '\u{2010}', '\u{2011}', SOFT_HYPHEN])?;
    let head = before.rsplit(|c: char| !c.is_alphabetic() && c != '-').next().filter(|head| !head.is_empty())?;
    let tail: String = b.chars().take_while(|c| c.is_alphabetic()).collect();
    let first = tail.chars().next()?;
    if a.ends_with(SOFT_HYPHEN) {
        return Some(Joint::Broken);
    }
    let (head, tail) = (head.to_lowercase(), tail.to_lowercase());
    let part = head.rsplit('-').next().unwrap_or_default();
    let is_compound = first.is_uppercase()
        || words.contains(&format!("{head}-{tail}"))
        || !words.contains(&format!("{head}{tail}"))
            && (HEADS.contains(&part) || TAILS.contains(&tail.as_str()) || head.contains('-'));
    Some(if is_compound { Joint::Hyphen } else { Joint::Broken })
}

/// What takes a hyphen after it. « contre », « cyber », « inter » do not, or not always.
const HEADS: [&str; 39] = [
    "vice", "sous", "ex", "non", "avant", "après", "arrière", "mi", "demi", "quasi", "porte", "est", "peut", "soi",
    "celui", "celle", "ceux", "celles", "lui", "elle", "eux", "elles", "moi", "nous", "vous", "là", "ci", "au", "par",
    "haut", "bas", "grand", "rendez", "chef", "saint", "sainte", "quatre", "vingt", "dix",
];

/// What takes a hyphen before it.
const TAILS: [&str; 22] = [
    "il", "elle", "on", "ils", "elles", "je", "tu", "nous", "vous", "ci", "là", "même", "mêmes", "dire", "le", "la",
    "les", "lui", "leur", "moi", "toi", "être",
];

/// The words of a line in lower case, hyphens included; the last one is left out when it may be broken.
fn words(line: &str) -> impl Iterator<Item = String> {
    let whole = line.strip_suffix('-').map_or(line, |cut| cut.rsplit_once(' ').map_or("", |(before, _)| before));
    whole
        .split(|c: char| !c.is_alphabetic() && c != '-')
        .filter(|word| !word.is_empty())
        .map(|word| word.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines under each other, as wide as their words.
    fn page(lines: &[&str]) -> Vec<Line> {
        let wide = |text: &str| 72.0 + 5.0 * f64::from(u32::try_from(text.chars().count()).unwrap());
        let edge = lines.iter().map(|line| wide(line)).fold(0.0, f64::max);
        let mut y = 800.0;
        let line = |text: &&str| {
            y -= 14.0;
            Line { text: (*text).to_owned(), left: 72.0, right: wide(text), y, size: 11.0, edge }
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn words_broken_at_the_end_of_a_line_are_made_whole() {
        for (before, after, expected) in [
            ("les serveurs ont été neutra-", "lisés hier", "neutralisés hier"),
            ("la réunion avec le vice-", "président", "vice-président"),
            ("dans toute la Seine-", "Maritime", "Seine-Maritime"),
            ("un acte signé en Île-de-", "France", "Île-de-France"),
            ("de quoi l’agent parle-t-", "il ?", "parle-t-il ?"),
            ("le compte de courriel, c’est-à-", "dire", "c’est-à-dire"),
            ("les collecti\u{ad}vités et les établisse\u{ad}", "ments", "collectivités et les établissements"),
            ("de 2020 à 2021, soit 2020-", "2021", "2020- 2021"),
        ] {
            let said = text(vec![page(&[before, after])]);
            assert!(said.ends_with(expected), "{said}");
        }
        // As it is written elsewhere in the same document.
        let said =
            text(vec![page(&["le porte-avions et la cyber-sécurité des ports, la cyber-", "sécurité des mairies"])]);
        assert!(said.contains("la cyber-sécurité des mairies"), "{said}");
    }

    #[test]
    fn what_stands_on_each_page_goes() {
        let sheet = |number: usize, lines: [&str; 5]| {
            let (top, bottom) = (format!("Préfecture – bulletin n° {number}"), format!("Page {number} / 3"));
            page(&[&[top.as_str()][..], &lines, &[bottom.as_str()]].concat())
        };
        let lines = [
            [
                "La première page dit ceci,",
                "puis cela.",
                "Le préfet l’a signée.",
                "Elle porte sur 2026.",
                "Elle finit par une phrase qui",
            ],
            ["continue sur la page d’après.", "Deux.", "Trois.", "Quatre.", "Cinq."],
            ["La dernière.", "Sept.", "Huit.", "Neuf.", "Dix."],
        ];
        let said = text(lines.into_iter().enumerate().map(|(at, lines)| sheet(at + 1, lines)).collect());
        assert!(!said.contains("bulletin") && !said.contains("Page"), "{said}");
        assert!(said.contains("une phrase qui continue sur la page"), "{said}");
        assert!(said.contains("Dix."), "{said}");
    }
}
