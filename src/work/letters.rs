//! Letters about a subscription itself: queued in the transaction that gives the reason for them, written when they are
//! sent. What is no longer true by then is not sent.

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{App, bounce::Paths, compose, consent, later, trace};
use crate::{
    clock::Clock,
    config::{Goodbye, Mailbox},
    mail::{self, List, Parts},
    model::{
        Delivery, EmailAddress, Letter, Preferences, RequestId, SitePath, SiteText, Subscriber, SubscriberId,
        SubscriberState,
    },
    render::{self, LetterFacts},
    store::{
        self, Tx,
        letters::{last, note},
        outbox::{self, NewLetter},
        requests, settings, subscribers,
    },
    token::{self, Purpose},
};

/// How long a link to confirm leads anywhere.
pub(super) const TO_CONFIRM: SignedDuration = SignedDuration::from_hours(48);
/// How long a link to go on, or to come back, leads anywhere.
pub(super) const TO_RENEW: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long the letter with that link is tried: whoever gets it late still has a day to press it.
const CONFIRMATION_EXPIRES: SignedDuration = SignedDuration::from_hours(24);
/// A reader is told of leaving once in so long, however often the bulletin is taken up and left again.
const ONE_GOODBYE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A letter that could not be delivered by then comes too late.
const EXPIRES: SignedDuration = SignedDuration::from_hours(48);
/// Under which name the page that answers a link stands.
pub const LEAVE_PATH: &str = "desabonnement";
pub const CONFIRM_PATH: &str = "confirmation";
pub const RENEW_PATH: &str = "renouvellement";
pub const PREFERENCES_PATH: &str = "preferences";
/// How many of the last messages a reader is told of.
const TRACED: u32 = 10;
/// Nobody gets a letter of one kind more often because a form was sent again: one an hour, three a day.
const ONE_AN_HOUR: SignedDuration = SignedDuration::from_hours(1);
const A_DAY: u32 = 3;
/// How long the link to all that is kept leads anywhere.
const TO_OWN: SignedDuration = SignedDuration::from_hours(48);

/// What a letter says besides, as its row keeps it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Particulars {
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<RequestId>,
    /// Until when its link is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<Question>,
}

/// What somebody asks of who runs the site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Where the answer goes.
    pub address: String,
    pub text: String,
    /// The page that it is about, if it is about one.
    pub about: Option<String>,
}

impl App {
    /// The key of the tokens of this installation's links. With it anybody could let readers go: it leaves the database
    /// only for the memory of this program.
    pub(super) fn token_key(&self) -> anyhow::Result<&[u8]> {
        const NAME: &str = "token-key";
        if let Some(key) = self.token_key.get() {
            return Ok(key);
        }
        let key = match self.store.read(|db| settings::get(db, NAME))? {
            Some(key) => key,
            None => {
                let mut fresh = [0; 32];
                getrandom::fill(&mut fresh)
                    .map_err(|error| anyhow::anyhow!("this machine has no randomness: {error}"))?;
                let hex: String = fresh.iter().map(|byte| format!("{byte:02x}")).collect();
                self.store.write_durably(|tx| settings::get_or_set(tx, NAME, &hex))?
            }
        };
        Ok(self.token_key.get_or_init(|| key.into_bytes()))
    }
}

/// Asks whether a wish is its person's.
pub(super) fn confirmation(app: &App, tx: &Tx, id: RequestId, to: &EmailAddress, now: Timestamp) -> store::Result<()> {
    let particulars = Particulars { request: Some(id), ..Particulars::default() };
    queue(app, tx, Letter::Confirmation, None, to, id.get(), particulars, now, CONFIRMATION_EXPIRES)
}

/// Tells a new reader what comes.
pub fn welcome(app: &App, tx: &Tx, to: SubscriberId, now: Timestamp) -> store::Result<()> {
    let Some(reader) = subscribers::get(tx, to)? else { return Ok(()) };
    note(tx, to, Letter::Welcome, now, None)?;
    queue(app, tx, Letter::Welcome, Some(to), &reader.address, to.get(), Particulars::default(), now, EXPIRES)
}

/// Tells a reader who leaves that this is done. Not told twice in a month, nor where nothing may be written.
pub(super) fn goodbye(app: &App, tx: &Tx, reader: &Subscriber, now: Timestamp) -> store::Result<()> {
    let recently = |last: Timestamp| now.duration_since(last) < ONE_GOODBYE;
    if app.config.letters.goodbye == Goodbye::LeftOut
        || subscribers::suppressed(tx, &reader.address)?.is_some()
        || last(tx, reader.id, Letter::Goodbye)?.is_some_and(recently)
    {
        return Ok(());
    }
    note(tx, reader.id, Letter::Goodbye, now, None)?;
    let particulars = Particulars { until: Some(later(now, TO_RENEW)), ..Particulars::default() };
    queue(app, tx, Letter::Goodbye, Some(reader.id), &reader.address, reader.id.get(), particulars, now, EXPIRES)
}

/// Asks a reader of long standing whether the bulletin is still wanted. Until when an answer is waited for.
pub(super) fn renewal(app: &App, tx: &Tx, reader: &Subscriber, now: Timestamp) -> store::Result<Timestamp> {
    let until = later(now, TO_RENEW);
    note(tx, reader.id, Letter::Renewal, now, Some(until))?;
    let particulars = Particulars { until: Some(until), ..Particulars::default() };
    let (to, id) = (&reader.address, reader.id);
    queue(app, tx, Letter::Renewal, Some(id), to, id.get(), particulars, now, EXPIRES)?;
    Ok(until)
}

/// Passes on to who runs the site what somebody asks there. `false`: there is nobody who could be written to.
pub(super) fn question(app: &App, tx: &Tx, number: i64, question: Question, now: Timestamp) -> store::Result<bool> {
    let Some(from) = &app.config.mail.from else { return Ok(false) };
    let particulars = Particulars { question: Some(question), ..Particulars::default() };
    queue(app, tx, Letter::Question, None, contact(app, &from.address), number, particulars, now, EXPIRES)?;
    Ok(true)
}

#[expect(clippy::too_many_arguments, reason = "one row, column by column")]
fn queue(
    app: &App,
    tx: &Tx,
    kind: Letter,
    subscriber: Option<SubscriberId>,
    address: &EmailAddress,
    subject: i64,
    particulars: Particulars,
    now: Timestamp,
    expires: SignedDuration,
) -> store::Result<()> {
    let domain = app.config.mail.from.as_ref().map_or("localhost", |from| from.address.domain());
    let mark = token::message_mark(&compose::message_key(tx)?, kind.as_str(), subject, now);
    let letter = NewLetter {
        kind,
        subscriber,
        address,
        particulars: &serde_json::to_string(&particulars).unwrap_or_default(),
        message_id: &format!("{mark}@{domain}"),
    };
    outbox::queue_letter(tx, &letter, now, later(now, expires))?;
    Ok(())
}

/// A letter as it goes out on the wire; `None` when nobody wants it any more: what it asks was answered, or what it
/// says is no longer so.
pub(super) fn bytes(
    app: &App,
    from: &Mailbox,
    delivery: &Delivery,
    kind: Letter,
    particulars: &str,
) -> anyhow::Result<Option<Vec<u8>>> {
    let about: Particulars = serde_json::from_str(particulars).context("what the letter is about cannot be read")?;
    if app.store.read(|db| subscribers::suppressed(db, &delivery.address))?.is_some() {
        return Ok(None);
    }
    let contact = contact(app, &from.address);
    match kind {
        Letter::Confirmation => {
            let Some(id) = about.request else { return Ok(None) };
            let kept = app.store.read(|db| requests::get(db, id))?;
            let now = app.clock.now();
            let Some(kept) = kept.filter(|kept| kept.confirmed.is_none() && now <= kept.wish.expires) else {
                return Ok(None);
            };
            let Ok(preferences) = consent::preferences(app, &kept.wish) else { return Ok(None) };
            let token = token::seal(app.token_key()?, Purpose::Confirm, id.get(), Some(kept.wish.expires));
            let Some(act) = link(app, CONFIRM_PATH, &token) else { return Ok(None) };
            let facts = LetterFacts {
                kind,
                address: &delivery.address,
                preferences: &preferences,
                agreed: &kept.wish.shown,
                since: kept.wish.asked,
                until: Some(kept.wish.expires),
                act: Some(&act),
                leave: None,
                from: &from.address,
                contact,
                rhythm: None,
                preferences_at: None,
                has_left: false,
                trace: &[],
            };
            Ok(Some(written(app, from, delivery, &facts, &[])?))
        }
        Letter::Question => match &about.question {
            Some(question) => asked(app, from, delivery, question).map(Some),
            None => Ok(None),
        },
        Letter::Welcome | Letter::Goodbye | Letter::Renewal | Letter::Access | Letter::Trace => {
            let Some(id) = delivery.subscriber else { return Ok(None) };
            let (reader, left, awaited) = app.store.read(|db| {
                let awaited = store::letters::until(db, id, Letter::Renewal)?;
                Ok((subscribers::get(db, id)?, subscribers::left_at(db, id)?, awaited))
            })?;
            let wanted = |reader: &Subscriber| match kind {
                Letter::Goodbye => reader.state == SubscriberState::Left,
                Letter::Renewal => reader.state == SubscriberState::Active && awaited == about.until,
                Letter::Access => true,
                Letter::Welcome | Letter::Confirmation | Letter::Trace | Letter::Question => {
                    reader.state == SubscriberState::Active
                }
            };
            let Some(reader) = reader.filter(wanted) else { return Ok(None) };
            let (path, purpose) = match kind {
                Letter::Access => (PREFERENCES_PATH, Purpose::Own),
                _ => (RENEW_PATH, Purpose::Renew),
            };
            let act = match about.until {
                Some(until) => link(app, path, &token::seal(app.token_key()?, purpose, id.get(), Some(until))),
                None => None,
            };
            if matches!(kind, Letter::Renewal | Letter::Access) && act.is_none() {
                return Ok(None);
            }
            let has_left = reader.state == SubscriberState::Left;
            let leave = if has_left { Vec::new() } else { links(app, Some(id), &from.address) };
            let preferences_at = preferences_link(app, id)?;
            let trace = match kind {
                Letter::Trace => trace::told(app, &reader.address, delivery.id, TRACED)?,
                _ => Vec::new(),
            };
            let facts = LetterFacts {
                kind,
                address: &delivery.address,
                preferences: &reader.preferences,
                agreed: &reader.consent.what,
                since: left.filter(|_| kind == Letter::Goodbye).unwrap_or(reader.consent.when),
                until: about.until,
                act: act.as_deref(),
                leave: leave.first().map(String::as_str),
                from: &from.address,
                contact,
                rhythm: app.config.cadences.get(&reader.preferences.cadence),
                preferences_at: preferences_at.as_deref(),
                has_left,
                trace: &trace,
            };
            Ok(Some(written(app, from, delivery, &facts, &leave)?))
        }
    }
}

/// Where a reader changes what he chose; none, where nobody answers there.
fn preferences_link(app: &App, id: SubscriberId) -> anyhow::Result<Option<String>> {
    Ok(link(app, PREFERENCES_PATH, &token::seal(app.token_key()?, Purpose::Preferences, id.get(), None)))
}

/// The same, for the foot of a bulletin; empty where there is none.
pub(super) fn choices_link(app: &App, subscriber: Option<SubscriberId>) -> String {
    let link = subscriber.map_or(Ok(None), |id| preferences_link(app, id));
    let link = link.inspect_err(|error| tracing::error!("no link to choices: {error:#}"));
    link.ok().flatten().unwrap_or_default()
}

/// Writes a letter that a reader asked for, unless one of its kind left within the hour, or three within the day. Whether it
/// leaves.
pub(super) fn asked_for(app: &App, tx: &Tx, kind: Letter, reader: &Subscriber, now: Timestamp) -> store::Result<bool> {
    let last = store::letters::last(tx, reader.id, kind)?;
    let day = later(now, EXPIRES - SignedDuration::from_hours(24));
    if last.is_some_and(|last| last <= now && now.duration_since(last) < ONE_AN_HOUR)
        || outbox::count_letters(tx, kind, reader.id, day)? >= A_DAY
    {
        return Ok(false);
    }
    note(tx, reader.id, kind, now, None)?;
    let (to, id) = (&reader.address, reader.id);
    let until = (kind == Letter::Access).then(|| later(now, TO_OWN));
    queue(app, tx, kind, Some(id), to, id.get(), Particulars { until, ..Particulars::default() }, now, EXPIRES)?;
    Ok(true)
}

/// A question as it goes out: an answer to it goes to who asked.
fn asked(app: &App, from: &Mailbox, delivery: &Delivery, question: &Question) -> anyhow::Result<Vec<u8>> {
    let facts =
        render::QuestionFacts { address: &question.address, text: &question.text, about: question.about.as_deref() };
    let mail = render::question_mail(&app.templates, &app.config.site, &facts)?;
    Ok(mail::build(&Parts {
        from,
        to: &delivery.address,
        reply_to: EmailAddress::parse(&question.address).ok().as_ref(),
        subject: &mail.subject,
        text: &mail.text,
        html: &mail.html,
        date: Clock::System.now(),
        zone: &app.config.site.zone,
        message_id: &delivery.message_id,
        list: None,
    })?)
}

/// Letters to readers belong to the list that they read; one to somebody who is no reader belongs to none.
fn written(
    app: &App,
    from: &Mailbox,
    delivery: &Delivery,
    facts: &LetterFacts<'_>,
    leave: &[String],
) -> anyhow::Result<Vec<u8>> {
    let letter = render::letter_mail(&app.templates, &app.config.site, app.rules.sections(), facts)?;
    let (id, help) = (list_id(facts.preferences, from), help(app));
    let list = List {
        id: &id,
        name: &app.config.site.name,
        unsubscribe: leave,
        archive: app.config.site.url.as_ref().map(url::Url::as_str),
        help: help.as_deref(),
    };
    Ok(mail::build(&Parts {
        from,
        to: facts.address,
        reply_to: app.config.mail.reply_to.as_ref(),
        subject: &letter.subject,
        text: &letter.text,
        html: &letter.html,
        date: Clock::System.now(),
        zone: &app.config.site.zone,
        message_id: &delivery.message_id,
        list: Some(&list).filter(|_| !leave.is_empty()),
    })?)
}

fn list_id(preferences: &Preferences, from: &Mailbox) -> String {
    format!("{}.{}", preferences.cadence.name(), from.address.domain())
}

/// How a subscriber leaves: an `https:` address where one is answered, and a `mailto:` one, in this order.
pub fn leave_links(app: &App, subscriber: SubscriberId) -> Vec<String> {
    match &app.config.mail.from {
        Some(from) => links(app, Some(subscriber), &from.address),
        None => Vec::new(),
    }
}

pub(super) fn links(app: &App, subscriber: Option<SubscriberId>, from: &EmailAddress) -> Vec<String> {
    let settings = &app.config.mail;
    // One that says who leaves, from whatever account he writes; where nothing reads what comes back, a person's.
    let own = subscriber.filter(|_| settings.unsubscribe.is_none()).and_then(|id| {
        let paths = Paths::of(app).inspect_err(|error| tracing::error!("no address to leave at: {error}")).ok()?;
        paths.leave(id)
    });
    let leave = own.as_ref().or(settings.unsubscribe.as_ref()).or(settings.reply_to.as_ref()).unwrap_or(from);
    let https = subscriber.filter(|_| app.config.answered_at().is_some()).and_then(|id| {
        let key = app.token_key().inspect_err(|error| tracing::error!("no link to leave: {error:#}")).ok()?;
        link(app, LEAVE_PATH, &token::seal(key, Purpose::Leave, id.get(), None))
    });
    https.into_iter().chain([format!("mailto:{leave}?subject=STOP")]).collect()
}

/// Where readers are told who writes to them and what becomes of their address (RFC 2369 3.1).
pub(super) fn help(app: &App) -> Option<String> {
    let url = app.config.site.url.as_ref()?.as_str();
    Some(format!("{}/{}", url.trim_end_matches('/'), SitePath::Text(SiteText::About)))
}

fn link(app: &App, path: &str, token: &str) -> Option<String> {
    Some(format!("{}{path}/{token}", app.config.answered_at()?))
}

/// To whom a question is written.
pub fn contact<'a>(app: &'a App, from: &'a EmailAddress) -> &'a EmailAddress {
    app.config.mail.reply_to.as_ref().unwrap_or(from)
}
