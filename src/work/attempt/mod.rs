//! Reads one page as a crawl would, and stores nothing; where it yields nothing, looks for what would.

mod propose;

use std::collections::BTreeMap;

use anyhow::{Context, anyhow, bail};
use futures_util::{StreamExt, stream};
use url::Url;

use super::App;
use crate::{
    classify::{Shelved, classify},
    extract::{self, Extracted},
    fetch::{Answer, Class, FetchError, Request},
    model::{Authority, Draft, Kind, Page, Problem, ProblemKind, Source, SourceId, Validators},
    schedule,
    store::sources,
};

pub use propose::{Proposal, free_id};

/// What a page would yield, without storing anything.
pub struct Tried {
    /// As what it was read.
    pub source: Source,
    pub entries: Vec<Entry>,
    /// Those of the page as a whole, and those whose entry was left out.
    pub problems: Vec<Problem>,
    /// Where nothing could be read: other ways, each of which was tried; the best first.
    pub proposals: Vec<Proposal>,
}

/// A document that a page lists, where it would be shelved, and what is wrong with it.
pub struct Entry {
    pub draft: Draft,
    pub shelved: Shelved,
    pub problems: Vec<Problem>,
}

impl Tried {
    /// Whether a crawl would count this as a failure of the source.
    pub fn failed(&self) -> bool {
        self.entries.is_empty() || self.problems.iter().any(|problem| problem.kind.is_fatal())
    }
}

/// Reads a file, an address, or a source by its id, as a crawl would.
pub async fn attempt(app: &App, what: &str) -> anyhow::Result<Tried> {
    attempt_as(app, what, None).await
}

/// The same, read as a source that stands in no file yet.
pub async fn attempt_as(app: &App, what: &str, described: Option<Source>) -> anyhow::Result<Tried> {
    let mut known = app.config.sources.iter().chain(&app.config.aside);
    if let Some(source) = known.find(|source| source.id.as_str() == what) {
        let (url, allow_private) = (source.url.clone(), source.allow_private);
        return asked(app, Source { url, allow_private, ..described.unwrap_or_else(|| source.clone()) }).await;
    }
    let is_address = what.starts_with("http://") || what.starts_with("https://");
    if is_address {
        let url = Url::parse(what).with_context(|| format!("`{what}` is not an address"))?;
        let source = match described {
            Some(source) => Source { url: url.into(), ..source },
            None => stranger(app, url)?,
        };
        return asked(app, source).await;
    }
    let hint = "hint: name a file, an http(s) address, or a source of `sources.toml`";
    let body = std::fs::read(what).with_context(|| format!("cannot read `{what}`\n{hint}"))?;
    let source = match described {
        Some(source) => source,
        None => stranger(app, Url::parse("http://localhost/")?)?,
    };
    let page = Page { url: source.url.sample().clone(), content_type: None, body, reserved: false };
    let mut tried = read(app, source, &page).await?;
    if tried.entries.is_empty() {
        tried.proposals = propose::from_page(app, &page, &tried.source).await?;
    }
    Ok(tried)
}

/// Tries every source that is watched: hosts in parallel, the sources of one host one after the other. In the order of
/// `sources.toml`.
pub async fn all<'a>(app: &'a App, progress: &(dyn Fn(&SourceId) + Sync)) -> Vec<(&'a Source, anyhow::Result<Tried>)> {
    let mut hosts: BTreeMap<&str, Vec<(usize, &Source)>> = BTreeMap::new();
    for (place, source) in app.config.sources.iter().enumerate() {
        hosts.entry(source.url.host_str().unwrap_or("")).or_default().push((place, source));
    }
    let done: Vec<Vec<_>> = stream::iter(hosts.into_values())
        .map(|sources| async move {
            let mut done = Vec::with_capacity(sources.len());
            for (place, source) in sources {
                let tried = match fetch_page(app, source).await {
                    Ok(page) => read(app, source.clone(), &page).await,
                    Err(error) => Err(error),
                };
                progress(&source.id);
                done.push((place, source, tried));
            }
            done
        })
        .buffer_unordered(app.config.crawl.hosts_at_once)
        .collect()
        .await;
    let mut done: Vec<_> = done.into_iter().flatten().collect();
    done.sort_by_key(|(place, ..)| *place);
    done.into_iter().map(|(_, source, tried)| (source, tried)).collect()
}

/// Asks a source, and looks for another way where it brings nothing.
async fn asked(app: &App, source: Source) -> anyhow::Result<Tried> {
    let page = match fetch_page(app, &source).await {
        Ok(page) => page,
        Err(error) => {
            let is_gone = error.downcast_ref::<FetchError>().is_some_and(|error| matches!(error.class(), Class::Gone));
            let proposals = if is_gone { propose::from_home(app, &source).await } else { Vec::new() };
            if proposals.is_empty() {
                return Err(error);
            }
            let problems = vec![Problem::page(ProblemKind::Unreadable, format!("{error:#}"))];
            return Ok(Tried { source, entries: Vec::new(), problems, proposals });
        }
    };
    let mut tried = read(app, source, &page).await?;
    if tried.entries.is_empty() {
        tried.proposals = propose::from_page(app, &page, &tried.source).await?;
    }
    Ok(tried)
}

async fn read(app: &App, source: Source, page: &Page) -> anyhow::Result<Tried> {
    let extracted = extracted(app, page, &source).await?;
    let mut entries: Vec<Entry> = extracted
        .drafts
        .into_iter()
        .map(|draft| Entry { shelved: classify(&app.rules, &source, &draft), draft, problems: Vec::new() })
        .collect();
    let (beside, problems) = split(extracted.problems, countable(&source).then_some(entries.len()));
    for (place, problem) in beside {
        if let Some(entry) = entries.get_mut(place) {
            entry.problems.push(problem);
        }
    }
    Ok(Tried { source, entries, problems, proposals: Vec::new() })
}

/// Whether no entry of the source is left out without a word.
fn countable(source: &Source) -> bool {
    let takes_all = match &source.kind {
        Kind::Feed => true,
        Kind::Html(mapping) | Kind::Json(mapping) | Kind::Xml(mapping) | Kind::Csv(mapping, _) => {
            mapping.require.is_empty()
        }
        Kind::Links(_) | Kind::Sitemap(_) => false,
    };
    takes_all && source.archive.is_none() && source.max_age.is_none()
}

/// Problems by the draft that they belong to, and those that belong to none.
///
/// Entries are numbered as the page has them. When each entry that is no draft says so itself, the others can be counted;
/// else, without a number of drafts to count by, no problem is put beside what may be another's.
fn split(problems: Vec<Problem>, drafts: Option<usize>) -> (Vec<(usize, Problem)>, Vec<Problem>) {
    let number = |problem: &Problem| problem.place.strip_prefix("entry ").and_then(|n| n.parse::<usize>().ok());
    let missing: Vec<usize> =
        problems.iter().filter(|problem| problem.kind == ProblemKind::Entry).filter_map(number).collect();
    let last = problems.iter().filter_map(number).max().unwrap_or_default();
    let is_counted = drafts.is_some_and(|drafts| last <= drafts + missing.len());
    let (mut beside, mut others) = (Vec::new(), Vec::new());
    for problem in problems {
        match number(&problem).filter(|number| is_counted && *number > 0 && !missing.contains(number)) {
            Some(number) => {
                let before = missing.iter().filter(|missing| **missing < number).count();
                beside.push((number - 1 - before, problem));
            }
            None => others.push(problem),
        }
    }
    (beside, others)
}

async fn extracted(app: &App, page: &Page, source: &Source) -> anyhow::Result<Extracted> {
    let (page, source, now) = (page.clone(), source.clone(), app.clock.now());
    tokio::task::spawn_blocking(move || extract::extract(&page, &source, now))
        .await
        .context("the reader of pages was stopped")
}

/// The page that a crawl would read: of a list of files, the newest of them.
async fn fetch_page(app: &App, source: &Source) -> anyhow::Result<Page> {
    let nothing = Validators::default();
    let url = source.url.on(source.zone.to_datetime(app.clock.now()).date());
    let page = get(app, source, &Request::of(source, &url, &nothing)).await?;
    let Some(pattern) = &source.newest else { return Ok(page) };
    let files = extract::files(&page, source, pattern, None).map_err(|problem| anyhow!("{problem}"))?;
    let file = files.first().context("the list names no file")?;
    get(app, source, &Request::of_document(source, &file.url, &nothing)).await
}

async fn get(app: &App, source: &Source, request: &Request<'_>) -> anyhow::Result<Page> {
    let held = app.store.read(|db| sources::held_hosts(db, app.clock.now()))?;
    if let Some((host, until)) = held.iter().find(|(host, _)| Some(host.as_str()) == source.url.host_str()) {
        bail!("`{host}` asked to be left alone until {until}");
    }
    let answer = app.fetcher()?.get(request).await;
    app.keep_robots()?;
    if let Err(error) = &answer
        && let Some((host, wait)) = error.hold()
    {
        let now = app.clock.now();
        let until = now.checked_add(wait).unwrap_or_else(|_| schedule::furthest(now));
        app.store.write(|tx| sources::hold_host(tx, host, until, now))?;
    }
    match answer? {
        Answer::Page { page, .. } => Ok(page),
        Answer::NotModified { .. } => bail!("`{}` answers 304 to a request that asked for the whole page", source.url),
    }
}

/// A source that no file describes: a feed, as far as anyone knows.
fn stranger(app: &App, url: Url) -> anyhow::Result<Source> {
    let sections = app.rules.sections();
    // As the settings have it for a source that names none.
    let section = sections.named("tic").or(sections.iter().next()).context("the rules name no section")?;
    let name = url.host_str().unwrap_or("file").to_owned();
    let id = SourceId::parse("tried").context("a fixed id")?;
    let zone = app.config.site.zone.clone();
    Ok(Source { authority: Authority::Aggregator, zone, ..Source::feed(id, &name, url, section.id.clone()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_stands_beside_its_own_entry_or_beside_none() {
        let problem = |place: &str, kind| Problem::at(place, kind, "x");
        let date = ProblemKind::Date;
        let (beside, others) = split(
            vec![
                problem("entry 2", ProblemKind::Entry),
                problem("entry 3", date),
                problem("entry 1", date),
                problem("title", date),
            ],
            Some(2),
        );
        let beside: Vec<(usize, &str)> = beside.iter().map(|(n, problem)| (*n, problem.place.as_str())).collect();
        assert_eq!(beside, [(1, "entry 3"), (0, "entry 1")]);
        assert_eq!(others.iter().map(|problem| problem.place.as_str()).collect::<Vec<_>>(), ["entry 2", "title"]);
        assert!(split(vec![problem("entry 1", date)], None).0.is_empty());
        // More entries than drafts, and nothing says which are missing.
        assert!(split(vec![problem("entry 9", date)], Some(2)).0.is_empty());
    }
}
