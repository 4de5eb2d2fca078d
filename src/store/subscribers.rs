//! Readers, their consent and their preferences; and whom not to write to.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Db, Result, Tx, engine::Row, instant, millis, word};
use crate::model::{
    Cadence, Consent, EmailAddress, Nature, Preferences, SectionId, Severity, Subscriber, SubscriberId, SubscriberState,
};

/// What became of an address that was to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    New(SubscriberId),
    /// Was there: its preferences and its consent are the new ones.
    Changed(SubscriberId),
    /// Asked to be left alone; only a new consent, given later than that, brings it back.
    Left,
    /// Must not be written to.
    Suppressed,
}

/// Adds a reader, or renews the preferences of one.
pub fn add(
    tx: &Tx,
    address: &EmailAddress,
    preferences: &Preferences,
    consent: &Consent,
    now: Timestamp,
) -> Result<Added> {
    let folded = fold(address);
    if tx.value::<i64>("SELECT count(*) FROM suppression WHERE folded = $1", &[&folded])? > 0 {
        return Ok(Added::Suppressed);
    }
    let known = find(tx, address)?;
    if let Some(known) = &known
        && known.state == SubscriberState::Left
        && consent.when <= left_at(tx, known.id)?.unwrap_or(Timestamp::MAX)
    {
        return Ok(Added::Left);
    }
    let inserted = tx.insert(
        "INSERT INTO subscriber (address, folded, state, cadence, sections, natures, least_severity,
           consent_what, consent_when, consent_how, added, left_at)
         VALUES ($1, $2, 'active', $3, $4, $5, $6, $7, $8, $9, $10, NULL)
         ON CONFLICT (folded) DO UPDATE SET
           address = excluded.address, state = 'active', cadence = excluded.cadence, sections = excluded.sections,
           natures = excluded.natures, least_severity = excluded.least_severity, left_at = NULL,
           consent_what = CASE WHEN excluded.consent_when >= subscriber.consent_when
             THEN excluded.consent_what ELSE subscriber.consent_what END,
           consent_how = CASE WHEN excluded.consent_when >= subscriber.consent_when
             THEN excluded.consent_how ELSE subscriber.consent_how END,
           consent_when = CASE WHEN excluded.consent_when >= subscriber.consent_when
             THEN excluded.consent_when ELSE subscriber.consent_when END
         RETURNING id",
        &[
            &address.as_str(),
            &folded,
            &preferences.cadence.as_str(),
            &joined(preferences.sections.iter().map(SectionId::as_str)),
            &joined(preferences.natures.iter().map(|n| n.as_str())),
            &preferences.least_severity.as_str(),
            &consent.what,
            &millis(consent.when),
            &consent.how,
            &millis(now),
        ],
    )?;
    // Of a row that was there, what the driver calls the last one inserted is another's.
    let id = known.as_ref().map_or(inserted, |known| known.id.get());
    tx.execute(
        "INSERT INTO consent (subscriber_id, what, given, how, recorded) VALUES ($1, $2, $3, $4, $5)",
        &[&id, &consent.what, &millis(consent.when), &consent.how, &millis(now)],
    )?;
    let id = SubscriberId::new(id);
    Ok(if known.is_some() { Added::Changed(id) } else { Added::New(id) })
}

/// Every consent of a reader, oldest first.
pub fn consents(db: &Db, id: SubscriberId) -> Result<Vec<Consent>> {
    db.query("SELECT what, given, how FROM consent WHERE subscriber_id = $1 ORDER BY id", &[&id.get()], |row| {
        Ok(Consent { what: row.get(0)?, when: instant(row.get(1)?)?, how: row.get(2)? })
    })
}

/// Lets a reader go: nothing more is sent, what is queued included.
pub fn leave(tx: &Tx, address: &EmailAddress, now: Timestamp) -> Result<Left> {
    let Some(subscriber) = find(tx, address)? else { return Ok(Left::Unknown) };
    tx.execute(
        "UPDATE subscriber SET state = 'left', left_at = $2 WHERE id = $1",
        &[&subscriber.id.get(), &millis(now)],
    )?;
    let cancelled = tx.execute(
        "UPDATE delivery SET state = 'cancelled', ended = $2
         WHERE subscriber_id = $1 AND state IN ('queued', 'deferred', 'claimed')",
        &[&subscriber.id.get(), &millis(now)],
    )?;
    Ok(Left::Gone { cancelled })
}

/// What became of a request to be left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    Unknown,
    /// With how many deliveries that were still to be sent.
    Gone {
        cancelled: usize,
    },
}

/// When a reader last asked to be left alone, who has not come back.
pub fn left_at(db: &Db, id: SubscriberId) -> Result<Option<Timestamp>> {
    db.query_first("SELECT left_at FROM subscriber WHERE id = $1", &[&id.get()], |row| row.get::<Option<i64>>(0))?
        .flatten()
        .map(instant)
        .transpose()
}

const SUBSCRIBER: &str = "SELECT id, address, state, cadence, sections, natures, least_severity, consent_what,
    consent_when, consent_how, added FROM subscriber";

pub fn find(db: &Db, address: &EmailAddress) -> Result<Option<Subscriber>> {
    db.query_first(&format!("{SUBSCRIBER} WHERE folded = $1"), &[&fold(address)], read)
}

pub fn get(db: &Db, id: SubscriberId) -> Result<Option<Subscriber>> {
    db.query_first(&format!("{SUBSCRIBER} WHERE id = $1"), &[&id.get()], read)
}

pub fn all(db: &Db) -> Result<Vec<Subscriber>> {
    db.query(&format!("{SUBSCRIBER} ORDER BY id"), &[], read)
}

/// Those who are to be written to at a cadence.
pub fn active(db: &Db, cadence: Cadence) -> Result<Vec<Subscriber>> {
    db.query(
        &format!(
            "{SUBSCRIBER} WHERE cadence = $1 AND state = 'active'
               AND NOT EXISTS (SELECT 1 FROM suppression WHERE suppression.folded = subscriber.folded) ORDER BY id"
        ),
        &[&cadence.as_str()],
        read,
    )
}

/// Never again, whoever adds the address.
pub fn suppress(tx: &Tx, address: &EmailAddress, why: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO suppression (folded, why, since) VALUES ($1, $2, $3) ON CONFLICT (folded) DO NOTHING",
        &[&fold(address), &why, &millis(now)],
    )?;
    Ok(())
}

/// Whether an address asked to be left alone, or must not be written to.
pub fn is_closed(db: &Db, address: &EmailAddress) -> Result<bool> {
    let left = find(db, address)?.is_some_and(|known| known.state == SubscriberState::Left);
    Ok(left || suppressed(db, address)?.is_some())
}

/// Why an address must not be written to, if it must not.
pub fn suppressed(db: &Db, address: &EmailAddress) -> Result<Option<String>> {
    db.query_first("SELECT why FROM suppression WHERE folded = $1", &[&fold(address)], |row| row.get(0))
}

/// Mailboxes that differ by case only are one person's (RFC 5321 2.4 allows otherwise; nobody does it).
fn fold(address: &EmailAddress) -> String {
    address.as_str().to_lowercase()
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

fn set<T: Ord>(what: &'static str, text: &str, parse: impl Fn(&str) -> Option<T>) -> Result<BTreeSet<T>> {
    text.split_whitespace().map(|w| word(what, w, &parse)).collect()
}

fn read(row: &Row) -> Result<Subscriber> {
    Ok(Subscriber {
        id: SubscriberId::new(row.get(0)?),
        address: word("an address", &row.get::<String>(1)?, |text| EmailAddress::parse(text).ok())?,
        state: word("the state of a subscriber", &row.get::<String>(2)?, SubscriberState::parse)?,
        preferences: Preferences {
            cadence: word("a cadence", &row.get::<String>(3)?, Cadence::parse)?,
            sections: set("a section", &row.get::<String>(4)?, SectionId::parse)?,
            natures: set("a nature", &row.get::<String>(5)?, Nature::parse)?,
            least_severity: word("a severity", &row.get::<String>(6)?, Severity::parse)?,
        },
        consent: Consent { what: row.get(7)?, when: instant(row.get(8)?)?, how: row.get(9)? },
        added: instant(row.get(10)?)?,
    })
}
