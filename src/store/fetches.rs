//! Every fetch and what was wrong with it: the health of a source over time.

use jiff::Timestamp;
use serde::Serialize;

use super::{Db, Result, Tx, instant, millis, sources::State};
use crate::model::{FetchId, Problem, SourceId};

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
    pub new: u32,
    pub revised: u32,
    /// The cause of a failure.
    pub detail: String,
}

/// Keeps a fetch with its problems (the first 50: a page that is all broken says nothing more with 2,000).
pub fn record(tx: &Tx, source: &SourceId, fetch: &Fetch, problems: &[Problem]) -> Result<FetchId> {
    let id = tx.insert(
        "INSERT INTO fetch (source_id, at, outcome, status, bytes, millis, drafts, new, revised, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
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

/// When the notices of a source came, newest first: its own rhythm.
pub fn arrivals(db: &Db, source: &SourceId, most: u32) -> Result<Vec<Timestamp>> {
    db.query(
        "SELECT at FROM fetch WHERE source_id = $1 AND new > 0 ORDER BY id DESC LIMIT $2",
        &[&source.as_str(), &most],
        |row| instant(row.get(0)?),
    )
}
