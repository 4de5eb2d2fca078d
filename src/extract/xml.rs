//! RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0 as feed-rs takes them, in one walk that no fault stops.
//!
//! feed-rs refuses a feed for one tag left open, one unknown type or version, one bare `&`. So the entries are cut out and
//! written into a sound feed, and noted on the way is what feed-rs would lose of them. An entry ends at its end tag, or where
//! the next one begins; a field ends at its end tag, or with its entry. After markup that cannot be read, the walk goes on at
//! the next entry.

use std::collections::BTreeMap;

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use url::Url;

use super::{
    channel::Channel,
    entry::{Dialect, Entry, Field},
    raw::{Facts, Mended, RawText},
    space::{Space, attribute},
};
use crate::normalise::entity;

/// Writes out a feed whose characters are mended. At most `most` entries are kept, and one more tells that there were more.
pub(super) fn mend(text: &str, dialect: &'static Dialect, page: &Url, most: usize) -> Mended {
    let feed = Mended { text: String::with_capacity(text.len() + 200), ..Mended::default() };
    let mut walk = Walk {
        dialect,
        feed,
        channel: Channel::default(),
        spaces: BTreeMap::new(),
        bases: vec![page.clone()],
        open: 0,
    };
    walk.feed.text.push_str(dialect.head);
    let mut from = 0;
    while let Some(rest) = text.get(from..) {
        let mut reader = Reader::from_str(rest);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        let end = walk.run(&mut Cursor { reader, text: rest, pending: None }, most);
        let End::Broken { at, why } = end else { break };
        let number = walk.feed.facts.len() + 1;
        walk.feed.breaks.push(format!("broken near entry {number}: {why}"));
        // Each new start may read to the end of the text.
        if walk.feed.breaks.len() == MOST_BREAKS {
            break;
        }
        let next = text.get(from + at + 1..).and_then(next_entry);
        let Some(next) = next else { break };
        from += at + 1 + next;
    }
    walk.channel.finish(&mut walk.feed.text, dialect);
    walk.feed
}

const MOST_BREAKS: usize = 20;
/// In octets: it is written out again with each link.
const LONGEST_BASE: usize = 500;

/// The name of the first element, in lower case and without its prefix.
pub(super) fn root(text: &str) -> Option<String> {
    let name = text.split('<').skip(1).find(|tag| tag.starts_with(|c: char| c.is_alphabetic() || c == '_'))?;
    let end = name.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).unwrap_or(name.len());
    let name = name.get(..end)?;
    Some(name.rsplit(':').next().unwrap_or(name).to_ascii_lowercase())
}

fn next_entry(text: &str) -> Option<usize> {
    ["<item>", "<item ", "<entry>", "<entry "].iter().filter_map(|tag| text.find(tag)).min()
}

enum End {
    Done,
    /// Where markup could not be read, in octets from the start of the walk.
    Broken {
        at: usize,
        why: String,
    },
}

struct Walk {
    dialect: &'static Dialect,
    feed: Mended,
    channel: Channel,
    /// By prefix.
    spaces: BTreeMap<String, Space>,
    /// The page's address, then `xml:base` of the feed and of the entry, where they have one.
    bases: Vec<Url>,
    /// How many roots have begun and not ended.
    open: usize,
}

struct Cursor<'t> {
    reader: Reader<&'t [u8]>,
    text: &'t str,
    /// An event that ended a field early, and is to be read again.
    pending: Option<Event<'t>>,
}

impl<'t> Cursor<'t> {
    fn next(&mut self) -> Result<Event<'t>, End> {
        if let Some(event) = self.pending.take() {
            return Ok(event);
        }
        self.reader.read_event().map_err(|error| End::Broken {
            at: usize::try_from(self.reader.error_position()).unwrap_or(self.text.len()),
            why: error.to_string(),
        })
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(self.text.len())
    }
}

impl Walk {
    fn run(&mut self, cursor: &mut Cursor<'_>, most: usize) -> End {
        match self.walk(cursor, most) {
            Ok(()) => End::Done,
            Err(end) => end,
        }
    }

    fn walk(&mut self, cursor: &mut Cursor<'_>, most: usize) -> Result<(), End> {
        loop {
            match cursor.next()? {
                Event::Eof => {
                    if self.open > 0 && self.feed.breaks.is_empty() {
                        self.feed.breaks.push("the feed ends before its last tag".to_owned());
                    }
                    return Ok(());
                }
                Event::End(end) if is_root(end.local_name().as_ref()) => self.open = self.open.saturating_sub(1),
                Event::Start(start) => match (self.space(&start), local(&start).as_str()) {
                    (_, name @ ("rss" | "rdf" | "feed" | "channel")) => {
                        self.open += usize::from(is_root(name));
                        self.declare(&start);
                        if let Some(base) = self.base_of(&start) {
                            self.bases.truncate(1);
                            self.bases.push(base);
                        }
                    }
                    (Space::Feed, "item" | "entry") => {
                        if self.feed.facts.len() > most {
                            return Ok(());
                        }
                        let entry = self.entry(cursor, &start)?;
                        let place = self.feed.facts.len();
                        let facts = entry.finish(&mut self.feed.text, place);
                        self.feed.facts.push(facts);
                    }
                    (space, name) => {
                        let field = self.field(cursor, &start)?;
                        self.channel.put(space, name, field);
                    }
                },
                _ => {}
            }
        }
    }

    /// Reads an entry up to its end, or up to the start of the next one.
    fn entry(&mut self, cursor: &mut Cursor<'_>, start: &BytesStart<'_>) -> Result<Entry, End> {
        self.declare(start);
        let depth = self.bases.len();
        let base = self.base_of(start);
        self.bases.extend(base);
        // RSS 1.0 identifies its items by the address that RDF knows them by.
        let about = attribute(start, "about").filter(|about| !about.is_empty());
        let facts = Facts {
            permalink: about.clone(),
            guid: about,
            language: attribute(start, "lang"),
            base: self.bases.get(1..).and_then(<[Url]>::last).cloned(),
            ..Facts::default()
        };
        let mut entry = Entry::new(self.dialect, facts);
        let result = loop {
            match cursor.next() {
                Err(end) => break Err(end),
                Ok(Event::Start(child)) if self.is_entry(&child) => {
                    cursor.pending = Some(Event::Start(child));
                    break Ok(entry);
                }
                Ok(Event::Start(child)) => match self.field(cursor, &child) {
                    Ok(field) => entry.put(self.space(&child), &local(&child), &child, field),
                    Err(end) => break Err(end),
                },
                Ok(Event::Empty(child)) => {
                    let field = Field { text: RawText::Plain(String::new()), base: self.base_of(&child) };
                    entry.put(self.space(&child), &local(&child), &child, field);
                }
                Ok(Event::End(end)) if ends_entry(end.local_name().as_ref()) => break Ok(entry),
                Ok(Event::Eof) => {
                    let at = cursor.text.len();
                    break Err(End::Broken { at, why: "the feed ends inside the entry".to_owned() });
                }
                Ok(_) => {}
            }
        };
        self.bases.truncate(depth);
        result
    }

    /// Reads what an element holds, up to its end, or up to the end of the entry around it.
    fn field(&self, cursor: &mut Cursor<'_>, start: &BytesStart<'_>) -> Result<Field, End> {
        let base = self.base_of(start);
        let from = cursor.position();
        let (mut depth, mut markup, mut sections) = (0usize, Markup::Absent, Sections::Absent);
        let to = loop {
            let at = cursor.position();
            match cursor.next()? {
                Event::Start(child) if self.is_entry(&child) || self.is_never_inside(&child) => {
                    cursor.pending = Some(Event::Start(child));
                    break at;
                }
                Event::Start(child) => {
                    markup = Markup::Present;
                    depth += usize::from(child.name() == start.name());
                }
                Event::Empty(_) => markup = Markup::Present,
                Event::CData(_) => sections = Sections::Present,
                Event::End(end) if end.name() == start.name() => match depth.checked_sub(1) {
                    Some(less) => depth = less,
                    None => break at,
                },
                Event::End(end) if ends_entry(end.local_name().as_ref()) => {
                    cursor.pending = Some(Event::End(end));
                    break at;
                }
                Event::Eof => {
                    cursor.pending = Some(Event::Eof);
                    break at;
                }
                _ => {}
            }
        };
        let raw = cursor.text.get(from..to).unwrap_or_default();
        let text = match (markup, sections) {
            (Markup::Absent, Sections::Absent) => RawText::Plain(entity::decode(raw).into_owned()),
            (Markup::Absent, Sections::Present) => {
                RawText::Plain(open_sections(raw, |text| entity::decode(text).into_owned()))
            }
            (Markup::Present, _) => RawText::Html(open_sections(raw, str::to_owned)),
        };
        Ok(Field { text, base })
    }

    fn is_entry(&self, start: &BytesStart<'_>) -> bool {
        ends_entry(start.local_name().as_ref()) && self.space(start) == Space::Feed
    }

    /// Whether the field around an element must have lost its end: these stand in nothing but an entry, and what they say of
    /// it is not to be lost with the rest of a field.
    fn is_never_inside(&self, start: &BytesStart<'_>) -> bool {
        matches!(local(start).as_str(), "guid" | "pubdate") && self.space(start) == Space::Feed
    }

    /// The namespace of an element, by the prefixes declared so far; a prefix that was not declared has its usual sense.
    fn space(&self, start: &BytesStart<'_>) -> Space {
        let name = start.name();
        let Some(prefix) = name.prefix() else { return Space::Feed };
        let prefix = prefix.as_ref();
        self.spaces.get(prefix).copied().unwrap_or_else(|| Space::usual(prefix))
    }

    fn declare(&mut self, start: &BytesStart<'_>) {
        for attribute in start.html_attributes().with_checks(false).flatten() {
            if let Some(prefix) = attribute.key.as_ref().strip_prefix("xmlns:") {
                self.spaces.insert(prefix.to_owned(), Space::of(attribute.value.as_ref()));
            }
        }
    }

    fn base_of(&self, start: &BytesStart<'_>) -> Option<Url> {
        let text = attribute(start, "xml:base").filter(|text| text.len() <= LONGEST_BASE)?;
        let base = self.bases.last()?.join(text.trim()).ok()?;
        matches!(base.scheme(), "http" | "https").then_some(base)
    }
}

enum Markup {
    Absent,
    Present,
}

enum Sections {
    Absent,
    Present,
}

fn local(start: &BytesStart<'_>) -> String {
    start.local_name().as_ref().to_ascii_lowercase()
}

fn is_root(local: &str) -> bool {
    ["rss", "rdf", "feed"].iter().any(|root| local.eq_ignore_ascii_case(root))
}

fn ends_entry(local: &str) -> bool {
    local.eq_ignore_ascii_case("item") || local.eq_ignore_ascii_case("entry")
}

/// What stands in CDATA sections as it is, what stands around them through `outside`.
pub(super) fn open_sections(raw: &str, outside: fn(&str) -> String) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once("<![CDATA[") {
        out.push_str(&outside(before));
        let (section, after) = after.split_once("]]>").unwrap_or((after, ""));
        out.push_str(section);
        rest = after;
    }
    out.push_str(&outside(rest));
    out
}
