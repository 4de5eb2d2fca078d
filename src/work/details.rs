//! Reads documents at their own addresses: the full text behind a link, or the details that a list leaves out.
//!
//! What is wanted stands in the database (`store::details`), put there by the transaction that stored the listing: a
//! kill in between loses nothing. It is read after the listing, in the same turn of the same host, a few documents at a
//! time; a document that cannot be read leaves its notice as it is, with the reason.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};

use super::{
    App,
    prepare::{Desk, Prepared},
    room::Room,
    takein::{Completed, Intake},
};
use crate::{
    alarm::{Alarm, AlarmKind},
    extract::{self, Access, DocumentKind, Reservation},
    fetch::{Answer, Class, FetchError, Fetcher, Request},
    model::{Details, Draft, Notice, Page, Problem, ProblemKind, Source, Validators},
    normalise::reference,
    sandbox,
    store::{
        self, Tx, alarms,
        details::{Due, Outcome},
        sources::Known,
    },
};

/// Who reads the documents of one source.
pub(super) struct Reader<'a> {
    pub app: &'a App,
    pub desk: &'a Desk,
    pub fetcher: &'a Fetcher,
    pub room: &'a Room<'a>,
    pub source: &'a Source,
    /// The source before its list was read.
    pub known: &'a Known,
}

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
/// How long the document of an alert is watched after readers were last told of it, and how often it is looked at.
const WATCHED: SignedDuration = SignedDuration::from_hours(120 * 24);
const LOOK: SignedDuration = SignedDuration::from_hours(6);
/// A host that cannot be reached is not asked for documents again before.
const SOON: SignedDuration = SignedDuration::from_hours(1);
/// After so long, the other documents wait for the next visit: what else is due must not wait for one source.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a document turned out to be.
enum Found {
    Document {
        draft: Box<Draft>,
        /// What is missing of it.
        shortcoming: Option<String>,
    },
    /// Text and data mining is reserved (TDMRep).
    Reserved,
    /// Not this time.
    Later(String),
    /// Asking again changes nothing.
    Never(String),
}

impl Reader<'_> {
    /// Reads what is due, at most as many documents as the settings say.
    pub async fn read_due(&self) -> anyhow::Result<Report> {
        let mut report = Report::default();
        let Self { app, source, .. } = self;
        let Some(details) = &source.details else { return Ok(report) };
        let most = app.config.crawl.details;
        self.watch_alerts()?;
        let due = app.store.read(|db| store::details::due(db, &source.id, app.clock.now(), most))?;
        let began = Instant::now();
        // Hosts that cannot be reached now, or want to be left alone: until when.
        let mut closed: BTreeMap<String, (Timestamp, String)> = BTreeMap::new();
        for due in due {
            if app.stop.is_cancelled() || began.elapsed() > PATIENCE {
                break;
            }
            let host = due.url.host_str().unwrap_or_default().to_owned();
            if let Some((until, problem)) = closed.get(&host) {
                self.postpone(&due, *until, problem)?;
                continue;
            }
            let Some(notice) = app.store.read(|db| store::notices::get(db, due.notice))? else { continue };
            let nothing = Validators::default();
            let answer = self.fetcher.get(&Request::of_document(source, &due.url, &nothing)).await;
            let (answer, _place) = self.room.enter(answer).await?;
            let found = match answer {
                Ok(Answer::Page { page, .. }) => self.understand(details, page, base(notice, &due)).await?,
                Ok(Answer::NotModified { .. }) => {
                    Found::Never(String::from("the answer is 304 to a request without condition"))
                }
                Err(error) => match self.closed_until(&error)? {
                    Some(until) => {
                        self.postpone(&due, until, &error.to_string())?;
                        report.problems.push(Problem::at(due.url.as_str(), ProblemKind::Text, error.to_string()));
                        if source.url.host_str() == Some(&host) && error.hold().is_some() {
                            report.hold = Some(until);
                        }
                        closed.insert(host, (until, error.to_string()));
                        continue;
                    }
                    None => unread(&error),
                },
            };
            self.settle(&due, found, &mut report)?;
        }
        app.keep_robots()?;
        Ok(report)
    }

    /// Looks again, now and then, at the documents that readers were alerted of.
    fn watch_alerts(&self) -> store::Result<()> {
        let (store, now) = (&self.app.store, self.app.clock.now());
        let before = |span| now.checked_sub(span).unwrap_or(Timestamp::MIN);
        let (since, read) = (before(WATCHED), before(LOOK));
        let alerts = store.read(|db| store::details::of_alerts(db, &self.source.id, since, read))?;
        if alerts.is_empty() {
            return Ok(());
        }
        store.write(|tx| alerts.iter().try_for_each(|notice| store::details::read_again(tx, *notice, now)))
    }

    /// Reads a page as what the source's details are.
    async fn understand(&self, details: &Details, page: Page, base: Draft) -> anyhow::Result<Found> {
        match details {
            Details::Mapped { kind, .. } => {
                let (source, kind, now) = (self.source.clone(), kind.clone(), self.app.clock.now());
                let read = move || extract::details(&page, &source, &kind, &base, now);
                let read = tokio::task::spawn_blocking(read).await.context("the reader of details was stopped")?;
                Ok(match read {
                    Ok(draft) => whole(draft),
                    Err(problem) => Found::Later(problem.to_string()),
                })
            }
            Details::FullText if page.reserved => Ok(Found::Reserved),
            Details::FullText => match extract::document_kind(&page) {
                DocumentKind::Html => self.article(page, base).await,
                DocumentKind::Pdf => self.pdf(page, base).await,
                DocumentKind::Other(what) => Ok(Found::Never(format!(
                    "it is `{what}`, of which no text is read\nhint: nothing to do: the notice stands with its link"
                ))),
            },
        }
    }

    async fn article(&self, page: Page, base: Draft) -> anyhow::Result<Found> {
        let (source, summary) = (self.source.clone(), base.summary.clone());
        let read = move || extract::article(&page, &source, &summary);
        let article = match tokio::task::spawn_blocking(read).await.context("the reader of pages was stopped")? {
            Ok(article) if article.reserved == Reservation::Tdm => return Ok(Found::Reserved),
            Ok(article) => article,
            Err(problem) => return Ok(Found::Later(problem.to_string())),
        };
        let shortcoming = match article.access {
            Access::Open => None,
            Access::Subscribers => Some(String::from("only its beginning is shown to those who do not pay")),
        };
        let published = base.published.or(article.published);
        let (content, text, language) = (article.content, article.text, article.language.or(base.language));
        let draft = Box::new(Draft { content, text, published, language, ..base });
        Ok(Found::Document { draft, shortcoming })
    }

    async fn pdf(&self, page: Page, base: Draft) -> anyhow::Result<Found> {
        let pdf = match sandbox::read(&self.app.program, &page.body, sandbox::Limits::default()).await {
            Ok(pdf) => pdf,
            // A machine short of memory, or busy, may read it tomorrow.
            Err(problem) => return Ok(Found::Later(problem.to_string())),
        };
        let unread = (pdf.unread > 0).then(|| format!("{} of its {} pages cannot be read", pdf.unread, pdf.pages));
        Ok(Found::Document { draft: Box::new(Draft { text: pdf.text, ..base }), shortcoming: unread })
    }

    /// Stores what was found, and what became of the try.
    fn settle(&self, due: &Due, found: Found, report: &mut Report) -> anyhow::Result<()> {
        let now = self.app.clock.now();
        let problem = match found {
            Found::Document { draft, shortcoming } => {
                // Outside of the write, for which others may wait.
                let entry = self.desk.document(self.source, *draft, now);
                match self.app.store.write(|tx| self.complete(tx, due, entry, now))? {
                    Ok(revised) => {
                        report.read += 1;
                        report.revised += u32::from(revised);
                        shortcoming
                    }
                    Err(message) => Some(message),
                }
            }
            Found::Reserved => {
                let message = "its keeper reserves text and data mining (TDMRep): its text is not read";
                self.app
                    .store
                    .write(|tx| store::details::settle(tx, due.notice, Outcome::Reserved { problem: message }, now))?;
                Some(message.to_owned())
            }
            Found::Later(message) => {
                self.app.store.write(|tx| store::details::settle(tx, due.notice, again(due, now, &message), now))?;
                Some(message)
            }
            Found::Never(message) => {
                let failed = Outcome::Failed { problem: &message };
                self.app.store.write(|tx| store::details::settle(tx, due.notice, failed, now))?;
                Some(message)
            }
        };
        report.problems.extend(problem.map(|message| Problem::at(due.url.as_str(), ProblemKind::Text, message)));
        Ok(())
    }

    /// Gives a notice what was read of its document: whether that revised it, or why it was not taken.
    fn complete(&self, tx: &Tx, due: &Due, entry: Prepared, now: Timestamp) -> store::Result<Result<bool, String>> {
        let (config, source, known) = (&self.app.config, self.source, self.known);
        match (Intake { config, tx, source, known, now }).complete(due, entry)? {
            Completed::Kept { revised } => {
                // One that had another's text has its own now.
                if due.attempts > 0 {
                    alarms::end(tx, &source.id, AlarmKind::SamePage, now)?;
                }
                Ok(Ok(revised))
            }
            Completed::Foreign => {
                let message = "another source speaks for it now";
                store::details::settle(tx, due.notice, Outcome::Failed { problem: message }, now)?;
                Ok(Err(message.to_owned()))
            }
            Completed::Twin(other) => {
                let message = format!(
                    "its text is that of notice {other}: the site answers with one page for several addresses\n\
                     hint: open both in a browser; if they differ there, the site refuses this crawler"
                );
                let alarm = Alarm { kind: AlarmKind::SamePage, since: now, detail: message.clone() };
                alarms::raise(tx, &source.id, &alarm)?;
                let outcome = again(due, now, &message);
                if matches!(outcome, Outcome::Failed { .. }) {
                    // It was told, and is not looked at again.
                    alarms::end(tx, &source.id, AlarmKind::SamePage, now)?;
                }
                store::details::settle(tx, due.notice, outcome, now)?;
                Ok(Err(message))
            }
        }
    }

    /// Until when no document of a host is asked for, when an error says that it would be in vain: it wants to be left
    /// alone, or cannot be reached.
    fn closed_until(&self, error: &FetchError) -> anyhow::Result<Option<Timestamp>> {
        let now = self.app.clock.now();
        if let Some((host, wait)) = error.hold() {
            let until = now.checked_add(wait).unwrap_or(Timestamp::MAX);
            self.app.store.write(|tx| store::sources::hold_host(tx, host, until, now))?;
            return Ok(Some(until));
        }
        let is_shut = matches!(
            error,
            FetchError::Dns { .. } | FetchError::Connect { .. } | FetchError::Tls { .. } | FetchError::Timeout { .. }
        );
        Ok(is_shut.then(|| now.checked_add(SOON).unwrap_or(Timestamp::MAX)))
    }

    fn postpone(&self, due: &Due, until: Timestamp, problem: &str) -> anyhow::Result<()> {
        let now = self.app.clock.now();
        let postponed = Outcome::Postponed { due: until, problem };
        Ok(self.app.store.write(|tx| store::details::settle(tx, due.notice, postponed, now))?)
    }
}

/// What is known of a document before it is read: what its page leaves out stays.
fn base(notice: Notice, due: &Due) -> Draft {
    Draft {
        guid: notice.guid,
        url: notice.url,
        reference: notice.reference.as_deref().and_then(reference::parse),
        title: notice.title,
        summary: notice.summary,
        content: notice.content,
        text: notice.text,
        published: notice.published,
        language: Some(notice.language),
        categories: due.categories.clone(),
        nature: due.nature,
        ..Draft::default()
    }
}

fn whole(draft: Draft) -> Found {
    Found::Document { draft: Box::new(draft), shortcoming: None }
}

/// A list may be ahead of its pages: only what says that it is gone for good is believed at once.
fn unread(error: &FetchError) -> Found {
    match error.class() {
        Class::Later { .. } => Found::Later(error.to_string()),
        Class::Gone if error.status() != Some(410) => Found::Later(error.to_string()),
        Class::Gone | Class::Blocked => Found::Never(error.to_string()),
    }
}

/// Once more tomorrow, up to [`TRIES`] times.
fn again<'a>(due: &Due, now: Timestamp, problem: &'a str) -> Outcome<'a> {
    match now.checked_add(DAY) {
        Ok(tomorrow) if due.attempts + 1 < TRIES => Outcome::Later { due: tomorrow, problem },
        _ => Outcome::Failed { problem },
    }
}
