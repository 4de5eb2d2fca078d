//! The one thread that records what becomes of messages: what has come together shares a commit.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::{LEASE, lane::Operator, later};
use crate::{
    clock::Clock,
    model::{Delivery, DeliveryId, DeliveryState},
    shaping::{Sign, TOO_MANY},
    store::{
        self, Store, Tx, operators,
        outbox::{self, Attempt},
    },
    work::{App, strikes},
};

/// At most so many entries share a commit.
const TOGETHER: usize = 200;
/// So often is a commit tried that fails: another program may hold the database, a disk may be emptied.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);
/// A message that must wait for no longer than this is kept by who marked it.
const SHORTLY: SignedDuration = SignedDuration::from_secs(2);

/// A delivery that does not go out now, and when it is due again.
pub(super) type PutBack = (DeliveryId, Timestamp);

/// What is to be recorded.
enum Entry {
    /// The final dots of these are about to go out.
    Mark {
        operator: Arc<Operator>,
        ids: Vec<DeliveryId>,
        granted: oneshot::Sender<Vec<Grant>>,
    },
    Record(Box<Outcome>),
    PutBack(Vec<PutBack>),
}

/// How a try ended, of whose message, and what it says of the operator.
struct Outcome {
    attempt: Attempt,
    delivery: Option<Delivery>,
    sign: Option<(Arc<Operator>, Sign)>,
}

/// Whether a message may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    /// At this instant, at the earliest.
    At(Timestamp),
    /// Its reader left, somebody else sends it, or it was put back to keep to a rate.
    No,
}

pub(super) struct Ledger {
    entries: mpsc::UnboundedSender<Entry>,
    broken: Arc<AtomicBool>,
    thread: JoinHandle<anyhow::Result<()>>,
}

impl Ledger {
    pub fn open(app: &App, epoch: i64) -> Self {
        let (entries, heard) = mpsc::unbounded_channel();
        let broken = Arc::new(AtomicBool::new(false));
        let book = Book { store: Arc::clone(&app.store), clock: app.clock, epoch };
        let thread = tokio::task::spawn_blocking({
            let broken = Arc::clone(&broken);
            move || {
                let ended = book.keep(heard);
                broken.store(true, Ordering::Relaxed);
                ended
            }
        });
        Self { entries, broken, thread }
    }

    /// Nothing more can be recorded: nothing more may be sent.
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Marks messages as about to go out; which of them may, once that is durable. Nothing, when it cannot be.
    pub async fn mark(&self, operator: &Arc<Operator>, ids: Vec<DeliveryId>) -> Vec<Grant> {
        let (granted, answer) = oneshot::channel();
        let _ = self.entries.send(Entry::Mark { operator: Arc::clone(operator), ids, granted });
        answer.await.unwrap_or_default()
    }

    /// Records how a try ended: of whose message, and what it says of the operator.
    pub fn record(&self, attempt: Attempt, delivery: Option<Delivery>, sign: Option<(Arc<Operator>, Sign)>) {
        let _ = self.entries.send(Entry::Record(Box::new(Outcome { attempt, delivery, sign })));
    }

    /// Gives back what was claimed and does not go out now.
    pub fn put_back(&self, deliveries: Vec<PutBack>) {
        if !deliveries.is_empty() {
            let _ = self.entries.send(Entry::PutBack(deliveries));
        }
    }

    /// Waits until all is recorded.
    pub async fn close(self) -> anyhow::Result<()> {
        drop(self.entries);
        self.thread.await.context("the recorder of deliveries was stopped")?
    }
}

struct Book {
    store: Arc<Store>,
    clock: Clock,
    epoch: i64,
}

impl Book {
    fn keep(&self, mut heard: mpsc::UnboundedReceiver<Entry>) -> anyhow::Result<()> {
        let mut entries = Vec::with_capacity(TOGETHER);
        while heard.blocking_recv_many(&mut entries, TOGETHER) > 0 {
            let answers = self.commit(&entries).context(
                "cannot record what was sent\n\
                 hint: look at the disk; what was under way counts as ambiguous and is sent again, or held, as `[mail]` says",
            )?;
            for (entry, answer) in entries.drain(..).zip(answers) {
                if let Entry::Mark { granted, .. } = entry {
                    let _ = granted.send(answer);
                }
            }
        }
        Ok(())
    }

    fn commit(&self, entries: &[Entry]) -> store::Result<Vec<Vec<Grant>>> {
        let mut tries = 0;
        loop {
            match self.store.write_durably(|tx| self.write(tx, entries)) {
                Err(_) if tries < TRIES => {
                    tries += 1;
                    std::thread::sleep(PAUSE);
                }
                done => return done,
            }
        }
    }

    fn write(&self, tx: &Tx, entries: &[Entry]) -> store::Result<Vec<Vec<Grant>>> {
        let now = self.clock.now();
        let mut answers = Vec::with_capacity(entries.len());
        let mut signs: BTreeMap<&str, (&Operator, Vec<&Sign>)> = BTreeMap::new();
        for entry in entries {
            let mut answer = Vec::new();
            match entry {
                Entry::Mark { operator, ids, .. } => answer = self.mark(tx, operator, ids, now)?,
                Entry::Record(outcome) => {
                    let Outcome { attempt, delivery, sign } = &**outcome;
                    let is_kept = outbox::record(tx, self.epoch, attempt)?;
                    let is_refusal = is_kept && attempt.state != DeliveryState::Sent && attempt.reply.code > 0;
                    if let Some(delivery) = delivery.as_ref().filter(|_| is_refusal) {
                        strikes::refused(tx, delivery, &attempt.reply, now)?;
                    }
                    if let Some((operator, sign)) = sign {
                        signs.entry(&operator.id).or_insert_with(|| (operator, Vec::new())).1.push(sign);
                    }
                }
                Entry::PutBack(deliveries) => {
                    for (id, due) in deliveries {
                        outbox::unclaim(tx, self.epoch, *id, *due)?;
                    }
                }
            }
            answers.push(answer);
        }
        for (id, (operator, signs)) in signs {
            let mut pace = operators::pace(tx, id)?;
            let mut changed = false;
            for sign in signs {
                changed |= pace.note(sign.clone(), &operator.limits, now);
            }
            let is_open = pace.closed.is_none_or(|closed| closed <= now);
            if operator.is_shared && pace.failures >= TOO_MANY && is_open {
                pace.close(now);
            }
            if changed {
                operators::set_pace(tx, id, &pace)?;
            }
        }
        Ok(answers)
    }

    fn mark(&self, tx: &Tx, operator: &Operator, ids: &[DeliveryId], now: Timestamp) -> store::Result<Vec<Grant>> {
        let mut pace = operators::pace(tx, &operator.id)?;
        let before = pace.clone();
        let mut grants = Vec::with_capacity(ids.len());
        for id in ids {
            let at = pace.take(&operator.limits, now);
            grants.push(if at > later(now, SHORTLY) {
                outbox::unclaim(tx, self.epoch, *id, at)?;
                Grant::No
            } else if outbox::mark(tx, self.epoch, *id, later(now, LEASE))? {
                Grant::At(at)
            } else {
                Grant::No
            });
        }
        if pace != before {
            operators::set_pace(tx, &operator.id, &pace)?;
        }
        Ok(grants)
    }
}
