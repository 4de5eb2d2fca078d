//! A feed written out again as feed-rs takes it: each sense once, under its plain name, its text escaped once.

use std::fmt::Write as _;

use quick_xml::{
    escape::{escape, partial_escape},
    events::BytesStart,
};
use url::Url;

use super::{
    raw::{Facts, RawText},
    space::{Space, attribute},
};
use crate::normalise::markup;

/// The names that a format has for things.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub head: &'static str,
    pub tail: &'static str,
    entry: &'static str,
    id: &'static str,
    summary: &'static str,
    content: &'static str,
}

/// RSS of any version is written as 2.0: of RSS 1.0, feed-rs drops the items without a link, and it gives none of them an id.
pub(super) const RSS: Dialect = Dialect {
    head: r#"<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>"#,
    tail: "</channel></rss>",
    entry: "item",
    id: "guid",
    summary: "description",
    content: "content:encoded",
};

pub(super) const ATOM: Dialect = Dialect {
    head: r#"<feed xmlns="http://www.w3.org/2005/Atom">"#,
    tail: "</feed>",
    entry: "entry",
    id: "id",
    summary: "summary",
    content: "content",
};

impl Dialect {
    /// Writes an element of text; Atom's says whether it is HTML.
    pub(super) fn say(&self, out: &mut String, name: &str, text: &RawText) {
        let kind = if *self == ATOM && matches!(text, RawText::Html(_)) { " type=\"html\"" } else { "" };
        let _ = write!(out, "<{name}{kind}>{}</{name}>", partial_escape(text.as_str()));
    }
}

/// What an element holds: plain when only text stood in it, HTML when elements did.
pub(super) struct Field {
    pub text: RawText,
    /// Its own `xml:base`.
    pub base: Option<Url>,
}

/// One entry while it is read.
pub(super) struct Entry {
    dialect: &'static Dialect,
    facts: Facts,
    /// The `xml:base` of the entry: that of its content may be another.
    base: String,
    title: Option<(Weight, RawText)>,
    summary: Option<(Weight, RawText)>,
    content: Option<(Weight, RawText)>,
    /// Links and categories, as they are to be written.
    out: String,
    /// How many of each there are.
    links: usize,
    categories: usize,
    /// What stands in for the link of RSS where there is none: one of Atom.
    spare_link: Option<String>,
}

/// Of two elements with one sense, the weightier counts, and else the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// Dublin Core.
    Spare,
    Plain,
    /// It can be nothing else.
    Certain,
}

impl Entry {
    pub(super) fn new(dialect: &'static Dialect, facts: Facts) -> Self {
        let base = xml_base(facts.base.as_ref());
        let (title, summary, content) = (None, None, None);
        Self {
            dialect,
            facts,
            base,
            title,
            summary,
            content,
            out: String::new(),
            links: 0,
            categories: 0,
            spare_link: None,
        }
    }

    /// Takes a child of the entry into it.
    pub(super) fn put(&mut self, space: Space, name: &str, start: &BytesStart<'_>, field: Field) {
        let Field { text, base } = field;
        let word = || Some(text.as_str().trim().to_owned()).filter(|word| !word.is_empty());
        match (space, name) {
            (Space::Feed, "guid" | "id") => {
                if let Some(guid) = word() {
                    let role = attribute(start, "isPermaLink").unwrap_or_default();
                    self.facts.permalink = (!role.eq_ignore_ascii_case("false")).then(|| guid.clone());
                    self.facts.guid = Some(guid);
                }
            }
            (Space::Feed, "link") => self.link(start, word(), base.as_ref()),
            (Space::FeedBurner, "origlink") => self.facts.origin = word().or(self.facts.origin.take()),
            (Space::Feed, "title") => fill(&mut self.title, Weight::Plain, typed(start, text)),
            (Space::Feed, "description" | "summary") => {
                fill(&mut self.summary, Weight::Plain, marked(typed(start, text)))
            }
            (Space::Feed, "content") => match attribute(start, "src").filter(|_| word().is_none()) {
                Some(src) if *self.dialect == ATOM => {
                    let _ = write!(self.out, "<link type=\"application/octet-stream\" href=\"{}\"/>", escape(src));
                }
                _ => {
                    if base.is_some() && self.content.is_none() {
                        self.facts.base = base;
                    }
                    fill(&mut self.content, Weight::Plain, typed(start, text));
                }
            },
            (Space::Content, "encoded") | (Space::Xhtml, "body" | "div") => {
                let (RawText::Plain(text) | RawText::Html(text)) = text;
                fill(&mut self.content, Weight::Certain, RawText::Html(text));
            }
            (Space::DublinCore, "title") => fill(&mut self.title, Weight::Spare, text),
            (Space::DublinCore, "description" | "abstract") => fill(&mut self.summary, Weight::Spare, text),
            // The specific names go first: `dc:date` may be that of the last change.
            (Space::Feed, "pubdate" | "published" | "issued") => {
                if let Some(date) = word() {
                    self.facts.published.insert(0, date);
                }
            }
            (Space::Feed, "created") | (Space::DublinCore, "date" | "issued" | "created" | "available") => {
                self.facts.published.extend(word());
            }
            (Space::Feed, "updated" | "modified" | "lastbuilddate") | (Space::DublinCore, "modified") => {
                self.facts.updated.extend(word());
            }
            (Space::Feed, "category") => {
                let label = attribute(start, "label").or_else(|| attribute(start, "term")).or_else(word);
                self.category(label.unwrap_or_default());
            }
            (Space::DublinCore, "subject") => self.category(text.as_str().to_owned()),
            (Space::Feed | Space::DublinCore, "language") if self.facts.language.is_none() => {
                self.facts.language = word();
            }
            _ => {}
        }
    }

    /// Writes the entry to the end of a feed; `place` becomes its id.
    pub(super) fn finish(self, feed: &mut String, place: usize) -> Facts {
        let Dialect { entry, id, summary, content, .. } = self.dialect;
        let _ = write!(feed, "<{entry}{}><{id}>{place}</{id}>{}", self.base, self.out);
        let link = self.spare_link.map(|link| (Weight::Spare, RawText::Plain(link)));
        for (name, text) in [("title", self.title), (summary, self.summary), (content, self.content), ("link", link)] {
            if let Some((_, text)) = text {
                self.dialect.say(feed, name, &text);
            }
        }
        let _ = write!(feed, "</{entry}>");
        self.facts
    }

    /// Atom's link is an attribute, RSS's the text.
    fn link(&mut self, start: &BytesStart<'_>, text: Option<String>, base: Option<&Url>) {
        self.links += 1;
        if self.links > MOST_LINKS {
            return;
        }
        let attribute = |name| attribute(start, name).filter(|value| !value.is_empty());
        let base = xml_base(base);
        match (attribute("href"), text) {
            (href, text) if *self.dialect == ATOM => {
                let Some(href) = href.or(text) else { return };
                let _ = write!(self.out, "<link{base} href=\"{}\"", escape(href));
                for name in ["rel", "type"] {
                    if let Some(value) = attribute(name) {
                        let _ = write!(self.out, " {name}=\"{}\"", escape(value));
                    }
                }
                self.out.push_str("/>");
            }
            (_, Some(text)) => {
                let _ = write!(self.out, "<link{base}>{}</link>", partial_escape(text));
            }
            (href, None) => {
                let is_page = attribute("rel").is_none_or(|rel| rel.eq_ignore_ascii_case("alternate"));
                self.spare_link = self.spare_link.take().or(href.filter(|_| is_page));
            }
        }
    }

    fn category(&mut self, label: String) {
        self.categories += 1;
        if self.categories > MOST_CATEGORIES {
            return;
        }
        let _ = if *self.dialect == ATOM {
            write!(self.out, "<category term=\"{}\"/>", escape(label))
        } else {
            write!(self.out, "<category>{}</category>", partial_escape(label))
        };
    }
}

/// More than are ever looked at of one entry.
const MOST_LINKS: usize = 20;
const MOST_CATEGORIES: usize = 200;

fn fill(place: &mut Option<(Weight, RawText)>, weight: Weight, text: RawText) {
    let is_better = place.as_ref().is_none_or(|(old, _)| weight > *old);
    if is_better && !text.as_str().trim().is_empty() {
        *place = Some((weight, text));
    }
}

/// HTML that is known again by its markup: RSS cannot say what its description is.
fn marked(text: RawText) -> RawText {
    match text {
        RawText::Html(html) if !markup::is_present(&html) => RawText::Html(format!("<div>{html}</div>")),
        other => other,
    }
}

fn xml_base(base: Option<&Url>) -> String {
    base.map(|base| format!(" xml:base=\"{}\"", escape(base.as_str()))).unwrap_or_default()
}

/// Text by the `type` of Atom (RFC 4287 3.1.1, and media types as Atom 0.3 had them); feed-rs refuses a feed for a type that it
/// does not know. RSS has none, and RSS and careless Atom put HTML where they please: so what is not said to be HTML is looked at.
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
