//! What the templates are given: words ready to show. The names of these fields are what a template may use.

use std::{borrow::Cow, cmp::Reverse};

use serde::Serialize;
use url::Url;

use crate::{
    bulletin::{AlertNews, Edition, Item},
    config::Site,
    model::{Cadence, News, Severity, SitePath, SiteText},
    normalise::{deadline::Bound, reference::cve_home},
    text::{date_in_words, day_in_words, french, truncate},
};

use super::{
    alert,
    budget::{Form, Plan, SHORT},
    quote::{self, GuideView, QuoteView},
    words::{counted, news, one_line},
};

/// Other notices of a story that are named; the rest are counted.
const ALSO: usize = 6;
/// CVEs and references that are named; the rest are counted.
const NAMED: usize = 5;

#[derive(Serialize)]
pub(super) struct SiteView {
    pub name: String,
    /// With a slash at its end.
    pub url: Option<String>,
    pub publisher: String,
    pub address: String,
    pub privacy: Option<String>,
}

#[derive(Serialize)]
pub(super) struct EditionView {
    /// « Bulletin quotidien », « Alerte ».
    pub title: String,
    /// Whether it is an alert: what to do then comes before what happened.
    pub alert: bool,
    /// « mercredi 30 août 2023 ».
    pub date: String,
    /// « 1 alerte, 4 avis ».
    pub news: String,
    /// The title of the most pressing story; of an alert, which bears that title in its subject, what is to be done.
    pub lead: String,
    /// Where it can be read on line.
    pub online: Option<String>,
    pub shelves: Vec<ShelfView>,
    /// « 12 autres nouvelles », when some were left out.
    pub left_out: Option<String>,
}

#[derive(Serialize)]
pub(super) struct ShelfView {
    pub id: String,
    pub name: String,
    /// How many items it has, those left out included.
    pub count: String,
    pub shown: Vec<ItemView>,
    /// « 12 autres ».
    pub left_out: Option<String>,
}

#[derive(Serialize)]
pub(super) struct ItemView {
    /// Otherwise it is shown as one line.
    pub full: bool,
    /// Unique in the edition: what an anchor may be.
    pub id: String,
    /// Where the story stands on the site.
    pub page: Option<String>,
    /// « Avis », or « Avis (mise à jour) ».
    pub prefix: String,
    pub title: String,
    /// BCP 47, unless it is French.
    pub lang: Option<String>,
    /// « en anglais ».
    pub language: Option<&'static str>,
    /// `urgent` or `important`.
    pub mark: Option<&'static str>,
    /// What an alert says first: « Ce qui change : … ».
    pub note: Option<String>,
    /// « A fait l’objet d’une alerte le 30 août 2023. ».
    pub alerted: Option<String>,
    /// Paragraphs.
    pub summary: Vec<String>,
    /// What other sources add to it.
    pub more: Vec<QuoteView>,
    /// Empty when there is no room for it.
    pub guide: Vec<GuideView>,
    /// « Échéance : 4 septembre 2023 ».
    pub deadlines: Vec<String>,
    pub cves: Vec<NamedView>,
    /// « 3 autres ».
    pub cves_left_out: Option<String>,
    pub cited: Vec<NamedView>,
    pub cited_left_out: Option<String>,
    pub source: String,
    pub date: Option<String>,
    pub reference: Option<String>,
    pub url: Option<String>,
    pub also: Vec<AlsoView>,
    pub also_left_out: Option<String>,
}

#[derive(Serialize)]
pub(super) struct AlsoView {
    pub source: String,
    pub title: String,
    pub url: Option<String>,
    /// BCP 47, unless it is French.
    pub lang: Option<String>,
    /// « en anglais ».
    pub language: Option<&'static str>,
}

/// A CVE or a reference.
#[derive(Serialize)]
pub(super) struct NamedView {
    pub name: String,
    pub url: Option<String>,
}

impl SiteView {
    pub fn new(site: &Site) -> Self {
        Self {
            name: french(&one_line(&site.name)),
            url: base_url(site),
            publisher: french(&one_line(&site.publisher)),
            address: one_line(&site.address),
            privacy: site.privacy.as_ref().map(Url::to_string),
        }
    }

    /// For a mail, from which a page of the site is not reached by a relative address.
    pub fn in_mail(site: &Site) -> Self {
        let view = Self::new(site);
        let ours = view.url.as_ref().map(|url| format!("{url}{}", SitePath::Text(SiteText::Privacy)));
        Self { privacy: view.privacy.or(ours), ..view }
    }
}

impl EditionView {
    /// `path` is that of the edition in the published folder.
    pub fn new(edition: &Edition, site: &Site, plan: &Plan, path: &str) -> Self {
        let mut forms = plan.forms();
        let shelves: Vec<ShelfView> = edition
            .shelves
            .iter()
            .map(|shelf| {
                let forms: Vec<Form> = forms.by_ref().take(shelf.items.len()).collect();
                let left_out = forms.iter().filter(|form| **form == Form::LeftOut).count();
                let shown = shelf.items.iter().zip(forms).filter(|(_, form)| *form != Form::LeftOut);
                ShelfView {
                    id: shelf.section.to_string(),
                    name: french(&one_line(&shelf.name)),
                    count: crate::text::number(shelf.items.len() as u64),
                    shown: shown.map(|(item, form)| ItemView::new(item, site, form)).collect(),
                    left_out: others(left_out, ("autre", "autres")),
                }
            })
            .collect();
        let left_out = plan.forms().filter(|form| *form == Form::LeftOut).count();
        let pressing = |item: &&Item| {
            (Reverse(item.severity == Severity::Critical), Reverse((item.importance, item.severity)), item.nature)
        };
        let lead = edition.items().min_by_key(pressing);
        let title = |item: &Item| truncate(&set(&one_line(&item.title), &item.language), 110);
        let is_alert = edition.cadence == Cadence::Alert;
        Self {
            title: edition.cadence.title(),
            alert: is_alert,
            date: date_in_words(edition.date),
            news: news(edition),
            lead: match is_alert {
                true => alert::preview(edition),
                false => lead.map(title).unwrap_or_default(),
            },
            online: base_url(site).map(|base| format!("{base}{path}")),
            shelves,
            left_out: others(left_out, ("autre nouvelle", "autres nouvelles")),
        }
    }
}

impl ItemView {
    pub fn new(item: &Item, site: &Site, form: Form) -> Self {
        let line = |text: &str| set(&one_line(text), &item.language);
        let is_told_twice = |also: &&crate::bulletin::Also| {
            web_address(also.url.as_deref()).is_some_and(|url| Some(url) == web_address(item.url.as_deref()))
        };
        let also: Vec<_> = item.also.iter().filter(|also| !is_told_twice(also)).collect();
        Self {
            full: matches!(form, Form::Full | Form::Short | Form::Brief),
            id: format!("s{}", item.story),
            // What was withdrawn has none any more.
            page: (!item.alert.as_ref().is_some_and(AlertNews::is_withdrawn))
                .then(|| SitePath::Story(item.story).to_string()),
            prefix: match alert::prefix(item) {
                Some(prefix) => prefix.to_owned(),
                None => format!("{}{}", item.nature.prefix(), if item.again { " (mise à jour)" } else { "" }),
            },
            title: line(&item.title),
            lang: foreign(&item.language).map(str::to_owned),
            language: foreign(&item.language).and_then(language_name),
            note: alert::note(item),
            alerted: item.alerted.map(|at| {
                format!("A fait l’objet d’une alerte le {}.", day_in_words(site.zone.to_datetime(at).date()))
            }),
            mark: match item.severity {
                _ if item.alert.as_ref().is_some_and(|alert| alert.news == News::End) => None,
                Severity::Critical => Some("urgent"),
                Severity::High => Some("important"),
                Severity::Notable | Severity::Info => None,
            },
            summary: item.summary.lines().map(line).filter(|line| !line.is_empty()).collect(),
            more: quote::more(item),
            guide: match form {
                Form::Full => quote::guide(item, usize::MAX),
                Form::Short => quote::guide(item, SHORT),
                Form::Brief | Form::Line | Form::LeftOut => Vec::new(),
            },
            deadlines: item.deadlines.iter().map(deadline).collect(),
            cves_left_out: others(item.cves.len().saturating_sub(NAMED), ("autre", "autres")),
            cves: named(item.cves.iter().map(|cve| (cve.as_str(), cve_home(cve).map(String::from)))),
            cited_left_out: others(item.cited.len().saturating_sub(NAMED), ("autre", "autres")),
            cited: named(item.cited.iter().map(|cited| (cited.number.as_str(), cited.url.clone()))),
            source: french(&one_line(&item.source)),
            date: item.published.map(|date| date_in_words(date.date(&site.zone))),
            reference: item.reference.as_deref().map(one_line).filter(|reference| !reference.is_empty()),
            url: web_address(item.url.as_deref()),
            also_left_out: others(also.len().saturating_sub(ALSO), ("autre", "autres")),
            also: also
                .into_iter()
                .take(ALSO)
                .map(|also| AlsoView {
                    source: french(&one_line(&also.source)),
                    title: set(&one_line(&also.title), &also.language),
                    url: web_address(also.url.as_deref()),
                    lang: foreign(&also.language).map(str::to_owned),
                    language: foreign(&also.language).and_then(language_name),
                })
                .collect(),
        }
    }
}

fn named<'a>(all: impl Iterator<Item = (&'a str, Option<String>)>) -> Vec<NamedView> {
    let view =
        |(name, url): (&str, Option<String>)| NamedView { name: one_line(name), url: web_address(url.as_deref()) };
    all.take(NAMED).map(view).collect()
}

fn deadline(deadline: &crate::normalise::deadline::Deadline) -> String {
    let colon = match deadline.bound {
        Bound::Until => " :",
        Bound::Before | Bound::From => "",
    };
    french(&format!("{}{colon} {}", deadline.bound.name(), day_in_words(deadline.day)))
}

/// The address of the site, with a slash at its end: paths are put behind it.
pub(super) fn base_url(site: &Site) -> Option<String> {
    let url = site.url.as_ref()?.as_str();
    Some(format!("{}/", url.trim_end_matches('/')))
}

/// French typography, for French only: « file: » is right in English.
pub(super) fn set(text: &str, language: &str) -> String {
    if foreign(language).is_some() { text.to_owned() } else { french(text) }
}

fn others(n: usize, nouns: (&str, &str)) -> Option<String> {
    (n > 0).then(|| counted(n as u64, nouns))
}

/// A well-formed language tag that is not French.
pub(super) fn foreign(language: &str) -> Option<&str> {
    let primary = language.split('-').next().unwrap_or_default();
    let is_tag = (2..=3).contains(&primary.len())
        && language.len() <= 35
        && language
            .split('-')
            .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        && primary.bytes().all(|b| b.is_ascii_alphabetic());
    (is_tag && !primary.eq_ignore_ascii_case("fr")).then_some(language)
}

pub(super) fn language_name(language: &str) -> Option<&'static str> {
    let primary = language.split('-').next().map(str::to_ascii_lowercase);
    match primary.as_deref() {
        Some("en") => Some("en anglais"),
        Some("de") => Some("en allemand"),
        Some("es") => Some("en espagnol"),
        Some("it") => Some("en italien"),
        Some("nl") => Some("en néerlandais"),
        _ => None,
    }
}

/// An address that may become a link: absolute, http or https, in its ASCII form.
pub(super) fn web_address(url: Option<&str>) -> Option<String> {
    let url = Url::parse(url?).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| Cow::from(url.as_str()).into_owned())
}
