//! Fetches what is due, recognises, shelves, stores.

mod after;
mod files;
mod read;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Semaphore;

use super::{
    App, details,
    takein::{Intake, Taken},
};
use crate::{
    fetch::{Fetcher, Request},
    model::{Problem, ProblemKind, Source, SourceId, Validators},
    store::{
        self,
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
    /// Documents that were read at their own addresses.
    pub details: u32,
    pub problems: Vec<Problem>,
    /// The cause of a failure, or of not asking at all.
    pub detail: String,
    /// Where it redirects for good, once it did so three times in a row: `sources.toml` should follow.
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
    if known.is_empty() {
        return Ok(Report::default());
    }
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
    for (host, until) in &held {
        // Another source may redirect there.
        fetcher.hold(host, Duration::try_from(until.duration_since(now)).unwrap_or_default());
    }
    // A host that wants long pauses makes them without one of the places.
    let (at_once, places) = (hosts.len(), Semaphore::new(app.config.crawl.hosts_at_once.max(1)));
    let places = &places;
    let reports: Vec<Vec<SourceReport>> = stream::iter(hosts)
        .map(|(host, sources)| {
            let held = held.get(host).copied();
            async move {
                let mut done = Vec::with_capacity(sources.len());
                let mut held = held;
                for (source, known) in sources {
                    app.stop.run_until_cancelled(fetcher.rest(host)).await;
                    let _place = places.acquire().await;
                    let report = match held.filter(|until| *until > app.clock.now()) {
                        _ if app.stop.is_cancelled() => skipped(source, known, String::from("the program is to end")),
                        Some(until) => skipped(source, known, format!("its host asked to be left alone until {until}")),
                        None => {
                            let before = known.clone();
                            let done = one(app, fetcher, source, known, asking).await;
                            let (mut report, hold) =
                                done.unwrap_or_else(|error| (unstored(source, &before, &error), None));
                            held = hold;
                            if source.details.is_some() && held.is_none() {
                                held = documents(app, fetcher, source, &before, &mut report).await;
                            }
                            report
                        }
                    };
                    progress(&report);
                    done.push(report);
                }
                done
            }
        })
        .buffer_unordered(at_once)
        .collect()
        .await;
    Ok(Report { sources: reports.into_iter().flatten().collect(), busy: false })
}

/// Reads what is due of a source's documents, after its listing. Until when its host is to be left alone.
async fn documents(
    app: &App,
    fetcher: &Fetcher,
    source: &Source,
    known: &Known,
    report: &mut SourceReport,
) -> Option<Timestamp> {
    match details::read_due(app, fetcher, source, known).await {
        Ok(read) => {
            report.details = read.read;
            report.revised += read.revised;
            report.problems.extend(read.problems);
            read.hold
        }
        Err(error) => {
            let message = format!("its documents cannot be read: {error:#}");
            report.problems.push(Problem::page(ProblemKind::Text, message));
            None
        }
    }
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
        details: 0,
        problems: vec![],
        detail: known.detail.clone(),
        moved_to: known.proposed_address().map(str::to_owned),
        next_check: known.next_check,
        skipped: false,
    }
}

/// Fetches, reads and stores one source. Also says until when its own host is to be left alone.
async fn one(
    app: &App,
    fetcher: &Fetcher,
    source: &Source,
    known: Known,
    asking: Asking,
) -> anyhow::Result<(SourceReport, Option<Timestamp>)> {
    let nothing = Validators::default();
    let day = |at: Timestamp| source.zone.to_datetime(at).date();
    let today = day(app.clock.now());
    let validators = match asking {
        // The validators of another day's address are those of another page.
        Asking::Conditionally if !source.url.is_dated() || known.last_fetch.map(day) == Some(today) => {
            &known.validators
        }
        Asking::Conditionally | Asking::InFull => &nothing,
    };
    let began = Instant::now();
    let url = source.url.on(today);
    let answer = fetcher.get(&Request::of(source, &url, validators)).await;
    app.keep_robots()?;
    let now = app.clock.now();
    let result = read::read(fetcher, source, &known, answer, now).await?;
    let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let until = result.retry_after.and_then(|wait| now.checked_add(wait).ok());
    let hold = result.held_host.as_deref().zip(until);
    let report = app
        .store
        .write(|tx| {
            let taken = Intake { app, tx, source, known: &known, now }.take(&result.extracted.drafts)?;
            let after =
                after::settle(app, tx, &after::Visit { source, known: &known, result: &result, millis, now }, &taken)?;
            if let Some((host, until)) = hold {
                store::sources::hold_host(tx, host, until, now)?;
            }
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
    Ok((report, hold.filter(|(host, _)| Some(*host) == source.url.host_str()).map(|(_, until)| until)))
}
