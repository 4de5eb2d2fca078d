//! What notices are compared by, and the index that finds what is like them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Db, Result, StoreError, Tx, engine::Row, instant, millis, word};
use crate::{
    dedup::{Likeness, Marks, Member, Passages, Refrain, Tale, Vector, day},
    model::{NoticeId, SourceId, StoryId},
};

/// What the index says of one key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Posting {
    /// In how many documents it stands.
    pub count: u32,
    /// Of the last one, since 1970.
    pub day: i32,
    /// The last documents that can be found by it, each with its day; oldest first.
    pub notices: Vec<(NoticeId, i32)>,
}

/// The key that counts all documents.
pub const ALL: u64 = 0;

/// What the index says of some keys; nothing of those that it does not know.
pub fn postings(db: &Db, keys: impl Iterator<Item = u64>) -> Result<BTreeMap<u64, Posting>> {
    let mut found = BTreeMap::new();
    for key in keys {
        let posting =
            db.query_first("SELECT count, day, notices FROM posting WHERE key = $1", &[&signed(key)], |row| {
                let notices: Vec<u8> = row.get(2)?;
                Ok(Posting { count: row.get(0)?, day: row.get(1)?, notices: unpacked(&notices) })
            })?;
        found.extend(posting.map(|posting| (key, posting)));
    }
    Ok(found)
}

/// Writes what the index says of a key now.
pub fn set_posting(tx: &Tx, key: u64, posting: &Posting) -> Result<()> {
    tx.execute(
        "INSERT INTO posting (key, count, day, notices) VALUES ($1, $2, $3, $4)
         ON CONFLICT (key) DO UPDATE SET count = excluded.count, day = excluded.day, notices = excluded.notices",
        &[&signed(key), &posting.count, &posting.day, &packed(&posting.notices)],
    )?;
    Ok(())
}

/// So many parts all keys are divided into.
pub const PARTS: u8 = 64;

/// Forgets keys that no document had since a day, of one part of all keys (`part` of [`PARTS`]): so that it never takes long.
pub fn forget_postings(tx: &Tx, before: i32, part: u8) -> Result<usize> {
    let width = 1_i64 << 58;
    let from = i64::MIN.wrapping_add(i64::from(part % PARTS).wrapping_mul(width));
    tx.execute(
        "DELETE FROM posting WHERE key >= $1 AND key <= $2 AND day < $3 AND key <> 0",
        &[&from, &(from + (width - 1)), &before],
    )
}

/// Forgets what notices of before an instant were compared by, `most` of them. Their groups and stories stay.
pub fn forget(tx: &Tx, before: Timestamp, most: u32) -> Result<usize> {
    tx.execute(
        "DELETE FROM likeness WHERE notice_id IN (SELECT notice_id FROM likeness WHERE at < $1 ORDER BY at LIMIT $2)",
        &[&millis(before), &most],
    )
}

/// What is kept of a notice that was compared.
pub struct Compared<'a> {
    /// The notice that its group of copies began with: itself, where it copies nothing.
    pub copy_of: NoticeId,
    pub likeness: &'a Likeness,
    pub tale: &'a Tale,
    pub vector: &'a Vector,
}

/// Keeps what a notice was compared by, in the place of what was kept of it before.
pub fn set(tx: &Tx, id: NoticeId, compared: &Compared) -> Result<()> {
    let Compared { copy_of, likeness, tale, vector } = compared;
    let marks = serde_json::to_string(&likeness.marks)
        .map_err(|error| StoreError::Value { what: "the marks of a notice", value: error.to_string() })?;
    let sample: Vec<u8> = likeness.passages.sample.iter().flat_map(|passage| passage.to_le_bytes()).collect();
    let words = vector.0.iter();
    let words: Vec<u8> =
        words.flat_map(|(key, weight)| key.to_le_bytes().into_iter().chain(weight.to_le_bytes())).collect();
    tx.execute(
        "INSERT INTO likeness (notice_id, copy_of, source_id, at, passages, sample, marks, language, title, names, vector)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (notice_id) DO UPDATE SET copy_of = excluded.copy_of, source_id = excluded.source_id,
           at = excluded.at, passages = excluded.passages, sample = excluded.sample, marks = excluded.marks,
           language = excluded.language, title = excluded.title, names = excluded.names, vector = excluded.vector",
        &[
            &id.get(),
            &copy_of.get(),
            &likeness.source.as_str(),
            &millis(likeness.at),
            &likeness.passages.count,
            &sample,
            &marks,
            &tale.language,
            &joined(&tale.title),
            &joined(&tale.names),
            &words,
        ],
    )?;
    Ok(())
}

/// Puts a notice on the list of those that were not compared.
pub fn set_pending(tx: &Tx, id: NoticeId) -> Result<()> {
    let sql = "INSERT INTO likeness_pending (notice_id) VALUES ($1) ON CONFLICT (notice_id) DO NOTHING";
    tx.execute(sql, &[&id.get()])?;
    Ok(())
}

/// Takes some notices off the list of those that were not compared when they were stored, the oldest first.
pub fn take_pending(tx: &Tx, most: u32) -> Result<Vec<NoticeId>> {
    let sql = "SELECT notice_id FROM likeness_pending ORDER BY notice_id LIMIT $1";
    let pending = tx.query(sql, &[&most], |row| Ok(NoticeId::new(row.get(0)?)))?;
    for id in &pending {
        tx.execute("DELETE FROM likeness_pending WHERE notice_id = $1", &[&id.get()])?;
    }
    Ok(pending)
}

/// Whether [`take_pending`] has something to take.
pub fn is_pending(db: &Db) -> Result<bool> {
    Ok(db.query_first("SELECT notice_id FROM likeness_pending LIMIT 1", &[], |_| Ok(()))?.is_some())
}

/// The notice that the copies of a notice began with. `None`: it was never compared, or too long ago.
pub fn copy_of(db: &Db, id: NoticeId) -> Result<Option<NoticeId>> {
    let sql = "SELECT copy_of FROM likeness WHERE notice_id = $1";
    db.query_first(sql, &[&id.get()], |row| Ok(NoticeId::new(row.get(0)?)))
}

/// The documents of a group of copies, the first one first; of a large group the first and the last ones.
pub fn group(db: &Db, root: NoticeId, most: u32) -> Result<Vec<(NoticeId, Likeness)>> {
    const GROUP: &str = "SELECT notice_id, source_id, at, passages, sample, marks FROM likeness WHERE copy_of = $1";
    let first = db.query(&format!("{GROUP} AND notice_id = $1"), &[&root.get()], read_likeness)?;
    let rest = format!("{GROUP} AND notice_id <> $1 ORDER BY notice_id DESC LIMIT $2");
    let mut rest = db.query(&rest, &[&root.get(), &most], read_likeness)?;
    rest.reverse();
    Ok(first.into_iter().chain(rest).collect())
}

fn read_likeness(row: &Row) -> Result<(NoticeId, Likeness)> {
    let marks = read_marks(&row.get::<String>(5)?)?;
    let sample: Vec<u8> = row.get(4)?;
    let (sample, _) = sample.as_chunks::<8>();
    let passages = Passages { count: row.get(3)?, sample: sample.iter().map(|p| u64::from_le_bytes(*p)).collect() };
    let source = word("the id of a source", &row.get::<String>(1)?, SourceId::parse)?;
    Ok((NoticeId::new(row.get(0)?), Likeness { source, at: instant(row.get(2)?)?, passages, marks }))
}

fn read_marks(json: &str) -> Result<Marks> {
    serde_json::from_str(json)
        .map_err(|error| StoreError::Value { what: "the marks of a notice", value: error.to_string() })
}

/// The latest documents of a story, as they are compared; oldest first.
pub fn members(db: &Db, story: StoryId, most: usize) -> Result<Vec<Member>> {
    let mut members = db.query(
        "SELECT l.source_id, l.at, l.marks, l.language, l.title, l.names, l.vector
         FROM notice n JOIN likeness l ON l.notice_id = n.id WHERE n.story_id = $1 ORDER BY n.id DESC LIMIT $2",
        &[&story.get(), &i64::try_from(most).unwrap_or(i64::MAX)],
        |row| {
            let marks = read_marks(&row.get::<String>(2)?)?;
            let vector: Vec<u8> = row.get(6)?;
            let (vector, _) = vector.as_chunks::<12>();
            let weight = |bytes: &[u8; 12]| {
                let [a, b, c, d, e, f, g, h, i, j, k, l] = *bytes;
                (u64::from_le_bytes([a, b, c, d, e, f, g, h]), i32::from_le_bytes([i, j, k, l]))
            };
            Ok(Member {
                source: word("the id of a source", &row.get::<String>(0)?, SourceId::parse)?,
                day: day(instant(row.get(1)?)?),
                advisory: marks.advisory,
                act: marks.act,
                cves: marks.cves,
                language: row.get(3)?,
                title: row.get::<String>(4)?.split(' ').filter(|word| !word.is_empty()).map(String::from).collect(),
                names: row.get::<String>(5)?.split(' ').filter(|name| !name.is_empty()).map(String::from).collect(),
                vector: Vector(vector.iter().map(weight).collect()),
            })
        },
    )?;
    members.reverse();
    Ok(members)
}

/// What a source says in all of its documents.
pub fn refrain(db: &Db, source: &SourceId) -> Result<Refrain> {
    let sql = "SELECT runs FROM refrain WHERE source_id = $1";
    let runs = db.query_first(sql, &[&source.as_str()], |row| row.get::<Vec<u8>>(0))?;
    Ok(runs.map(|runs| Refrain::from_bytes(&runs)).unwrap_or_default())
}

pub fn set_refrain(tx: &Tx, source: &SourceId, refrain: &Refrain) -> Result<()> {
    tx.execute(
        "INSERT INTO refrain (source_id, runs) VALUES ($1, $2) ON CONFLICT (source_id) DO UPDATE SET runs = excluded.runs",
        &[&source.as_str(), &refrain.to_bytes()],
    )?;
    Ok(())
}

fn joined(words: &std::collections::BTreeSet<String>) -> String {
    words.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// SQLite has no unsigned numbers.
fn signed(key: u64) -> i64 {
    key.cast_signed()
}

fn packed(notices: &[(NoticeId, i32)]) -> Vec<u8> {
    let pairs = notices.iter();
    pairs.flat_map(|(id, day)| id.get().to_le_bytes().into_iter().chain(day.to_le_bytes())).collect()
}

fn unpacked(bytes: &[u8]) -> Vec<(NoticeId, i32)> {
    let (pairs, _) = bytes.as_chunks::<12>();
    let pair = |bytes: &[u8; 12]| {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = *bytes;
        (NoticeId::new(i64::from_le_bytes([a, b, c, d, e, f, g, h])), i32::from_le_bytes([i, j, k, l]))
    };
    pairs.iter().map(pair).collect()
}
