//! How operators of mailboxes took our mail: of late by the tries, before that by day; and the storms that came of it.

use jiff::Timestamp;
use serde::Serialize;

use super::{Db, Result, Tx, engine::Row, instant, millis, word};
use crate::{
    alarm::{Tally, Weather},
    model::{DeliveryState, SmtpReply},
};

/// How many messages each operator took between two instants.
pub fn taken(db: &Db, from: Timestamp, until: Timestamp) -> Result<Vec<(String, u64)>> {
    db.query(
        "SELECT operator, count(*) FROM attempt WHERE at >= $1 AND at < $2 AND state = 'sent' AND operator <> ''
         GROUP BY operator ORDER BY operator",
        &[&millis(from), &millis(until)],
        |row| Ok((row.get(0)?, count(row.get(1)?))),
    )
}

/// Messages that were refused alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub operator: String,
    pub state: DeliveryState,
    pub reply: SmtpReply,
    pub messages: u64,
    /// The first of these refusals.
    pub since: Timestamp,
}

/// What was refused between two instants and not taken before `until`: each message by its last try. A first refusal that
/// may pass counts once it is older than `settled`: until then it may be greylisting, which says so or not.
pub fn refused(db: &Db, from: Timestamp, until: Timestamp, settled: Timestamp) -> Result<Vec<Refused>> {
    db.query(
        "SELECT a.operator, a.state, a.code, a.enhanced, a.text, count(*), min(a.at) FROM attempt a
         WHERE a.at >= $1 AND a.at < $2 AND a.state IN ('deferred', 'failed') AND a.operator <> ''
           AND (a.state = 'failed' OR a.number > 1 OR a.at < $3)
           AND NOT EXISTS (SELECT 1 FROM attempt b WHERE b.delivery_id = a.delivery_id AND b.number > a.number AND b.at < $2)
         GROUP BY a.operator, a.state, a.code, a.enhanced, a.text ORDER BY a.operator, a.state, a.code, a.enhanced, a.text",
        &[&millis(from), &millis(until), &millis(settled)],
        |row| {
            let enhanced: String = row.get(3)?;
            Ok(Refused {
                operator: row.get(0)?,
                state: word("what a try came to", &row.get::<String>(1)?, DeliveryState::parse)?,
                reply: SmtpReply {
                    code: row.get(2)?,
                    enhanced: Some(enhanced).filter(|enhanced| !enhanced.is_empty()),
                    text: row.get(4)?,
                },
                messages: count(row.get(5)?),
                since: instant(row.get(6)?)?,
            })
        },
    )
}

/// Whether anything was tried since then.
pub fn is_tried(db: &Db, since: Timestamp) -> Result<bool> {
    Ok(db.query_first("SELECT 1 FROM attempt WHERE at >= $1 LIMIT 1", &[&millis(since)], |_| Ok(()))?.is_some())
}

/// Keeps the tally of a day, which begins at that instant.
pub fn put_day(tx: &Tx, operator: &str, day: Timestamp, tally: Tally) -> Result<()> {
    tx.execute(
        "INSERT INTO weather (operator, day, taken, refused) VALUES ($1, $2, $3, $4)
         ON CONFLICT (operator, day) DO UPDATE SET taken = excluded.taken, refused = excluded.refused",
        &[&operator, &millis(day), &signed(tally.taken), &signed(tally.refused)],
    )?;
    Ok(())
}

/// The days of an operator since then.
pub fn days(db: &Db, operator: &str, since: Timestamp) -> Result<Vec<Tally>> {
    db.query(
        "SELECT taken, refused FROM weather WHERE operator = $1 AND day >= $2 ORDER BY day",
        &[&operator, &millis(since)],
        |row| Ok(Tally { taken: count(row.get(0)?), refused: count(row.get(1)?) }),
    )
}

/// Of whom something is known since then, once a day.
pub fn operators(db: &Db, since: Timestamp) -> Result<Vec<String>> {
    db.query("SELECT operator FROM weather WHERE day >= $1 ORDER BY day, operator", &[&millis(since)], |row| row.get(0))
}

/// An operator that refuses, or did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Storm {
    pub id: i64,
    pub operator: String,
    pub state: Weather,
    pub since: Timestamp,
    #[serde(flatten)]
    pub tally: Tally,
    /// What it said most.
    pub reply: String,
    pub ended: Option<Timestamp>,
    /// When who runs Vigie was told.
    pub told: Option<Timestamp>,
}

const STORM: &str = "SELECT id, operator, state, since, refused, tried, reply, ended, told FROM storm";

/// Those that last.
pub fn storms(db: &Db) -> Result<Vec<Storm>> {
    db.query(&format!("{STORM} WHERE ended IS NULL ORDER BY operator"), &[], read)
}

/// Those of whose beginning, or end, who runs Vigie was not told.
pub fn untold(db: &Db) -> Result<Vec<Storm>> {
    let mut untold = db.query(&format!("{STORM} WHERE told IS NULL ORDER BY id"), &[], read)?;
    untold.extend(db.query(
        &format!("{STORM} WHERE ended IS NOT NULL AND told_ended IS NULL AND told IS NOT NULL ORDER BY id"),
        &[],
        read,
    )?);
    Ok(untold)
}

pub fn begin(tx: &Tx, operator: &str, state: Weather, since: Timestamp, tally: Tally, reply: &str) -> Result<()> {
    tx.execute(
        "INSERT INTO storm (operator, state, since, refused, tried, reply) VALUES ($1, $2, $3, $4, $5, $6)",
        &[&operator, &state.as_str(), &millis(since), &signed(tally.refused), &signed(tally.all()), &reply],
    )?;
    Ok(())
}

/// One that lasts, as it stands now. One that becomes graver is told of again.
pub fn change(tx: &Tx, storm: &Storm, state: Weather, tally: Tally, reply: &str) -> Result<()> {
    let told = if state > storm.state { None } else { storm.told.map(millis) };
    tx.execute(
        "UPDATE storm SET state = $2, refused = $3, tried = $4, reply = $5, told = $6 WHERE id = $1",
        &[&storm.id, &state.as_str(), &signed(tally.refused), &signed(tally.all()), &reply, &told],
    )?;
    Ok(())
}

pub fn end(tx: &Tx, id: i64, now: Timestamp) -> Result<()> {
    tx.execute("UPDATE storm SET ended = $2 WHERE id = $1", &[&id, &millis(now)]).map(drop)
}

/// Who runs Vigie was told, or need not be, that these began.
pub fn told(tx: &Tx, ids: &[i64], now: Timestamp) -> Result<()> {
    ids.iter().try_for_each(|id| {
        tx.execute("UPDATE storm SET told = $2 WHERE id = $1 AND told IS NULL", &[id, &millis(now)]).map(drop)
    })
}

/// Who runs Vigie was told, or need not be, that these ended.
pub fn told_ended(tx: &Tx, ids: &[i64], now: Timestamp) -> Result<()> {
    ids.iter().try_for_each(|id| {
        tx.execute(
            "UPDATE storm SET told = COALESCE(told, $2), told_ended = $2 WHERE id = $1 AND ended IS NOT NULL",
            &[id, &millis(now)],
        )
        .map(drop)
    })
}

/// Forgets days before then.
pub fn tidy(tx: &Tx, until: Timestamp) -> Result<usize> {
    tx.execute("DELETE FROM weather WHERE day < $1", &[&millis(until)])
}

fn read(row: &Row) -> Result<Storm> {
    let (refused, tried) = (count(row.get(4)?), count(row.get(5)?));
    Ok(Storm {
        id: row.get(0)?,
        operator: row.get(1)?,
        state: word("the weather", &row.get::<String>(2)?, Weather::parse)?,
        since: instant(row.get(3)?)?,
        tally: Tally { taken: tried.saturating_sub(refused), refused },
        reply: row.get(6)?,
        ended: row.get::<Option<i64>>(7)?.map(instant).transpose()?,
        told: row.get::<Option<i64>>(8)?.map(instant).transpose()?,
    })
}

fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
