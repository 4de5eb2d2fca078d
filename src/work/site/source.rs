//! What is watched, and how it fares.

use std::collections::BTreeMap;

use super::App;
use crate::{
    alarm::AlarmKind,
    model::{Brings, Selection, SitePath, Source, SourceId},
    render::{self, Frame, SourceFacts},
    store::{
        alarms,
        sources::{self, Known},
    },
};

pub(super) fn page(app: &App, frame: Frame<'_>) -> anyhow::Result<String> {
    let (known, open) = app.store.read(|db| Ok((sources::all(db)?, alarms::all_open(db)?)))?;
    let known: BTreeMap<SourceId, Known> = known.into_iter().map(|known| (known.id.clone(), known)).collect();
    let mut troubles: BTreeMap<SourceId, AlarmKind> = BTreeMap::new();
    for raised in open {
        troubles.entry(raised.source).or_insert(raised.alarm.kind);
    }
    let has_pages = super::has_source_pages(app, frame.medium);
    let facts = |source: &Source| {
        let known = known.get(&source.id);
        SourceFacts {
            id: source.id.clone(),
            name: source.name.clone(),
            url: home(source),
            licence: source.licence,
            trouble: troubles.get(&source.id).copied(),
            last_success: known.and_then(|known| known.last_success),
            last_new: known.and_then(|known| known.last_new),
            page: has_pages.then(|| SitePath::Selection(Selection::Source(source.id.clone()))),
        }
    };
    let watched = app.config.sources.iter().filter(|source| source.brings == Brings::Notices);
    let mut all: Vec<SourceFacts> = watched.map(facts).collect();
    all.sort_by_cached_key(|source| (crate::text::slug(&source.name), source.id.clone()));
    Ok(render::sources_page(&app.templates, frame, &all)?)
}

/// The site of a source: what is watched is often a feed, which people do not read.
fn home(source: &Source) -> Option<String> {
    let url = source.url.sample();
    url.host_str()?;
    Some(format!("{}/", url.origin().ascii_serialization()))
}

/// What is to be known of one source.
pub(super) fn about(app: &App, id: &SourceId) -> Vec<String> {
    let Some(source) = app.source(id) else { return Vec::new() };
    let licence = match source.licence.allows_full_text() {
        true => "Ses textes peuvent être repris, avec leur source et leur date.",
        false => "Ses textes restent sous droits : n’en sont repris ici que le titre, un court résumé et le lien.",
    };
    home(source).map(|home| format!("Source : {home}")).into_iter().chain([String::from(licence)]).collect()
}
