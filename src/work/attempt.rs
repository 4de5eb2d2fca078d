//! Reads one page as a crawl would, and stores nothing.

use anyhow::{Context, bail};
use url::Url;

use super::App;
use crate::{
    classify::{Shelved, classify},
    extract,
    fetch::{Answer, Request},
    model::{Authority, Draft, Page, Problem, Source, SourceId, Validators},
    store::sources,
};

/// What a page would yield, without storing anything.
pub struct Tried {
    pub entries: Vec<(Draft, Shelved)>,
    pub problems: Vec<Problem>,
}

/// Reads a file, an address, or a source by its id, as a crawl would.
pub async fn attempt(app: &App, what: &str) -> anyhow::Result<Tried> {
    let known = app.config.sources.iter().find(|source| source.id.as_str() == what);
    let (page, source) = match known {
        Some(source) => (fetch_page(app, source).await?, source.clone()),
        None if what.starts_with("http://") || what.starts_with("https://") => {
            let url = Url::parse(what).with_context(|| format!("`{what}` is not an address"))?;
            let source = stranger(app, url)?;
            (fetch_page(app, &source).await?, source)
        }
        None => {
            let hint = "hint: name a file, an http(s) address, or a source of `sources.toml`";
            let body = std::fs::read(what).with_context(|| format!("cannot read `{what}`\n{hint}"))?;
            let source = stranger(app, Url::parse("http://localhost/")?)?;
            (Page { url: source.url.sample().clone(), content_type: None, body, reserved: false }, source)
        }
    };
    let (described, now) = (source.clone(), app.clock.now());
    let extracted = tokio::task::spawn_blocking(move || extract::extract(&page, &described, now))
        .await
        .context("the reader of pages was stopped")?;
    let shelve = |draft: Draft| {
        let shelved = classify(&app.rules, &source, &draft);
        (draft, shelved)
    };
    Ok(Tried { entries: extracted.drafts.into_iter().map(shelve).collect(), problems: extracted.problems })
}

async fn fetch_page(app: &App, source: &Source) -> anyhow::Result<Page> {
    let held = app.store.read(|db| sources::held_hosts(db, app.clock.now()))?;
    if let Some((host, until)) = held.iter().find(|(host, _)| Some(host.as_str()) == source.url.host_str()) {
        bail!("`{host}` asked to be left alone until {until}");
    }
    let url = source.url.on(source.zone.to_datetime(app.clock.now()).date());
    match app.fetcher()?.get(&Request::of(source, &url, &Validators::default())).await? {
        Answer::Page { page, .. } => Ok(page),
        Answer::NotModified { .. } => bail!("`{}` answers 304 to a request that asked for the whole page", source.url),
    }
}

/// A source that no file describes: a feed, as far as anyone knows.
fn stranger(app: &App, url: Url) -> anyhow::Result<Source> {
    let section = app.rules.sections().iter().next().context("the rules name no section")?;
    let name = url.host_str().unwrap_or("file").to_owned();
    let id = SourceId::parse("tried").context("a fixed id")?;
    let zone = app.config.site.zone.clone();
    Ok(Source { authority: Authority::Aggregator, zone, ..Source::feed(id, &name, url, section.id.clone()) })
}
