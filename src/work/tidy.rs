//! Lets go of what is kept for a time only: the history of fetches, and alarms that are over. What was decided of documents
//! is kept.

use jiff::{SignedDuration, Timestamp};

use super::App;
use crate::store::{self, Db, alarms, fetches, settings};

/// How long a fetch, its problems, and an alarm that is over are remembered.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How often this is looked after.
const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// So many rows go in one transaction: nobody waits long for the writer.
const BATCH: u32 = 1_000;
/// When it was last done.
const DONE: &str = "tidied";

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
    app.store.write(|tx| {
        alarms::tidy(tx, until)?;
        settings::set(tx, DONE, &now.to_string())
    })?;
    Ok(gone)
}
