//! Fetches what is due, recognises, shelves, stores.

mod after;
mod read;
mod writer;

use std::{collections::BTreeMap, sync::Arc, thread, time::Instant};

use anyhow::{Context, bail};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::{
    OwnedSemaphorePermit, Semaphore,
    mpsc::{self, Sender, UnboundedSender},
};

use super::{App, prepare::Desk};
use writer::Visit;

use crate::{
    fetch::{Answer, Class, FetchError, Fetcher, Request},
    model::{Problem, Source, SourceId, Validators},
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
const IN_MEMORY: usize = 12;

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
    let (fetched, mut to_read) = mpsc::channel(IN_MEMORY);
    let (visits, to_store) = mpsc::channel(IN_MEMORY);
    let (done, mut reports) = mpsc::unbounded_channel();
    let desk = Arc::new(Desk::of(app));
    let writer = tokio::task::spawn_blocking({
        let (desk, done) = (Arc::clone(&desk), done.clone());
        move || writer::run(&desk, alone, to_store, &done)
    });
    let asker = Asker { app, fetcher: app.fetcher()?, asking, in_memory: Arc::new(Semaphore::new(IN_MEMORY)) };
    let reader = Reader {
        app,
        desk,
        cores: Semaphore::new(thread::available_parallelism().map_or(2, usize::from)),
        visits,
        done: done.clone(),
    };
    let asked = async move {
        let (asker, fetched, done) = (&asker, &fetched, &done);
        stream::iter(hosts)
            .for_each_concurrent(app.config.crawl.hosts_at_once, |(host, sources)| {
                let mut held = held.get(host).copied();
                async move {
                    for (source, known) in sources {
                        let why = match held.filter(|until| *until > app.clock.now()) {
                            _ if app.stop.is_cancelled() => Some(String::from("the program is to end")),
                            until => until.map(|until| format!("its host asked to be left alone until {until}")),
                        };
                        if let Some(why) = why {
                            // Who listens ends after who tells.
                            let _ = done.send(skipped(source, known, why));
                            continue;
                        }
                        let page = asker.ask(source, known).await;
                        held = page.hold;
                        let _ = fetched.send(page).await;
                    }
                }
            })
            .await;
    };
    let read = async move {
        let pages = stream::poll_fn(|context| to_read.poll_recv(context));
        pages.for_each_concurrent(IN_MEMORY, |page| reader.take(page)).await;
    };
    let told = async {
        let mut sources = Vec::new();
        while let Some(report) = reports.recv().await {
            progress(&report);
            sources.push(report);
        }
        sources
    };
    let ((), (), sources) = futures_util::join!(asked, read, told);
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
        problems: vec![],
        detail: known.detail.clone(),
        moved_to: known.moved_to.clone(),
        next_check: known.next_check,
        skipped: false,
    }
}

/// A source that was asked.
struct Asked<'a> {
    source: &'a Source,
    /// The source before it.
    known: Known,
    answer: Result<Answer, FetchError>,
    millis: u64,
    /// Until when its host is to be left alone.
    hold: Option<Timestamp>,
    /// Its place among those that are in memory at once.
    place: OwnedSemaphorePermit,
}

struct Asker<'a> {
    app: &'a App,
    fetcher: &'a Fetcher,
    asking: Asking,
    in_memory: Arc<Semaphore>,
}

impl Asker<'_> {
    /// Fetches one source, and waits until there is a place for what it brought.
    async fn ask<'s>(&self, source: &'s Source, known: Known) -> Asked<'s> {
        let nothing = Validators::default();
        let validators = match self.asking {
            Asking::Conditionally => &known.validators,
            Asking::InFull => &nothing,
        };
        let app = self.app;
        let began = Instant::now();
        let url = source.url.on(source.zone.to_datetime(app.clock.now()).date());
        let answer = self.fetcher.get(&Request::of(source, &url, validators)).await;
        let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let wait = match answer.as_ref().map_err(FetchError::class) {
            Err(Class::Later { retry_after }) => retry_after,
            _ => None,
        };
        let hold = wait.and_then(|wait| app.clock.now().checked_add(wait).ok());
        let place = Arc::clone(&self.in_memory).acquire_owned().await;
        let place = place.expect("a semaphore that nobody closes");
        Asked { source, known, answer, millis, hold, place }
    }
}

struct Reader<'a> {
    app: &'a App,
    desk: Arc<Desk>,
    /// More readers at once than cores would only need more memory.
    cores: Semaphore,
    visits: Sender<Visit>,
    done: UnboundedSender<SourceReport>,
}

impl Reader<'_> {
    /// Reads what a source brought, and hands it to the writer.
    async fn take(&self, asked: Asked<'_>) {
        let (source, before) = (asked.source, asked.known.clone());
        if let Err(error) = self.read(asked).await {
            let _ = self.done.send(unstored(source, &before, &error));
        }
    }

    async fn read(&self, asked: Asked<'_>) -> anyhow::Result<()> {
        let Asked { source, known, answer, millis, hold, place } = asked;
        let core = self.cores.acquire().await?;
        let mut result = read::read(source, &known, answer).await?;
        let now = self.app.clock.now();
        read::refuse_future(&mut result.extracted, now);
        let drafts = std::mem::take(&mut result.extracted.drafts);
        let (source, desk) = (source.clone(), Arc::clone(&self.desk));
        let prepare = move || {
            let entries = desk.prepare(&source, &known, drafts);
            (source, known, entries)
        };
        let prepared = tokio::task::spawn_blocking(prepare).await.context("the reader of pages was stopped")?;
        let (source, known, entries) = prepared;
        drop(core);
        let entries = entries.context("cannot compare what it brought")?;
        let visit = Visit { source, known, result, entries, millis, now, hold, place };
        self.visits.send(visit).await.ok().context("the writer was stopped")
    }
}
