//! All that is due, once: what cron calls every ten minutes.

use serde::Serialize;

use super::{
    App,
    compose::{self, Composed},
    crawl::{self, SourceReport},
    publish, send,
};

/// What one tick did.
#[derive(Debug, Serialize)]
pub struct Report {
    pub crawl: crawl::Report,
    pub composed: Vec<Composed>,
    pub send: send::Report,
    /// How many files of the published folder moved.
    pub published: usize,
    /// Another tick, or the daemon, is at work: nothing was done.
    pub busy: bool,
}

/// Crawls, composes, sends and publishes what is due. A failure of one step does not keep the others from being
/// done: the first error is returned after them all.
pub async fn tick(app: &App, progress: &(dyn Fn(&SourceReport) + Sync)) -> anyhow::Result<Report> {
    let mut report = Report {
        crawl: crawl::Report::default(),
        composed: vec![],
        send: send::Report::default(),
        published: 0,
        busy: false,
    };
    let Some(_alone) = app.alone("tick")? else { return Ok(Report { busy: true, ..report }) };
    let crawled = crawl::crawl(app, &crawl::Which::Due, crawl::Asking::Conditionally, progress).await;
    let composed = compose::compose(app, compose::Which::Due);
    let sent = send::send(app, &|_| ()).await;
    let published = publish::publish(app, None);
    report.crawl = crawled?;
    report.composed = composed?;
    report.send = sent?;
    let published = published?;
    report.published = published.written + published.removed;
    Ok(report)
}
