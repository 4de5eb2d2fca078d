//! Reports of what became of deliveries, and what is held against the addresses they went to.

use jiff::Timestamp;

use super::{Db, Result, Tx, engine::Row, instant, millis, subscribers::fold, word};
use crate::model::{DeliveryId, DeliveryState, EmailAddress, Fault, ReportId, SmtpReply, Strike, SubscriberId};

/// A delivery as a report finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub id: DeliveryId,
    pub subscriber: Option<SubscriberId>,
    pub address: EmailAddress,
    pub state: DeliveryState,
    /// When it ended; when it was queued or tried last, where it did not.
    pub at: Timestamp,
}

/// What a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Failure,
    Delay,
    Success,
    Complaint,
    /// A complaint that is no reader's wish.
    Notice,
    /// A mail to the address at which a reader leaves.
    Leave,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Kind::Failure => "failure",
            Kind::Delay => "delay",
            Kind::Success => "success",
            Kind::Complaint => "complaint",
            Kind::Notice => "notice",
            Kind::Leave => "leave",
        }
    }
}

/// A report to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReport<'a> {
    pub digest: &'a str,
    pub delivery: Option<DeliveryId>,
    pub subscriber: Option<SubscriberId>,
    pub kind: Kind,
    pub action: &'a str,
    pub reply: &'a SmtpReply,
    pub host: &'a str,
    pub blames: &'a str,
}

/// Keeps a report.
pub fn keep(tx: &Tx, report: &NewReport, now: Timestamp) -> Result<ReportId> {
    let id = tx.insert(
        "INSERT INTO report (digest, delivery_id, subscriber_id, kind, at, action, code, status, diagnostic, host, blames)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
        &[
            &report.digest,
            &report.delivery.map(DeliveryId::get),
            &report.subscriber.map(SubscriberId::get),
            &report.kind.as_str(),
            &millis(now),
            &report.action,
            &report.reply.code,
            &report.reply.enhanced.as_deref().unwrap_or(""),
            &report.reply.text,
            &report.host,
            &report.blames,
        ],
    )?;
    Ok(ReportId::new(id))
}

/// Whether a mail was taken in before.
pub fn is_known(db: &Db, digest: &str) -> Result<bool> {
    Ok(db.query_first("SELECT id FROM report WHERE digest = $1", &[&digest], |_| Ok(()))?.is_some())
}

pub fn find(db: &Db, id: DeliveryId) -> Result<Option<Found>> {
    db.query_first(
        "SELECT d.id, d.subscriber_id, coalesce(nullif(d.address, ''), s.address), d.state, coalesce(d.ended, d.due)
         FROM delivery d LEFT JOIN subscriber s ON s.id = d.subscriber_id WHERE d.id = $1",
        &[&id.get()],
        read,
    )
}

/// The delivery that bears a Message-ID, without brackets.
pub fn by_message_id(db: &Db, message_id: &str) -> Result<Option<DeliveryId>> {
    db.query_first("SELECT id FROM delivery WHERE message_id = $1 ORDER BY id LIMIT 1", &[&message_id], |row| {
        Ok(DeliveryId::new(row.get(0)?))
    })
}

fn read(row: &Row) -> Result<Found> {
    Ok(Found {
        id: DeliveryId::new(row.get(0)?),
        subscriber: row.get::<Option<i64>>(1)?.map(SubscriberId::new),
        address: word("an address", &row.get::<String>(2)?, |text| EmailAddress::parse(text).ok())?,
        state: word("the state of a delivery", &row.get::<String>(3)?, DeliveryState::parse)?,
        at: instant(row.get(4)?)?,
    })
}

/// What had been sent, or perhaps sent, failed after all: what the report says is kept as the last word on it. When it ended
/// stays. One that waits for its next try failed where an earlier one may have arrived. `false` where it stands otherwise.
pub fn fail(tx: &Tx, id: DeliveryId, told: &ByReport, now: Timestamp) -> Result<bool> {
    let changed = tx.execute(
        "UPDATE delivery SET state = 'failed', attempts = attempts + 1, ended = coalesce(ended, $2)
         WHERE id = $1 AND (state IN ('sent', 'ambiguous') OR (state IN ('queued', 'deferred')
           AND EXISTS (SELECT 1 FROM attempt a WHERE a.delivery_id = delivery.id AND a.state IN ('at_data', 'claimed'))))",
        &[&id.get(), &millis(now)],
    )?;
    if changed > 0 {
        keep_attempt(tx, id, DeliveryState::Failed, told, now)?;
    }
    Ok(changed > 0)
}

/// What had perhaps been sent arrived: it is not sent again. `false` where there was no doubt.
pub fn settle(tx: &Tx, id: DeliveryId, told: &ByReport, now: Timestamp) -> Result<bool> {
    let changed = tx.execute(
        "UPDATE delivery SET state = 'sent', attempts = attempts + 1, ended = $2
         WHERE id = $1 AND (state IN ('ambiguous', 'at_data') OR (state IN ('queued', 'deferred', 'claimed')
           AND EXISTS (SELECT 1 FROM attempt a WHERE a.delivery_id = delivery.id AND a.state IN ('at_data', 'claimed'))))",
        &[&id.get(), &millis(now)],
    )?;
    if changed > 0 {
        keep_attempt(tx, id, DeliveryState::Sent, told, now)?;
    }
    Ok(changed > 0)
}

/// What a report says of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByReport<'a> {
    pub reply: &'a SmtpReply,
    pub host: &'a str,
    /// Who keeps the mailbox, where the report tells; '' where it does not.
    pub operator: &'a str,
}

fn keep_attempt(tx: &Tx, id: DeliveryId, state: DeliveryState, told: &ByReport, now: Timestamp) -> Result<()> {
    let ByReport { reply, host, operator } = told;
    let enhanced = reply.enhanced.as_deref().unwrap_or("");
    tx.execute(
        "INSERT INTO attempt (delivery_id, number, at, state, code, enhanced, text, host, operator)
         SELECT d.id, d.attempts, $2, $3, $4, $5, $6, $7, coalesce(nullif(a.operator, ''), $8)
         FROM delivery d LEFT JOIN attempt a ON a.delivery_id = d.id AND a.number = d.attempts - 1 WHERE d.id = $1",
        &[&id.get(), &millis(now), &state.as_str(), &reply.code, &enhanced, &reply.text, host, operator],
    )?;
    Ok(())
}

/// Holds a message against an address. Of several tries and reports of one message, the last one says what its fault was.
pub fn strike(tx: &Tx, address: &EmailAddress, strike: &Strike) -> Result<()> {
    tx.execute(
        "INSERT INTO strike (delivery_id, folded, fault, at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (delivery_id) DO UPDATE SET fault = excluded.fault",
        &[&strike.delivery.get(), &fold(address), &strike.fault.as_str(), &millis(strike.at)],
    )?;
    Ok(())
}

/// What is held against an address since its subscriber last took a message: a delivery that a report turned into a failure
/// took none, so that a server which takes all and refuses later clears nothing.
pub fn strikes(db: &Db, address: &EmailAddress, subscriber: Option<SubscriberId>) -> Result<Vec<Strike>> {
    let last: Option<i64> = match subscriber {
        Some(id) => {
            db.value("SELECT max(ended) FROM delivery WHERE subscriber_id = $1 AND state = 'sent'", &[&id.get()])?
        }
        None => None,
    };
    db.query(
        "SELECT delivery_id, fault, at FROM strike WHERE folded = $1 AND at > $2 ORDER BY at, delivery_id",
        &[&fold(address), &last.unwrap_or(i64::MIN)],
        |row| {
            Ok(Strike {
                delivery: DeliveryId::new(row.get(0)?),
                fault: word("a fault", &row.get::<String>(1)?, Fault::parse)?,
                at: instant(row.get(2)?)?,
            })
        },
    )
}

/// Holds nothing against an address any more.
pub fn forgive(tx: &Tx, address: &EmailAddress) -> Result<()> {
    tx.execute("DELETE FROM strike WHERE folded = $1", &[&fold(address)]).map(drop)
}

/// Forgets what is older: how many reports went.
pub fn tidy(tx: &Tx, until: Timestamp) -> Result<usize> {
    tx.execute("DELETE FROM strike WHERE at < $1", &[&millis(until)])?;
    tx.execute("DELETE FROM report WHERE at < $1", &[&millis(until)])
}
