//! What is read of documents at an address of its own: full texts, and the details that a list leaves out.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use super::{Db, Result, StoreError, Tx, millis};
use crate::model::{Draft, Nature, NoticeId, SourceId};

/// One document of which something is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub notice: NoticeId,
    pub url: Url,
    /// How often it was tried in vain since it was last wanted.
    pub attempts: u32,
    /// Of what was read last; empty when nothing was yet.
    pub fingerprint: String,
    /// What the list says of it besides what its notice keeps.
    pub nature: Option<Nature>,
    pub categories: Vec<String>,
}

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'a> {
    Read {
        fingerprint: &'a str,
    },
    /// To be tried again.
    Later {
        due: Timestamp,
        problem: &'a str,
    },
    /// Its host could not be reached, or wants to be left alone: this was no try.
    Postponed {
        due: Timestamp,
        problem: &'a str,
    },
    /// Not to be tried again until the document is listed anew.
    Failed {
        problem: &'a str,
    },
    /// Its keeper reserves text and data mining.
    Reserved {
        problem: &'a str,
    },
}

/// Asks for the document of a draft to be read at this address, again if it was.
pub fn want(tx: &Tx, notice: NoticeId, source: &SourceId, draft: &Draft, url: &Url, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO detail (notice_id, source_id, url, nature, categories, state, due, attempts, fingerprint, problem)
         VALUES ($1, $2, $3, $4, $5, 'due', $6, 0, '', '')
         ON CONFLICT (notice_id) DO UPDATE SET
           source_id = excluded.source_id, url = excluded.url, nature = excluded.nature,
           categories = excluded.categories, state = 'due', due = excluded.due, attempts = 0",
        &[
            &notice.get(),
            &source.as_str(),
            &url.as_str(),
            &draft.nature.map(Nature::as_str),
            &draft.categories.join("\n"),
            &millis(now),
        ],
    )?;
    Ok(())
}

/// Those of a source whose time has come, the newest documents first.
pub fn due(db: &Db, source: &SourceId, now: Timestamp, most: usize) -> Result<Vec<Due>> {
    db.query(
        "SELECT notice_id, url, attempts, fingerprint, nature, categories FROM detail
         WHERE source_id = $1 AND state = 'due' AND due <= $2 ORDER BY notice_id DESC LIMIT $3",
        &[&source.as_str(), &millis(now), &i64::try_from(most).unwrap_or(i64::MAX)],
        |row| {
            let url: String = row.get(1)?;
            Ok(Due {
                notice: NoticeId::new(row.get(0)?),
                url: Url::parse(&url).map_err(|_| StoreError::Value { what: "an address", value: url })?,
                attempts: row.get(2)?,
                fingerprint: row.get(3)?,
                nature: row.get::<Option<String>>(4)?.as_deref().and_then(Nature::parse),
                categories: row.get::<String>(5)?.lines().map(String::from).collect(),
            })
        },
    )
}

/// The documents of alerts that were told since then, as far as this source read them, and not after `read`: whoever was
/// alerted is to hear when they are revised or closed, which no list may tell.
pub fn of_alerts(db: &Db, source: &SourceId, since: Timestamp, read: Timestamp) -> Result<Vec<NoticeId>> {
    db.query(
        "SELECT DISTINCT d.notice_id FROM bulletin b JOIN bulletin_story t ON t.bulletin_id = b.id
           JOIN story s ON s.id = t.story_id JOIN detail d ON d.notice_id = s.lead_id
         WHERE b.cadence = 'alert' AND b.slot > $2 AND s.nature = 'alerte'
           AND d.source_id = $1 AND d.state = 'read' AND d.read_at <= $3
         ORDER BY d.notice_id",
        &[&source.as_str(), &millis(since), &millis(read)],
        |row| Ok(NoticeId::new(row.get(0)?)),
    )
}

/// Has a document that was read looked at again.
pub fn read_again(tx: &Tx, notice: NoticeId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE detail SET state = 'due', due = $2, attempts = 0 WHERE notice_id = $1 AND state = 'read'",
        &[&notice.get(), &millis(now)],
    )?;
    Ok(())
}

/// Whether this source has read the document of a notice.
pub fn is_read(db: &Db, notice: NoticeId, source: &SourceId) -> Result<bool> {
    let sql = "SELECT fingerprint <> '' FROM detail WHERE notice_id = $1 AND source_id = $2";
    let found = db.query_first(sql, &[&notice.get(), &source.as_str()], |row| row.get(0))?;
    Ok(found.unwrap_or(false))
}

/// Another document of this source that reads the same, if there is one.
pub fn twin(db: &Db, notice: NoticeId, source: &SourceId, fingerprint: &str) -> Result<Option<NoticeId>> {
    let id = db.query_first(
        "SELECT notice_id FROM detail WHERE source_id = $1 AND fingerprint = $2 AND notice_id <> $3 LIMIT 1",
        &[&source.as_str(), &fingerprint, &notice.get()],
        |row| row.get(0),
    )?;
    Ok(id.map(NoticeId::new))
}

/// Keeps what became of a try.
pub fn settle(tx: &Tx, notice: NoticeId, outcome: Outcome, now: Timestamp) -> Result<()> {
    let (state, due, problem) = match outcome {
        Outcome::Read { fingerprint } => {
            tx.execute(
                "UPDATE detail SET fingerprint = $2, read_at = $3 WHERE notice_id = $1",
                &[&notice.get(), &fingerprint, &millis(now)],
            )?;
            ("read", now, "")
        }
        Outcome::Later { due, problem } => ("due", due, problem),
        Outcome::Postponed { due, problem } => {
            tx.execute(
                "UPDATE detail SET due = $2, problem = $3 WHERE notice_id = $1",
                &[&notice.get(), &millis(due), &problem],
            )?;
            return Ok(());
        }
        Outcome::Failed { problem } => ("failed", now, problem),
        Outcome::Reserved { problem } => ("reserved", now, problem),
    };
    tx.execute(
        "UPDATE detail SET state = $2, due = $3, problem = $4, attempts = attempts + 1 WHERE notice_id = $1",
        &[&notice.get(), &state, &millis(due), &problem],
    )?;
    Ok(())
}

/// How many documents of a source are in which state.
pub fn states(db: &Db, source: &SourceId) -> Result<BTreeMap<String, u32>> {
    let states = db.query(
        "SELECT state, count(*) FROM detail WHERE source_id = $1 GROUP BY state ORDER BY state",
        &[&source.as_str()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(states.into_iter().collect())
}

/// A document that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    pub notice: NoticeId,
    pub url: String,
    pub problem: String,
}

/// The latest documents of a source that could not be read, so far or for good.
pub fn unread(db: &Db, source: &SourceId, most: u32) -> Result<Vec<Unread>> {
    db.query(
        "SELECT notice_id, url, problem FROM detail
         WHERE source_id = $1 AND state IN ('due', 'failed') AND problem <> '' ORDER BY notice_id DESC LIMIT $2",
        &[&source.as_str(), &most],
        |row| Ok(Unread { notice: NoticeId::new(row.get(0)?), url: row.get(1)?, problem: row.get(2)? }),
    )
}

/// How a document's own text fares: the state, and why it could not be read.
pub fn state(db: &Db, notice: NoticeId) -> Result<Option<(String, String)>> {
    db.query_first("SELECT state, problem FROM detail WHERE notice_id = $1", &[&notice.get()], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}
