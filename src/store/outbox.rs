//! Deliveries: one row per bulletin and subscriber, from the transaction that froze the bulletin.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Db, Result, Tx, engine::Row, instant, millis, word};
use crate::model::{
    BulletinId, Delivery, DeliveryId, DeliveryState, Doubt, EmailAddress, Letter, Matter, SmtpReply, SubscriberId,
    Urgency,
};

/// Queues one bulletin for one subscriber. Queued already: nothing changes.
pub fn queue(
    tx: &Tx,
    bulletin: BulletinId,
    subscriber: SubscriberId,
    message_id: &str,
    urgency: Urgency,
    now: Timestamp,
    expires: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO delivery (bulletin_id, subscriber_id, letter, address, particulars, message_id, state, attempts, due,
                               expires, sender, urgent)
         VALUES ($1, $2, '', '', '', $3, 'queued', 0, $4, $5, 0, $6) ON CONFLICT (bulletin_id, subscriber_id) DO NOTHING",
        &[&bulletin.get(), &subscriber.get(), &message_id, &millis(now), &millis(expires), &number(urgency)],
    )?;
    Ok(())
}

/// A letter to be sent: to a subscriber, or to an address that is none's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLetter<'a> {
    pub kind: Letter,
    pub subscriber: Option<SubscriberId>,
    pub address: &'a EmailAddress,
    /// JSON: what it says besides.
    pub particulars: &'a str,
    pub message_id: &'a str,
}

/// Queues a letter. What it says is written when it is sent.
pub fn queue_letter(tx: &Tx, letter: &NewLetter, now: Timestamp, expires: Timestamp) -> Result<DeliveryId> {
    let id = tx.insert(
        "INSERT INTO delivery (bulletin_id, subscriber_id, letter, address, particulars, message_id, state, attempts, due,
                               expires, sender, urgent)
         VALUES (NULL, $1, $2, $3, $4, $5, 'queued', 0, $6, $7, 0, $8) RETURNING id",
        &[
            &letter.subscriber.map(SubscriberId::get),
            &letter.kind.as_str(),
            &letter.address.as_str(),
            &letter.particulars,
            &letter.message_id,
            &millis(now),
            &millis(expires),
            &number(letter.kind.urgency()),
        ],
    )?;
    Ok(DeliveryId::new(id))
}

/// How many letters of a kind were queued for a subscriber that expire after that instant.
pub fn count_letters(db: &Db, kind: Letter, subscriber: SubscriberId, expire_after: Timestamp) -> Result<u32> {
    db.value(
        "SELECT count(*) FROM delivery WHERE subscriber_id = $1 AND letter = $2 AND expires > $3",
        &[&subscriber.get(), &kind.as_str(), &millis(expire_after)],
    )
}

/// As the column `urgent` has it.
const fn number(urgency: Urgency) -> i64 {
    match urgency {
        Urgency::Urgent => 1,
        Urgency::Ordinary => 0,
    }
}

/// Longer than any wait for a next try: a delivery that is due later than that was put off by a clock gone wrong.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24);

/// States in which a delivery waits for somebody: refused for now, never tried, or held by a sender whose lease is over.
const CLAIMABLE: [DeliveryState; 3] = [DeliveryState::Deferred, DeliveryState::Queued, DeliveryState::Claimed];

/// Takes up to `most` deliveries of these urgencies that are due, for the sender of this epoch, until `lease` at the latest:
/// then they are anybody's again.
pub fn claim(
    tx: &Tx,
    epoch: i64,
    which: &[Urgency],
    most: u32,
    now: Timestamp,
    lease: Timestamp,
) -> Result<Vec<Delivery>> {
    let mut claimed: Vec<Delivery> = Vec::new();
    // One state at a time, each in the order of its index: to sort all that is due would cost more than to send it.
    for (urgency, state) in which.iter().flat_map(|urgency| CLAIMABLE.map(|state| (*urgency, state))) {
        for (range, bound) in [("<=", now), (">", too_late(now))] {
            let room = most.saturating_sub(u32::try_from(claimed.len()).unwrap_or(most));
            if room > 0 {
                claimed.extend(tx.query(
                    &format!(
                        "{DELIVERY} WHERE d.state = $1 AND d.urgent = $2 AND d.due {range} $3 ORDER BY d.due, d.id LIMIT $4"
                    ),
                    &[&state.as_str(), &number(urgency), &millis(bound), &room],
                    read,
                )?);
            }
        }
    }
    for delivery in &claimed {
        tx.execute(
            "UPDATE delivery SET state = 'claimed', due = $2, sender = $3 WHERE id = $1",
            &[&delivery.id.get(), &millis(lease), &epoch],
        )?;
    }
    Ok(claimed)
}

fn too_late(now: Timestamp) -> Timestamp {
    now.checked_add(LONGEST_WAIT).unwrap_or(Timestamp::MAX)
}

/// Whether a sender holds any, or held it when it died: then [`recover`] has it.
pub fn is_held(db: &Db) -> Result<bool> {
    let held = "SELECT id FROM delivery WHERE state = 'claimed' OR state = 'at_data' LIMIT 1";
    Ok(db.query_first(held, &[], |_| Ok(()))?.is_some())
}

/// Whether [`claim`] of these urgencies has any that no sender holds.
pub fn is_due(db: &Db, which: &[Urgency], now: Timestamp) -> Result<bool> {
    for urgency in which {
        let first = db.query_first(
            "SELECT id FROM delivery
             WHERE (state = 'queued' AND urgent = $1 AND due <= $2) OR (state = 'queued' AND urgent = $1 AND due > $3)
               OR (state = 'deferred' AND urgent = $1 AND due <= $2) OR (state = 'deferred' AND urgent = $1 AND due > $3)
             LIMIT 1",
            &[&number(*urgency), &millis(now), &millis(too_late(now))],
            |_| Ok(()),
        )?;
        if first.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The first delivery of these urgencies to come due after now, if one does before `until`.
pub fn next_due(db: &Db, which: &[Urgency], until: Timestamp) -> Result<Option<Timestamp>> {
    let mut next = None;
    for urgency in which {
        for state in [DeliveryState::Queued, DeliveryState::Deferred] {
            let first = db.query_first(
                "SELECT due FROM delivery WHERE state = $1 AND urgent = $2 AND due <= $3 ORDER BY due LIMIT 1",
                &[&state.as_str(), &number(*urgency), &millis(until)],
                |row| instant(row.get(0)?),
            )?;
            next = next.into_iter().chain(first).min();
        }
    }
    Ok(next)
}

/// Marks a delivery whose final dot is about to go out. `false`: it is no longer this sender's to send (its reader left,
/// or its lease ended), and must not be.
pub fn mark(tx: &Tx, epoch: i64, id: DeliveryId, lease: Timestamp) -> Result<bool> {
    let marked = tx.execute(
        "UPDATE delivery SET state = 'at_data', due = $3 WHERE id = $1 AND sender = $2 AND state = 'claimed'",
        &[&id.get(), &epoch, &millis(lease)],
    )?;
    Ok(marked > 0)
}

/// What becomes of a delivery whose sender died with its final dot on the way: nobody can know whether it arrived
/// (RFC 1047).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ambiguous {
    /// It is sent again at this instant, under the same Message-ID.
    Resend(Timestamp),
    /// It is left to a person.
    Hold,
}

/// Takes back what senders that are not alive had: what was claimed was certainly not sent and is due at once, what was
/// at its final dot is ambiguous. How many of each.
pub fn recover(tx: &Tx, alive: &[i64], then: Ambiguous, now: Timestamp) -> Result<(usize, usize)> {
    // None that is alive: no epoch is below 1.
    let alive: Vec<String> = alive.iter().map(i64::to_string).collect();
    let alive = if alive.is_empty() { String::from("0") } else { alive.join(", ") };
    let claimed = tx.execute(
        &format!("UPDATE delivery SET state = 'queued', due = $1 WHERE state = 'claimed' AND sender NOT IN ({alive})"),
        &[&millis(now)],
    )?;
    let ids = tx.query(
        &format!("SELECT id FROM delivery WHERE state = 'at_data' AND (due <= $1 OR sender NOT IN ({alive}))"),
        &[&millis(now)],
        |row| row.get::<i64>(0),
    )?;
    let (state, due) = match then {
        Ambiguous::Resend(at) => (DeliveryState::Deferred, at),
        Ambiguous::Hold => (DeliveryState::Ambiguous, now),
    };
    for id in &ids {
        let text = String::from("the sender ended before the reply to the final dot");
        let attempt = Attempt {
            delivery: DeliveryId::new(*id),
            at: now,
            state,
            // As it was claimed: it may not even have begun.
            tried: DeliveryState::Claimed,
            due,
            reply: SmtpReply { code: 0, enhanced: None, text },
            host: String::new(),
            operator: String::new(),
        };
        write(tx, &attempt)?;
    }
    Ok((claimed, ids.len()))
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub delivery: DeliveryId,
    pub at: Timestamp,
    /// `sent`, `failed`, `deferred` (then `due` says until when), or `queued` again when it did not begin.
    pub state: DeliveryState,
    /// What this try came to: as `state`, or `at_data` when it broke off behind the final dot, or `claimed` when its sender
    /// died near it.
    pub tried: DeliveryState,
    pub due: Timestamp,
    pub reply: SmtpReply,
    /// Who answered; empty where nobody was asked.
    pub host: String,
    /// Who keeps the mailbox, where that is known.
    pub operator: String,
}

/// Keeps a try and what the other side said, for the sender of this epoch. One whose lease ended meanwhile changes nothing,
/// but that a message was sent is true whoever says it. Whether it was kept.
pub fn record(tx: &Tx, epoch: i64, attempt: &Attempt) -> Result<bool> {
    let is_mine = tx.query_first(
        "SELECT sender = $2 AND state IN ('claimed', 'at_data'), state IN ('queued', 'deferred', 'claimed', 'at_data', 'ambiguous')
         FROM delivery WHERE id = $1",
        &[&attempt.delivery.get(), &epoch],
        |row| Ok((row.get::<bool>(0)?, row.get::<bool>(1)?)),
    )?;
    let counts = is_mine.is_some_and(|(mine, open)| mine || (open && attempt.state == DeliveryState::Sent));
    if counts {
        write(tx, attempt)?;
    }
    Ok(counts)
}

fn write(tx: &Tx, attempt: &Attempt) -> Result<()> {
    let ended = match attempt.state {
        DeliveryState::Sent | DeliveryState::Failed | DeliveryState::Ambiguous | DeliveryState::Cancelled => {
            Some(millis(attempt.at))
        }
        _ => None,
    };
    tx.execute(
        "UPDATE delivery SET state = $2, attempts = attempts + 1, due = $3, ended = $4 WHERE id = $1",
        &[&attempt.delivery.get(), &attempt.state.as_str(), &millis(attempt.due), &ended],
    )?;
    tx.execute(
        "INSERT INTO attempt (delivery_id, number, at, state, code, enhanced, text, host, operator)
         SELECT id, attempts, $2, $3, $4, $5, $6, $7, $8 FROM delivery WHERE id = $1",
        &[
            &attempt.delivery.get(),
            &millis(attempt.at),
            &attempt.tried.as_str(),
            &attempt.reply.code,
            &attempt.reply.enhanced.as_deref().unwrap_or(""),
            &attempt.reply.text,
            &attempt.host,
            &attempt.operator,
        ],
    )?;
    Ok(())
}

/// Puts back a delivery that this sender had and did not begin, to be due then.
pub fn unclaim(tx: &Tx, epoch: i64, id: DeliveryId, due: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE delivery SET state = 'queued', due = $3 WHERE id = $1 AND sender = $2 AND state IN ('claimed', 'at_data')",
        &[&id.get(), &epoch, &millis(due)],
    )?;
    Ok(())
}

/// How many deliveries stand where, for one bulletin or for all.
pub fn tally(db: &Db, bulletin: Option<BulletinId>) -> Result<Vec<(DeliveryState, u64)>> {
    let read = |row: &Row| {
        let state = word("the state of a delivery", &row.get::<String>(0)?, DeliveryState::parse)?;
        Ok((state, u64::try_from(row.get::<i64>(1)?).unwrap_or(0)))
    };
    match bulletin {
        Some(id) => db.query(
            "SELECT state, count(*) FROM delivery WHERE bulletin_id = $1 GROUP BY state ORDER BY state",
            &[&id.get()],
            read,
        ),
        None => db.query("SELECT state, count(*) FROM delivery GROUP BY state ORDER BY state", &[], read),
    }
}

/// A delivery as an operator looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    pub address: EmailAddress,
    pub state: DeliveryState,
    pub attempts: u32,
    pub due: Timestamp,
    /// What the other side said last; empty before the first try.
    pub reply: String,
}

/// The deliveries of one bulletin, in the order in which they were queued.
pub fn of_bulletin(db: &Db, id: BulletinId) -> Result<Vec<Outcome>> {
    db.query(
        "SELECT s.address, d.state, d.attempts, d.due, coalesce(a.code, 0), coalesce(a.enhanced, ''), coalesce(a.text, '')
         FROM delivery d JOIN subscriber s ON s.id = d.subscriber_id
           LEFT JOIN attempt a ON a.delivery_id = d.id AND a.number = d.attempts
         WHERE d.bulletin_id = $1 ORDER BY d.id",
        &[&id.get()],
        |row| {
            let enhanced: String = row.get(5)?;
            let reply = SmtpReply {
                code: row.get(4)?,
                enhanced: Some(enhanced).filter(|enhanced| !enhanced.is_empty()),
                text: row.get(6)?,
            };
            Ok(Outcome {
                address: word("an address", &row.get::<String>(0)?, |text| EmailAddress::parse(text).ok())?,
                state: word("the state of a delivery", &row.get::<String>(1)?, DeliveryState::parse)?,
                attempts: row.get(2)?,
                due: instant(row.get(3)?)?,
                reply: reply.to_string(),
            })
        },
    )
}

/// Queues once more what of a bulletin did not arrive for certain: refused for good, given up, or ambiguous; not for readers
/// who left, paused, or must not be written to, nor of an alert all of which was taken back. How many deliveries that were.
pub fn resend(tx: &Tx, id: BulletinId, now: Timestamp, expires: Timestamp) -> Result<usize> {
    tx.execute(
        "UPDATE delivery SET state = 'queued', due = $2, expires = $3, ended = NULL
         WHERE bulletin_id = $1 AND state IN ('failed', 'ambiguous') AND EXISTS (
           SELECT 1 FROM subscriber s WHERE s.id = delivery.subscriber_id AND s.state = 'active'
             AND s.paused_until <= $2 AND NOT EXISTS (SELECT 1 FROM suppression p WHERE p.folded = s.folded))
           AND (EXISTS (SELECT 1 FROM bulletin b WHERE b.id = $1 AND b.cadence <> 'alert')
             OR EXISTS (SELECT 1 FROM alerted a WHERE a.bulletin_id = $1 AND a.subscriber_id = delivery.subscriber_id))",
        &[&id.get(), &millis(now), &millis(expires)],
    )
}

/// Makes everything due that waits for its next try. How many deliveries that were.
pub fn hasten(tx: &Tx, now: Timestamp) -> Result<usize> {
    tx.execute("UPDATE delivery SET due = $1 WHERE state = 'deferred' AND due > $1", &[&millis(now)])
}

const DELIVERY: &str =
    "SELECT d.id, d.bulletin_id, d.letter, d.particulars, d.subscriber_id, coalesce(nullif(d.address, ''), s.address),
    d.message_id, d.state, d.attempts, d.due, d.expires,
    EXISTS (SELECT 1 FROM attempt a WHERE a.delivery_id = d.id AND a.state = 'at_data')
  FROM delivery d LEFT JOIN subscriber s ON s.id = d.subscriber_id";

/// All deliveries to one subscriber, newest first.
pub fn of_subscriber(db: &Db, id: SubscriberId) -> Result<Vec<Delivery>> {
    db.query(&format!("{DELIVERY} WHERE d.subscriber_id = $1 ORDER BY d.id DESC"), &[&id.get()], read)
}

fn read(row: &Row) -> Result<Delivery> {
    Ok(Delivery {
        id: DeliveryId::new(row.get(0)?),
        matter: match row.get::<Option<i64>>(1)? {
            Some(bulletin) => Matter::Bulletin(BulletinId::new(bulletin)),
            None => Matter::Letter {
                kind: word("a letter", &row.get::<String>(2)?, Letter::parse)?,
                particulars: row.get(3)?,
            },
        },
        subscriber: row.get::<Option<i64>>(4)?.map(SubscriberId::new),
        address: word("an address", &row.get::<String>(5)?, |text| EmailAddress::parse(text).ok())?,
        message_id: row.get(6)?,
        state: word("the state of a delivery", &row.get::<String>(7)?, DeliveryState::parse)?,
        attempts: row.get(8)?,
        due: instant(row.get(9)?)?,
        expires: instant(row.get(10)?)?,
        doubt: if row.get(11)? { Doubt::MayHaveArrived } else { Doubt::None },
    })
}
