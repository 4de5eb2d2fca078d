//! How often the pages of stories are read: a number a day, of nobody in particular.

use jiff::civil::Date;

use super::{Db, Result, Tx};
use crate::model::StoryId;

/// Adds to the count of a day.
pub fn add(tx: &Tx, day: Date, story: StoryId, times: u32) -> Result<()> {
    tx.execute(
        "INSERT INTO reading (day, story_id, times) SELECT $1, id, $3 FROM story WHERE id = $2
         ON CONFLICT (day, story_id) DO UPDATE SET times = reading.times + excluded.times",
        &[&day.to_string(), &story.get(), &times],
    )?;
    Ok(())
}

/// The stories that readers may see and that were read most since a day, with how often.
pub fn most_read(db: &Db, since: Date, most: u32) -> Result<Vec<(StoryId, u64)>> {
    db.query(
        "SELECT r.story_id, sum(r.times) AS n FROM reading r JOIN story s ON s.id = r.story_id
         WHERE r.day >= $1 AND s.review IN ('approved', 'archived') GROUP BY r.story_id ORDER BY n DESC, r.story_id DESC LIMIT $2",
        &[&since.to_string(), &most],
        |row| Ok((StoryId::new(row.get(0)?), u64::try_from(row.get::<i64>(1)?).unwrap_or(0))),
    )
}

/// Forgets the days before this one.
pub fn tidy(tx: &Tx, until: Date) -> Result<usize> {
    tx.execute("DELETE FROM reading WHERE day < $1", &[&until.to_string()])
}
