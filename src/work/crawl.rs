//! Fetches what is due, recognises, shelves, stores.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{App, takein::Intake};
use crate::{
    extract::{self, Extracted},
    fetch::{Answer, Class, FetchError, Fetcher, Request},
    model::{Problem, ProblemKind, Source, SourceId, Validators},
    schedule::{self, History, Outcome},
    store::{
        self,
        fetches::Fetch,
        sources::{Known, State},
    },
};

/// What to crawl.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The sources whose time has come.
    Due,
    /// All of them, due or not.
    All,
    /// These, due or not.
    Named(Vec<String>),
}

/// How to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// Only for what changed (RFC 9110 13).
    Conditionally,
    /// For the whole page, whatever is known of it.
    InFull,
}

/// What a crawl did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// In the order in which they were done.
    pub sources: Vec<SourceReport>,
    /// Another process is crawling: nothing was done.
    pub busy: bool,
}

impl Report {
    pub fn failed(&self) -> impl Iterator<Item = &SourceReport> {
        self.sources.iter().filter(|s| s.failed())
    }
}

/// What one source brought.
#[derive(Debug, Clone, Serialize)]
pub struct SourceReport {
    pub id: SourceId,
    pub name: String,
    pub state: State,
    pub status: Option<u16>,
    pub bytes: u64,
    pub millis: u64,
    /// Entries that could be read.
    pub drafts: u32,
    pub new: u32,
    pub revised: u32,
    /// Documents that another source, or another entry of the same page, had brought under another address.
    pub duplicates: u32,
    /// Documents of their own that repeat another word for word.
    pub copies: u32,
    pub problems: Vec<Problem>,
    /// The cause of a failure, or of not asking at all.
    pub detail: String,
    /// Where a permanent redirect points: `sources.toml` should follow.
    pub moved_to: Option<String>,
    pub next_check: Timestamp,
    /// Not asked: its host wants to be left alone, or the program is to end.
    pub skipped: bool,
}

impl SourceReport {
    pub fn failed(&self) -> bool {
        !self.skipped && self.state.is_failure() && self.state != State::New
    }
}

/// Crawls. One page is one transaction: its notices, its validators and its health are stored together or not at
/// all. Hosts are asked in parallel, the sources of one host one after the other.
pub async fn crawl(
    app: &App,
    which: &Which,
    asking: Asking,
    progress: &(dyn Fn(&SourceReport) + Sync),
) -> anyhow::Result<Report> {
    let chosen = choose(app, which)?;
    let Some(_alone) = app.alone("crawl")? else { return Ok(Report { busy: true, ..Report::default() }) };
    let now = app.clock.now();
    let (mut known, held) = app.store.read(|db| {
        let known = match which {
            Which::Due => store::sources::due(db, now)?,
            Which::All | Which::Named(_) => store::sources::all(db)?,
        };
        Ok((known, store::sources::held_hosts(db, now)?))
    })?;
    let held: BTreeMap<String, Timestamp> = held.into_iter().collect();
    // By host, the longest overdue first; then in the order of `sources.toml`.
    let places: BTreeMap<&SourceId, usize> = chosen.iter().enumerate().map(|(place, s)| (&s.id, place)).collect();
    known.retain(|known| places.contains_key(&known.id));
    known.sort_by_key(|known| (known.next_check, places.get(&known.id).copied()));
    let mut hosts: BTreeMap<&str, Vec<(&Source, Known)>> = BTreeMap::new();
    for known in known {
        if let Some(source) = places.get(&known.id).and_then(|place| chosen.get(*place)) {
            hosts.entry(source.url.host_str().unwrap_or("")).or_default().push((source, known));
        }
    }
    if hosts.is_empty() {
        return Ok(Report::default());
    }
    let fetcher = app.fetcher()?;
    let reports: Vec<Vec<SourceReport>> = stream::iter(hosts)
        .map(|(host, sources)| {
            let held = held.get(host).copied();
            async move {
                let mut done = Vec::with_capacity(sources.len());
                let mut held = held;
                for (source, known) in sources {
                    let report = match held.filter(|until| *until > app.clock.now()) {
                        _ if app.stop.is_cancelled() => skipped(source, known, String::from("the program is to end")),
                        Some(until) => skipped(source, known, format!("its host asked to be left alone until {until}")),
                        None => {
                            let before = known.clone();
                            let (report, hold) = one(app, fetcher, source, known, asking)
                                .await
                                .unwrap_or_else(|error| (unstored(source, &before, &error), None));
                            held = hold;
                            report
                        }
                    };
                    progress(&report);
                    done.push(report);
                }
                done
            }
        })
        .buffer_unordered(app.config.crawl.hosts_at_once)
        .collect()
        .await;
    Ok(Report { sources: reports.into_iter().flatten().collect(), busy: false })
}

fn choose<'a>(app: &'a App, which: &Which) -> anyhow::Result<Vec<&'a Source>> {
    let all = &app.config.sources;
    let Which::Named(names) = which else { return Ok(all.iter().collect()) };
    let mut chosen = Vec::with_capacity(names.len());
    for name in names {
        match all.iter().find(|s| s.id.as_str() == name) {
            Some(source) => chosen.push(source),
            None => bail!("there is no source `{name}`\nhint: `vigie sources list` names those of `sources.toml`"),
        }
    }
    Ok(chosen)
}

fn skipped(source: &Source, known: Known, detail: String) -> SourceReport {
    SourceReport { detail, skipped: true, ..blank(source, &known) }
}

/// A page that was fetched and could not be stored: it is asked for again, for nothing of it was kept.
fn unstored(source: &Source, known: &Known, error: &anyhow::Error) -> SourceReport {
    SourceReport { state: State::Failing, detail: format!("{error:#}"), ..blank(source, known) }
}

fn blank(source: &Source, known: &Known) -> SourceReport {
    SourceReport {
        id: source.id.clone(),
        name: source.name.clone(),
        state: known.state,
        status: None,
        bytes: 0,
        millis: 0,
        drafts: 0,
        new: 0,
        revised: 0,
        duplicates: 0,
        copies: 0,
        problems: vec![],
        detail: known.detail.clone(),
        moved_to: known.moved_to.clone(),
        next_check: known.next_check,
        skipped: false,
    }
}

/// What an answer, or its absence, comes to.
struct Read {
    state: State,
    outcome: Outcome,
    extracted: Extracted,
    validators: Option<Validators>,
    status: Option<u16>,
    bytes: u64,
    fresh: Option<Duration>,
    retry_after: Option<Duration>,
    moved: Option<String>,
    detail: String,
}

/// Fetches, reads and stores one source. Also says until when its host is to be left alone.
async fn one(
    app: &App,
    fetcher: &Fetcher,
    source: &Source,
    known: Known,
    asking: Asking,
) -> anyhow::Result<(SourceReport, Option<Timestamp>)> {
    let nothing = Validators::default();
    let validators = match asking {
        Asking::Conditionally => &known.validators,
        Asking::InFull => &nothing,
    };
    let began = Instant::now();
    let answer = fetcher.get(&Request::of(source, validators)).await;
    let mut result = read(source, &known, answer).await?;
    let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let now = app.clock.now();
    refuse_future(&mut result.extracted, now);
    let hold = result.retry_after.and_then(|wait| now.checked_add(wait).ok());
    let report = app
        .store
        .write(|tx| {
            let taken = Intake { app, tx, source, known: &known, now }.take(&result.extracted.drafts)?;
            let after = after(source, &known, &result, taken.new, now, &store::fetches::arrivals(tx, &source.id, 10)?);
            store::sources::update(tx, &after)?;
            if let (Some(until), Some(host)) = (hold, source.url.host_str()) {
                store::sources::hold_host(tx, host, until)?;
            }
            let fetch = Fetch {
                at: now,
                outcome: after.state,
                status: result.status,
                bytes: result.bytes,
                millis,
                drafts: taken.drafts,
                new: taken.new,
                revised: taken.revised,
                detail: result.detail.clone(),
            };
            store::fetches::record(tx, &source.id, &fetch, &result.extracted.problems)?;
            Ok(SourceReport {
                status: result.status,
                bytes: result.bytes,
                millis,
                drafts: taken.drafts,
                new: taken.new,
                revised: taken.revised,
                duplicates: taken.duplicates,
                copies: taken.copies,
                problems: result.extracted.problems.clone(),
                ..blank(source, &after)
            })
        })
        .context("cannot store what it brought")?;
    Ok((report, hold))
}

/// No document was published the day after tomorrow: such a date would stand first for years.
fn refuse_future(extracted: &mut Extracted, now: Timestamp) {
    const SOON: SignedDuration = SignedDuration::from_hours(48);
    for (n, draft) in extracted.drafts.iter_mut().enumerate() {
        if draft.published.is_some_and(|date| date.at.duration_since(now) > SOON) {
            draft.published = None;
            let message = "its date lies in the future, and is left out";
            extracted.problems.push(Problem::at(format!("entry {}", n + 1), ProblemKind::Date, message));
        }
    }
}

async fn read(source: &Source, known: &Known, answer: Result<Answer, FetchError>) -> anyhow::Result<Read> {
    let mut result = Read {
        state: State::Ok,
        outcome: Outcome::Unchanged,
        extracted: Extracted::default(),
        validators: None,
        status: None,
        bytes: 0,
        fresh: None,
        retry_after: None,
        moved: None,
        detail: String::new(),
    };
    match answer {
        Ok(Answer::NotModified { fresh, moved }) => {
            result.status = Some(304);
            result.fresh = fresh;
            result.moved = moved.map(String::from);
            // What did not move cannot have mended itself.
            result.state = if known.state.is_failure() { known.state } else { State::Unmodified };
            result.detail = if known.state.is_failure() { known.detail.clone() } else { String::new() };
        }
        Ok(Answer::Page { page, validators, fresh, moved, status }) => {
            result.status = Some(status);
            result.bytes = page.body.len() as u64;
            result.moved = moved.map(String::from);
            let described = source.clone();
            result.extracted = tokio::task::spawn_blocking(move || extract::extract(&page, &described))
                .await
                .context("the reader of pages was stopped")?;
            result.fresh = fresh.max(result.extracted.ttl);
            let (problems, nothing) = (&result.extracted.problems, result.extracted.drafts.is_empty());
            // A selector that matches nothing: the page was redesigned, and somebody must look at it.
            let dead = |problem: &Problem| nothing && problem.kind == ProblemKind::Selector;
            if let Some(fatal) = problems.iter().find(|problem| problem.kind.is_fatal() || dead(problem)) {
                result.state = if fatal.kind == ProblemKind::NotAFeed { State::NotAFeed } else { State::Failing };
                result.outcome = Outcome::Failed;
                result.detail = fatal.to_string();
            } else if nothing {
                // A page that had entries yesterday and has none today is not « nothing new ».
                result.state = if known.state.is_failure() { known.state } else { State::Empty };
                result.detail = problems.first().map_or_else(|| String::from("no entry"), Problem::to_string);
            } else {
                result.validators = Some(validators);
            }
        }
        Err(error) => {
            result.status = error.status();
            result.detail = error.to_string();
            (result.state, result.outcome) = match error.class() {
                Class::Gone => (State::Gone, Outcome::Gone),
                Class::Blocked => (State::Blocked, Outcome::Failed),
                Class::Later { retry_after } => {
                    result.retry_after = retry_after;
                    (State::Failing, Outcome::Failed)
                }
            };
        }
    }
    Ok(result)
}

/// The source as it stands after this fetch.
fn after(source: &Source, known: &Known, result: &Read, new: u32, now: Timestamp, arrivals: &[Timestamp]) -> Known {
    let failed = matches!(result.outcome, Outcome::Failed | Outcome::Gone);
    let failures = match result.outcome {
        Outcome::Failed | Outcome::Gone => known.failures.saturating_add(1),
        _ if result.state.is_failure() => known.failures,
        _ => 0,
    };
    let last_new = if new > 0 { Some(now) } else { known.last_new };
    let average_gap = match arrivals {
        [newest, .., oldest] => {
            let span = newest.duration_since(*oldest).unsigned_abs();
            Some(span / u32::try_from(arrivals.len() - 1).unwrap_or(u32::MAX))
        }
        _ => None,
    };
    let history = History {
        last_fetch: Some(now),
        failures,
        last_new,
        average_gap,
        outcome: if new > 0 { Outcome::New } else { result.outcome },
    };
    let same = known.state == result.state || (!known.state.is_failure() && !result.state.is_failure());
    Known {
        id: known.id.clone(),
        // What could not be read must be asked for in full again.
        validators: match &result.validators {
            Some(validators) => validators.clone(),
            None if failed => Validators::default(),
            None => known.validators.clone(),
        },
        next_check: schedule::next_check(&source.id, source.every, &history, result.fresh, result.retry_after, now),
        last_fetch: Some(now),
        last_success: if failed { known.last_success } else { Some(now) },
        last_new,
        read_since: known.read_since.or((!result.extracted.drafts.is_empty()).then_some(now)),
        state: result.state,
        since: if same && known.state != State::New { known.since } else { now },
        failures,
        detail: result.detail.clone(),
        moved_to: result.moved.clone().or_else(|| known.moved_to.clone().filter(|_| failed)),
    }
}
