//! Claims, has messages written, and hands them to the lane that each goes by.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::sync::mpsc::UnboundedSender;

use super::{
    SOON, Told, Which, claim,
    judge::judge,
    lane::Lane,
    ledger::Ledger,
    place::Place,
    ready::{Desk, Prepared, Routed},
    route::{Route, Routes, Way},
};
use crate::{
    clock::Clock,
    model::Delivery,
    store::outbox::{self, Attempt},
    work::{App, later},
};

pub(super) struct Feeder<'a> {
    pub app: &'a App,
    pub place: &'a Place,
    pub which: Which,
    pub routes: &'a Routes,
    pub desk: Desk<'a>,
    pub ledger: &'a Ledger,
    pub told: &'a UnboundedSender<Told>,
    /// Where workers are asked for: one more for the lane.
    pub hire: UnboundedSender<Arc<Lane>>,
    pub lanes: BTreeMap<String, Arc<Lane>>,
}

impl Feeder<'_> {
    /// Until nothing is due any more, or the program is to end, or nothing can be recorded. What was claimed and does not
    /// go out is put back.
    pub async fn feed(mut self, first: Vec<Delivery>) -> anyhow::Result<()> {
        let mut claimed = first;
        let mut ended = Ok(());
        loop {
            // While some are written, the next are claimed: no core waits for the disk.
            let (app, place, which) = (self.app, self.place, self.which);
            let (handed, next) = tokio::join!(self.hand_over(claimed), claim(app, place, which));
            claimed = match (handed, next) {
                (Ok(()), Ok(next)) => next,
                (Err(error), next) => {
                    self.put_back(next.unwrap_or_default());
                    ended = Err(error);
                    break;
                }
                (Ok(()), Err(error)) => {
                    ended = Err(error);
                    break;
                }
            };
            if self.is_over() {
                self.put_back(claimed);
                break;
            }
            if claimed.is_empty() {
                match self.wait().await {
                    Ok(true) => {}
                    done => {
                        ended = done.map(drop);
                        break;
                    }
                }
            }
        }
        self.lanes.values().for_each(|lane| lane.end());
        ended
    }

    fn is_over(&self) -> bool {
        let all_shut = !self.lanes.is_empty() && self.lanes.values().all(|lane| lane.is_shut());
        self.app.stop.is_cancelled() || self.ledger.is_broken() || (all_shut && !self.routes.is_direct())
    }

    /// Whether something comes due so soon that it is worth waiting for: what was put back because its lane was full, or
    /// keeps to a rate.
    async fn wait(&self) -> anyhow::Result<bool> {
        if !matches!(self.app.clock, Clock::System) {
            return Ok(false);
        }
        let now = self.app.clock.now();
        let Some(due) = self.app.store.read(|db| outbox::next_due(db, self.which.urgencies(), later(now, SOON)))?
        else {
            return Ok(false);
        };
        let wait = Duration::try_from(due.duration_since(now)).unwrap_or_default().max(Duration::from_millis(50));
        self.app.stop.run_until_cancelled(tokio::time::sleep(wait)).await;
        Ok(true)
    }

    fn put_back(&self, claimed: Vec<Delivery>) {
        let now = self.app.clock.now();
        self.ledger.put_back(claimed.into_iter().map(|delivery| (delivery.id, now)).collect());
    }

    async fn hand_over(&mut self, claimed: Vec<Delivery>) -> anyhow::Result<()> {
        let routes = match self.routes.find(self.app, &claimed).await {
            Ok(routes) => routes,
            Err(error) => {
                self.put_back(claimed);
                return Err(error);
            }
        };
        // Neighbours go to the same hosts, over the same connection.
        let mut by_lane: BTreeMap<String, (Arc<Lane>, Vec<Routed>)> = BTreeMap::new();
        for delivery in claimed {
            match routes.of(&delivery) {
                Route::To(way) => {
                    let lane = self.lane(&way)?;
                    let (_, deliveries) = by_lane.entry(way.operator).or_insert_with(|| (lane, Vec::new()));
                    deliveries.push((delivery, way.hosts));
                }
                Route::Nowhere(outcome) => {
                    let attempt = judge(&delivery, outcome, self.app.clock.now());
                    self.settle(attempt, Some(delivery));
                }
            }
        }
        for (lane, mut deliveries) in by_lane.into_values() {
            deliveries.sort_by(|(_, a), (_, b)| a.cmp(b));
            let (taken, over) = lane.admit(deliveries, self.app.clock.now());
            self.ledger.put_back(over);
            let mut rest = taken;
            while !rest.is_empty() {
                let next = rest.split_off(self.desk.portion().min(rest.len()));
                for one in self.desk.prepare(std::mem::replace(&mut rest, next)).await? {
                    match one {
                        Prepared::Ready(ready) => {
                            if let Err(id) = lane.push(*ready).await {
                                self.ledger.put_back(vec![(id, self.app.clock.now())]);
                            }
                        }
                        Prepared::Settled(attempt) => self.settle(attempt, None),
                    }
                }
            }
        }
        Ok(())
    }

    /// The lane of an operator, opened with its connections when it is first needed.
    fn lane(&mut self, way: &Way) -> anyhow::Result<Arc<Lane>> {
        if let Some(lane) = self.lanes.get(&way.operator) {
            return Ok(Arc::clone(lane));
        }
        let lane = Arc::new(Lane::open(self.app, way)?);
        for _ in 0..lane.connections {
            // Nobody listens when the crew has ended, and then nothing is sent.
            let _ = self.hire.send(Arc::clone(&lane));
        }
        self.lanes.insert(way.operator.clone(), Arc::clone(&lane));
        Ok(lane)
    }

    fn settle(&self, attempt: Attempt, delivery: Option<Delivery>) {
        let _ = self.told.send(Told::Ended { state: attempt.state, reply: attempt.reply.to_string() });
        self.ledger.record(attempt, delivery, None);
    }
}
