//! What is looked at for alerts, and who was alerted of what. A story that was merged into another is known by that one's
//! number too.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{Db, Result, StoreError, Tx, engine::Row, instant, millis, word};
use crate::{
    bulletin::Item,
    model::{BulletinId, News, StoryId, SubscriberId},
};

/// Has a story that moved looked at for alerts: there may be more to it than was told, or it may be one only now. Only what
/// readers may see.
pub(super) fn look_at(tx: &Tx, id: StoryId, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO waiting (cadence, story_id, since) SELECT 'alert', id, $2 FROM story WHERE id = $1 AND review = 'approved'
         ON CONFLICT (cadence, story_id) DO NOTHING",
        &[&id.get(), &millis(now)],
    )?;
    Ok(())
}

/// Has it looked at for alerts because it presses more now: however old it is, that is news.
pub fn presses_more(tx: &Tx, id: StoryId, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO waiting (cadence, story_id, since, graver)
         SELECT 'alert', id, $2, 1 FROM story WHERE id = $1 AND review = 'approved'
         ON CONFLICT (cadence, story_id) DO UPDATE SET graver = 1",
        &[&id.get(), &millis(now)],
    )?;
    Ok(())
}

/// Those that wait for alerts because they press more than they did.
pub fn pressing_more(db: &Db) -> Result<BTreeSet<StoryId>> {
    let sql = "SELECT story_id FROM waiting WHERE cadence = 'alert' AND graver = 1";
    Ok(db.query(sql, &[], |row| Ok(StoryId::new(row.get(0)?)))?.into_iter().collect())
}

/// Takes back a story that an editor kept out: what was not sent of its alerts is not, and whoever got one is to hear of it.
/// A message that is on its way, or that may have arrived, counts as got; one that was refused does not. Nothing where readers may see the story.
pub fn withdraw(tx: &Tx, id: StoryId, now: Timestamp) -> Result<()> {
    let is_out = "SELECT 1 FROM story WHERE id = $1 AND review = 'rejected' AND merged_into IS NULL";
    if tx.query_first(is_out, &[&id.get()], |_| Ok(()))?.is_none() {
        return Ok(());
    }
    tx.execute("DELETE FROM alert_held WHERE story_id = $1 AND news <> 'end'", &[&id.get()])?;
    tx.execute(
        "DELETE FROM alerted WHERE story_id IN (SELECT id FROM story WHERE id = $1 OR merged_into = $1)
           AND EXISTS (SELECT 1 FROM delivery d
             WHERE d.bulletin_id = alerted.bulletin_id AND d.subscriber_id = alerted.subscriber_id
               AND d.state IN ('queued', 'deferred', 'failed')
               AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.delivery_id = d.id AND a.state IN ('at_data', 'claimed')))",
        &[&id.get()],
    )?;
    // Where nothing else is in the mail, there is none.
    tx.execute(
        "UPDATE delivery SET state = 'cancelled', ended = $2
         WHERE bulletin_id IN (SELECT t.bulletin_id FROM bulletin_story t JOIN bulletin b ON b.id = t.bulletin_id
             WHERE b.cadence = 'alert' AND t.story_id IN (SELECT id FROM story WHERE id = $1 OR merged_into = $1))
           AND state IN ('queued', 'deferred')
           AND NOT EXISTS (SELECT 1 FROM alerted a
             WHERE a.bulletin_id = delivery.bulletin_id AND a.subscriber_id = delivery.subscriber_id)",
        &[&id.get(), &millis(now)],
    )?;
    tx.execute(
        "INSERT INTO waiting (cadence, story_id, since) SELECT 'alert', id, $2 FROM story WHERE id = $1
           AND EXISTS (SELECT 1 FROM alerted WHERE story_id IN (SELECT id FROM story WHERE id = $1 OR merged_into = $1))
         ON CONFLICT (cadence, story_id) DO NOTHING",
        &[&id.get(), &millis(now)],
    )?;
    Ok(())
}

/// Has a story that comes back looked at for alerts, where there was one of it: those from whom it was taken back did not get it,
/// the others may have been told that it was withdrawn.
pub fn bring_back(tx: &Tx, id: StoryId, now: Timestamp) -> Result<()> {
    match last_told(tx, id)? {
        Some(_) => look_at(tx, id, now),
        None => Ok(()),
    }
}

const WITHDRAWN: &str = "SELECT w.story_id FROM waiting w JOIN story s ON s.id = w.story_id
     WHERE w.cadence = 'alert' AND s.review = 'rejected' AND s.merged_into IS NULL";

/// The stories that were taken back after an alert of which somebody is to hear.
pub fn withdrawn(db: &Db) -> Result<Vec<StoryId>> {
    db.query(&format!("{WITHDRAWN} ORDER BY w.story_id"), &[], |row| Ok(StoryId::new(row.get(0)?)))
}

/// Whether [`withdrawn`] has any.
pub fn is_withdrawn(db: &Db) -> Result<bool> {
    Ok(db.query_first(&format!("{WITHDRAWN} LIMIT 1"), &[], |_| Ok(()))?.is_some())
}

/// What one reader gets of an alert edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    pub story: StoryId,
    pub news: News,
}

/// Keeps which part of an alert edition is for a reader.
pub fn add(tx: &Tx, bulletin: BulletinId, to: SubscriberId, part: Part) -> Result<()> {
    tx.execute(
        "INSERT INTO alerted (bulletin_id, subscriber_id, story_id, news) VALUES ($1, $2, $3, $4)",
        &[&bulletin.get(), &to.get(), &part.story.get(), &part.news.as_str()],
    )?;
    Ok(())
}

/// Which part of an edition is for a reader; nothing of one that is no alert.
pub fn share(db: &Db, bulletin: BulletinId, of: SubscriberId) -> Result<Vec<Part>> {
    db.query(
        "SELECT story_id, news FROM alerted WHERE bulletin_id = $1 AND subscriber_id = $2 ORDER BY story_id",
        &[&bulletin.get(), &of.get()],
        read,
    )
}

fn read(row: &Row) -> Result<Part> {
    let news = word("the news of an alert", &row.get::<String>(1)?, News::parse)?;
    Ok(Part { story: StoryId::new(row.get(0)?), news })
}

/// The last that a reader was alerted of in a story.
pub fn last_news(db: &Db, of: SubscriberId, story: StoryId) -> Result<Option<News>> {
    db.query_first(
        "SELECT news FROM alerted
         WHERE subscriber_id = $1 AND story_id IN (SELECT id FROM story WHERE id = $2 OR merged_into = $2)
         ORDER BY bulletin_id DESC LIMIT 1",
        &[&of.get(), &story.get()],
        |row| word("the news of an alert", &row.get::<String>(0)?, News::parse),
    )
}

/// When the alert mail was frozen that a reader got so many mails ago (1 is the last), if that was later than `since`.
pub fn mail_before(db: &Db, of: SubscriberId, back: u32, since: Timestamp) -> Result<Option<Timestamp>> {
    // From the editions of a day, which are few: what a reader ever got is long.
    db.query_first(
        "SELECT b.frozen FROM bulletin b WHERE b.cadence = 'alert' AND b.slot > $2
           AND EXISTS (SELECT 1 FROM alerted a WHERE a.bulletin_id = b.id AND a.subscriber_id = $1)
         ORDER BY b.slot DESC LIMIT 1 OFFSET $3",
        &[&of.get(), &millis(since), &back.saturating_sub(1)],
        |row| instant(row.get(0)?),
    )
}

/// Holds back what a reader has no room for until then.
pub fn hold(tx: &Tx, of: SubscriberId, part: Part, due: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO alert_held (subscriber_id, story_id, news, due) VALUES ($1, $2, $3, $4)
         ON CONFLICT (subscriber_id, story_id) DO UPDATE SET news = excluded.news, due = excluded.due",
        &[&of.get(), &part.story.get(), &part.news.as_str(), &millis(due)],
    )?;
    Ok(())
}

/// What is held back longer than a day was put off by a clock gone wrong.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

fn latest(now: Timestamp) -> i64 {
    millis(now.checked_add(LONGEST).unwrap_or(Timestamp::MAX))
}

/// The stories of which something was held back and has room now.
pub fn held_stories(db: &Db, now: Timestamp) -> Result<Vec<StoryId>> {
    db.query(
        "SELECT DISTINCT story_id FROM alert_held WHERE due <= $1 OR due > $2 ORDER BY story_id",
        &[&millis(now), &latest(now)],
        |row| Ok(StoryId::new(row.get(0)?)),
    )
}

/// What was held back of one reader and has room now.
pub fn held(db: &Db, of: SubscriberId, now: Timestamp) -> Result<Vec<Part>> {
    db.query(
        "SELECT story_id, news FROM alert_held WHERE subscriber_id = $1 AND (due <= $2 OR due > $3) ORDER BY story_id",
        &[&of.get(), &millis(now), &latest(now)],
        read,
    )
}

/// Whether [`held_stories`] has any.
pub fn is_held(db: &Db, now: Timestamp) -> Result<bool> {
    let sql = "SELECT 1 FROM alert_held WHERE due <= $1 OR due > $2 LIMIT 1";
    Ok(db.query_first(sql, &[&millis(now), &latest(now)], |_| Ok(()))?.is_some())
}

/// Lets go of what had room now: it was sent, was held back anew, or nobody wants it any more.
pub fn release(tx: &Tx, now: Timestamp) -> Result<()> {
    tx.execute("DELETE FROM alert_held WHERE due <= $1", &[&millis(now)])?;
    tx.execute("DELETE FROM alert_held WHERE due > $1", &[&latest(now)])?;
    Ok(())
}

/// A story as the last alert told it, and when that was frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastTold {
    pub item: Item,
    pub at: Timestamp,
}

pub fn last_told(db: &Db, story: StoryId) -> Result<Option<LastTold>> {
    db.query_first(
        "SELECT s.item, b.frozen FROM bulletin_story s JOIN bulletin b ON b.id = s.bulletin_id
         WHERE s.story_id IN (SELECT id FROM story WHERE id = $1 OR merged_into = $1) AND b.cadence = 'alert'
         ORDER BY b.id DESC LIMIT 1",
        &[&story.get()],
        |row| {
            let json: String = row.get(0)?;
            let item = serde_json::from_str(&json)
                .map_err(|error| StoreError::Value { what: "an item of a bulletin", value: error.to_string() })?;
            Ok(LastTold { item, at: instant(row.get(1)?)? })
        },
    )
}
