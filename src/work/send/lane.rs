//! One lane for each operator of mailboxes, or for the relay: what waits for it, and the connections that carry it.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, mpsc::UnboundedSender};
use tokio_util::sync::CancellationToken;

use super::{
    AHEAD, AHEAD_OCTETS, Told,
    connections::Permit,
    judge::{judge, sign},
    ledger::{Grant, Ledger, PutBack},
    ready::{Ready, Routed},
    route::{Hosts, Routes, Way},
};
use crate::{
    mail::{Dot, Outcome, Session},
    model::{DeliveryId, SmtpReply, mask_addresses},
    shaping::{Limits, Sign, TOO_MANY},
    store::operators,
    work::{App, later},
};

/// Who takes the mail of a lane, and how fast.
#[derive(Debug)]
pub(super) struct Operator {
    pub id: String,
    pub limits: Limits,
    /// Whether it keeps mailboxes, and is no relay of ours: then it is left alone for a while when it gives trouble.
    pub is_shared: bool,
}

pub(super) struct Lane {
    pub operator: Arc<Operator>,
    /// How many are to be open.
    pub connections: usize,
    /// Whether what is too much for it is put back, because other lanes must not wait for this one.
    is_shared: bool,
    queue: Mutex<Queue>,
    changed: Notify,
    /// Failures in a row that are not one reader's.
    failures: AtomicU32,
    /// Connections that could be opened, as far as is known.
    alive: AtomicUsize,
    /// Who still takes messages.
    workers: AtomicUsize,
    is_shut: AtomicBool,
}

#[derive(Default)]
struct Queue {
    ready: VecDeque<Ready>,
    /// Of these.
    octets: usize,
    /// Nothing more comes.
    ended: bool,
    /// Those that may not be sent before this.
    closed: Option<Timestamp>,
    /// When what was put back last comes due.
    over: Option<Timestamp>,
}

impl Lane {
    pub fn open(app: &App, way: &Way) -> anyhow::Result<Self> {
        let now = app.clock.now();
        let pace = app.store.read(|db| operators::pace(db, &way.operator))?;
        let connections = pace.connections(&way.limits, now);
        let queue = Queue { closed: pace.closed.filter(|closed| *closed > now), ..Queue::default() };
        Ok(Self {
            operator: Arc::new(Operator {
                id: way.operator.clone(),
                limits: way.limits.clone(),
                is_shared: way.is_shared,
            }),
            connections,
            is_shared: way.is_shared,
            queue: Mutex::new(queue),
            changed: Notify::new(),
            failures: AtomicU32::new(0),
            alive: AtomicUsize::new(connections),
            workers: AtomicUsize::new(connections),
            is_shut: AtomicBool::new(false),
        })
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn is_shut(&self) -> bool {
        self.is_shut.load(Ordering::Relaxed)
    }

    /// What of these it takes; the others with when to try again. The relay takes all, for nothing else could be sent
    /// meanwhile.
    pub fn admit(&self, deliveries: Vec<Routed>, now: Timestamp) -> (Vec<Routed>, Vec<PutBack>) {
        let mut queue = self.queue();
        let closed = queue.closed.or(self.is_shut().then_some(now));
        let room = match (closed, self.is_shared) {
            (Some(_), _) => 0,
            (None, true) => AHEAD.saturating_sub(queue.ready.len()),
            (None, false) => usize::MAX,
        };
        let mut taken = deliveries;
        let over = taken.split_off(room.min(taken.len()));
        // About as fast as they will go, so that each is put back once: five a second on each connection.
        let step = SignedDuration::from_millis(200) / i32::try_from(self.connections.max(1)).unwrap_or(1);
        let mut due = queue.over.filter(|over| *over > now).unwrap_or(later(now, SignedDuration::from_secs(5)));
        let over = over.into_iter().map(|(delivery, _)| {
            due = later(due, step);
            (delivery.id, closed.unwrap_or(due))
        });
        let over: Vec<_> = over.collect();
        queue.over = Some(due);
        (taken, over)
    }

    /// Hands a message over, when there is room. The error is the delivery that is not taken, for the lane is shut.
    pub async fn push(&self, ready: Ready) -> Result<(), DeliveryId> {
        loop {
            let changed = self.changed.notified();
            {
                let mut queue = self.queue();
                if self.is_shut() {
                    return Err(ready.delivery.id);
                }
                if queue.ready.len() < AHEAD && queue.octets < AHEAD_OCTETS {
                    queue.octets += ready.bytes.len();
                    queue.ready.push_back(ready);
                    drop(queue);
                    self.changed.notify_waiters();
                    return Ok(());
                }
            }
            changed.await;
        }
    }

    /// Nothing more comes.
    pub fn end(&self) {
        self.queue().ended = true;
        self.changed.notify_waiters();
    }

    /// Gives it up: what waits is returned.
    fn shut(&self) -> Vec<DeliveryId> {
        self.is_shut.store(true, Ordering::Relaxed);
        let mut queue = self.queue();
        queue.octets = 0;
        let left = queue.ready.drain(..).map(|ready| ready.delivery.id).collect();
        drop(queue);
        self.changed.notify_waiters();
        left
    }

    /// Waits for messages, and takes its share of them. Nothing: the lane has ended.
    async fn take(&self, most: usize) -> Vec<Ready> {
        loop {
            let changed = self.changed.notified();
            {
                let mut queue = self.queue();
                if !queue.ready.is_empty() {
                    // Others wait too.
                    let share = queue.ready.len().div_ceil(self.connections.max(1)).clamp(1, most);
                    let taken: Vec<Ready> = queue.ready.drain(..share).collect();
                    queue.octets -= taken.iter().map(|ready| ready.bytes.len()).sum::<usize>();
                    drop(queue);
                    self.changed.notify_waiters();
                    return taken;
                }
                if queue.ended || self.is_shut() {
                    return Vec::new();
                }
            }
            changed.await;
        }
    }

    /// Takes note of an outcome; `true` when the operator is no longer to be asked.
    fn gives_up(&self, sign: &Sign) -> bool {
        match sign {
            Sign::Fine | Sign::TooMuch(_) => {
                self.failures.store(0, Ordering::Relaxed);
                false
            }
            Sign::Trouble(_) => self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= TOO_MANY,
        }
    }
}

/// A connection is closed when nothing comes for so long, or for as long as its last messages took.
const IDLE: Duration = Duration::from_secs(2);
/// So many messages are marked at once.
const MARKED: usize = 16;

/// A message that may go, and when.
struct Granted {
    ready: Ready,
    at: Timestamp,
    /// Whether a connection broke on it in this run, before anything was handed over.
    broke: bool,
}

/// One connection, for as long as there is something to send over it: opened anew when it breaks, given up when it cannot
/// be opened. While some messages go out, the next ones are marked.
pub(super) async fn work(app: &App, routes: &Routes, lane: Arc<Lane>, ledger: &Ledger, told: &UnboundedSender<Told>) {
    let mut worker = Worker { app, routes, lane: &lane, ledger, told, session: None, sent: 0 };
    let gave_up = CancellationToken::new();
    let mut marked = granted(&lane, ledger, app, &gave_up).await;
    while !marked.is_empty() {
        let carry = async {
            let ended = worker.carry(marked).await;
            if let Ended::GaveUp = ended {
                gave_up.cancel();
            }
            ended
        };
        let next = granted(&lane, ledger, app, &gave_up);
        tokio::pin!(next);
        let (ended, early) = tokio::join!(carry, async { tokio::time::timeout(IDLE, &mut next).await.ok() });
        let next = match early {
            Some(next) => next,
            None => {
                // Another lane may wait for the connection, and a server does not wait for ever.
                worker.quit().await;
                next.await
            }
        };
        if let Ended::GaveUp = ended {
            worker.put_back(next);
            break;
        }
        marked = next;
    }
    worker.quit().await;
    worker.leave();
}

struct Open<'a> {
    session: Session,
    hosts: Hosts,
    /// One of those that may be open.
    _permit: Permit<'a>,
}

enum Ended {
    Well,
    GaveUp,
}

struct Worker<'a> {
    app: &'a App,
    routes: &'a Routes,
    lane: &'a Lane,
    ledger: &'a Ledger,
    told: &'a UnboundedSender<Told>,
    session: Option<Open<'a>>,
    /// On this connection.
    sent: u32,
}

/// Takes messages of a lane and has them marked: those that may go. Nothing: the lane has ended, or its worker gave up.
async fn granted(lane: &Lane, ledger: &Ledger, app: &App, gave_up: &CancellationToken) -> VecDeque<Granted> {
    loop {
        if app.stop.is_cancelled() || ledger.is_broken() {
            return VecDeque::new();
        }
        let Some(taken) = gave_up.run_until_cancelled(lane.take(MARKED)).await.filter(|taken| !taken.is_empty()) else {
            return VecDeque::new();
        };
        let grants = ledger.mark(&lane.operator, taken.iter().map(|ready| ready.delivery.id).collect()).await;
        let granted = taken.into_iter().zip(grants).filter_map(|(ready, grant)| match grant {
            Grant::At(at) => Some(Granted { ready, at, broke: false }),
            Grant::No => None,
        });
        let granted: VecDeque<Granted> = granted.collect();
        if !granted.is_empty() {
            return granted;
        }
    }
}

impl Worker<'_> {
    fn put_back(&self, left: VecDeque<Granted>) {
        let now = self.app.clock.now();
        self.ledger.put_back(left.into_iter().map(|granted| (granted.ready.delivery.id, now)).collect());
    }

    /// Sends these one after another.
    async fn carry(&mut self, mut granted: VecDeque<Granted>) -> Ended {
        while let Some(mut one) = granted.pop_front() {
            // An envelope that was begun must have its message: the signal to stop is heeded between messages.
            let is_begun = self.session.as_ref().is_some_and(|open| open.session.has_begun());
            if (self.app.stop.is_cancelled() && !is_begun) || self.ledger.is_broken() {
                granted.push_front(one);
                self.put_back(granted);
                return Ended::GaveUp;
            }
            if !is_begun {
                let wait = Duration::try_from(one.at.duration_since(self.app.clock.now())).unwrap_or_default();
                tokio::time::sleep(wait).await;
                if let Err(why) = self.ready_session(&one.ready.hosts).await {
                    if !self.lane.is_shared {
                        granted.push_front(one);
                        self.put_back(granted);
                        return self.unreachable(why);
                    }
                    // Of an operator's many hosts this one cannot be reached: others may.
                    let reply = SmtpReply { code: 0, enhanced: Some(String::from("4.4.1")), text: why };
                    if self.settle(one.ready, Outcome::Lost(reply, Dot::Before), String::new()) {
                        self.put_back(granted);
                        return Ended::GaveUp;
                    }
                    continue;
                }
            }
            let Some(Open { session, .. }) = &mut self.session else { return Ended::GaveUp };
            let next = granted.front().filter(|next| {
                next.ready.hosts == one.ready.hosts
                    && next.at <= one.at
                    && self.sent + 1 < self.lane.operator.limits.messages
                    && !self.app.stop.is_cancelled()
                    && !self.routes.gives_way(self.app, self.lane)
            });
            let ahead = next.map(|next| next.ready.envelope());
            let envelope = one.ready.envelope();
            let outcome = session.send_before(&envelope, &one.ready.bytes, ahead.as_ref()).await;
            self.sent += 1;
            let host = session.host().to_owned();
            let is_full = self.sent >= self.lane.operator.limits.messages;
            let is_done = (is_full || self.routes.gives_way(self.app, self.lane)) && !session.has_begun();
            if !session.usable() || is_done {
                self.quit().await;
            }
            if matches!(outcome, Outcome::Lost(_, Dot::Before)) && !std::mem::replace(&mut one.broke, true) {
                // A server may close a connection that it has had enough of: once, that is nobody's failure.
                granted.push_front(one);
                continue;
            }
            if self.settle(one.ready, outcome, host) {
                self.put_back(granted);
                return Ended::GaveUp;
            }
        }
        Ended::Well
    }

    /// Records an outcome; `true` when the lane is given up.
    fn settle(&self, ready: Ready, outcome: Outcome, host: String) -> bool {
        let sign = sign(&outcome);
        let gives_up = self.lane.gives_up(&sign);
        let mut attempt = judge(&ready.delivery, outcome, self.app.clock.now());
        attempt.host = host;
        if self.lane.is_shared {
            attempt.operator.clone_from(&self.lane.operator.id);
        }
        let _ = self.told.send(Told::Ended { state: attempt.state, reply: attempt.reply.to_string() });
        if gives_up && !self.lane.is_shut() {
            let reply = mask_addresses(&attempt.reply.to_string());
            let _ = self.told.send(Told::Trouble(format!("{TOO_MANY} failures in a row: {reply}")));
            self.shut();
        }
        self.ledger.record(attempt, Some(ready.delivery), Some((Arc::clone(&self.lane.operator), sign)));
        gives_up
    }

    fn shut(&self) {
        let now = self.app.clock.now();
        self.ledger.put_back(self.lane.shut().into_iter().map(|id| (id, now)).collect());
    }

    /// The last one to go shuts the lane: whoever hands messages over must not wait for ever.
    fn leave(&self) {
        if self.lane.workers.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.shut();
        }
    }

    fn unreachable(&self, why: String) -> Ended {
        // A server that takes fewer connections than it was offered is no trouble while one of them works.
        if self.lane.alive.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.shut();
        }
        let _ = self.told.send(Told::Unreachable(why));
        Ended::GaveUp
    }

    async fn ready_session(&mut self, hosts: &Hosts) -> Result<(), String> {
        if self.session.as_ref().is_some_and(|open| open.session.usable() && open.hosts == *hosts) {
            return Ok(());
        }
        self.quit().await;
        let (session, permit) =
            self.routes.connect(self.app, self.lane, hosts).await.map_err(|error| error.to_string())?;
        self.session = Some(Open { session, hosts: hosts.clone(), _permit: permit });
        self.sent = 0;
        Ok(())
    }

    async fn quit(&mut self) {
        if let Some(open) = self.session.take() {
            open.session.quit().await;
        }
    }
}
