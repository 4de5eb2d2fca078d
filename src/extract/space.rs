//! Names in feeds: namespaces of elements, attributes with or without prefix.

use quick_xml::events::BytesStart;

use crate::normalise::entity;

/// What a namespace is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// RSS or Atom, of any version.
    Feed,
    DublinCore,
    Content,
    Xhtml,
    Syndication,
    FeedBurner,
    /// Media RSS, iTunes…: its `title` is not the entry's.
    Other,
}

impl Space {
    /// By the address that a feed declares.
    pub(super) fn of(uri: &str) -> Self {
        let uri = uri.trim().trim_end_matches(['/', '#']).to_ascii_lowercase();
        let feed = [
            "w3.org/2005/atom",
            "purl.org/atom/",
            "purl.org/rss/1.0",
            "my.netscape.com",
            "backend.userland.com",
            "blogs.law.harvard.edu",
        ];
        let rdf = "w3.org/1999/02/22-rdf-syntax-ns";
        match uri.split_once("://").map_or(uri.as_str(), |(_, rest)| rest).trim_start_matches("www.") {
            u if u.starts_with("purl.org/rss/1.0/modules/content") => Space::Content,
            u if u.starts_with("purl.org/rss/1.0/modules/syndication") => Space::Syndication,
            u if u.starts_with("purl.org/rss/1.0/modules") => Space::Other,
            u if u.starts_with("purl.org/dc/") => Space::DublinCore,
            u if u.starts_with("w3.org/1999/xhtml") => Space::Xhtml,
            u if u.starts_with("rssnamespace.org/feedburner") => Space::FeedBurner,
            u if u.starts_with(rdf) || feed.iter().any(|f| u.starts_with(f)) => Space::Feed,
            _ => Space::Other,
        }
    }

    /// What a prefix means that was not declared.
    pub(super) fn usual(prefix: &str) -> Self {
        match prefix.to_ascii_lowercase().as_str() {
            "rss" | "atom" | "a10" | "rdf" => Space::Feed,
            "dc" | "dcterms" => Space::DublinCore,
            "content" => Space::Content,
            "xhtml" | "html" => Space::Xhtml,
            "sy" => Space::Syndication,
            "feedburner" => Space::FeedBurner,
            _ => Space::Other,
        }
    }
}

/// The value of an attribute, by its name without prefix, or by its whole name when that has one; references decoded.
pub(super) fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = start.html_attributes();
    let found = attributes.with_checks(false).flatten().find(|attribute| {
        let key = attribute.key.as_ref();
        key.eq_ignore_ascii_case(name)
            || key.rsplit_once(':').is_some_and(|(_, local)| local.eq_ignore_ascii_case(name))
    })?;
    Some(entity::decode(found.value.as_ref()).trim().to_owned())
}
