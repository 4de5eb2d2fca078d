//! Looking for words in all notices: SQLite's FTS5, and the only file that names it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::{Db, Result, Tx, engine::Param, instant, millis, notices};
use crate::{
    model::{Nature, Notice, NoticeId, SectionId, Severity, SourceId, StoryId},
    normalise::terms::{Excerpt, Query, Stems, Wanted, excerpt},
};

/// The words of a notice in the form of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexed {
    title: String,
    text: String,
}

impl Indexed {
    /// Of a title, an official reference, a summary and a text, of which the first 60,000 octets are looked at.
    pub fn of(stems: &mut Stems, title: &str, reference: Option<&str>, summary: &str, text: &str) -> Self {
        let mut front = stems.of(title);
        if let Some(reference) = reference.filter(|reference| !title.contains(reference)) {
            front = format!("{front} {}", stems.of(reference));
        }
        let mut body = stems.of(text);
        // Most summaries are the beginning of the text, or all of it.
        if !text.starts_with(summary.trim_end_matches(['…', '.', ' '])) {
            body = format!("{body} {}", stems.of(summary));
        }
        Self { title: front, text: body }
    }
}

/// Puts the words of a new notice in the index.
pub fn add(tx: &Tx, id: NoticeId, words: &Indexed) -> Result<()> {
    tx.execute("INSERT INTO search (rowid, title, text) VALUES ($1, $2, $3)", &[&id.get(), &words.title, &words.text])?;
    Ok(())
}

/// Notes that the words of a notice are others now, or that it is gone: [`catch_up`] looks.
pub fn later(tx: &Tx, id: NoticeId) -> Result<()> {
    tx.execute("INSERT INTO search_pending (notice_id) VALUES ($1) ON CONFLICT (notice_id) DO NOTHING", &[&id.get()])?;
    Ok(())
}

/// Reads the words of notices that [`later`] noted, `most` of them; how many they were.
pub fn catch_up(tx: &Tx, stems: &mut Stems, most: u32) -> Result<usize> {
    let pending = tx.query("SELECT notice_id FROM search_pending ORDER BY notice_id LIMIT $1", &[&most], |row| {
        Ok(NoticeId::new(row.get(0)?))
    })?;
    for id in &pending {
        tx.execute("DELETE FROM search WHERE rowid = $1", &[&id.get()])?;
        if let Some(notice) = notices::get(tx, *id)? {
            let Notice { title, reference, summary, text, .. } = &notice;
            add(tx, *id, &Indexed::of(stems, title, reference.as_deref(), summary, text))?;
        }
        tx.execute("DELETE FROM search_pending WHERE notice_id = $1", &[&id.get()])?;
    }
    Ok(pending.len())
}

/// Whether [`catch_up`] has something to read.
pub fn is_waiting(db: &Db) -> Result<bool> {
    db.query_first("SELECT notice_id FROM search_pending LIMIT 1", &[], |_| Ok(())).map(|row| row.is_some())
}

/// Which notices are looked through.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Their own, or one that they stand in besides.
    pub section: Option<SectionId>,
    pub nature: Option<Nature>,
    /// This severity, or a greater one.
    pub least_severity: Option<Severity>,
    pub source: Option<SourceId>,
    /// Published, or else first seen, from then on.
    pub since: Option<Timestamp>,
    /// And before then.
    pub until: Option<Timestamp>,
}

/// Which of them come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By date. Of more than 2,000, those that came in last.
    Newest,
    /// By how well they match (BM25), a word of the title counting five times.
    Best,
}

/// A notice that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    #[serde(flatten)]
    pub notice: Notice,
    /// The part of its text that holds the words.
    pub excerpt: Excerpt,
}

const MATCHING: &str = "SELECT n.id, coalesce(n.published_at, n.first_seen)
    FROM search JOIN notice n ON n.id = search.rowid
    WHERE search MATCH $1 AND ($2 IS NULL OR n.section = $2 OR instr(' ' || n.also || ' ', ' ' || $2 || ' ') > 0)
      AND ($3 IS NULL OR n.nature = $3)
      AND ($4 IS NULL OR n.source_id = $4) AND ($5 IS NULL OR coalesce(n.published_at, n.first_seen) >= $5)
      AND ($6 IS NULL OR coalesce(n.published_at, n.first_seen) < $6)
      AND ($7 IS NULL OR instr($7, ' ' || n.severity || ' ') > 0)";

/// Of how many notices the dates are compared.
const COMPARED: u32 = 2_000;
/// How long an excerpt is, in octets.
const WIDTH: usize = 240;

/// The notices that have all of a query; none when it asks for nothing.
pub fn find(db: &Db, query: &Query, filter: &Filter, order: Order, most: u32) -> Result<Vec<Found>> {
    if query.is_empty() {
        return Ok(Vec::new());
    }
    let asked = expression(query);
    let section = filter.section.as_ref().map(SectionId::as_str);
    let nature = filter.nature.map(Nature::as_str);
    let source = filter.source.as_ref().map(SourceId::as_str);
    let (since, until) = (filter.since.map(millis), filter.until.map(millis));
    let severities = from(filter.least_severity);
    let limit = if order == Order::Newest { COMPARED.max(most) } else { most };
    let params: [&dyn Param; 8] = [&asked, &section, &nature, &source, &since, &until, &severities, &limit];
    let sql = match order {
        Order::Newest => format!("{MATCHING} ORDER BY search.rowid DESC LIMIT $8"),
        Order::Best => format!("{MATCHING} ORDER BY bm25(search, 5.0, 1.0), search.rowid DESC LIMIT $8"),
    };
    let mut ids = db.query(&sql, &params, |row| Ok((instant(row.get(1)?)?, NoticeId::new(row.get(0)?))))?;
    if order == Order::Newest {
        ids.sort_by(|a, b| b.cmp(a));
    }
    let mut stems = Stems::default();
    let mut found = Vec::new();
    for (_, id) in ids.into_iter().take(usize::try_from(most).unwrap_or(usize::MAX)) {
        let Some(notice) = notices::get(db, id)? else { continue };
        let text = if notice.text.is_empty() { &notice.summary } else { &notice.text };
        let excerpt = excerpt(text, query, &mut stems, WIDTH);
        found.push(Found { notice, excerpt });
    }
    Ok(found)
}

/// Which stories are looked through, of those that readers may see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Among {
    /// Their own section, or one that they stand in besides.
    pub section: Option<SectionId>,
    pub nature: Option<Nature>,
    /// This severity, or a greater one.
    pub least_severity: Option<Severity>,
    /// The notice with the words is from there.
    pub source: Option<SourceId>,
    /// That notice was published, or else first seen, from then on.
    pub since: Option<Timestamp>,
    /// And before then.
    pub until: Option<Timestamp>,
}

/// Where the words stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    Anywhere,
    /// And the notice is one of the [`recent`] ones: to find the few titles that hold several common words, all places of
    /// these words are gone through.
    Title,
}

impl Within {
    /// As FTS5 takes it, and the first notice of those that are looked through.
    fn asked(self, db: &Db, query: &Query) -> Result<(String, i64)> {
        Ok(match self {
            Self::Anywhere => (expression(query), 0),
            Self::Title => (format!("title : ({})", expression(query)), recent(db)?.get()),
        })
    }
}

/// So many of the last notices are recent.
const RECENT: i64 = 250_000;

/// The first of the recent notices.
pub fn recent(db: &Db) -> Result<NoticeId> {
    let last: Option<i64> = db.value("SELECT max(id) FROM notice", &[])?;
    Ok(NoticeId::new((last.unwrap_or(0) - RECENT).max(0)))
}

/// A severity and those above it, with a space before and behind each: words of ours, none of which holds one.
fn from(least: Option<Severity>) -> Option<String> {
    let words =
        |least| Severity::ALL.into_iter().filter(move |one| *one >= least).map(|one| format!(" {}", one.as_str()));
    least.map(|least| words(least).collect::<String>() + " ")
}

/// What a step through the matches brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Notices and their stories, those that came in last first.
    pub hits: Vec<(NoticeId, StoryId)>,
    /// The last notice that was looked at, when there may be more below it.
    pub end: Option<NoticeId>,
}

/// So many matches are looked at, at once: first, and at most, for each time the words are looked up anew.
const FIRST: u32 = 250;
const LARGEST: u32 = 2_000;

/// Walks along the notices that have all of a query, from the one that came in last, or from below one, and takes `most` of
/// those whose stories readers may see. Of `budget`, what it looks at is taken off: with filters that nearly nothing passes, a walk
/// along a common word ends there.
pub fn step(
    db: &Db,
    query: &Query,
    within: Within,
    among: &Among,
    below: Option<NoticeId>,
    most: u32,
    budget: &mut usize,
) -> Result<Step> {
    if query.is_empty() {
        return Ok(Step { hits: Vec::new(), end: None });
    }
    let (asked, floor) = within.asked(db, query)?;
    let below = below.map_or(i64::MAX, NoticeId::get);
    let section = among.section.as_ref().map(SectionId::as_str);
    let nature = among.nature.map(Nature::as_str);
    let severities = from(among.least_severity);
    let source = among.source.as_ref().map(SourceId::as_str);
    let (since, until) = (among.since.map(millis), among.until.map(millis));
    let mut step = Step { hits: Vec::new(), end: None };
    let (mut below, mut chunk) = (below, FIRST);
    while *budget > 0 {
        let rows = db.query(
            "SELECT c.id, s.id FROM
               (SELECT rowid AS id FROM search WHERE search MATCH $1 AND rowid < $2 AND rowid >= $10 ORDER BY rowid DESC LIMIT $3) c
               JOIN notice n ON n.id = c.id
               LEFT JOIN story s ON s.id = n.story_id AND s.review IN ('approved', 'archived')
                 AND ($4 IS NULL OR s.section = $4 OR instr(' ' || s.also || ' ', ' ' || $4 || ' ') > 0)
                 AND ($5 IS NULL OR s.nature = $5)
                 AND ($6 IS NULL OR instr($6, ' ' || s.severity || ' ') > 0)
                 AND ($7 IS NULL OR n.source_id = $7)
                 AND ($8 IS NULL OR coalesce(n.published_at, n.first_seen) >= $8)
                 AND ($9 IS NULL OR coalesce(n.published_at, n.first_seen) < $9)
             ORDER BY c.id DESC",
            &[&asked, &below, &chunk, &section, &nature, &severities, &source, &since, &until, &floor],
            |row| Ok((row.get::<i64>(0)?, row.get::<Option<i64>>(1)?.map(StoryId::new))),
        )?;
        let is_last = rows.len() < chunk as usize;
        chunk = LARGEST.min(chunk * 2);
        *budget = budget.saturating_sub(rows.len());
        for (notice, story) in rows {
            if step.hits.len() >= most as usize {
                return Ok(step);
            }
            below = notice;
            step.end = Some(NoticeId::new(notice));
            step.hits.extend(story.map(|story| (NoticeId::new(notice), story)));
        }
        if is_last {
            step.end = None;
            break;
        }
    }
    Ok(step)
}

/// The notices between these two, with them, that have all of a query in their title.
pub fn in_title(db: &Db, query: &Query, first: NoticeId, last: NoticeId) -> Result<BTreeSet<NoticeId>> {
    let asked = format!("title : ({})", expression(query));
    let sql = "SELECT rowid FROM search WHERE search MATCH $1 AND rowid >= $2 AND rowid <= $3";
    let found = db.query(sql, &[&asked, &first.get(), &last.get()], |row| Ok(NoticeId::new(row.get(0)?)))?;
    Ok(found.into_iter().collect())
}

/// Whether a search has come to a story before it comes to this notice of it, by another one: above it among those that match
/// `within`, or anywhere among those that match `first`, where these all come before.
pub fn is_repeated(
    db: &Db,
    query: &Query,
    within: Within,
    first: Option<Within>,
    among: &Among,
    (notice, story): (NoticeId, StoryId),
) -> Result<bool> {
    let source = among.source.as_ref().map(SourceId::as_str);
    let (since, until) = (among.since.map(millis), among.until.map(millis));
    for (within, above) in [Some((within, notice.get())), first.map(|first| (first, 0))].into_iter().flatten() {
        let (asked, floor) = within.asked(db, query)?;
        let others = db.query(
            "SELECT n.id FROM notice n WHERE n.story_id = $1 AND n.id > $2 AND n.id >= $3 AND n.id <> $4
               AND ($5 IS NULL OR n.source_id = $5)
               AND ($6 IS NULL OR coalesce(n.published_at, n.first_seen) >= $6)
               AND ($7 IS NULL OR coalesce(n.published_at, n.first_seen) < $7)",
            &[&story.get(), &above, &floor, &notice.get(), &source, &since, &until],
            |row| row.get::<i64>(0),
        )?;
        for other in others {
            let sql = "SELECT 1 FROM search WHERE search MATCH $1 AND rowid = $2";
            if db.query_first(sql, &[&asked, &other], |_| Ok(()))?.is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// A query in the syntax of FTS5. Terms are letters and digits, so that none of them can be taken for syntax.
fn expression(query: &Query) -> String {
    const QUOTE: char = '\u{22}';
    let quoted = |text: &str| format!("{QUOTE}{text}{QUOTE}");
    let one = |wanted: &Wanted| match wanted {
        Wanted::Terms(terms) => quoted(&terms.join(" ")),
        Wanted::Start { start, stem } => format!("({} * OR {})", quoted(start), quoted(stem)),
    };
    let all = |parts: &[Wanted], between: &str| parts.iter().map(one).collect::<Vec<_>>().join(between);
    let wanted = all(&query.wanted, " AND ");
    match query.unwanted.is_empty() {
        true => wanted,
        false => format!("({wanted}) NOT ({})", all(&query.unwanted, " OR ")),
    }
}
