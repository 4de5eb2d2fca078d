//! Frozen editions.

use jiff::{Timestamp, civil::Date};

use super::{Db, Result, StoreError, Tx, engine::Row, instant, millis, word};
use crate::{
    bulletin::Item,
    model::{Bulletin, BulletinId, Cadence},
};

/// Freezes an edition with its items, in order, and keeps which notices it tells of: all that stand in its stories now.
/// `None` when one of this cadence already took this slot.
pub fn freeze(
    tx: &Tx,
    cadence: Cadence,
    slot: Timestamp,
    date: Date,
    items: &[Item],
    now: Timestamp,
) -> Result<Option<BulletinId>> {
    let id: Option<i64> = tx.query_first(
        "INSERT INTO bulletin (cadence, slot, date, frozen, stories, number)
         SELECT $1, $2, $3, $4, $5, 1 + count(*) FROM bulletin WHERE cadence = $1 AND date = $3 AND stories > 0
         ON CONFLICT (cadence, slot) DO NOTHING RETURNING id",
        &[&cadence.as_str(), &millis(slot), &date.to_string(), &millis(now), &(items.len() as i64)],
        |row| row.get(0),
    )?;
    let Some(id) = id else { return Ok(None) };
    for (position, item) in items.iter().enumerate() {
        let json = serde_json::to_string(item)
            .map_err(|error| StoreError::Value { what: "an item of a bulletin", value: error.to_string() })?;
        tx.execute(
            "INSERT INTO bulletin_story (bulletin_id, position, story_id, item) VALUES ($1, $2, $3, $4)",
            &[&id, &(position as i64), &item.story.get(), &json],
        )?;
        tx.execute(
            "INSERT INTO bulletin_notice (notice_id, bulletin_id) SELECT id, $1 FROM notice WHERE story_id = $2",
            &[&id, &item.story.get()],
        )?;
    }
    Ok(Some(BulletinId::new(id)))
}

/// The first slot from `now` on that no edition of the cadence has: for one that is asked for by hand.
pub fn free_slot(db: &Db, cadence: Cadence, now: Timestamp) -> Result<Timestamp> {
    let last: Option<i64> = db.value(
        "SELECT max(slot) FROM bulletin WHERE cadence = $1 AND slot >= $2",
        &[&cadence.as_str(), &millis(now)],
    )?;
    last.map_or(Ok(now), |last| instant(last + 1))
}

/// The last slot of a cadence that was served, not counting any that a clock set forward left in the future.
pub fn last_slot(db: &Db, cadence: Cadence, now: Timestamp) -> Result<Option<Timestamp>> {
    db.query_first(
        "SELECT slot FROM bulletin WHERE cadence = $1 AND slot <= $2 ORDER BY slot DESC LIMIT 1",
        &[&cadence.as_str(), &millis(now)],
        |row| instant(row.get(0)?),
    )
}

const BULLETIN: &str = "SELECT id, cadence, date, frozen, stories, number FROM bulletin";

pub fn get(db: &Db, id: BulletinId) -> Result<Option<Bulletin>> {
    db.query_first(&format!("{BULLETIN} WHERE id = $1"), &[&id.get()], read)
}

/// Editions that had something to say, newest first.
pub fn latest(db: &Db, most: u32) -> Result<Vec<Bulletin>> {
    db.query(&format!("{BULLETIN} WHERE stories > 0 ORDER BY id DESC LIMIT $1"), &[&most], read)
}

/// Which editions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    Alerts,
    /// All others.
    Bulletins,
}

/// Editions of one sort that had something to say, newest first.
pub fn latest_of(db: &Db, sort: Sort, most: u32) -> Result<Vec<Bulletin>> {
    match sort {
        Sort::Alerts => {
            let sql = format!("{BULLETIN} WHERE stories > 0 AND cadence = 'alert' ORDER BY id DESC LIMIT $1");
            db.query(&sql, &[&most], read)
        }
        Sort::Bulletins => {
            let sql = format!("{BULLETIN} WHERE stories > 0 AND cadence <> 'alert' ORDER BY id DESC LIMIT $1");
            db.query(&sql, &[&most], read)
        }
    }
}

/// Editions that had something to say, of one cadence or of all, newest first, below one where that is given.
pub fn listed(db: &Db, cadence: Option<Cadence>, before: Option<BulletinId>, most: u32) -> Result<Vec<Bulletin>> {
    let before = before.map_or(i64::MAX, BulletinId::get);
    match cadence {
        Some(cadence) => db.query(
            &format!("{BULLETIN} WHERE cadence = $1 AND stories > 0 AND id < $2 ORDER BY id DESC LIMIT $3"),
            &[&cadence.as_str(), &before, &most],
            read,
        ),
        None => db.query(
            &format!("{BULLETIN} WHERE stories > 0 AND id < $1 ORDER BY id DESC LIMIT $2"),
            &[&before, &most],
            read,
        ),
    }
}

/// The edition of a day, by its cadence and its number among those of that day.
pub fn of_day(db: &Db, date: Date, cadence: Cadence, number: u32) -> Result<Option<BulletinId>> {
    db.query_first(
        "SELECT id FROM bulletin WHERE date = $1 AND cadence = $2 AND number = $3 AND stories > 0",
        &[&date.to_string(), &cadence.as_str(), &number],
        |row| Ok(BulletinId::new(row.get(0)?)),
    )
}

/// The items of an edition, in order, as frozen.
pub fn items(db: &Db, id: BulletinId) -> Result<Vec<Item>> {
    db.query("SELECT item FROM bulletin_story WHERE bulletin_id = $1 ORDER BY position", &[&id.get()], |row| {
        let json: String = row.get(0)?;
        serde_json::from_str(&json)
            .map_err(|error| StoreError::Value { what: "an item of a bulletin", value: error.to_string() })
    })
}

fn read(row: &Row) -> Result<Bulletin> {
    Ok(Bulletin {
        id: BulletinId::new(row.get(0)?),
        cadence: word("a cadence", &row.get::<String>(1)?, Cadence::parse)?,
        date: word("a day", &row.get::<String>(2)?, |text| text.parse::<Date>().ok())?,
        frozen: instant(row.get(3)?)?,
        stories: row.get(4)?,
        number: row.get(5)?,
    })
}
