//! The same stories for programs, read only: JSON, with cursors. `openapi.json` beside this file describes it.

use serde::Serialize;
use serde_json::{Value, json};

use super::{App, Found, PAGE, items, search, title};
use crate::{
    bulletin::Item,
    model::{ApiPath, Brings, BulletinId, Review, Selection, SitePath, Story, StoryId},
    normalise::terms::Excerpt,
    store::{self, bulletins, notices, sources, stories},
};

/// Made by hand, and held against the answers by a test.
const DESCRIPTION: &str = include_str!("openapi.json");

/// A story in a list.
#[derive(Serialize)]
struct Short<'a> {
    id: StoryId,
    /// From the root of the site.
    page: String,
    title: &'a str,
    summary: &'a str,
    section: &'a str,
    nature: &'a str,
    severity: &'a str,
    source: &'a str,
    /// The document that speaks for it.
    url: Option<&'a str>,
    reference: Option<&'a str>,
    language: &'a str,
    cves: &'a [String],
    first_seen: jiff::Timestamp,
    updated: jiff::Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    excerpt: Option<&'a str>,
}

impl<'a> Short<'a> {
    fn new(story: &Story, item: &'a Item, excerpt: Option<&'a Excerpt>) -> Self {
        Self {
            id: item.story,
            page: SitePath::Story(item.story).to_string(),
            title: &item.title,
            summary: &item.summary,
            section: item.section.as_str(),
            nature: item.nature.as_str(),
            severity: item.severity.as_str(),
            source: &item.source,
            url: item.url.as_deref(),
            reference: item.reference.as_deref(),
            language: &item.language,
            cves: &item.cves,
            first_seen: story.first_seen,
            updated: story.updated,
            excerpt: excerpt.map(|excerpt| excerpt.text.as_str()),
        }
    }
}

/// Answers.
///
/// # Errors
/// Of the database.
pub(super) fn find(app: &App, path: &ApiPath, query: &str) -> anyhow::Result<Found> {
    let found = match path {
        ApiPath::Description => return Ok(Found::Page(DESCRIPTION.as_bytes().to_vec())),
        ApiPath::Stories => self::stories(app, query)?,
        ApiPath::Story(id) => story(app, *id)?,
        ApiPath::Bulletins => Some(editions(app, query)?),
        ApiPath::Bulletin(id) => edition(app, *id)?,
        ApiPath::Sources => Some(watched(app)?),
        ApiPath::Search => Some(searched(app, query)?),
    };
    Ok(match found {
        Some(value) => {
            let mut bytes = serde_json::to_vec_pretty(&value)?;
            bytes.push(b'\n');
            Found::Page(bytes)
        }
        None => Found::Nothing,
    })
}

fn field(query: &str, name: &str) -> Option<String> {
    let values = url::form_urlencoded::parse(query.as_bytes());
    values.filter(|(known, _)| known == name).map(|(_, value)| value.into_owned()).find(|value| !value.is_empty())
}

fn cursor(query: &str) -> Option<i64> {
    field(query, "avant")?.parse().ok().filter(|id| *id > 0)
}

/// `selection` is as in the addresses of the site: `sections/tic`, `natures/alerte`, `sources/cert-fr`, `gravite/urgent`.
fn stories(app: &App, query: &str) -> anyhow::Result<Option<Value>> {
    let selection = match field(query, "selection") {
        None => Selection::All,
        Some(path) => match Selection::parse(&path).filter(|selection| title(app, selection).is_some()) {
            Some(selection) => selection,
            None => return Ok(None),
        },
    };
    let (found, told, next) = app.store.read(|db| {
        let mut found = stories::shown(db, &selection, cursor(query).map(StoryId::new), PAGE + 1)?;
        let is_more = found.len() > PAGE as usize;
        found.truncate(PAGE as usize);
        let next = found.last().filter(|_| is_more).map(|story| story.id);
        let told = items(app, db, &found)?;
        Ok((found, told, next))
    })?;
    let next = next.map(|id| format!("api/stories?selection={}&avant={id}", selection.path()));
    Ok(Some(json!({ "stories": listed(&found, &told), "next": next })))
}

fn listed<'a>(found: &[Story], told: &'a [Item]) -> Vec<Short<'a>> {
    let of = |item: &'a Item| {
        let story = found.iter().find(|story| story.id == item.story)?;
        Some(Short::new(story, item, None))
    };
    told.iter().filter_map(of).collect()
}

fn story(app: &App, id: StoryId) -> anyhow::Result<Option<Value>> {
    let found = app.store.read(|db| {
        let Some(story) = stories::get(db, id)?.filter(|story| store::stories::SHOWN.contains(&story.review)) else {
            return Ok(None);
        };
        let told = notices::telling(db, &story)?;
        Ok(super::item(app, db, &story)?.map(|item| (story, item, told)))
    })?;
    let Some((story, item, told)) = found else { return Ok(None) };
    debug_assert!(story.review != Review::Rejected);
    let documents: Vec<Value> = told
        .iter()
        .map(|notice| {
            json!({
                "id": notice.id, "source": notice.source, "title": notice.title, "url": notice.url,
                "reference": notice.reference, "published": notice.published, "language": notice.language,
                "revision": notice.revision, "licence": app.licence(&notice.source).as_str(),
            })
        })
        .collect();
    Ok(Some(json!({
        "story": Short::new(&story, &item, None), "guide": item.guide, "more": item.more, "deadlines": item.deadlines,
        "cited": item.cited, "notices": documents,
    })))
}

fn editions(app: &App, query: &str) -> anyhow::Result<Value> {
    let mut found = app.store.read(|db| bulletins::listed(db, None, cursor(query).map(BulletinId::new), PAGE + 1))?;
    let is_more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let next = found.last().filter(|_| is_more).map(|bulletin| format!("api/bulletins?avant={}", bulletin.id));
    let all: Vec<Value> = found
        .iter()
        .map(|one| {
            let page = SitePath::Edition { date: one.date, cadence: one.cadence, number: one.number };
            json!({
                "id": one.id, "cadence": one.cadence.as_str(), "date": one.date, "number": one.number,
                "stories": one.stories, "frozen": one.frozen, "page": page.to_string(),
            })
        })
        .collect();
    Ok(json!({ "bulletins": all, "next": next }))
}

fn edition(app: &App, id: BulletinId) -> anyhow::Result<Option<Value>> {
    let found = app.store.read(|db| Ok(bulletins::get(db, id)?.zip(Some(bulletins::items(db, id)?))))?;
    Ok(found.filter(|(bulletin, _)| bulletin.stories > 0).map(|(bulletin, items)| {
        json!({
            "id": bulletin.id, "cadence": bulletin.cadence.as_str(), "date": bulletin.date, "number": bulletin.number,
            "items": items,
        })
    }))
}

fn watched(app: &App) -> anyhow::Result<Value> {
    let known = app.store.read(sources::all)?;
    let all: Vec<Value> = app
        .config
        .sources
        .iter()
        .filter(|source| source.brings == Brings::Notices)
        .map(|source| {
            let known = known.iter().find(|known| known.id == source.id);
            json!({
                "id": source.id, "name": source.name, "licence": source.licence.as_str(),
                "state": known.map(|known| known.state.as_str()), "last_success": known.and_then(|known| known.last_success),
                "last_new": known.and_then(|known| known.last_new),
                "page": SitePath::Selection(Selection::Source(source.id.clone())).to_string(),
            })
        })
        .collect();
    Ok(json!({ "sources": all }))
}

/// Its query is that of the page `recherche`.
fn searched(app: &App, query: &str) -> anyhow::Result<Value> {
    let asked = search::Search::parse(app, query);
    let results = search::search(app, &asked)?;
    let found = app.store.read(|db| {
        let ids = results.hits.iter().map(|hit| hit.item.story);
        ids.map(|id| stories::get(db, id)).collect::<store::Result<Vec<_>>>()
    })?;
    let hits = results.hits.iter().zip(&found);
    let hits: Vec<Short<'_>> =
        hits.filter_map(|(hit, story)| Some(Short::new(story.as_ref()?, &hit.item, Some(&hit.excerpt)))).collect();
    let next = results.next.map(|next| format!("api/search?{}&apres={next}", asked.query()));
    let ignored: Vec<&str> = asked.ignored.iter().map(|(name, _)| *name).collect();
    Ok(json!({ "stories": hits, "ignored": ignored, "next": next }))
}
