//! Stories, where they stand, and which cadence still has to carry them.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Db, Result, Tx, alerts, engine::Row, instant, millis, read_sections, sections, word};
use crate::{
    classify::Shelved,
    model::{Cadence, Edited, Nature, NoticeId, Review, SectionId, Selection, Severity, SourceId, Story, StoryId},
    text,
};

/// Where a story stands by what its notices say, and how much it concerns local authorities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub section: SectionId,
    pub also: Vec<SectionId>,
    pub nature: Nature,
    pub severity: Severity,
    pub relevance: i32,
    /// One reason a line, in French.
    pub relevance_because: String,
}

impl Standing {
    pub fn of(shelved: &Shelved) -> Self {
        Self {
            section: shelved.section.clone(),
            also: shelved.also.clone(),
            nature: shelved.nature,
            severity: shelved.severity,
            relevance: shelved.relevance.points,
            relevance_because: relevance_because(shelved),
        }
    }
}

/// The reasons of a relevance, one a line: « nomination d’une personne (−10) ».
pub fn relevance_because(shelved: &Shelved) -> String {
    let line = |(why, points): &(String, i32)| format!("{} ({})", text::collapse(why), text::points(*points));
    shelved.relevance.because.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Makes a story that is pending and has no notice yet: the same transaction must give it one, through [`begin`] or
/// [`set_lead`].
pub fn insert(tx: &Tx, standing: &Standing, now: Timestamp) -> Result<StoryId> {
    let id = StoryId::new(tx.insert(
        "INSERT INTO story (lead_id, section, also, nature, severity, relevance, relevance_because, review, first_seen,
           updated)
         VALUES (0, $1, $2, $3, $4, $5, $6, 'pending', $7, $7) RETURNING id",
        &[
            &standing.section.as_str(),
            &sections(&standing.also),
            &standing.nature.as_str(),
            &standing.severity.as_str(),
            &standing.relevance,
            &standing.relevance_because,
            &millis(now),
        ],
    )?);
    let stands: BTreeSet<&SectionId> = std::iter::once(&standing.section).chain(&standing.also).collect();
    for section in stands {
        put_on(tx, id, section.as_str())?;
    }
    Ok(id)
}

/// Takes a story away that nobody was told of, and whose notice went to another one, in the transaction that made it.
pub fn discard(tx: &Tx, id: StoryId) -> Result<()> {
    for sql in [
        "DELETE FROM waiting WHERE story_id = $1",
        "DELETE FROM review WHERE story_id = $1",
        "DELETE FROM story_shelf WHERE story_id = $1",
        "DELETE FROM story WHERE id = $1",
    ] {
        tx.execute(sql, &[&id.get()])?;
    }
    Ok(())
}

/// Gives a new story its first notice, of which it has its standing.
pub fn begin(tx: &Tx, id: StoryId, lead: NoticeId) -> Result<()> {
    tx.execute("UPDATE story SET lead_id = $2 WHERE id = $1", &[&id.get(), &lead.get()])?;
    Ok(())
}

/// Lets a notice speak for its story, and marks the story as moved. What an editor set stays.
pub fn set_lead(tx: &Tx, story: &Story, lead: NoticeId, standing: &Standing, now: Timestamp) -> Result<()> {
    let id = story.id;
    let edited = |field| story.edited.contains(&field);
    let section = if edited(Edited::Section) { &story.section } else { &standing.section };
    let nature = if edited(Edited::Nature) { story.nature } else { standing.nature };
    let severity = if edited(Edited::Severity) { story.severity } else { standing.severity };
    tx.execute(
        "UPDATE story SET lead_id = $2, section = $3, also = $4, nature = $5, severity = $6, relevance = $7,
           relevance_because = $8, updated = $9
         WHERE id = $1",
        &[
            &id.get(),
            &lead.get(),
            &section.as_str(),
            &sections(&standing.also),
            &nature.as_str(),
            &severity.as_str(),
            &standing.relevance,
            &standing.relevance_because,
            &millis(now),
        ],
    )?;
    alerts::look_at(tx, id, now)?;
    shelve(tx, id, section, &standing.also)
}

/// Whether something that readers may see waits for a cadence.
pub fn is_waiting(db: &Db, cadence: Cadence) -> Result<bool> {
    let sql = "SELECT 1 FROM waiting w JOIN story s ON s.id = w.story_id WHERE w.cadence = $1 AND s.review = 'approved' LIMIT 1";
    Ok(db.query_first(sql, &[&cadence.as_str()], |_| Ok(()))?.is_some())
}

/// What an editor writes in the place of what the notices say; `None` leaves it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// An empty one gives way to that of the lead.
    pub title: Option<String>,
    pub section: Option<SectionId>,
    pub nature: Option<Nature>,
    pub severity: Option<Severity>,
}

/// Writes it, with the whole set of fields that are an editor's from then on.
pub fn edit(tx: &Tx, story: &Story, edit: &Edit, edited: &BTreeSet<Edited>, now: Timestamp) -> Result<()> {
    let edited = edited.iter().map(|field| field.as_str()).collect::<Vec<_>>().join(" ");
    tx.execute(
        "UPDATE story SET title = coalesce($2, title), section = coalesce($3, section), nature = coalesce($4, nature),
           severity = coalesce($5, severity), edited = $6, updated = $7
         WHERE id = $1",
        &[
            &story.id.get(),
            &edit.title,
            &edit.section.as_ref().map(SectionId::as_str),
            &edit.nature.map(Nature::as_str),
            &edit.severity.map(Severity::as_str),
            &edited,
            &millis(now),
        ],
    )?;
    shelve(tx, story.id, edit.section.as_ref().unwrap_or(&story.section), &story.also)
}

/// Keeps the list by which sections find their stories.
fn shelve(tx: &Tx, id: StoryId, section: &SectionId, also: &[SectionId]) -> Result<()> {
    let wanted: BTreeSet<&str> = std::iter::once(section).chain(also).map(SectionId::as_str).collect();
    let stands: BTreeSet<String> = tx
        .query("SELECT section FROM story_shelf WHERE story_id = $1", &[&id.get()], |row| row.get(0))?
        .into_iter()
        .collect();
    for gone in stands.iter().filter(|section| !wanted.contains(section.as_str())) {
        tx.execute("DELETE FROM story_shelf WHERE section = $1 AND story_id = $2", &[gone, &id.get()])?;
    }
    for new in wanted.into_iter().filter(|section| !stands.contains(*section)) {
        put_on(tx, id, new)?;
    }
    Ok(())
}

fn put_on(tx: &Tx, id: StoryId, section: &str) -> Result<()> {
    tx.execute("INSERT INTO story_shelf (section, story_id) VALUES ($1, $2)", &[&section, &id.get()])?;
    Ok(())
}

/// Says where the notices of a story went, also of those that had gone to it before.
pub fn set_merged(tx: &Tx, id: StoryId, into: StoryId) -> Result<()> {
    tx.execute("UPDATE story SET merged_into = $2 WHERE merged_into = $1", &[&id.get(), &into.get()])?;
    tx.execute("UPDATE story SET merged_into = $2 WHERE id = $1", &[&id.get(), &into.get()])?;
    Ok(())
}

/// Puts a notice into a story.
pub fn place(tx: &Tx, notice: NoticeId, story: StoryId) -> Result<()> {
    tx.execute("UPDATE notice SET story_id = $2 WHERE id = $1", &[&notice.get(), &story.get()])?;
    Ok(())
}

/// Keeps a notice where it is: an editor put it there.
pub fn fix(tx: &Tx, notice: NoticeId) -> Result<()> {
    tx.execute("UPDATE notice SET placed = 'editor' WHERE id = $1", &[&notice.get()])?;
    Ok(())
}

/// What a notice brings to its story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Teller {
    pub id: NoticeId,
    pub source: SourceId,
    pub url: Option<String>,
    /// Published, or else first seen.
    pub at: Timestamp,
    pub standing: Standing,
}

const TELLER: &str =
    "SELECT id, source_id, url, coalesce(published_at, first_seen), section, also, nature, severity, relevance,
       relevance_because FROM notice";

/// The notices of a story, oldest first, without their words.
pub fn tellers(db: &Db, story: StoryId) -> Result<Vec<Teller>> {
    db.query(&format!("{TELLER} WHERE story_id = $1 ORDER BY id"), &[&story.get()], read_teller)
}

/// One notice, without its words.
pub fn teller(db: &Db, notice: NoticeId) -> Result<Option<Teller>> {
    db.query_first(&format!("{TELLER} WHERE id = $1"), &[&notice.get()], read_teller)
}

/// Whether a notice stands in a story.
pub fn has_teller(db: &Db, story: StoryId) -> Result<bool> {
    let sql = "SELECT 1 FROM notice WHERE story_id = $1 LIMIT 1";
    Ok(db.query_first(sql, &[&story.get()], |_| Ok(()))?.is_some())
}

fn read_teller(row: &Row) -> Result<Teller> {
    Ok(Teller {
        id: NoticeId::new(row.get(0)?),
        source: word("the id of a source", &row.get::<String>(1)?, SourceId::parse)?,
        url: row.get(2)?,
        at: instant(row.get(3)?)?,
        standing: Standing {
            section: word("a section", &row.get::<String>(4)?, SectionId::parse)?,
            also: read_sections(&row.get::<String>(5)?)?,
            nature: word("a nature", &row.get::<String>(6)?, Nature::parse)?,
            severity: word("a severity", &row.get::<String>(7)?, Severity::parse)?,
            relevance: row.get(8)?,
            relevance_because: row.get(9)?,
        },
    })
}

const STORY: &str =
    "SELECT id, lead_id, title, section, also, nature, severity, relevance, review, first_seen, updated,
    edited, merged_into, version FROM story";

pub fn get(db: &Db, id: StoryId) -> Result<Option<Story>> {
    db.query_first(&format!("{STORY} WHERE id = $1"), &[&id.get()], read)
}

/// Why a story has its relevance, one reason a line.
pub fn why_relevant(db: &Db, id: StoryId) -> Result<String> {
    let sql = "SELECT relevance_because FROM story WHERE id = $1";
    Ok(db.query_first(sql, &[&id.get()], |row| row.get(0))?.unwrap_or_default())
}

/// What a cadence has not carried yet, oldest first.
pub fn waiting(db: &Db, cadence: Cadence) -> Result<Vec<Story>> {
    db.query(
        &format!(
            "{STORY} WHERE id IN (SELECT story_id FROM waiting WHERE cadence = $1) AND review = 'approved' ORDER BY id"
        ),
        &[&cadence.as_str()],
        read,
    )
}

/// Whether a bulletin of any cadence told of a notice that stands in it, in whatever story it stood then.
pub fn is_carried(db: &Db, id: StoryId) -> Result<bool> {
    let sql = "SELECT 1 FROM notice n JOIN bulletin_notice t ON t.notice_id = n.id WHERE n.story_id = $1 LIMIT 1";
    Ok(db.query_first(sql, &[&id.get()], |_| Ok(()))?.is_some())
}

/// The notices of a story that bulletins of a cadence told of, in whatever story they stood then.
pub fn told_by(db: &Db, cadence: Cadence, story: StoryId) -> Result<BTreeSet<NoticeId>> {
    let told = db.query(
        "SELECT n.id FROM notice n JOIN bulletin_notice t ON t.notice_id = n.id JOIN bulletin b ON b.id = t.bulletin_id
         WHERE n.story_id = $1 AND b.cadence = $2 ORDER BY n.id",
        &[&story.get(), &cadence.as_str()],
        |row| Ok(NoticeId::new(row.get(0)?)),
    )?;
    Ok(told.into_iter().collect())
}

/// What no longer waits: a bulletin of that cadence carries it.
pub fn carried(tx: &Tx, cadence: Cadence, story: StoryId) -> Result<()> {
    tx.execute("DELETE FROM waiting WHERE cadence = $1 AND story_id = $2", &[&cadence.as_str(), &story.get()])?;
    Ok(())
}

/// Nothing waits for a cadence that does not exist: it begins with what comes after it was enabled.
pub fn forget_waiting(tx: &Tx, cadence: Cadence) -> Result<()> {
    tx.execute("DELETE FROM waiting WHERE cadence = $1", &[&cadence.as_str()])?;
    Ok(())
}

/// What readers may see, newest first: the stories of a selection, below one where that is given.
pub fn shown(db: &Db, selection: &Selection, before: Option<StoryId>, most: u32) -> Result<Vec<Story>> {
    let before = before.map_or(i64::MAX, StoryId::get);
    // Along the index of a shelf or a source, which do not tell states apart: all of them in one walk.
    let of_all = |sql: String, name: &str| db.query(&sql, &[&most, &before, &name], read);
    let shown = SHOWN.map(|review| format!("'{}'", review.as_str())).join(", ");
    match selection {
        Selection::Section(section) => {
            let sql = format!(
                "{OF_SHELF} WHERE h.section = $3 AND h.story_id < $2 AND s.review IN ({shown}) ORDER BY h.story_id DESC LIMIT $1"
            );
            return of_all(sql, section.as_str());
        }
        Selection::Source(source) => {
            let sql = format!(
                "{STORY} WHERE id IN (SELECT DISTINCT n.story_id FROM notice n JOIN story s ON s.id = n.story_id
                   WHERE n.source_id = $3 AND n.story_id < $2 AND s.review IN ({shown}) ORDER BY n.story_id DESC LIMIT $1)
                 ORDER BY id DESC"
            );
            return of_all(sql, source.as_str());
        }
        Selection::All | Selection::Nature(_) | Selection::Severity(_) => {}
    }
    let mut found = Vec::new();
    // One state at a time, each along its index from the newest end: a large shelf is never read as a whole, nor sorted.
    for review in SHOWN.map(Review::as_str) {
        let end = "review = $3 AND id < $2 ORDER BY id DESC LIMIT $1";
        let of = |column: &str, value: &str| {
            db.query(&format!("{STORY} WHERE {column} = $4 AND {end}"), &[&most, &before, &review, &value], read)
        };
        found.extend(match selection {
            Selection::Nature(nature) => of("nature", nature.as_str())?,
            Selection::Severity(severity) => of("severity", severity.as_str())?,
            _ => db.query(&format!("{STORY} WHERE {end}"), &[&most, &before, &review], read)?,
        });
    }
    found.sort_by_key(|story| std::cmp::Reverse(story.id));
    found.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    Ok(found)
}

/// The last number that was given.
pub fn last(db: &Db) -> Result<Option<StoryId>> {
    let last: Option<i64> = db.value("SELECT max(id) FROM story", &[])?;
    Ok(last.map(StoryId::new))
}

/// What readers may see.
pub const SHOWN: [Review; 2] = [Review::Approved, Review::Archived];

const OF_SHELF: &str =
    "SELECT s.id, s.lead_id, s.title, s.section, s.also, s.nature, s.severity, s.relevance, s.review,
    s.first_seen, s.updated, s.edited, s.merged_into, s.version FROM story_shelf h JOIN story s ON s.id = h.story_id";

/// Stories that readers may see and that are close to this one: they name one of the same vulnerabilities, or perhaps tell of
/// the same event. Newest first.
pub fn related(db: &Db, story: StoryId, most: u32) -> Result<Vec<Story>> {
    db.query(
        &format!(
            "{STORY} WHERE review IN ('approved', 'archived') AND id <> $1 AND id IN (
               SELECT o.story_id FROM notice n
                 JOIN suspicion p ON p.notice_id = n.id JOIN notice o ON o.id = p.other_id WHERE n.story_id = $1
               UNION SELECT o.story_id FROM notice n
                 JOIN suspicion p ON p.other_id = n.id JOIN notice o ON o.id = p.notice_id WHERE n.story_id = $1
               UNION SELECT o.story_id FROM notice n JOIN notice_cve c ON c.notice_id = n.id
                 JOIN notice_cve d ON d.cve = c.cve JOIN notice o ON o.id = d.notice_id WHERE n.story_id = $1)
             ORDER BY id DESC LIMIT $2"
        ),
        &[&story.get(), &most],
        read,
    )
}

/// Which stories an editor asks for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub review: Option<Review>,
    /// Their own, or one that they stand in besides.
    pub section: Option<SectionId>,
    /// First seen from then on.
    pub since: Option<Timestamp>,
    /// Only those of which a notice is perhaps also told by another story.
    pub doubtful: Doubtful,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Doubtful {
    #[default]
    OrNot,
    Only,
}

const ASKED: &str = "merged_into IS NULL AND first_seen >= $2
    AND ($3 IS NULL OR id IN (SELECT story_id FROM story_shelf WHERE section = $3))
    AND ($4 = 0 OR id IN (SELECT n.story_id FROM suspicion s JOIN notice n ON n.id IN (s.notice_id, s.other_id)
      WHERE s.settled IS NULL))";

/// The stories that an editor asks for, newest first, without those that were merged into another.
pub fn list(db: &Db, filter: &Filter, most: u32) -> Result<Vec<Story>> {
    let since = millis(filter.since.unwrap_or(Timestamp::MIN));
    let section = filter.section.as_ref().map(SectionId::as_str);
    let doubtful = i64::from(filter.doubtful == Doubtful::Only);
    match filter.review {
        Some(review) => db.query(
            &format!("{STORY} WHERE {ASKED} AND review = $5 ORDER BY id DESC LIMIT $1"),
            &[&most, &since, &section, &doubtful, &review.as_str()],
            read,
        ),
        None => db.query(
            &format!("{STORY} WHERE {ASKED} ORDER BY id DESC LIMIT $1"),
            &[&most, &since, &section, &doubtful],
            read,
        ),
    }
}

fn read(row: &Row) -> Result<Story> {
    let edited = row.get::<String>(11)?;
    let edited = edited.split(' ').filter(|field| !field.is_empty());
    Ok(Story {
        id: StoryId::new(row.get(0)?),
        lead: NoticeId::new(row.get(1)?),
        title: Some(row.get::<String>(2)?).filter(|title| !title.is_empty()),
        section: word("a section", &row.get::<String>(3)?, SectionId::parse)?,
        also: read_sections(&row.get::<String>(4)?)?,
        nature: word("a nature", &row.get::<String>(5)?, Nature::parse)?,
        severity: word("a severity", &row.get::<String>(6)?, Severity::parse)?,
        relevance: row.get(7)?,
        review: word("a review", &row.get::<String>(8)?, Review::parse)?,
        first_seen: instant(row.get(9)?)?,
        updated: instant(row.get(10)?)?,
        edited: edited.map(|field| word("a field", field, Edited::parse)).collect::<Result<_>>()?,
        merged_into: row.get::<Option<i64>>(12)?.map(StoryId::new),
        version: row.get(13)?,
    })
}
