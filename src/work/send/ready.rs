//! Writes messages: what readers who chose the same get alike is made once, what is one's own is put in for each.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context;
use futures_util::future::join_all;
use jiff::SignedDuration;

use super::{AHEAD, judge::untried, route::Hosts};
use crate::{
    clock::Clock,
    config::Mailbox,
    mail::{Envelope, dkim::Signer},
    model::{BulletinId, Delivery, DeliveryState, EmailAddress, Matter, Preferences, Subscriber},
    store::{
        alerts::{self, Part},
        outbox::Attempt,
        subscribers,
    },
    work::{
        App,
        bounce::Paths,
        later,
        letter::{Filled, Print, sender},
        letters,
    },
};

/// What cannot be written now is tried again after this time.
const UNWRITTEN: SignedDuration = SignedDuration::from_mins(30);
/// So many prints are kept, of some 60 kB each.
const PRINTS: usize = 200;
/// Octets of the messages that are written together.
const PORTION: usize = 4 << 20;
/// So many are written by one core at a time.
const SHARE: usize = 25;
/// What a message may have without being cut by those who read it: the first guess of what they have.
const LARGEST: usize = 102_000;

/// A delivery, and the hosts that take it.
pub(super) type Routed = (Delivery, Hosts);

/// One message, ready to go.
pub(super) struct Ready {
    pub delivery: Delivery,
    /// Who is told of a failure.
    pub from: EmailAddress,
    pub bytes: Vec<u8>,
    pub hosts: Hosts,
}

impl Ready {
    pub fn envelope(&self) -> Envelope<'_> {
        Envelope { from: &self.from, to: &self.delivery.address }
    }
}

pub(super) enum Prepared {
    Ready(Box<Ready>),
    /// It is not to be sent, or not now.
    Settled(Attempt),
}

/// Where messages are written.
pub(super) struct Desk<'a> {
    app: &'a App,
    from: &'a Mailbox,
    /// Where failures are told.
    paths: Paths,
    /// By bulletin, and by what its readers chose: most chose the same. `None`: nothing of it is wanted.
    prints: BTreeMap<Choice, Option<Arc<Print>>>,
    /// Octets of the largest of the messages that were written last.
    largest: usize,
}

/// What a reader gets of a bulletin.
type Choice = (BulletinId, Preferences, Vec<Part>);

/// What there is to do for one delivery.
struct Task {
    delivery: Delivery,
    hosts: Hosts,
    text: Text,
}

enum Text {
    Print(Arc<Print>, Box<Filled>),
    Letter(Vec<u8>),
}

impl<'a> Desk<'a> {
    pub fn new(app: &'a App) -> anyhow::Result<Self> {
        Ok(Self { app, from: sender(app)?, paths: Paths::of(app)?.clone(), prints: BTreeMap::new(), largest: LARGEST })
    }

    /// How many messages are best written together: enough for every core, and no more than memory is meant for.
    pub fn portion(&self) -> usize {
        (PORTION / self.largest.max(1)).clamp(1, AHEAD)
    }

    /// Writes these messages, on every core; sets aside those that nobody wants any more, or that cannot be written.
    pub async fn prepare(&mut self, deliveries: Vec<Routed>) -> anyhow::Result<Vec<Prepared>> {
        let now = self.app.clock.now();
        let store = Arc::clone(&self.app.store);
        let read = move || {
            let readers = store.read(|db| {
                let mut readers = Vec::with_capacity(deliveries.len());
                for (delivery, _) in &deliveries {
                    let closed = subscribers::is_closed(db, &delivery.address)?;
                    let reader = delivery.subscriber.map(|id| subscribers::get(db, id)).transpose()?.flatten();
                    readers.push(reader.filter(|_| !closed));
                }
                Ok(readers)
            });
            (deliveries, readers)
        };
        let (deliveries, readers) =
            tokio::task::spawn_blocking(read).await.context("the reader of subscribers was stopped")?;
        let readers = readers?;
        let (mut out, mut tasks) = (Vec::with_capacity(deliveries.len()), Vec::new());
        for ((delivery, hosts), reader) in deliveries.into_iter().zip(readers) {
            let (state, due, why) = match self.task(&delivery, reader) {
                _ if now > delivery.expires => (DeliveryState::Failed, now, String::from("given up: too old")),
                Ok(Some(text)) => {
                    tasks.push(Task { delivery, hosts, text });
                    continue;
                }
                Ok(None) => (DeliveryState::Cancelled, now, String::from("its reader left, or wants nothing of it")),
                // One edition that cannot be written keeps no other from its readers.
                Err(error) => (DeliveryState::Deferred, later(now, UNWRITTEN), format!("cannot be written: {error:#}")),
            };
            out.push(Prepared::Settled(untried(&delivery, state, due, now, why)));
        }
        let mut shares = Vec::new();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let each = tasks.len().div_ceil(cores).clamp(1, SHARE);
        while !tasks.is_empty() {
            let rest = tasks.split_off(each.min(tasks.len()));
            let share = std::mem::replace(&mut tasks, rest);
            let (from, paths) = (self.from.address.clone(), self.paths.clone());
            let signer = self.app.signer()?.cloned();
            shares.push(tokio::task::spawn_blocking(move || {
                let write = |task| write(task, &from, &paths, signer.as_deref(), now);
                share.into_iter().map(write).collect::<Vec<_>>()
            }));
        }
        for share in join_all(shares).await {
            out.extend(share.context("the writer of messages was stopped")?);
        }
        let octets = out.iter().filter_map(|one| match one {
            Prepared::Ready(ready) => Some(ready.bytes.len()),
            Prepared::Settled(_) => None,
        });
        self.largest = octets.max().unwrap_or(self.largest);
        Ok(out)
    }

    /// What is to be written to whom. `None`: it is no longer wanted.
    fn task(&mut self, delivery: &Delivery, reader: Option<Subscriber>) -> anyhow::Result<Option<Text>> {
        let bulletin = match &delivery.matter {
            Matter::Bulletin(bulletin) => bulletin,
            Matter::Letter { kind, particulars } => {
                return Ok(letters::bytes(self.app, self.from, delivery, *kind, particulars)?.map(Text::Letter));
            }
        };
        let Some(reader) = reader else { return Ok(None) };
        // An alert tells each reader what he asked for, and of what he was told before.
        let share = self.app.store.read(|db| alerts::share(db, *bulletin, reader.id))?;
        let key = (*bulletin, reader.preferences.clone(), share);
        let print = match self.prints.get(&key) {
            Some(print) => print.clone(),
            None => {
                let print = Print::new(self.app, self.from, *bulletin, &reader.preferences, &key.2)?.map(Arc::new);
                if self.prints.len() >= PRINTS {
                    self.prints.clear();
                }
                self.prints.insert(key, print.clone());
                print
            }
        };
        Ok(print.map(|print| {
            let filled = print.for_reader(self.app, self.from, &reader, delivery);
            Text::Print(print, Box::new(filled))
        }))
    }
}

fn write(task: Task, from: &EmailAddress, paths: &Paths, signer: Option<&Signer>, now: jiff::Timestamp) -> Prepared {
    let Task { delivery, hosts, text } = task;
    let bytes = match text {
        Text::Print(print, filled) => print.fill(&filled),
        Text::Letter(bytes) => Ok(bytes),
    };
    let sign = |bytes: Vec<u8>| match signer {
        Some(signer) => Ok(signer.signed(&bytes, Clock::System.now())?),
        None => Ok(bytes),
    };
    match bytes.and_then(sign) {
        Ok(bytes) => {
            let ready = Ready { from: paths.sender(delivery.id, from), delivery, bytes, hosts };
            Prepared::Ready(Box::new(ready))
        }
        Err(error) => {
            let why = format!("cannot be written: {error:#}");
            Prepared::Settled(untried(&delivery, DeliveryState::Deferred, later(now, UNWRITTEN), now, why))
        }
    }
}
