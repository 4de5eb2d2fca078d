//! Every fetch and what was wrong with it: the health of a source over time.

use jiff::Timestamp;
use serde::Serialize;

use super::{Db, Result, Tx, instant, millis, sources::State, word};
use crate::{
    alarm::{Arrival, End},
    model::{FetchId, Problem, SourceId},
};

/// What one fetch brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fetch {
    pub at: Timestamp,
    pub outcome: State,
    /// HTTP status, where an answer came.
    pub status: Option<u16>,
    /// Octets after decompression.
    pub bytes: u64,
    pub millis: u64,
    pub drafts: u32,
    /// Documents that no identity knew, also those that then turned out to repeat another one's text: what a run reports as
    /// new is without these.
    pub new: u32,
    pub revised: u32,
    /// Entries that the source had not listed before, whoever brought them first.
    pub arrived: u32,
    /// A full page without one entry that was known, of a source that had been read before.
    pub missed: bool,
    /// The cause of a failure.
    pub detail: String,
}

/// Keeps a fetch with its problems (the first 50: a page that is all broken says nothing more with 2,000).
pub fn record(tx: &Tx, source: &SourceId, fetch: &Fetch, problems: &[Problem]) -> Result<FetchId> {
    let id = tx.insert(
        "INSERT INTO fetch (source_id, at, outcome, status, bytes, millis, drafts, new, revised, arrived, missed, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id",
        &[
            &source.as_str(),
            &millis(fetch.at),
            &fetch.outcome.as_str(),
            &fetch.status,
            &(fetch.bytes as i64),
            &(fetch.millis as i64),
            &fetch.drafts,
            &fetch.new,
            &fetch.revised,
            &fetch.arrived,
            &i64::from(fetch.missed),
            &fetch.detail,
        ],
    )?;
    for (position, problem) in problems.iter().take(50).enumerate() {
        tx.execute(
            "INSERT INTO problem (fetch_id, position, kind, place, message) VALUES ($1, $2, $3, $4, $5)",
            &[&id, &(position as i64), &problem.kind.as_str(), &problem.place, &problem.message],
        )?;
    }
    Ok(FetchId::new(id))
}

/// When a source was last asked, whichever it was.
pub fn last(db: &Db) -> Result<Option<Timestamp>> {
    let at = db.query_first("SELECT at FROM fetch WHERE id = (SELECT max(id) FROM fetch)", &[], |row| row.get(0))?;
    at.map(instant).transpose()
}

/// What was wrong with the last page that was read of a source, one line each.
pub fn last_problems(db: &Db, source: &SourceId) -> Result<Vec<String>> {
    db.query(
        "SELECT place, message FROM problem
         WHERE fetch_id = (SELECT max(id) FROM fetch WHERE source_id = $1 AND outcome <> 'unmodified')
         ORDER BY position",
        &[&source.as_str()],
        |row| {
            let (place, message): (String, String) = (row.get(0)?, row.get(1)?);
            Ok(if place.is_empty() { message } else { format!("{place}: {message}") })
        },
    )
}

/// When a source listed something that it had not before, newest first: its own rhythm.
pub fn arrivals(db: &Db, source: &SourceId, most: u32) -> Result<Vec<Arrival>> {
    db.query(
        "SELECT at, missed FROM fetch WHERE source_id = $1 AND arrived > 0 ORDER BY id DESC LIMIT $2",
        &[&source.as_str(), &most],
        |row| Ok(Arrival { at: instant(row.get(0)?)?, missed: row.get::<i64>(1)? != 0 }),
    )
}

/// How the last fetches of a source at its address of today ended, newest first.
pub fn ends(db: &Db, source: &SourceId, most: u32) -> Result<Vec<(Timestamp, End)>> {
    db.query(
        "SELECT at, outcome FROM fetch
         WHERE source_id = $1 AND id > (SELECT former_visits FROM source WHERE id = $1) ORDER BY id DESC LIMIT $2",
        &[&source.as_str(), &most],
        |row| {
            let state = word("the state of a source", &row.get::<String>(1)?, State::parse)?;
            Ok((instant(row.get(0)?)?, end(state)))
        },
    )
}

const fn end(state: State) -> End {
    match state {
        State::New | State::Ok => End::Read,
        State::Unmodified => End::Unmodified,
        State::Empty => End::Empty,
        State::NotAFeed | State::Failing => End::Failed,
        State::Blocked => End::Blocked,
        State::Gone => End::Gone,
    }
}

/// The HTTP statuses of the last fetches of a source at its address of today, newest first.
pub fn statuses(db: &Db, source: &SourceId, most: u32) -> Result<Vec<Option<u16>>> {
    db.query(
        "SELECT status FROM fetch
         WHERE source_id = $1 AND id > (SELECT former_visits FROM source WHERE id = $1) ORDER BY id DESC LIMIT $2",
        &[&source.as_str(), &most],
        |row| row.get(0),
    )
}

/// A fetch as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Past {
    #[serde(flatten)]
    pub fetch: Fetch,
    /// How many problems were kept of it.
    pub problems: u32,
}

/// The last fetches of a source, newest first.
pub fn latest(db: &Db, source: &SourceId, most: u32) -> Result<Vec<Past>> {
    db.query(
        "SELECT at, outcome, status, bytes, millis, drafts, new, revised, arrived, missed, detail,
           (SELECT count(*) FROM problem WHERE fetch_id = fetch.id)
         FROM fetch WHERE source_id = $1 ORDER BY id DESC LIMIT $2",
        &[&source.as_str(), &most],
        |row| {
            let unsigned = |n: i64| u64::try_from(n).unwrap_or_default();
            let fetch = Fetch {
                at: instant(row.get(0)?)?,
                outcome: word("the state of a source", &row.get::<String>(1)?, State::parse)?,
                status: row.get(2)?,
                bytes: unsigned(row.get(3)?),
                millis: unsigned(row.get(4)?),
                drafts: row.get(5)?,
                new: row.get(6)?,
                revised: row.get(7)?,
                arrived: row.get(8)?,
                missed: row.get::<i64>(9)? != 0,
                detail: row.get(10)?,
            };
            Ok(Past { fetch, problems: row.get(11)? })
        },
    )
}

/// How many of the last fetches of a source are kept however old they are, and how many of those with something new:
/// as many as its alarms and its history are told from.
const KEPT: u32 = 20;
const KEPT_ARRIVALS: u32 = 60;

/// The fetches of a source from before `until` that need not be kept, the oldest first, at most `most` of them.
pub fn outdated(db: &Db, source: &SourceId, until: Timestamp, now: Timestamp, most: u32) -> Result<Vec<FetchId>> {
    // Rows stand in the order in which they were made: those behind the first that is recent are recent too. One that
    // lies in the future was made while the clock was ahead.
    let recent = db.query_first(
        "SELECT id FROM fetch WHERE source_id = $1 AND at >= $2 AND at <= $3 ORDER BY id LIMIT 1",
        &[&source.as_str(), &millis(until), &millis(now)],
        |row| row.get::<i64>(0),
    )?;
    let kept = db.query_first(
        "SELECT id FROM fetch WHERE source_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2",
        &[&source.as_str(), &(KEPT - 1)],
        |row| row.get::<i64>(0),
    )?;
    let kept_arrivals = db.query_first(
        "SELECT id FROM fetch WHERE source_id = $1 AND arrived > 0 ORDER BY id DESC LIMIT 1 OFFSET $2",
        &[&source.as_str(), &(KEPT_ARRIVALS - 1)],
        |row| row.get::<i64>(0),
    )?;
    let Some(kept) = kept else { return Ok(vec![]) };
    let before = recent.map_or(kept, |recent| recent.min(kept));
    db.query(
        "SELECT id FROM fetch WHERE source_id = $1 AND id < $2 AND (arrived = 0 OR id < $3) ORDER BY id LIMIT $4",
        &[&source.as_str(), &before, &kept_arrivals.unwrap_or(0), &most],
        |row| Ok(FetchId::new(row.get(0)?)),
    )
}

/// Deletes those of [`outdated`], with their problems: how many there were.
pub fn forget(tx: &Tx, source: &SourceId, until: Timestamp, now: Timestamp, most: u32) -> Result<usize> {
    let ids = outdated(tx, source, until, now, most)?;
    for id in &ids {
        tx.execute("DELETE FROM problem WHERE fetch_id = $1", &[&id.get()])?;
        tx.execute("DELETE FROM fetch WHERE id = $1", &[&id.get()])?;
    }
    Ok(ids.len())
}
