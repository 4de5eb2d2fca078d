//! All that is due, once: what cron calls every ten minutes.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    App, bounce,
    compose::{self, Composed},
    crawl::{self, SourceReport},
    forms,
    health::{self, Told},
    publish, send, tidy, weather,
};
use crate::{
    config::Config,
    files::RunLock,
    store::{self, Db, Store, Tx, search, settings, sources},
};

/// Of which settings, sources and pages nothing was left to do when the last tick ended.
const DONE_AS: &str = "tick-done-as";

/// What one tick did.
#[derive(Debug, Serialize)]
pub struct Report {
    pub crawl: crawl::Report,
    /// What came back.
    pub bounces: bounce::Report,
    pub composed: Vec<Composed>,
    pub send: send::Report,
    /// What the operator was told of the sources.
    pub told: Told,
    /// How many files of the published folder moved.
    pub published: usize,
    /// The steps that failed as a whole, and why.
    pub errors: Vec<String>,
    /// Another tick, or the daemon, is at work: nothing was done.
    pub busy: bool,
}

impl Report {
    /// What a tick that had nothing to do reports.
    pub fn nothing() -> Self {
        Self {
            crawl: crawl::Report::default(),
            bounces: bounce::Report::default(),
            composed: vec![],
            send: send::Report::default(),
            told: Told::Nothing,
            published: 0,
            errors: vec![],
            busy: false,
        }
    }
}

/// Whether [`tick`] would find nothing to do, as far as the database alone can tell: `false` where that is not sure.
///
/// `print` stands for every file that the settings are read from. The last tick ended well with all of them as they are
/// now, so that the sources need not be read to know which are watched: reading ten thousand costs more than all else.
/// `settings` are those of `vigie.toml`, with or without the sources. Whatever another command left to do is in a row
/// that is looked at here, and every time is compared with the clock of today.
pub fn is_idle(settings: &Config, print: &str, now: Timestamp) -> store::Result<bool> {
    let path = settings.data.join("vigie.db");
    if !path.exists() {
        return Ok(false);
    }
    Store::open(&path)?.read(|db| {
        let done = done_as(settings, db, print)?;
        Ok(done.is_some()
            && done == settings::get(db, DONE_AS)?
            && !sources::is_due(db, now)?
            && !search::is_waiting(db)?
            && !bounce::is_due(settings, db, now)?
            && !compose::is_due(settings, db, now)?
            && !forms::is_waiting(db)?
            && !send::is_due(db, now)?
            && !weather::is_due(db, now)?
            && !health::is_waiting(settings, db)?
            && !tidy::is_due(db, now)?)
    })
}

/// Remembers that nothing is left to do of these files. They may have changed since they were read: `print` must have been
/// taken before.
pub fn remember(app: &App, report: &Report, print: &str) -> store::Result<()> {
    if report.busy || !report.errors.is_empty() {
        return Ok(());
    }
    let (done, known) =
        app.store.read(|db| Ok((done_as(&app.config, db, print)?.unwrap_or_default(), settings::get(db, DONE_AS)?)))?;
    if known.as_ref() == Some(&done) {
        return Ok(());
    }
    app.store.write(|tx| settings::set(tx, DONE_AS, &done))
}

/// Lets the next tick look at everything: the sources that are watched are others than when the last one ended.
pub(super) fn forget(tx: &Tx) -> store::Result<()> {
    settings::set(tx, DONE_AS, "")
}

fn done_as(config: &Config, db: &Db, print: &str) -> store::Result<Option<String>> {
    Ok(publish::standing(config, db)?.map(|pages| format!("{print} {pages}")))
}

/// The right to do what is due.
pub struct Alone {
    _lock: RunLock,
}

/// Takes it; `None` while another program has it. It ends with the program, however that ends.
pub fn alone(app: &App) -> anyhow::Result<Option<Alone>> {
    Ok(app.alone("tick")?.map(|lock| Alone { _lock: lock }))
}

/// Crawls, takes in what came back, composes, sends, tells the operator, publishes and tidies up what is due. A step that fails does not keep the others from being done.
pub async fn tick(app: &App, progress: &(dyn Fn(&SourceReport) + Sync)) -> anyhow::Result<Report> {
    let mut report = Report::nothing();
    let Some(_alone) = alone(app)? else { return Ok(Report { busy: true, ..report }) };
    let mut errors = Vec::new();
    let mut failed = |error: anyhow::Error| errors.push(format!("{error:#}"));
    match crawl::crawl(app, &crawl::Which::Due, crawl::Asking::Conditionally, progress).await {
        Ok(crawled) => report.crawl = crawled,
        Err(error) => failed(error),
    }
    // Before anything leaves: whoever is given up, or left, is not written to.
    match bounce::take_in(app, bounce::Which::Due).await {
        Ok(returned) => report.bounces = returned,
        Err(error) => failed(error),
    }
    match compose::compose(app, compose::Which::Due) {
        Ok(composed) => report.composed = composed,
        Err(error) => failed(error),
    }
    forms::answer(app);
    match send::send(app, send::Which::Due, &|_| ()).await {
        Ok(sent) => report.send = sent,
        Err(error) => failed(error),
    }
    if let Err(error) = weather::look(app) {
        failed(error);
    }
    match health::tell(app).await {
        Ok(told) => report.told = told,
        Err(error) => failed(error),
    }
    match publish::refresh(app) {
        Ok(published) => report.published = published,
        Err(error) => failed(error),
    }
    if let Err(error) = tidy::tidy(app) {
        failed(error);
    }
    report.errors = errors;
    Ok(report)
}
