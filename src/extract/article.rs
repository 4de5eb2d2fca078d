//! The main text of a web page, without what the site puts around it.
//!
//! ```text
//! octets ─ charset ─ slim, shallow ─ boilerplate ─ dom_smoothie ─ sanitise ─ plain
//! ```
//!
//! dom_smoothie finds where the article stands; it keeps share buttons and « À lire aussi » where they stand inside. `slim`
//! and `shallow` bound what a page can cost: in time, a second at most.

use std::panic;

use dom_smoothie::{Config, Readability, ReadabilityError};
use url::Url;

use super::{
    boilerplate, feed::LONGEST_TITLE, pdf::looks_like_html, plain::plain, sanitise::Sanitiser, slim::slim, stranger,
    tame::tame_to,
};
use crate::{
    model::{Page, Problem, ProblemKind, PublicationDate, Source},
    normalise::{
        charset::{self, Syntax},
        date, title,
        url::web_address,
    },
    text,
};

/// What a page says, besides what its site says on each page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Article {
    pub title: String,
    /// Plain text, one paragraph a line.
    pub text: String,
    /// The same as sanitised HTML; links are absolute.
    pub content: String,
    pub published: Option<PublicationDate>,
    /// As the page states it, BCP 47.
    pub language: Option<String>,
    pub reserved: Reservation,
    pub access: Access,
}

/// Whether text and data mining is reserved (TDM Reservation Protocol), by the answer or by the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    No,
    Tdm,
}

/// For whom a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Open,
    /// Only the beginning is shown to those who do not pay.
    Subscribers,
}

/// What a document is, by its first octets and else by its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentKind {
    Html,
    Pdf,
    /// With the media type, or `application/octet-stream` when none is stated.
    Other(String),
}

/// What to read a page as. A web page in the place of a PDF file is [`DocumentKind::Pdf`]: what it says is a refusal, and
/// [`super::pdf`] says so.
pub fn document_kind(page: &Page) -> DocumentKind {
    let head = page.body.get(..page.body.len().min(1024)).unwrap_or_default();
    let stated = page.content_type.as_deref().unwrap_or_default();
    let media = stated.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_named_pdf = || page.url.path().trim_end_matches("%20").to_ascii_lowercase().ends_with(".pdf");
    match media.as_str() {
        _ if head.windows(5).any(|window| window == b"%PDF-") => DocumentKind::Pdf,
        "application/pdf" | "application/x-pdf" => DocumentKind::Pdf,
        "text/html" | "application/xhtml+xml" | "" | "application/octet-stream" if is_named_pdf() => DocumentKind::Pdf,
        "text/html" | "application/xhtml+xml" => DocumentKind::Html,
        _ if looks_like_html(head) => DocumentKind::Html,
        "" => DocumentKind::Other(String::from("application/octet-stream")),
        _ => DocumentKind::Other(media),
    }
}

/// Reads the main text of a web page. `summary` is what the feed or the list said already, empty for nothing. Never panics.
///
/// # Errors
/// A [`ProblemKind::Text`] with the cause: an error page, an anti-robot check, a consent gate, nothing that reads as an
/// article, less text than the summary has.
pub fn article(page: &Page, source: &Source, summary: &str) -> Result<Article, Problem> {
    let read = || read(page, source, summary);
    panic::catch_unwind(panic::AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(unread("the page makes a parser fail\nhint: keep the page and report it")))
}

/// The largest page that is read, in octets.
const LARGEST: usize = 10 << 20;
/// The deepest that elements are nested. Of the pages of French administrations and papers, few go beyond 40.
const DEEPEST: usize = 64;
/// The most elements after a parser has closed and opened again what was left open.
const MOST_ELEMENTS: usize = 60_000;
/// Shorter texts, in characters, are those of pages that say something else.
const SHORTEST: usize = 200;

fn read(page: &Page, source: &Source, summary: &str) -> Result<Article, Problem> {
    if page.body.len() > LARGEST {
        return Err(unread(format!("the page is larger than {} MiB", LARGEST >> 20)));
    }
    let decoded = charset::decode(&page.body, page.content_type.as_deref(), Syntax::Html).text;
    let slim = slim(&decoded).map_err(|_| unread("the page holds more elements or more text than any article"))?;
    let config = Config { max_elements_to_parse: MOST_ELEMENTS, ..Config::default() };
    let Ok(mut reader) = Readability::new(tame_to(&slim, DEEPEST).html.into_owned(), None, Some(config)) else {
        return Err(unread("the page makes a parser fail"));
    };
    let facts = Facts::of(&reader, page, source, &decoded);
    if let Some(problem) = facts.stranger(&reader) {
        return Err(problem);
    }
    boilerplate::prune(&reader);
    let found = match reader.parse() {
        Ok(found) => found,
        Err(ReadabilityError::TooManyElements(..)) => {
            return Err(unread("the page holds more elements or more text than any article"));
        }
        Err(_) => return Err(thin(0, &facts, &decoded)),
    };
    let content = Sanitiser::new(&facts.base).html(&found.content);
    let name = text::truncate(&title::plain(&found.title), LONGEST_TITLE);
    let said = boilerplate::strip(&plain(&content), &name);
    let length = said.chars().count();
    if length < SHORTEST {
        return Err(thin(length, &facts, &decoded));
    }
    if let Some(words) = stranger::wall(&said).filter(|_| length < LONGEST_WALL) {
        return Err(unread(format!("the page looks like an anti-robot check (« {words} »)\n{WALL_HINT}")));
    }
    if boilerplate::is_about_consent(&said) {
        return Err(unread(format!("the page asks for consent to cookies before it shows anything\n{WALL_HINT}")));
    }
    let known = summary.chars().count();
    if length < known {
        return Err(unread(format!("the page gives less text ({length} characters) than the summary ({known})")));
    }
    let published = found.published_time.as_deref().and_then(|written| date::parse(written, &source.zone));
    Ok(Article {
        title: name,
        text: said,
        content,
        published: published.or(facts.published),
        language: facts.language,
        reserved: facts.reserved,
        access: facts.access,
    })
}

/// A page that says more than this says something, whatever words stand in it.
const LONGEST_WALL: usize = 1_500;

const WALL_HINT: &str =
    "hint: ask the keeper of the site to let this robot in, or do without `details` for this source";

fn thin(length: usize, facts: &Facts, page: &str) -> Problem {
    let cause = match (facts.access, stranger::wall(page)) {
        (Access::Subscribers, _) => String::from("the article is for subscribers only"),
        (_, Some(words)) => format!("the page looks like an anti-robot check (« {words} »)\n{WALL_HINT}"),
        (_, None) if length == 0 => String::from("no article is found on the page"),
        (_, None) => format!("only {length} characters of text are found on the page"),
    };
    unread(cause)
}

fn unread(cause: impl Into<String>) -> Problem {
    Problem::page(ProblemKind::Text, cause)
}

/// What a page says of itself, taken before anything is taken out of it.
struct Facts {
    base: Url,
    language: Option<String>,
    published: Option<PublicationDate>,
    reserved: Reservation,
    access: Access,
    /// Its title and its first heading.
    names: Vec<String>,
}

impl Facts {
    fn of(reader: &Readability, page: &Page, source: &Source, decoded: &str) -> Self {
        let document = &reader.doc;
        let value = |selector: &str, attribute: &str| {
            let found = document.select(selector).nodes().first().and_then(|node| node.attr(attribute));
            found.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let meta = |wanted: &[&str]| {
            document.select("meta[content]").nodes().iter().find_map(|node| {
                let name = node.attr("name").or_else(|| node.attr("property")).or_else(|| node.attr("itemprop"))?;
                wanted.contains(&name.trim().to_ascii_lowercase().as_str()).then(|| node.attr("content"))?
            })
        };
        let dates = [meta(&DATES).map(|date| date.to_string()), value("time[datetime]", "datetime")];
        let is_reserved = page.reserved || meta(&["tdm-reservation"]).is_some_and(|value| value.trim() == "1");
        let names = ["title", "h1"]
            .into_iter()
            .filter_map(|selector| document.select(selector).nodes().first().map(|node| text::collapse(&node.text())));
        Self {
            base: value("base[href]", "href")
                .and_then(|href| web_address(&href, &page.url).ok())
                .unwrap_or_else(|| page.url.clone()),
            language: value("html[lang]", "lang"),
            published: dates.into_iter().flatten().find_map(|written| date::parse(&written, &source.zone)),
            reserved: if is_reserved { Reservation::Tdm } else { Reservation::No },
            access: if boilerplate::is_for_subscribers(decoded) { Access::Subscribers } else { Access::Open },
            names: names.collect(),
        }
    }

    /// What the page is when it is none of the site's documents, whatever its status was.
    fn stranger(&self, reader: &Readability) -> Option<Problem> {
        let error = self.names.iter().find(|name| boilerplate::is_error(name))?;
        // An article may be about such a page: it says more.
        let is_short = reader.doc.select("body").text().split_whitespace().count() < 400;
        is_short.then(|| {
            let name = text::truncate(error, 120);
            match stranger::wall(&name.to_lowercase()) {
                Some(_) => unread(format!("the site refuses the page (« {name} »)\n{WALL_HINT}")),
                None => unread(format!("the page is an error page (« {name} »), though its status says otherwise")),
            }
        })
    }
}

/// Names of `meta` elements that hold the date of publication, in lower case, besides those that dom_smoothie knows.
const DATES: [&str; 7] = [
    "article:published_time",
    "dcterms.issued",
    "dcterms.created",
    "dc.date.issued",
    "dc.date",
    "date",
    "datepublished",
];

#[cfg(test)]
mod tests;
