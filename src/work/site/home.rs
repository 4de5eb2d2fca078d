//! The front page.

use jiff::{SignedDuration, ToSpan};

use super::{App, edition, feed, items};
use crate::{
    bulletin::{self, Item},
    model::{BulletinId, Nature, Selection, SitePath, Story, StoryId},
    render::{self, Calendar, Frame, HomeFacts},
    store::{Db, bulletins, notices, readings, stories},
    work::{compose, weather},
};

/// How many are shown of each.
const ALERTS: usize = 4;
const HEADS: usize = 5;
const LATEST: u32 = 10;
const MOST_READ: usize = 5;
/// An alert that moved within this time, and is not over, is in progress.
const IN_PROGRESS: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Among so many of the latest alerts.
const LOOKED_THROUGH: u32 = 20;

pub(super) fn page(app: &App, frame: Frame<'_>) -> anyhow::Result<String> {
    let now = app.clock.now();
    let week_ago = app.config.site.zone.to_datetime(now).date().saturating_sub(7.days());
    let found = app.store.read(|db| {
        let alerts = alerts(app, db)?;
        let latest = bulletins::latest_of(db, bulletins::Sort::Bulletins, 1)?.pop();
        let shown = stories::shown(db, &Selection::All, None, LATEST)?;
        let mut read = Vec::new();
        for (id, _) in readings::most_read(db, week_ago, MOST_READ as u32)? {
            read.extend(stories::get(db, id)?);
        }
        Ok((items(app, db, &alerts)?, latest, items(app, db, &shown)?, items(app, db, &read)?))
    })?;
    let (alerts, bulletin, latest, most_read) = found;
    let mut heads = match &bulletin {
        Some(bulletin) => app.told.heads(bulletin.id, || self::heads(app, bulletin.id))?.to_vec(),
        None => Vec::new(),
    };
    // What came in together, as on the first day, was not published together.
    let mut latest = latest;
    latest.sort_by_key(|item| std::cmp::Reverse(item.published.map(|date| date.at)));
    // What stands above as an alert is not said twice.
    let above: Vec<StoryId> = alerts.iter().map(|item| item.story).collect();
    heads.retain(|item| !above.contains(&item.story));
    heads.truncate(HEADS);
    let days = feed::events(app)?.len();
    let facts = HomeFacts {
        alerts: &alerts,
        edition: bulletin.as_ref().map(edition::past),
        heads: &heads,
        latest: &latest,
        most_read: &most_read,
        sections: app.rules.sections(),
        calendar: Calendar { path: &SitePath::Calendar.to_string(), days },
        notices: &warnings(app)?,
    };
    Ok(render::home_page(&app.templates, frame, &facts)?)
}

/// What matters most of a bulletin: some more than are shown, for of these some may stand above already.
fn heads(app: &App, id: BulletinId) -> anyhow::Result<Vec<Item>> {
    let whole = compose::edition(app, id, None)?;
    let mut heads: Vec<Item> = whole.iter().flat_map(bulletin::Edition::items).cloned().collect();
    heads.sort_by_key(|item| std::cmp::Reverse((item.importance, item.severity)));
    heads.truncate(HEADS + ALERTS);
    Ok(heads)
}

/// Alerts in progress, the latest first.
fn alerts(app: &App, db: &Db) -> crate::store::Result<Vec<Story>> {
    let since = app.clock.now().checked_sub(IN_PROGRESS).unwrap_or(jiff::Timestamp::MIN);
    let mut alerts = Vec::new();
    for story in stories::shown(db, &Selection::Nature(Nature::Alerte), None, LOOKED_THROUGH)? {
        if story.updated < since || alerts.len() == ALERTS {
            continue;
        }
        let is_over = app.told.is_over(&story, || {
            let notices = notices::telling(db, &story)?;
            Ok(notices.iter().any(|n| n.id == story.lead && bulletin::is_over(&compose::told(app, n))))
        })?;
        if !is_over {
            alerts.push(story);
        }
    }
    Ok(alerts)
}

/// Of whom readers are warned that their mail does not come through.
fn warnings(app: &App) -> anyhow::Result<Vec<render::Notice>> {
    let refusals = weather::notices(app)?;
    Ok(refusals.iter().filter_map(|refusal| render::notice(refusal, &app.config.site)).collect())
}
