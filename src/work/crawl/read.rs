//! From what a fetch brought back to what it comes to.

use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;

use super::files;
use crate::{
    extract::{self, Extracted},
    fetch::{Answer, Class, FetchError, Fetcher},
    model::{Problem, ProblemKind, Source, Validators},
    schedule::Outcome,
    store::sources::{Known, State},
};

/// What an answer, or its absence, comes to.
pub(super) struct Read {
    pub state: State,
    pub outcome: Outcome,
    pub extracted: Extracted,
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

pub(super) async fn read(
    fetcher: &Fetcher,
    source: &Source,
    known: &Known,
    answer: Result<Answer, FetchError>,
    now: Timestamp,
) -> anyhow::Result<Read> {
    let mut result = Read {
        state: State::Ok,
        outcome: Outcome::Unchanged,
        extracted: Extracted::default(),
        validators: None,
        status: None,
        bytes: 0,
        fresh: None,
        retry_after: None,
        held_host: None,
        moved: None,
        detail: String::new(),
        read_up_to: None,
    };
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
            let mut failure = None;
            match &source.newest {
                None => {
                    let described = source.clone();
                    result.extracted = tokio::task::spawn_blocking(move || extract::extract(&page, &described, now))
                        .await
                        .context("the reader of pages was stopped")?;
                }
                Some(pattern) => {
                    let files = files::read(fetcher, source, pattern, &page, known.read_up_to.as_deref(), now).await?;
                    result.bytes += files.bytes;
                    (result.extracted, result.read_up_to, failure) = (files.extracted, files.read_up_to, files.failure);
                }
            }
            result.extracted.problems.extend(problem.map(|problem| *problem));
            result.fresh = fresh.max(result.extracted.ttl);
            let (problems, nothing) = (&result.extracted.problems, result.extracted.drafts.is_empty());
            // A mapping that matches nothing: the page was redesigned, and somebody must look at it.
            let dead = |problem: &Problem| nothing && problem.kind == ProblemKind::Mapping;
            if let Some(error) = failure {
                // What was read before it stays; the list is asked for again, for it holds more.
                result.fail(&error);
            } else if let Some(fatal) = problems.iter().find(|problem| problem.kind.is_fatal() || dead(problem)) {
                result.state = if fatal.kind == ProblemKind::NotAFeed { State::NotAFeed } else { State::Failing };
                result.outcome = Outcome::Failed;
                result.detail = fatal.to_string();
            } else if nothing && source.newest.is_none() {
                // A page that had entries yesterday and has none today is not « nothing new ».
                result.state = if known.state.is_failure() { known.state } else { State::Empty };
                result.detail = problems.first().map_or_else(|| String::from("no entry"), Problem::to_string);
            } else {
                result.validators = Some(validators);
            }
        }
        Err(error) => result.fail(&error),
    }
    Ok(result)
}

impl Read {
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
