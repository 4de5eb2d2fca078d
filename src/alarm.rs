//! What is wrong with a source in a way that somebody must look at, and how it is told. Pure: what was, and now, give
//! what holds now; what was told before gives what is news.

mod finding;
mod news;
#[cfg(test)]
mod tests;
mod weather;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, civil::Weekday, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::model::{AlarmId, SourceId};

pub use finding::{Days, Finding, Span};
pub use news::{Failing, Network, News, news};
pub use weather::{Tally, Weather, habit, judge};

/// The sort of alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// 410, or 404 three times.
    Gone,
    /// Our own rules, or its own, forbid to fetch it.
    Blocked,
    /// It has failed for hours.
    Failing,
    /// It answers, and lists nothing any more.
    Empty,
    /// It answers, and has had nothing new for far longer than it ever took.
    Silent,
    /// A page of which not one entry was known: some may have been missed.
    Missed,
    /// Different documents of it have one text.
    SamePage,
    /// It redirects for good to another address.
    Moved,
}

impl AlarmKind {
    pub const ALL: [AlarmKind; 8] = [
        AlarmKind::Gone,
        AlarmKind::Blocked,
        AlarmKind::Failing,
        AlarmKind::Empty,
        AlarmKind::Silent,
        AlarmKind::Missed,
        AlarmKind::SamePage,
        AlarmKind::Moved,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            AlarmKind::Gone => "gone",
            AlarmKind::Blocked => "blocked",
            AlarmKind::Failing => "failing",
            AlarmKind::Empty => "empty",
            AlarmKind::Silent => "silent",
            AlarmKind::Missed => "missed",
            AlarmKind::SamePage => "same_page",
            AlarmKind::Moved => "moved",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
    /// Whether the source cannot be read at all.
    pub const fn is_outage(self) -> bool {
        matches!(self, AlarmKind::Gone | AlarmKind::Blocked | AlarmKind::Failing)
    }
    /// Whether the source is broken: of a move, only its new address is to be written down.
    pub const fn is_broken(self) -> bool {
        !matches!(self, AlarmKind::Moved)
    }
    /// Whether [`alarms`] decides on it; the others are raised where they are found.
    pub const fn is_judged(self) -> bool {
        !matches!(self, AlarmKind::SamePage)
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    pub kind: AlarmKind,
    /// Its first sign.
    pub since: Timestamp,
    /// The cause, for operators: what was found; of a move, the new address alone.
    pub detail: String,
}

/// An alarm as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    pub id: AlarmId,
    pub source: SourceId,
    pub alarm: Alarm,
    pub ended: Option<Timestamp>,
    /// When the operator was told that it began.
    pub told: Option<Timestamp>,
    /// When the operator was told that it ended.
    pub told_ended: Option<Timestamp>,
}

/// How one fetch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Entries were read.
    Read,
    Unmodified,
    Empty,
    Failed,
    Blocked,
    /// 410, or 404 three times.
    Gone,
}

impl End {
    const fn is_failure(self) -> bool {
        matches!(self, End::Failed | End::Blocked | End::Gone)
    }
}

/// A fetch that brought something that the source had not listed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    pub at: Timestamp,
    /// Not one entry of the page was known, though the source had been read before.
    pub missed: bool,
}

/// What is known of a source's past.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    /// When each fetch was, and how it ended: the newest first, at least twenty where there were so many.
    pub fetches: &'a [(Timestamp, End)],
    /// When something new came: the newest first, sixty where there were so many.
    pub arrivals: &'a [Arrival],
    /// Whether a page that lists nothing is a fault: it listed something before, and is not another page each day.
    pub must_list: bool,
    /// Where it redirects for good, and on how many successful visits in a row.
    pub moved: Option<(&'a str, u32)>,
    /// The cause of the last failure.
    pub detail: &'a str,
    /// Where its readers live: what a working day is.
    pub zone: &'a TimeZone,
}

/// A failure is told when it lasts.
pub const LASTING: SignedDuration = SignedDuration::from_hours(6);
/// A silence shorter than this is none.
pub const SILENCE: SignedDuration = SignedDuration::from_hours(48);
/// With fewer arrivals nobody knows the rhythm of a source.
const LEAST_ARRIVALS: usize = 5;
/// So many visits must have found nothing since: a machine that was off, or a clock that jumped, is no silent source.
const LOOKS: usize = 3;
/// What may have been missed is told until a week has passed without it.
const MISSED: SignedDuration = SignedDuration::from_hours(7 * 24);
/// So many times the same new address.
pub const MOVES: u32 = 3;

/// How often a page may be visited of which something was missed: half as long a wait as now. `None` when that is ten
/// minutes or less already: no visit makes up for a page that is too short.
pub fn shorter(every: Duration) -> Option<Duration> {
    let minutes = every.as_secs() / 60;
    (minutes > 10).then(|| Duration::from_secs(minutes / 2 * 60))
}

/// What is wrong with a source now, in the order of [`AlarmKind`]. While it fails nothing can be said of what it lists:
/// those of `open` that were raised before stay. Nor does an outage end before it answers.
pub fn alarms(history: &History, open: &[Alarm], now: Timestamp) -> Vec<Alarm> {
    let mut found = Vec::new();
    let Some((_, last)) = history.fetches.first() else { return found };
    if last.is_failure() {
        let outage = outage(history, *last, now);
        let stays = |alarm: &&Alarm| match alarm.kind.is_outage() {
            // A failure of another sort, too young to be told of itself.
            true => outage.is_none(),
            false => alarm.kind.is_judged(),
        };
        found.extend(open.iter().filter(stays).cloned());
        found.extend(outage);
        found.sort_by_key(|alarm| alarm.kind);
        return found;
    }
    found.extend([empty(history), silent(history, now), missed(history, now)].into_iter().flatten());
    if let Some((target, times)) = history.moved
        && times >= MOVES
    {
        found.push(Alarm { kind: AlarmKind::Moved, since: now, detail: target.to_owned() });
    }
    found
}

fn outage(history: &History, last: End, now: Timestamp) -> Option<Alarm> {
    let run = history.fetches.iter().take_while(|(_, end)| end.is_failure());
    let (count, since) = run.fold((0, now), |(count, _), (at, _)| (count + 1, *at));
    let kind = match last {
        End::Gone => AlarmKind::Gone,
        End::Blocked if count >= 2 => AlarmKind::Blocked,
        End::Failed if count >= 2 && now.duration_since(since) > LASTING => AlarmKind::Failing,
        _ => return None,
    };
    Some(Alarm { kind, since, detail: history.detail.to_owned() })
}

/// A page that had entries and has none, twice in a row. A 304 between says that nothing changed.
fn empty(history: &History) -> Option<Alarm> {
    let run = history.fetches.iter().filter(|(_, end)| *end != End::Unmodified);
    let run: Vec<Timestamp> = run.take_while(|(_, end)| *end == End::Empty).map(|(at, _)| *at).collect();
    let since = *run.last().filter(|_| run.len() >= 2 && history.must_list)?;
    let detail = Finding::Empty { times: run.len() as u64 }.to_string();
    Some(Alarm { kind: AlarmKind::Empty, since, detail })
}

fn silent(history: &History, now: Timestamp) -> Option<Alarm> {
    let arrivals: Vec<Timestamp> = history.arrivals.iter().map(|arrival| arrival.at).filter(|at| *at <= now).collect();
    let last = *arrivals.first().filter(|_| arrivals.len() >= LEAST_ARRIVALS)?;
    let looks = history.fetches.iter().filter(|(at, _)| *at > last && *at <= now).count();
    if now.duration_since(last) <= SILENCE || looks < LOOKS {
        return None;
    }
    let weekday = |at: Timestamp| history.zone.to_datetime(at).weekday();
    let is_weekend = |at: &Timestamp| matches!(weekday(*at), Weekday::Saturday | Weekday::Sunday);
    let works_weekends = arrivals.iter().any(is_weekend);
    let between = |from: Timestamp, to: Timestamp| match works_weekends {
        true => to.duration_since(from),
        false => working_time(from, to, history.zone),
    };
    let mut gaps: Vec<SignedDuration> =
        arrivals.windows(2).map(|pair| between(pair[1], pair[0]).max(SignedDuration::ZERO)).collect();
    gaps.sort_unstable();
    // Of ten gaps, the ninth: at most one in ten was longer.
    let usual = gaps.get((gaps.len() * 9).div_ceil(10).saturating_sub(1)).copied()?;
    let silence = between(last, now);
    let limit = usual.saturating_mul(3).max(SILENCE);
    (silence > limit).then(|| {
        let days = if works_weekends { Days::All } else { Days::Working };
        let detail = Finding::Silent { silence: Span::new(silence), usual: Span::new(usual), days }.to_string();
        Alarm { kind: AlarmKind::Silent, since: last, detail }
    })
}

/// From one instant to another, without Saturdays and Sundays.
fn working_time(from: Timestamp, to: Timestamp, zone: &TimeZone) -> SignedDuration {
    let (mut at, mut total) = (from, SignedDuration::ZERO);
    // A gap of ten years tells no more than one of four.
    for _ in 0..1_500 {
        let date = zone.to_datetime(at).date();
        let midnight = date.tomorrow().ok().and_then(|day| zone.to_zoned(day.at(0, 0, 0, 0)).ok());
        let end = midnight.map_or(to, |midnight| midnight.timestamp().min(to));
        if end <= at {
            break;
        }
        if !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
            total = total.saturating_add(end.duration_since(at));
        }
        at = end;
    }
    total
}

fn missed(history: &History, now: Timestamp) -> Option<Alarm> {
    let recent = |at: Timestamp| at <= now && now.duration_since(at) < MISSED;
    let pages: Vec<Timestamp> =
        history.arrivals.iter().filter(|arrival| arrival.missed && recent(arrival.at)).map(|a| a.at).collect();
    let since = *pages.last()?;
    let detail = Finding::Missed { times: pages.len() as u64 }.to_string();
    Some(Alarm { kind: AlarmKind::Missed, since, detail })
}
