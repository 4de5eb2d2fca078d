//! Addresses that are not written to, and why.

use jiff::Timestamp;
use serde::Serialize;

use super::{Db, Result, Tx, engine::Row, erasures, instant, millis, subscribers::fold, word};
use crate::model::{DeliveryId, EmailAddress, Ground, ReportId, SubscriberId};

/// One address that is not written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppression {
    /// In lower case.
    pub address: String,
    pub ground: Ground,
    /// The evidence: what the server said, or what a person gave as the reason.
    pub why: String,
    pub since: Timestamp,
    /// The message whose refusal was enough.
    pub delivery: Option<DeliveryId>,
    /// The report that told of it. None: it was refused at the door, or a person decided.
    pub report: Option<ReportId>,
}

/// What leads to a suppression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause<'a> {
    pub ground: Ground,
    pub why: &'a str,
    pub delivery: Option<DeliveryId>,
    pub report: Option<ReportId>,
}

/// Never again, whoever adds the address. `false`: that was so already, for the cause of then.
pub fn add(tx: &Tx, address: &EmailAddress, cause: &Cause, now: Timestamp) -> Result<bool> {
    let added = tx.execute(
        "INSERT INTO suppression (folded, why, since, ground, delivery_id, report_id) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (folded) DO NOTHING",
        &[
            &fold(address),
            &cause.why,
            &millis(now),
            &cause.ground.as_str(),
            &cause.delivery.map(DeliveryId::get),
            &cause.report.map(ReportId::get),
        ],
    )?;
    Ok(added > 0)
}

/// Lets go of what waits for a reader who is not to be written to. What a sender works on just now ends by itself.
pub fn cancel(tx: &Tx, subscriber: SubscriberId, now: Timestamp) -> Result<usize> {
    tx.execute(
        "UPDATE delivery SET state = 'cancelled', ended = $2 WHERE subscriber_id = $1 AND state IN ('queued', 'deferred')",
        &[&subscriber.get(), &millis(now)],
    )
}

const SUPPRESSION: &str = "SELECT folded, ground, why, since, delivery_id, report_id FROM suppression";

/// Why an address is not written to, if it is not. One whose person was erased keeps its ground alone.
pub fn get(db: &Db, address: &EmailAddress) -> Result<Option<Suppression>> {
    let known = db.query_first(&format!("{SUPPRESSION} WHERE folded = $1"), &[&fold(address)], read)?;
    if known.is_some() {
        return Ok(known);
    }
    let erased = erasures::find(db, address)?.and_then(|erased| Some((erased.ground?, erased.since)));
    Ok(erased.map(|(ground, since)| Suppression {
        address: fold(address),
        ground,
        why: String::from("the person was erased since"),
        since,
        delivery: None,
        report: None,
    }))
}

/// All of them, in the order of their addresses, but for those whose person was erased.
pub fn all(db: &Db) -> Result<Vec<Suppression>> {
    db.query(&format!("{SUPPRESSION} ORDER BY folded"), &[], read)
}

/// Ends the suppression of an address, and keeps that it was and why it ended. `false`: there was none.
pub fn lift(tx: &Tx, address: &EmailAddress, because: &str, now: Timestamp) -> Result<bool> {
    let folded = fold(address);
    let kept = tx.execute(
        "INSERT INTO lifted (folded, ground, why, since, lifted, because)
         SELECT folded, ground, why, since, $2, $3 FROM suppression WHERE folded = $1",
        &[&folded, &millis(now), &because],
    )?;
    tx.execute("DELETE FROM suppression WHERE folded = $1", &[&folded])?;
    Ok(erasures::lift(tx, address)? || kept > 0)
}

fn read(row: &Row) -> Result<Suppression> {
    Ok(Suppression {
        address: row.get(0)?,
        ground: word("the ground of a suppression", &row.get::<String>(1)?, Ground::parse)?,
        why: row.get(2)?,
        since: instant(row.get(3)?)?,
        delivery: row.get::<Option<i64>>(4)?.map(DeliveryId::new),
        report: row.get::<Option<i64>>(5)?.map(ReportId::new),
    })
}
