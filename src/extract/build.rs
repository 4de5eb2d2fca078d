//! From what an item says, verbatim, to a draft: one clean-up for all kinds that are mapped.

use std::cell::OnceCell;

use jiff::tz::TimeZone;
use url::Url;

use super::{
    feed::{LONGEST_TEXT, LONGEST_TITLE, cap, in_words, labels},
    harvest::Harvest,
    markup::{paragraphs_of, to_html},
    plain::{tidy, without_colophon},
    raw::RawText,
    sanitise::Sanitiser,
};
use crate::{
    model::{Draft, Markup, Nature, Problem, ProblemKind, PublicationDate, Reference},
    normalise::{date, reference, title},
    text,
};

/// What an item says, verbatim.
#[derive(Debug, Default)]
pub(super) struct Raw {
    pub title: String,
    pub link: Option<String>,
    pub guid: Option<String>,
    pub reference: Option<String>,
    pub dates: Vec<String>,
    pub updates: Vec<String>,
    pub summary: Option<String>,
    pub content: Option<String>,
    pub categories: Vec<String>,
    pub nature: Option<Nature>,
    /// All that the item says: the name of one without a title.
    pub words: String,
}

impl Raw {
    /// When it was published and changed, as far as it says so where dates are.
    pub(super) fn dated(&self, zone: &TimeZone) -> (Option<PublicationDate>, Option<PublicationDate>) {
        (readable(&self.dates, zone).min(), readable(&self.updates, zone).max())
    }
}

/// The same, clean.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub title: String,
    pub url: Option<Url>,
    pub guid: Option<String>,
    pub reference: Option<Reference>,
    pub published: Option<PublicationDate>,
    pub updated: Option<PublicationDate>,
    pub summary: String,
    pub content: String,
    pub text: String,
    pub categories: Vec<String>,
    pub nature: Option<Nature>,
    words: String,
}

/// Where an item stands, and how its texts are written.
pub(super) struct Setting<'a> {
    base: &'a Url,
    markup: Markup,
    /// Made for the first item that needs it: an archive may hold thousands of pages of which none is kept.
    sanitiser: OnceCell<Sanitiser>,
}

impl<'a> Setting<'a> {
    pub(super) fn new(base: &'a Url, markup: Markup) -> Self {
        Self { base, markup, sanitiser: OnceCell::new() }
    }

    fn sanitise(&self, html: &str) -> String {
        self.sanitiser.get_or_init(|| Sanitiser::new(self.base)).html(html)
    }
}

impl Parts {
    pub(super) fn of(raw: Raw, setting: &Setting<'_>, place: &str, harvest: &mut Harvest<'_>) -> Self {
        let url = address(raw.link.as_deref(), setting.base, place, harvest);
        let heading = title::clean(cap(&raw.title));
        let (stated, updated) = dates(&raw, place, harvest);
        let day_in_title = || PublicationDate::day(heading.date?, &harvest.source.zone);
        let published = stated.or_else(day_in_title);
        let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > LONGEST_TEXT);
        if long(&raw.content) || long(&raw.summary) {
            harvest.problem(Problem::at(place, ProblemKind::Limit, "the text is longer than 500 kB, and was cut"));
        }
        let summary = raw.summary.map(|summary| in_words(&read(summary, setting.markup))).unwrap_or_default();
        let content = raw.content.map(|content| read(content, setting.markup));
        let body = content.as_ref().map(in_words).filter(|body| !body.is_empty());
        let content = content.map(|content| match content {
            RawText::Plain(text) => paragraphs_of(cap(&text)),
            RawText::Html(html) => setting.sanitise(cap(&html)),
        });
        Self {
            title: text::truncate(&heading.text, LONGEST_TITLE),
            url,
            guid: raw.guid,
            reference: raw.reference.as_deref().and_then(reference::parse),
            published,
            updated,
            text: without_colophon(body.as_ref().unwrap_or(&summary)).to_owned(),
            summary: tidy(&summary),
            content: content.unwrap_or_default(),
            categories: labels(&raw.categories),
            nature: raw.nature,
            words: raw.words,
        }
    }

    /// A draft, unless nothing names the item.
    pub(super) fn draft(self, place: &str, harvest: &mut Harvest<'_>) -> Option<Draft> {
        let name = match (self.title.is_empty(), self.words.is_empty(), self.text.lines().next()) {
            (false, ..) => self.title,
            (true, false, _) => text::truncate(&self.words, 100),
            (true, true, Some(first)) => text::truncate(first, 100),
            (true, true, None) => String::new(),
        };
        let name = match (&self.url, name.is_empty()) {
            (None, true) => {
                let message = "neither title nor address; the entry was left out";
                harvest.problem(Problem::at(place, ProblemKind::Entry, message));
                return None;
            }
            (Some(url), true) => text::truncate(url.as_str(), LONGEST_TITLE),
            (_, false) => name,
        };
        let front = self.text.get(..self.text.floor_char_boundary(4_000)).unwrap_or_default();
        let own = || reference::own(self.url.as_ref(), self.guid.as_deref(), &format!("{name}\n{front}"));
        Some(Draft {
            reference: self.reference.or_else(own),
            guid: self.guid,
            url: self.url,
            title: name,
            summary: self.summary,
            content: self.content,
            text: self.text,
            published: self.published,
            updated: self.updated,
            categories: self.categories,
            nature: self.nature,
            ..Draft::default()
        })
    }
}

/// The address for readers of an item; what is none is a problem.
fn address(link: Option<&str>, base: &Url, place: &str, harvest: &mut Harvest<'_>) -> Option<Url> {
    match link.map(|link| (link, harvest.address(link, base)))? {
        (_, Ok(url)) => Some(url),
        (link, Err(why)) => {
            let message = format!("`{}` is no address for readers: {why}", text::truncate(link, 100));
            harvest.problem(Problem::at(place, ProblemKind::Address, message));
            None
        }
    }
}

/// Of several dates of one item, such as those of its revisions, it was published on the first and changed on the last.
fn dates(raw: &Raw, place: &str, harvest: &mut Harvest<'_>) -> (Option<PublicationDate>, Option<PublicationDate>) {
    for written in [&raw.dates, &raw.updates] {
        if let (Some(first), 0) = (written.first(), readable(written, &harvest.source.zone).count()) {
            let message = format!("`{}` is no date that can be true", text::truncate(first, 60));
            harvest.problem(Problem::at(place, ProblemKind::Date, message));
        }
    }
    raw.dated(&harvest.source.zone)
}

fn readable(written: &[String], zone: &TimeZone) -> impl Iterator<Item = PublicationDate> {
    written.iter().filter_map(move |text| date::parse(text, zone))
}

fn read(text: String, markup: Markup) -> RawText {
    match markup {
        Markup::Html => RawText::guess(text),
        Markup::Markdown => RawText::Html(to_html(cap(&text))),
        Markup::Text => RawText::Plain(text),
    }
}
