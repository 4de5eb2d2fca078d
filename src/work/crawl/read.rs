//! From what a fetch brought back to what it comes to.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use jiff::Timestamp;
use tokio::sync::{
    Semaphore, SemaphorePermit,
    mpsc::{Sender, UnboundedSender},
};

use super::{
    ask::Asked,
    files::{self, Failure},
    losses::{Losses, Lost},
    report::SourceReport,
    writer::Visit,
};
use crate::{
    extract::{self, Extracted},
    fetch::{Answer, Class, FetchError, Fetcher},
    model::{Draft, Page, Problem, ProblemKind, Source, Validators},
    schedule::Outcome,
    store::{
        self,
        sources::{Known, State},
    },
    work::{App, prepare::Desk},
};

/// What an answer, or its absence, comes to.
pub(super) struct Read {
    pub state: State,
    pub outcome: Outcome,
    /// Without its drafts.
    pub extracted: Extracted,
    /// The drafts of each page: of a list of files there are several, each with its own identities.
    pub pages: Vec<Vec<Draft>>,
    pub validators: Option<Validators>,
    pub status: Option<u16>,
    pub bytes: u64,
    pub fresh: Option<Duration>,
    pub retry_after: Option<Duration>,
    /// The host that asked for it, which a redirect may have led to.
    pub held_host: Option<String>,
    pub moved: Option<String>,
    pub detail: String,
    /// Of a list of files: the last one that was read.
    pub read_up_to: Option<String>,
}

/// Who reads what sources brought.
pub(super) struct Reader<'a> {
    pub app: &'a App,
    pub fetcher: &'a Fetcher,
    pub desk: Arc<Desk>,
    pub cores: Cores,
    pub visits: Sender<Visit>,
    pub losses: Arc<Losses>,
    pub done: UnboundedSender<SourceReport>,
}

/// What may be read at once: more pages than cores would only need more memory, and a large page is read alone, for its tree
/// takes many times what it takes itself.
pub(super) struct Cores {
    free: Semaphore,
    all: u32,
}

/// From how many octets on a page is large.
const LARGE: usize = 2 << 20;

impl Cores {
    pub fn of_this_machine() -> Self {
        let all = std::thread::available_parallelism().map_or(2, |cores| cores.get().min(64)) as u32;
        Self { free: Semaphore::new(all as usize), all }
    }

    async fn take(&self, octets: usize) -> anyhow::Result<SemaphorePermit<'_>> {
        Ok(self.free.acquire_many(if octets < LARGE { 1 } else { self.all }).await?)
    }
}

impl Reader<'_> {
    /// Reads what a source brought, and hands it to the writer.
    pub async fn take(&self, asked: Asked<'_>) {
        let (source, before, millis) = (asked.source, asked.known.clone(), asked.millis);
        if let Err(error) = self.prepare(asked).await {
            let lost = Lost { source, known: &before, millis, now: self.app.clock.now() };
            let _ = self.done.send(self.losses.record(&lost, &error));
        }
    }

    async fn prepare(&self, asked: Asked<'_>) -> anyhow::Result<()> {
        let Asked { source, known, answer, millis, place, stored } = asked;
        let now = self.app.clock.now();
        let mut result = self.read(source, &known, answer, now).await?;
        let pages = std::mem::take(&mut result.pages);
        let octets = usize::try_from(result.bytes).unwrap_or(usize::MAX);
        let (source, desk) = (source.clone(), Arc::clone(&self.desk));
        let prepare = move || {
            let pages = pages.into_iter().map(|drafts| desk.prepare(&source, &known, drafts, now));
            let pages = pages.collect::<store::Result<Vec<_>>>();
            (source, known, pages)
        };
        let core = self.cores.take(octets).await?;
        let prepared = tokio::task::spawn_blocking(prepare).await.context("the reader of pages was stopped")?;
        drop(core);
        let (source, known, pages) = prepared;
        let pages = pages.context("cannot compare what it brought")?;
        let until = result.retry_after.and_then(|wait| now.checked_add(wait).ok());
        let hold = result.held_host.clone().zip(until);
        let visit = Visit { source, known, result, pages, millis, now, hold, place, stored };
        self.visits.send(visit).await.ok().context("the writer was stopped")
    }

    /// What a page says as its source is configured.
    pub async fn extract(&self, page: Page, source: &Source, now: Timestamp) -> anyhow::Result<Extracted> {
        let _core = self.cores.take(page.body.len()).await?;
        let source = source.clone();
        let read = move || extract::extract(&page, &source, now);
        tokio::task::spawn_blocking(read).await.context("the reader of pages was stopped")
    }

    /// From what a fetch brought back to what it comes to.
    async fn read(
        &self,
        source: &Source,
        known: &Known,
        answer: Result<Answer, FetchError>,
        now: Timestamp,
    ) -> anyhow::Result<Read> {
        let mut result = Read::blank(State::Ok);
        match answer {
            Ok(Answer::NotModified { fresh, moved, problem }) => {
                result.extracted.problems.extend(problem.map(|problem| *problem));
                result.status = Some(304);
                result.fresh = fresh;
                result.moved = moved.map(String::from);
                // What did not move cannot have mended itself.
                result.state = if known.state.is_failure() { known.state } else { State::Unmodified };
                result.detail = if known.state.is_failure() { known.detail.clone() } else { String::new() };
            }
            Ok(Answer::Page { page, validators, fresh, moved, status, problem }) => {
                result.status = Some(status);
                result.bytes = page.body.len() as u64;
                result.moved = moved.map(String::from);
                let (mut failure, mut is_more_left) = (None, false);
                match &source.newest {
                    None => {
                        result.extracted = self.extract(page, source, now).await?;
                        result.pages.push(std::mem::take(&mut result.extracted.drafts));
                    }
                    Some(pattern) => {
                        let files =
                            files::read(self, source, pattern, &page, known.read_up_to.as_deref(), known.failures, now)
                                .await?;
                        result.bytes += files.bytes;
                        (result.extracted, result.read_up_to, failure) =
                            (files.extracted, files.read_up_to, files.failure);
                        (result.pages, is_more_left) = (files.pages, files.is_more_left);
                    }
                }
                result.extracted.problems.extend(problem.map(|problem| *problem));
                result.fresh = fresh.max(result.extracted.ttl);
                let (problems, nothing) = (&result.extracted.problems, result.pages.iter().all(Vec::is_empty));
                let left_out = result.extracted.is_all_left_out();
                // A mapping that matches nothing: the page was redesigned, and somebody must look at it. Where the page
                // lists what is not wanted, only `require` may be wrong, and that only before it ever let something in.
                let dead = |problem: &Problem| {
                    let is_told = !left_out || (problem.place == "require" && known.read_since.is_none());
                    nothing && problem.kind == ProblemKind::Mapping && is_told
                };
                if let Some(error) = failure {
                    // What was read before it stays; the list is asked for again, for it holds more.
                    match error {
                        Failure::Fetch(error) => result.fail(&error),
                        Failure::Broken(problem) => {
                            let is_other = problem.kind == ProblemKind::NotAFeed;
                            result.state = if is_other { State::NotAFeed } else { State::Failing };
                            result.outcome = Outcome::Failed;
                            result.detail = problem.to_string();
                        }
                    }
                } else if let Some(fatal) = problems.iter().find(|problem| problem.kind.is_fatal() || dead(problem)) {
                    result.state = if fatal.kind == ProblemKind::NotAFeed { State::NotAFeed } else { State::Failing };
                    result.outcome = Outcome::Failed;
                    result.detail = fatal.to_string();
                } else if nothing && !left_out && source.newest.is_none() {
                    // A page that had entries yesterday and has none today is not « nothing new ».
                    let why = problems.first().map_or_else(|| String::from("no entry"), Problem::to_string);
                    result.found_nothing(source, known, why);
                } else {
                    result.validators = Some(if is_more_left { Validators::default() } else { validators });
                }
            }
            // An edition that is not out, or a day without one.
            Err(error) if source.url.is_dated() && error.class() == Class::Gone => {
                result.status = error.status();
                result.found_nothing(source, known, error.to_string());
            }
            Err(error) => result.fail(&error),
        }
        Ok(result)
    }
}

impl Read {
    /// Nothing yet.
    pub fn blank(state: State) -> Self {
        Self {
            state,
            outcome: if state.is_failure() { Outcome::Failed } else { Outcome::Unchanged },
            extracted: Extracted::default(),
            pages: Vec::new(),
            validators: None,
            status: None,
            bytes: 0,
            fresh: None,
            retry_after: None,
            held_host: None,
            moved: None,
            detail: String::new(),
            read_up_to: None,
        }
    }

    /// What comes of a page without entries: it heals no failure, unless it is another page than yesterday's.
    fn found_nothing(&mut self, source: &Source, known: &Known, why: String) {
        self.detail = why;
        self.state = State::Empty;
        if source.url.is_dated() {
            // Those of yesterday's page are none of today's.
            self.validators = Some(Validators::default());
        } else if known.state.is_failure() {
            self.state = known.state;
        }
    }

    /// What comes of not getting through.
    fn fail(&mut self, error: &FetchError) {
        self.status = error.status();
        self.detail = error.to_string();
        self.held_host = error.hold().map(|(host, _)| host.to_owned());
        (self.state, self.outcome) = match error.class() {
            Class::Gone if self.status == Some(410) => (State::Gone, Outcome::Gone),
            // Whether it is the third is for its history to say.
            Class::Gone => (State::Gone, Outcome::NotFound),
            Class::Blocked => (State::Blocked, Outcome::Failed),
            Class::Later { retry_after } => {
                self.retry_after = retry_after;
                (State::Failing, Outcome::Failed)
            }
        };
    }
}
