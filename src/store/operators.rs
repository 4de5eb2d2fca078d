//! How operators of mailboxes, and relays, may be written to just now.

use super::{Db, Result, Tx, engine::Row, instant, millis};
use crate::shaping::Pace;

/// The state of one; as it is at first where nothing is known.
pub fn pace(db: &Db, id: &str) -> Result<Pace> {
    let read = |row: &Row| {
        let at = |column| row.get::<Option<i64>>(column)?.map(instant).transpose();
        Ok(Pace {
            next: Some(instant(row.get(0)?)?),
            slowed: at(1)?,
            failures: row.get(2)?,
            closed: at(3)?,
            reply: row.get(4)?,
        })
    };
    let found =
        db.query_first("SELECT next, slowed, failures, closed, reply FROM operator WHERE id = $1", &[&id], read)?;
    Ok(found.unwrap_or_default())
}

pub fn set_pace(tx: &Tx, id: &str, pace: &Pace) -> Result<()> {
    tx.execute(
        "INSERT INTO operator (id, next, slowed, failures, closed, reply) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (id) DO UPDATE SET next = excluded.next, slowed = excluded.slowed, failures = excluded.failures,
           closed = excluded.closed, reply = excluded.reply",
        &[
            &id,
            &pace.next.map_or(0, millis),
            &pace.slowed.map(millis),
            &pace.failures,
            &pace.closed.map(millis),
            &pace.reply,
        ],
    )?;
    Ok(())
}
