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

/// The turns of all hosts. A host is a name as it is written: `www.exemple.fr` is another one than `exemple.fr`. Cheap
/// to clone: the clones share them.
#[derive(Debug, Clone)]
pub struct Pace {
    gap: Duration,
    at_once: Arc<Semaphore>,
    hosts: Arc<Mutex<BTreeMap<String, Host>>>,
}

/// What a turn is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A page, which comes after the pause that the site asks for between two of them.
    Page { delay: Duration },
    /// What a page needs first: robots.txt, a token. The usual pause is made, and not the one between pages.
    Errand,
}

/// The right to ask one host; given back when dropped, which starts the pause.
#[derive(Debug)]
pub struct Turn {
    pace: Pace,
    host: String,
    purpose: Purpose,
    _lane: OwnedMutexGuard<()>,
    _permit: Option<OwnedSemaphorePermit>,
}

/// How much longer a host does not want to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held(pub Duration);

#[derive(Debug, Default)]
struct Host {
    /// Its lock is fair: whoever waits longest is next.
    lane: Arc<tokio::sync::Mutex<()>>,
    held: Option<Instant>,
    /// When the last request ended, and the last one for a page.
    ended: Option<Instant>,
    page_ended: Option<Instant>,
    /// What the site asks for between two pages, as far as is known.
    delay: Duration,
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
    pub async fn turn(&self, host: &str, purpose: Purpose) -> Result<Turn, Held> {
        self.held(host)?;
        let lane = {
            let mut hosts = self.hosts();
            let host = hosts.entry(host.to_owned()).or_default();
            if let Purpose::Page { delay } = purpose {
                host.delay = delay;
            }
            host.lane.clone()
        };
        let lane = lane.lock_owned().await;
        if let Some(until) = self.pause_ends(host, purpose) {
            tokio::time::sleep_until(until).await;
        }
        // Only who is next for its host, and has made the pause, takes one of the places: a crowded host, or one that
        // wants long pauses, does not hold the others up.
        let permit = self.at_once.clone().acquire_owned().await.ok();
        // It may have been asked for while we waited.
        self.held(host)?;
        Ok(Turn { pace: self.clone(), host: host.to_owned(), purpose, _lane: lane, _permit: permit })
    }

    /// Waits out the pause after the last page of this host, as it is known now. Takes no turn.
    pub async fn rest(&self, host: &str) {
        let delay = self.hosts().get(host).map(|host| host.delay).unwrap_or_default();
        if let Some(until) = self.pause_ends(host, Purpose::Page { delay }) {
            tokio::time::sleep_until(until).await;
        }
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

    fn pause_ends(&self, host: &str, purpose: Purpose) -> Option<Instant> {
        let hosts = self.hosts();
        let host = hosts.get(host)?;
        let usual = host.ended.and_then(|ended| ended.checked_add(self.gap));
        match purpose {
            Purpose::Page { delay } => usual.max(host.page_ended.and_then(|ended| ended.checked_add(delay))),
            Purpose::Errand => usual,
        }
    }

    fn hosts(&self) -> MutexGuard<'_, BTreeMap<String, Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let now = Instant::now();
        if let Some(host) = self.pace.hosts().get_mut(&self.host) {
            host.ended = Some(now);
            if self.purpose != Purpose::Errand {
                host.page_ended = Some(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn turn(pace: &Pace, host: &str) -> Result<Turn, Held> {
        pace.turn(host, Purpose::Page { delay: Duration::ZERO }).await
    }

    #[tokio::test]
    async fn requests_to_one_host_follow_each_other_in_the_order_they_came() {
        let pace = Pace::new(Duration::from_millis(15), 8);
        let log = Arc::new(Mutex::new(Vec::new()));
        let (start, mut tasks) = (Instant::now(), Vec::new());
        for number in 0..4 {
            let (pace, log) = (pace.clone(), log.clone());
            tasks.push(tokio::spawn(async move {
                let _turn = turn(&pace, "exemple.fr").await.unwrap();
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
        let busy = turn(&pace, "a.fr").await.unwrap();
        let waiting = tokio::spawn({
            let pace = pace.clone();
            async move { turn(&pace, "a.fr").await.map(drop) }
        });
        tokio::task::yield_now().await;
        let other = tokio::time::timeout(Duration::from_secs(1), turn(&pace, "b.fr")).await;
        assert!(other.is_ok());
        // Both places are taken: a third host waits for one of them.
        assert!(tokio::time::timeout(Duration::from_millis(20), turn(&pace, "c.fr")).await.is_err());
        drop(busy);
        assert!(tokio::time::timeout(Duration::from_secs(1), turn(&pace, "c.fr")).await.is_ok());
        waiting.abort();
    }

    #[tokio::test]
    async fn a_host_that_asked_for_silence_is_not_waited_for() {
        let pace = Pace::new(Duration::ZERO, 8);
        pace.hold("a.fr", Duration::from_secs(3600));
        pace.hold("a.fr", Duration::from_secs(1));
        let Err(Held(left)) = turn(&pace, "a.fr").await else { panic!("asked all the same") };
        assert!(left > Duration::from_secs(3500), "a shorter wish does not undo a longer one: {left:?}");
        assert!(turn(&pace, "b.fr").await.is_ok());
        pace.hold("c.fr", Duration::from_millis(10));
        tokio::time::sleep(Duration::from_millis(15)).await;
        assert!(turn(&pace, "c.fr").await.is_ok());
    }

    #[tokio::test]
    async fn the_pause_that_a_site_asks_for_stands_between_its_pages_and_holds_nobody_else_up() {
        let (gap, delay) = (Duration::from_millis(20), Duration::from_millis(400));
        let pace = Pace::new(gap, 1);
        let slow = Purpose::Page { delay };
        let begun = Instant::now();
        drop(pace.turn("a.fr", Purpose::Errand).await.unwrap());
        drop(pace.turn("a.fr", slow).await.unwrap());
        let first = begun.elapsed();
        assert!(first >= gap && first < delay, "robots.txt is no page: {first:?}");
        let waiting = tokio::spawn({
            let pace = pace.clone();
            async move { pace.turn("a.fr", slow).await.map(drop) }
        });
        tokio::task::yield_now().await;
        // There is only one place, and a host in its pause does not sit on it.
        drop(turn(&pace, "b.fr").await.unwrap());
        drop(turn(&pace, "www.a.fr").await.unwrap());
        assert!(begun.elapsed() < first + delay, "{:?}", begun.elapsed());
        assert_eq!(waiting.await.unwrap(), Ok(()));
        let second = begun.elapsed();
        assert!(second >= first + delay);
        pace.rest("never.fr").await;
        pace.rest("a.fr").await;
        assert!(begun.elapsed() >= second + delay - gap, "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn who_comes_to_a_crowded_host_by_a_redirect_waits_no_longer_than_those_before() {
        let pace = Pace::new(Duration::from_millis(5), 8);
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for (number, from) in ["", "", "", "other.fr", "", ""].into_iter().enumerate() {
            let (pace, log) = (pace.clone(), log.clone());
            tasks.push(tokio::spawn(async move {
                if !from.is_empty() {
                    drop(turn(&pace, from).await.unwrap());
                }
                let _turn = turn(&pace, "crowded.fr").await.unwrap();
                log.lock().unwrap().push(number);
            }));
            tokio::task::yield_now().await;
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*log.lock().unwrap(), [0, 1, 2, 3, 4, 5]);
    }
}
