//! Lets go of what is kept for a time only: the history of fetches, alarms that are over, and what documents are compared
//! by, once nothing is compared with them any more. What was decided of documents is kept. Wishes
//! that nobody confirmed go too, and readers who did not answer a renewal.

use jiff::{SignedDuration, Timestamp};

use super::{App, consent};
use crate::{
    dedup,
    store::{self, Db, alarms, bounces, fetches, likeness, settings},
};

/// How long a fetch, its problems, and an alarm that is over are remembered.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long a document can be found by what it says: twice as long as documents are compared over ([`dedup::WINDOW`]).
const COMPARED: SignedDuration = SignedDuration::from_hours(60 * 24);
/// How long a report on a delivery, and what it is held against, are remembered.
const HELD: SignedDuration = SignedDuration::from_hours(400 * 24);
/// How often this is looked after.
const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// So many rows go in one transaction: nobody waits long for the writer.
const BATCH: u32 = 1_000;
/// When it was last done.
const DONE: &str = "tidied";
/// Which part of the index is the next to be gone through: one a day.
const PART: &str = "tidied-part";

/// Whether the last time is long enough ago.
pub(super) fn is_due(db: &Db, now: Timestamp) -> store::Result<bool> {
    let last = settings::get(db, DONE)?.and_then(|at| at.parse::<Timestamp>().ok());
    // A last time that lies in the future is that of a clock that was set back.
    Ok(last.is_none_or(|last| last > now || now.duration_since(last) >= EVERY))
}

/// Deletes what is too old, at most once a day. How many fetches went.
pub fn tidy(app: &App) -> anyhow::Result<usize> {
    let now = app.clock.now();
    if !app.store.read(|db| is_due(db, now))? {
        return Ok(0);
    }
    let until = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
    let mut gone = 0;
    let ids = app.store.read(store::sources::ids)?;
    for id in &ids {
        loop {
            if app.stop.is_cancelled() {
                return Ok(gone);
            }
            // Looked at without the writer's lock first: most sources have nothing to let go of.
            if app.store.read(|db| fetches::outdated(db, id, until, now, 1))?.is_empty() {
                break;
            }
            gone += app.store.write(|tx| fetches::forget(tx, id, until, now, BATCH))?;
        }
    }
    forget_compared(app, now)?;
    consent::tidy(app)?;
    app.store.write(|tx| {
        alarms::tidy(tx, until)?;
        bounces::tidy(tx, now.checked_sub(HELD).unwrap_or(Timestamp::MIN))?;
        settings::set(tx, DONE, &now.to_string())
    })?;
    Ok(gone)
}

/// Forgets what old documents were compared by: all of their own, and of the index one part of the keys that none had since.
fn forget_compared(app: &App, now: Timestamp) -> anyhow::Result<()> {
    let until = now.checked_sub(COMPARED).unwrap_or(Timestamp::MIN);
    while !app.stop.is_cancelled() && app.store.write(|tx| likeness::forget(tx, until, BATCH))? > 0 {}
    let part = |db: &Db| Ok(settings::get(db, PART)?.and_then(|part| part.parse::<u8>().ok()).unwrap_or(0));
    app.store.write(|tx| {
        let part = part(tx)? % likeness::PARTS;
        likeness::forget_postings(tx, dedup::day(until), part)?;
        settings::set(tx, PART, &((part + 1) % likeness::PARTS).to_string())
    })?;
    Ok(())
}
