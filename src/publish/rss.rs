//! RSS 2.0 (rssboard.org/rss-specification), after the RSS Advisory Board's best practices profile.

use super::{
    Channel, Entry, HISTORY, Head, PageKind,
    text::{escape, line, paragraphs, rfc822, web_address},
    xml::Element,
};
use crate::model::FeedFormat;

/// A channel as RSS 2.0.
pub fn rss(channel: &Channel, head: &Head<'_>) -> Vec<u8> {
    let itself = head.itself(channel, FeedFormat::Rss);
    let mut root = Element::new("rss").with("version", "2.0");
    // A namespace that nothing uses draws a warning from validators.
    if itself.is_some() {
        root = root.with("xmlns:atom", "http://www.w3.org/2005/Atom");
    }
    if !channel.entries.is_empty() {
        root = root.with("xmlns:dc", "http://purl.org/dc/elements/1.1/");
    }
    if channel.entries.iter().any(|entry| entry.html().is_some()) {
        root = root.with("xmlns:content", "http://purl.org/rss/1.0/modules/content/");
    }
    let mut body = Element::new("channel");
    if channel.paging.kind == PageKind::Archive {
        root = root.with("xmlns:fh", HISTORY);
        body.push(Element::new("fh:archive"));
    }
    body.push(Element::text("title", line(&channel.title)));
    // The element is required; without a site, the feed's own name is the only true thing to say.
    body.push(Element::text("link", head.home().unwrap_or_else(|| head.feed_id.clone())));
    let description = line(&channel.description);
    body.push(Element::text("description", if description.is_empty() { line(&channel.title) } else { description }));
    body.push(Element::text("language", "fr"));
    body.push(Element::text("lastBuildDate", rfc822(head.moved(channel), &head.site.zone)));
    if let Some(itself) = itself {
        let link = Element::new("atom:link").with("href", itself).with("rel", "self");
        body.push(link.with("type", "application/rss+xml"));
    }
    let links = head.links(channel, FeedFormat::Rss).into_iter();
    body.extend(links.map(|(rel, href)| Element::new("atom:link").with("rel", rel).with("href", href)));
    body.extend(channel.entries.iter().map(|entry| item(entry, head)));
    root.push(body);
    root.document()
}

fn item(entry: &Entry, head: &Head<'_>) -> Element {
    let mut item = Element::new("item");
    item.push(Element::text("title", entry.title()));
    item.extend(entry.link().map(|url| Element::text("link", url)));
    // Readers take it for HTML.
    let summary: Vec<String> = paragraphs(&entry.summary).iter().map(|text| escape(text)).collect();
    if !summary.is_empty() {
        item.push(Element::text("description", summary.join("<br>")));
    }
    item.extend(entry.html().map(|html| Element::text("content:encoded", html)));
    item.push(Element::text("guid", entry.id.clone()).with("isPermaLink", "false"));
    item.push(Element::text("pubDate", rfc822(entry.published, &head.site.zone)));
    item.push(Element::text("dc:creator", line(&entry.source)));
    item.extend(entry.foreign().map(|language| Element::text("dc:language", language)));
    item.push(Element::text("category", line(&entry.section)));
    item.push(Element::text("category", entry.nature.name()));
    if let Some(url) = web_address(entry.source_url.as_deref()) {
        item.push(Element::text("source", line(&entry.source)).with("url", url));
    }
    item
}
