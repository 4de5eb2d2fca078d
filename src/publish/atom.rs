//! Atom (RFC 4287).

use super::{
    Channel, Entry, HISTORY, Head, PageKind,
    text::{line, paragraphs, rfc3339},
    xml::Element,
};
use crate::model::FeedFormat;

/// A channel as Atom.
pub fn atom(channel: &Channel, head: &Head<'_>) -> Vec<u8> {
    let mut feed = Element::new("feed").with("xmlns", "http://www.w3.org/2005/Atom").with("xml:lang", "fr");
    if channel.paging.kind == PageKind::Archive {
        feed = feed.with("xmlns:fh", HISTORY);
        feed.push(Element::new("fh:archive"));
    }
    feed.push(Element::text("id", head.feed_id.clone()));
    feed.push(Element::text("title", line(&channel.title)));
    let subtitle = line(&channel.description);
    if !subtitle.is_empty() {
        feed.push(Element::text("subtitle", subtitle));
    }
    feed.push(Element::text("updated", rfc3339(head.moved(channel))));
    if let Some(itself) = head.itself(channel, FeedFormat::Atom) {
        feed.push(link("self", "application/atom+xml", itself));
    }
    let links = head.links(channel, FeedFormat::Atom).into_iter();
    feed.extend(links.map(|(rel, href)| Element::new("link").with("rel", rel).with("href", href)));
    feed.extend(head.home().map(|home| link("alternate", "text/html", home)));
    feed.push(author(&head.site.publisher, &head.site.name));
    feed.extend(channel.entries.iter().map(|entry| self::entry(entry, &head.site.name)));
    feed.document()
}

fn entry(entry: &Entry, site: &str) -> Element {
    let mut out = Element::new("entry");
    if let Some(language) = entry.foreign() {
        out = out.with("xml:lang", language);
    }
    out.push(Element::text("id", entry.id.clone()));
    out.push(Element::text("title", entry.title()));
    // The type of the document is its server's to say.
    let url = entry.link();
    out.extend(url.clone().map(|url| Element::new("link").with("rel", "alternate").with("href", url)));
    out.push(Element::text("published", rfc3339(entry.published)));
    out.push(Element::text("updated", rfc3339(entry.moved())));
    out.push(author(&entry.source, site));
    let section = line(&entry.section);
    if !section.is_empty() {
        out.push(Element::new("category").with("term", crate::text::slug(&section)).with("label", section));
    }
    out.push(Element::new("category").with("term", entry.nature.as_str()).with("label", entry.nature.name()));
    let summary = paragraphs(&entry.summary).join("\n");
    let html = entry.html();
    // An entry that leads nowhere must hold its content (RFC 4287 4.1.2).
    if html.is_none() && url.is_none() {
        out.push(Element::text("content", if summary.is_empty() { entry.title() } else { summary }));
        return out;
    }
    if !summary.is_empty() {
        out.push(Element::text("summary", summary));
    }
    out.extend(html.map(|html| Element::text("content", html).with("type", "html")));
    out
}

fn link(rel: &'static str, kind: &'static str, href: String) -> Element {
    Element::new("link").with("rel", rel).with("type", kind).with("href", href)
}

/// A name is required (RFC 4287 3.2.1).
fn author(name: &str, otherwise: &str) -> Element {
    let name = line(name);
    let mut author = Element::new("author");
    author.push(Element::text("name", if name.is_empty() { line(otherwise) } else { name }));
    author
}
