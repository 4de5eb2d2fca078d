//! The pages of the published folder. They refer to each other by relative addresses, so that the folder can be
//! served from anywhere, and to nothing outside; styles stand in a file, so that a strict Content-Security-Policy
//! (`style-src 'self'`) lets them in.

use jiff::civil::Date;
use serde::Serialize;

use crate::{
    bulletin::Edition,
    config::Site,
    model::Cadence,
    text::{date_in_words, french},
};

use super::{
    RenderError, Templates,
    budget::Plan,
    view::{EditionView, SiteView},
    weather::Notice,
    words::{counted, one_line},
};

/// Where [`index_page`] goes.
pub const INDEX_PATH: &str = "index.html";
/// Where [`about_page`] goes: every page refers to it.
pub const ABOUT_PATH: &str = "a-propos.html";
/// Where [`Templates::style`] goes: every page refers to it.
pub const STYLE_PATH: &str = "style.css";

/// An edition that was published, as the index lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastEdition {
    pub cadence: Cadence,
    pub date: Date,
    /// As in [`Edition`].
    pub number: u32,
    pub stories: u32,
}

/// A channel that can be followed; `path` as in `publish::Channel`, without extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedLink {
    pub path: String,
    pub title: String,
    pub group: FeedGroup,
}

/// The calendar of deadlines, in the folder: how many days to come it has. Without any it is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar<'a> {
    pub path: &'a str,
    pub days: usize,
}

/// Under which heading the index lists a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FeedGroup {
    All,
    Section,
    Nature,
}

#[derive(Serialize)]
struct PageView<'a> {
    /// What leads from this page to the root of the folder: empty or `../`.
    root: &'a str,
    site: SiteView,
    edition: Option<EditionView>,
    editions: Vec<PastView>,
    feeds: Vec<GroupView>,
    calendar: Option<CalendarView>,
    notices: &'a [Notice],
}

#[derive(Serialize)]
struct CalendarView {
    path: String,
    /// « 4 dates ».
    count: String,
}

#[derive(Serialize)]
struct PastView {
    path: String,
    title: String,
    date: String,
    count: String,
}

#[derive(Serialize)]
struct GroupView {
    name: &'static str,
    links: Vec<LinkView>,
}

#[derive(Serialize)]
struct LinkView {
    path: String,
    title: String,
}

/// Where the page of an edition goes in the published folder: `bulletins/2023-08-30-daily.html`, and for a second one
/// that bears the same day `bulletins/2023-08-30-daily-2.html`.
pub fn edition_path(edition: &Edition) -> String {
    path_of(edition.cadence, edition.date, edition.number)
}

fn path_of(cadence: Cadence, date: Date, number: u32) -> String {
    match number {
        0 | 1 => format!("bulletins/{date}-{cadence}.html"),
        number => format!("bulletins/{date}-{cadence}-{number}.html"),
    }
}

/// An edition as a page: every story in full, and nothing about any reader.
///
/// # Errors
/// A template that an installation put in place may fail; the embedded ones do not.
pub fn bulletin_page(templates: &Templates, edition: &Edition, site: &Site) -> Result<String, RenderError> {
    let view = EditionView::new(edition, site, &Plan::whole(edition), &edition_path(edition));
    templates.render("bulletin.html", &PageView { edition: Some(view), root: "../", ..PageView::new(site) })
}

/// The front page of the folder: what readers are to be warned of, the editions, in the order given, and the feeds by
/// section and by nature.
///
/// # Errors
/// As [`bulletin_page`].
pub fn index_page(
    templates: &Templates,
    site: &Site,
    editions: &[PastEdition],
    feeds: &[FeedLink],
    calendar: Calendar<'_>,
    notices: &[Notice],
) -> Result<String, RenderError> {
    let editions = editions
        .iter()
        .map(|past| PastView {
            path: path_of(past.cadence, past.date, past.number),
            title: past.cadence.title(),
            date: date_in_words(past.date),
            count: counted(u64::from(past.stories), ("nouvelle", "nouvelles")),
        })
        .collect();
    let group = |group, name| {
        let links = feeds.iter().filter(|feed| feed.group == group);
        let links = links.map(|feed| LinkView { path: feed.path.clone(), title: french(&one_line(&feed.title)) });
        GroupView { name, links: links.collect() }
    };
    let mut groups = vec![
        group(FeedGroup::All, "Toute la veille"),
        group(FeedGroup::Section, "Par rubrique"),
        group(FeedGroup::Nature, "Par nature"),
    ];
    groups.retain(|group| !group.links.is_empty());
    let calendar = (calendar.days > 0).then(|| CalendarView {
        path: calendar.path.to_owned(),
        count: counted(calendar.days as u64, ("date", "dates")),
    });
    templates.render("index.html", &PageView { editions, feeds: groups, calendar, notices, ..PageView::new(site) })
}

/// Who publishes, what becomes of personal data, and how far the pages are accessible: what French law asks of a
/// public site.
///
/// # Errors
/// As [`bulletin_page`].
pub fn about_page(templates: &Templates, site: &Site) -> Result<String, RenderError> {
    templates.render("about.html", &PageView::new(site))
}

impl PageView<'_> {
    fn new(site: &Site) -> Self {
        Self {
            root: "",
            site: SiteView::new(site),
            edition: None,
            editions: Vec::new(),
            feeds: Vec::new(),
            calendar: None,
            notices: &[],
        }
    }
}
