//! When a source or a bulletin is due. Pure: what was, and now, give what is next.

use std::time::Duration;

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};
use sha2::{Digest, Sha256};

use crate::model::{Rhythm, SourceId};

/// What is known of a source's past, its last fetch included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// When the last fetch ended; `None` when there was none.
    pub last_fetch: Option<Timestamp>,
    /// How many fetches in a row have failed, the last one included.
    pub failures: u32,
    /// When it last had something new.
    pub last_new: Option<Timestamp>,
    /// Between two new notices, on average.
    pub average_gap: Option<Duration>,
    pub outcome: Outcome,
}

/// How the last fetch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Something new, or changed.
    New,
    /// A page of which not one entry was known: others may have come and gone since the last one.
    Missed,
    /// Nothing new: 304, or a page without a change.
    Unchanged,
    /// To be tried again.
    Failed,
    /// 404, three times in a row.
    NotFound,
    /// 410: its keeper says that it will not come back.
    Gone,
}

const DAY: Duration = Duration::from_secs(86_400);
/// A quiet source is asked more and more rarely, up to so many times its `every`: who sets a short one for rare but
/// urgent news must not wait a day for it.
const STRETCH: u32 = 8;
/// The longest wait of all: that of a source that is gone, and the most that a server may ask for.
pub const LONGEST_WAIT: Duration = Duration::from_secs(31 * 86_400);

/// When a source is to be asked next: never before `now`, and at most [`LONGEST_WAIT`] later.
///
/// - After a success, by the rhythm of the source: half the average gap between its notices, longer when it has been
///   quiet for weeks, but never less than `every` nor more than a day or [`STRETCH`] times `every`. `fresh` (max-age,
///   Expires, ttl) makes it later, up to a day.
/// - After a page of which nothing was known, half of that, and so it may be half of `every` too: what was published in
///   between and no longer listed cannot be had again. No lower, for `every` is what its keeper was promised.
/// - After a failure: `every`, twice; then doubled each time up to a day, for ever: a source is never given up. Each of
///   these visits is a probe, and the first that succeeds brings back the usual rhythm. After 404 three times, a day;
///   after 410, [`LONGEST_WAIT`].
/// - Give or take a tenth, always the same for one source, so that sources do not bunch after a restart.
/// - `retry_after` is obeyed in full, up to [`LONGEST_WAIT`].
pub fn next_check(
    source_id: &SourceId,
    every: Duration,
    history: &History,
    fresh: Option<Duration>,
    retry_after: Option<Duration>,
    now: Timestamp,
) -> Timestamp {
    let Some(last_fetch) = history.last_fetch else {
        return now;
    };
    // After the clock was set back, the last fetch lies in the future.
    let last_fetch = last_fetch.min(now);
    let most = DAY.max(every);
    let fresh = fresh.unwrap_or_default().min(DAY);
    let wait = match history.outcome {
        Outcome::Gone => LONGEST_WAIT,
        Outcome::NotFound => most,
        Outcome::Failed => back_off(every, history.failures).min(most),
        Outcome::Missed => (usual(every, history, now) / 2).max(fresh).min(most),
        Outcome::New | Outcome::Unchanged => usual(every, history, now).max(fresh).min(most),
    };
    let wait = jitter(source_id, wait).max(retry_after.unwrap_or_default()).min(LONGEST_WAIT);
    later(last_fetch, wait).max(now)
}

/// Whether the time of a source has come. Besides the instant that [`next_check`] gave, a clock that was set back is
/// seen by a fetch that lies in the future, or a next one further away than anything puts it: then it is asked once, and
/// is on the clock of today.
pub fn is_due(next_check: Timestamp, last_fetch: Option<Timestamp>, now: Timestamp) -> bool {
    last_fetch.is_none_or(|last| last > now || next_check <= now || next_check > furthest(now))
}

/// Whatever is put off further than this was put off by a clock gone wrong.
pub fn furthest(now: Timestamp) -> Timestamp {
    later(now, LONGEST_WAIT + DAY)
}

fn usual(every: Duration, history: &History, now: Timestamp) -> Duration {
    let most = every.saturating_mul(STRETCH).min(DAY).max(every);
    let (Some(last_new), Some(gap)) = (history.last_new, history.average_gap) else {
        return every;
    };
    let quiet = Duration::try_from(now.duration_since(last_new)).unwrap_or_default();
    let wait = match quiet.as_secs() / DAY.as_secs() {
        30.. => most,
        14.. => most / 2,
        7.. => most / 4,
        _ => (gap / 2).min(most / 4),
    };
    wait.clamp(every, most)
}

fn back_off(every: Duration, failures: u32) -> Duration {
    every.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(2)))
}

/// Nine to eleven tenths, by a hash of the name.
fn jitter(source_id: &SourceId, wait: Duration) -> Duration {
    let hash = Sha256::digest(source_id.as_str().as_bytes());
    let share = hash.iter().take(2).fold(0_u32, |n, byte| (n << 8) | u32::from(*byte)) % 201;
    wait.saturating_mul(900 + share) / 1_000
}

fn later(from: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait).ok().and_then(|wait| from.checked_add(wait).ok()).unwrap_or(Timestamp::MAX)
}

/// The latest instant in (`after`, `now`] at which an edition fell due, if there is one. Those before it are not made
/// up for: an edition carries everything since the former one.
///
/// A time of day that daylight saving skips moves forward (02:30 becomes 03:30), and one that it repeats counts once,
/// the first time: each scheduled day has exactly one slot. What leaves at once has none.
pub fn due_slot(rhythm: &Rhythm, zone: &TimeZone, after: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let today = zone.to_datetime(now).date();
    let slot = |date: Date, at: Time| zone.to_ambiguous_timestamp(date.to_datetime(at)).compatible().ok();
    let latest = match rhythm {
        // One day more than a week: today's slot may still lie ahead.
        Rhythm::Days { days, at } => std::iter::successors(Some(today), |date| date.yesterday().ok())
            .take(8)
            .filter(|date| days.contains(&date.weekday()))
            .filter_map(|date| slot(date, *at))
            .find(|slot| *slot <= now),
        Rhythm::Month { day, at } => {
            let first = today.first_of_month();
            let months = [Some(first), first.yesterday().ok().map(|date| date.first_of_month())];
            let dates = months.into_iter().flatten().filter_map(|m| Date::new(m.year(), m.month(), *day).ok());
            dates.filter_map(|date| slot(date, *at)).find(|slot| *slot <= now)
        }
        Rhythm::AtOnce => None,
    };
    latest.filter(|slot| *slot > after)
}

/// The first instant after `after` at which an edition falls due; `None` for what leaves at once.
pub fn next_slot(rhythm: &Rhythm, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let today = zone.to_datetime(after).date();
    let slot = |date: Date, at: Time| zone.to_ambiguous_timestamp(date.to_datetime(at)).compatible().ok();
    match rhythm {
        Rhythm::Days { days, at } => std::iter::successors(Some(today), |date| date.tomorrow().ok())
            .take(9)
            .filter(|date| days.contains(&date.weekday()))
            .filter_map(|date| slot(date, *at))
            .find(|slot| *slot > after),
        Rhythm::Month { day, at } => {
            // No month has no such day twice in a row.
            std::iter::successors(Some(today.first_of_month()), |first| first.last_of_month().tomorrow().ok())
                .take(4)
                .filter_map(|month| Date::new(month.year(), month.month(), *day).ok())
                .filter_map(|date| slot(date, *at))
                .find(|slot| *slot > after)
        }
        Rhythm::AtOnce => None,
    }
}

/// The day that an edition bears: that of its slot where readers live, however late it is made.
pub fn edition_date(slot: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(slot).date()
}

#[cfg(test)]
mod tests;
