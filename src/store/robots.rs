//! What robots.txt of each origin says: asked for once a day, and remembered from one run to the next.

use jiff::{SignedDuration, Timestamp};

use super::{Db, Result, Tx, instant, millis};
use crate::model::RobotsFile;

/// Longer than any copy is used: what was not asked for since belongs to no source any more.
const KEPT: SignedDuration = SignedDuration::from_hours(60 * 24);

/// All of them, in the order of their origins.
pub fn all(db: &Db) -> Result<Vec<RobotsFile>> {
    db.query("SELECT origin, asked_at, status, read_at, rules FROM robots ORDER BY origin", &[], |row| {
        Ok(RobotsFile {
            origin: row.get(0)?,
            asked: instant(row.get(1)?)?,
            status: row.get(2)?,
            read: row.get::<Option<i64>>(3)?.map(instant).transpose()?,
            rules: row.get(4)?,
        })
    })
}

/// Keeps these, each in place of what was known of its origin.
pub fn save(tx: &Tx, files: &[RobotsFile]) -> Result<()> {
    for file in files {
        tx.execute(
            "INSERT INTO robots (origin, asked_at, status, read_at, rules) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (origin) DO UPDATE SET
               asked_at = excluded.asked_at, status = excluded.status, read_at = excluded.read_at,
               rules = excluded.rules",
            &[&file.origin, &millis(file.asked), &file.status, &file.read.map(millis), &file.rules],
        )?;
    }
    Ok(())
}

/// Forgets the origins that nobody has asked for long.
pub fn forget(tx: &Tx, now: Timestamp) -> Result<usize> {
    let before = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
    tx.execute("DELETE FROM robots WHERE asked_at < $1", &[&millis(before)])
}
