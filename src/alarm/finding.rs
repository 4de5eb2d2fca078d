//! What an alarm that Vigie judges by itself has found, in numbers. It is kept as an English sentence, for operators at
//! the command line; read back, it can be told in another language.

use std::fmt;

use jiff::SignedDuration;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// The page listed nothing, so many times in a row.
    Empty { times: u64 },
    /// Nothing new for longer than the source ever took. Nine in ten of its gaps are `usual` or less.
    Silent { silence: Span, usual: Span, days: Days },
    /// So many pages of which not one entry was known.
    Missed { times: u64 },
}

/// A length of time as it is told: in hours below two days, and else in tenths of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    Hours(u64),
    TenthsOfDays(u64),
}

/// Which days count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Days {
    All,
    /// The source publishes nothing on Saturdays and Sundays.
    Working,
}

impl Span {
    /// Rounded up to the hour, or to the nearest tenth of a day. Less than nothing is nothing.
    pub fn new(time: SignedDuration) -> Self {
        let seconds = u64::try_from(time.as_secs()).unwrap_or(0);
        match seconds.div_ceil(3_600) {
            hours @ 0..48 => Span::Hours(hours.max(1)),
            _ => Span::TenthsOfDays(seconds.saturating_add(4_320) / 8_640),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if let Some(hours) = text.strip_suffix(" h") {
            return hours.parse().ok().map(Span::Hours);
        }
        let (whole, tenth) = text.strip_suffix(" days")?.split_once('.')?;
        let (whole, tenth): (u64, u64) = (whole.parse().ok()?, tenth.parse().ok().filter(|tenth| *tenth < 10)?);
        whole.checked_mul(10)?.checked_add(tenth).map(Span::TenthsOfDays)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Span::Hours(hours) => write!(f, "{hours} h"),
            Span::TenthsOfDays(tenths) => write!(f, "{}.{} days", tenths / 10, tenths % 10),
        }
    }
}

const EMPTY: &str = "the page is read and lists nothing, ";
const SILENT: &str = "nothing new for ";
const USUAL: &str = "; nine in ten of its gaps take no more than ";
const WORKING: &str = " (without Saturdays and Sundays)";
const MISSED: &str = "not one entry of its page was known, ";
const BETWEEN: &str = ": others may have come and gone in between";

impl Finding {
    /// Reads what [`Finding`] writes; `None` of anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix(EMPTY) {
            return times(rest.strip_suffix(" in a row")?).map(|times| Finding::Empty { times });
        }
        if let Some(rest) = text.strip_prefix(MISSED) {
            return times(rest.strip_suffix(BETWEEN)?).map(|times| Finding::Missed { times });
        }
        let (rest, days) = match text.strip_suffix(WORKING) {
            Some(rest) => (rest, Days::Working),
            None => (text, Days::All),
        };
        let (silence, usual) = rest.strip_prefix(SILENT)?.split_once(USUAL)?;
        Some(Finding::Silent { silence: Span::parse(silence)?, usual: Span::parse(usual)?, days })
    }
}

fn times(text: &str) -> Option<u64> {
    if text == "once" { Some(1) } else { text.strip_suffix(" times")?.parse().ok() }
}

fn in_words(times: u64) -> String {
    if times == 1 { String::from("once") } else { format!("{times} times") }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Empty { times } => write!(f, "{EMPTY}{} in a row", in_words(*times)),
            Finding::Missed { times } => write!(f, "{MISSED}{}{BETWEEN}", in_words(*times)),
            Finding::Silent { silence, usual, days } => {
                write!(f, "{SILENT}{silence}{USUAL}{usual}{}", if *days == Days::Working { WORKING } else { "" })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_of_time_are_told_as_people_do() {
        for (seconds, told) in [
            (-5, "1 h"),
            (60, "1 h"),
            (3_601, "2 h"),
            (169_200, "47 h"),
            (172_800, "2.0 days"),
            (475_200, "5.5 days"),
            (i64::MAX, "106751991167300.6 days"),
        ] {
            assert_eq!(Span::new(SignedDuration::from_secs(seconds)).to_string(), told, "{seconds}");
        }
    }

    proptest! {
        #[test]
        fn what_is_kept_is_read_back(times in 1_u64.., silence in any::<i64>(), usual in any::<i64>(), text in ".{0,80}") {
            let (silence, usual) = (SignedDuration::from_secs(silence), SignedDuration::from_secs(usual));
            let (silence, usual) = (Span::new(silence), Span::new(usual));
            for finding in [
                Finding::Empty { times },
                Finding::Missed { times },
                Finding::Silent { silence, usual, days: Days::All },
                Finding::Silent { silence, usual, days: Days::Working },
            ] {
                prop_assert_eq!(Finding::parse(&finding.to_string()), Some(finding));
            }
            prop_assert_eq!(Finding::parse(&text), None);
        }
    }
}
