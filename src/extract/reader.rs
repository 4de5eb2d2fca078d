//! feed-rs, behind what it needs: the only file that names it.

use feed_rs::{
    model::{Entry, FeedType, Link, Text},
    parser,
};
use url::Url;

use super::raw::{Facts, Mended, RawEntry, RawFeed, RawText};
use crate::model::{Problem, ProblemKind};

/// Reads a feed in the form that the menders give it.
///
/// feed-rs neither sanitises (our own sanitiser knows the page), nor reads dates (ours know French and the source's zone),
/// nor makes up ids: they would change with each title, or at each fetch.
///
/// # Errors
/// `Unreadable`, when feed-rs refuses the text all the same.
pub(super) fn read(mended: Mended, page: &Url) -> Result<RawFeed, Problem> {
    let parser = parser::Builder::new()
        .base_uri(Some(page))
        .sanitize_content(false)
        .timestamp_parser(|_| None)
        .id_generator(|_, _, _| String::new())
        .build();
    let feed = parser.parse(mended.text.as_bytes()).map_err(|error| {
        let message = format!("cannot be read as a feed: {error}\nhint: keep the page and report it");
        Problem::page(ProblemKind::Unreadable, message)
    })?;
    // Each id is the place of the entry's facts: they cannot go to another entry, whatever feed-rs may leave out.
    let mut facts: Vec<Option<Facts>> = mended.facts.into_iter().map(Some).collect();
    let mut entries = Vec::with_capacity(feed.entries.len());
    for read in feed.entries {
        let place = read.id.parse().ok().and_then(|place: usize| facts.get_mut(place));
        entries.extend(place.and_then(Option::take).map(|facts| entry(read, facts, &feed.feed_type)));
    }
    Ok(RawFeed {
        title: feed.title.map(|title| title.content),
        ttl_minutes: feed.ttl.map(u64::from),
        entries,
        breaks: mended.breaks,
    })
}

fn entry(read: Entry, facts: Facts, format: &FeedType) -> RawEntry {
    let mut links: Vec<(Rank, String)> = facts.origin.iter().map(|href| (Rank::Origin, href.clone())).collect();
    links.extend(read.links.into_iter().filter_map(|link| Some((rank(&link)?, link.href))));
    let content = read.content.and_then(|content| {
        let is_html = content.content_type.subty() == "html";
        content.body.map(|body| if is_html { RawText::Html(body) } else { RawText::Plain(body) })
    });
    links.sort_by_key(|(rank, _)| *rank);
    RawEntry {
        links: links.into_iter().map(|(_, href)| href).collect(),
        title: read.title.map(|title| title.content).unwrap_or_default(),
        summary: read.summary.map(|Text { content, content_type, .. }| match format {
            FeedType::Atom if content_type.subty() == "html" => RawText::Html(content),
            FeedType::Atom => RawText::Plain(content),
            // These formats do not say, and feed-rs says the same of all.
            _ => RawText::guess(content),
        }),
        content,
        categories: read.categories.into_iter().map(|category| category.label.unwrap_or(category.term)).collect(),
        facts,
    }
}

/// How good a link is as the address of an entry; the least is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Where a redirecting service says that the document really is.
    Origin,
    Page,
    /// The document in another form, such as PDF.
    OtherForm,
    /// Another relation: `related`, `via`.
    Other,
}

/// `None` for a link that leads to something other than the document.
fn rank(link: &Link) -> Option<Rank> {
    let relation = link.rel.as_deref().unwrap_or_default().to_ascii_lowercase();
    let kind = link.media_type.as_deref().unwrap_or_default().to_ascii_lowercase();
    match relation.rsplit('/').next().unwrap_or_default() {
        "" | "alternate" if kind.is_empty() || kind.contains("html") => Some(Rank::Page),
        "" | "alternate" => Some(Rank::OtherForm),
        "self" | "edit" | "enclosure" | "replies" | "next" | "prev" | "hub" | "license" | "service.edit" => None,
        _ => Some(Rank::Other),
    }
}
