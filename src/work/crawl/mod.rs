//! Fetches what is due, recognises, shelves, stores.

mod after;
mod files;
mod read;
mod writer;

use std::{
    collections::BTreeMap,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::{
    Semaphore,
    mpsc::{self, Sender, UnboundedSender},
    oneshot,
};

use super::{App, details, prepare::Desk};
use writer::Visit;

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

/// So many pages are in memory at once, from the end of their fetch until they are stored.
const IN_MEMORY: usize = 16;

/// Crawls. One page is stored as a whole or not at all: its notices, their words, its validators and its health. Hosts
/// are asked in parallel, the sources of one host one after the other; pages are read on every core, and stored by one
/// thread while the next ones are fetched and read.
pub async fn crawl(
    app: &App,
    which: &Which,
    asking: Asking,
    progress: &(dyn Fn(&SourceReport) + Sync),
) -> anyhow::Result<Report> {
    let chosen = choose(app, which)?;
    let Some(alone) = app.alone("crawl")? else { return Ok(Report { busy: true, ..Report::default() }) };
    let now = app.clock.now();
    let (mut known, held) = app.store.read(|db| {
        let known = match which {
            Which::Due => store::sources::due(db, now)?,
            Which::All | Which::Named(_) => store::sources::all(db)?,
        };
        Ok((known, store::sources::held_hosts(db, now)?))
    })?;
    if known.is_empty() {
        super::search::catch_up(app)?;
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
        super::search::catch_up(app)?;
        return Ok(Report::default());
    }
    let (visits, queue) = mpsc::channel(IN_MEMORY);
    let (done, mut reports) = mpsc::unbounded_channel();
    let desk = Arc::new(Desk::of(app));
    let writer = tokio::task::spawn_blocking({
        let (desk, done) = (Arc::clone(&desk), done.clone());
        move || writer::run(&desk, alone, queue, &done)
    });
    let fetcher = app.fetcher()?;
    for (host, until) in &held {
        // Another source may redirect there.
        fetcher.hold(host, Duration::try_from(until.duration_since(now)).unwrap_or_default());
    }
    let crawler = Crawler {
        app,
        fetcher,
        asking,
        desk,
        visits,
        done: done.clone(),
        in_memory: Arc::new(Semaphore::new(IN_MEMORY)),
        cores: Semaphore::new(thread::available_parallelism().map_or(2, usize::from)),
    };
    let crawled = async move {
        let (crawler, done) = (&crawler, &done);
        // A host that wants long pauses makes them without one of the places.
        let (at_once, places) = (hosts.len(), &Semaphore::new(app.config.crawl.hosts_at_once.max(1)));
        stream::iter(hosts)
            .for_each_concurrent(at_once, |(host, sources)| {
                let mut held = held.get(host).copied();
                async move {
                    for (source, known) in sources {
                        app.stop.run_until_cancelled(fetcher.rest(host)).await;
                        let _place = places.acquire().await;
                        let report = match held.filter(|until| *until > app.clock.now()) {
                            _ if app.stop.is_cancelled() => {
                                Some(skipped(source, known, String::from("the program is to end")))
                            }
                            Some(until) => {
                                Some(skipped(source, known, format!("its host asked to be left alone until {until}")))
                            }
                            None => match crawler.visit(source, &known).await {
                                Ok(hold) => {
                                    held = hold;
                                    None
                                }
                                Err(error) => Some(unstored(source, &known, &error)),
                            },
                        };
                        if let Some(report) = report {
                            let _ = done.send(report);
                        }
                    }
                }
            })
            .await;
    };
    let told = async {
        let mut sources = Vec::new();
        while let Some(report) = reports.recv().await {
            progress(&report);
            sources.push(report);
        }
        sources
    };
    let ((), sources) = futures_util::join!(crawled, told);
    writer.await.context("the writer was stopped")?;
    super::search::catch_up(app)?;
    Ok(Report { sources, busy: false })
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

/// What a visit needs besides its source.
struct Crawler<'a> {
    app: &'a App,
    fetcher: &'a Fetcher,
    asking: Asking,
    desk: Arc<Desk>,
    visits: Sender<Visit>,
    done: UnboundedSender<SourceReport>,
    in_memory: Arc<Semaphore>,
    /// More readers at once than cores would only need more memory.
    cores: Semaphore,
}

impl Crawler<'_> {
    /// Fetches and reads one source, and hands it to the writer. Until when its host is to be left alone.
    async fn visit(&self, source: &Source, known: &Known) -> anyhow::Result<Option<Timestamp>> {
        let nothing = Validators::default();
        let app = self.app;
        let day = |at: Timestamp| source.zone.to_datetime(at).date();
        let today = day(app.clock.now());
        // The validators of another day's address are those of another page.
        let is_same = !source.url.is_dated() || known.last_fetch.map(day) == Some(today);
        let validators = match self.asking {
            Asking::Conditionally if is_same => &known.validators,
            Asking::Conditionally | Asking::InFull => &nothing,
        };
        let began = Instant::now();
        let url = source.url.on(today);
        let answer = self.fetcher.get(&Request::of(source, &url, validators)).await;
        app.keep_robots()?;
        let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let place = Arc::clone(&self.in_memory).acquire_owned().await?;
        let core = self.cores.acquire().await?;
        let now = app.clock.now();
        let mut result = read::read(self.fetcher, source, known, answer, now).await?;
        let drafts = std::mem::take(&mut result.extracted.drafts);
        let (source, known) = (source.clone(), known.clone());
        let (source, known, entries) = match drafts.is_empty() {
            true => (source, known, Vec::new()),
            false => {
                let desk = Arc::clone(&self.desk);
                let prepare = move || {
                    let entries = desk.prepare(&source, &known, drafts);
                    (source, known, entries)
                };
                let (source, known, entries) =
                    tokio::task::spawn_blocking(prepare).await.context("the reader of pages was stopped")?;
                (source, known, entries.context("cannot compare what it brought")?)
            }
        };
        drop(core);
        let until = result.retry_after.and_then(|wait| now.checked_add(wait).ok());
        let hold = result.held_host.clone().zip(until);
        let own =
            hold.as_ref().filter(|(host, _)| Some(host.as_str()) == source.url.host_str()).map(|(_, until)| *until);
        if source.details.is_none() {
            let visit = Visit { source, known, result, entries, millis, now, hold, place, stored: None };
            self.visits.send(visit).await.ok().context("the writer was stopped")?;
            return Ok(own);
        }
        let (stored, report) = oneshot::channel();
        let (listing, before) = (source.clone(), known.clone());
        let visit = Visit { source, known, result, entries, millis, now, hold, place, stored: Some(stored) };
        self.visits.send(visit).await.ok().context("the writer was stopped")?;
        let mut report = report.await.context("the writer was stopped")?;
        let held = match own {
            None => self.documents(&listing, &before, &mut report).await,
            Some(until) => Some(until),
        };
        let _ = self.done.send(report);
        Ok(held)
    }

    /// Reads what is due of a source's documents, once its listing is stored. Until when its host is to be left alone.
    async fn documents(&self, source: &Source, known: &Known, report: &mut SourceReport) -> Option<Timestamp> {
        let Self { app, desk, fetcher, .. } = self;
        match (details::Reader { app, desk, fetcher, source, known }).read_due().await {
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
}
