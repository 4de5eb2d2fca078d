//! The feeds of another program's list, as sources that are not watched yet.

use std::collections::BTreeSet;

use anyhow::Context;

use super::{App, attempt::free_id};
use crate::{
    config::source_table,
    extract::{self, FeedList, ListedFeed},
    model::{Problem, Source, SourceId},
    normalise::url::CanonicalUrl,
};

/// What a list brings.
pub struct Imported {
    pub sources: Vec<Source>,
    /// What is not taken, and why.
    pub left_out: Vec<String>,
    pub problems: Vec<Problem>,
}

impl Imported {
    /// As `[[source]]` tables.
    pub fn tables(&self) -> String {
        let tables: Vec<String> = self.sources.iter().map(|source| source_table(source, &[])).collect();
        tables.join("\n")
    }
}

/// Reads an OPML list. What is watched already, or stands in the list twice, is left out; a category that is the id of a
/// section becomes the section.
pub fn import(app: &App, body: &[u8]) -> anyhow::Result<Imported> {
    let FeedList { feeds, mut left_out, problems } =
        extract::opml(body).map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let known = || app.config.sources.iter().chain(&app.config.aside);
    let mut addresses: BTreeSet<CanonicalUrl> = known().map(|source| CanonicalUrl::of(source.url.sample())).collect();
    let mut ids: BTreeSet<SourceId> = known().map(|source| source.id.clone()).collect();
    let watched = addresses.clone();
    let sections = app.rules.sections();
    let default = sections.named("tic").or(sections.iter().next()).context("the rules name no section")?;
    let mut sources = Vec::new();
    for ListedFeed { url, title, page, category } in feeds {
        let address = CanonicalUrl::of(&url);
        let why = if watched.contains(&address) { "it is watched already" } else { "it stands in the list twice" };
        if !addresses.insert(address) {
            left_out.push(format!("{}: {why}", if title.is_empty() { url.as_str() } else { &title }));
            continue;
        }
        let host = page.as_ref().unwrap_or(&url).host_str().unwrap_or_default().to_owned();
        let id = free_id(&[title.clone(), host.clone()], |id| ids.contains(id)).context("no id is free")?;
        ids.insert(id.clone());
        let section = sections.named(&category).unwrap_or(default).id.clone();
        let name = if title.is_empty() { host } else { title };
        sources.push(Source::feed(id, &name, url, section));
    }
    Ok(Imported { sources, left_out, problems })
}
