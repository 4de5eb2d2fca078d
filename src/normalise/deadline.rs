//! Days by which something must be done, or from which something applies: « avant le 1er janvier 2026 », « jusqu'au
//! 4 septembre », « entre en vigueur le 1er octobre ».
//!
//! A day without its year is the next one from the publication on; one that was already past then is no deadline.

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

use super::{date::month, quantity::words};
use crate::text;

const LONGEST: usize = 20_000;
const MOST: usize = 10;
/// A day without year that comes only so late is more likely the one that has just gone by.
const NEXT: i32 = 340;
/// Beyond that many years a date is a slip of the pen, or of no use to a calendar.
const FAR: i16 = 15;

/// One day that matters to who reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Deadline {
    pub day: Date,
    pub bound: Bound,
}

/// On which side of the day a reader must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    /// To be done on that day at the latest.
    Until,
    /// To be done before that day: on it, it is too late.
    Before,
    /// Applies from that day on.
    From,
}

impl Bound {
    /// As readers see it, before the day.
    pub const fn name(self) -> &'static str {
        match self {
            Bound::Until => "Échéance",
            Bound::Before => "Avant le",
            Bound::From => "À compter du",
        }
    }
}

/// The deadlines of a text that was published on a day, in the order of the calendar, each once.
pub fn deadlines(text: &str, published: Date) -> Vec<Deadline> {
    let words: Vec<String> = words(text).take(LONGEST).map(|(_, word)| folded(word)).collect();
    let mut out = Vec::new();
    for at in 0..words.len() {
        let Some((bound, after)) = trigger(&words, at) else { continue };
        let Some((day, month, year, end)) = day(&words, after) else { continue };
        // « avant le 4 septembre dernier » tells a story.
        if words.get(end).is_some_and(|word| word.starts_with("dernier")) {
            continue;
        }
        if let Some(day) = resolved(day, month, year, published) {
            out.push(Deadline { day, bound });
        }
    }
    out.sort_unstable();
    out.dedup();
    // The day by which to act says all that the same day as a beginning would.
    let untils: Vec<Date> = out.iter().filter(|d| d.bound != Bound::From).map(|d| d.day).collect();
    out.retain(|deadline| deadline.bound != Bound::From || !untils.contains(&deadline.day));
    out.truncate(MOST);
    out
}

/// Sequences of folded words; the first that fits is taken.
#[rustfmt::skip]
const TRIGGERS: [(&[&str], Bound); 46] = [
    (&["au", "plus", "tard", "le"], Bound::Until),
    (&["au", "plus", "tard", "au"], Bound::Until),
    (&["au", "plus", "tard"], Bound::Until),
    (&["avant", "le"], Bound::Before),
    (&["avant"], Bound::Before),
    (&["jusqu'au"], Bound::Until),
    (&["jusqu'a"], Bound::Until),
    (&["d'ici", "le"], Bound::Until),
    (&["d'ici", "au"], Bound::Until),
    (&["d'ici", "a"], Bound::Until),
    (&["d'ici"], Bound::Until),
    (&["ferme", "le"], Bound::Until),
    (&["ferment", "le"], Bound::Until),
    (&["fermeront", "le"], Bound::Until),
    (&["fermera", "le"], Bound::Until),
    (&["cloture", "le"], Bound::Until),
    (&["clotures", "le"], Bound::Until),
    (&["cloturent", "le"], Bound::Until),
    (&["cloturees", "le"], Bound::Until),
    (&["closes", "le"], Bound::Until),
    (&["close", "le"], Bound::Until),
    (&["clos", "le"], Bound::Until),
    (&["expire", "le"], Bound::Until),
    (&["expirent", "le"], Bound::Until),
    (&["limite", "le"], Bound::Until),
    (&["limite", "est", "fixee", "au"], Bound::Until),
    (&["limite", "fixee", "au"], Bound::Until),
    (&["limite", "est", "le"], Bound::Until),
    (&["limite"], Bound::Until),
    (&["until"], Bound::Until),
    (&["no", "later", "than"], Bound::Until),
    (&["before"], Bound::Before),
    (&["a", "compter", "du"], Bound::From),
    (&["a", "partir", "du"], Bound::From),
    (&["en", "vigueur", "le"], Bound::From),
    (&["en", "vigueur", "au"], Bound::From),
    (&["en", "vigueur", "du"], Bound::From),
    (&["en", "vigueur", "des", "le"], Bound::From),
    (&["en", "vigueur"], Bound::From),
    (&["applicable", "au"], Bound::From),
    (&["applicables", "au"], Bound::From),
    (&["applicable", "le"], Bound::From),
    (&["s'applique", "au"], Bound::From),
    (&["s'appliquent", "au"], Bound::From),
    (&["s'appliquera", "au"], Bound::From),
    (&["des", "le"], Bound::From),
];

/// The trigger that begins with a word, and the first word after it.
fn trigger(words: &[String], at: usize) -> Option<(Bound, usize)> {
    let first = words.get(at)?;
    TRIGGERS.iter().filter(|(sequence, _)| sequence.first() == Some(&first.as_str())).find_map(|(sequence, bound)| {
        let end = at + sequence.len();
        let fits = words.get(at..end)?.iter().map(String::as_str).eq(sequence.iter().copied());
        // Words that are also used for other things count only where a day follows.
        (fits && day(words, end).is_some()).then_some((*bound, end))
    })
}

/// Day (0 for the last of the month), month and year, and the first word after them: « vendredi 4 septembre », « 31/12/2025 », « fin septembre ».
fn day(words: &[String], at: usize) -> Option<(i8, i8, Option<i16>, usize)> {
    let word = |n: usize| words.get(n).map_or("", String::as_str);
    let at = at + usize::from(word(at) == ":" || word(at).is_empty());
    let at = at + usize::from(WEEKDAYS.contains(&word(at)));
    let year = |n: usize| word(n).parse::<i16>().ok().filter(|year| (1990..2100).contains(year));
    let month = |n: usize| month(word(n)).and_then(|month| i8::try_from(month).ok());
    if let Some((day, rest)) = word(at).split_once('/') {
        let (month, year) = rest.split_once('/')?;
        let year = year.parse::<i16>().ok().map(|year| if year < 100 { 2000 + year } else { year })?;
        return Some((day.parse().ok()?, month.parse().ok()?, Some(year), at + 1));
    }
    for (end_of, length) in [
        ("fin", 1),
        ("la fin", 2),
        ("la fin de", 3),
        ("la fin du mois de", 5),
        ("la fin du mois d'", 5),
        ("fin du mois de", 4),
    ] {
        let begins = end_of.split(' ').enumerate().all(|(n, expected)| word(at + n).starts_with(expected));
        let Some(found) = month(at + length).filter(|_| begins) else { continue };
        let year = year(at + length + 1);
        return Some((0, found, year, at + length + 1 + usize::from(year.is_some())));
    }
    let number = |text: &str| text.trim_end_matches("er").parse::<i8>().ok().filter(|day| (1..=31).contains(day));
    if let (Some(day), Some(found)) = (number(word(at)), month(at + 1)) {
        let year = year(at + 2);
        return Some((day, found, year, at + 2 + usize::from(year.is_some())));
    }
    // `September 4, 2023`
    let (found, day) = (month(at)?, number(word(at + 1))?);
    let year = year(at + 2);
    Some((day, found, year, at + 2 + usize::from(year.is_some())))
}

fn resolved(day: i8, month: i8, year: Option<i16>, published: Date) -> Option<Date> {
    let of = |year: i16| {
        let first = Date::new(year, month, 1).ok()?;
        if day == 0 { Some(first.last_of_month()) } else { Date::new(year, month, day).ok() }
    };
    match year {
        Some(year) => of(year).filter(|day| *day >= published && day.year() <= published.year().saturating_add(FAR)),
        None => {
            let next = of(published.year()).filter(|day| *day >= published).or_else(|| of(published.year() + 1))?;
            (next <= published.checked_add(NEXT.days()).ok()?).then_some(next)
        }
    }
}

const WEEKDAYS: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];

fn folded(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    word.chars().for_each(|c| text::fold(c, |c| out.push(if c == '\u{2019}' { '\'' } else { c })));
    if out == ":" {
        return out;
    }
    out.trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn found(text: &str) -> String {
        let all = deadlines(text, date(2023, 8, 25));
        let told = all.iter().map(|d| format!("{}{}", if d.bound == Bound::From { "≥" } else { "≤" }, d.day));
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn deadlines_are_read_in_their_usual_forms() {
        for (text, expected) in [
            ("adoptent avant le 1er juillet 2024 un plan", "≤2024-07-01"),
            ("les grands électeurs ont jusqu'au 4 septembre pour vérifier", "≤2023-09-04"),
            ("Les inscriptions ferment le 8\u{a0}septembre ; aucune", "≤2023-09-08"),
            ("à déposer avant le vendredi 15 octobre auprès de", "≤2023-10-15"),
            ("au plus tard le 31/12/2025.", "≤2025-12-31"),
            ("Date limite : 3 janvier.", "≤2024-01-03"),
            ("la date limite est fixée au 3 janvier 2024", "≤2024-01-03"),
            ("leur remplacement avant la fin du mois de septembre.", "≤2023-09-30"),
            ("d’ici fin février 2024", "≤2024-02-29"),
            ("consultations engagées à compter du 1er octobre 2023.", "≥2023-10-01"),
            ("Ce décret entre en vigueur le 1ᵉʳ janvier 2024", "≥2024-01-01"),
            ("contrôlée dès le 4 septembre", "≥2023-09-04"),
            ("until 4 September 2023, or before September 5, 2023", "≤2023-09-04 ≤2023-09-05"),
            ("à compter du 1er octobre et au plus tard le 1er octobre", "≤2023-10-01"),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_past_or_no_day_is_no_deadline() {
        for text in [
            "avant le 1er janvier 2023",
            "jusqu'au 24 août",
            "avant le 4 septembre dernier",
            "avant le conseil, avant 2024, à partir du lundi",
            "créés depuis le 14 août, antérieures au 26 août",
            "au plus tard le 31 février 2199",
            "jusqu'au 45 septembre",
            "",
        ] {
            assert_eq!(found(text), "", "{text}");
        }
    }

    #[test]
    fn the_day_of_publication_itself_still_counts() {
        assert_eq!(found("jusqu'au 25 août"), "≤2023-08-25");
    }

    proptest::proptest! {
        #[test]
        fn nothing_past_is_ever_given(
            text in "(\\PC|avant|le|jusqu'au|au plus tard le|[0-9]{1,4}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{1,5}| |août|fin|janvier){0,30}",
            year in 1_i16..9999, month in 1_i8..13, day in 1_i8..29,
        ) {
            let published = date(year, month, day);
            for deadline in deadlines(&text, published) {
                proptest::prop_assert!(deadline.day >= published);
            }
        }
    }
}
