//! Fetches what is due, recognises, shelves, stores.

mod after;
mod ask;
mod files;
mod losses;
mod read;
mod report;
mod writer;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio::sync::{
    Semaphore, SemaphorePermit,
    mpsc::{self, Sender, UnboundedSender},
    oneshot,
};

use super::{
    App,
    prepare::Desk,
    room::{PLACES, Room},
};
use crate::{
    model::{Source, SourceId},
    store::{self, sources::Known},
};
use ask::{Asked, Asker};
use losses::{Losses, Lost};
use read::{Cores, Reader};

pub use report::{Report, SourceReport};

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

/// Crawls. One page is stored as a whole or not at all: its notices, their words, its validators and its health. Hosts
/// are asked in parallel, the sources of one host one after the other; pages are read on every core, and stored by one
/// thread while the next ones are fetched and read.
///
/// # Errors
/// Where nothing can be stored any more, not even that, it ends: what is asked for in vain is not asked for.
pub async fn crawl(
    app: &App,
    which: &Which,
    asking: Asking,
    progress: &(dyn Fn(&SourceReport) + Sync),
) -> anyhow::Result<Report> {
    let chosen = choose(app, which)?;
    let Some(alone) = app.alone("crawl")? else { return Ok(Report { busy: true, ..Report::default() }) };
    super::recognise::catch_up(app)?;
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
    let (fetched, mut to_read) = mpsc::channel(PLACES);
    let (visits, to_store) = mpsc::channel(PLACES);
    let (done, mut reports) = mpsc::unbounded_channel();
    let desk = Arc::new(Desk::of(app));
    let stop = app.stop.child_token();
    let losses = Arc::new(Losses::new(Arc::clone(&desk), stop.clone()));
    let writer = tokio::task::spawn_blocking({
        let (desk, losses, done) = (Arc::clone(&desk), Arc::clone(&losses), done.clone());
        move || writer::run(&desk, &losses, alone, to_store, &done)
    });
    let fetcher = app.fetcher()?;
    for (host, until) in &held {
        // Another source may redirect there.
        fetcher.hold(host, Duration::try_from(until.duration_since(now)).unwrap_or_default());
    }
    let room = Room::new(app);
    let asker = Asker { app, fetcher, desk: Arc::clone(&desk), asking, room, losses: Arc::clone(&losses), stop };
    let reader = Reader {
        app,
        fetcher,
        desk,
        cores: Cores::of_this_machine(),
        visits,
        losses: Arc::clone(&losses),
        done: done.clone(),
    };
    let asked = async move {
        // A host that wants long pauses makes them without one of the places.
        let (at_once, places) = (hosts.len(), &Semaphore::new(app.config.crawl.hosts_at_once.max(1)));
        let (asker, fetched, done, stop) = (&asker, &fetched, &done, &asker.stop);
        stream::iter(hosts)
            .for_each_concurrent(at_once, |(host, sources)| {
                let mut held = held.get(host).copied();
                async move {
                    for (source, known) in sources {
                        stop.run_until_cancelled(fetcher.rest(host)).await;
                        let place = places.acquire().await;
                        let why = match held.filter(|until| *until > app.clock.now()) {
                            _ if stop.is_cancelled() => Some(String::from("the program is to end")),
                            until => until.map(|until| format!("its host asked to be left alone until {until}")),
                        };
                        held = match why {
                            // Who listens ends after who tells.
                            Some(why) => {
                                let _ = done.send(report::skipped(source, known, why));
                                held
                            }
                            None => visit(asker, source, known, place.ok(), fetched, done).await,
                        };
                    }
                }
            })
            .await;
    };
    let read = async move {
        let pages = stream::poll_fn(|context| to_read.poll_recv(context));
        pages.for_each_concurrent(PLACES, |page| reader.take(page)).await;
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
    losses.end()?;
    super::search::catch_up(app)?;
    Ok(Report { sources, busy: false })
}

/// Asks one source, hands over what it brought, and reads its documents where it has some. Until when its host is to be
/// left alone.
async fn visit<'s>(
    asker: &Asker<'_>,
    source: &'s Source,
    known: Known,
    place: Option<SemaphorePermit<'_>>,
    fetched: &Sender<Asked<'s>>,
    done: &UnboundedSender<SourceReport>,
) -> Option<Timestamp> {
    let before = known.clone();
    let mut asked = match asker.ask(source, known).await {
        Ok(asked) => asked,
        Err(error) => {
            let lost = Lost { source, known: &before, millis: 0, now: asker.app.clock.now() };
            let _ = done.send(asker.losses.record(&lost, &error));
            return None;
        }
    };
    let held = asker.hold(&asked);
    if source.details.is_none() {
        let _ = fetched.send(asked).await;
        return held;
    }
    // Documents are asked for one by one, each in the turn of its host: many take long.
    drop(place);
    let (stored, waiting) = oneshot::channel();
    asked.stored = Some(stored);
    let _ = fetched.send(asked).await;
    // Where nothing comes, the list could not be read, and who read it told so.
    let mut report = waiting.await.ok()?;
    let held = match held {
        None if asker.stop.is_cancelled() => None,
        None if !report.failed() => asker.documents(source, &before, &mut report).await,
        held => held,
    };
    let _ = done.send(report);
    held
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
