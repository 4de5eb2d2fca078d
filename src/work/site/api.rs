//! The same stories for programs, read only: JSON, with cursors. `openapi.json` beside this file describes it.

use serde::Serialize;
use serde_json::{Value, json};

use super::{App, Found, PAGE, items, search, title};
use crate::{
    bulletin::Item,
    model::{ApiPath, Brings, BulletinId, Notice, NoticeId, Selection, SitePath, SourceId, Story, StoryId},
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

/// What a program asked for that cannot be answered (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Of HTTP: 400 or 404.
    pub status: u16,
    pub detail: String,
}

impl Problem {
    pub fn missing() -> Self {
        Self { status: 404, detail: String::from("there is none, or readers may not see it; see /api/openapi.json") }
    }

    /// As `application/problem+json`.
    pub fn written(&self) -> Vec<u8> {
        let title = if self.status == 404 { "Not Found" } else { "Bad Request" };
        let mut bytes =
            json!({ "title": title, "status": self.status, "detail": self.detail }).to_string().into_bytes();
        bytes.push(b'\n');
        bytes
    }
}

/// What is asked for, one field after another.
struct Query(Vec<(String, String)>);

impl Query {
    fn read(query: &str) -> Self {
        Self(
            url::form_urlencoded::parse(query.as_bytes())
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Below which one a page begins.
    fn before(&self) -> Result<Option<i64>, Problem> {
        let Some(value) = self.one("avant") else { return Ok(None) };
        let id = value.parse().ok().filter(|id| *id > 0);
        id.map(Some)
            .ok_or_else(|| Problem { status: 400, detail: String::from("`avant` is the number of an item: 1 or more") })
    }
}

/// An answer, or what is wrong with the question.
type Answer = anyhow::Result<Result<Value, Problem>>;

/// Answers.
///
/// # Errors
/// Of the database.
pub(super) fn find(app: &App, path: &ApiPath, query: &str) -> anyhow::Result<Found> {
    let fields = Query::read(query);
    let found = match path {
        ApiPath::Description => return Ok(Found::Page(DESCRIPTION.as_bytes().to_vec())),
        ApiPath::Stories => self::stories(app, &fields)?,
        ApiPath::Story(id) => story(app, *id)?,
        ApiPath::Notices => self::notices(app, &fields)?,
        ApiPath::Notice(id) => notice(app, *id)?,
        ApiPath::Bulletins => editions(app, &fields)?,
        ApiPath::Bulletin(id) => edition(app, *id)?,
        ApiPath::Sources => Ok(watched(app)?),
        ApiPath::Search => Ok(searched(app, query)?),
    };
    Ok(match found {
        Ok(value) => {
            let mut bytes = serde_json::to_vec_pretty(&value)?;
            bytes.push(b'\n');
            Found::Page(bytes)
        }
        Err(problem) => Found::Problem(problem),
    })
}

/// `selection` is as in the addresses of the site: `sections/tic`, `natures/alerte`, `sources/cert-fr`, `gravite/urgent`.
fn stories(app: &App, query: &Query) -> Answer {
    let before = match query.before() {
        Ok(before) => before.map(StoryId::new),
        Err(problem) => return Ok(Err(problem)),
    };
    let selection = match query.one("selection") {
        None => Selection::All,
        Some(path) => match Selection::parse(path).filter(|selection| title(app, selection).is_some()) {
            Some(selection) => selection,
            None => return Ok(Err(Problem::missing())),
        },
    };
    let (found, told, next) = app.store.read(|db| {
        let mut found = stories::shown(db, &selection, before, PAGE + 1)?;
        let is_more = found.len() > PAGE as usize;
        found.truncate(PAGE as usize);
        let next = found.last().filter(|_| is_more).map(|story| story.id);
        let told = items(app, db, &found)?;
        Ok((found, told, next))
    })?;
    let next = next.map(|id| format!("api/stories?selection={}&avant={id}", selection.path()));
    Ok(Ok(json!({ "stories": listed(&found, &told), "next": next })))
}

fn listed<'a>(found: &[Story], told: &'a [Item]) -> Vec<Short<'a>> {
    let of = |item: &'a Item| {
        let story = found.iter().find(|story| story.id == item.story)?;
        Some(Short::new(story, item, None))
    };
    told.iter().filter_map(of).collect()
}

fn story(app: &App, id: StoryId) -> Answer {
    let found = app.store.read(|db| {
        let Some(story) = stories::get(db, id)?.filter(|story| store::stories::SHOWN.contains(&story.review)) else {
            return Ok(None);
        };
        let told = notices::telling(db, &story)?;
        Ok(super::item(app, db, &story)?.map(|item| (story, item, told)))
    })?;
    let Some((story, item, told)) = found else { return Ok(Err(Problem::missing())) };
    let documents: Vec<Value> = told.iter().map(|notice| document(app, notice)).collect();
    Ok(Ok(json!({
        "story": Short::new(&story, &item, None), "guide": item.guide, "more": item.more, "deadlines": item.deadlines,
        "cited": item.cited, "notices": documents,
    })))
}

/// A notice as its source has it, without its text.
fn document(app: &App, notice: &Notice) -> Value {
    json!({
        "id": notice.id, "story": notice.story, "source": notice.source, "title": notice.title, "summary": notice.summary,
        "url": notice.url, "reference": notice.reference, "published": notice.published, "first_seen": notice.first_seen,
        "language": notice.language, "revision": notice.revision, "licence": app.licence(&notice.source).as_str(),
    })
}

fn notices(app: &App, query: &Query) -> Answer {
    let before = match query.before() {
        Ok(before) => before.map(NoticeId::new),
        Err(problem) => return Ok(Err(problem)),
    };
    let source = match query.one("source") {
        None => None,
        Some(name) => match SourceId::parse(name).filter(|id| app.source(id).is_some()) {
            Some(id) => Some(id),
            None => return Ok(Err(Problem::missing())),
        },
    };
    let mut found = app.store.read(|db| notices::listed(db, source.as_ref(), before, PAGE + 1))?;
    let is_more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let of = source.map(|id| format!("source={id}&")).unwrap_or_default();
    let next = found.last().filter(|_| is_more).map(|notice| format!("api/notices?{of}avant={}", notice.id));
    let all: Vec<Value> = found.iter().map(|notice| document(app, notice)).collect();
    Ok(Ok(json!({ "notices": all, "next": next })))
}

fn notice(app: &App, id: NoticeId) -> Answer {
    let found = app.store.read(|db| {
        let Some(notice) = store::notices::get(db, id)? else { return Ok(None) };
        let story = stories::get(db, notice.story)?;
        Ok(story.filter(|story| stories::SHOWN.contains(&story.review)).map(|_| notice))
    })?;
    let Some(notice) = found else { return Ok(Err(Problem::missing())) };
    // As far as its licence lets it be shown.
    let is_free = app.licence(&notice.source).allows_full_text();
    let text = Some(&notice.text).filter(|text| is_free && !text.is_empty());
    Ok(Ok(json!({ "notice": document(app, &notice), "text": text })))
}

fn editions(app: &App, query: &Query) -> Answer {
    let before = match query.before() {
        Ok(before) => before.map(BulletinId::new),
        Err(problem) => return Ok(Err(problem)),
    };
    let mut found = app.store.read(|db| bulletins::listed(db, None, before, PAGE + 1))?;
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
    Ok(Ok(json!({ "bulletins": all, "next": next })))
}

fn edition(app: &App, id: BulletinId) -> Answer {
    let found = app.store.read(|db| Ok(bulletins::get(db, id)?.zip(Some(bulletins::items(db, id)?))))?;
    let found = found.filter(|(bulletin, _)| bulletin.stories > 0).map(|(bulletin, items)| {
        json!({
            "id": bulletin.id, "cadence": bulletin.cadence.as_str(), "date": bulletin.date, "number": bulletin.number,
            "items": items,
        })
    });
    Ok(found.ok_or_else(Problem::missing))
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
