//! A story in a list: what it is, in a few lines, and where the whole of it stands.

use serde::Serialize;

use crate::{
    bulletin::Item,
    config::Site,
    model::{Severity, SitePath},
    text::{day_in_words, truncate},
};

use super::super::{
    view::{foreign, language_name, set},
    words::one_line,
};

/// Of a summary, so many characters.
const SUMMARY: usize = 220;

#[derive(Serialize)]
pub(in crate::render) struct LineView {
    /// From the root of the site.
    pub path: String,
    /// « Avis ».
    pub prefix: &'static str,
    pub title: String,
    /// BCP 47, unless it is French.
    pub lang: Option<String>,
    /// « en anglais ».
    pub language: Option<&'static str>,
    /// `urgent` or `important`.
    pub mark: Option<&'static str>,
    pub summary: String,
    pub source: String,
    /// « 30 août 2023 ».
    pub date: Option<String>,
    /// `2023-08-30`.
    pub day: Option<String>,
}

impl LineView {
    pub fn new(item: &Item, site: &Site) -> Self {
        let date = item.published.map(|date| date.date(&site.zone));
        Self {
            path: SitePath::Story(item.story).to_string(),
            prefix: item.nature.prefix(),
            title: set(&one_line(&item.title), &item.language),
            lang: foreign(&item.language).map(str::to_owned),
            language: foreign(&item.language).and_then(language_name),
            mark: match item.severity {
                Severity::Critical => Some("urgent"),
                Severity::High => Some("important"),
                Severity::Notable | Severity::Info => None,
            },
            summary: set(&truncate(&one_line(&item.summary), SUMMARY), &item.language),
            source: crate::text::french(&one_line(&item.source)),
            date: date.map(day_in_words),
            day: date.map(|date| date.to_string()),
        }
    }

    pub fn all(items: &[Item], site: &Site) -> Vec<Self> {
        items.iter().map(|item| Self::new(item, site)).collect()
    }
}
