//! Runs of the sender, each with a number of its own: what it records counts only while a delivery is still its own.

use jiff::Timestamp;

use super::{Db, Result, Tx, millis};

/// Registers a run that holds this place; its epoch.
pub fn begin(tx: &Tx, place: u32, now: Timestamp) -> Result<i64> {
    tx.execute("DELETE FROM sender WHERE place = $1", &[&place])?;
    tx.insert("INSERT INTO sender (place, since) VALUES ($1, $2) RETURNING epoch", &[&place, &millis(now)])
}

/// The epoch of who holds a place, or held it last.
pub fn at(db: &Db, place: u32) -> Result<Option<i64>> {
    db.query_first("SELECT epoch FROM sender WHERE place = $1", &[&place], |row| row.get(0))
}
