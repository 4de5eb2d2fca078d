//! What the name of a file says: a subject and often a date, between marks of the program that stored it.

use jiff::civil::Date;

use crate::{normalise::date, text};

/// No file system knows a longer name (POSIX NAME_MAX is 255), and looking for a date in one takes the square of its length.
const LONGEST: usize = 1_000;

/// What a file is called when its name is read as a title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileName {
    /// Empty when the name says nothing else than a date.
    pub title: String,
    pub date: Option<Date>,
}

/// Reads the last segment of an address, percent-encoding already resolved.
///
/// Dates have a year of four digits: `2024-08-28`, `28.08.2024`, `20240828`, `28082024`, « 28 août 2024 ». What has none is
/// rather left without a date than given a wrong one.
pub(super) fn read(name: &str) -> FileName {
    let name = name.get(..name.floor_char_boundary(LONGEST)).unwrap_or(name);
    let stem = without_copy_mark(without_extension(name)).replace('_', " ");
    let is_slug = !stem.trim().contains(' ');
    let found = find_date(&stem);
    let rest = match &found {
        // A date inside a sentence is part of it: « arrêté du 1er septembre 2023 ».
        Some((_, before, after)) if is_apart(before, after) => format!("{before} {after}"),
        _ => stem.clone(),
    };
    let rest = if is_slug { rest.replace('-', " ") } else { rest };
    let rest = text::collapse(&rest);
    let rest = without_label(rest.trim_matches(edge));
    FileName { title: rest.trim_matches(edge).to_owned(), date: found.map(|(date, ..)| date) }
}

/// The words of an address's last segment, as a title: « aide-aux-communes.html » is « Aide aux communes ».
pub(super) fn words(segment: &str) -> String {
    let spaced = without_extension(segment).replace(['-', '_', '+'], " ");
    let line = text::collapse(&spaced);
    let mut letters = line.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The name without the `_0` that a site adds when a file of that name is stored again, and how often it was.
pub(super) fn stored_again(name: &str) -> Option<(String, u32)> {
    let stem = without_extension(name);
    let bare = without_copy_mark(stem);
    let mark = stem.strip_prefix(bare)?.strip_prefix('_')?;
    let extension = name.strip_prefix(stem)?;
    Some((format!("{bare}{extension}"), mark.parse::<u32>().ok()? + 1))
}

fn is_apart(before: &str, after: &str) -> bool {
    let last_word = before.trim_end_matches(edge).rsplit(edge).next().unwrap_or_default();
    let ends = after.trim_matches(edge).is_empty();
    last_word.is_empty() || (ends && !["du", "le", "au", "de", "des"].contains(&last_word))
}

fn edge(c: char) -> bool {
    c.is_whitespace() || "-–—_.,;:".contains(c)
}

fn without_extension(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, extension))
            if !stem.is_empty()
                && (1..=5).contains(&extension.len())
                && extension.chars().all(|c| c.is_ascii_alphanumeric())
                && extension.chars().any(|c| c.is_ascii_alphabetic()) =>
        {
            stem
        }
        _ => name,
    }
}

/// One digit after the last `_`: two may be a month.
fn without_copy_mark(stem: &str) -> &str {
    match stem.rsplit_once('_') {
        Some((bare, mark)) if mark.len() == 1 && mark.bytes().all(|b| b.is_ascii_digit()) && !bare.is_empty() => bare,
        _ => stem,
    }
}

/// Without « CP » (*communiqué de presse*), which every file of such a list has in front.
fn without_label(title: &str) -> &str {
    let rest = ["CP", "cp", "Cp"].iter().find_map(|label| title.strip_prefix(label));
    rest.filter(|rest| rest.starts_with(edge) && !rest.trim_matches(edge).is_empty()).unwrap_or(title)
}

/// The first date, and what stands before and after it.
fn find_date(text: &str) -> Option<(Date, &str, &str)> {
    let bytes = text.as_bytes();
    (0..text.len()).filter(|at| text.is_char_boundary(*at)).find_map(|at| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        if before.is_some_and(u8::is_ascii_digit) {
            return None;
        }
        let rest = text.get(at..)?;
        let (date, length) = compact(rest).or_else(|| in_numbers(rest)).or_else(|| in_words(rest))?;
        Some((date, text.get(..at)?, text.get(at + length..)?))
    })
}

/// `20240828` or `28082024`.
fn compact(text: &str) -> Option<(Date, usize)> {
    let digits = digits(text);
    if digits.len() != 8 {
        return None;
    }
    let number = |range: std::ops::Range<usize>| digits.get(range).and_then(|part| part.parse::<i16>().ok());
    let year_first = plausible(number(0..4)?, number(4..6)?, number(6..8)?);
    Some((year_first.or_else(|| plausible(number(4..8)?, number(2..4)?, number(0..2)?))?, 8))
}

/// `2024-08-28`, `28.8.2024`, `28 08 2024`.
fn in_numbers(text: &str) -> Option<(Date, usize)> {
    let mut rest = text;
    let mut parts: [&str; 3] = [""; 3];
    for (position, part) in parts.iter_mut().enumerate() {
        if position > 0 {
            rest = rest.strip_prefix(['-', '.', ' '])?;
        }
        *part = digits(rest);
        rest = rest.get(part.len()..)?;
    }
    let [one, two, three] = parts.map(|part| part.parse::<i16>().ok());
    let date = match parts.map(str::len) {
        [4, 1 | 2, 1 | 2] => plausible(one?, two?, three?),
        [1 | 2, 1 | 2, 4] => plausible(three?, two?, one?),
        _ => None,
    };
    Some((date?, text.len() - rest.len()))
}

/// « 28 août 2024 », `1er-septembre-2023`.
fn in_words(text: &str) -> Option<(Date, usize)> {
    if digits(text).is_empty() {
        return None;
    }
    let mut ends = text.match_indices([' ', '-']).map(|(at, _)| at).chain([text.len()]);
    let end = ends.nth(2)?;
    let written = text.get(..end)?.replace('-', " ");
    let has_year = written.split(' ').next_back().is_some_and(|year| year.len() == 4);
    Some((date::day_in_words(&written).filter(|_| has_year)?, end))
}

fn digits(text: &str) -> &str {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    text.get(..length).unwrap_or_default()
}

fn plausible(year: i16, month: i16, day: i16) -> Option<Date> {
    let narrow = |n: i16| i8::try_from(n).ok();
    Date::new(year, narrow(month)?, narrow(day)?).ok().filter(|_| (1990..2100).contains(&year))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_title_and_a_date() {
        for (name, title, date) in [
            ("2024-08-26 - CP TELEGRAM .pdf", "TELEGRAM", "2024-08-26"),
            ("2024-08-28 - CP TELEGRAM mise en examen.pdf", "TELEGRAM mise en examen", "2024-08-28"),
            (
                "Communiqué Greenpeace c. Totalenergies 23102025.pdf",
                "Communiqué Greenpeace c. Totalenergies",
                "2025-10-23",
            ),
            ("CP- cour d'appel de Paris dossier RN.pdf", "cour d'appel de Paris dossier RN", ""),
            ("CJIP.pdf", "CJIP", ""),
            ("CP.pdf", "CP", ""),
            ("communique_de_presse_28082024_0.pdf", "communique de presse", "2024-08-28"),
            ("cp-lancement-du-plan-2024.pdf", "lancement du plan 2024", ""),
            ("arrete-du-1er-septembre-2023.pdf", "arrete du 1er septembre 2023", "2023-09-01"),
            ("20240828.pdf", "", "2024-08-28"),
            ("rapport 12-3-25.pdf", "rapport 12-3-25", ""),
            ("decision 2024-05-12345.pdf", "decision 2024-05-12345", ""),
            ("Décret n° 2.0", "Décret n° 2.0", ""),
            ("", "", ""),
        ] {
            let read = read(name);
            let found = read.date.map(|date| date.to_string()).unwrap_or_default();
            assert_eq!((read.title.as_str(), found.as_str()), (title, date), "{name}");
        }
        assert_eq!(words("aide-aux_communes.html"), "Aide aux communes");
        assert_eq!(stored_again("CP TELEGRAM_0.pdf"), Some(("CP TELEGRAM.pdf".to_owned(), 1)));
        assert_eq!(stored_again("rapport_2024.pdf"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_name_is_accepted(name in "\\PC{0,40}|[0-9_. é-]{0,40}") {
            read(&name);
            words(&name);
            stored_again(&name);
        }
    }
}
