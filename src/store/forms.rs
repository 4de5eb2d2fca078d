//! What forms of the site asked for, until it is done.

use jiff::Timestamp;

use super::{Db, Result, Tx, instant, millis, subscribers::fold};
use crate::model::EmailAddress;

/// A form as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub id: i64,
    /// JSON.
    pub asked: String,
    pub at: Timestamp,
}

pub fn put(tx: &Tx, address: &EmailAddress, asked: &str, now: Timestamp) -> Result<()> {
    tx.execute("INSERT INTO form (folded, asked, at) VALUES ($1, $2, $3)", &[&fold(address), &asked, &millis(now)])?;
    Ok(())
}

/// The first one behind this one.
pub fn next(db: &Db, behind: i64) -> Result<Option<Kept>> {
    db.query_first("SELECT id, asked, at FROM form WHERE id > $1 ORDER BY id LIMIT 1", &[&behind], |row| {
        Ok(Kept { id: row.get(0)?, asked: row.get(1)?, at: instant(row.get(2)?)? })
    })
}

/// It is done. `false`: it was already.
pub fn done(tx: &Tx, id: i64) -> Result<bool> {
    Ok(tx.execute("DELETE FROM form WHERE id = $1", &[&id])? > 0)
}

/// What an address asked for is not done.
pub fn withdraw(tx: &Tx, address: &EmailAddress) -> Result<usize> {
    tx.execute("DELETE FROM form WHERE folded = $1", &[&fold(address)])
}
