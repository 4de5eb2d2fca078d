//! Alerts: what presses goes out at once, to those who asked for it, and they hear of it until it is over.
//!
//! A story is looked at when it is let in and whenever it moves. Readers who were not alerted of it are, where it is fresh and
//! what they asked for; those who were get an update where something changed in substance, and the end. All that is for one
//! reader goes in one mail, and so many mails a day. What is beyond is for the reader's bulletin; what no bulletin brings is
//! held back until there is room.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    App,
    compose::{self, Composed},
};
use crate::{
    bulletin::{self, AlertNews, Item, Pressing, Told, Words},
    config::Config,
    mail,
    model::{BulletinId, Cadence, News, Notice, Precision, Preferences, Review, Story, StoryId},
    schedule,
    store::{
        self, Db, Tx,
        alerts::{self, Part},
        bulletins, notices, stories,
        subscribers::{self, Whom, Writable},
    },
};

/// In which so many mails go to one reader.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Wishes whose answer is remembered: most readers share theirs with others.
const REMEMBERED: usize = 2_000;

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
        && (stories::is_waiting(db, Cadence::Alert)? || alerts::is_held(db, now)?))
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

/// What an edition would hold if it were frozen now, whoever wants it.
pub(super) fn waiting(app: &App, db: &Db, now: Timestamp) -> store::Result<Vec<Item>> {
    let items = candidates(app, db, now)?.into_values().map(|one| one.item);
    Ok(bulletin::in_order(items.collect(), app.rules.sections()))
}

/// What waits, and what was held back and has room now.
fn candidates(app: &App, db: &Db, now: Timestamp) -> store::Result<BTreeMap<StoryId, Candidate>> {
    let graver = stories::pressing_more(db)?;
    let mut all = stories::waiting(db, Cadence::Alert)?;
    let waiting: BTreeSet<StoryId> = all.iter().map(|story| story.id).collect();
    for held in alerts::held_stories(db, now)? {
        let story = stories::get(db, held)?.filter(|story| !waiting.contains(&story.id));
        all.extend(story.filter(|story| story.review == Review::Approved));
    }
    let mut candidates = BTreeMap::new();
    for story in all {
        let is_graver = graver.contains(&story.id);
        if let Some(candidate) = candidate(app, db, &story, is_graver, now)? {
            candidates.insert(story.id, candidate);
        }
    }
    Ok(candidates)
}

/// A story with what an alert says of it. `None` when it is neither fresh, nor was anybody alerted of it.
fn candidate(app: &App, db: &Db, story: &Story, is_graver: bool, now: Timestamp) -> store::Result<Option<Candidate>> {
    let notices = notices::telling(db, story)?;
    let last = alerts::last_told(db, story.id)?.map(|last| last.item);
    let is_fresh = is_graver || notices.iter().any(|notice| is_recent(app, notice, now));
    if !is_fresh && last.is_none() {
        return Ok(None);
    }
    let Some((item, _)) = compose::tell(app, story, &notices, now) else { return Ok(None) };
    let told: Vec<Told> = notices.iter().map(|notice| compose::told(app, notice)).collect();
    let is_over = told.iter().filter(|told| told.notice.id == story.lead).any(bulletin::is_over);
    let pressing = Pressing {
        section: story.section.clone(),
        also: story.also.clone(),
        nature: story.nature,
        severity: story.severity,
        terms: bulletin::terms(&told, story.title.as_deref()),
    };
    let alert = news(last.as_ref(), &item, is_over);
    Ok(Some(Candidate {
        item: Item { alert: Some(alert), ..item },
        pressing,
        is_fresh: is_fresh && !is_over,
        is_known: last.is_some(),
    }))
}

/// What it is to those who were alerted of it; an `Alert` is nothing new to them.
fn news(last: Option<&Item>, item: &Item, is_over: bool) -> AlertNews {
    let of = |news, change| AlertNews { news, change };
    if is_over {
        return of(News::End, String::new());
    }
    let Some(last) = last else { return of(News::Alert, String::new()) };
    if last.alert.as_ref().is_some_and(|alert| alert.news == News::End) {
        return of(News::Update, String::from("l’alerte reprend"));
    }
    bulletin::change(last, item).map_or_else(|| of(News::Alert, String::new()), |change| of(News::Update, change))
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

/// What a first look at all readers finds.
#[derive(Default)]
struct Found {
    wanted: BTreeSet<StoryId>,
    /// Whether something must be held back.
    is_held: bool,
}

/// Who gets what of the candidates.
struct Shares<'a> {
    app: &'a App,
    tx: &'a Tx<'a>,
    now: Timestamp,
    candidates: &'a BTreeMap<StoryId, Candidate>,
    /// Which of them somebody of these choices wants.
    wishes: BTreeMap<Preferences, Vec<StoryId>>,
    is_held: bool,
}

impl<'a> Shares<'a> {
    fn new(
        app: &'a App,
        tx: &'a Tx<'a>,
        candidates: &'a BTreeMap<StoryId, Candidate>,
        now: Timestamp,
    ) -> store::Result<Self> {
        let is_held = alerts::is_held(tx, now)?;
        Ok(Self { app, tx, now, candidates, wishes: BTreeMap::new(), is_held })
    }

    /// The candidates that at least one reader gets.
    fn find(&mut self) -> store::Result<Found> {
        let mut found = Found::default();
        if self.candidates.is_empty() {
            return Ok(found);
        }
        subscribers::each_writable(self.tx, Whom::WantsAlerts, |reader| {
            match self.mail(reader)? {
                Mail::None => {}
                Mail::Now(parts) => found.wanted.extend(parts.iter().map(|part| part.story)),
                Mail::Later(..) => found.is_held = true,
            }
            let is_all = found.wanted.len() == self.candidates.len();
            Ok(if is_all { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(found)
    }

    /// Gives each reader a share of an edition, or holds it back. How many get one now.
    fn hand_out(&mut self, bulletin: Option<BulletinId>) -> store::Result<usize> {
        let tx = self.tx;
        let key = compose::message_key(tx)?;
        let domain = self.app.config.mail.from.as_ref().map_or("localhost", |from| from.address.domain());
        let (mut deliveries, mut later) = (0, Vec::new());
        subscribers::each_writable(tx, Whom::WantsAlerts, |reader| {
            match (self.mail(reader)?, bulletin) {
                (Mail::Now(parts), Some(bulletin)) => {
                    parts.iter().try_for_each(|part| alerts::add(tx, bulletin, reader.id, *part))?;
                    let id = mail::message_id(&key, bulletin, reader.id, domain);
                    compose::queue(tx, bulletin, reader.id, &id, self.now)?;
                    deliveries += 1;
                }
                (Mail::Later(parts, due), _) => later.extend(parts.into_iter().map(|part| (reader.id, part, due))),
                (Mail::Now(_) | Mail::None, _) => {}
            }
            Ok(ControlFlow::Continue(()))
        })?;
        // Only now: what is held back anew would be taken for what was held back before.
        alerts::release(tx, self.now)?;
        later.into_iter().try_for_each(|(reader, part, due)| alerts::hold(tx, reader, part, due))?;
        Ok(deliveries)
    }

    fn mail(&mut self, reader: &Writable) -> store::Result<Mail> {
        let parts = self.parts(reader)?;
        if parts.is_empty() {
            return Ok(Mail::None);
        }
        let most = self.app.config.alerts.most_a_day;
        let since = self.now.checked_sub(DAY).unwrap_or(Timestamp::MIN);
        let room = alerts::mail_before(self.tx, reader.id, most, since)?
            .and_then(|before| before.min(self.now).checked_add(DAY).ok())
            .filter(|room| *room > self.now);
        let Some(room) = room else { return Ok(Mail::Now(parts)) };
        let left: Vec<Part> = parts.into_iter().filter(|part| !self.is_in_bulletin(reader, part)).collect();
        Ok(if left.is_empty() { Mail::None } else { Mail::Later(left, room) })
    }

    /// What is for a reader now.
    fn parts(&mut self, reader: &Writable) -> store::Result<Vec<Part>> {
        let mut parts = BTreeMap::new();
        if self.is_held {
            for held in alerts::held(self.tx, reader.id, self.now)? {
                let candidate = self.candidates.get(&held.story);
                let is_late = |one: &Candidate| held.news == News::Alert && one.told().news == News::End;
                if candidate.is_some_and(|one| !is_late(one)) {
                    parts.insert(held.story, held.news);
                }
            }
        }
        let wants: BTreeSet<StoryId> = self.wants(&reader.preferences).iter().copied().collect();
        for (id, candidate) in self.candidates {
            let last = if candidate.is_known { alerts::last_news(self.tx, reader.id, *id)? } else { None };
            let news = match last {
                None => (candidate.is_fresh && wants.contains(id)).then_some(News::Alert),
                Some(last) => Some(candidate.told().news).filter(|news| is_more(last, *news)),
            };
            parts.extend(news.map(|news| (*id, news)));
        }
        Ok(parts.into_iter().map(|(story, news)| Part { story, news }).collect())
    }

    fn wants(&mut self, preferences: &Preferences) -> &[StoryId] {
        if self.wishes.len() >= REMEMBERED {
            self.wishes.clear();
        }
        let candidates = self.candidates;
        self.wishes.entry(preferences.clone()).or_insert_with_key(|preferences| {
            let words = Words::of(&preferences.alerts);
            let wanted = |one: &Candidate| bulletin::wants_alert(preferences, &words, &one.pressing);
            candidates.iter().filter(|(_, one)| wanted(one)).map(|(id, _)| *id).collect()
        })
    }

    /// Whether the reader's bulletin brings it anyway. It knows of no updates, and of no ends.
    fn is_in_bulletin(&self, reader: &Writable, part: &Part) -> bool {
        let preferences = &reader.preferences;
        let Some(Candidate { item, .. }) = self.candidates.get(&part.story) else { return false };
        part.news == News::Alert
            && preferences.cadence != Cadence::Alert
            && self.app.config.cadences.contains_key(&preferences.cadence)
            && preferences.want(&item.section, &item.also_in, item.nature, item.severity)
    }
}

impl Candidate {
    fn told(&self) -> &AlertNews {
        const NOTHING: &AlertNews = &AlertNews { news: News::Alert, change: String::new() };
        self.item.alert.as_ref().unwrap_or(NOTHING)
    }
}

/// Whether that is news to somebody who was told the former last.
fn is_more(last: News, news: News) -> bool {
    match news {
        News::Alert => false,
        News::Update => true,
        News::End => last != News::End,
    }
}

/// What becomes of a reader's share.
enum Mail {
    None,
    Now(Vec<Part>),
    /// No room before then.
    Later(Vec<Part>, Timestamp),
}
