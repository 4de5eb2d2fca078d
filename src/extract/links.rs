//! Pages whose links are documents: those whose address matches a pattern.
//!
//! The address says most of what is known: subject and date stand in the name of the file, and the folder bears the month in
//! which it was stored. A month is no date, and none is made of it; it only tells what is surely older than `max_age`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use regex::Captures;
use scraper::ElementRef;
use url::Url;

use super::{
    build::{Parts, Raw, Setting},
    document::{Document, spaced},
    file_name,
    harvest::Harvest,
    percent::decode,
};
use crate::{
    model::{Field, Markup, Page, Pattern, Problem, ProblemKind},
    normalise::{date, title, url::CanonicalUrl},
    text,
};

pub(super) fn read(page: &Page, patterns: &[Pattern], harvest: &mut Harvest<'_>) {
    let Some(document) = Document::of(page, harvest) else { return };
    harvest.title = harvest.title.take().or_else(|| document.title());
    // Menus and footers list documents too; a page that puts its list outside of `main` is read all the same.
    let mut found = matching(links(&document, "main a[href]", harvest), patterns);
    if found.is_empty() {
        found = matching(links(&document, "a[href]", harvest), patterns);
    }
    if found.is_empty() {
        let problem = Problem::page(ProblemKind::Mapping, nothing(&links(&document, "a[href]", harvest)));
        return harvest.problem(document.nothing(problem, page));
    }
    let found = without_former(found);
    let setting = Setting::new(&document.base, Markup::Html);
    for (position, link) in found.into_iter().enumerate() {
        let place = harvest.item(position);
        let latest = month_of_folder(&link.decoded, &harvest.source.zone);
        let parts = Parts::of(link.raw(patterns), &setting, &place, harvest);
        if let Some(draft) = parts.draft(&place, harvest) {
            harvest.accept(&place, draft, latest);
        }
    }
}

/// What the page has instead of what is looked for.
fn nothing(links: &[Link<'_>]) -> String {
    if links.is_empty() {
        return "the page has no link\nhint: it may be drawn by a script; look at it with `vigie sources try`"
            .to_owned();
    }
    let first: Vec<String> =
        links.iter().take(5).map(|link| format!("`{}`", text::truncate(&link.decoded, 120))).collect();
    format!(
        "none of the {} links of the page matches; the first are {}\nhint: `pattern` is compared with the whole address, without percent-encoding",
        links.len(),
        first.join(", ")
    )
}

#[derive(Clone)]
struct Link<'d> {
    element: ElementRef<'d>,
    url: Url,
    /// The address as it reads.
    decoded: String,
}

fn links<'d>(document: &'d Document, selector: &str, harvest: &Harvest<'_>) -> Vec<Link<'d>> {
    let elements = document.select(selector).take(MOST_LINKS);
    let read = elements.filter_map(|element| {
        let url = harvest.address(element.attr("href")?, &document.base).ok()?;
        let decoded = decode(url.as_str());
        Some(Link { element, url, decoded })
    });
    // Short links may stand against a long address.
    let mut left = MOST_OCTETS;
    let fits = |link: &Link<'_>| {
        left = left.saturating_sub(link.url.as_str().len() + link.decoded.len());
        left > 0
    };
    read.take_while(fits).collect()
}

const MOST_LINKS: usize = 50_000;
/// Of the addresses of all links.
const MOST_OCTETS: usize = 16 << 20;

/// Each matching address once: of several links to it, the one that says most.
fn matching<'d>(links: Vec<Link<'d>>, patterns: &[Pattern]) -> Vec<Link<'d>> {
    let mut places: BTreeMap<CanonicalUrl, usize> = BTreeMap::new();
    let mut found: Vec<Link<'d>> = Vec::new();
    for link in links.into_iter().filter(|link| captures(&link.decoded, patterns).is_some()) {
        match places.get(&CanonicalUrl::of(&link.url)).and_then(|place| found.get_mut(*place)) {
            None => {
                places.insert(CanonicalUrl::of(&link.url), found.len());
                found.push(link);
            }
            Some(known) if known.words().is_none() && link.words().is_some() => *known = link,
            Some(_) => {}
        }
    }
    found
}

fn captures<'t>(address: &'t str, patterns: &[Pattern]) -> Option<Captures<'t>> {
    patterns.iter().find_map(|pattern| pattern.regex().captures(address))
}

/// Without `X.pdf` where `X_0.pdf` stands beside it: the same file, stored again.
fn without_former(links: Vec<Link<'_>>) -> Vec<Link<'_>> {
    let folder =
        |link: &Link<'_>| link.decoded.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default();
    let all: BTreeSet<String> = links.iter().map(|link| link.decoded.clone()).collect();
    let mut last: BTreeMap<String, u32> = BTreeMap::new();
    for link in &links {
        if let Some((first, times)) = file_name::stored_again(link.name()) {
            let first = format!("{}/{first}", folder(link));
            // « annexe_1.pdf » alone is the name that it was given.
            if all.contains(&first) {
                let most = last.entry(first).or_default();
                *most = times.max(*most);
            }
        }
    }
    let is_last = |link: &Link<'_>| match last.get(&link.decoded) {
        Some(_) => false,
        None => file_name::stored_again(link.name()).is_none_or(|(first, times)| {
            last.get(&format!("{}/{first}", folder(link))).is_none_or(|most| times == *most)
        }),
    };
    links.into_iter().filter(is_last).collect()
}

impl Link<'_> {
    /// The last segment of its path, decoded.
    fn name(&self) -> &str {
        let path = self.decoded.split(['?', '#']).next().unwrap_or_default();
        path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }

    /// What the link says, if that is more than that there is a file.
    fn words(&self) -> Option<String> {
        let words = spaced(self.element);
        says_something(&words).then_some(words)
    }

    fn raw(&self, patterns: &[Pattern]) -> Raw {
        let captures = captures(&self.decoded, patterns);
        let group = |name: &str| {
            let text = captures.as_ref()?.name(name)?.as_str().trim();
            Some(text.to_owned()).filter(|text| !text.is_empty())
        };
        let file = file_name::read(self.name());
        let words = self.words();
        let day_in_words = || date::day_in_words(&spaced(self.element));
        let from_name = file.date.or_else(|| title::clean(words.as_deref()?).date).or_else(day_in_words);
        let dates = match group(Field::Date.as_str()) {
            // What is no date for the general reader may be one of a file name: `28082024`.
            Some(written) => vec![file_name::read(&written).date.map_or(written, |day: Date| day.to_string())],
            None => from_name.map(|day| day.to_string()).into_iter().collect(),
        };
        let named = group(Field::Title.as_str()).map(|title| file_name::read(&title).title);
        let title = named.filter(|title| !title.is_empty()).or(words).unwrap_or(file.title);
        let title = if title.is_empty() { self.name().to_owned() } else { title };
        Raw {
            title,
            link: Some(self.url.to_string()),
            guid: group(Field::Guid.as_str()),
            reference: group(Field::Reference.as_str()),
            dates,
            ..Raw::default()
        }
    }
}

/// Whether the words of a link are more than an invitation to follow it.
fn says_something(words: &str) -> bool {
    let lower = words.trim().to_lowercase();
    let is_address = lower.starts_with("http://") || lower.starts_with("https://") || lower.starts_with("www.");
    let is_file = !lower.contains(' ') && lower.rsplit_once('.').is_some_and(|(_, end)| (2..=4).contains(&end.len()));
    let slug = text::slug(words);
    let mut pieces = slug.split('-').filter(|piece| !piece.is_empty());
    let says = pieces.any(|piece| !piece.bytes().all(|b| b.is_ascii_digit()) && !EMPTY.contains(&piece));
    says && !is_address && !is_file && date::day_in_words(words).is_none()
}

/// Words of « Télécharger le document (PDF - 120 Ko) », « Lire la suite », « Communiqué de presse ».
#[rustfmt::skip]
const EMPTY: &[&str] = &[
    "a", "acceder", "afficher", "article", "au", "aux", "cette", "ci", "cliquer", "cliquez", "communique", "communiques",
    "consulter", "consultez", "contre", "d", "dans", "de", "des", "dessous", "document", "download", "du", "en",
    "enregistrer", "fenetre", "fichier", "format", "go", "here", "ici", "ko", "kb", "l", "la", "le", "les", "lien",
    "lire", "mb", "mo", "more", "nouvel", "nouvelle", "o", "onglet", "ouvre", "ouvrir", "page", "pdf", "plus", "presse",
    "read", "s", "savoir", "sous", "suite", "telechargement", "telecharger", "telechargez", "texte", "the", "un", "une",
    "version", "voir", "vers",
];

/// The end of the month of a folder such as `/2024-08/`.
fn month_of_folder(address: &str, zone: &TimeZone) -> Option<Timestamp> {
    let month = address.split('/').rev().skip(1).find_map(|folder| {
        let (year, month) = folder.split_once('-').filter(|_| folder.len() == 7)?;
        Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()
    })?;
    Some(month.last_of_month().tomorrow().ok()?.to_zoned(zone.clone()).ok()?.timestamp())
}
