//! People of whom nothing is kept but that they are to be left alone, and that as a keyed hash of their address: without the key
//! of this installation it says nothing, with it only whether a given address is the one.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use super::{Db, Result, Tx, instant, millis, settings, subscribers::fold, word};
use crate::model::{EmailAddress, Ground, SubscriberId, mask_addresses};

/// The name of the key among the settings of the installation.
const KEY: &str = "erasure-key";

/// Somebody who was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    /// Why the address is not written to; none: only no consent from before `since` counts.
    pub ground: Option<Ground>,
    pub since: Timestamp,
}

/// Erases a person: who stays away under a number, and every address among what is kept of the deliveries goes. `fresh` is random,
/// and becomes the key where there is none yet. `false`: nothing was known of the address.
pub fn erase(tx: &Tx, address: &EmailAddress, fresh: &str, now: Timestamp) -> Result<bool> {
    // The database folds letters of ASCII alone.
    let (folded, plain) = (fold(address), address.as_str().to_ascii_lowercase());
    let subscriber: Option<i64> =
        tx.query_first("SELECT id FROM subscriber WHERE folded = $1", &[&folded], |row| row.get(0))?;
    let ground: Option<String> =
        tx.query_first("SELECT ground FROM suppression WHERE folded = $1", &[&folded], |row| row.get(0))?;
    let others = tx.value::<i64>(
        "SELECT (SELECT count(*) FROM delivery WHERE lower(address) IN ($1, $2) AND address <> '')
           + (SELECT count(*) FROM lifted WHERE folded = $1) + (SELECT count(*) FROM strike WHERE folded = $1)
           + (SELECT count(*) FROM request WHERE folded = $1) + (SELECT count(*) FROM form WHERE folded = $1)",
        &[&folded, &plain],
    )?;
    if subscriber.is_none() && ground.is_none() && others == 0 {
        return Ok(false);
    }
    let key = settings::get_or_set(tx, KEY, fresh)?;
    tx.execute(
        "INSERT INTO erased (hash, ground, since) VALUES ($1, $2, $3) ON CONFLICT (hash) DO UPDATE SET
           since = excluded.since, ground = CASE WHEN excluded.ground <> '' THEN excluded.ground ELSE erased.ground END",
        &[&hash(&key, &folded), &ground.unwrap_or_default(), &millis(now)],
    )?;
    tx.execute("DELETE FROM suppression WHERE folded = $1", &[&folded])?;
    tx.execute("DELETE FROM lifted WHERE folded = $1", &[&folded])?;
    tx.execute("DELETE FROM strike WHERE folded = $1", &[&folded])?;
    // A wish bears the address, also one that became a subscription and is its proof.
    tx.execute("DELETE FROM request WHERE folded = $1", &[&folded])?;
    tx.execute("DELETE FROM form WHERE folded = $1", &[&folded])?;
    if let Some(id) = subscriber {
        blank(tx, SubscriberId::new(id), now)?;
    }
    let letters: Vec<i64> = tx.query(
        "SELECT id FROM delivery WHERE lower(address) IN ($1, $2) AND address <> ''",
        &[&folded, &plain],
        |row| row.get(0),
    )?;
    for id in letters {
        clean(tx, id)?;
        tx.execute(
            "UPDATE delivery SET address = $2, particulars = '', ended = coalesce(ended, $3),
               state = CASE WHEN state IN ('queued', 'deferred', 'claimed') THEN 'cancelled' ELSE state END WHERE id = $1",
            &[&id, &nobody(id), &millis(now)],
        )?;
    }
    Ok(true)
}

/// Leaves of a subscriber the number, to which deliveries are counted.
fn blank(tx: &Tx, id: SubscriberId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE delivery SET state = 'cancelled', ended = $2
         WHERE subscriber_id = $1 AND state IN ('queued', 'deferred', 'claimed')",
        &[&id.get(), &millis(now)],
    )?;
    let deliveries: Vec<i64> =
        tx.query("SELECT id FROM delivery WHERE subscriber_id = $1", &[&id.get()], |row| row.get(0))?;
    for delivery in deliveries {
        clean(tx, delivery)?;
        tx.execute("UPDATE delivery SET address = '', particulars = '' WHERE id = $1", &[&delivery])?;
    }
    tx.execute("DELETE FROM consent WHERE subscriber_id = $1", &[&id.get()])?;
    tx.execute("DELETE FROM request WHERE subscriber_id = $1", &[&id.get()])?;
    tx.execute(
        "UPDATE subscriber SET address = $2, folded = $2, state = 'left', sections = '', natures = '', left_at = $3,
           alerts_from = '', alert_words = '', paused_until = 0, consent_what = '-', consent_how = '-' WHERE id = $1",
        &[&id.get(), &nobody(id.get()), &millis(now)],
    )?;
    Ok(())
}

/// Takes the addresses out of what servers said of a delivery.
fn clean(tx: &Tx, delivery: i64) -> Result<()> {
    let said: Vec<(i64, String)> =
        tx.query("SELECT number, text FROM attempt WHERE delivery_id = $1", &[&delivery], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    for (number, text) in said.iter().filter(|(_, text)| text.contains('@')) {
        tx.execute(
            "UPDATE attempt SET text = $3 WHERE delivery_id = $1 AND number = $2",
            &[&delivery, number, &mask_addresses(text)],
        )?;
    }
    tx.execute("UPDATE report SET diagnostic = '' WHERE delivery_id = $1", &[&delivery])?;
    Ok(())
}

/// An address that can never be written to (RFC 2606 2), in the place of one that is erased.
fn nobody(id: i64) -> String {
    format!("{ERASED}{id}@erased.invalid")
}

/// How the address of one who was erased begins.
const ERASED: &str = "erased-";

/// Whether an address stands for somebody who was erased.
pub fn is_erased(address: &EmailAddress) -> bool {
    address.as_str().starts_with(ERASED) && address.domain() == "erased.invalid"
}

/// What is known of an address whose person was erased.
pub fn find(db: &Db, address: &EmailAddress) -> Result<Option<Erased>> {
    // Nobody was ever erased: no key.
    let Some(key) = settings::get(db, KEY)? else { return Ok(None) };
    db.query_first("SELECT ground, since FROM erased WHERE hash = $1", &[&hash(&key, &fold(address))], |row| {
        let ground: String = row.get(0)?;
        let ground = (!ground.is_empty()).then(|| word("the ground of a suppression", &ground, Ground::parse));
        Ok(Erased { ground: ground.transpose()?, since: instant(row.get(1)?)? })
    })
}

/// Forgets that an address was erased: its person agreed again.
pub fn forget(tx: &Tx, address: &EmailAddress) -> Result<()> {
    let Some(key) = settings::get(tx, KEY)? else { return Ok(()) };
    tx.execute("DELETE FROM erased WHERE hash = $1", &[&hash(&key, &fold(address))]).map(drop)
}

/// Ends the suppression of one who was erased; that no earlier consent counts stays. `false`: there was none.
pub(super) fn lift(tx: &Tx, address: &EmailAddress) -> Result<bool> {
    let Some(key) = settings::get(tx, KEY)? else { return Ok(false) };
    let hash = hash(&key, &fold(address));
    Ok(tx.execute("UPDATE erased SET ground = '' WHERE hash = $1 AND ground <> ''", &[&hash])? > 0)
}

fn hash(key: &str, folded: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(b"erased");
    mac.update(folded.as_bytes());
    mac.finalize().into_bytes().iter().map(|octet| format!("{octet:02x}")).collect()
}
