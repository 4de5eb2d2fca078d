//! What robots.txt of each origin says, and for how long that is believed (RFC 9309 2.3.1 and 2.4).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{error::FetchError, robots::Robots};
use crate::model::RobotsFile;

/// How long an answer is believed.
const FRESH: SignedDuration = SignedDuration::from_hours(24);
/// How long a site whose robots.txt cannot be read is left alone before it is asked for it again.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);
/// How long an older copy stands in for a file that cannot be read.
const COPY: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The origins that were asked. Cheap to clone: the clones share what they know.
#[derive(Debug, Clone, Default)]
pub struct Origins(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    known: BTreeMap<String, Known>,
    /// Who asks an origin, so that nobody else does at the same time.
    asking: BTreeMap<String, Arc<tokio::sync::Mutex<()>>>,
    /// Not yet given to who keeps them.
    changed: BTreeSet<String>,
}

#[derive(Debug)]
struct Known {
    asked: Timestamp,
    status: Option<u16>,
    read: Option<Timestamp>,
    rules: Arc<Robots>,
}

/// Where we stand with an origin.
#[derive(Debug, Clone)]
pub enum Standing {
    Rules(Arc<Robots>),
    /// All of it is forbidden for now.
    Unread {
        status: Option<u16>,
        wait: Duration,
    },
}

impl Origins {
    /// With what was kept from former runs.
    pub fn new(kept: impl IntoIterator<Item = RobotsFile>) -> Self {
        let known = kept.into_iter().map(|file| {
            let rules = Arc::new(Robots::parse(file.rules.as_bytes()));
            (file.origin, Known { asked: file.asked, status: file.status, read: file.read, rules })
        });
        Self(Arc::new(Mutex::new(State { known: known.collect(), ..State::default() })))
    }

    /// What is known well enough not to be asked for.
    pub fn standing(&self, url: &Url, now: Timestamp) -> Option<Standing> {
        self.state().known.get(&name(url))?.standing(now)
    }

    /// The right to ask an origin, to be waited for without a turn of any host.
    pub fn asking(&self, url: &Url) -> Arc<tokio::sync::Mutex<()>> {
        self.state().asking.entry(name(url)).or_default().clone()
    }

    /// Takes in a file, or that there is none: every answer that is not [`is_trouble`].
    pub fn answered(&self, url: &Url, status: u16, rules: Robots, now: Timestamp) {
        let read = (200..300).contains(&status).then_some(now);
        self.keep(url, Known { asked: now, status: Some(status), read, rules: Arc::new(rules) });
    }

    /// Takes in that the file could not be read. What was read of it before stays.
    pub fn missed(&self, url: &Url, status: Option<u16>, now: Timestamp) {
        let before = self.state().known.remove(&name(url));
        let (read, rules) = before.map(|known| (known.read, known.rules)).unwrap_or_default();
        self.keep(url, Known { asked: now, status, read, rules });
    }

    /// Forgets an origin, as if nobody had asked it.
    pub fn forget(&self, url: &Url) {
        let mut state = self.state();
        state.known.remove(&name(url));
        state.changed.remove(&name(url));
    }

    /// The sitemaps that the file of an origin names.
    pub fn sitemaps(&self, url: &Url) -> Vec<Url> {
        self.state().known.get(&name(url)).map(|known| known.rules.sitemaps().to_vec()).unwrap_or_default()
    }

    /// What changed since this was last called, in the order of the origins.
    pub fn take_changed(&self) -> Vec<RobotsFile> {
        let mut state = self.state();
        let changed = std::mem::take(&mut state.changed);
        let file = |origin: String| {
            let known = state.known.get(&origin)?;
            let rules = known.rules.to_text();
            Some(RobotsFile { origin, asked: known.asked, status: known.status, read: known.read, rules })
        };
        changed.into_iter().filter_map(file).collect()
    }

    fn keep(&self, url: &Url, known: Known) {
        let mut state = self.state();
        state.known.insert(name(url), known);
        state.changed.insert(name(url));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn standing(&self, now: Timestamp) -> Option<Standing> {
        let age = now.duration_since(self.asked);
        // Asked in the future: a clock was wrong, and nothing says how old this is.
        if age.is_negative() {
            return None;
        }
        if !self.status.is_none_or(is_trouble) {
            return (age < FRESH).then(|| Standing::Rules(self.rules.clone()));
        }
        let left = Duration::try_from(AGAIN - age).ok().filter(|left| !left.is_zero())?;
        let copy = self.read.is_some_and(|read| now.duration_since(read) < COPY);
        Some(match copy {
            true => Standing::Rules(self.rules.clone()),
            false => Standing::Unread { status: self.status, wait: left },
        })
    }
}

impl Standing {
    /// The rules, when they let this address be asked.
    ///
    /// # Errors
    /// [`FetchError::Robots`], [`FetchError::RobotsUnread`].
    pub fn allow(self, url: &Url, host: &str) -> Result<Arc<Robots>, FetchError> {
        let host = host.to_owned();
        let rules = match self {
            Standing::Rules(rules) => rules,
            Standing::Unread { status, wait } => {
                let why = status.map_or_else(|| "no whole answer came".into(), |status| format!("it answers {status}"));
                return Err(FetchError::RobotsUnread { host, why, wait, held: None });
            }
        };
        if let Some(rule) = rules.forbids(url) {
            let path: String = url.path().chars().take(200).collect();
            let rule = rule.to_string().chars().take(200).collect();
            return Err(FetchError::Robots { host, path, rule, agent: rules.agent() });
        }
        Ok(rules)
    }
}

/// Whether an answer says that the file cannot be read now, and not that there is none (RFC 9309 2.3.1.4). Of the 4xx,
/// 429 is no answer to the question: it says that we are too fast.
pub const fn is_trouble(status: u16) -> bool {
    status == 429 || status >= 500
}

fn name(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T08:00:00Z".parse().unwrap()
    }

    fn verdict(file: RobotsFile) -> &'static str {
        let url = Url::parse("https://exemple.fr/a").unwrap();
        match Origins::new([file]).standing(&url, now()).map(|standing| standing.allow(&url, "exemple.fr")) {
            None => "to be asked",
            Some(Ok(_)) => "allowed",
            Some(Err(FetchError::Robots { .. })) => "forbidden",
            Some(Err(_)) => "unread",
        }
    }

    #[test]
    fn an_answer_holds_for_a_day_and_a_copy_for_thirty_when_none_can_be_had() {
        const DAY: i64 = 24 * 60;
        // Minutes since it was asked for and since it was read.
        for (asked, status, read, expected) in [
            (5, Some(200), Some(5), "forbidden"),
            (DAY - 1, Some(200), Some(DAY - 1), "forbidden"),
            (DAY + 1, Some(200), Some(DAY + 1), "to be asked"),
            (-5, Some(200), Some(-5), "to be asked"),
            (5, Some(503), None, "unread"),
            (5, Some(429), None, "unread"),
            (5, None, None, "unread"),
            (61, Some(503), None, "to be asked"),
            (61, None, Some(2 * DAY), "to be asked"),
            (5, Some(503), Some(2 * DAY), "forbidden"),
            (5, None, Some(29 * DAY), "forbidden"),
            (5, None, Some(31 * DAY), "unread"),
        ] {
            let before = |minutes: i64| now() - SignedDuration::from_mins(minutes);
            let rules = String::from("User-agent: *\nDisallow: /a\n");
            let origin = String::from("https://exemple.fr");
            let file = RobotsFile { origin, asked: before(asked), status, read: read.map(before), rules };
            assert_eq!(verdict(file), expected, "{asked} {status:?} {read:?}");
        }
        let origin = String::from("https://exemple.fr");
        let none = RobotsFile { origin, asked: now(), status: Some(404), read: None, rules: String::new() };
        assert_eq!(verdict(none), "allowed");
    }
}
