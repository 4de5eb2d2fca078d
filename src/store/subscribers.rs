//! Readers, their consent and their preferences; and whom not to write to.

use std::{collections::BTreeSet, ops::ControlFlow};

use jiff::Timestamp;

use super::{Db, Result, Tx, engine::Row, erasures, instant, millis, suppressions, word};
use crate::model::{
    AlertWish, Cadence, Consent, EmailAddress, Nature, Preferences, SectionId, Severity, Subscriber, SubscriberId,
    SubscriberState,
};

/// Words of a wish hold no comma.
const BETWEEN_WORDS: &str = ", ";

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

/// Changes what a subscriber chose, and nothing else.
pub fn choose(tx: &Tx, id: SubscriberId, preferences: &Preferences) -> Result<()> {
    tx.execute(
        "UPDATE subscriber SET cadence = $2, sections = $3, natures = $4, least_severity = $5, alerts_from = $6, alert_words = $7
         WHERE id = $1",
        &[
            &id.get(),
            &preferences.cadence.as_str(),
            &joined(preferences.sections.iter().map(SectionId::as_str)),
            &joined(preferences.natures.iter().map(|n| n.as_str())),
            &preferences.least_severity.as_str(),
            &preferences.alerts.from.map_or("", Severity::as_str),
            &preferences.alerts.words.join(BETWEEN_WORDS),
        ],
    )?;
    Ok(())
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
    if suppressions::get(tx, address)?.is_some() {
        return Ok(Added::Suppressed);
    }
    if let Some(erased) = erasures::find(tx, address)? {
        if consent.when <= erased.since {
            return Ok(Added::Left);
        }
        erasures::forget(tx, address)?;
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
           alerts_from, alert_words, consent_what, consent_when, consent_how, added, left_at)
         VALUES ($1, $2, 'active', $3, $4, $5, $6, $11, $12, $7, $8, $9, $10, NULL)
         ON CONFLICT (folded) DO UPDATE SET
           address = excluded.address, state = 'active', cadence = excluded.cadence, sections = excluded.sections,
           natures = excluded.natures, least_severity = excluded.least_severity, left_at = NULL,
           alerts_from = excluded.alerts_from, alert_words = excluded.alert_words,
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
            &preferences.alerts.from.map_or("", Severity::as_str),
            &preferences.alerts.words.join(BETWEEN_WORDS),
        ],
    )?;
    // Of a row that was there, nobody was given a new number.
    let id = known.as_ref().map_or(SubscriberId::new(inserted), |known| known.id);
    tx.execute(
        "INSERT INTO consent (subscriber_id, what, given, how, recorded) VALUES ($1, $2, $3, $4, $5)",
        &[&id.get(), &consent.what, &millis(consent.when), &consent.how, &millis(now)],
    )?;
    Ok(if known.is_some() { Added::Changed(id) } else { Added::New(id) })
}

/// Every consent of a reader, oldest first.
pub fn consents(db: &Db, id: SubscriberId) -> Result<Vec<Consent>> {
    db.query("SELECT what, given, how FROM consent WHERE subscriber_id = $1 ORDER BY id", &[&id.get()], |row| {
        Ok(Consent { what: row.get(0)?, when: instant(row.get(1)?)?, how: row.get(2)? })
    })
}

/// Lets a reader go: nothing more is sent, what is queued included. A pause ends with it: whoever comes back wants to read.
pub fn leave(tx: &Tx, address: &EmailAddress, now: Timestamp) -> Result<Left> {
    let Some(subscriber) = find(tx, address)? else { return Ok(Left::Unknown) };
    tx.execute(
        "UPDATE subscriber SET state = 'left', left_at = $2, paused_until = 0 WHERE id = $1",
        &[&subscriber.id.get(), &millis(now)],
    )?;
    let cancelled = tx.execute(
        "UPDATE delivery SET state = 'cancelled', ended = $2
         WHERE subscriber_id = $1 AND state IN ('queued', 'deferred', 'claimed')",
        &[&subscriber.id.get(), &millis(now)],
    )?;
    Ok(Left::Gone { cancelled })
}

/// Sends nothing to a reader until then, what is queued included; an instant that is past ends a pause. What is frozen meanwhile
/// is not sent later: it can be read on the site.
pub fn pause(tx: &Tx, id: SubscriberId, until: Timestamp, now: Timestamp) -> Result<()> {
    tx.execute("UPDATE subscriber SET paused_until = $2 WHERE id = $1", &[&id.get(), &millis(until).max(0)])?;
    if until > now {
        tx.execute(
            "UPDATE delivery SET state = 'cancelled', ended = $2
             WHERE subscriber_id = $1 AND letter = '' AND state IN ('queued', 'deferred', 'claimed')",
            &[&id.get(), &millis(now)],
        )?;
    }
    Ok(())
}

/// Until when a reader asked for nothing.
pub fn paused_until(db: &Db, id: SubscriberId) -> Result<Option<Timestamp>> {
    let sql = "SELECT paused_until FROM subscriber WHERE id = $1 AND paused_until > 0";
    db.query_first(sql, &[&id.get()], |row| instant(row.get(0)?))
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

const SUBSCRIBER: &str =
    "SELECT id, address, state, cadence, sections, natures, least_severity, alerts_from, alert_words,
    consent_what, consent_when, consent_how, added FROM subscriber";

pub fn find(db: &Db, address: &EmailAddress) -> Result<Option<Subscriber>> {
    db.query_first(&format!("{SUBSCRIBER} WHERE folded = $1"), &[&fold(address)], read)
}

pub fn get(db: &Db, id: SubscriberId) -> Result<Option<Subscriber>> {
    db.query_first(&format!("{SUBSCRIBER} WHERE id = $1"), &[&id.get()], read)
}

/// All but those of whom nothing is kept.
pub fn all(db: &Db) -> Result<Vec<Subscriber>> {
    let mut all = db.query(&format!("{SUBSCRIBER} ORDER BY id"), &[], read)?;
    all.retain(|one| !erasures::is_erased(&one.address));
    Ok(all)
}

/// Somebody who is to be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writable {
    pub id: SubscriberId,
    pub preferences: Preferences,
}

/// Whom to write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// Who reads the bulletin of this cadence.
    Reads(Cadence),
    /// Who wants alerts, whatever else.
    WantsAlerts,
}

/// So many readers are held at once.
const PAGE: u32 = 1_000;

/// Calls back with everybody who is to be written to, in the order of their ids, until told to stop. A list of any length takes
/// the room of one page.
pub fn each_writable(
    db: &Db,
    whom: Whom,
    now: Timestamp,
    mut with: impl FnMut(&Writable) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let mut after = SubscriberId::new(0);
    loop {
        let page = match whom {
            Whom::Reads(cadence) => db.query(
                "SELECT id, cadence, sections, natures, least_severity, alerts_from, alert_words FROM subscriber
                 WHERE cadence = $1 AND state = 'active' AND id > $2 AND paused_until <= $4
                   AND NOT EXISTS (SELECT 1 FROM suppression WHERE suppression.folded = subscriber.folded)
                 ORDER BY id LIMIT $3",
                &[&cadence.as_str(), &after.get(), &PAGE, &millis(now)],
                read_writable,
            )?,
            Whom::WantsAlerts => db.query(
                "SELECT id, cadence, sections, natures, least_severity, alerts_from, alert_words FROM subscriber
                 WHERE state = 'active' AND (alerts_from <> '' OR alert_words <> '') AND id > $1 AND paused_until <= $3
                   AND NOT EXISTS (SELECT 1 FROM suppression WHERE suppression.folded = subscriber.folded)
                 ORDER BY id LIMIT $2",
                &[&after.get(), &PAGE, &millis(now)],
                read_writable,
            )?,
        };
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        for reader in &page {
            if with(reader)?.is_break() {
                return Ok(());
            }
        }
    }
}

fn read_writable(row: &Row) -> Result<Writable> {
    Ok(Writable { id: SubscriberId::new(row.get(0)?), preferences: read_preferences(row, 1)? })
}

/// Whether anybody wants alerts.
pub fn wants_alerts(db: &Db) -> Result<bool> {
    let sql = "SELECT 1 FROM subscriber WHERE state = 'active' AND (alerts_from <> '' OR alert_words <> '') LIMIT 1";
    Ok(db.query_first(sql, &[], |_| Ok(()))?.is_some())
}

/// Whether an address asked to be left alone, or must not be written to.
pub fn is_closed(db: &Db, address: &EmailAddress) -> Result<bool> {
    let left = find(db, address)?.is_some_and(|known| known.state == SubscriberState::Left);
    Ok(left || suppressions::get(db, address)?.is_some())
}

/// Why an address must not be written to, if it must not.
pub fn suppressed(db: &Db, address: &EmailAddress) -> Result<Option<String>> {
    Ok(suppressions::get(db, address)?.map(|suppression| suppression.why))
}

/// Mailboxes that differ by case only are one person's (RFC 5321 2.4 allows otherwise; nobody does it).
pub(super) fn fold(address: &EmailAddress) -> String {
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
        preferences: read_preferences(row, 3)?,
        consent: Consent { what: row.get(9)?, when: instant(row.get(10)?)?, how: row.get(11)? },
        added: instant(row.get(12)?)?,
    })
}

/// Six columns from `first` on.
fn read_preferences(row: &Row, first: usize) -> Result<Preferences> {
    let from: String = row.get(first + 4)?;
    let words: String = row.get(first + 5)?;
    Ok(Preferences {
        cadence: word("a cadence", &row.get::<String>(first)?, Cadence::parse)?,
        sections: set("a section", &row.get::<String>(first + 1)?, SectionId::parse)?,
        natures: set("a nature", &row.get::<String>(first + 2)?, Nature::parse)?,
        least_severity: word("a severity", &row.get::<String>(first + 3)?, Severity::parse)?,
        alerts: AlertWish {
            from: if from.is_empty() { None } else { Some(word("a severity", &from, Severity::parse)?) },
            words: words.split(BETWEEN_WORDS).filter(|word| !word.is_empty()).map(str::to_owned).collect(),
        },
    })
}
