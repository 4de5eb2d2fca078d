//! Where what stands on the site: the same in the published folder and on the server.

use std::fmt;

use jiff::civil::Date;

use super::{BulletinId, Cadence, FeedFormat, NoticeId, Selection, StoryId};

/// A page or a file of the site, by its path without the leading `/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SitePath {
    Home,
    /// The stories of a selection.
    Selection(Selection),
    Feed(Selection, FeedFormat),
    Story(StoryId),
    /// The editions of one cadence, or of all.
    Editions(Option<Cadence>),
    /// `bulletins/2023-08-30-daily.html`, and for a second one of that day `bulletins/2023-08-30-daily-2.html`.
    Edition {
        date: Date,
        cadence: Cadence,
        number: u32,
    },
    Sources,
    /// Of the server only: its query says what is looked for.
    Search,
    SearchFeed(FeedFormat),
    /// Of the server only: for programs.
    Api(ApiPath),
    Text(SiteText),
    /// The sources as a list for readers of feeds.
    Opml,
    /// The deadlines to come.
    Calendar,
    Style,
    Icon,
    Robots,
    Sitemap,
    /// RFC 9116.
    SecurityTxt,
}

/// What is answered to programs, in JSON.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApiPath {
    Stories,
    Story(StoryId),
    Notices,
    Notice(NoticeId),
    Bulletins,
    Bulletin(BulletinId),
    Sources,
    Search,
    /// OpenAPI 3.1.
    Description,
}

/// A page that the law asks for, or that helps to find the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SiteText {
    /// All of them in short: older mails refer to it.
    About,
    Legal,
    Privacy,
    Accessibility,
    Map,
}

impl SiteText {
    pub const ALL: [SiteText; 5] =
        [SiteText::About, SiteText::Legal, SiteText::Privacy, SiteText::Accessibility, SiteText::Map];

    const fn name(self) -> &'static str {
        match self {
            SiteText::About => "a-propos",
            SiteText::Legal => "mentions-legales",
            SiteText::Privacy => "donnees-personnelles",
            SiteText::Accessibility => "accessibilite",
            SiteText::Map => "plan-du-site",
        }
    }
}

impl SitePath {
    /// Reads a path as it was asked for; `None` where nothing of ours is called so.
    pub fn parse(path: &str) -> Option<Self> {
        let path = path.strip_prefix('/').unwrap_or(path);
        match path {
            "" | "index.html" => return Some(SitePath::Home),
            "bulletins" | "bulletins/" => return Some(SitePath::Editions(None)),
            "sources" | "sources/" => return Some(SitePath::Sources),
            _ => {}
        }
        let fixed = [
            SitePath::Editions(None),
            SitePath::Sources,
            SitePath::Search,
            SitePath::Opml,
            SitePath::Calendar,
            SitePath::Style,
            SitePath::Icon,
            SitePath::Robots,
            SitePath::Sitemap,
            SitePath::SecurityTxt,
        ];
        if let Some(found) = fixed.into_iter().find(|known| known.to_string() == path) {
            return Some(found);
        }
        if let Some(path) = path.strip_prefix("api/") {
            return api(path).map(SitePath::Api);
        }
        let (stem, extension) = path.rsplit_once('.')?;
        if let Some(format) = FeedFormat::parse(extension) {
            return match stem {
                "recherche" => Some(SitePath::SearchFeed(format)),
                _ => Selection::parse(stem).map(|selection| SitePath::Feed(selection, format)),
            };
        }
        if extension != "html" {
            return None;
        }
        if let Some(text) = SiteText::ALL.into_iter().find(|text| text.name() == stem) {
            return Some(SitePath::Text(text));
        }
        match stem.split_once('/') {
            Some(("nouvelles", id)) => number(id).map(|id| SitePath::Story(StoryId::new(id))),
            Some(("bulletins", name)) => match Cadence::ALL.into_iter().find(|cadence| cadence.name() == name) {
                Some(cadence) => Some(SitePath::Editions(Some(cadence))),
                None => edition(name),
            },
            _ => Selection::parse(stem).map(SitePath::Selection),
        }
    }

    pub const fn content_type(&self) -> &'static str {
        match self {
            SitePath::Feed(_, format) | SitePath::SearchFeed(format) => format.content_type(),
            SitePath::Api(_) => "application/json",
            SitePath::Opml => "text/x-opml; charset=utf-8",
            SitePath::Calendar => "text/calendar; charset=utf-8",
            SitePath::Style => "text/css; charset=utf-8",
            SitePath::Icon => "image/svg+xml",
            SitePath::Robots | SitePath::SecurityTxt => "text/plain; charset=utf-8",
            SitePath::Sitemap => "application/xml; charset=utf-8",
            _ => "text/html; charset=utf-8",
        }
    }

    /// What leads from it to the root of the site: empty, or `../`.
    pub fn root(&self) -> &'static str {
        if self.to_string().contains('/') { "../" } else { "" }
    }
}

fn api(path: &str) -> Option<ApiPath> {
    Some(match path.split_once('/') {
        Some(("stories", id)) => ApiPath::Story(StoryId::new(number(id)?)),
        Some(("notices", id)) => ApiPath::Notice(NoticeId::new(number(id)?)),
        Some(("bulletins", id)) => ApiPath::Bulletin(BulletinId::new(number(id)?)),
        Some(_) => return None,
        None => match path {
            "stories" => ApiPath::Stories,
            "notices" => ApiPath::Notices,
            "bulletins" => ApiPath::Bulletins,
            "sources" => ApiPath::Sources,
            "search" => ApiPath::Search,
            "openapi.json" => ApiPath::Description,
            _ => return None,
        },
    })
}

impl fmt::Display for ApiPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ApiPath::Stories => f.write_str("stories"),
            ApiPath::Story(id) => write!(f, "stories/{id}"),
            ApiPath::Notices => f.write_str("notices"),
            ApiPath::Notice(id) => write!(f, "notices/{id}"),
            ApiPath::Bulletins => f.write_str("bulletins"),
            ApiPath::Bulletin(id) => write!(f, "bulletins/{id}"),
            ApiPath::Sources => f.write_str("sources"),
            ApiPath::Search => f.write_str("search"),
            ApiPath::Description => f.write_str("openapi.json"),
        }
    }
}

/// `2023-08-30-daily-2`.
fn edition(name: &str) -> Option<SitePath> {
    let date = name.get(..10)?.parse().ok()?;
    let rest = name.get(10..)?.strip_prefix('-')?;
    let (cadence, number) = match rest.split_once('-') {
        Some((cadence, n)) => (cadence, number(n).filter(|n| *n > 1)?),
        None => (rest, 1),
    };
    Some(SitePath::Edition { date, cadence: Cadence::parse(cadence)?, number: u32::try_from(number).ok()? })
}

/// As it is written here: no sign, no zero before it.
fn number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number: &i64| *number > 0 && number.to_string() == text)
}

impl fmt::Display for SitePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SitePath::Home => f.write_str("index.html"),
            SitePath::Selection(selection) => write!(f, "{}.html", selection.path()),
            SitePath::Feed(selection, format) => write!(f, "{}.{}", selection.path(), format.extension()),
            SitePath::Story(id) => write!(f, "nouvelles/{id}.html"),
            SitePath::Editions(None) => f.write_str("bulletins/index.html"),
            SitePath::Editions(Some(cadence)) => write!(f, "bulletins/{}.html", cadence.name()),
            SitePath::Edition { date, cadence, number: 0 | 1 } => write!(f, "bulletins/{date}-{cadence}.html"),
            SitePath::Edition { date, cadence, number } => write!(f, "bulletins/{date}-{cadence}-{number}.html"),
            SitePath::Sources => f.write_str("sources/index.html"),
            SitePath::Search => f.write_str("recherche"),
            SitePath::SearchFeed(format) => write!(f, "recherche.{}", format.extension()),
            SitePath::Api(path) => write!(f, "api/{path}"),
            SitePath::Text(text) => write!(f, "{}.html", text.name()),
            SitePath::Opml => f.write_str("sources.opml"),
            SitePath::Calendar => f.write_str("echeances.ics"),
            SitePath::Style => f.write_str("style.css"),
            SitePath::Icon => f.write_str("icon.svg"),
            SitePath::Robots => f.write_str("robots.txt"),
            SitePath::Sitemap => f.write_str("sitemap.xml"),
            SitePath::SecurityTxt => f.write_str(".well-known/security.txt"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Nature, SectionId, Severity, SourceId};

    #[test]
    fn what_stands_somewhere_is_found_there() {
        let selections = [
            Selection::All,
            Selection::Section(SectionId::parse("tic").unwrap()),
            Selection::Nature(Nature::Alerte),
            Selection::Severity(Severity::Critical),
            Selection::Source(SourceId::parse("cert-fr").unwrap()),
        ];
        let date = Date::constant(2023, 8, 30);
        let mut all = vec![
            SitePath::Home,
            SitePath::Story(StoryId::new(12)),
            SitePath::Editions(None),
            SitePath::Editions(Some(Cadence::Weekly)),
            SitePath::Edition { date, cadence: Cadence::Daily, number: 1 },
            SitePath::Edition { date, cadence: Cadence::Alert, number: 3 },
            SitePath::Sources,
            SitePath::Search,
            SitePath::SearchFeed(FeedFormat::Atom),
            SitePath::Api(ApiPath::Stories),
            SitePath::Api(ApiPath::Story(StoryId::new(3))),
            SitePath::Api(ApiPath::Bulletin(BulletinId::new(3))),
            SitePath::Api(ApiPath::Description),
            SitePath::Opml,
            SitePath::Calendar,
            SitePath::Style,
            SitePath::Icon,
            SitePath::Robots,
            SitePath::Sitemap,
            SitePath::SecurityTxt,
        ];
        all.extend(SiteText::ALL.map(SitePath::Text));
        for selection in selections {
            all.push(SitePath::Selection(selection.clone()));
            all.extend(FeedFormat::ALL.map(|format| SitePath::Feed(selection.clone(), format)));
        }
        for path in all {
            assert_eq!(SitePath::parse(&path.to_string()), Some(path.clone()), "{path}");
            assert_eq!(SitePath::parse(&format!("/{path}")), Some(path));
        }
        assert_eq!(SitePath::parse("/"), Some(SitePath::Home));
    }

    #[test]
    fn nothing_has_two_addresses_and_nothing_else_is_ours() {
        for path in [
            "nouvelles/012.html",
            "nouvelles/-1.html",
            "nouvelles/1",
            "nouvelles/1.html/",
            "bulletins/2023-08-30-daily-1.html",
            "bulletins/2023-02-30-daily.html",
            "bulletins/2023-08-30-hourly.html",
            "gravite/info.html",
            "../style.css",
            "sections/../tic.html",
            "rien.html",
            "//veille.html",
            "///",
            "veille.exe",
            "é.html",
        ] {
            assert_eq!(SitePath::parse(path), None, "{path}");
        }
    }
}
