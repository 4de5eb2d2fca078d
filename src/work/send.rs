//! Empties the outbox.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::sync::mpsc;

use super::{
    App,
    letter::{Editions, Letter, sender},
    letters,
};
use crate::{
    config::Mailbox,
    mail::{self, Dot, Envelope, Mailer, Outcome},
    model::{Delivery, DeliveryId, DeliveryState, Doubt, EmailAddress, Matter, SmtpReply, mask_addresses},
    store::{
        self, Db,
        outbox::{self, Attempt},
        settings, subscribers,
    },
};

/// How long a sender may keep a delivery before it is anybody's again.
const LEASE: SignedDuration = SignedDuration::from_mins(15);
/// Results are committed in groups of at most that many.
const GROUP: usize = 100;
/// After a connection that broke behind the final dot, nobody knows whether the message was taken (RFC 1047): it is
/// sent again once, after this time and under the same Message-ID.
const AMBIGUOUS: SignedDuration = SignedDuration::from_mins(30);
/// So many failures in a row that are not one reader's are the relay's: the run stops, and the rest stays due.
const RELAY: u32 = 5;

/// Why the last run stopped before its end; '' when it did not.
const TROUBLE: &str = "relay-trouble";

/// What a run of the sender did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    pub sent: usize,
    /// Refused for now: due again later.
    pub deferred: usize,
    /// Refused for good.
    pub failed: usize,
    /// No longer wanted: the reader left.
    pub cancelled: usize,
    /// What the other side said of those that were refused, with how often.
    pub refusals: BTreeMap<String, usize>,
    /// Why the sender stopped before the end, if it did. What was left stays due.
    pub trouble: Option<String>,
    /// Another process is sending: nothing was done.
    pub busy: bool,
}

impl Report {
    pub fn complete(&self) -> bool {
        self.deferred + self.failed == 0 && self.trouble.is_none()
    }
}

/// One message, ready to go.
struct Ready {
    delivery: Delivery,
    bytes: Vec<u8>,
    /// Whether a connection broke on it in this run, before anything was handed over.
    broke: bool,
}

/// Which deliveries are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those whose time has come.
    Due,
    /// Also those that were refused and wait for their next try.
    Waiting,
}

/// Sends. `progress` hears how many messages went out.
pub async fn send(app: &App, which: Which, progress: &(dyn Fn(usize) + Sync)) -> anyhow::Result<Report> {
    let Some(_alone) = app.alone("send")? else { return Ok(Report { busy: true, ..Report::default() }) };
    if which == Which::Waiting {
        app.store.write_durably(|tx| outbox::hasten(tx, app.clock.now()))?;
    }
    // Alone on this machine: whoever claimed those is dead. What it sent and could not record goes out twice.
    app.store.write_durably(|tx| outbox::release(tx, app.clock.now()))?;
    let mut report = Report::default();
    let mut editions = Editions::default();
    let mut mailer = None;
    while !app.stop.is_cancelled() {
        let now = app.clock.now();
        let until = now.checked_add(LEASE).unwrap_or(Timestamp::MAX);
        let claimed = app.store.write_durably(|tx| outbox::claim(tx, GROUP as u32, now, until))?;
        if claimed.is_empty() {
            break;
        }
        let from = match sender(app) {
            Ok(from) => from,
            Err(error) => {
                give_back(app, claimed.iter().map(|d| d.id))?;
                return Err(error);
            }
        };
        let mailer = match &mailer {
            Some(mailer) => mailer,
            None => &*mailer.insert(Mailer::new(&app.config.mail.transport)?),
        };
        let ready = prepare(app, from, &mut editions, claimed, &mut report)?;
        batch(app, mailer, from, ready, &mut report, progress).await?;
        if report.trouble.is_some() {
            break;
        }
    }
    let trouble = report.trouble.clone().unwrap_or_default();
    let known = app.store.read(|db| settings::get(db, TROUBLE))?.unwrap_or_default();
    if known != trouble {
        app.store.write(|tx| settings::set(tx, TROUBLE, &trouble))?;
    }
    Ok(report)
}

/// Whether there is something to send, or to say of the relay.
pub(super) fn is_due(db: &Db, now: Timestamp) -> store::Result<bool> {
    let trouble = settings::get(db, TROUBLE)?.is_some_and(|trouble| !trouble.is_empty());
    Ok(trouble || outbox::is_due(db, now)?)
}

/// Renders the messages; sets aside those that nobody wants any more, or that cannot be written.
fn prepare(
    app: &App,
    from: &Mailbox,
    editions: &mut Editions,
    claimed: Vec<Delivery>,
    report: &mut Report,
) -> anyhow::Result<VecDeque<Ready>> {
    let now = app.clock.now();
    let mut ready = VecDeque::with_capacity(claimed.len());
    for delivery in claimed {
        let (state, due, text) = match bytes(app, from, editions, &delivery, now) {
            Ok(Letters::Ready(bytes)) => {
                ready.push_back(Ready { delivery, bytes, broke: false });
                continue;
            }
            Ok(Letters::Unwanted(why)) => (DeliveryState::Cancelled, now, why.to_owned()),
            Ok(Letters::Expired) => (DeliveryState::Failed, now, String::from("given up: too old")),
            // One edition that cannot be written keeps no other from its readers.
            Err(error) => (DeliveryState::Deferred, later(now, AMBIGUOUS), format!("cannot be written: {error:#}")),
        };
        let reply = SmtpReply { code: 0, enhanced: None, text };
        let attempt = Attempt { delivery: delivery.id, at: now, state, tried: state, due, reply };
        app.store.write_durably(|tx| outbox::record(tx, &attempt))?;
        count(report, &attempt);
    }
    Ok(ready)
}

/// What there is to send of a delivery.
enum Letters {
    Ready(Vec<u8>),
    Unwanted(&'static str),
    Expired,
}

fn bytes(
    app: &App,
    from: &Mailbox,
    editions: &mut Editions,
    delivery: &Delivery,
    now: Timestamp,
) -> anyhow::Result<Letters> {
    if now > delivery.expires {
        return Ok(Letters::Expired);
    }
    if let Matter::Letter { kind, particulars } = &delivery.matter {
        let bytes = letters::bytes(app, from, delivery, *kind, particulars)?;
        return Ok(bytes.map_or(Letters::Unwanted("it is no longer wanted"), Letters::Ready));
    }
    let reader = app.store.read(|db| {
        let closed = subscribers::is_closed(db, &delivery.address)?;
        let reader = delivery.subscriber.map(|id| subscribers::get(db, id)).transpose()?.flatten();
        Ok(reader.filter(|_| !closed))
    })?;
    let (Some(reader), Matter::Bulletin(bulletin)) = (reader, &delivery.matter) else {
        return Ok(Letters::Unwanted("its reader left"));
    };
    let Some(edition) = editions.get(app, *bulletin, &reader.preferences)? else {
        return Ok(Letters::Unwanted("nothing of it is wanted any more"));
    };
    let letter = Letter {
        edition,
        to: &delivery.address,
        preferences: &reader.preferences,
        consent: &reader.consent,
        subscriber: Some(reader.id),
        message_id: &delivery.message_id,
    };
    Ok(Letters::Ready(letter.bytes(app, from)?))
}

/// Sends one claimed group over as many connections as are allowed, and commits the results as they come.
async fn batch(
    app: &App,
    mailer: &Mailer,
    from: &Mailbox,
    ready: VecDeque<Ready>,
    report: &mut Report,
    progress: &(dyn Fn(usize) + Sync),
) -> anyhow::Result<()> {
    let connections = mailer.connections().clamp(1, ready.len().max(1));
    let queue = Mutex::new(ready);
    let relay = Relay::default();
    // One place: a worker waits for its result to be taken before it begins the next message.
    let (results, inbox) = mpsc::channel::<Attempt>(1);
    let workers = (0..connections).map(|_| worker(app, mailer, &from.address, &queue, &relay, results.clone()));
    let workers = join_all(workers.collect::<Vec<_>>());
    drop(results);
    let collector = async {
        // Closed when recording fails: nothing more is sent that could not be remembered.
        let mut inbox = inbox;
        let mut group = Vec::with_capacity(GROUP);
        while inbox.recv_many(&mut group, GROUP).await > 0 {
            app.store.write_durably(|tx| group.iter().try_for_each(|attempt| outbox::record(tx, attempt)))?;
            for attempt in group.drain(..) {
                count(report, &attempt);
                progress(report.sent);
            }
        }
        anyhow::Ok(())
    };
    let (_, collected) = tokio::join!(workers, collector);
    collected?;
    let left = queue.into_inner().unwrap_or_else(PoisonError::into_inner);
    let stopped = !left.is_empty();
    give_back(app, left.iter().map(|ready| ready.delivery.id))?;
    // A relay that takes fewer connections than it was offered is no trouble: all went out.
    let gave_up = relay.failures.load(Ordering::Relaxed) >= RELAY;
    report.trouble = relay.trouble().filter(|_| stopped || gave_up);
    Ok(())
}

/// How the relay fares, as all connections see it.
#[derive(Default)]
struct Relay {
    trouble: Mutex<Option<String>>,
    /// Failures in a row that are not one reader's.
    failures: AtomicU32,
}

impl Relay {
    fn note(&self, cause: String) {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(cause);
    }

    fn trouble(self) -> Option<String> {
        self.trouble.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of an outcome; `true` when the relay is no longer to be asked.
    fn gives_up(&self, outcome: &Outcome) -> bool {
        let (Outcome::Failed(reply) | Outcome::Lost(reply, _)) = outcome else {
            self.failures.store(0, Ordering::Relaxed);
            return false;
        };
        if mail::blames_reader(reply) {
            self.failures.store(0, Ordering::Relaxed);
            return false;
        }
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if failures >= RELAY {
            self.note(format!("{failures} failures in a row: {}", mask_addresses(&reply.to_string())));
        }
        failures >= RELAY
    }
}

/// One connection: opened anew when it breaks, given up when it cannot be opened.
async fn worker(
    app: &App,
    mailer: &Mailer,
    from: &EmailAddress,
    queue: &Mutex<VecDeque<Ready>>,
    relay: &Relay,
    results: mpsc::Sender<Attempt>,
) {
    let queue = || queue.lock().unwrap_or_else(PoisonError::into_inner);
    let mut session = None;
    while !app.stop.is_cancelled() && !results.is_closed() {
        let Some(mut ready) = queue().pop_front() else { break };
        // Whoever left since the message was written gets nothing.
        if !matches!(app.store.read(|db| outbox::is_claimed(db, ready.delivery.id)), Ok(true)) {
            continue;
        }
        let open = match session.take() {
            Some(open) => Ok(open),
            None => mailer.open().await,
        };
        let mut open = match open {
            Ok(open) => open,
            Err(error) => {
                queue().push_front(ready);
                relay.note(error.to_string());
                break;
            }
        };
        let outcome = open.send(&Envelope { from, to: &ready.delivery.address }, &ready.bytes).await;
        if open.usable() {
            session = Some(open);
        }
        if matches!(outcome, Outcome::Lost(_, Dot::Before)) && !std::mem::replace(&mut ready.broke, true) {
            // A relay may close a connection that it has had enough of: once, that is nobody's failure.
            queue().push_front(ready);
            continue;
        }
        let stop = relay.gives_up(&outcome);
        let attempt = judge(&ready.delivery, outcome, app.clock.now());
        if results.send(attempt).await.is_err() || stop {
            break;
        }
    }
    if let Some(open) = session {
        open.quit().await;
    }
}

fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// What an outcome makes of a delivery.
fn judge(delivery: &Delivery, outcome: Outcome, now: Timestamp) -> Attempt {
    let seed = u64::try_from(delivery.id.get()).unwrap_or(0);
    let retry = mail::retry_delay(delivery.attempts + 1, seed)
        .and_then(|wait| SignedDuration::try_from(wait).ok())
        .map(|wait| later(now, wait))
        .filter(|due| *due < delivery.expires);
    let again = match retry {
        Some(due) => (DeliveryState::Deferred, due),
        None => (DeliveryState::Failed, now),
    };
    let ((state, due), reply) = match outcome {
        Outcome::Sent(reply) => ((DeliveryState::Sent, now), reply),
        Outcome::Failed(reply) if mail::blames_reader(&reply) => ((DeliveryState::Failed, now), reply),
        // Refused for what we are, not for who is written to: that can be mended, and the bulletin still go out.
        Outcome::Failed(reply) | Outcome::Retry(reply) | Outcome::Lost(reply, Dot::Before) => (again, reply),
        Outcome::Lost(reply, Dot::After) => {
            let stands = match delivery.doubt {
                Doubt::None => (DeliveryState::Deferred, later(now, AMBIGUOUS)),
                Doubt::MayHaveArrived => (DeliveryState::Ambiguous, now),
            };
            let tried = DeliveryState::AtData;
            return Attempt { delivery: delivery.id, at: now, state: stands.0, tried, due: stands.1, reply };
        }
    };
    Attempt { delivery: delivery.id, at: now, state, tried: state, due, reply }
}

fn count(report: &mut Report, attempt: &Attempt) {
    match attempt.state {
        DeliveryState::Sent => report.sent += 1,
        DeliveryState::Deferred => report.deferred += 1,
        DeliveryState::Cancelled => report.cancelled += 1,
        _ => report.failed += 1,
    }
    if attempt.state != DeliveryState::Sent {
        let reply = mask_addresses(&attempt.reply.to_string());
        *report.refusals.entry(reply).or_default() += 1;
    }
}

fn give_back(app: &App, ids: impl Iterator<Item = DeliveryId>) -> anyhow::Result<()> {
    let ids: Vec<DeliveryId> = ids.collect();
    if !ids.is_empty() {
        let now = app.clock.now();
        app.store.write_durably(|tx| ids.iter().try_for_each(|id| outbox::unclaim(tx, *id, now)))?;
    }
    Ok(())
}
