//! Freezes the editions that are due, with a delivery for each reader whom something in them is for.

use std::{collections::BTreeMap, ops::ControlFlow};

use anyhow::{Context, bail};
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::Serialize;

use super::{App, alert, later};
use crate::{
    bulletin::{self, Edition, Importance, Item, Moment, Told},
    config::{Config, Rhythm},
    mail,
    model::{Authority, Bulletin, BulletinId, Cadence, Notice, Preferences, Story, StoryId, Urgency},
    schedule,
    store::{
        self, Db, Tx,
        alerts::{self, Part},
        bulletins, notices, outbox, settings, stories,
        subscribers::{self, Whom},
    },
};

/// A delivery that could not be made within this time is given up.
pub(super) const EXPIRES: SignedDuration = SignedDuration::from_hours(48);
/// Choices whose answer is remembered: most readers share theirs with others.
const REMEMBERED: usize = 2_000;

/// Which editions to freeze.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those whose time has come.
    Due,
    /// This one, now, whatever the time.
    Now(Cadence),
}

/// One edition that was frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Composed {
    pub bulletin: BulletinId,
    pub cadence: Cadence,
    pub date: Date,
    pub stories: usize,
    pub deliveries: usize,
}

/// Freezes. A story is carried once by each cadence, by cursor: whatever the clock did, none is skipped or repeated
/// (invariant 6). Two programs that do it at once freeze one edition: they meet in the transaction.
pub fn compose(app: &App, which: Which) -> anyhow::Result<Vec<Composed>> {
    let now = app.clock.now();
    let mut out = Vec::new();
    match which {
        Which::Due => {
            forget_disabled(app)?;
            // First: the bulletins of the same tick say what there was an alert of.
            if app.config.cadences.contains_key(&Cadence::Alert) {
                out.extend(alert::freeze(app, now).context("cannot freeze the alerts")?);
            }
            for (cadence, rhythm) in &app.config.cadences {
                out.extend(due(app, *cadence, rhythm, now)?);
            }
        }
        Which::Now(cadence) => {
            if !app.config.cadences.contains_key(&cadence) {
                bail!("no bulletin is {cadence}\nhint: enable `[cadence.{cadence}]` in the configuration");
            }
            if cadence == Cadence::Alert {
                return Ok(alert::freeze(app, now)?.into_iter().collect());
            }
            out.extend(app.store.write_durably(|tx| {
                // Nothing waits: no edition, rather than an empty one for each time that somebody asks.
                if stories::waiting(tx, cadence)?.is_empty() {
                    return Ok(None);
                }
                let slot = bulletins::free_slot(tx, cadence, now)?;
                freeze(app, tx, cadence, slot, schedule::edition_date(now, &app.config.site.zone), now)
            })?);
        }
    }
    out.retain(|composed| composed.stories > 0);
    Ok(out)
}

fn forget_disabled(app: &App) -> anyhow::Result<()> {
    let mut disabled = Cadence::ALL.into_iter().filter(|cadence| !app.config.cadences.contains_key(cadence)).peekable();
    if disabled.peek().is_some() {
        app.store.write(|tx| disabled.try_for_each(|cadence| stories::forget_waiting(tx, cadence)))?;
    }
    Ok(())
}

/// The instant at which an edition fell due that was not made.
fn open_slot(
    config: &Config,
    db: &Db,
    cadence: Cadence,
    rhythm: &Rhythm,
    now: Timestamp,
) -> store::Result<Option<Timestamp>> {
    let installed = settings::get(db, "installed")?.and_then(|text| text.parse().ok()).unwrap_or(now);
    // A clock that was ahead at the installation must not put the first edition off.
    let after = bulletins::last_slot(db, cadence, now)?.unwrap_or(installed.min(now));
    Ok(schedule::due_slot(rhythm, &config.site.zone, after, now))
}

/// Whether an edition is due.
pub(super) fn is_due(config: &Config, db: &Db, now: Timestamp) -> store::Result<bool> {
    for (cadence, rhythm) in &config.cadences {
        if open_slot(config, db, *cadence, rhythm, now)?.is_some() {
            return Ok(true);
        }
    }
    alert::is_due(config, db, now)
}

fn due(app: &App, cadence: Cadence, rhythm: &Rhythm, now: Timestamp) -> anyhow::Result<Option<Composed>> {
    let slot = |db: &Db| open_slot(&app.config, db, cadence, rhythm, now);
    // Looked at without the writer's lock first: ten minutes out of ten, nothing is due.
    if app.store.read(slot)?.is_none() {
        return Ok(None);
    }
    app.store
        .write_durably(|tx| match slot(tx)? {
            Some(slot) => freeze(app, tx, cadence, slot, schedule::edition_date(slot, &app.config.site.zone), now),
            None => Ok(None),
        })
        .with_context(|| format!("cannot freeze the {cadence} bulletin"))
}

fn freeze(
    app: &App,
    tx: &Tx,
    cadence: Cadence,
    slot: Timestamp,
    date: Date,
    now: Timestamp,
) -> store::Result<Option<Composed>> {
    let sections = app.rules.sections();
    let waiting = stories::waiting(tx, cadence)?;
    let items = items(app, tx, cadence, &waiting, now)?;
    let Some(bulletin) = bulletins::freeze(tx, cadence, slot, date, &items, now)? else { return Ok(None) };
    super::publish::announce(tx)?;
    for story in &waiting {
        stories::carried(tx, cadence, story.id)?;
    }
    let mut deliveries = 0;
    if !items.is_empty() {
        let key = message_key(tx)?;
        let domain = app.config.mail.from.as_ref().map_or("localhost", |from| from.address.domain());
        let expires = expires(app, cadence, slot, now);
        let mut wanted: BTreeMap<Preferences, bool> = BTreeMap::new();
        subscribers::each_writable(tx, Whom::Reads(cadence), now, |reader| {
            if wanted.len() >= REMEMBERED {
                wanted.clear();
            }
            let is_wanted = match wanted.get(&reader.preferences) {
                Some(is_wanted) => *is_wanted,
                None => {
                    let preferences = reader.preferences.clone();
                    let edition = bulletin::edition(cadence, date, 1, &items, sections, &preferences);
                    *wanted.entry(preferences).or_insert(edition.is_some())
                }
            };
            if is_wanted {
                let id = mail::message_id(&key, bulletin, reader.id, domain);
                outbox::queue(tx, bulletin, reader.id, &id, Urgency::Ordinary, now, expires)?;
                deliveries += 1;
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(Some(Composed { bulletin, cadence, date, stories: items.len(), deliveries }))
}

/// Until when an edition is tried: it is worth nothing once the next one is there. Whoever it did not reach by then reads it on
/// the site, for the next one does not carry the same again.
fn expires(app: &App, cadence: Cadence, slot: Timestamp, now: Timestamp) -> Timestamp {
    let next = app.config.cadences.get(&cadence);
    let next = next.and_then(|rhythm| schedule::next_slot(rhythm, &app.config.site.zone, slot.max(now)));
    let last = later(now, EXPIRES);
    next.map_or(last, |next| next.min(last))
}

/// The key from which this installation's Message-IDs are derived.
pub(super) fn message_key(tx: &Tx) -> store::Result<Vec<u8>> {
    let mut fresh = [0; 32];
    // Without randomness the key is guessable, and no secret hangs on it: an id must be stable and unique.
    let _ = getrandom::fill(&mut fresh);
    let hex: String = fresh.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(settings::get_or_set(tx, "message-key", &hex)?.into_bytes())
}

/// What waits for a cadence, in the words and in the order in which it is frozen. An update is what readers of this cadence
/// were told of before.
fn items(app: &App, db: &Db, cadence: Cadence, waiting: &[Story], now: Timestamp) -> store::Result<Vec<Item>> {
    let mut items = Vec::with_capacity(waiting.len());
    for story in waiting {
        let again = !stories::told_by(db, cadence, story.id)?.is_empty();
        let alerted = alerts::last_told(db, story.id)?.map(|last| last.at);
        let told = tell(app, story, &notices::telling(db, story)?, now);
        items.extend(told.map(|(item, _)| Item { again, alerted, ..item }));
    }
    Ok(bulletin::in_order(items, app.rules.sections()))
}

/// A story in the words in which readers get it, with what it weighs. `None` when its lead is not among its notices.
pub(super) fn tell(app: &App, story: &Story, notices: &[Notice], now: Timestamp) -> Option<(Item, Importance)> {
    let told: Vec<Told> = notices.iter().map(|notice| told(app, notice)).collect();
    let moment = Moment { now, zone: &app.config.site.zone };
    bulletin::tell(story, &told, moment)
}

/// Why a story stands where it does in a bulletin that would be frozen now. `None` when there is no such story.
pub fn importance(app: &App, id: StoryId) -> anyhow::Result<Option<Importance>> {
    let now = app.clock.now();
    let found = app.store.read(|db| {
        let Some(story) = stories::get(db, id)? else { return Ok(None) };
        let notices = notices::telling(db, &story)?;
        Ok(Some((story, notices)))
    })?;
    Ok(found.and_then(|(story, notices)| tell(app, &story, &notices, now)).map(|(_, importance)| importance))
}

pub(super) fn told<'a>(app: &'a App, notice: &'a Notice) -> Told<'a> {
    let source = app.source(&notice.source);
    Told {
        notice,
        source: app.source_name(&notice.source),
        authority: source.map_or(Authority::Aggregator, |source| source.authority),
        licence: app.licence(&notice.source),
    }
}

/// What an edition would hold if it were frozen now.
pub fn preview(app: &App, cadence: Cadence) -> anyhow::Result<Option<Edition>> {
    let sections = app.rules.sections();
    let now = app.clock.now();
    let items = app.store.read(|db| match cadence {
        Cadence::Alert => alert::waiting(app, db, now),
        cadence => items(app, db, cadence, &stories::waiting(db, cadence)?, now),
    })?;
    let date = schedule::edition_date(now, &app.config.site.zone);
    Ok(bulletin::edition(cadence, date, 1, &items, sections, &Preferences::all(cadence)))
}

/// A frozen bulletin as a reader with these preferences sees it; without any, the whole of it.
pub fn edition(app: &App, id: BulletinId, preferences: Option<&Preferences>) -> anyhow::Result<Option<Edition>> {
    part(app, id, preferences, &[])
}

/// The part of a frozen bulletin that is for a reader: of an alert edition this share ([`alerts::share`]), of any other, which
/// has no shares, what these preferences choose.
pub fn part(
    app: &App,
    id: BulletinId,
    preferences: Option<&Preferences>,
    share: &[Part],
) -> anyhow::Result<Option<Edition>> {
    let stored = app.store.read(|db| Ok(bulletins::get(db, id)?.zip(Some(bulletins::items(db, id)?))))?;
    let sections = app.rules.sections();
    Ok(stored.and_then(|(Bulletin { cadence, date, number, .. }, items)| {
        let all = Preferences::all(cadence);
        let preferences = preferences.unwrap_or(&all);
        if share.is_empty() {
            return bulletin::edition(cadence, date, number, &items, sections, preferences);
        }
        let share = share.iter().map(|part| (part.story, part.news)).collect();
        bulletin::alert_edition(date, number, &items, sections, preferences, &share)
    }))
}
