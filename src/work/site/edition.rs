//! Editions: their pages, and the list of them.

use super::App;
use crate::{
    model::{Bulletin, BulletinId, Cadence, SitePath},
    render::{self, Frame, PastEdition},
    store::bulletins,
    work::compose,
};

/// How many editions of each sort keep their page in the published folder.
pub(super) const KEPT: u32 = 400;
/// Editions on a page of the list.
const PAGE: u32 = 60;

pub(super) fn past(bulletin: &Bulletin) -> PastEdition {
    PastEdition { cadence: bulletin.cadence, date: bulletin.date, number: bulletin.number, stories: bulletin.stories }
}

pub(super) fn list(
    app: &App,
    frame: Frame<'_>,
    cadence: Option<Cadence>,
    before: Option<BulletinId>,
) -> anyhow::Result<String> {
    let mut found = app.store.read(|db| bulletins::listed(db, cadence, before, PAGE + 1))?;
    let is_more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let next = found.last().filter(|_| is_more).map(|bulletin| bulletin.id);
    let past: Vec<PastEdition> = found.iter().map(past).collect();
    Ok(render::editions_page(&app.templates, frame, cadence, &past, next)?)
}

pub(super) fn page(app: &App, frame: Frame<'_>) -> anyhow::Result<Option<String>> {
    let SitePath::Edition { date, cadence, number } = frame.path else { return Ok(None) };
    let Some(id) = app.store.read(|db| bulletins::of_day(db, *date, *cadence, *number))? else { return Ok(None) };
    let Some(edition) = compose::edition(app, id, None)? else { return Ok(None) };
    Ok(Some(render::bulletin_page(&app.templates, frame, &edition)?))
}
