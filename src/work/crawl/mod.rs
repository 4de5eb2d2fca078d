//! Fetches what is due, recognises, shelves, stores.

mod after;
mod read;

use std::{collections::BTreeMap, time::Instant};

use anyhow::{Context, bail};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde::Serialize;

use super::{App, takein::Intake};
use crate::{
    fetch::{Fetcher, Request},
    model::{Problem, Source, SourceId, Validators},
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
    let url = source.url.on(source.zone.to_datetime(app.clock.now()).date());
    let answer = fetcher.get(&Request::of(source, &url, validators)).await;
    let now = app.clock.now();
    let result = read::read(source, &known, answer, now).await?;
    let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let hold = result.retry_after.and_then(|wait| now.checked_add(wait).ok());
    let report = app
        .store
        .write(|tx| {
            let taken = Intake { app, tx, source, known: &known, now }.take(&result.extracted.drafts)?;
            let after =
                after::after(source, &known, &result, taken.new, now, &store::fetches::arrivals(tx, &source.id, 10)?);
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
