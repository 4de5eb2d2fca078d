//! Feeds: from what they say to drafts.

use std::{collections::BTreeSet, time::Duration};

use url::Url;

use super::{
    entry::{ATOM, Dialect, RSS},
    harvest::Harvest,
    json, mend,
    plain::{paragraphs, plain, tidy, without_colophon},
    raw::{RawEntry, RawFeed, RawText},
    reader,
    sanitise::Sanitiser,
    stranger, xml,
};
use crate::{
    model::{Draft, Page, Problem, ProblemKind, PublicationDate},
    normalise::{
        charset::{self, Syntax},
        date, reference, title,
    },
    text,
};

/// How many entries of one page are read.
pub const MOST_ENTRIES: usize = 2_000;
/// The longest title, in characters.
pub const LONGEST_TITLE: usize = 500;
/// The longest content that is read of one entry, in octets.
pub const LONGEST_TEXT: usize = 500_000;

pub(super) fn read(page: &Page, harvest: &mut Harvest<'_>) {
    let feed = match feed(page, harvest) {
        Ok(feed) => feed,
        Err(problem) => return harvest.problem(problem),
    };
    // Broken before its first entry is over, a feed is a failure, and not one that has nothing new.
    let kind = if feed.entries.is_empty() { ProblemKind::Unreadable } else { ProblemKind::Mended };
    for broken in &feed.breaks {
        let message = format!("{broken}\nhint: whole entries are still read; tell the keeper of the site if it lasts");
        harvest.problem(Problem::page(kind, message));
    }
    if feed.entries.is_empty() && feed.breaks.is_empty() {
        harvest.problem(Problem::page(ProblemKind::Empty, "the feed has no entry"));
    }
    if feed.entries.len() > MOST_ENTRIES {
        let message = format!("more than {MOST_ENTRIES} entries; the others were left out");
        harvest.problem(Problem::page(ProblemKind::Limit, message));
    }
    let sanitiser = Sanitiser::new(&page.url);
    for (position, entry) in feed.entries.into_iter().take(MOST_ENTRIES).enumerate() {
        let place = harvest.item(position);
        let draft = Reading { page: &page.url, sanitiser: &sanitiser, place: &place, harvest }.draft(entry);
        if let Some(draft) = draft {
            harvest.accept(&place, draft, None);
        }
    }
    harvest.title =
        feed.title.map(|name| text::truncate(&title::plain(&name), LONGEST_TITLE)).filter(|name| !name.is_empty());
    harvest.ttl = feed
        .ttl_minutes
        .filter(|minutes| *minutes > 0)
        .map(|minutes| Duration::from_secs(60 * minutes.min(31 * 24 * 60)));
}

/// Reads the page in whatever format it turns out to have: what it is said to be is often wrong.
fn feed(page: &Page, harvest: &mut Harvest<'_>) -> Result<RawFeed, Problem> {
    let decoded = charset::decode(&page.body, page.content_type.as_deref(), Syntax::Xml);
    if decoded.mended {
        let message = format!("some characters are not {}, and were guessed", decoded.encoding);
        harvest.problem(Problem::page(ProblemKind::Mended, message));
    }
    let start = decoded.text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0');
    if start.is_empty() {
        return Err(Problem::page(ProblemKind::Unreadable, "the answer is empty"));
    }
    if start.starts_with(['{', '[']) {
        return reader::read(json::mend(start, MOST_ENTRIES)?, &page.url);
    }
    let mut mended = mend::mend(start);
    let mut root = xml::root(&mended);
    if dialect(root.as_deref()).is_none()
        && let Some(late) = late_start(start)
    {
        let after = mend::mend(late);
        if dialect(xml::root(&after).as_deref()).is_some() {
            harvest.problem(Problem::page(ProblemKind::Mended, "other text stands before the feed"));
            root = xml::root(&after);
            mended = after;
        }
    }
    match dialect(root.as_deref()) {
        Some(dialect) => {
            let feed = xml::mend(&mended, dialect, &page.url, MOST_ENTRIES);
            // Two copies of a large page less, while feed-rs makes another.
            drop((mended, decoded.text));
            reader::read(feed, &page.url)
        }
        None => Err(stranger::problem("a feed", start, root.as_deref(), &page.url)),
    }
}

fn dialect(root: Option<&str>) -> Option<&'static Dialect> {
    match root? {
        "rss" | "rdf" | "channel" => Some(&RSS),
        "feed" | "entry" => Some(&ATOM),
        _ => None,
    }
}

/// Where a feed begins after the warnings of a broken site (`<br /><b>Warning</b>: …`).
fn late_start(text: &str) -> Option<&str> {
    let window = text.get(..text.floor_char_boundary(32 * 1024))?;
    let at = ["<?xml", "<rss", "<feed", "<rdf:RDF"].iter().filter_map(|start| window.find(start)).min()?;
    text.get(at..).filter(|_| at > 0)
}

/// What the reading of one entry needs besides it.
struct Reading<'a, 'h> {
    page: &'a Url,
    sanitiser: &'a Sanitiser,
    place: &'a str,
    harvest: &'a mut Harvest<'h>,
}

impl Reading<'_, '_> {
    fn draft(&mut self, entry: RawEntry) -> Option<Draft> {
        let url = self.address(&entry);
        let heading = title::clean(cap(&entry.title));
        if heading.text.is_empty() && url.is_none() {
            self.problem(ProblemKind::Entry, "neither title nor address; the entry was left out");
            return None;
        }
        let summary = entry.summary.as_ref().map(in_words).unwrap_or_default();
        let content_words = entry.content.as_ref().map(in_words).unwrap_or_default();
        if entry.content.as_ref().or(entry.summary.as_ref()).is_some_and(|text| text.as_str().len() > LONGEST_TEXT) {
            self.problem(ProblemKind::Limit, "the text is longer than 500 kB, and was cut");
        }
        let content = match &entry.content {
            None => String::new(),
            Some(content) => self.sanitise(content, entry.facts.base.as_ref()),
        };
        let body = if content_words.is_empty() { &summary } else { &content_words };
        let name = match (heading.text.is_empty(), body.lines().next(), &url) {
            (false, ..) => text::truncate(&heading.text, LONGEST_TITLE),
            (true, Some(first), _) => text::truncate(first, 100),
            (true, None, url) => text::truncate(url.as_ref().map_or("", |url| url.as_str()), LONGEST_TITLE),
        };
        let published = self.date(&entry.facts.published);
        let updated = self.date(&entry.facts.updated);
        let day_in_title = || PublicationDate::day(heading.date?, &self.harvest.source.zone);
        // An entry that states only its last change was published then, for all that is known.
        let published = published.or_else(day_in_title).or(updated);
        // Labels stand at the front: the whole text need not be copied to look for them.
        let front = body.get(..body.floor_char_boundary(4_000)).unwrap_or_default();
        Some(Draft {
            reference: reference::own(url.as_ref(), entry.facts.guid.as_deref(), &format!("{name}\n{front}")),
            guid: entry.facts.guid,
            url,
            title: name,
            text: without_colophon(body).to_owned(),
            summary: tidy(&summary),
            content,
            published,
            updated,
            language: entry.facts.language.filter(|language| differs(language, &self.harvest.source.language)),
            categories: labels(&entry.categories),
            ..Draft::default()
        })
    }

    /// The best link that can be followed; else a guid that is an address.
    fn address(&mut self, entry: &RawEntry) -> Option<Url> {
        let mut refused = None;
        for link in &entry.links {
            match self.harvest.address(link, self.page) {
                Ok(url) => return Some(url),
                Err(why) => {
                    refused.get_or_insert_with(|| {
                        format!("`{}` is no address for readers: {why}", text::truncate(link, 100))
                    });
                }
            }
        }
        if let Some(message) = refused {
            self.problem(ProblemKind::Address, message);
        }
        let guid = entry.facts.permalink.as_deref()?;
        let absolute = Url::parse(guid).ok()?;
        self.harvest.address(guid, &absolute).ok()
    }

    /// The first date that can be read.
    fn date(&mut self, written: &[String]) -> Option<PublicationDate> {
        let read = written.iter().find_map(|text| date::parse(text, &self.harvest.source.zone));
        if let (None, Some(first)) = (read, written.first()) {
            self.problem(ProblemKind::Date, format!("`{}` is no date that can be true", text::truncate(first, 60)));
        }
        read
    }

    fn sanitise(&self, content: &RawText, base: Option<&Url>) -> String {
        match (content, base.filter(|base| *base != self.page)) {
            (RawText::Plain(text), _) => quick_xml::escape::partial_escape(cap(text).trim()).into_owned(),
            (RawText::Html(html), None) => self.sanitiser.html(cap(html)),
            (RawText::Html(html), Some(base)) => Sanitiser::new(base).html(cap(html)),
        }
    }

    fn problem(&mut self, kind: ProblemKind, message: impl Into<String>) {
        self.harvest.problem(Problem::at(self.place, kind, message));
    }
}

pub(super) fn in_words(text: &RawText) -> String {
    match text {
        RawText::Plain(text) => paragraphs(cap(text)),
        RawText::Html(html) => plain(cap(html)),
    }
}

pub(super) fn cap(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST_TEXT)).unwrap_or(text)
}

/// Whether two language tags name different languages: `fr-FR` is `fr`.
fn differs(stated: &str, expected: &str) -> bool {
    let primary = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let stated = primary(stated.trim());
    (2..=3).contains(&stated.len()) && stated.bytes().all(|b| b.is_ascii_alphabetic()) && stated != primary(expected)
}

/// Clean, each once, in the order of the source.
pub(super) fn labels(raw: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let clean = raw.iter().take(100).map(|label| text::truncate(&title::plain(label), 100));
    clean.filter(|label| !label.is_empty() && seen.insert(label.to_lowercase())).collect()
}
