//! What is known of each source between two fetches.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde::Serialize;

use super::{Db, Result, Tx, instant, millis, word};
use crate::{
    alarm::MOVES,
    extract,
    model::{Source, SourceId, Validators},
    schedule,
};

/// How a source fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Never asked yet.
    New,
    Ok,
    /// The server said that nothing moved (304). Never heals a failure.
    Unmodified,
    /// A feed without entries. Never heals a failure.
    Empty,
    /// It answers, with something else than what it is configured as.
    NotAFeed,
    Failing,
    /// Its address may not be reached.
    Blocked,
    /// 404 or 410.
    Gone,
}

impl State {
    const ALL: [State; 8] = [
        State::New,
        State::Ok,
        State::Unmodified,
        State::Empty,
        State::NotAFeed,
        State::Failing,
        State::Blocked,
        State::Gone,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            State::New => "new",
            State::Ok => "ok",
            State::Unmodified => "unmodified",
            State::Empty => "empty",
            State::NotAFeed => "not_a_feed",
            State::Failing => "failing",
            State::Blocked => "blocked",
            State::Gone => "gone",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }

    pub const fn is_failure(self) -> bool {
        matches!(self, State::NotAFeed | State::Failing | State::Blocked | State::Gone)
    }
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub id: SourceId,
    /// What to send with a conditional request: empty when the address changed since.
    pub validators: Validators,
    pub next_check: Timestamp,
    pub last_fetch: Option<Timestamp>,
    pub last_success: Option<Timestamp>,
    pub last_new: Option<Timestamp>,
    /// When entries of this address were read for the first time.
    pub read_since: Option<Timestamp>,
    pub state: State,
    pub since: Timestamp,
    pub failures: u32,
    pub detail: String,
    /// Where it redirects for good.
    pub moved_to: Option<String>,
    /// On how many successful visits in a row it did so.
    pub moved_times: u32,
    /// Of a list of files: the last one that was read.
    pub read_up_to: Option<String>,
}

impl Known {
    /// A source that nobody asked yet.
    pub fn unread(id: &SourceId, now: Timestamp) -> Self {
        Self {
            id: id.clone(),
            validators: Validators::default(),
            next_check: now,
            last_fetch: None,
            last_success: None,
            last_new: None,
            read_since: None,
            state: State::New,
            since: now,
            failures: 0,
            detail: String::new(),
            moved_to: None,
            moved_times: 0,
            read_up_to: None,
        }
    }

    /// The new address, once it was given often enough to be believed.
    pub fn proposed_address(&self) -> Option<&str> {
        self.moved_to.as_deref().filter(|_| self.moved_times >= MOVES)
    }
}

/// In what the table and the settings differ.
#[derive(Debug, Default)]
pub struct Difference<'s> {
    /// Those that have no row, that were not watched, whose address or way of being read was edited, or that a former
    /// version of this program read.
    pub new: Vec<&'s Source>,
    /// Those that are no longer in the settings.
    pub gone: Vec<String>,
}

impl Difference<'_> {
    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.gone.is_empty()
    }
}

/// What [`register`] is to change.
pub fn difference<'s>(db: &Db, sources: &'s [Source]) -> Result<Difference<'s>> {
    let rows = db.query("SELECT id, url, settings, newest, extractor, watched FROM source", &[], |row| {
        Ok((row.get::<String>(0)?, (registered(row)?, row.get::<bool>(5)?)))
    })?;
    let mut known: HashMap<String, (Registered, bool)> = rows.into_iter().collect();
    let differs = |source: &&Source| match known.remove(source.id.as_str()) {
        Some((was, watched)) => !watched || was != Registered::of(source),
        None => true,
    };
    let new = sources.iter().filter(differs).collect();
    let mut gone: Vec<String> = known.into_iter().filter(|(_, (_, watched))| *watched).map(|(id, _)| id).collect();
    gone.sort();
    Ok(Difference { new, gone })
}

/// Makes a row for each source that has none. One whose address was edited is asked anew, in full, at once, and nothing
/// is held against it; so is one that is to be read in another way, of which the health stays. What an older version of
/// this program read is asked for in full at its own time.
pub fn register(tx: &Tx, difference: &Difference, now: Timestamp) -> Result<()> {
    for id in &difference.gone {
        tx.execute("UPDATE source SET watched = 0 WHERE id = $1", &[id])?;
    }
    for source in &difference.new {
        let (id, is) = (source.id.as_str(), Registered::of(source));
        let sql = "SELECT id, url, settings, newest, extractor FROM source WHERE id = $1";
        let Some(was) = tx.query_first(sql, &[&id], registered)? else {
            tx.execute(
                "INSERT INTO source (id, url, next_check_at, state, since, failures, detail, settings, newest, extractor)
                 VALUES ($1, $2, $3, 'new', $3, 0, '', $4, $5, $6)",
                &[&id, &is.url, &millis(now), &is.settings, &is.newest, &is.extractor],
            )?;
            continue;
        };
        if was.url != is.url {
            tx.execute(
                "UPDATE source SET url = $2, moved_to = NULL, moved_times = 0, read_since = NULL, last_fetch_at = NULL,
                   read_up_to = NULL, page = '', next_check_at = $3, state = 'new', since = $3, failures = 0, detail = '',
                   former_visits = (SELECT COALESCE(max(id), 0) FROM fetch WHERE source_id = $1)
                 WHERE id = $1",
                &[&id, &is.url, &millis(now)],
            )?;
        }
        // Where nothing is known of the former settings, they are taken for the same.
        if !was.settings.is_empty() && was.settings != is.settings {
            tx.execute("UPDATE source SET next_check_at = $2 WHERE id = $1", &[&id, &millis(now)])?;
            if was.newest != is.newest {
                tx.execute("UPDATE source SET read_up_to = NULL WHERE id = $1", &[&id])?;
            }
        }
        tx.execute(
            "UPDATE source SET etag = NULL, last_modified = NULL, settings = $2, newest = $3, extractor = $4, watched = 1
             WHERE id = $1",
            &[&id, &is.settings, &is.newest, &is.extractor],
        )?;
    }
    Ok(())
}

/// What a row was made for.
#[derive(PartialEq, Eq)]
struct Registered {
    url: String,
    /// Hash of what its pages are read by.
    settings: String,
    /// Which files of a list are read; '' where it is no list.
    newest: String,
    extractor: u32,
}

impl Registered {
    fn of(source: &Source) -> Self {
        Self {
            url: source.url.as_str().to_owned(),
            settings: extract::settings(source),
            newest: source.newest.as_ref().map(|pattern| pattern.as_str().to_owned()).unwrap_or_default(),
            extractor: extract::VERSION,
        }
    }
}

fn registered(row: &super::engine::Row) -> Result<Registered> {
    Ok(Registered { url: row.get(1)?, settings: row.get(2)?, newest: row.get(3)?, extractor: row.get(4)? })
}

pub fn all(db: &Db) -> Result<Vec<Known>> {
    db.query(&format!("{SELECT} ORDER BY id"), &[], read)
}

/// Of every source that was ever watched.
pub fn ids(db: &Db) -> Result<Vec<SourceId>> {
    db.query("SELECT id FROM source ORDER BY id", &[], |row| {
        word("the id of a source", &row.get::<String>(0)?, SourceId::parse)
    })
}

pub fn get(db: &Db, id: &SourceId) -> Result<Option<Known>> {
    db.query_first(&format!("{SELECT} WHERE id = $1"), &[&id.as_str()], read)
}

/// Those whose time has come ([`schedule::is_due`]), the longest overdue first.
pub fn due(db: &Db, now: Timestamp) -> Result<Vec<Known>> {
    db.query(
        &format!(
            "{SELECT} WHERE watched = 1
               AND (next_check_at <= $1 OR next_check_at > $2 OR last_fetch_at > $1 OR last_fetch_at IS NULL)
             ORDER BY next_check_at, id"
        ),
        &[&millis(now), &millis(schedule::furthest(now))],
        read,
    )
}

/// Whether [`due`] has any.
pub fn is_due(db: &Db, now: Timestamp) -> Result<bool> {
    let first = db.query_first(
        "SELECT id FROM source WHERE watched = 1
           AND (next_check_at <= $1 OR next_check_at > $2 OR last_fetch_at > $1 OR last_fetch_at IS NULL)
         LIMIT 1",
        &[&millis(now), &millis(schedule::furthest(now))],
        |_| Ok(()),
    )?;
    Ok(first.is_some())
}

/// Stores a source as it stands after a fetch, validators included.
pub fn update(tx: &Tx, known: &Known) -> Result<()> {
    tx.execute(
        "UPDATE source SET etag = $2, last_modified = $3, next_check_at = $4, last_fetch_at = $5,
           last_success_at = $6, last_new_at = $7, state = $8, since = $9, failures = $10, detail = $11, moved_to = $12,
           read_since = $13, moved_times = $14, read_up_to = $15
         WHERE id = $1",
        &[
            &known.id.as_str(),
            &known.validators.etag,
            &known.validators.last_modified,
            &millis(known.next_check),
            &known.last_fetch.map(millis),
            &known.last_success.map(millis),
            &known.last_new.map(millis),
            &known.state.as_str(),
            &millis(known.since),
            &known.failures,
            &known.detail,
            &known.moved_to,
            &known.read_since.map(millis),
            &known.moved_times,
            &known.read_up_to,
        ],
    )?;
    Ok(())
}

/// Until when a host asked to be left alone, where that is still to come. What was asked in the future was asked while
/// the clock was ahead.
pub fn held_hosts(db: &Db, now: Timestamp) -> Result<Vec<(String, Timestamp)>> {
    db.query(
        "SELECT name, held_until FROM host WHERE held_until > $1 AND held_until <= $2 AND since <= $1 ORDER BY name",
        &[&millis(now), &millis(schedule::furthest(now))],
        |row| Ok((row.get(0)?, instant(row.get(1)?)?)),
    )
}

pub fn hold_host(tx: &Tx, name: &str, until: Timestamp, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO host (name, held_until, since) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET held_until = excluded.held_until, since = excluded.since
         WHERE host.held_until < excluded.held_until OR host.since > excluded.since",
        &[&name, &millis(until), &millis(now)],
    )?;
    Ok(())
}

/// The notices that the last page of a source listed.
pub fn listed(db: &Db, id: &SourceId) -> Result<BTreeSet<i64>> {
    let written: Option<String> =
        db.query_first("SELECT page FROM source WHERE id = $1", &[&id.as_str()], |row| row.get(0))?;
    Ok(written.unwrap_or_default().split(' ').filter_map(|number| number.parse().ok()).collect())
}

/// Remembers which notices a page listed.
pub fn set_listed(tx: &Tx, id: &SourceId, listed: &BTreeSet<i64>) -> Result<()> {
    let written: Vec<String> = listed.iter().map(i64::to_string).collect();
    tx.execute("UPDATE source SET page = $2 WHERE id = $1", &[&id.as_str(), &written.join(" ")])?;
    Ok(())
}

const SELECT: &str = "SELECT id, etag, last_modified, next_check_at, last_fetch_at, last_success_at, last_new_at,
    state, since, failures, detail, moved_to, read_since, moved_times, read_up_to FROM source";

fn read(row: &super::engine::Row) -> Result<Known> {
    let at = |column| row.get::<Option<i64>>(column)?.map(instant).transpose();
    Ok(Known {
        id: word("the id of a source", &row.get::<String>(0)?, SourceId::parse)?,
        validators: Validators { etag: row.get(1)?, last_modified: row.get(2)? },
        next_check: instant(row.get(3)?)?,
        last_fetch: at(4)?,
        last_success: at(5)?,
        last_new: at(6)?,
        state: word("the state of a source", &row.get::<String>(7)?, State::parse)?,
        since: instant(row.get(8)?)?,
        failures: row.get(9)?,
        detail: row.get(10)?,
        moved_to: row.get(11)?,
        read_since: at(12)?,
        moved_times: row.get(13)?,
        read_up_to: row.get(14)?,
    })
}
