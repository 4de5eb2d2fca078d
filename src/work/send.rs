//! Empties the outbox.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Mutex,
};

use anyhow::Context;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::sync::mpsc;

use super::{
    App,
    letter::{Editions, Letter, sender},
};
use crate::{
    config::Mailbox,
    mail::{self, Dot, Envelope, Mailer, Outcome},
    model::{Delivery, DeliveryId, DeliveryState, EmailAddress, SmtpReply, SubscriberState},
    store::{
        outbox::{self, Attempt},
        settings, subscribers,
    },
};

/// How long a sender may keep a delivery before it is anybody's again.
const LEASE: SignedDuration = SignedDuration::from_mins(15);
/// Results are committed in groups of at most that many.
const GROUP: usize = 100;
/// After a connection that broke behind the final dot, nobody knows whether the message was taken (RFC 1047): it is
/// sent again after this time, under the same Message-ID.
const AMBIGUOUS: SignedDuration = SignedDuration::from_mins(30);

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
}

/// Sends what is due. `progress` hears how many messages went out.
pub async fn send(app: &App, progress: &(dyn Fn(usize) + Sync)) -> anyhow::Result<Report> {
    let Some(_alone) = app.alone("send")? else { return Ok(Report { busy: true, ..Report::default() }) };
    // Alone on this machine: whoever claimed those is dead, and did not send them.
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
    app.store.write(|tx| settings::set(tx, "relay-trouble", &trouble))?;
    Ok(report)
}

/// Renders the messages; sets aside those whose reader left in the meantime.
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
        let reader = app.store.read(|db| {
            let reader = subscribers::get(db, delivery.subscriber)?;
            let suppressed = subscribers::suppressed(db, &delivery.address)?;
            Ok(reader.filter(|r| r.state == SubscriberState::Active && suppressed.is_none()))
        })?;
        let edition = match &reader {
            Some(reader) => editions.get(app, delivery.bulletin, &reader.preferences)?,
            None => None,
        };
        match (reader, edition) {
            (Some(reader), Some(edition)) => {
                let letter = Letter {
                    edition,
                    to: &delivery.address,
                    preferences: &reader.preferences,
                    consent: &reader.consent,
                    message_id: &delivery.message_id,
                };
                let bytes =
                    letter.bytes(app, from).with_context(|| format!("cannot write bulletin {}", delivery.bulletin))?;
                ready.push_back(Ready { delivery, bytes });
            }
            _ => {
                report.cancelled += 1;
                let reply = SmtpReply { code: 0, enhanced: None, text: String::from("no longer wanted by its reader") };
                let attempt =
                    Attempt { delivery: delivery.id, at: now, state: DeliveryState::Cancelled, due: now, reply };
                app.store.write_durably(|tx| outbox::record(tx, &attempt))?;
            }
        }
    }
    Ok(ready)
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
    let trouble = Mutex::new(None);
    let (results, mut inbox) = mpsc::channel::<Attempt>(GROUP);
    let workers = (0..connections).map(|_| {
        let results = results.clone();
        worker(app, mailer, &from.address, &queue, &trouble, results)
    });
    let workers = join_all(workers.collect::<Vec<_>>());
    drop(results);
    let collector = async {
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
    let left = queue.into_inner().unwrap_or_default();
    give_back(app, left.iter().map(|ready| ready.delivery.id))?;
    report.trouble = trouble.into_inner().unwrap_or_default();
    Ok(())
}

/// One connection: opened anew when it breaks, given up when it cannot be opened.
async fn worker(
    app: &App,
    mailer: &Mailer,
    from: &EmailAddress,
    queue: &Mutex<VecDeque<Ready>>,
    trouble: &Mutex<Option<String>>,
    results: mpsc::Sender<Attempt>,
) {
    let next = || queue.lock().ok().and_then(|mut queue| queue.pop_front());
    let put_back = |ready| {
        if let Ok(mut queue) = queue.lock() {
            queue.push_front(ready);
        }
    };
    let mut session = None;
    // A connection that breaks before it has done anything twice in a row is as good as none.
    let mut broken = 0;
    while !app.stop.is_cancelled() {
        let Some(ready) = next() else { break };
        let open = match session.take() {
            Some(open) => Ok(open),
            None => mailer.open().await,
        };
        let mut open = match open {
            Ok(open) => open,
            Err(error) => {
                put_back(ready);
                note(trouble, error.to_string());
                break;
            }
        };
        let envelope = Envelope { from, to: &ready.delivery.address };
        let outcome = open.send(&envelope, &ready.bytes).await;
        let now = app.clock.now();
        match outcome {
            Outcome::Lost(reply, Dot::Before) => {
                put_back(ready);
                broken += 1;
                if broken >= 3 {
                    note(trouble, format!("the connection broke {broken} times in a row: {}", reply.text));
                    break;
                }
            }
            outcome => {
                broken = 0;
                let attempt = judge(&ready.delivery, outcome, now);
                if results.send(attempt).await.is_err() {
                    break;
                }
            }
        }
        if open.usable() {
            session = Some(open);
        }
    }
    if let Some(open) = session {
        open.quit().await;
    }
}

fn note(trouble: &Mutex<Option<String>>, cause: String) {
    if let Ok(mut trouble) = trouble.lock() {
        trouble.get_or_insert(cause);
    }
}

/// What an outcome makes of a delivery.
fn judge(delivery: &Delivery, outcome: Outcome, now: Timestamp) -> Attempt {
    let later = |wait: SignedDuration| now.checked_add(wait).unwrap_or(Timestamp::MAX);
    let (state, due, reply) = match outcome {
        Outcome::Sent(reply) => (DeliveryState::Sent, now, reply),
        Outcome::Failed(reply) => (DeliveryState::Failed, now, reply),
        Outcome::Lost(reply, _) => (DeliveryState::Deferred, later(AMBIGUOUS), reply),
        Outcome::Retry(reply) => {
            let seed = u64::try_from(delivery.id.get()).unwrap_or(0);
            match mail::retry_delay(delivery.attempts, seed).and_then(|wait| SignedDuration::try_from(wait).ok()) {
                Some(wait) => (DeliveryState::Deferred, later(wait), reply),
                None => (DeliveryState::Failed, now, reply),
            }
        }
    };
    Attempt { delivery: delivery.id, at: now, state, due, reply }
}

fn count(report: &mut Report, attempt: &Attempt) {
    match attempt.state {
        DeliveryState::Sent => report.sent += 1,
        DeliveryState::Deferred => report.deferred += 1,
        DeliveryState::Cancelled => report.cancelled += 1,
        _ => report.failed += 1,
    }
    if attempt.state != DeliveryState::Sent {
        let reply = format!("{} {}", attempt.reply.code, attempt.reply.text);
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
