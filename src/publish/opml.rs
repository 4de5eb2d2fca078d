//! OPML 2.0 (opml.org/spec2.opml): what is watched, as a list that any reader of feeds can import.

use std::collections::BTreeSet;

use crate::{
    config::Site,
    model::{Kind, Source},
};

use super::{text::line, xml::Element};

/// The sources that are feeds, in the order given; one that stands twice is listed once. `category` is the short name
/// of the section.
pub fn opml(sources: &[&Source], site: &Site) -> Vec<u8> {
    let mut root = Element::new("opml").with("version", "2.0");
    let mut head = Element::new("head");
    head.push(Element::text("title", format!("Sources de {}", line(&site.name))));
    let publisher = line(&site.publisher);
    if !publisher.is_empty() {
        head.push(Element::text("ownerName", publisher));
    }
    let mut body = Element::new("body");
    let mut seen = BTreeSet::new();
    for source in sources.iter().filter(|source| matches!(source.kind, Kind::Feed)) {
        if seen.insert(source.url.as_str()) {
            body.push(outline(source));
        }
    }
    root.push(head);
    root.push(body);
    root.document()
}

fn outline(source: &Source) -> Element {
    let name = line(&source.name);
    let name = if name.is_empty() { source.id.to_string() } else { name };
    Element::new("outline")
        .with("type", "rss")
        .with("text", name.clone())
        .with("title", name)
        .with("xmlUrl", source.url.as_str())
        .with("language", source.language.as_str())
        .with("category", source.section.as_str())
}
