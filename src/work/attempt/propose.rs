//! What could be watched in the place of a page that yields nothing. Everything that is proposed was tried.

use anyhow::Context;
use jiff::tz::TimeZone;
use url::Url;

use super::{extracted, fetch_page};
use crate::{
    config::source_table,
    extract::{self, Candidate, FeedLink, Named},
    model::{Draft, Kind, Page, Source, SourceId},
    text,
    work::App,
};

/// A source that yields documents, ready for `sources.toml`.
pub struct Proposal {
    pub source: Source,
    pub entries: usize,
    /// A `[[source]]` table, with what it was made from and what it yields as comments.
    pub table: String,
}

/// How many feeds of a page are fetched.
const MOST_FEEDS: usize = 6;

/// How many sitemaps of a site are fetched.
const MOST_SITEMAPS: usize = 2;

/// The feeds that a page names, then the lists that can be seen in it.
pub(super) async fn from_page(app: &App, page: &Page, source: &Source) -> anyhow::Result<Vec<Proposal>> {
    let (copy, asked, now) = (page.clone(), source.clone(), app.clock.now());
    let (links, candidates, title) = tokio::task::spawn_blocking(move || {
        let read = |kind| extract::extract(&copy, &Source { kind, ..asked.clone() }, now);
        let candidates = extract::suggest(&copy, &read);
        // Any selector will do: the title of a page is read whatever it lists.
        let title = candidates.first().and_then(|candidate| read(candidate.kind.clone()).title);
        (extract::feeds(&copy), candidates, title)
    })
    .await
    .context("the reader of pages was stopped")?;
    let mut proposals = feeds(app, links, &page.url, source).await;
    for candidate in candidates {
        let Candidate { kind, drafts, made_from } = candidate;
        let name = title.clone().unwrap_or_else(|| host(&page.url));
        let url = if source.url.is_dated() { source.url.clone() } else { page.url.clone().into() };
        let found = Source { name, kind, url, ..source.clone() };
        proposals.extend(proposal(app, found, format!("made from {made_from} of {}", page.url), &drafts, &proposals));
    }
    if proposals.is_empty() {
        proposals.extend(sitemap(app, page, source).await);
    }
    Ok(proposals)
}

/// The first sitemap that robots.txt names and that lists documents: it gives addresses and days, where nothing else does.
async fn sitemap(app: &App, page: &Page, source: &Source) -> Option<Proposal> {
    for url in app.fetcher().ok()?.sitemaps(&page.url).into_iter().take(MOST_SITEMAPS) {
        let asked = Source { kind: Kind::Sitemap(None), url: url.into(), name: host(&page.url), ..source.clone() };
        let Ok(answer) = fetch_page(app, &asked).await else { continue };
        let Ok(read) = extracted(app, &answer, &asked).await else { continue };
        if !read.drafts.is_empty() {
            let made_from =
                String::from("made from the sitemap that robots.txt names (`pattern` chooses some of its addresses)");
            return proposal(app, asked, made_from, &read.drafts, &[]);
        }
    }
    None
}

/// The feeds that the home page of a source's site names: the first place to look when a feed is gone.
pub(super) async fn from_home(app: &App, source: &Source) -> Vec<Proposal> {
    let Ok(home) = source.url.sample().join("/") else { return Vec::new() };
    let asked = Source { url: home.into(), ..source.clone() };
    let Ok(page) = fetch_page(app, &asked).await else { return Vec::new() };
    let read = page.clone();
    let Ok(links) = tokio::task::spawn_blocking(move || extract::feeds(&read)).await else { return Vec::new() };
    feeds(app, links, &page.url, source).await
}

/// Those of the links that are feeds with entries. One after the other: they mostly live on one host.
async fn feeds(app: &App, links: Vec<FeedLink>, page: &Url, source: &Source) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    let is_fetched = matches!(page.host_str(), Some(host) if host != "localhost");
    for link in links.into_iter().take(MOST_FEEDS).filter(|_| is_fetched) {
        let FeedLink { url, title, named } = link;
        let asked = Source { kind: Kind::Feed, url: url.clone().into(), ..source.clone() };
        let Ok(answer) = fetch_page(app, &asked).await else { continue };
        let Ok(read) = extracted(app, &answer, &asked).await else { continue };
        if read.drafts.is_empty() {
            continue;
        }
        let name = read.title.or(Some(title).filter(|title| !title.is_empty())).unwrap_or_else(|| host(&url));
        let how = match named {
            Named::Alternate => "the feed that",
            Named::Link => "the feed to which a link leads on",
        };
        let tail = if named == Named::Alternate { " names" } else { "" };
        let made_from = format!("made from {how} {page}{tail}");
        proposals.extend(proposal(app, Source { name, ..asked }, made_from, &read.drafts, &proposals));
    }
    proposals
}

fn proposal(app: &App, source: Source, made_from: String, drafts: &[Draft], others: &[Proposal]) -> Option<Proposal> {
    let taken = |id: &SourceId| {
        let mut known =
            app.config.sources.iter().chain(&app.config.aside).chain(others.iter().map(|other| &other.source));
        known.any(|source| &source.id == id)
    };
    let id = free_id(&[site(source.url.sample()), text::slug(&source.name)], taken)?;
    let source = Source { id, every: std::time::Duration::from_secs(4 * 3_600), ..source };
    let mut comments = vec![format!("{made_from}; {} entries, such as:", drafts.len())];
    comments.extend(drafts.iter().take(3).map(|draft| shown(draft, &source.zone)));
    if source.url.host_str() == Some("localhost") {
        comments.push(String::from("read from a file: write in `url` the address from which it was saved"));
    }
    let table = source_table(&source, &comments);
    Some(Proposal { source, entries: drafts.len(), table })
}

/// « 2026-08-14 Title », or « no date Title ».
fn shown(draft: &Draft, zone: &TimeZone) -> String {
    let date = draft.published.map_or_else(|| String::from("no date"), |date| date.date(zone).to_string());
    format!("  {date} {}", text::truncate(&draft.title, 80))
}

/// An id that nobody has, made of the first of these words that say something.
pub fn free_id(words: &[String], taken: impl Fn(&SourceId) -> bool) -> Option<SourceId> {
    let base = words
        .iter()
        .map(|word| text::slug(word))
        .find(|slug| !slug.is_empty())
        .unwrap_or_else(|| String::from("source"));
    let base = base.get(..base.floor_char_boundary(58)).unwrap_or(&base).trim_end_matches('-').to_owned();
    let ids = std::iter::once(base.clone()).chain((2..10_000).map(|n| format!("{base}-{n}")));
    ids.filter_map(|id| SourceId::parse(&id)).find(|id| !taken(id))
}

/// The name of a site in its host: `www.ville-exemple.fr` is `ville-exemple`.
fn site(url: &Url) -> String {
    let host = host(url);
    if url.domain().is_none() {
        return host;
    }
    let bare = host.strip_prefix("www.").unwrap_or(&host);
    bare.rsplit_once('.').map_or(bare, |(name, _)| name).to_owned()
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or("source").to_owned()
}
