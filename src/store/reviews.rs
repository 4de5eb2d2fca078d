//! What was decided of stories: every decision is kept, the last one holds.

use jiff::Timestamp;
use serde::Serialize;

use super::{Db, Result, Tx, engine::Row, instant, millis};
use crate::model::{Cadence, Hand, Review, StoryId};

/// One decision, or one change, and who made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reviewed {
    /// A [`Review`], or [`EDITED`].
    pub decision: String,
    /// `automatic`, or the editor.
    pub by: String,
    pub at: Timestamp,
    /// In French, for editors.
    pub because: String,
}

/// What stands in the place of a decision where an editor changed words, and decided nothing.
pub const EDITED: &str = "edited";

/// Keeps a decision about a story. One that becomes approved waits for these cadences, unless a bulletin of theirs carried
/// it, or what was merged into it, before; one that is not approved waits for none.
pub fn decide(
    tx: &Tx,
    id: StoryId,
    decision: Review,
    by: Hand,
    because: &str,
    cadences: impl Iterator<Item = Cadence>,
    now: Timestamp,
) -> Result<()> {
    note(tx, id, decision.as_str(), by, because, now)?;
    let moved =
        tx.execute("UPDATE story SET review = $2 WHERE id = $1 AND review <> $2", &[&id.get(), &decision.as_str()])?;
    if decision != Review::Approved {
        tx.execute("DELETE FROM waiting WHERE story_id = $1", &[&id.get()])?;
    } else if moved > 0 {
        for cadence in cadences {
            wait(tx, id, cadence, now)?;
        }
    }
    Ok(())
}

fn wait(tx: &Tx, id: StoryId, cadence: Cadence, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO waiting (cadence, story_id, since)
         SELECT $1, $2, $3
         WHERE NOT EXISTS (SELECT 1 FROM bulletin_story s JOIN bulletin b ON b.id = s.bulletin_id
             WHERE s.story_id = $2 AND b.cadence = $1)
           AND NOT EXISTS (SELECT 1 FROM story m JOIN bulletin_story s ON s.story_id = m.id
             JOIN bulletin b ON b.id = s.bulletin_id WHERE m.merged_into = $2 AND b.cadence = $1)
         ON CONFLICT (cadence, story_id) DO NOTHING",
        &[&cadence.as_str(), &id.get(), &millis(now)],
    )?;
    Ok(())
}

/// Keeps that an editor changed a story.
pub fn note(tx: &Tx, id: StoryId, what: &str, by: Hand, because: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO review (story_id, decision, by, at, because) VALUES ($1, $2, $3, $4, $5)",
        &[&id.get(), &what, &by.name(), &millis(now), &because],
    )?;
    Ok(())
}

const REVIEWED: &str = "SELECT decision, by, at, because FROM review";

/// All that was decided of a story, oldest first.
pub fn all(db: &Db, id: StoryId) -> Result<Vec<Reviewed>> {
    db.query(&format!("{REVIEWED} WHERE story_id = $1 ORDER BY id"), &[&id.get()], read)
}

/// The decision that holds.
pub fn last(db: &Db, id: StoryId) -> Result<Option<Reviewed>> {
    let sql = format!("{REVIEWED} WHERE story_id = $1 AND decision <> 'edited' ORDER BY id DESC LIMIT 1");
    db.query_first(&sql, &[&id.get()], read)
}

/// The last word of an editor, if there is one.
pub fn last_by_editor(db: &Db, id: StoryId) -> Result<Option<Reviewed>> {
    let sql = format!(
        "{REVIEWED} WHERE story_id = $1 AND by <> 'automatic' AND decision <> 'edited' ORDER BY id DESC LIMIT 1"
    );
    db.query_first(&sql, &[&id.get()], read)
}

/// Whether a story was already old when its source was first read, whatever was decided of it since.
pub fn was_archived(db: &Db, id: StoryId) -> Result<bool> {
    let sql = "SELECT 1 FROM review WHERE story_id = $1 AND decision = 'archived' LIMIT 1";
    db.query_first(sql, &[&id.get()], |_| Ok(())).map(|row| row.is_some())
}

fn read(row: &Row) -> Result<Reviewed> {
    Ok(Reviewed { decision: row.get(0)?, by: row.get(1)?, at: instant(row.get(2)?)?, because: row.get(3)? })
}
