//! Empties the outbox.
//!
//! A run of the sender claims what is due, a group at a time, writes the messages (`ready`), and lets lanes carry them: one
//! lane for each operator of mailboxes, or for the relay, with as many connections as it takes (`lane`). What becomes of a
//! message is recorded by one thread, the ledger (`ledger`), which commits what has come together. Before the final dot of
//! a message goes out the ledger has marked it, durably: after a crash only those that were marked and have no result are
//! ambiguous (RFC 1047), and everything else is certain. Any number of runs may work at once: each holds a place, and what
//! it claimed is its own until its lease ends or its place is free again.

mod connections;
mod feeder;
mod judge;
mod lane;
mod ledger;
mod place;
mod ready;
mod route;

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context;
use futures_util::{StreamExt, stream::FuturesUnordered};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::sync::mpsc;

use super::{App, later};
use crate::{
    model::{Delivery, DeliveryState, Urgency},
    store::{self, Db, outbox, settings},
};
use feeder::Feeder;
use lane::Lane;
use ledger::Ledger;
use place::Place;
use ready::Desk;
use route::Routes;

pub(super) use connections::Connections;
pub(super) use route::session_for;

/// How long a sender may keep a delivery before it is anybody's again.
const LEASE: SignedDuration = SignedDuration::from_mins(30);
/// So many deliveries are claimed at once.
const GROUP: u32 = 200;
/// A delivery that must wait for no longer than this is waited for.
const SOON: SignedDuration = SignedDuration::from_secs(20);
/// So many are written and wait for a connection, at most, in one lane: messages, and octets of these.
const AHEAD: usize = 200;
const AHEAD_OCTETS: usize = 4 << 20;

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
    /// Of a sender that died with their final dot on the way: nobody knows whether they arrived.
    pub ambiguous: usize,
    /// What the other side said of those that were refused, with how often.
    pub refusals: BTreeMap<String, usize>,
    /// Why the sender stopped before the end, if it did. What was left stays due.
    pub trouble: Option<String>,
    /// As many senders as may work at once are at work: nothing was done.
    pub busy: bool,
}

impl Report {
    pub fn complete(&self) -> bool {
        self.deferred + self.failed == 0 && self.trouble.is_none()
    }

    fn count(&mut self, state: DeliveryState, reply: &str) {
        match state {
            DeliveryState::Sent => self.sent += 1,
            DeliveryState::Deferred => self.deferred += 1,
            DeliveryState::Cancelled => self.cancelled += 1,
            _ => self.failed += 1,
        }
        if state != DeliveryState::Sent {
            let reply = crate::model::mask_addresses(reply);
            *self.refusals.entry(reply).or_default() += 1;
        }
    }
}

/// What a worker tells of while it works.
enum Told {
    /// What became of one message.
    Ended { state: DeliveryState, reply: String },
    /// Why a lane was given up.
    Trouble(String),
    /// A connection could not be opened: trouble, unless another one carries what there is.
    Unreachable(String),
    /// All have ended.
    Done,
}

/// Which deliveries are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those whose time has come.
    Due,
    /// Also those that were refused and wait for their next try.
    Waiting,
    /// Those whose time has come and that somebody waits for: alerts, confirmations. They go first of those that are due, too;
    /// a sender of their own does not even wait for what the other one has begun.
    Urgent,
    /// Those whose time has come, beside a sender of what is urgent.
    Ordinary,
}

impl Which {
    const fn urgencies(self) -> &'static [Urgency] {
        match self {
            Which::Due | Which::Waiting => &Urgency::ALL,
            Which::Urgent => &[Urgency::Urgent],
            Which::Ordinary => &[Urgency::Ordinary],
        }
    }

    /// Of what it has, when connections are short.
    fn urgency(self) -> Urgency {
        if self == Which::Urgent { Urgency::Urgent } else { Urgency::Ordinary }
    }
}

/// Sends. `progress` hears how many messages went out.
pub async fn send(app: &App, which: Which, progress: &(dyn Fn(usize) + Sync)) -> anyhow::Result<Report> {
    if !app.store.read(|db| is_worth_it(db, which, app.clock.now()))? {
        return Ok(Report::default());
    }
    let Some(place) = Place::take(app)? else { return Ok(Report { busy: true, ..Report::default() }) };
    if which == Which::Waiting {
        app.store.write_durably(|tx| outbox::hasten(tx, app.clock.now()))?;
    }
    let mut report = Report { ambiguous: place.ambiguous, ..Report::default() };
    let mut ended = Ok(());
    // A connection that could not be opened puts back what it had: another run over it, while there is no trouble.
    while ended.is_ok() && report.trouble.is_none() && !app.stop.is_cancelled() {
        let first = claim(app, &place, which).await?;
        if first.is_empty() {
            break;
        }
        ended = deliver(app, &place, which, first, &mut report, progress).await;
    }
    let trouble = report.trouble.clone().unwrap_or_default();
    let known = app.store.read(|db| settings::get(db, TROUBLE))?.unwrap_or_default();
    if known != trouble {
        app.store.write(|tx| settings::set(tx, TROUBLE, &trouble))?;
    }
    ended.map(|()| report)
}

/// Whether a run would have something to do.
fn is_worth_it(db: &Db, which: Which, now: Timestamp) -> store::Result<bool> {
    match which {
        Which::Due => is_due(db, now),
        Which::Waiting => Ok(true),
        // What others hold, or left when they died, is for the other sender.
        Which::Urgent => outbox::is_due(db, which.urgencies(), now),
        Which::Ordinary => Ok(is_troubled(db)? || outbox::is_held(db)? || outbox::is_due(db, which.urgencies(), now)?),
    }
}

/// Whether there is something to send, or to say of the relay.
pub(super) fn is_due(db: &Db, now: Timestamp) -> store::Result<bool> {
    Ok(is_troubled(db)? || outbox::is_held(db)? || outbox::is_due(db, &Urgency::ALL, now)?)
}

fn is_troubled(db: &Db) -> store::Result<bool> {
    Ok(settings::get(db, TROUBLE)?.is_some_and(|trouble| !trouble.is_empty()))
}

/// On a thread of its own: replies are read meanwhile, and what they say is to be recorded at once.
async fn claim(app: &App, place: &Place, which: Which) -> anyhow::Result<Vec<Delivery>> {
    let (store, now, epoch) = (Arc::clone(&app.store), app.clock.now(), place.epoch);
    let claim =
        move || store.write_durably(|tx| outbox::claim(tx, epoch, which.urgencies(), GROUP, now, later(now, LEASE)));
    Ok(tokio::task::spawn_blocking(claim).await.context("the claim of deliveries was stopped")??)
}

/// Carries what was claimed, and claims more while there is some. Claiming and writing (the feeder), sending (the crew) and
/// counting run at once.
async fn deliver(
    app: &App,
    place: &Place,
    which: Which,
    first: Vec<Delivery>,
    report: &mut Report,
    progress: &(dyn Fn(usize) + Sync),
) -> anyhow::Result<()> {
    let (told, mut heard) = mpsc::unbounded_channel::<Told>();
    let ledger = Ledger::open(app, place.epoch);
    let worked = async {
        let (routes, desk) = match (Routes::new(app, which.urgency()), Desk::new(app)) {
            (Ok(routes), Ok(desk)) => (routes, desk),
            (Err(error), _) | (_, Err(error)) => {
                let now = app.clock.now();
                ledger.put_back(first.iter().map(|delivery| (delivery.id, now)).collect());
                return Err(error);
            }
        };
        let (hire, mut hired) = mpsc::unbounded_channel::<Arc<Lane>>();
        let (told, ledger, routes) = (&told, &ledger, &routes);
        let crew = async {
            let mut workers = FuturesUnordered::new();
            let mut is_open = true;
            while is_open || !workers.is_empty() {
                tokio::select! {
                    lane = hired.recv(), if is_open => match lane {
                        Some(lane) => workers.push(lane::work(app, routes, lane, ledger, told)),
                        None => is_open = false,
                    },
                    Some(()) = workers.next(), if !workers.is_empty() => {}
                }
            }
        };
        let feeder = Feeder { app, place, which, routes, desk, ledger, told, hire, lanes: BTreeMap::new() };
        let (fed, ()) = tokio::join!(feeder.feed(first), crew);
        fed
    };
    let listen = async {
        let (mut tried, mut unreachable) = (0, None);
        while let Some(told) = heard.recv().await {
            match told {
                Told::Ended { state, reply } => {
                    tried += 1;
                    report.count(state, &reply);
                }
                Told::Unreachable(why) => {
                    unreachable.get_or_insert(why);
                }
                Told::Trouble(why) => {
                    report.trouble.get_or_insert(why);
                }
                Told::Done => break,
            }
            progress(report.sent);
        }
        if tried == 0 {
            report.trouble = report.trouble.take().or(unreachable);
        }
    };
    let worked = async {
        let ended = worked.await;
        let _ = told.send(Told::Done);
        ended
    };
    let (ended, ()) = tokio::join!(worked, listen);
    let recorded = ledger.close().await;
    ended.and(recorded)
}
