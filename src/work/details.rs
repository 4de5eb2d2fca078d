//! Reads documents at their own addresses: the full text behind a link, or the details that a list leaves out.
//!
//! What is wanted stands in the database (`store::details`), put there by the transaction that stored the listing: a
//! kill in between loses nothing. It is read after the listing, in the same turn of the same host, a few documents at a
//! time; a document that cannot be read leaves its notice as it is, with the reason.

use std::time::Duration;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};

use super::{App, takein::Intake};
use crate::{
    extract::{self, DocumentKind},
    fetch::{Answer, Class, FetchError, Fetcher, Request},
    model::{Details, Draft, Page, Problem, ProblemKind, Source, Validators},
    sandbox,
    store::{
        self,
        details::{Due, Outcome},
        sources::Known,
    },
};

/// What reading the documents of one source came to.
#[derive(Debug, Clone, Default)]
pub(super) struct Report {
    pub read: u32,
    pub revised: u32,
    /// Why a document could not be read, each with its address.
    pub problems: Vec<Problem>,
    /// How long the host asked to be left alone.
    pub hold: Option<Duration>,
}

/// How often a document that cannot be had is asked for, a day apart.
const TRIES: u32 = 3;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Reads what is due of one source.
pub(super) async fn read_due(
    app: &App,
    fetcher: &Fetcher,
    source: &Source,
    known: &Known,
) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let (Some(details), most) = (&source.details, app.config.crawl.details) else { return Ok(report) };
    let due = app.store.read(|db| store::details::due(db, &source.id, app.clock.now(), most))?;
    for due in due {
        if app.stop.is_cancelled() || report.hold.is_some() {
            break;
        }
        let Some(notice) = app.store.read(|db| store::notices::get(db, due.notice))? else { continue };
        let nothing = Validators::default();
        let found = match fetcher.get(&Request::document(source, &due.url, &nothing)).await {
            Ok(Answer::Page { page, .. }) => {
                let base = Draft {
                    guid: notice.guid,
                    url: notice.url,
                    title: notice.title,
                    summary: notice.summary,
                    published: notice.published,
                    ..Draft::default()
                };
                understand(app, source, details, page, base).await?
            }
            Ok(Answer::NotModified { .. }) => Found::Never(String::from("the answer is 304 to a request without condition")),
            Err(error) => unreachable(&error, &mut report.hold),
        };
        settle(app, source, known, &due, found, &mut report)?;
    }
    Ok(report)
}

/// What a document turned out to be.
enum Found {
    Draft(Box<Draft>),
    /// Text and data mining is reserved (TDMRep).
    Reserved,
    /// Not this time.
    Later(String),
    /// Asking again changes nothing.
    Never(String),
    /// Nothing was asked: the host wants to be left alone.
    Untried,
}

fn unreachable(error: &FetchError, hold: &mut Option<Duration>) -> Found {
    match error.class() {
        Class::Later { retry_after: Some(wait) } => {
            *hold = Some(wait);
            Found::Untried
        }
        Class::Later { retry_after: None } => Found::Later(error.to_string()),
        Class::Gone | Class::Blocked => Found::Never(error.to_string()),
    }
}

/// Reads a page as what the source's details are.
async fn understand(app: &App, source: &Source, details: &Details, page: Page, base: Draft) -> anyhow::Result<Found> {
    match details {
        Details::Mapped { kind, .. } => {
            let (source, kind) = (source.clone(), kind.clone());
            let now = app.clock.now();
            let read = move || extract::details(&page, &source, &kind, &base, now);
            Ok(match tokio::task::spawn_blocking(read).await.context("the reader of details was stopped")? {
                Ok(draft) => Found::Draft(Box::new(draft)),
                Err(problem) => Found::Later(problem.to_string()),
            })
        }
        Details::FullText if page.reserved => Ok(Found::Reserved),
        Details::FullText => match extract::document_kind(&page) {
            DocumentKind::Html => {
                let source = source.clone();
                let read = move || extract::article(&page, &source);
                let article = tokio::task::spawn_blocking(read).await.context("the reader of pages was stopped")?;
                Ok(match article {
                    Ok(article) if article.reserved => Found::Reserved,
                    Ok(article) => {
                        let published = base.published.or(article.published);
                        let (content, text) = (article.content, article.text);
                        Found::Draft(Box::new(Draft { content, text, published, language: article.language, ..base }))
                    }
                    Err(problem) => Found::Later(problem.to_string()),
                })
            }
            DocumentKind::Pdf => Ok(match sandbox::read(&app.program, &page.body, sandbox::Limits::default()).await {
                Ok(document) => {
                    let published = base.published;
                    Found::Draft(Box::new(Draft { text: document.text, published, ..base }))
                }
                Err(problem) => Found::Never(problem.to_string()),
            }),
            DocumentKind::Other(what) => Ok(Found::Never(format!(
                "it is {what}, of which no text is read\nhint: nothing to do; the notice stands with its link"
            ))),
        },
    }
}

fn settle(
    app: &App,
    source: &Source,
    known: &Known,
    due: &Due,
    found: Found,
    report: &mut Report,
) -> anyhow::Result<()> {
    let now = app.clock.now();
    let mut problem = |message: &str| {
        report.problems.push(Problem::at(due.url.as_str(), ProblemKind::Text, message));
    };
    let (mut read, mut revised) = (0, 0);
    app.store.write(|tx| {
        let settle = |outcome| store::details::settle(tx, due.notice, outcome, now);
        match &found {
            Found::Untried => Ok(()),
            Found::Draft(draft) => {
                let taken = Intake { app, tx, source, known, now }.complete(due, draft)?;
                read = u32::from(taken.is_ok());
                match taken {
                    Ok(was_revised) => revised = u32::from(was_revised),
                    // The same page for every address: a home page, a wall. It is nobody's text.
                    Err(message) => {
                        problem(&message);
                        settle(again(due, now, &message))?;
                    }
                }
                Ok(())
            }
            Found::Reserved => {
                let message = "its keeper reserves text and data mining (TDMRep): the full text is not read";
                store::sources::reserve(tx, &source.id)?;
                settle(Outcome::Reserved { problem: message })
            }
            Found::Later(message) => {
                problem(message);
                settle(again(due, now, message))
            }
            Found::Never(message) => {
                problem(message);
                settle(Outcome::Failed { problem: message })
            }
        }
    })?;
    report.read += read;
    report.revised += revised;
    Ok(())
}

/// Once more tomorrow, up to [`TRIES`] times.
fn again<'a>(due: &Due, now: Timestamp, problem: &'a str) -> Outcome<'a> {
    match now.checked_add(DAY) {
        Ok(tomorrow) if due.attempts + 1 < TRIES => Outcome::Later { due: tomorrow, problem },
        _ => Outcome::Failed { problem },
    }
}
