//! What is wrong with sources, from its first sign to the word that it is over.

use jiff::Timestamp;

use super::{Db, Result, Tx, engine::Row, instant, millis, word};
use crate::{
    alarm::{Alarm, AlarmKind, Raised},
    model::{AlarmId, SourceId},
};

/// Raises an alarm; one of its kind that is open already stays, with the cause of today.
pub fn raise(tx: &Tx, source: &SourceId, alarm: &Alarm) -> Result<()> {
    let same = |raised: &Raised| raised.alarm.kind == alarm.kind;
    match open(tx, source)?.iter().find(|raised| same(raised)) {
        Some(raised) if raised.alarm.detail == alarm.detail => Ok(()),
        Some(raised) => {
            tx.execute("UPDATE alarm SET detail = $2 WHERE id = $1", &[&raised.id.get(), &alarm.detail]).map(drop)
        }
        None => insert(tx, source, alarm),
    }
}

fn insert(tx: &Tx, source: &SourceId, alarm: &Alarm) -> Result<()> {
    tx.execute(
        "INSERT INTO alarm (source_id, kind, since, detail) VALUES ($1, $2, $3, $4)",
        &[&source.as_str(), &alarm.kind.as_str(), &millis(alarm.since), &alarm.detail],
    )?;
    Ok(())
}

/// Ends the open alarm of a kind, if there is one.
pub fn end(tx: &Tx, source: &SourceId, kind: AlarmKind, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE alarm SET ended = $3 WHERE source_id = $1 AND kind = $2 AND ended IS NULL",
        &[&source.as_str(), &kind.as_str(), &millis(now)],
    )?;
    Ok(())
}

/// Makes the open alarms of a source those that hold now, of the kinds that are judged at each visit.
pub fn settle(tx: &Tx, source: &SourceId, open: &[Raised], hold: &[Alarm], now: Timestamp) -> Result<()> {
    for raised in open.iter().filter(|raised| raised.alarm.kind.is_judged()) {
        if !hold.iter().any(|alarm| alarm.kind == raised.alarm.kind) {
            end(tx, source, raised.alarm.kind, now)?;
        }
    }
    for alarm in hold {
        match open.iter().find(|raised| raised.alarm.kind == alarm.kind) {
            Some(raised) if raised.alarm.detail == alarm.detail => {}
            _ => raise(tx, source, alarm)?,
        }
    }
    Ok(())
}

/// What is wrong with a source now.
pub fn open(db: &Db, source: &SourceId) -> Result<Vec<Raised>> {
    db.query(
        "SELECT id, source_id, kind, since, detail, ended, told, told_ended FROM alarm
         WHERE source_id = $1 AND ended IS NULL ORDER BY id",
        &[&source.as_str()],
        read,
    )
}

/// What is wrong with any of them now.
pub fn all_open(db: &Db) -> Result<Vec<Raised>> {
    db.query(
        "SELECT id, source_id, kind, since, detail, ended, told, told_ended FROM alarm
         WHERE ended IS NULL ORDER BY source_id, id",
        &[],
        read,
    )
}

/// The alarms of whose beginning or end the operator was not told.
pub fn untold(db: &Db) -> Result<Vec<Raised>> {
    let mut raised = db.query(
        "SELECT id, source_id, kind, since, detail, ended, told, told_ended FROM alarm
         WHERE told IS NULL ORDER BY id",
        &[],
        read,
    )?;
    raised.extend(db.query(
        "SELECT id, source_id, kind, since, detail, ended, told, told_ended FROM alarm
         WHERE ended IS NOT NULL AND told_ended IS NULL AND told IS NOT NULL ORDER BY id",
        &[],
        read,
    )?);
    raised.sort_by_key(|raised| raised.id);
    Ok(raised)
}

/// The operator was told, or need not be, that these began.
pub fn told(tx: &Tx, ids: &[AlarmId], now: Timestamp) -> Result<()> {
    ids.iter().try_for_each(|id| {
        tx.execute("UPDATE alarm SET told = $2 WHERE id = $1 AND told IS NULL", &[&id.get(), &millis(now)]).map(drop)
    })
}

/// The operator was told, or need not be, that these ended.
pub fn told_ended(tx: &Tx, ids: &[AlarmId], now: Timestamp) -> Result<()> {
    ids.iter().try_for_each(|id| {
        tx.execute(
            "UPDATE alarm SET told = COALESCE(told, $2), told_ended = $2 WHERE id = $1 AND ended IS NOT NULL",
            &[&id.get(), &millis(now)],
        )
        .map(drop)
    })
}

/// Ends what was wrong with a source that is watched no more; nobody needs to be told.
pub fn forget(tx: &Tx, id: AlarmId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE alarm SET ended = COALESCE(ended, $2), told = COALESCE(told, $2), told_ended = COALESCE(told_ended, $2)
         WHERE id = $1",
        &[&id.get(), &millis(now)],
    )?;
    Ok(())
}

/// Deletes what ended before `until`, but for the ends of which the operator is still to be told: how many there were.
pub fn tidy(tx: &Tx, until: Timestamp) -> Result<usize> {
    tx.execute("DELETE FROM alarm WHERE ended < $1 AND (told IS NULL OR told_ended IS NOT NULL)", &[&millis(until)])
}

fn read(row: &Row) -> Result<Raised> {
    let at = |column| row.get::<Option<i64>>(column)?.map(instant).transpose();
    Ok(Raised {
        id: AlarmId::new(row.get(0)?),
        source: word("the id of a source", &row.get::<String>(1)?, SourceId::parse)?,
        alarm: Alarm {
            kind: word("the kind of an alarm", &row.get::<String>(2)?, AlarmKind::parse)?,
            since: instant(row.get(3)?)?,
            detail: row.get(4)?,
        },
        ended: at(5)?,
        told: at(6)?,
        told_ended: at(7)?,
    })
}
