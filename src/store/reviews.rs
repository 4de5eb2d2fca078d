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

/// Keeps a decision about a story. One that becomes approved waits for those of these cadences that told of nothing that
/// stands in it, or not of all its alerts and advisories; one that is not approved waits for none.
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

/// Has a story told again by all of these cadences, also those that carried it: there is more to it now than readers know.
/// Only one that they may see.
pub fn wait_again(tx: &Tx, id: StoryId, cadences: impl Iterator<Item = Cadence>, now: Timestamp) -> Result<()> {
    for cadence in cadences {
        tx.execute(
            "INSERT INTO waiting (cadence, story_id, since) SELECT $1, id, $3 FROM story
             WHERE id = $2 AND review = 'approved'
             ON CONFLICT (cadence, story_id) DO NOTHING",
            &[&cadence.as_str(), &id.get(), &millis(now)],
        )?;
    }
    Ok(())
}

/// A copy of what was told says nothing that is not known.
fn wait(tx: &Tx, id: StoryId, cadence: Cadence, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO waiting (cadence, story_id, since)
         SELECT $1, $2, $3
         WHERE NOT EXISTS (SELECT 1 FROM notice n JOIN bulletin_notice t ON t.notice_id = n.id
             JOIN bulletin b ON b.id = t.bulletin_id WHERE n.story_id = $2 AND b.cadence = $1)
           OR EXISTS (SELECT 1 FROM notice n WHERE n.story_id = $2 AND n.nature IN ('alerte', 'avis')
             AND NOT EXISTS (SELECT 1 FROM bulletin_notice t JOIN bulletin b ON b.id = t.bulletin_id
               WHERE t.notice_id IN (n.id, n.copy_of) AND b.cadence = $1))
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
