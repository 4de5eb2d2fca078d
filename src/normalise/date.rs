//! Dates as sources write them: RFC 2822, RFC 3339, French words, and what is nearly one of these.
//!
//! One reader for all: the text is cut into numbers, words and signs, and the first run of them that is a date of the
//! calendar is taken, then the hour after it. So weekdays, « publié le » and faults between them need no rule.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::{Offset, TimeZone},
};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::model::{Precision, PublicationDate};

mod token;

use token::Token;

/// The number of a month by its name in French or English, folded.
pub(super) fn month(word: &str) -> Option<i64> {
    token::month(word)
}

/// Reads a date; what states no zone is in `zone`.
///
/// Midnight to the second means that only the day is known: it is the day that was written, whatever the zone (CERT-FR writes
/// `Thu, 18 Jun 2026 00:00:00 +0000` for 18 June). Years before 1990 and from 2100 on are placeholders, not dates.
pub fn parse(text: &str, zone: &TimeZone) -> Option<PublicationDate> {
    let text: String = text.chars().take(LONGEST).nfkd().filter(|c| !is_combining_mark(*c)).collect();
    let text = text.trim().to_lowercase();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && text.len() != 8 && text.len() != 14 {
        return epoch(&text, zone);
    }
    let tokens = token::split(&text);
    (0..tokens.len()).find_map(|start| {
        let found = token::date(tokens.get(start..)?)?;
        let day = plausible(found.year, found.month, found.day)?;
        match found.time {
            Some(clock) => instant(day, clock, zone),
            None => PublicationDate::day(day, zone),
        }
    })
}

/// A day in French or English words and nothing else: « 14 août 2026 », « 1er septembre 2023 ».
pub fn day_in_words(text: &str) -> Option<Date> {
    let text: String = text.chars().take(LONGEST).nfkd().filter(|c| !is_combining_mark(*c)).collect();
    let text = text.to_lowercase();
    let tokens = token::split(&text);
    let found = token::date(&tokens)?;
    if found.length != tokens.len() || !tokens.iter().any(|t| matches!(t, Token::Word(w) if token::month(w).is_some()))
    {
        return None;
    }
    plausible(found.year, found.month, found.day)
}

/// Characters that are looked at: a date stands at the front, and a page may give its whole text.
const LONGEST: usize = 200;

fn plausible(year: i64, month: i64, day: i64) -> Option<Date> {
    let narrow = |n: i64| i8::try_from(n).ok();
    let year = i16::try_from(year).ok().filter(|year| (1990..2100).contains(year))?;
    Date::new(year, narrow(month)?, narrow(day)?).ok()
}

fn instant(day: Date, clock: token::Clock, zone: &TimeZone) -> Option<PublicationDate> {
    let narrow = |n: i64| i8::try_from(n).ok();
    // A leap second is shown as the one before it.
    let second = clock.second.unwrap_or(0).min(59);
    let time = match (narrow(clock.hour), narrow(clock.minute), narrow(second)) {
        (Some(hour), Some(minute), Some(second)) => Time::new(hour, minute, second, 0).ok(),
        _ => None,
    };
    let Some(time) = time.filter(|time| *time != Time::midnight()) else { return PublicationDate::day(day, zone) };
    let written_in = match clock.offset_minutes {
        Some(minutes) => {
            let seconds = i32::try_from(minutes.checked_mul(60)?).ok()?;
            TimeZone::fixed(Offset::from_seconds(seconds).ok()?)
        }
        None => zone.clone(),
    };
    let at = DateTime::from_parts(day, time).to_zoned(written_in).ok()?.timestamp();
    let precision = if clock.second.is_some() { Precision::Second } else { Precision::Minute };
    Some(day_or(at, precision, zone))
}

/// An instant that is midnight where the source lives, or in Greenwich on the same day, is a day as well: sites store
/// midnights and print them in another zone (« 2021-02-24T01:00:00+01:00 »).
fn day_or(at: Timestamp, precision: Precision, zone: &TimeZone) -> PublicationDate {
    let (local, utc) = (zone.to_datetime(at), TimeZone::UTC.to_datetime(at));
    if local.time() == Time::midnight() {
        return PublicationDate { at, precision: Precision::Day };
    }
    let day =
        (utc.time() == Time::midnight() && utc.date() == local.date()).then(|| PublicationDate::day(utc.date(), zone));
    day.flatten().unwrap_or(PublicationDate { at, precision })
}

/// Seconds or milliseconds since 1970, told apart by their magnitude.
fn epoch(digits: &str, zone: &TimeZone) -> Option<PublicationDate> {
    let number: i64 = digits.parse().ok()?;
    let seconds = match digits.len() {
        9..=10 => number,
        12..=13 => number / 1000,
        _ => return None,
    };
    let at = Timestamp::from_second(seconds).ok()?;
    let utc = TimeZone::UTC.to_datetime(at);
    plausible(utc.year().into(), utc.month().into(), utc.day().into())?;
    Some(day_or(at, Precision::Second, zone))
}

#[cfg(test)]
mod tests;
