//! One request at a time per host, a pause after each, and silence when a host asks for it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// The turns of all hosts. Cheap to clone: the clones share them.
#[derive(Debug, Clone)]
pub struct Pace {
    gap: Duration,
    at_once: Arc<Semaphore>,
    hosts: Arc<Mutex<BTreeMap<String, Host>>>,
}

/// The right to ask one host; given back when dropped, which starts the pause.
#[derive(Debug)]
pub struct Turn {
    lane: OwnedMutexGuard<Lane>,
    _permit: Option<OwnedSemaphorePermit>,
}

/// How much longer a host does not want to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held(pub Duration);

#[derive(Debug, Default)]
struct Host {
    /// Its lock is fair: whoever waits longest is next.
    lane: Arc<tokio::sync::Mutex<Lane>>,
    held: Option<Instant>,
}

#[derive(Debug, Default)]
struct Lane {
    /// When the last request ended.
    ended: Option<Instant>,
}

impl Pace {
    /// `gap` is the least pause between two requests to one host; `hosts_at_once` is at least 1.
    pub fn new(gap: Duration, hosts_at_once: usize) -> Self {
        let at_once = Arc::new(Semaphore::new(hosts_at_once.clamp(1, Semaphore::MAX_PERMITS)));
        Self { gap, at_once, hosts: Arc::default() }
    }

    /// Waits until this host may be asked; first come, first served.
    ///
    /// # Errors
    /// [`Held`], at once or at the end of the wait, when the host asked to be left alone: that can be days, which no
    /// task should sleep through.
    pub async fn turn(&self, host: &str) -> Result<Turn, Held> {
        self.held(host)?;
        let lane = self.hosts().entry(host.to_owned()).or_default().lane.clone();
        let lane = lane.lock_owned().await;
        if let Some(ended) = lane.ended {
            tokio::time::sleep_until(ended + self.gap).await;
        }
        // Only who is next for its host takes one of the places, so that a crowded host does not hold the others up.
        let permit = self.at_once.clone().acquire_owned().await.ok();
        // It may have been asked for while we waited.
        self.held(host)?;
        Ok(Turn { lane, _permit: permit })
    }

    /// Leaves a host alone for a while; never shortens what was asked before.
    pub fn hold(&self, host: &str, wait: Duration) {
        let Some(until) = Instant::now().checked_add(wait) else { return };
        let mut hosts = self.hosts();
        let host = hosts.entry(host.to_owned()).or_default();
        host.held = host.held.max(Some(until));
    }

    fn held(&self, host: &str) -> Result<(), Held> {
        let until = self.hosts().get(host).and_then(|host| host.held);
        match until.map(|until| until.saturating_duration_since(Instant::now())) {
            Some(left) if !left.is_zero() => Err(Held(left)),
            _ => Ok(()),
        }
    }

    fn hosts(&self) -> MutexGuard<'_, BTreeMap<String, Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.lane.ended = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_to_one_host_follow_each_other_in_the_order_they_came() {
        let pace = Pace::new(Duration::from_millis(15), 8);
        let log = Arc::new(Mutex::new(Vec::new()));
        let (start, mut tasks) = (Instant::now(), Vec::new());
        for number in 0..4 {
            let (pace, log) = (pace.clone(), log.clone());
            tasks.push(tokio::spawn(async move {
                let _turn = pace.turn("exemple.fr").await.unwrap();
                log.lock().unwrap().push(number);
            }));
            tokio::task::yield_now().await;
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*log.lock().unwrap(), [0, 1, 2, 3]);
        assert!(start.elapsed() >= Duration::from_millis(45), "three pauses, got {:?}", start.elapsed());
    }

    #[tokio::test]
    async fn a_busy_host_does_not_keep_another_waiting() {
        let pace = Pace::new(Duration::from_secs(60), 2);
        let busy = pace.turn("a.fr").await.unwrap();
        let waiting = tokio::spawn({
            let pace = pace.clone();
            async move { pace.turn("a.fr").await.map(drop) }
        });
        tokio::task::yield_now().await;
        let other = tokio::time::timeout(Duration::from_secs(1), pace.turn("b.fr")).await;
        assert!(other.is_ok());
        // Both places are taken: a third host waits for one of them.
        assert!(tokio::time::timeout(Duration::from_millis(20), pace.turn("c.fr")).await.is_err());
        drop(busy);
        assert!(tokio::time::timeout(Duration::from_secs(1), pace.turn("c.fr")).await.is_ok());
        waiting.abort();
    }

    #[tokio::test]
    async fn a_host_that_asked_for_silence_is_not_waited_for() {
        let pace = Pace::new(Duration::ZERO, 8);
        pace.hold("a.fr", Duration::from_secs(3600));
        pace.hold("a.fr", Duration::from_secs(1));
        let Err(Held(left)) = pace.turn("a.fr").await else { panic!("asked all the same") };
        assert!(left > Duration::from_secs(3500), "a shorter wish does not undo a longer one: {left:?}");
        assert!(pace.turn("b.fr").await.is_ok());
        pace.hold("c.fr", Duration::from_millis(10));
        tokio::time::sleep(Duration::from_millis(15)).await;
        assert!(pace.turn("c.fr").await.is_ok());
    }
}
