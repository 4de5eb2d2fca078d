//! What readers do about their own subscription on the site: choose, pause, see what is kept. Whoever holds a link got it by mail.

use anyhow::Context;
use jiff::{Timestamp, ToSpan, civil::Date};
use serde::Serialize;

use super::{
    App, alert, consent, site,
    subscribe::{self, Request},
    trace::{self, Trace},
};
use crate::{
    bulletin::{Item, Words},
    model::{Cadence, Consent, Letter, Preferences, Selection, Subscriber, SubscriberId, SubscriberState},
    render,
    store::{self, Db, erasures, letters as written, requests, stories, subscribers, suppressions},
    token::{self, Purpose},
};

/// How long a pause may be.
const LONGEST_PAUSE: i32 = 366;
/// Of the last week, so many stories are looked through and shown.
const LOOKED_THROUGH: u32 = 500;
const PREVIEWED: usize = 15;

/// Whom a link to choices stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// One who reads, or who left: something is kept of both.
    Person(Box<Subscriber>, Scope),
    /// Of a person of whom nothing is kept.
    Unknown,
    /// It leads to all that is kept, and its time has passed.
    Expired,
    Forged,
}

/// What the holder of a link may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// See and change the choices, pause, leave: the link stands in each bulletin, and bulletins are passed on.
    Choices,
    /// Also see all that is kept, and have it erased: the link came by itself a short while ago.
    All,
}

/// Reads the token of such a link.
///
/// # Errors
/// Of the database.
pub fn holder(app: &App, token: &str) -> anyhow::Result<Holder> {
    let key = app.token_key()?;
    let (opened, scope) = match token::open(key, Purpose::Own, token) {
        Ok(opened) if opened.expires.is_none() || opened.has_expired(app.clock.now()) => return Ok(Holder::Expired),
        Ok(opened) => (opened, Scope::All),
        Err(_) => match token::open(key, Purpose::Preferences, token) {
            Ok(opened) => (opened, Scope::Choices),
            Err(_) => return Ok(Holder::Forged),
        },
    };
    let reader = app.store.read(|db| subscribers::get(db, SubscriberId::new(opened.subject)))?;
    Ok(match reader {
        None => Holder::Unknown,
        // Of the person only a number stays.
        Some(person) if erasures::is_erased(&person.address) => Holder::Unknown,
        Some(person) => Holder::Person(Box::new(person), scope),
    })
}

/// Looks at what a form asks for; the words that would be agreed to.
///
/// # Errors
/// What is wrong with it, for programs: a form says it in French, field by field.
pub fn wish(app: &App, request: &Request) -> Result<(Preferences, String), String> {
    let now = app.clock.now();
    let request = Request { consent_what: String::from("demande"), ..request.clone() };
    let checked = subscribe::check(app, &request, Some(now), now)?;
    let shown = consent::agreement(app, &checked.preferences);
    Ok((checked.preferences, shown))
}

/// Changes what a reader chose, which answers a renewal that waits; what he agreed to stays what it was. `false`: nothing changed,
/// since the address is not written to any more.
///
/// # Errors
/// Of the database, or of choices that were not looked at by [`wish`].
pub fn change(app: &App, reader: &Subscriber, request: &Request) -> anyhow::Result<bool> {
    let request = Request { email: reader.address.to_string(), ..request.clone() };
    let (preferences, _) = wish(app, &request).map_err(anyhow::Error::msg)?;
    Ok(app.store.write_durably(|tx| {
        // Who left meanwhile, or had all erased, is not brought back.
        let Some(reader) = active(tx, reader.id)? else { return Ok(false) };
        if suppressions::get(tx, &reader.address)?.is_some() {
            return Ok(false);
        }
        subscribers::choose(tx, reader.id, &preferences)?;
        written::settle(tx, reader.id, Letter::Renewal)?;
        Ok(true)
    })?)
}

fn active(db: &Db, id: SubscriberId) -> store::Result<Option<Subscriber>> {
    Ok(subscribers::get(db, id)?.filter(|reader| reader.state == SubscriberState::Active))
}

/// Sends nothing until that day, at most a year ahead. What is frozen before it is never sent: who comes back from three weeks away
/// wants what is new, and the rest is on the site. `false`, and nothing changes: the day is not ahead, or the reader left.
///
/// # Errors
/// Of the database.
pub fn pause(app: &App, reader: &Subscriber, until: Date) -> anyhow::Result<bool> {
    let now = app.clock.now();
    let zone = &app.config.site.zone;
    let today = zone.to_datetime(now).date();
    if until <= today {
        return Ok(false);
    }
    let latest = today.saturating_add(LONGEST_PAUSE.days());
    let until = until.min(latest).to_zoned(zone.clone()).context("no such day")?.timestamp();
    Ok(app.store.write_durably(|tx| match active(tx, reader.id)? {
        Some(reader) => subscribers::pause(tx, reader.id, until, now).map(|()| true),
        None => Ok(false),
    })?)
}

/// Ends a pause.
///
/// # Errors
/// Of the database.
pub fn resume(app: &App, reader: &Subscriber) -> anyhow::Result<()> {
    let now = app.clock.now();
    Ok(app.store.write_durably(|tx| subscribers::pause(tx, reader.id, Timestamp::UNIX_EPOCH, now))?)
}

/// The day on which a pause ends, where there is one.
///
/// # Errors
/// Of the database.
pub fn paused_until(app: &App, reader: &Subscriber) -> anyhow::Result<Option<Date>> {
    let until = app.store.read(|db| subscribers::paused_until(db, reader.id))?;
    let until = until.filter(|until| *until > app.clock.now());
    Ok(until.map(|until| app.config.site.zone.to_datetime(until).date()))
}

/// All that is kept of a reader.
#[derive(Debug, Serialize)]
pub struct Kept {
    pub subscriber: Subscriber,
    /// Oldest first.
    pub consents: Vec<Consent>,
    /// What was asked for and confirmed by a link, oldest first.
    pub requests: Vec<KeptRequest>,
    pub paused_until: Option<Date>,
    /// What was sent, and what the other side said.
    pub trace: Option<Trace>,
}

/// A wish that became a subscription.
#[derive(Debug, Serialize)]
pub struct KeptRequest {
    /// As the form stated it.
    pub wishes: serde_json::Value,
    /// The words that were agreed to, and their version.
    pub shown: String,
    pub version: String,
    pub how: String,
    pub asked: Timestamp,
    pub confirmed: Option<Timestamp>,
}

/// GDPR 15 and 20.
///
/// # Errors
/// Of the database.
pub fn export(app: &App, reader: &Subscriber) -> anyhow::Result<Kept> {
    let asked = app.store.read(|db| requests::of(db, reader.id))?;
    let asked = asked.into_iter().map(|kept| KeptRequest {
        wishes: serde_json::from_str(&kept.wish.wishes).unwrap_or_default(),
        shown: kept.wish.shown,
        version: kept.wish.version,
        how: kept.wish.how,
        asked: kept.wish.asked,
        confirmed: kept.confirmed,
    });
    Ok(Kept {
        requests: asked.collect(),
        subscriber: reader.clone(),
        consents: app.store.read(|db| subscribers::consents(db, reader.id))?,
        paused_until: paused_until(app, reader)?,
        trace: trace::trace(app, &reader.address, 1_000)?,
    })
}

/// What somebody with these choices would have had in the last seven days: in bulletins, or where these are not wanted, as alerts.
#[derive(Debug, Clone, Default)]
pub struct Preview {
    /// The first of them, the newest first.
    pub items: Vec<Item>,
    pub count: usize,
    /// There may be more than were counted.
    pub is_cut: bool,
}

impl<'a> From<&'a Preview> for render::PreviewFacts<'a> {
    fn from(preview: &'a Preview) -> Self {
        Self { items: &preview.items, count: preview.count, is_cut: preview.is_cut }
    }
}

/// # Errors
/// Of the database.
pub fn preview(app: &App, preferences: &Preferences) -> anyhow::Result<Preview> {
    let since = app.clock.now().checked_sub(jiff::SignedDuration::from_hours(7 * 24)).unwrap_or(Timestamp::MIN);
    Ok(app.store.read(|db| {
        let recent = stories::shown(db, &Selection::All, None, LOOKED_THROUGH)?;
        let is_cut =
            recent.len() >= LOOKED_THROUGH as usize && recent.last().is_some_and(|last| last.first_seen >= since);
        let words = Words::of(&preferences.alerts);
        let mut wanted = Vec::new();
        for story in recent.into_iter().filter(|story| story.first_seen >= since) {
            let is_wanted = match preferences.cadence {
                Cadence::Alert => alert::would_go(app, db, &story, preferences, &words)?,
                _ => preferences.want(&story.section, &story.also, story.nature, story.severity),
            };
            if is_wanted {
                wanted.push(story);
            }
        }
        let count = wanted.len();
        wanted.truncate(PREVIEWED);
        Ok(Preview { items: site::items(app, db, &wanted)?, count, is_cut })
    })?)
}
