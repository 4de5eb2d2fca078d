//! All that is due, once: what cron calls every ten minutes.

use serde::Serialize;

use super::{
    App,
    compose::{self, Composed},
    crawl::{self, SourceReport},
    health::{self, Told},
    publish, send, tidy,
};

/// What one tick did.
#[derive(Debug, Serialize)]
pub struct Report {
    pub crawl: crawl::Report,
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

/// Crawls, composes, sends, tells the operator, publishes and tidies up what is due. A step that fails does not keep the others from being done.
pub async fn tick(app: &App, progress: &(dyn Fn(&SourceReport) + Sync)) -> anyhow::Result<Report> {
    let mut report = Report {
        crawl: crawl::Report::default(),
        composed: vec![],
        send: send::Report::default(),
        told: Told::Nothing,
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
