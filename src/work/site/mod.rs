//! What stands on the site, page by page: made from the database when it is asked for. The published folder holds the same.

mod api;
mod edition;
mod feed;
mod home;
mod list;
mod plain;
pub mod search;
mod source;
mod story;
mod told;

use jiff::Timestamp;

use super::App;
use crate::{
    bulletin::Item,
    model::{BulletinId, FeedFormat, Nature, Selection, SitePath, SiteText, Story, StoryId},
    render::{self, Frame, Medium, Missing},
    store::{self, Db, bulletins, notices, settings, stories},
    work::compose,
};

pub use api::Problem;
pub use feed::{authority, opml};
pub use told::Told;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Asked {
    pub path: SitePath,
    pub part: Part,
    /// Of a search: what is looked for, as the address says it.
    pub query: String,
}

/// Which part of a list or a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    Newest,
    /// What stands below this one, a story or an edition.
    Before(i64),
    /// Of a feed: an archive of it (RFC 5005 4), by its number.
    Archive(i64),
}

impl Part {
    const fn before(self) -> Option<i64> {
        match self {
            Part::Before(id) => Some(id),
            Part::Newest | Part::Archive(_) => None,
        }
    }
}

/// Stories, or editions, on a page.
const PAGE: u32 = 25;
/// Of a query, so many characters are read.
const LONGEST_QUERY: usize = 2_000;

/// What stands there.
#[derive(Debug)]
pub enum Found {
    Page(Vec<u8>),
    /// It stands there now.
    Moved(SitePath),
    /// It did, and was taken back.
    Gone,
    Nothing,
    /// A program asked for it.
    Problem(Problem),
}

impl Asked {
    pub fn first(path: SitePath) -> Self {
        Self { path, part: Part::Newest, query: String::new() }
    }

    /// Reads a path and its query. What a query says besides is ignored.
    pub fn parse(app: &App, path: &str, query: &str) -> Option<Self> {
        let path = SitePath::parse(path)?;
        let number = |wanted: &str| {
            let mut values = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == wanted);
            values.find_map(|(_, value)| value.parse::<i64>().ok())
        };
        let before = number("avant").filter(|id| *id > 0).map_or(Part::Newest, Part::Before);
        let part = match path {
            SitePath::Feed(..) => number("archive").filter(|n| *n >= 0).map_or(before, Part::Archive),
            SitePath::Selection(_) | SitePath::Editions(_) => before,
            _ => Part::Newest,
        };
        let query = match path {
            SitePath::Search | SitePath::SearchFeed(_) => search::canonical(app, query),
            SitePath::Api(_) => query.chars().take(LONGEST_QUERY).collect(),
            _ => String::new(),
        };
        Some(Self { path, part, query })
    }
}

/// Makes a page.
///
/// # Errors
/// Of the database, or of a template that an installation put in place.
pub fn find(app: &App, asked: &Asked, medium: Medium) -> anyhow::Result<Found> {
    let frame = Frame { site: &app.config.site, path: &asked.path, medium };
    let templates = &app.templates;
    let page = |html: String| Found::Page(html.into_bytes());
    Ok(match &asked.path {
        SitePath::Home => page(home::page(app, frame)?),
        SitePath::Selection(selection) => {
            list::page(app, frame, selection, asked.part.before().map(StoryId::new))?.map_or(Found::Nothing, page)
        }
        SitePath::Feed(selection, format) => {
            feed::feed(app, selection, *format, asked.part, medium)?.map_or(Found::Nothing, Found::Page)
        }
        SitePath::Story(id) => story::find(app, frame, *id)?,
        SitePath::Editions(cadence) => {
            page(edition::list(app, frame, *cadence, asked.part.before().map(BulletinId::new))?)
        }
        SitePath::Edition { .. } => edition::page(app, frame)?.map_or(Found::Nothing, page),
        SitePath::Sources => page(source::page(app, frame)?),
        SitePath::Search => page(search::page(app, frame, &asked.query)?),
        SitePath::Api(path) => api::find(app, path, &asked.query)?,
        SitePath::SearchFeed(format) => Found::Page(feed::of_search(app, &asked.query, *format)?),
        SitePath::Text(text) => page(render::text_page(templates, frame, *text, app.rules.sections())?),
        SitePath::Opml => Found::Page(opml(app)),
        SitePath::Calendar => feed::calendar(app)?.map_or(Found::Nothing, Found::Page),
        SitePath::Style => Found::Page(templates.style().as_bytes().to_vec()),
        SitePath::Icon => Found::Page(templates.icon().as_bytes().to_vec()),
        SitePath::Robots => Found::Page(plain::robots(app)),
        SitePath::Sitemap => plain::sitemap(app)?.map_or(Found::Nothing, Found::Page),
        SitePath::SecurityTxt => plain::security(app)?.map_or(Found::Nothing, Found::Page),
    })
}

/// The page for what is not there.
///
/// # Errors
/// Of a template that an installation put in place.
pub fn missing(app: &App, missing: Missing) -> anyhow::Result<String> {
    let frame = Frame { site: &app.config.site, path: &SitePath::Home, medium: Medium::Server };
    Ok(render::missing_page(&app.templates, frame, missing)?)
}

/// All that the published folder holds: the pages of the latest so many stories, and of the editions.
///
/// # Errors
/// Of the database.
pub fn all(app: &App) -> store::Result<Vec<SitePath>> {
    let mut all = vec![
        SitePath::Home,
        SitePath::Editions(None),
        SitePath::Sources,
        SitePath::Opml,
        SitePath::Calendar,
        SitePath::Style,
        SitePath::Icon,
        SitePath::Robots,
        SitePath::Sitemap,
        SitePath::SecurityTxt,
    ];
    all.extend(crate::model::Cadence::ALL.map(|cadence| SitePath::Editions(Some(cadence))));
    all.extend(SiteText::ALL.map(SitePath::Text));
    for selection in selections(app, Medium::Folder) {
        all.extend(FeedFormat::ALL.map(|format| SitePath::Feed(selection.clone(), format)));
        all.push(SitePath::Selection(selection));
    }
    let most = u32::try_from(app.config.publish.stories).unwrap_or(u32::MAX);
    app.store.read(|db| {
        all.extend(stories::shown(db, &Selection::All, None, most)?.into_iter().map(|story| SitePath::Story(story.id)));
        for sort in [bulletins::Sort::Bulletins, bulletins::Sort::Alerts] {
            for one in bulletins::latest_of(db, sort, edition::KEPT)? {
                all.push(SitePath::Edition { date: one.date, cadence: one.cadence, number: one.number });
            }
        }
        Ok(())
    })?;
    Ok(all)
}

/// The selections that have a page and feeds.
fn selections(app: &App, medium: Medium) -> Vec<Selection> {
    let sections = app.rules.sections().iter().map(|section| Selection::Section(section.id.clone()));
    let severities = [crate::model::Severity::High, crate::model::Severity::Critical].map(Selection::Severity);
    let sources = app.config.sources.iter().filter(|source| source.brings == crate::model::Brings::Notices);
    let sources = sources.filter(|_| has_source_pages(app, medium));
    std::iter::once(Selection::All)
        .chain(sections)
        .chain(Nature::ALL.map(Selection::Nature))
        .chain(severities)
        .chain(sources.map(|source| Selection::Source(source.id.clone())))
        .collect()
}

/// With more sources than that, the folder has no page of each: all would be written whenever one of them has something new.
const FEW: usize = 200;

/// Whether each source has a page and feeds.
fn has_source_pages(app: &App, medium: Medium) -> bool {
    medium == Medium::Server || app.config.sources.len() <= FEW
}

/// What a selection is called; `None` where there is none of the kind.
fn title(app: &App, selection: &Selection) -> Option<String> {
    match selection {
        Selection::All => Some(String::from("Toute la veille")),
        Selection::Section(id) => app.rules.sections().get(id).map(|section| section.name.clone()),
        Selection::Nature(nature) => Some(nature.name().to_owned()),
        Selection::Severity(severity) => Some(match severity {
            crate::model::Severity::Critical => String::from("Nouvelles urgentes"),
            _ => String::from("Nouvelles importantes"),
        }),
        Selection::Source(id) => app.source(id).map(|source| source.name.clone()),
    }
}

/// Stories in the words in which readers get them.
pub(super) fn items(app: &App, db: &Db, stories: &[Story]) -> store::Result<Vec<Item>> {
    let mut items = Vec::with_capacity(stories.len());
    for story in stories {
        items.extend(item(app, db, story)?);
    }
    Ok(items)
}

fn item(app: &App, db: &Db, story: &Story) -> store::Result<Option<Item>> {
    let told = app.told.item(story, || {
        let notices = notices::telling(db, story)?;
        // What is told does not depend on the hour: only the points do, which no page shows.
        Ok(compose::tell(app, story, &notices, story.updated).map(|(item, _)| item))
    })?;
    Ok(told.map(|item| Item::clone(&item)))
}

/// When this installation began.
fn installed(db: &Db) -> store::Result<Timestamp> {
    let at = settings::get(db, "installed")?.and_then(|at| at.parse().ok());
    Ok(at.unwrap_or(Timestamp::UNIX_EPOCH))
}
