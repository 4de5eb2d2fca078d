//! Documents: their identity, their revisions, and what was decided of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use super::{Db, Result, Tx, engine::Row, instant, millis, read_sections, sections, stories::relevance_because, word};
use crate::{
    classify::Shelved,
    dedup::{Known, Shown},
    model::{
        Draft, Nature, Notice, NoticeId, Placed, Precision, PublicationDate, SectionId, Severity, SourceId, Story,
        StoryId,
    },
};

const KNOWN: &str = "SELECT n.id, n.story_id, n.source_id, n.reference, n.title, n.published_at, n.fingerprint,
    s.fingerprint
  FROM notice n LEFT JOIN sighting s ON s.notice_id = n.id AND s.source_id = $2";

/// The notices that own these keys, by key.
pub fn by_keys(db: &Db, keys: &[String], asking: &SourceId) -> Result<BTreeMap<String, Known>> {
    let sql = format!("{KNOWN} WHERE n.id = (SELECT notice_id FROM identity WHERE key = $1)");
    let mut found = BTreeMap::new();
    for key in keys {
        if let Some(known) = db.query_first(&sql, &[key, &asking.as_str()], read_known)? {
            found.insert(key.clone(), known);
        }
    }
    Ok(found)
}

/// What each of these keys stands for, in their order: the notice, and what a source showed of it last.
pub fn shown_by_keys(db: &Db, keys: &[String], source: &SourceId) -> Result<Vec<Option<Shown>>> {
    let one = |key: &String| {
        db.query_first(
            "SELECT n.id, n.reference, s.fingerprint FROM identity i JOIN notice n ON n.id = i.notice_id
               LEFT JOIN sighting s ON s.notice_id = i.notice_id AND s.source_id = $2
             WHERE i.key = $1",
            &[key, &source.as_str()],
            |row| {
                let fingerprint = row.get(2)?;
                Ok(Shown { notice: NoticeId::new(row.get(0)?), reference: row.get(1)?, fingerprint })
            },
        )
    };
    keys.iter().map(one).collect()
}

fn read_known(row: &Row) -> Result<Known> {
    Ok(Known {
        notice: NoticeId::new(row.get(0)?),
        story: StoryId::new(row.get(1)?),
        source: word("the id of a source", &row.get::<String>(2)?, SourceId::parse)?,
        reference: row.get(3)?,
        title: row.get(4)?,
        published: row.get::<Option<i64>>(5)?.map(instant).transpose()?,
        fingerprint: row.get(6)?,
        shown: row.get(7)?,
    })
}

/// A draft with what was found out about it: the state in which a notice is stored.
pub struct Stated<'a> {
    pub draft: &'a Draft,
    /// BCP 47.
    pub language: &'a str,
    pub fingerprint: &'a str,
    pub shelved: &'a Shelved,
}

/// Stores a new notice.
pub fn insert(tx: &Tx, source: &SourceId, story: StoryId, stated: &Stated, now: Timestamp) -> Result<NoticeId> {
    let Stated { draft, shelved, .. } = stated;
    let id = tx.insert(
        "INSERT INTO notice (source_id, story_id, reference, guid, url, title, summary, content, text, language,
           published_at, precision, first_seen, revision, fingerprint, section, nature, severity, shelved, also,
           relevance, relevance_because)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1, $14, $15, $16, $17, $18, $19, $20, $21)
         RETURNING id",
        &[
            &source.as_str(),
            &story.get(),
            &draft.reference.as_ref().map(|r| r.number.as_str()),
            &draft.guid,
            &draft.url.as_ref().map(Url::as_str),
            &draft.title,
            &draft.summary,
            &draft.content,
            &draft.text,
            &stated.language,
            &draft.published.map(|d| millis(d.at)),
            &draft.published.map(|d| d.precision.as_str()),
            &millis(now),
            &stated.fingerprint,
            &shelved.section.as_str(),
            &shelved.nature.as_str(),
            &shelved.severity.as_str(),
            &shelved.because.join("\n"),
            &sections(&shelved.also),
            &shelved.relevance.points,
            &relevance_because(shelved),
        ],
    )?;
    Ok(NoticeId::new(id))
}

/// Puts the present state among the revisions, and what the source says now in its place. The date stays the first.
pub fn revise(tx: &Tx, id: NoticeId, source: &SourceId, stated: &Stated, now: Timestamp) -> Result<()> {
    keep_state(tx, id, now)?;
    restate(tx, id, source, stated, None)
}

/// Revises title and summary alone: the text stays, and with it what the rules made of it. `fingerprint` is that of both.
pub fn reword(tx: &Tx, id: NoticeId, draft: &Draft, fingerprint: &str, now: Timestamp) -> Result<()> {
    keep_state(tx, id, now)?;
    tx.execute(
        "UPDATE notice SET reference = coalesce($2, reference), guid = coalesce($3, guid), url = coalesce($4, url),
           title = $5, summary = $6, fingerprint = $7
         WHERE id = $1",
        &[
            &id.get(),
            &draft.reference.as_ref().map(|r| r.number.as_str()),
            &draft.guid,
            &draft.url.as_ref().map(Url::as_str),
            &draft.title,
            &draft.summary,
            &fingerprint,
        ],
    )?;
    Ok(())
}

/// Puts a notice where the rules put it now that its title is another.
pub fn reshelve(tx: &Tx, id: NoticeId, shelved: &Shelved) -> Result<()> {
    tx.execute(
        "UPDATE notice SET section = $2, also = $3, nature = $4, severity = $5, shelved = $6, relevance = $7,
           relevance_because = $8
         WHERE id = $1",
        &[
            &id.get(),
            &shelved.section.as_str(),
            &sections(&shelved.also),
            &shelved.nature.as_str(),
            &shelved.severity.as_str(),
            &shelved.because.join("\n"),
            &shelved.relevance.points,
            &relevance_because(shelved),
        ],
    )?;
    Ok(())
}

/// Puts the present state among the revisions.
fn keep_state(tx: &Tx, id: NoticeId, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO revision (notice_id, number, title, summary, content, text, until)
         SELECT id, revision, title, summary, content, text, $2 FROM notice WHERE id = $1",
        &[&id.get(), &millis(now)],
    )?;
    tx.execute("UPDATE notice SET revision = revision + 1 WHERE id = $1", &[&id.get()])?;
    Ok(())
}

/// Lets a source of greater authority speak for a document that another brought first: its words, its address, its
/// name. Not a revision: nobody changed anything.
pub fn adopt(tx: &Tx, id: NoticeId, source: &SourceId, stated: &Stated) -> Result<()> {
    restate(tx, id, source, stated, stated.draft.published)
}

fn restate(
    tx: &Tx,
    id: NoticeId,
    source: &SourceId,
    stated: &Stated,
    published: Option<PublicationDate>,
) -> Result<()> {
    let Stated { draft, shelved, .. } = stated;
    tx.execute(
        "UPDATE notice SET source_id = $2, reference = coalesce($3, reference), guid = coalesce($4, guid),
           url = coalesce($5, url), title = $6, summary = $7, content = $8, text = $9, language = $10,
           published_at = coalesce($11, published_at), precision = coalesce($12, precision), fingerprint = $13,
           section = $14, nature = $15, severity = $16, shelved = $17, also = $18, relevance = $19,
           relevance_because = $20
         WHERE id = $1",
        &[
            &id.get(),
            &source.as_str(),
            &draft.reference.as_ref().map(|r| r.number.as_str()),
            &draft.guid,
            &draft.url.as_ref().map(Url::as_str),
            &draft.title,
            &draft.summary,
            &draft.content,
            &draft.text,
            &stated.language,
            &published.map(|d| millis(d.at)),
            &published.map(|d| d.precision.as_str()),
            &stated.fingerprint,
            &shelved.section.as_str(),
            &shelved.nature.as_str(),
            &shelved.severity.as_str(),
            &shelved.because.join("\n"),
            &sections(&shelved.also),
            &shelved.relevance.points,
            &relevance_because(shelved),
        ],
    )?;
    Ok(())
}

/// Gives keys to a notice. One that already belongs to another stays there.
pub fn claim_keys(tx: &Tx, id: NoticeId, keys: &[String]) -> Result<()> {
    for key in keys {
        tx.execute(
            "INSERT INTO identity (key, notice_id) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING",
            &[key, &id.get()],
        )?;
    }
    Ok(())
}

/// Remembers in which state a source shows a notice.
pub fn sight(
    tx: &Tx,
    id: NoticeId,
    source: &SourceId,
    url: Option<&Url>,
    fingerprint: &str,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO sighting (notice_id, source_id, url, fingerprint, first_seen) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (notice_id, source_id) DO UPDATE SET url = excluded.url, fingerprint = excluded.fingerprint",
        &[&id.get(), &source.as_str(), &url.map(Url::as_str), &fingerprint, &millis(now)],
    )?;
    Ok(())
}

/// What a source showed of a notice last.
pub fn shown(db: &Db, id: NoticeId, source: &SourceId) -> Result<Option<String>> {
    db.query_first(
        "SELECT fingerprint FROM sighting WHERE notice_id = $1 AND source_id = $2",
        &[&id.get(), &source.as_str()],
        |row| row.get(0),
    )
}

/// Keeps a decision with its reason.
pub fn decide(tx: &Tx, id: NoticeId, source: &SourceId, verdict: &str, because: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO decision (notice_id, source_id, at, verdict, because) VALUES ($1, $2, $3, $4, $5)",
        &[&id.get(), &source.as_str(), &millis(now), &verdict, &because],
    )?;
    Ok(())
}

const NOTICE: &str = "SELECT id, source_id, story_id, reference, guid, url, title, summary, content, text, language,
    published_at, precision, first_seen, revision, section, nature, severity, also, relevance, placed, copy_of
    FROM notice";

pub fn get(db: &Db, id: NoticeId) -> Result<Option<Notice>> {
    db.query_first(&format!("{NOTICE} WHERE id = $1"), &[&id.get()], read)
}

/// The story of a notice.
pub fn story_of(db: &Db, id: NoticeId) -> Result<Option<StoryId>> {
    db.query_first("SELECT story_id FROM notice WHERE id = $1", &[&id.get()], |row| Ok(StoryId::new(row.get(0)?)))
}

/// Notes whose text a notice repeats.
pub fn set_copy(tx: &Tx, id: NoticeId, of: NoticeId) -> Result<()> {
    tx.execute("UPDATE notice SET copy_of = $2 WHERE id = $1", &[&id.get(), &of.get()])?;
    Ok(())
}

/// Two notices that somebody told apart are no copies of each other, and what repeats one is not found by the other.
pub fn part_copies(tx: &Tx, one: NoticeId, other: NoticeId) -> Result<()> {
    for (copy, of) in [(one, other), (other, one)] {
        let sql = "UPDATE notice SET copy_of = NULL WHERE id = $1 AND copy_of = $2";
        tx.execute(sql, &[&copy.get(), &of.get()])?;
        let sql = "UPDATE likeness SET copy_of = notice_id WHERE notice_id = $1 AND copy_of = $2";
        tx.execute(sql, &[&copy.get(), &of.get()])?;
    }
    Ok(())
}

/// A notice that bears an official reference.
pub struct Referred {
    pub notice: NoticeId,
    pub story: StoryId,
    pub published: Option<Timestamp>,
}

/// The notice that an official reference stands for.
pub fn by_reference(db: &Db, reference: &str) -> Result<Option<Referred>> {
    db.query_first(
        "SELECT id, story_id, published_at FROM notice WHERE id = (SELECT notice_id FROM identity WHERE key = $1)",
        &[&format!("ref:{reference}")],
        |row| {
            let published = row.get::<Option<i64>>(2)?.map(instant).transpose()?;
            Ok(Referred { notice: NoticeId::new(row.get(0)?), story: StoryId::new(row.get(1)?), published })
        },
    )
}

/// What is told of a story: its lead, and of the others the first ones, oldest first. A source may have put thousands there.
pub fn telling(db: &Db, story: &Story) -> Result<Vec<Notice>> {
    const MOST: u32 = 100;
    let sql = format!("{NOTICE} WHERE story_id = $1 ORDER BY id LIMIT $2");
    let mut told = db.query(&sql, &[&story.id.get(), &MOST], read)?;
    if told.iter().all(|notice| notice.id != story.lead) {
        told.extend(get(db, story.lead)?);
    }
    Ok(told)
}

/// The notices of a story, oldest first.
pub fn of_story(db: &Db, story: StoryId) -> Result<Vec<Notice>> {
    db.query(&format!("{NOTICE} WHERE story_id = $1 ORDER BY id"), &[&story.get()], read)
}

/// The latest notices, newest first, of all sources or of one.
pub fn latest(db: &Db, source: Option<&SourceId>, most: u32) -> Result<Vec<Notice>> {
    match source {
        Some(source) => db.query(
            &format!("{NOTICE} WHERE source_id = $1 ORDER BY id DESC LIMIT $2"),
            &[&source.as_str(), &most],
            read,
        ),
        None => db.query(&format!("{NOTICE} ORDER BY id DESC LIMIT $1"), &[&most], read),
    }
}

/// The notices of stories that readers may see, newest first, of all sources or of one, below one where that is given.
pub fn listed(db: &Db, source: Option<&SourceId>, before: Option<NoticeId>, most: u32) -> Result<Vec<Notice>> {
    let shown = super::stories::SHOWN.map(|review| format!("'{}'", review.as_str())).join(", ");
    let of_story = format!("EXISTS (SELECT 1 FROM story s WHERE s.id = story_id AND s.review IN ({shown}))");
    let before = before.map_or(i64::MAX, NoticeId::get);
    match source {
        Some(source) => db.query(
            &format!("{NOTICE} WHERE source_id = $1 AND id < $2 AND {of_story} ORDER BY id DESC LIMIT $3"),
            &[&source.as_str(), &before, &most],
            read,
        ),
        None => db.query(
            &format!("{NOTICE} WHERE id < $1 AND {of_story} ORDER BY id DESC LIMIT $2"),
            &[&before, &most],
            read,
        ),
    }
}

/// How many notices a source brought first.
pub fn count(db: &Db, source: &SourceId) -> Result<u64> {
    db.value::<i64>("SELECT count(*) FROM notice WHERE source_id = $1", &[&source.as_str()])
        .map(|n| u64::try_from(n).unwrap_or(0))
}

/// A former state of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Former {
    pub number: u32,
    pub title: String,
    pub summary: String,
    pub text: String,
    pub until: Timestamp,
}

/// What a notice said before, oldest first.
pub fn former(db: &Db, id: NoticeId) -> Result<Vec<Former>> {
    db.query(
        "SELECT number, title, summary, text, until FROM revision WHERE notice_id = $1 ORDER BY number",
        &[&id.get()],
        |row| {
            Ok(Former {
                number: row.get(0)?,
                title: row.get(1)?,
                summary: row.get(2)?,
                text: row.get(3)?,
                until: instant(row.get(4)?)?,
            })
        },
    )
}

/// One decision about a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    pub at: Timestamp,
    pub source: String,
    pub verdict: String,
    pub because: String,
}

/// Why a notice is new, the same, revised or a copy, in order.
pub fn reasons(db: &Db, id: NoticeId) -> Result<Vec<Reason>> {
    db.query(
        "SELECT at, source_id, verdict, because FROM decision WHERE notice_id = $1 ORDER BY id",
        &[&id.get()],
        |row| Ok(Reason { at: instant(row.get(0)?)?, source: row.get(1)?, verdict: row.get(2)?, because: row.get(3)? }),
    )
}

/// The rules that shelved a notice, one a line.
pub fn shelved_because(db: &Db, id: NoticeId) -> Result<String> {
    Ok(db.query_first("SELECT shelved FROM notice WHERE id = $1", &[&id.get()], |row| row.get(0))?.unwrap_or_default())
}

/// Why a notice has its relevance, one reason a line.
pub fn why_relevant(db: &Db, id: NoticeId) -> Result<String> {
    let sql = "SELECT relevance_because FROM notice WHERE id = $1";
    Ok(db.query_first(sql, &[&id.get()], |row| row.get(0))?.unwrap_or_default())
}

/// Which sources list a notice, under which address.
pub fn sightings(db: &Db, id: NoticeId) -> Result<Vec<(String, Option<String>)>> {
    db.query(
        "SELECT source_id, url FROM sighting WHERE notice_id = $1 ORDER BY first_seen, source_id",
        &[&id.get()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

fn read(row: &Row) -> Result<Notice> {
    let precision = row.get::<Option<String>>(12)?;
    let published = match (row.get::<Option<i64>>(11)?, precision) {
        (Some(at), Some(precision)) => {
            Some(PublicationDate { at: instant(at)?, precision: word("a precision", &precision, Precision::parse)? })
        }
        _ => None,
    };
    Ok(Notice {
        id: NoticeId::new(row.get(0)?),
        source: word("the id of a source", &row.get::<String>(1)?, SourceId::parse)?,
        story: StoryId::new(row.get(2)?),
        reference: row.get(3)?,
        guid: row.get(4)?,
        url: row.get::<Option<String>>(5)?.and_then(|url| Url::parse(&url).ok()),
        title: row.get(6)?,
        summary: row.get(7)?,
        content: row.get(8)?,
        text: row.get(9)?,
        language: row.get(10)?,
        published,
        first_seen: instant(row.get(13)?)?,
        revision: row.get(14)?,
        section: word("a section", &row.get::<String>(15)?, SectionId::parse)?,
        nature: word("a nature", &row.get::<String>(16)?, Nature::parse)?,
        severity: word("a severity", &row.get::<String>(17)?, Severity::parse)?,
        also: read_sections(&row.get::<String>(18)?)?,
        relevance: row.get(19)?,
        placed: word("who placed it", &row.get::<String>(20)?, Placed::parse)?,
        copy_of: row.get::<Option<i64>>(21)?.map(NoticeId::new),
    })
}
