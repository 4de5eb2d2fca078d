//! The stories of a selection, a page at a time.

use super::{App, PAGE, items, title};
use crate::{
    model::{Selection, StoryId},
    render::{self, Frame, ListFacts},
    store::stories,
};

pub(super) fn page(
    app: &App,
    frame: Frame<'_>,
    selection: &Selection,
    before: Option<StoryId>,
) -> anyhow::Result<Option<String>> {
    let Some(title) = title(app, selection) else { return Ok(None) };
    let (items, next) = app.store.read(|db| {
        // One more tells whether there is another page.
        let mut found = stories::shown(db, selection, before, PAGE + 1)?;
        let is_more = found.len() > PAGE as usize;
        found.truncate(PAGE as usize);
        let next = found.last().filter(|_| is_more).map(|story| story.id);
        Ok((items(app, db, &found)?, next))
    })?;
    let about = match selection {
        Selection::Source(id) => super::source::about(app, id),
        _ => Vec::new(),
    };
    let facts = ListFacts { selection, title: &title, about: &about, items: &items, is_first: before.is_none(), next };
    Ok(Some(render::list_page(&app.templates, frame, &facts)?))
}
