//! Pairs of notices: those that an editor keeps apart, and those that are perhaps one.

use jiff::Timestamp;
use serde::Serialize;

use super::{Db, Result, Tx, engine::Row, instant, millis};
use crate::model::{Hand, NoticeId, StoryId};

/// Keeps two notices out of one story for ever: no program joins them any more, and what was suspected of them is settled.
pub fn keep_apart(tx: &Tx, one: NoticeId, other: NoticeId, by: Hand, now: Timestamp) -> Result<()> {
    let (a, b) = (one.min(other), one.max(other));
    if a == b {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO apart (a, b, by, at) VALUES ($1, $2, $3, $4) ON CONFLICT (a, b) DO NOTHING",
        &[&a.get(), &b.get(), &by.name(), &millis(now)],
    )?;
    settle(tx, one, other, now)
}

/// An editor puts into one story what was kept apart.
pub fn let_join(tx: &Tx, one: NoticeId, other: NoticeId) -> Result<()> {
    tx.execute("DELETE FROM apart WHERE a = $1 AND b = $2", &[&one.min(other).get(), &one.max(other).get()])?;
    Ok(())
}

/// What a notice is kept apart from, in the order of their numbers.
pub fn apart_from(db: &Db, notice: NoticeId) -> Result<Vec<NoticeId>> {
    let read = |row: &Row| Ok(NoticeId::new(row.get(0)?));
    let mut all = db.query("SELECT a FROM apart WHERE b = $1 ORDER BY a", &[&notice.get()], read)?;
    all.extend(db.query("SELECT b FROM apart WHERE a = $1 ORDER BY b", &[&notice.get()], read)?);
    Ok(all)
}

/// Whether a notice is kept apart from one that stands in a story.
pub fn is_apart_from_story(db: &Db, notice: NoticeId, story: StoryId) -> Result<bool> {
    db.query_first(
        "SELECT 1 FROM apart p JOIN notice n ON n.id = p.b WHERE p.a = $1 AND n.story_id = $2
         UNION ALL SELECT 1 FROM apart p JOIN notice n ON n.id = p.a WHERE p.b = $1 AND n.story_id = $2 LIMIT 1",
        &[&notice.get(), &story.get()],
        |_| Ok(()),
    )
    .map(|row| row.is_some())
}

/// What two notices are suspected to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Suspected {
    /// One document.
    Copy,
    /// Documents of their own that tell of one event.
    Event,
}

impl Suspected {
    pub const fn as_str(self) -> &'static str {
        match self {
            Suspected::Copy => "copy",
            Suspected::Event => "event",
        }
    }
    /// As editors see it.
    pub const fn name(self) -> &'static str {
        match self {
            Suspected::Copy => "doublon possible",
            Suspected::Event => "même événement, peut-être",
        }
    }
    fn parse(text: &str) -> Option<Self> {
        [Suspected::Copy, Suspected::Event].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A pair of notices that an editor should look at, or did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suspicion {
    /// The later one.
    pub notice: NoticeId,
    pub other: NoticeId,
    /// The story of each, now.
    pub stories: (StoryId, StoryId),
    pub kind: Suspected,
    /// In French, for editors.
    pub because: String,
    pub at: Timestamp,
    /// When they came into one story, or were told apart.
    pub settled: Option<Timestamp>,
}

/// Notes a pair for an editor to decide, with the last reason that there was. Not one that is kept apart, or stands in one
/// story already.
pub fn suspect(
    tx: &Tx,
    notice: NoticeId,
    other: NoticeId,
    kind: Suspected,
    because: &str,
    now: Timestamp,
) -> Result<()> {
    let (older, later) = (notice.min(other), notice.max(other));
    tx.execute(
        "INSERT INTO suspicion (notice_id, other_id, kind, because, at)
         SELECT l.id, o.id, $3, $4, $5 FROM notice l JOIN notice o ON o.id = $2
         WHERE l.id = $1 AND l.id <> o.id AND l.story_id <> o.story_id
           AND NOT EXISTS (SELECT 1 FROM apart WHERE a = $2 AND b = $1)
         ON CONFLICT (notice_id, other_id, kind) DO UPDATE SET because = excluded.because, at = excluded.at
           WHERE suspicion.settled IS NULL",
        &[&later.get(), &older.get(), &kind.as_str(), &because, &millis(now)],
    )?;
    Ok(())
}

const SUSPICION: &str = "SELECT s.notice_id, s.other_id, l.story_id, o.story_id, s.kind, s.because, s.at, s.settled
    FROM suspicion s JOIN notice l ON l.id = s.notice_id JOIN notice o ON o.id = s.other_id";

/// What a notice is suspected of, settled or not, oldest first.
pub fn suspicions(db: &Db, notice: NoticeId) -> Result<Vec<Suspicion>> {
    let mut all = db.query(&format!("{SUSPICION} WHERE s.notice_id = $1 ORDER BY s.id"), &[&notice.get()], read)?;
    all.extend(db.query(&format!("{SUSPICION} WHERE s.other_id = $1 ORDER BY s.id"), &[&notice.get()], read)?);
    all.sort_by_key(|suspicion| (suspicion.at, suspicion.notice, suspicion.other));
    Ok(all)
}

/// What was suspected of two notices needs no look any more.
pub fn settle(tx: &Tx, one: NoticeId, other: NoticeId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE suspicion SET settled = $3 WHERE notice_id = $1 AND other_id = $2 AND settled IS NULL",
        &[&one.max(other).get(), &one.min(other).get(), &millis(now)],
    )?;
    Ok(())
}

/// Settles what was suspected of a notice and of those in whose story it stands now.
pub fn settle_within(tx: &Tx, notice: NoticeId, story: StoryId, now: Timestamp) -> Result<()> {
    let open = suspicions(tx, notice)?.into_iter().filter(|s| s.settled.is_none() && s.stories == (story, story));
    for suspicion in open {
        settle(tx, suspicion.notice, suspicion.other, now)?;
    }
    Ok(())
}

fn read(row: &Row) -> Result<Suspicion> {
    Ok(Suspicion {
        notice: NoticeId::new(row.get(0)?),
        other: NoticeId::new(row.get(1)?),
        stories: (StoryId::new(row.get(2)?), StoryId::new(row.get(3)?)),
        kind: super::word("a suspicion", &row.get::<String>(4)?, Suspected::parse)?,
        because: row.get(5)?,
        at: instant(row.get(6)?)?,
        settled: row.get::<Option<i64>>(7)?.map(instant).transpose()?,
    })
}
