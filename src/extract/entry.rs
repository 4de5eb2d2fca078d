//! Which element of an entry says what.

use quick_xml::events::BytesStart;
use url::Url;

use super::{
    raw::{GuidRole, LinkRank, RawEntry, RawLink, RawText},
    space::Space,
    xml::attribute,
};

/// What an element holds: plain when only text stood in it, HTML when elements did.
pub(super) struct Field {
    pub text: RawText,
    /// Its own `xml:base`.
    pub base: Option<Url>,
}

/// Takes a child of an entry into it. Of two elements with one sense, the first that says something counts.
pub(super) fn put(entry: &mut RawEntry, space: Space, name: &str, start: &BytesStart<'_>, field: Field) {
    let Field { text, base } = field;
    let word = || Some(text.as_str().trim().to_owned()).filter(|word| !word.is_empty());
    match (space, name) {
        (Space::Feed, "guid" | "id") => {
            if let Some(guid) = word() {
                let role = attribute(start, "isPermaLink");
                entry.guid = Some(guid);
                entry.guid_is_address = if role.is_some_and(|r| r.eq_ignore_ascii_case("false")) {
                    GuidRole::Opaque
                } else {
                    GuidRole::Address
                };
            }
        }
        (Space::Feed, "link") => entry.links.extend(link(start, word(), base.or_else(|| entry.base.clone()))),
        (Space::FeedBurner, "origlink") => {
            entry.links.extend(word().map(|href| RawLink { href, rank: LinkRank::Origin, base: None }));
        }
        (Space::Feed, "title") => fill(&mut entry.title, typed(start, text)),
        (Space::Feed, "description" | "summary") => fill(&mut entry.summary, typed(start, text)),
        (Space::Feed, "content") => {
            if let Some(href) = attribute(start, "src") {
                entry.links.push(RawLink { href, rank: LinkRank::OtherForm, base: base.clone() });
            }
            if base.is_some() && entry.content.is_none() {
                entry.base = base;
            }
            fill(&mut entry.content, typed(start, text));
        }
        (Space::Content, "encoded") | (Space::Xhtml, "body" | "div") => {
            let html = match text {
                RawText::Plain(text) | RawText::Html(text) => RawText::Html(text),
            };
            // It says what it is, so it wins over what came before.
            if !html.as_str().trim().is_empty() {
                entry.content = Some(html);
            }
        }
        (Space::DublinCore, "title") => fill(&mut entry.title, RawText::guess(text.as_str().to_owned())),
        (Space::DublinCore, "description" | "abstract") => {
            fill(&mut entry.summary, RawText::guess(text.as_str().to_owned()));
        }
        // The specific names go first: `dc:date` may be that of the last change.
        (Space::Feed, "pubdate" | "published" | "issued") => {
            if let Some(date) = word() {
                entry.published.insert(0, date);
            }
        }
        (Space::Feed, "created") | (Space::DublinCore, "date" | "issued" | "created" | "available") => {
            entry.published.extend(word());
        }
        (Space::Feed, "updated" | "modified" | "lastbuilddate") | (Space::DublinCore, "modified") => {
            entry.updated.extend(word());
        }
        (Space::Feed, "category") => {
            entry.categories.extend(attribute(start, "label").or_else(|| attribute(start, "term")).or_else(word));
        }
        (Space::DublinCore, "subject") => entry.categories.extend(word()),
        (Space::Feed | Space::DublinCore, "language") if entry.language.is_none() => entry.language = word(),
        _ => {}
    }
}

fn fill(place: &mut Option<RawText>, text: RawText) {
    if place.as_ref().is_none_or(|old| old.as_str().trim().is_empty()) && !text.as_str().trim().is_empty() {
        *place = Some(text);
    }
}

/// Text by the `type` of Atom (RFC 4287 3.1.1, and media types as Atom 0.3 had them). RSS has none, and RSS and careless Atom
/// put HTML where they please: so what is not said to be HTML is looked at.
fn typed(start: &BytesStart<'_>, text: RawText) -> RawText {
    let kind = attribute(start, "type").unwrap_or_default().to_ascii_lowercase();
    match text {
        RawText::Plain(text) if matches!(kind.as_str(), "html" | "xhtml" | "text/html" | "application/xhtml+xml") => {
            RawText::Html(text)
        }
        RawText::Plain(text) => RawText::guess(text),
        html => html,
    }
}

/// Atom's link is an attribute, RSS's the text.
fn link(start: &BytesStart<'_>, text: Option<String>, base: Option<Url>) -> Option<RawLink> {
    let href = attribute(start, "href").filter(|href| !href.is_empty()).or(text)?;
    let relation = attribute(start, "rel").unwrap_or_default().to_ascii_lowercase();
    let kind = attribute(start, "type").unwrap_or_default().to_ascii_lowercase();
    let rank = match relation.rsplit('/').next().unwrap_or_default() {
        "" | "alternate" if kind.is_empty() || kind.contains("html") => LinkRank::Page,
        "" | "alternate" => LinkRank::OtherForm,
        // These lead to something that is not the document.
        "self" | "edit" | "enclosure" | "replies" | "next" | "prev" | "hub" | "license" | "service.edit" => {
            return None;
        }
        _ => LinkRank::Other,
    };
    Some(RawLink { href, rank, base })
}
