//! What came instead of what was expected: naming it tells an operator what to do.

use url::Url;

use super::plain::plain;
use crate::{
    model::{Problem, ProblemKind},
    normalise::{markup, title, url::web_address},
    text,
};

/// The problem of a page that is not what was `expected` (« a feed »), by the name of its first element.
pub(super) fn problem(expected: &str, page: &str, root: Option<&str>, address: &Url) -> Problem {
    let found = match root {
        Some("html" | "head" | "body" | "meta" | "script" | "title") => web_page(page),
        Some("urlset" | "sitemapindex") => "a sitemap".to_owned(),
        Some("opml") => "an OPML list of feeds".to_owned(),
        Some(name) if markup::is_element(name) => web_page(page),
        Some(name) => format!("XML whose root is `{}`", name.chars().take(60).collect::<String>()),
        None if page.starts_with("%PDF") => "a PDF file".to_owned(),
        None => "text that is neither XML nor JSON".to_owned(),
    };
    let hint = match (wall(page), advertised(page, address)) {
        (Some(_), _) => {
            "the site turns robots away; ask its keeper to let this one in, or watch another address".to_owned()
        }
        (None, Some(feed)) => format!("the page names a feed: set `url = \"{feed}\"`"),
        (None, None) => "open the address in a browser; the feed may have moved".to_owned(),
    };
    Problem::page(ProblemKind::NotAFeed, format!("expected {expected}, got {found}\nhint: {hint}"))
}

/// The words by which an anti-robot page gives itself away.
pub(super) fn wall(page: &str) -> Option<&'static str> {
    let head: String = page.chars().take(64 * 1024).collect::<String>().to_lowercase();
    WALLS.into_iter().find(|words| head.contains(words))
}

fn web_page(page: &str) -> String {
    let name = match page_title(page) {
        Some(name) => format!("the web page `{name}`"),
        None => "a web page without a title".to_owned(),
    };
    match wall(page) {
        Some(words) => format!("{name}, which looks like an anti-robot check (« {words} »)"),
        None => name,
    }
}

fn page_title(page: &str) -> Option<String> {
    let (_, rest) = split_ignoring_case(page, "<title")?;
    let (inside, _) = split_ignoring_case(rest.split_once('>')?.1, "</title")?;
    Some(text::truncate(&title::plain(&plain(inside)), 120)).filter(|name| !name.is_empty())
}

/// The first feed that a page names in a `link rel="alternate"`.
fn advertised(page: &str, address: &Url) -> Option<Url> {
    let mut rest = page;
    while let Some((_, tail)) = split_ignoring_case(rest, "<link") {
        let (tag, tail) = tail.split_once('>')?;
        let lower = tag.to_lowercase();
        if lower.contains("alternate")
            && ["application/rss+xml", "application/atom+xml", "application/feed+json"]
                .iter()
                .any(|t| lower.contains(t))
        {
            let (_, href) = split_ignoring_case(tag, "href=")?;
            let quote = href.chars().next().filter(|c| matches!(c, '"' | '\''));
            let href = match quote {
                Some(quote) => href.get(1..)?.split(quote).next()?,
                None => href.split(char::is_whitespace).next()?,
            };
            return web_address(href, address).ok();
        }
        rest = tail;
    }
    None
}

/// Splits before and after an ASCII word, in any case.
fn split_ignoring_case<'t>(text: &'t str, word: &str) -> Option<(&'t str, &'t str)> {
    let found = text.as_bytes().windows(word.len()).position(|window| window.eq_ignore_ascii_case(word.as_bytes()))?;
    Some((text.get(..found)?, text.get(found + word.len()..)?))
}

const WALLS: [&str; 22] = [
    "veuillez activer javascript",
    "activer javascript",
    "activez javascript",
    "enable javascript",
    "requires javascript",
    "vérifions votre navigateur",
    "vérification de votre navigateur",
    "vérifier que vous êtes humain",
    "verifying your browser",
    "checking your browser",
    "verify you are human",
    "just a moment",
    "un instant…",
    "are you a robot",
    "n'êtes pas un robot",
    "captcha",
    "cf-challenge",
    "datadome",
    "incapsula",
    "access denied",
    "accès refusé",
    "request rejected",
];
