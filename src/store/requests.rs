//! Wishes to become a subscriber: kept until they are confirmed, and then as the proof; else for some days only.

use jiff::Timestamp;

use super::{Db, Result, Tx, engine::Row, instant, millis, word};
use crate::model::{EmailAddress, RequestId, SubscriberId};

/// A wish, with what its person was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub address: EmailAddress,
    /// JSON: cadence, sections and so on, as stated.
    pub wishes: String,
    /// The words that are agreed to.
    pub shown: String,
    /// Of those words.
    pub version: String,
    /// By which means it was asked.
    pub how: String,
    pub asked: Timestamp,
    /// After that, its link is refused.
    pub expires: Timestamp,
}

/// A wish as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub id: RequestId,
    pub wish: Wish,
    /// SHA-256 of the token of its link.
    pub token: String,
    pub confirmed: Option<Timestamp>,
}

/// Keeps a wish, beside what the same address wished before: whoever types it must not end the link that its person has.
pub fn ask(tx: &Tx, wish: &Wish) -> Result<RequestId> {
    let folded = fold(&wish.address);
    let id = tx.insert(
        "INSERT INTO request (address, folded, wishes, shown, version, how, asked, expires, token, confirmed, subscriber_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', 0, NULL) RETURNING id",
        &[
            &wish.address.as_str(),
            &folded,
            &wish.wishes,
            &wish.shown,
            &wish.version,
            &wish.how,
            &millis(wish.asked),
            &millis(wish.expires),
        ],
    )?;
    Ok(RequestId::new(id))
}

/// By which token a wish is confirmed: a number may come back when a backup is restored, a token does not.
pub fn set_token(tx: &Tx, id: RequestId, digest: &str) -> Result<()> {
    tx.execute("UPDATE request SET token = $2 WHERE id = $1", &[&id.get(), &digest])?;
    Ok(())
}

/// A wish has become a subscription. `false` when that was so already.
pub fn confirm(tx: &Tx, id: RequestId, subscriber: SubscriberId, now: Timestamp) -> Result<bool> {
    let changed = tx.execute(
        "UPDATE request SET confirmed = $2, subscriber_id = $3 WHERE id = $1 AND confirmed = 0",
        &[&id.get(), &millis(now), &subscriber.get()],
    )?;
    Ok(changed > 0)
}

const REQUEST: &str = "SELECT id, address, wishes, shown, version, how, asked, expires, token, confirmed FROM request";

pub fn get(db: &Db, id: RequestId) -> Result<Option<Kept>> {
    db.query_first(&format!("{REQUEST} WHERE id = $1"), &[&id.get()], read)
}

/// The last wish of an address that is not confirmed.
pub fn open(db: &Db, address: &EmailAddress) -> Result<Option<Kept>> {
    db.query_first(
        &format!("{REQUEST} WHERE folded = $1 AND confirmed = 0 ORDER BY id DESC LIMIT 1"),
        &[&fold(address)],
        read,
    )
}

/// How many wishes of an address are kept that it did not confirm and that were made from then on.
pub fn count_open(db: &Db, address: &EmailAddress, since: Timestamp) -> Result<u32> {
    db.value(
        "SELECT count(*) FROM request WHERE folded = $1 AND confirmed = 0 AND asked >= $2",
        &[&fold(address), &millis(since)],
    )
}

/// What a subscriber wished and confirmed, oldest first: the proof, with the words that were shown.
pub fn of(db: &Db, id: SubscriberId) -> Result<Vec<Kept>> {
    db.query(&format!("{REQUEST} WHERE subscriber_id = $1 ORDER BY id"), &[&id.get()], read)
}

/// Drops what an address wished and did not confirm: it left, or must not be written to.
pub fn withdraw(tx: &Tx, address: &EmailAddress) -> Result<usize> {
    tx.execute("DELETE FROM request WHERE folded = $1 AND confirmed = 0", &[&fold(address)])
}

/// Forgets the wishes whose links expired before an instant and that nobody confirmed. How many those were.
pub fn forget(tx: &Tx, before: Timestamp) -> Result<usize> {
    tx.execute("DELETE FROM request WHERE confirmed = 0 AND expires < $1", &[&millis(before)])
}

/// As subscribers are told apart.
fn fold(address: &EmailAddress) -> String {
    address.as_str().to_lowercase()
}

fn read(row: &Row) -> Result<Kept> {
    Ok(Kept {
        id: RequestId::new(row.get(0)?),
        wish: Wish {
            address: word("an address", &row.get::<String>(1)?, |text| EmailAddress::parse(text).ok())?,
            wishes: row.get(2)?,
            shown: row.get(3)?,
            version: row.get(4)?,
            how: row.get(5)?,
            asked: instant(row.get(6)?)?,
            expires: instant(row.get(7)?)?,
        },
        token: row.get(8)?,
        confirmed: Some(row.get::<i64>(9)?).filter(|at| *at > 0).map(instant).transpose()?,
    })
}
