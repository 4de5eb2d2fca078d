//! The feeds that a web page names, for a source whose own address brings none.

use std::collections::BTreeSet;

use scraper::{Html, Selector};
use url::Url;

use super::{
    document::{LONGEST_BASE, spaced},
    tame::tame,
};
use crate::{
    model::Page,
    normalise::{
        charset::{self, Syntax},
        title,
        url::{CanonicalUrl, web_address},
    },
    text,
};

/// An address that may be a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedLink {
    pub url: Url,
    /// What the page calls it; empty when it does not say.
    pub title: String,
    pub named: Named,
}

/// How a page names a feed; the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// With `link rel="alternate"`.
    Alternate,
    /// With a link whose address looks like that of a feed.
    Link,
}

/// How many are looked at.
const MOST: usize = 1_000;

/// The feeds that a page names, the surest first, each once. Feeds of comments come last: they tell what readers say.
pub fn feeds(page: &Page) -> Vec<FeedLink> {
    let decoded = charset::decode(&page.body, page.content_type.as_deref(), Syntax::Html);
    let document = Html::parse_document(&tame(&decoded.text).html);
    let select = |written: &str| Selector::parse(written).ok();
    let base = select("base[href]").and_then(|selector| document.select(&selector).next()?.attr("href"));
    let base = base
        .filter(|href| href.len() <= LONGEST_BASE)
        .and_then(|href| web_address(href, &page.url).ok())
        .unwrap_or_else(|| page.url.clone());
    let mut found = Vec::new();
    for element in select("link[href], a[href]").iter().flat_map(|selector| document.select(selector)) {
        if found.len() == MOST {
            break;
        }
        let Some(url) = element.attr("href").and_then(|href| web_address(href, &base).ok()) else { continue };
        let named = match element.value().name() {
            "link" if is_alternate(element.attr("rel"), element.attr("type")) => Named::Alternate,
            "a" if looks_like_feed(&url) => Named::Link,
            _ => continue,
        };
        let words = match named {
            Named::Alternate => element.attr("title").unwrap_or_default().to_owned(),
            Named::Link => spaced(element),
        };
        found.push(FeedLink { url, title: text::truncate(&title::plain(&words), 120), named });
    }
    found.sort_by_key(|link| (is_of_comments(&link.url), link.named));
    let mut seen = BTreeSet::from([CanonicalUrl::of(&page.url)]);
    found.retain(|link| seen.insert(CanonicalUrl::of(&link.url)));
    found
}

fn is_alternate(relation: Option<&str>, kind: Option<&str>) -> bool {
    let kind = kind.unwrap_or_default().to_ascii_lowercase();
    relation.unwrap_or_default().split_whitespace().any(|word| word.eq_ignore_ascii_case("alternate"))
        && ["rss+xml", "atom+xml", "feed+json"].iter().any(|known| kind.contains(known))
}

/// `/feed/`, `rss.xml`, `atom.xml`, `…/actus.rss`, `/spip.php?page=backend`, `?format=feed`.
fn looks_like_feed(url: &Url) -> bool {
    let path = url.path().trim_end_matches('/').to_ascii_lowercase();
    let last = path.rsplit('/').next().unwrap_or_default();
    let (name, extension) = last.rsplit_once('.').unwrap_or((last, ""));
    let is_word = |word: &str| name.split(['-', '_', '.']).any(|part| part == word);
    let by_name = match extension {
        "rss" | "atom" | "rdf" => true,
        "xml" | "json" | "php" | "asp" | "aspx" => {
            ["rss", "atom", "feed", "feeds", "flux", "backend"].into_iter().any(is_word)
        }
        "" => ["rss", "atom", "feed", "feeds"].into_iter().any(is_word),
        _ => false,
    };
    let by_query = url.query_pairs().any(|(key, value)| match &*key {
        "page" => value.starts_with("backend"),
        "format" | "type" | "feed" => matches!(&*value.to_ascii_lowercase(), "feed" | "rss" | "rss2" | "atom"),
        _ => false,
    });
    by_name || by_query
}

fn is_of_comments(url: &Url) -> bool {
    url.path().contains("/comments/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: &str) -> Vec<String> {
        let url = Url::parse("https://www.ville.fr/actualites/").unwrap();
        let page = Page { url, content_type: None, body: body.as_bytes().to_vec(), reserved: false };
        feeds(&page).into_iter().map(|link| format!("{} {}", link.url, link.title).trim_end().to_owned()).collect()
    }

    #[test]
    fn what_the_head_names_comes_first_and_comments_last() {
        let page = r#"<html><head><link rel="ALTERNATE stylesheet" type="text/css" href="/x.css">
            <link rel="alternate" type="application/rss+xml" title="Ville &raquo; Commentaires" href="/comments/feed/">
            <link rel="alternate" type="application/rss+xml; charset=utf-8" title="Ville &amp; Flux" href="/feed/">
            <link rel="alternate" type="application/json+oembed" href="/wp-json/oembed">
            <link rel="alternate" type="application/feed+json" href="https://autre.fr/f.json">
            </head><body><a href="../rss.xml"><img alt=""> Flux RSS</a> <a href="/feed">même</a></body></html>"#;
        assert_eq!(
            found(page),
            [
                "https://www.ville.fr/feed/ Ville & Flux",
                "https://autre.fr/f.json",
                "https://www.ville.fr/rss.xml Flux RSS",
                "https://www.ville.fr/comments/feed/ Ville » Commentaires"
            ]
        );
    }

    #[test]
    fn addresses_of_feeds_are_told_from_others() {
        for feed in [
            "/feed/",
            "/feed",
            "/fr/rss.xml",
            "/flux-rss.xml",
            "/atom.xml",
            "/actus.rss",
            "/spip.php?page=backend&id_rubrique=3",
            "/index.php?format=feed&type=rss",
            "/?feed=rss2",
            "/rss/actualites-rss",
        ] {
            assert_eq!(found(&format!("<a href='{feed}'>x</a>")).len(), 1, "{feed}");
        }
        for other in [
            "/feedback",
            "/actualites",
            "/sitemap.xml",
            "/brass.html",
            "/rss.html",
            "mailto:rss@ville.fr",
            "/actualites/#feed",
            "/flux",
        ] {
            assert_eq!(found(&format!("<a href='{other}'>x</a>")), Vec::<String>::new(), "{other}");
        }
    }
}
