//! What was written to subscribers about their subscription, so that it is not written too often, and which answers are
//! waited for.

use jiff::Timestamp;

use super::{Db, Result, Tx, instant, millis};
use crate::model::{Letter, SubscriberId};

/// A letter is queued now. `until`: by when an answer is waited for.
pub fn note(tx: &Tx, to: SubscriberId, kind: Letter, now: Timestamp, until: Option<Timestamp>) -> Result<()> {
    tx.execute(
        "INSERT INTO letter (subscriber_id, kind, at, until) VALUES ($1, $2, $3, $4)
         ON CONFLICT (subscriber_id, kind) DO UPDATE SET at = excluded.at, until = excluded.until",
        &[&to.get(), &kind.as_str(), &millis(now), &until.map_or(0, millis)],
    )?;
    Ok(())
}

/// When a letter of this kind was last queued for a subscriber.
pub fn last(db: &Db, to: SubscriberId, kind: Letter) -> Result<Option<Timestamp>> {
    let at = db.query_first(
        "SELECT at FROM letter WHERE subscriber_id = $1 AND kind = $2",
        &[&to.get(), &kind.as_str()],
        |row| row.get::<i64>(0),
    )?;
    at.map(instant).transpose()
}

/// By when an answer to a letter of this kind is waited for.
pub fn until(db: &Db, to: SubscriberId, kind: Letter) -> Result<Option<Timestamp>> {
    let until = db.query_first(
        "SELECT until FROM letter WHERE subscriber_id = $1 AND kind = $2",
        &[&to.get(), &kind.as_str()],
        |row| row.get::<i64>(0),
    )?;
    until.filter(|until| *until > 0).map(instant).transpose()
}

/// No answer is waited for any more.
pub fn settle(tx: &Tx, to: SubscriberId, kind: Letter) -> Result<()> {
    tx.execute("UPDATE letter SET until = 0 WHERE subscriber_id = $1 AND kind = $2", &[&to.get(), &kind.as_str()])?;
    Ok(())
}

/// Whose answer to a letter of this kind is late, of those whom the letter reached as far as their server said.
pub fn overdue(db: &Db, kind: Letter, now: Timestamp, most: u32) -> Result<Vec<SubscriberId>> {
    db.query(
        "SELECT l.subscriber_id FROM letter l
         WHERE l.kind = $1 AND l.until > 0 AND l.until < $2
           AND EXISTS (SELECT 1 FROM delivery d WHERE d.subscriber_id = l.subscriber_id AND d.letter = $1 AND d.state = 'sent'
                         AND d.expires > l.at)
         ORDER BY l.until, l.subscriber_id LIMIT $3",
        &[&kind.as_str(), &millis(now), &most],
        |row| Ok(SubscriberId::new(row.get(0)?)),
    )
}

/// Active subscribers whose last consent is older than `before` and whose answer to a renewal is not waited for. Nothing is asked
/// of one who wants to hear nothing for now.
pub fn renewable(db: &Db, before: Timestamp, now: Timestamp) -> Result<Vec<SubscriberId>> {
    db.query(
        "SELECT id FROM subscriber
         WHERE state = 'active' AND consent_when < $1 AND paused_until <= $2
           AND NOT EXISTS (SELECT 1 FROM suppression WHERE suppression.folded = subscriber.folded)
           AND NOT EXISTS (SELECT 1 FROM letter l
                           WHERE l.subscriber_id = subscriber.id AND l.kind = 'renewal' AND l.until >= $2)
         ORDER BY id",
        &[&millis(before), &millis(now)],
        |row| Ok(SubscriberId::new(row.get(0)?)),
    )
}
