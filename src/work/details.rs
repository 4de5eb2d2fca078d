//! Reads documents at their own addresses: the full text behind a link, or the details that a list leaves out.
//!
//! What is wanted stands in the database (`store::details`), put there by the transaction that stored the listing: a
//! kill in between loses nothing. It is read after the listing, in the same turn of the same host, a few documents at a
//! time; a document that cannot be read leaves its notice as it is, with the reason.

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};

use super::{
    App,
    takein::{Completed, Intake},
};
use crate::{
    alarm::{Alarm, AlarmKind},
    extract::{self, Access, DocumentKind, Reservation},
    fetch::{Answer, Class, FetchError, Fetcher, Request},
    model::{Details, Draft, Page, Problem, ProblemKind, Source, Validators},
    sandbox,
    store::{
        self, alarms,
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
    /// Until when a host asked to be left alone.
    pub hold: Option<Timestamp>,
}

/// How often a document that cannot be had is asked for, a day apart.
const TRIES: u32 = 3;
const DAY: SignedDuration = SignedDuration::from_hours(24);

const PAID: &str = "only its beginning is shown to those who do not pay";

/// Reads what is due of one source.
pub(super) async fn read_due(app: &App, fetcher: &Fetcher, source: &Source, known: &Known) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let (Some(details), most) = (&source.details, app.config.crawl.details) else { return Ok(report) };
    let due = app.store.read(|db| store::details::due(db, &source.id, app.clock.now(), most))?;
    for due in due {
        if app.stop.is_cancelled() || report.hold.is_some() {
            break;
        }
        let Some(notice) = app.store.read(|db| store::notices::get(db, due.notice))? else { continue };
        let nothing = Validators::default();
        let found = match fetcher.get(&Request::of_document(source, &due.url, &nothing)).await {
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
            Ok(Answer::NotModified { .. }) => {
                Found::Never(String::from("the answer is 304 to a request without condition"))
            }
            Err(error) => {
                let until = error.hold().and_then(|(host, wait)| Some((host, app.clock.now().checked_add(wait).ok()?)));
                if let Some((host, until)) = until {
                    app.store.write(|tx| store::sources::hold_host(tx, host, until, app.clock.now()))?;
                    report.hold = Some(until);
                }
                unreachable(&error)
            }
        };
        settle(app, source, known, &due, found, &mut report)?;
    }
    Ok(report)
}

/// What a document turned out to be.
enum Found {
    Draft(Box<Draft>),
    /// The beginning, or some of the pages.
    Part(Box<Draft>, String),
    /// Text and data mining is reserved (TDMRep).
    Reserved,
    /// Not this time.
    Later(String),
    /// Asking again changes nothing.
    Never(String),
    /// Nothing was asked: the host wants to be left alone.
    Untried,
}

fn unreachable(error: &FetchError) -> Found {
    match error.class() {
        Class::Later { retry_after: Some(_) } => Found::Untried,
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
                let summary = base.summary.clone();
                let read = move || extract::article(&page, &source, &summary);
                let article = tokio::task::spawn_blocking(read).await.context("the reader of pages was stopped")?;
                Ok(match article {
                    Ok(article) if article.reserved == Reservation::Tdm => Found::Reserved,
                    Ok(article) => {
                        let published = base.published.or(article.published);
                        let (content, text) = (article.content, article.text);
                        let draft = Draft { content, text, published, language: article.language, ..base };
                        match article.access {
                            Access::Open => Found::Draft(Box::new(draft)),
                            Access::Subscribers => Found::Part(Box::new(draft), PAID.to_owned()),
                        }
                    }
                    Err(problem) => Found::Later(problem.to_string()),
                })
            }
            DocumentKind::Pdf => Ok(match sandbox::read(&app.program, &page.body, sandbox::Limits::default()).await {
                Ok(pdf) => {
                    let draft = Box::new(Draft { text: pdf.text, ..base });
                    match pdf.unread {
                        0 => Found::Draft(draft),
                        unread => Found::Part(draft, format!("{unread} of its {} pages cannot be read", pdf.pages)),
                    }
                }
                Err(problem) => Found::Never(problem.to_string()),
            }),
            DocumentKind::Other(what) => Ok(Found::Never(format!(
                "it is {what}, of which no text is read\nhint: nothing to do; the notice stands with its link"
            ))),
        },
    }
}

/// Stores what was found, and what became of the try.
fn settle(
    app: &App,
    source: &Source,
    known: &Known,
    due: &Due,
    found: Found,
    report: &mut Report,
) -> anyhow::Result<()> {
    let now = app.clock.now();
    let told = app.store.write(|tx| {
        let settle = |outcome| store::details::settle(tx, due.notice, outcome, now);
        match &found {
            Found::Untried => Ok(None),
            Found::Draft(draft) | Found::Part(draft, _) => {
                match (Intake { app, tx, source, known, now }).complete(due, draft)? {
                    Completed::Kept { revised } => {
                        report.read += 1;
                        report.revised += u32::from(revised);
                        alarms::end(tx, &source.id, AlarmKind::SamePage, now)?;
                        Ok(if let Found::Part(_, message) = &found { Some(message.clone()) } else { None })
                    }
                    Completed::Twin(other) => {
                        let message = format!(
                            "its text is that of notice {other}: the site answers with one page for several addresses\n\
                         hint: open both in a browser; if they differ there, the site refuses this crawler"
                        );
                        let alarm = Alarm { kind: AlarmKind::SamePage, since: now, detail: message.clone() };
                        alarms::raise(tx, &source.id, &alarm)?;
                        settle(again(due, now, &message))?;
                        Ok(Some(message))
                    }
                }
            }
            Found::Reserved => {
                let message = "its keeper reserves text and data mining (TDMRep): its text is not read";
                store::sources::reserve(tx, &source.id)?;
                settle(Outcome::Reserved { problem: message })?;
                Ok(Some(message.to_owned()))
            }
            Found::Later(message) => settle(again(due, now, message)).map(|()| Some(message.clone())),
            Found::Never(message) => settle(Outcome::Failed { problem: message }).map(|()| Some(message.clone())),
        }
    })?;
    report.problems.extend(told.map(|message| Problem::at(due.url.as_str(), ProblemKind::Text, message)));
    Ok(())
}

/// Once more tomorrow, up to [`TRIES`] times.
fn again<'a>(due: &Due, now: Timestamp, problem: &'a str) -> Outcome<'a> {
    match now.checked_add(DAY) {
        Ok(tomorrow) if due.attempts + 1 < TRIES => Outcome::Later { due: tomorrow, problem },
        _ => Outcome::Failed { problem },
    }
}
