//! The page of one story.

use super::{App, Found, item, items};
use crate::{
    model::{Notice, Review, Selection, SitePath, StoryId},
    render::{self, Frame, Medium, NoticeFacts, RevisionFacts, StoryFacts},
    store::{self, Db, notices, stories},
    text::diff,
};

/// So many revisions of one document are shown, the latest.
const REVISIONS: usize = 10;
const RELATED: u32 = 5;

pub(super) fn find(app: &App, frame: Frame<'_>, id: StoryId) -> anyhow::Result<Found> {
    let Some(story) = app.store.read(|db| stories::get(db, id))? else { return Ok(Found::Nothing) };
    if let Some(into) = story.merged_into {
        return Ok(Found::Moved(SitePath::Story(into)));
    }
    match story.review {
        Review::Approved | Review::Archived => {}
        Review::Rejected => return Ok(Found::Gone),
        // Nobody is to know what waits.
        Review::Pending => return Ok(Found::Nothing),
    }
    let (item, facts, related) = app.store.read(|db| {
        let notices = notices::telling(db, &story)?;
        let facts =
            notices.iter().map(|notice| document(app, db, notice, frame.medium)).collect::<store::Result<Vec<_>>>()?;
        let related = items(app, db, &stories::related(db, story.id, RELATED)?)?;
        Ok((item(app, db, &story)?, facts, related))
    })?;
    let Some(item) = item else { return Ok(Found::Nothing) };
    let mail = &app.config.mail;
    let facts = StoryFacts {
        item: &item,
        section: app.rules.sections().name(&story.section),
        first_seen: story.first_seen,
        updated: story.updated,
        notices: &facts,
        related: &related,
        contact: mail.reply_to.as_ref().or(mail.from.as_ref().map(|from| &from.address)),
    };
    Ok(Found::Page(render::story_page(&app.templates, frame, &facts)?.into_bytes()))
}

fn document(app: &App, db: &Db, notice: &Notice, medium: Medium) -> store::Result<NoticeFacts> {
    let former = if notice.revision > 1 { notices::former(db, notice.id)? } else { Vec::new() };
    let licence = app.licence(&notice.source);
    // What may not be shown whole is not shown by what changed in it either.
    let said = |title: &str, summary: &str, text: &str| match licence.allows_full_text() {
        true => format!("{title}\n{text}"),
        false => format!("{title}\n{summary}"),
    };
    let mut after = said(&notice.title, &notice.summary, &notice.text);
    let mut revisions = Vec::new();
    for state in former.iter().rev().take(REVISIONS) {
        let before = said(&state.title, &state.summary, &state.text);
        let changes = diff::changes(&before, &after);
        if changes.iter().any(|piece| !matches!(piece, diff::Piece::Kept(_))) {
            revisions.push(RevisionFacts { at: state.until, changes });
        }
        after = before;
    }
    Ok(NoticeFacts {
        source_name: app.source_name(&notice.source).to_owned(),
        // Of a source that is no longer watched there is no page.
        source_page: app
            .source(&notice.source)
            .filter(|_| super::has_source_pages(app, medium))
            .map(|source| SitePath::Selection(Selection::Source(source.id.clone()))),
        title: notice.title.clone(),
        url: notice.url.as_ref().map(url::Url::to_string),
        published: notice.published,
        language: notice.language.clone(),
        licence,
        revisions,
    })
}
