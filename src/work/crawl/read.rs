//! From what a fetch brought back to what it comes to.

use std::time::Duration;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};

use crate::{
    extract::{self, Extracted},
    fetch::{Answer, Class, FetchError},
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
}

pub(super) async fn read(source: &Source, known: &Known, answer: Result<Answer, FetchError>) -> anyhow::Result<Read> {
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
            let described = source.clone();
            result.extracted = tokio::task::spawn_blocking(move || extract::extract(&page, &described))
                .await
                .context("the reader of pages was stopped")?;
            result.extracted.problems.extend(problem.map(|problem| *problem));
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
            result.held_host = error.hold().map(|(host, _)| host.to_owned());
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

/// No document was published the day after tomorrow: such a date would stand first for years.
pub(super) fn refuse_future(extracted: &mut Extracted, now: Timestamp) {
    const SOON: SignedDuration = SignedDuration::from_hours(48);
    for (n, draft) in extracted.drafts.iter_mut().enumerate() {
        if draft.published.is_some_and(|date| date.at.duration_since(now) > SOON) {
            draft.published = None;
            let message = "its date lies in the future, and is left out";
            extracted.problems.push(Problem::at(format!("entry {}", n + 1), ProblemKind::Date, message));
        }
    }
}
