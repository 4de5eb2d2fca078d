//! The pieces of a written date.

/// A piece of folded text: lower case, without accents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Its value, and how many digits it has.
    Number(i64, usize),
    Word(&'a str),
    Sign(char),
}

/// A date of the calendar as written, not yet checked, and how many tokens it took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub time: Option<Clock>,
    pub length: usize,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub hour: i64,
    pub minute: i64,
    /// Absent when only hours and minutes were written.
    pub second: Option<i64>,
    /// East of Greenwich.
    pub offset_minutes: Option<i64>,
}

pub(super) fn split(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let run = |of: fn(char) -> bool| rest.find(|c: char| !of(c)).unwrap_or(rest.len());
        let length = if first.is_ascii_digit() {
            let length = run(|c| c.is_ascii_digit());
            let digits = rest.get(..length).unwrap_or_default();
            tokens.push(Token::Number(digits.parse().unwrap_or(i64::MAX), length));
            length
        } else if first.is_alphabetic() {
            let length = run(char::is_alphabetic);
            tokens.push(Token::Word(rest.get(..length).unwrap_or_default()));
            length
        } else {
            if !first.is_whitespace() {
                tokens.push(Token::Sign(first));
            }
            first.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    tokens
}

/// The date, and the hour after it, that begin with the first token.
pub(super) fn date(tokens: &[Token<'_>]) -> Option<Found> {
    let mut found = compact(tokens)
        .or_else(|| year_first(tokens))
        .or_else(|| day_first(tokens))
        .or_else(|| month_first(tokens))
        .or_else(|| day_month_year(tokens))?;
    if found.time.is_none() {
        found.time = tokens.get(found.length..).and_then(|rest| clock(skip_words(rest))).map(|(clock, _)| clock);
    }
    Some(found)
}

/// `20260814` and `20260814120000`.
fn compact(tokens: &[Token<'_>]) -> Option<Found> {
    let [Token::Number(number, digits @ (8 | 14)), ..] = tokens else { return None };
    let (day, time) = if *digits == 14 { (number / 1_000_000, Some(number % 1_000_000)) } else { (*number, None) };
    let time = time.or(match tokens {
        [_, Token::Word("t"), Token::Number(time, 6), ..] => Some(*time),
        _ => None,
    });
    let offset_minutes = if *digits == 14 { None } else { tokens.get(3..).and_then(offset) };
    let time = time.map(|t| Clock { hour: t / 10_000, minute: t / 100 % 100, second: Some(t % 100), offset_minutes });
    Some(Found { year: day / 10_000, month: day / 100 % 100, day: day % 100, time, length: 1 })
}

/// `2026-08-14`, `2026/8/14`.
fn year_first(tokens: &[Token<'_>]) -> Option<Found> {
    match tokens {
        [
            Token::Number(year, 4),
            Token::Sign(a @ ('-' | '/' | '.')),
            Token::Number(month, 1 | 2),
            Token::Sign(b),
            Token::Number(day, 1 | 2),
            ..,
        ] if a == b => Some(Found { year: *year, month: *month, day: *day, time: None, length: 5 }),
        _ => None,
    }
}

/// `14/08/2026`: the day comes first, as everywhere but in the United States.
fn day_month_year(tokens: &[Token<'_>]) -> Option<Found> {
    match tokens {
        [
            Token::Number(day, 1 | 2),
            Token::Sign(a @ ('-' | '/' | '.')),
            Token::Number(month, 1 | 2),
            Token::Sign(b),
            Token::Number(year, digits @ (2 | 4)),
            ..,
        ] if a == b => Some(Found { year: century(*year, *digits), month: *month, day: *day, time: None, length: 5 }),
        _ => None,
    }
}

/// « 14 août 2026 », « 1er sept. 2023 », `18 Jun 2026`, `18-Jun-26`.
fn day_first(tokens: &[Token<'_>]) -> Option<Found> {
    let [Token::Number(day, 1 | 2), rest @ ..] = tokens else { return None };
    let rest = match rest {
        [Token::Word("er" | "st" | "nd" | "rd" | "th" | "e"), rest @ ..] => rest,
        [Token::Sign('º' | '°'), rest @ ..] => rest,
        rest => rest,
    };
    let rest = skip(rest, |token| matches!(token, Token::Sign('-' | '.' | ',' | '/') | Token::Word("de" | "of")));
    let [Token::Word(word), rest @ ..] = rest else { return None };
    let month = month(word)?;
    let rest = skip(rest, |token| matches!(token, Token::Sign('-' | '.' | ',' | '/') | Token::Word("de")));
    let (year, rest) = year(rest)?;
    Some(Found { year, month, day: *day, time: None, length: tokens.len() - rest.len() })
}

/// `August 14, 2026`, and the output of `ctime`, where the hour comes before the year.
fn month_first(tokens: &[Token<'_>]) -> Option<Found> {
    let [Token::Word(word), rest @ ..] = tokens else { return None };
    let month = month(word)?;
    let [Token::Number(day, 1 | 2), rest @ ..] = skip(rest, |token| matches!(token, Token::Sign('.'))) else {
        return None;
    };
    let rest = skip(rest, |token| matches!(token, Token::Sign(',') | Token::Word("st" | "nd" | "rd" | "th")));
    if let [Token::Number(year, 4), rest @ ..] = rest {
        return Some(Found { year: *year, month, day: *day, time: None, length: tokens.len() - rest.len() });
    }
    let (time, rest) = clock(rest)?;
    let rest = skip(rest, |token| matches!(token, Token::Word(_)));
    let [Token::Number(year, 4), rest @ ..] = rest else { return None };
    Some(Found { year: *year, month, day: *day, time: Some(time), length: tokens.len() - rest.len() })
}

/// A year of four digits, or of two that are not the beginning of an hour.
fn year<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<(i64, &'t [Token<'a>])> {
    match tokens {
        [Token::Number(year, 4), rest @ ..] => Some((*year, rest)),
        [Token::Number(_, 2), Token::Sign(':') | Token::Word("h"), ..] => None,
        [Token::Number(year, 2), rest @ ..] => Some((century(*year, 2), rest)),
        _ => None,
    }
}

fn century(year: i64, digits: usize) -> i64 {
    match (digits, year) {
        (2, 69..) => 1900 + year,
        (2, _) => 2000 + year,
        _ => year,
    }
}

/// `10:30`, `10:30:15.250Z`, « 14 h 30 », « 14h », `3:05 PM`, with the zone that follows.
fn clock<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<(Clock, &'t [Token<'a>])> {
    let [Token::Number(hour, 1 | 2), rest @ ..] = tokens else { return None };
    let mut clock = Clock { hour: *hour, minute: 0, second: None, offset_minutes: None };
    let mut rest = match rest {
        [Token::Sign(':'), Token::Number(minute, 1 | 2), rest @ ..]
        | [Token::Word("h"), Token::Number(minute, 2), rest @ ..] => {
            clock.minute = *minute;
            rest
        }
        [Token::Word("h" | "heures" | "heure"), rest @ ..] => rest,
        _ => return None,
    };
    if let [Token::Sign(':'), Token::Number(second, 1 | 2), after @ ..] = rest {
        clock.second = Some(*second);
        rest = match after {
            [Token::Sign('.' | ','), Token::Number(..), after @ ..] => after,
            after => after,
        };
    }
    if let [Token::Word(half @ ("am" | "pm")), after @ ..] = rest {
        clock.hour = clock.hour % 12 + if *half == "pm" { 12 } else { 0 };
        rest = after;
    }
    clock.offset_minutes = offset(rest);
    Some((clock, rest))
}

/// The zone at the front of `tokens`, in minutes east of Greenwich.
fn offset(tokens: &[Token<'_>]) -> Option<i64> {
    let named = match tokens {
        [Token::Sign('('), Token::Word(name), ..] | [Token::Word(name), ..] => zone(name),
        _ => None,
    };
    let rest = match (named, tokens) {
        (Some(_), [Token::Word(_), rest @ ..]) => rest,
        _ => tokens,
    };
    let [Token::Sign(sign @ ('+' | '-' | '\u{2212}')), Token::Number(number, digits), rest @ ..] = rest else {
        return named;
    };
    let minutes = match (digits, rest) {
        (4, _) => number / 100 * 60 + number % 100,
        (1 | 2, [Token::Sign(':'), Token::Number(minutes, 2), ..]) => number * 60 + minutes,
        (1 | 2, _) => number * 60,
        _ => return named,
    };
    let minutes = if minutes > 24 * 60 { return named } else { minutes };
    Some(named.unwrap_or(0) + if *sign == '+' { minutes } else { -minutes })
}

/// Zones by name. Those of Europe are not known to RFC 2822, and libraries read them as UTC.
fn zone(name: &str) -> Option<i64> {
    Some(
        60 * match name {
            "z" | "ut" | "utc" | "gmt" | "wet" => 0,
            "cet" | "met" | "mez" | "west" | "bst" => 1,
            "cest" | "mest" | "mesz" | "eet" => 2,
            "eest" | "msk" => 3,
            "edt" => -4,
            "est" | "cdt" => -5,
            "cst" | "mdt" => -6,
            "mst" | "pdt" => -7,
            "pst" => -8,
            _ => return None,
        },
    )
}

/// Months in French and English, whole or abbreviated.
pub(super) fn month(word: &str) -> Option<i64> {
    Some(match word {
        "janvier" | "janv" | "jan" | "january" => 1,
        "fevrier" | "fevr" | "fev" | "february" | "feb" => 2,
        "mars" | "march" | "mar" => 3,
        "avril" | "avr" | "april" | "apr" => 4,
        "mai" | "may" => 5,
        "juin" | "june" | "jun" => 6,
        "juillet" | "juill" | "juil" | "jul" | "july" => 7,
        "aout" | "aou" | "august" | "aug" => 8,
        "septembre" | "sept" | "sep" | "september" => 9,
        "octobre" | "oct" | "october" => 10,
        "novembre" | "nov" | "november" => 11,
        "decembre" | "dec" | "december" => 12,
        _ => return None,
    })
}

/// What may stand between a day and its hour.
fn skip_words<'t, 'a>(tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    skip(tokens, |token| {
        matches!(token, Token::Word("t" | "a" | "at" | "le" | "vers") | Token::Sign(',' | '-' | '–' | '|' | 'à'))
    })
}

fn skip<'t, 'a>(tokens: &'t [Token<'a>], of: fn(&Token<'a>) -> bool) -> &'t [Token<'a>] {
    let length = tokens.iter().take_while(|token| of(token)).count();
    tokens.get(length..).unwrap_or_default()
}
