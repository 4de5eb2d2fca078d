//! Stories, their review, and which cadence still has to carry them.

use jiff::Timestamp;

use super::{Db, Result, Tx, engine::Row, instant, millis, word};
use crate::model::{Cadence, Nature, NoticeId, Review, SectionId, Severity, Story, StoryId};

/// Makes a story that has no notice yet: the same transaction must give it one, through [`begin`].
pub fn insert(
    tx: &Tx,
    section: &SectionId,
    nature: Nature,
    severity: Severity,
    review: Review,
    now: Timestamp,
) -> Result<StoryId> {
    let id = tx.insert(
        "INSERT INTO story (lead_id, section, nature, severity, review, first_seen, updated)
         VALUES (0, $1, $2, $3, $4, $5, $5) RETURNING id",
        &[&section.as_str(), &nature.as_str(), &severity.as_str(), &review.as_str(), &millis(now)],
    )?;
    Ok(StoryId::new(id))
}

/// Gives a new story its first notice, of which it has the section, the nature and the severity.
pub fn begin(tx: &Tx, id: StoryId, lead: NoticeId) -> Result<()> {
    tx.execute("UPDATE story SET lead_id = $2 WHERE id = $1", &[&id.get(), &lead.get()])?;
    Ok(())
}

/// Lets a notice speak for its story, and marks the story as moved.
pub fn set_lead(tx: &Tx, id: StoryId, lead: NoticeId, severity: Severity, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE story SET lead_id = $2, severity = $3, updated = $4,
           section = (SELECT section FROM notice WHERE id = $2), nature = (SELECT nature FROM notice WHERE id = $2)
         WHERE id = $1",
        &[&id.get(), &lead.get(), &severity.as_str(), &millis(now)],
    )?;
    Ok(())
}

/// Keeps a decision about a story. An approved one waits for these cadences.
pub fn review(
    tx: &Tx,
    id: StoryId,
    decision: Review,
    by: &str,
    because: &str,
    cadences: impl Iterator<Item = Cadence>,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO review (story_id, decision, by, at, because) VALUES ($1, $2, $3, $4, $5)",
        &[&id.get(), &decision.as_str(), &by, &millis(now), &because],
    )?;
    tx.execute("UPDATE story SET review = $2 WHERE id = $1 AND review <> $2", &[&id.get(), &decision.as_str()])?;
    if decision == Review::Approved {
        for cadence in cadences {
            tx.execute(
                "INSERT INTO waiting (cadence, story_id, since) VALUES ($1, $2, $3)
                 ON CONFLICT (cadence, story_id) DO NOTHING",
                &[&cadence.as_str(), &id.get(), &millis(now)],
            )?;
        }
    }
    Ok(())
}

const STORY: &str = "SELECT id, lead_id, section, nature, severity, review, first_seen, updated FROM story";

pub fn get(db: &Db, id: StoryId) -> Result<Option<Story>> {
    db.query_first(&format!("{STORY} WHERE id = $1"), &[&id.get()], read)
}

/// What a cadence has not carried yet, oldest first.
pub fn waiting(db: &Db, cadence: Cadence) -> Result<Vec<Story>> {
    db.query(
        &format!(
            "{STORY} WHERE id IN (SELECT story_id FROM waiting WHERE cadence = $1) AND review = 'approved' ORDER BY id"
        ),
        &[&cadence.as_str()],
        read,
    )
}

/// What no longer waits: a bulletin of that cadence carries it.
pub fn carried(tx: &Tx, cadence: Cadence, story: StoryId) -> Result<()> {
    tx.execute("DELETE FROM waiting WHERE cadence = $1 AND story_id = $2", &[&cadence.as_str(), &story.get()])?;
    Ok(())
}

/// Nothing waits for a cadence that does not exist: it begins with what comes after it was enabled.
pub fn forget_waiting(tx: &Tx, cadence: Cadence) -> Result<()> {
    tx.execute("DELETE FROM waiting WHERE cadence = $1", &[&cadence.as_str()])?;
    Ok(())
}

/// What readers may see, newest first: all of it, or one shelf.
pub fn shown(db: &Db, shelf: Shelf, most: u32) -> Result<Vec<Story>> {
    let shown = "review IN ('approved', 'archived')";
    let end = "ORDER BY id DESC LIMIT $1";
    match shelf {
        Shelf::All => db.query(&format!("{STORY} WHERE {shown} {end}"), &[&most], read),
        Shelf::Section(section) => {
            db.query(&format!("{STORY} WHERE section = $2 AND {shown} {end}"), &[&most, &section.as_str()], read)
        }
        Shelf::Nature(nature) => {
            db.query(&format!("{STORY} WHERE nature = $2 AND {shown} {end}"), &[&most, &nature.as_str()], read)
        }
    }
}

/// Which stories a feed is about.
#[derive(Debug, Clone, Copy)]
pub enum Shelf<'a> {
    All,
    Section(&'a SectionId),
    Nature(Nature),
}

fn read(row: &Row) -> Result<Story> {
    Ok(Story {
        id: StoryId::new(row.get(0)?),
        lead: NoticeId::new(row.get(1)?),
        section: word("a section", &row.get::<String>(2)?, SectionId::parse)?,
        nature: word("a nature", &row.get::<String>(3)?, Nature::parse)?,
        severity: word("a severity", &row.get::<String>(4)?, Severity::parse)?,
        review: word("a review", &row.get::<String>(5)?, Review::parse)?,
        first_seen: instant(row.get(6)?)?,
        updated: instant(row.get(7)?)?,
    })
}
