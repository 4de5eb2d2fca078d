//! Where the title, the link, the date and the summary stand in the items of a list.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use scraper::{ElementRef, Selector};
use url::Url;

use super::class::{self, lasting, says};
use crate::{
    extract::plain::plain,
    model::{Expression, Field, Mapping},
    normalise::{date, url::web_address},
    text,
};

/// How the items of a list can be read, and how well.
pub(super) struct Reading {
    title: String,
    link: Option<String>,
    date: Option<String>,
    pub summary: Option<String>,
    /// The share of items with a date.
    pub dated: f64,
    /// Of a title, in characters, on average.
    pub title_length: f64,
    /// The share of items whose address is their own.
    pub distinct: f64,
    pub has_heading: bool,
    /// How many links an item holds, on average.
    pub links: f64,
    /// How many items lead to another site.
    pub foreign: usize,
}

impl Reading {
    pub fn mapping(&self, item: &str) -> Mapping {
        let fields = [
            (Field::Title, Some(&self.title)),
            (Field::Link, self.link.as_ref()),
            (Field::Date, self.date.as_ref()),
            (Field::Summary, self.summary.as_ref()),
        ];
        let fields = fields.into_iter().filter_map(|(field, place)| Some((field, Expression::place(place?))));
        Mapping { item: Some(item.to_owned()), fields: fields.collect(), ..Mapping::default() }
    }
}

/// A selector inside the items, and what the first element that answers to it says in each.
struct Place<'d> {
    written: String,
    found: Vec<Option<Said<'d>>>,
}

#[derive(Clone)]
struct Said<'d> {
    element: ElementRef<'d>,
    words: String,
    is_date: bool,
}

/// How many elements of one item are looked at.
const MOST_ELEMENTS: usize = 150;

/// How many places are compared.
const MOST_PLACES: usize = 80;

/// `None` when the items have no title or no address of their own.
pub(super) fn read(items: &[ElementRef<'_>], page: &Url) -> Option<Reading> {
    if items.len() < super::LEAST {
        return None;
    }
    let anchors = Selector::parse("a[href]").ok()?;
    let places = places(items);
    let own = place(items, items.first()?.value().name());
    let titled = |place| Some((title_score(place)?, place));
    // The whole item is a title where nothing in it is.
    let (_, title) = best(places.iter().filter_map(titled)).or_else(|| best(own.iter().filter_map(titled)))?;
    let date = best(places.iter().filter_map(|place| Some((date_score(place)?, place))));
    let whole = own.as_ref().filter(|own| own.share(|said| said.is_date) >= 0.8);
    let date = date.map(|(_, place)| place).or(whole);
    let summary = places.iter().filter(|place| date.is_none_or(|date| date.written != place.written));
    let summary = best(summary.filter_map(|place| Some((summary_score(place, title)?, place))));
    let first_link = |item: &ElementRef<'_>| {
        item.attr("href").map(str::to_owned).or_else(|| Some(item.select(&anchors).next()?.attr("href")?.to_owned()))
    };
    let plain: Vec<Option<String>> = items.iter().map(first_link).collect();
    let titled: Vec<Option<String>> =
        title.found.iter().map(|said| Some(link_of(said.as_ref()?.element, &anchors)?.to_owned())).collect();
    let agree = plain.iter().zip(&titled).filter(|(one, other)| one == other).count();
    let is_titled = titled.iter().flatten().count() * 10 >= items.len() * 8;
    let (link, addresses) = match is_titled && agree * 10 < items.len() * 9 && title.holds_link(&anchors) {
        true => (Some(title.written.clone()), titled),
        false => (None, plain),
    };
    let resolved: Vec<Url> = addresses.iter().flatten().filter_map(|href| web_address(href, page).ok()).collect();
    let different: BTreeSet<&str> = resolved.iter().map(Url::as_str).collect();
    let distinct = different.len() as f64 / items.len() as f64;
    // Rows of a table may share their link, or have none; what is not a row leads somewhere of its own.
    if different.len() < super::LEAST || distinct < 0.6 {
        return None;
    }
    let lengths = title.found.iter().flatten().map(|said| said.words.chars().count());
    let links: usize = items.iter().map(|item| item.select(&anchors).take(40).count()).sum();
    Some(Reading {
        title_length: lengths.sum::<usize>() as f64 / items.len() as f64,
        has_heading: title.found.iter().flatten().any(|said| is_heading(said.element) || in_heading(said.element)),
        dated: date.map_or(0.0, |place| place.share(|said| said.is_date)),
        date: date.map(|place| place.written.clone()),
        summary: summary.map(|(_, place)| place.written.clone()),
        title: title.written.clone(),
        link,
        distinct,
        links: links as f64 / items.len() as f64,
        foreign: resolved.iter().filter(|url| url.host_str() != page.host_str()).count(),
    })
}

/// The places that most of the items have: tags, and tags or classes with a name to rely on.
fn places<'d>(items: &[ElementRef<'d>]) -> Vec<Place<'d>> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for item in items {
        let mut own = BTreeSet::new();
        for element in item.descendants().skip(1).filter_map(ElementRef::wrap).take(MOST_ELEMENTS) {
            let name = element.value().name();
            own.insert(name.to_owned());
            own.extend(lasting(element).take(3).map(|class| format!(".{class}")));
            if matches!(name, "td" | "span" | "p") {
                own.extend([format!("{name}:first-child"), format!("{name}:last-child")]);
            }
        }
        own.into_iter().for_each(|written| *counts.entry(written).or_default() += 1);
    }
    let mut common: Vec<(String, usize)> = counts.into_iter().filter(|(_, count)| count * 2 >= items.len()).collect();
    common.sort_by(|(one, a), (other, b)| b.cmp(a).then(one.cmp(other)));
    common.into_iter().take(MOST_PLACES).filter_map(|(written, _)| place(items, &written)).collect()
}

fn place<'d>(items: &[ElementRef<'d>], written: &str) -> Option<Place<'d>> {
    let selector = Selector::parse(written).ok()?;
    let zone = TimeZone::UTC;
    let said = |item: &ElementRef<'d>| {
        let element = item.select(&selector).next().or_else(|| selector.matches(item).then_some(*item))?;
        let words = text::collapse(&plain(&element.inner_html()));
        let machine = element.attr("datetime").or_else(|| element.attr("content"));
        let is_date = match machine {
            Some(machine) => date::parse(machine, &zone).is_some(),
            None => words.chars().count() <= 300 && date::parse(&words, &zone).is_some(),
        };
        Some(Said { element, words, is_date })
    };
    Some(Place { written: written.to_owned(), found: items.iter().map(said).collect() })
}

impl Place<'_> {
    fn share(&self, is: impl Fn(&Said<'_>) -> bool) -> f64 {
        self.found.iter().flatten().filter(|said| is(said)).count() as f64 / self.found.len() as f64
    }
    fn length(&self) -> f64 {
        let lengths = self.found.iter().flatten().map(|said| said.words.chars().count());
        lengths.sum::<usize>() as f64 / self.found.len() as f64
    }
    fn distinct(&self) -> f64 {
        let words: BTreeSet<&str> = self.found.iter().flatten().map(|said| said.words.as_str()).collect();
        words.len() as f64 / self.found.len() as f64
    }
    fn says(&self, words: &[&str]) -> bool {
        self.written.strip_prefix('.').is_some_and(|class| says(class, words))
    }
    fn holds_link(&self, anchors: &Selector) -> bool {
        self.share(|said| said.element.attr("href").is_some() || said.element.select(anchors).next().is_some()) >= 0.8
    }
    /// Shorter is plainer, and a tag outlives a class; the place of a cell is the last resort.
    fn plainness(&self) -> f64 {
        let by_position = if self.written.contains(':') { 0.3 } else { 0.0 };
        -(self.written.len() as f64) / 100.0 - by_position
    }
}

fn best<'p, 'd>(scored: impl Iterator<Item = (f64, &'p Place<'d>)>) -> Option<(f64, &'p Place<'d>)> {
    scored.max_by(|(a, one), (b, other)| a.total_cmp(b).then(other.written.cmp(&one.written)))
}

fn title_score(place: &Place<'_>) -> Option<f64> {
    let length = place.length();
    if place.share(|said| !said.words.is_empty()) < 0.9 || place.distinct() < 0.6 || !(6.0..=260.0).contains(&length) {
        return None;
    }
    // A date is no title; but a title may hold one.
    if place.share(|said| said.is_date && said.words.chars().count() < 30) > 0.5 {
        return None;
    }
    let is_linked =
        place.share(|said| said.element.attr("href").is_some() || has_link(said.element) || in_link(said.element));
    let mut score = place.plainness() + 1.5 * is_linked;
    score += 3.0 * place.share(|said| is_heading(said.element));
    score += if place.says(&class::TITLE) { 2.5 } else { 0.0 };
    score += place.share(|said| matches!(said.element.value().name(), "a" | "strong" | "b"));
    score -= if place.says(&class::ASIDE) || place.says(&class::DATE) { 2.0 } else { 0.0 };
    // What holds dates and summaries too is the whole item, not its title.
    score -= 1.5 * place.share(|said| said.is_date) + ((length - 120.0) / 40.0).clamp(0.0, 3.0);
    score -= if length < 15.0 { 1.0 } else { 0.0 };
    Some(score)
}

fn date_score(place: &Place<'_>) -> Option<f64> {
    let share = place
        .share(|said| said.is_date && (said.words.chars().count() <= 60 || said.element.attr("datetime").is_some()));
    if share < 0.5 {
        return None;
    }
    let mut score = place.plainness() + 3.0 * share - place.length() / 30.0;
    score += if place.written == "time" { 2.0 } else { 0.0 };
    score += if place.says(&class::DATE) { 1.0 } else { 0.0 };
    score -= 2.0 * place.share(|said| is_heading(said.element) || has_link(said.element));
    Some(score)
}

fn summary_score(place: &Place<'_>, title: &Place<'_>) -> Option<f64> {
    let length = place.length();
    let repeats_title = place.found.iter().zip(&title.found).any(|(one, title)| match (one, title) {
        (Some(one), Some(title)) => !title.words.is_empty() && one.words.contains(&title.words),
        _ => false,
    });
    if place.share(|said| said.words.chars().count() >= 30) < 0.5 || repeats_title || place.written.contains(':') {
        return None;
    }
    if place.share(|said| is_heading(said.element) || said.element.attr("href").is_some()) > 0.2 {
        return None;
    }
    let keyword = if place.says(&class::SUMMARY) { 2.0 } else { 0.0 };
    let tag = if place.written == "p" { 1.0 } else { 0.0 };
    Some(place.plainness() + length.min(300.0) / 100.0 + keyword + tag)
}

/// The address to which an element leads: its own, that of the link around it, or that of the link in it.
fn link_of<'d>(element: ElementRef<'d>, anchors: &Selector) -> Option<&'d str> {
    let inside = || element.select(anchors).next()?.attr("href");
    element
        .attr("href")
        .or_else(inside)
        .or_else(|| element.ancestors().filter_map(ElementRef::wrap).take(4).find_map(|ancestor| ancestor.attr("href")))
}

fn has_link(element: ElementRef<'_>) -> bool {
    element.descendants().skip(1).filter_map(ElementRef::wrap).any(|inside| inside.attr("href").is_some())
}

fn in_link(element: ElementRef<'_>) -> bool {
    element.ancestors().filter_map(ElementRef::wrap).take(4).any(|ancestor| ancestor.value().name() == "a")
}

fn is_heading(element: ElementRef<'_>) -> bool {
    matches!(element.value().name(), "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

fn in_heading(element: ElementRef<'_>) -> bool {
    element.parent().and_then(ElementRef::wrap).is_some_and(is_heading)
}
