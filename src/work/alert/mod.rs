//! Alerts: what presses goes out at once, to those who asked for it, and they hear of it until it is over.
//!
//! A story is looked at when it is let in and whenever it moves. Readers who were not alerted of it are, where it is fresh and
//! what they asked for; those who were get an update where something changed in substance, and the end, be it that its source
//! closes it or that an editor takes it back. All that is for one
//! reader goes in one mail, and so many mails a day. What is beyond is for the reader's bulletin; what no bulletin brings is
//! held back until there is room.

mod shares;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    App,
    compose::{self, Composed},
};
use crate::{
    bulletin::{self, AlertNews, Item, Pressing, Told, Words},
    config::Config,
    model::{Cadence, Ending, News, Notice, Precision, Preferences, Review, Story, StoryId},
    schedule,
    store::{self, Db, Tx, alerts, bulletins, notices, stories, subscribers},
};
use shares::Shares;

/// In which so many mails go to one reader.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A story that is looked at.
struct Candidate {
    item: Item,
    pressing: Pressing,
    /// Whether it may be an alert to somebody who was not alerted of it.
    is_fresh: bool,
    /// Whether anybody was alerted of it.
    is_known: bool,
}

/// Whether there is something to look at.
pub(super) fn is_due(config: &Config, db: &Db, now: Timestamp) -> store::Result<bool> {
    Ok(config.cadences.contains_key(&Cadence::Alert)
        && (stories::is_waiting(db, Cadence::Alert)? || alerts::is_withdrawn(db)? || alerts::is_held(db, now)?))
}

/// Freezes an edition of all that is wanted by at least one reader; none where nobody wants anything.
pub(super) fn freeze(app: &App, now: Timestamp) -> anyhow::Result<Option<Composed>> {
    // Looked at without the writer's lock first: ten minutes out of ten, nothing is due.
    if !app.store.read(|db| is_due(&app.config, db, now))? {
        return Ok(None);
    }
    Ok(app.store.write_durably(|tx| {
        let composed = freeze_within(app, tx, now)?;
        alerts::release(tx, now)?;
        stories::forget_waiting(tx, Cadence::Alert)?;
        Ok(composed)
    })?)
}

fn freeze_within(app: &App, tx: &Tx, now: Timestamp) -> store::Result<Option<Composed>> {
    if !subscribers::wants_alerts(tx)? {
        return Ok(None);
    }
    let candidates = candidates(app, tx, now)?;
    let mut shares = Shares::new(app, tx, &candidates, now)?;
    let found = shares.find()?;
    if found.wanted.is_empty() {
        if found.is_held {
            shares.hand_out(None)?;
        }
        return Ok(None);
    }
    super::publish::announce(tx)?;
    let items = candidates.iter().filter(|(id, _)| found.wanted.contains(id)).map(|(_, one)| one.item.clone());
    let items = bulletin::in_order(items.collect(), app.rules.sections());
    let date = schedule::edition_date(now, &app.config.site.zone);
    let slot = bulletins::free_slot(tx, Cadence::Alert, now)?;
    let bulletin = bulletins::freeze(tx, Cadence::Alert, slot, date, &items, now)?;
    let deliveries = shares.hand_out(bulletin)?;
    Ok(bulletin.map(|bulletin| Composed { bulletin, cadence: Cadence::Alert, date, stories: items.len(), deliveries }))
}

/// Whether a story was an alert, when it came in, to somebody of these choices.
pub(super) fn would_go(
    app: &App,
    db: &Db,
    story: &Story,
    preferences: &Preferences,
    words: &Words,
) -> store::Result<bool> {
    if !preferences.admit(&story.section, &story.also, story.nature) {
        return Ok(false);
    }
    let notices = notices::telling(db, story)?;
    if !notices.iter().any(|notice| is_recent(app, notice, story.first_seen)) {
        return Ok(false);
    }
    let told: Vec<Told> = notices.iter().map(|notice| compose::told(app, notice)).collect();
    let pressing = pressing(story, bulletin::terms(&told, story.title.as_deref()));
    Ok(bulletin::wants_alert(preferences, words, &pressing))
}

/// What an edition would hold if it were frozen now, whoever wants it.
pub(super) fn waiting(app: &App, db: &Db, now: Timestamp) -> store::Result<Vec<Item>> {
    let items = candidates(app, db, now)?.into_values().map(|one| one.item);
    Ok(bulletin::in_order(items.collect(), app.rules.sections()))
}

/// What waits, and what was held back and has room now.
fn candidates(app: &App, db: &Db, now: Timestamp) -> store::Result<BTreeMap<StoryId, Candidate>> {
    let graver = alerts::pressing_more(db)?;
    let mut candidates = BTreeMap::new();
    for story in stories::waiting(db, Cadence::Alert)? {
        let age = if graver.contains(&story.id) { Age::PressesMore } else { Age::AsPublished };
        candidates.extend(candidate(app, db, &story, age, now)?.map(|candidate| (story.id, candidate)));
    }
    for id in alerts::withdrawn(db)? {
        let story = stories::get(db, id)?;
        candidates.extend(story.map(|story| withdrawn(db, &story)).transpose()?.flatten().map(|one| (id, one)));
    }
    for held in alerts::held_stories(db, now)? {
        let Some(story) = stories::get(db, held)?.filter(|_| !candidates.contains_key(&held)) else { continue };
        let candidate = match story.review {
            Review::Approved => candidate(app, db, &story, Age::Held, now)?,
            Review::Rejected if story.merged_into.is_none() => withdrawn(db, &story)?,
            _ => None,
        };
        candidates.extend(candidate.map(|candidate| (held, candidate)));
    }
    Ok(candidates)
}

/// What says whether a story is news.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    AsPublished,
    /// It is news that it presses more.
    PressesMore,
    /// It was when it was held back.
    Held,
}

/// A story with what an alert says of it. `None` when it is neither fresh, nor was anybody alerted of it.
fn candidate(app: &App, db: &Db, story: &Story, age: Age, now: Timestamp) -> store::Result<Option<Candidate>> {
    let notices = notices::telling(db, story)?;
    let last = alerts::last_told(db, story.id)?.map(|last| last.item);
    let is_fresh = age == Age::PressesMore || notices.iter().any(|notice| is_recent(app, notice, now));
    if !is_fresh && last.is_none() && age != Age::Held {
        return Ok(None);
    }
    let Some((item, _)) = compose::tell(app, story, &notices, now) else { return Ok(None) };
    let told: Vec<Told> = notices.iter().map(|notice| compose::told(app, notice)).collect();
    let is_over = told.iter().filter(|told| told.notice.id == story.lead).any(bulletin::is_over);
    let pressing = pressing(story, bulletin::terms(&told, story.title.as_deref()));
    let alert = news(last.as_ref(), &item, is_over);
    Ok(Some(Candidate {
        item: Item { alert: Some(alert), ..item },
        pressing,
        is_fresh: is_fresh && !is_over,
        is_known: last.is_some(),
    }))
}

/// A story that was taken back, to those who were alerted of it. `None` when nobody was.
fn withdrawn(db: &Db, story: &Story) -> store::Result<Option<Candidate>> {
    let last = alerts::last_told(db, story.id)?;
    Ok(last.map(|last| Candidate {
        item: bulletin::withdrawn(story.id, &last.item),
        pressing: pressing(story, String::new()),
        is_fresh: false,
        is_known: true,
    }))
}

fn pressing(story: &Story, terms: String) -> Pressing {
    let Story { section, also, nature, severity, .. } = story;
    Pressing { section: section.clone(), also: also.clone(), nature: *nature, severity: *severity, terms }
}

/// What it is to those who were alerted of it; an `Alert` is nothing new to them.
fn news(last: Option<&Item>, item: &Item, is_over: bool) -> AlertNews {
    let of = |news, change| AlertNews { news, change, ending: Ending::Closed };
    if is_over {
        return of(News::End, String::new());
    }
    let Some(last) = last else { return of(News::Alert, String::new()) };
    if last.alert.as_ref().is_some_and(|alert| alert.news == News::End) {
        return of(News::Update, String::from("l’alerte reprend"));
    }
    match bulletin::change(last, item) {
        Some(change) => of(News::Update, change),
        // Kept for whoever had no room for it when it was told.
        None => of(News::Alert, last.alert.as_ref().map(|alert| alert.change.clone()).unwrap_or_default()),
    }
}

/// A source that gives only the day may have written at any hour of it.
fn is_recent(app: &App, notice: &Notice, now: Timestamp) -> bool {
    let fresh = SignedDuration::try_from(app.config.alerts.fresh).unwrap_or(DAY);
    let (at, more) = match notice.published {
        Some(date) if date.precision == Precision::Day => (date.at, DAY),
        Some(date) => (date.at, SignedDuration::ZERO),
        None => (notice.first_seen, SignedDuration::ZERO),
    };
    now.duration_since(at) <= fresh + more
}

impl Candidate {
    fn told(&self) -> &AlertNews {
        const NOTHING: &AlertNews = &AlertNews { news: News::Alert, change: String::new(), ending: Ending::Closed };
        self.item.alert.as_ref().unwrap_or(NOTHING)
    }
}
