//! What readers do about their own subscription on the site: choose, pause, see what is kept, ask for a link or for what became
//! of their bulletins. Whoever holds a link got it by mail; of an address that somebody types, nothing is ever told but to it.

use anyhow::Context;
use jiff::{Timestamp, ToSpan, civil::Date};
use serde::Serialize;

use super::{
    App, consent, letters, site,
    subscribe::{self, Request},
    trace::{self, Trace},
};
use crate::{
    bulletin::Item,
    model::{Consent, EmailAddress, Letter, Preferences, Selection, Subscriber, SubscriberId, SubscriberState},
    store::{
        requests, stories,
        subscribers::{self, Added},
    },
    token::{self, Purpose},
};

/// How long a pause may be.
const LONGEST_PAUSE: i32 = 366;
/// Of the last week, so many stories are looked through and shown.
const LOOKED_THROUGH: u32 = 500;
const PREVIEWED: usize = 15;
/// A form that comes back sooner was not filled in by a person; after a day it is shown anew.
const FASTEST: jiff::SignedDuration = jiff::SignedDuration::from_secs(2);
const SLOWEST: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// Whom a link to choices stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    Reader(Box<Subscriber>),
    Left,
    /// Of a person of whom nothing is kept.
    Unknown,
    Forged,
}

/// Reads the token of such a link.
///
/// # Errors
/// Of the database.
pub fn holder(app: &App, token: &str) -> anyhow::Result<Holder> {
    let Ok(opened) = token::open(app.token_key()?, Purpose::Preferences, token) else { return Ok(Holder::Forged) };
    let reader = app.store.read(|db| subscribers::get(db, SubscriberId::new(opened.subject)))?;
    Ok(match reader {
        None => Holder::Unknown,
        Some(reader) if reader.state == SubscriberState::Left => Holder::Left,
        Some(reader) => Holder::Reader(Box::new(reader)),
    })
}

/// A stamp for a form that is shown now.
///
/// # Errors
/// Of the database.
pub fn stamp(app: &App) -> anyhow::Result<String> {
    Ok(token::seal(app.token_key()?, Purpose::Form, app.clock.now().as_millisecond(), None))
}

/// Whether a form with this stamp was filled in at the pace of a person, within a day.
///
/// # Errors
/// Of the database.
pub fn is_in_time(app: &App, stamp: &str) -> anyhow::Result<bool> {
    let Ok(opened) = token::open(app.token_key()?, Purpose::Form, stamp) else { return Ok(false) };
    let shown = Timestamp::from_millisecond(opened.subject).unwrap_or(Timestamp::MAX);
    let age = app.clock.now().duration_since(shown);
    Ok(age >= FASTEST && age <= SLOWEST)
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

/// Asks for confirmation by mail; a reader gets the link to his choices instead. To whoever sent the form, all is one: this
/// runs when he has his answer.
pub fn subscribe(app: &App, request: &Request) {
    let done = match consent::invite(app, request) {
        Ok(consent::Invited::Subscribed(id)) => by_mail(app, Letter::Access, id),
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    };
    told(done);
}

/// Sends a letter to the one who reads at this address, if anybody does. As [`subscribe`], it runs behind the answer.
pub fn send(app: &App, letter: Letter, address: &EmailAddress) {
    let found = app.store.read(|db| subscribers::find(db, address)).map_err(anyhow::Error::from);
    told(found.and_then(|reader| reader.map_or(Ok(()), |reader| by_mail(app, letter, reader.id))));
}

fn by_mail(app: &App, letter: Letter, id: SubscriberId) -> anyhow::Result<()> {
    let now = app.clock.now();
    app.store.write_durably(|tx| {
        let reader = subscribers::get(tx, id)?.filter(|reader| reader.state == SubscriberState::Active);
        reader.map_or(Ok(false), |reader| letters::asked_for(app, tx, letter, &reader, now))
    })?;
    Ok(())
}

/// No address is in the log.
fn told(done: anyhow::Result<()>) {
    if let Err(error) = done {
        tracing::error!(
            "what a form asked for could not be done: {}",
            crate::model::mask_addresses(&format!("{error:#}"))
        );
    }
}

/// Changes what a reader chose. The words that he agreed to with it are kept. `false`: nothing changed, since the address is not
/// written to any more.
///
/// # Errors
/// Of the database, or of choices that were not looked at by [`wish`].
pub fn change(app: &App, reader: &Subscriber, request: &Request) -> anyhow::Result<bool> {
    let request = Request { email: reader.address.to_string(), ..request.clone() };
    let (_, agreed) = wish(app, &request).map_err(anyhow::Error::msg)?;
    let request = Request { consent_what: agreed, consent_how: String::from("choix changés sur le site"), ..request };
    Ok(matches!(subscribe::add(app, &request)?, Added::New(_) | Added::Changed(_)))
}

/// Sends nothing until that day, at most a year ahead. What is frozen before it is never sent: who comes back from three weeks away
/// wants what is new, and the rest is on the site. `false`, and nothing changes: the day is not ahead.
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
    app.store.write_durably(|tx| subscribers::pause(tx, reader.id, until, now))?;
    Ok(true)
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

/// What somebody with these choices would have had in the last week, the newest first, and how many they were.
///
/// # Errors
/// Of the database.
pub fn preview(app: &App, preferences: &Preferences) -> anyhow::Result<(Vec<Item>, usize)> {
    let since = app.clock.now().checked_sub(jiff::SignedDuration::from_hours(7 * 24)).unwrap_or(Timestamp::MIN);
    Ok(app.store.read(|db| {
        let mut wanted = stories::shown(db, &Selection::All, None, LOOKED_THROUGH)?;
        wanted.retain(|story| {
            story.first_seen >= since && preferences.want(&story.section, &story.also, story.nature, story.severity)
        });
        let count = wanted.len();
        wanted.truncate(PREVIEWED);
        Ok((site::items(app, db, &wanted)?, count))
    })?)
}
