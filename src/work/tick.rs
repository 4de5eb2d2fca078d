//! All that is due, once: what cron calls every ten minutes.

use serde::Serialize;

use super::{
    App,
    compose::{self, Composed},
    crawl::{self, SourceReport},
    publish, send,
};
use crate::store::settings;

/// What one tick did.
#[derive(Debug, Serialize)]
pub struct Report {
    pub crawl: crawl::Report,
    pub composed: Vec<Composed>,
    pub send: send::Report,
    /// How many files of the published folder moved.
    pub published: usize,
    /// The steps that failed as a whole, and why.
    pub errors: Vec<String>,
    /// Another tick, or the daemon, is at work: nothing was done.
    pub busy: bool,
}

/// When the published folder is looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publishing {
    Always,
    /// When something came in or was frozen.
    OnChange,
}

/// Crawls, composes, sends and publishes what is due. A step that fails does not keep the others from being done.
pub async fn tick(
    app: &App,
    publishing: Publishing,
    progress: &(dyn Fn(&SourceReport) + Sync),
) -> anyhow::Result<Report> {
    let mut report = Report {
        crawl: crawl::Report::default(),
        composed: vec![],
        send: send::Report::default(),
        published: 0,
        errors: vec![],
        busy: false,
    };
    let Some(_alone) = app.alone("tick")? else { return Ok(Report { busy: true, ..report }) };
    let mut errors = Vec::new();
    let mut failed = |error: anyhow::Error| errors.push(format!("{error:#}"));
    match crawl::crawl(app, &crawl::Which::Due, crawl::Asking::Conditionally, progress).await {
        Ok(crawled) => report.crawl = crawled,
        Err(error) => failed(error),
    }
    match compose::compose(app, compose::Which::Due) {
        Ok(composed) => report.composed = composed,
        Err(error) => failed(error),
    }
    match send::send(app, send::Which::Due, &|_| ()).await {
        Ok(sent) => report.send = sent,
        Err(error) => failed(error),
    }
    let changed = report.crawl.sources.iter().any(|s| s.drafts > 0) || !report.composed.is_empty();
    match look_after_folder(app, changed, publishing) {
        Ok(published) => report.published = published,
        Err(error) => failed(error),
    }
    report.errors = errors;
    Ok(report)
}

/// Publishes what changed, now or in an earlier tick that could not. How many files moved.
fn look_after_folder(app: &App, changed: bool, publishing: Publishing) -> anyhow::Result<usize> {
    const PENDING: &str = "publish-pending";
    if changed {
        app.store.write(|tx| settings::set(tx, PENDING, "yes"))?;
    }
    let pending = app.store.read(|db| settings::get(db, PENDING))?.is_some_and(|pending| !pending.is_empty());
    if !pending && publishing == Publishing::OnChange {
        return Ok(0);
    }
    let published = publish::publish(app, None)?;
    if pending {
        app.store.write(|tx| settings::set(tx, PENDING, ""))?;
    }
    Ok(published.written + published.removed)
}
