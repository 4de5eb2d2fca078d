//! Who may send a form: people, at the pace of people, and no more from one network than a town hall would.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::http::HeaderMap;

use super::Fields;
use crate::{
    render::Wrong,
    text::french,
    work::{
        App,
        forms::{self, Pace},
    },
};

/// Forms from one network in an hour.
const FORMS: u32 = 20;
/// Questions from all of them in an hour: they go to one person.
const QUESTIONS: u32 = 60;
const WINDOW: Duration = Duration::from_secs(3_600);
/// Networks that are remembered.
const NETWORKS: usize = 10_000;

/// How many forms each network sent of late.
#[derive(Default)]
pub(super) struct Counts(Mutex<HashMap<IpAddr, (Instant, u32)>>);

impl Counts {
    /// Counts one more question, from wherever; `false`: there were too many.
    pub fn admit_question(&self) -> bool {
        self.count(IpAddr::V4(Ipv4Addr::UNSPECIFIED)) <= QUESTIONS
    }

    /// Counts one more form from the network of who asks; `false`: there were too many.
    pub fn admit(&self, app: &App, peer: IpAddr, headers: &HeaderMap) -> bool {
        self.count(network(asker(app, peer, headers))) <= FORMS
    }

    fn count(&self, from: IpAddr) -> u32 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Networks are remembered for as long as they count, and no longer.
        counts.retain(|_, (since, _)| since.elapsed() < WINDOW);
        if counts.len() >= NETWORKS {
            // One of many networks makes room: whoever has that many is not held up by this, and all others would be.
            if counts.len() >= NETWORKS
                && let Some(oldest) = counts.iter().min_by_key(|(_, (since, _))| *since).map(|(from, _)| *from)
            {
                counts.remove(&oldest);
            }
        }
        let (since, count) = counts.entry(from).or_insert((Instant::now(), 0));
        if since.elapsed() >= WINDOW {
            (*since, *count) = (Instant::now(), 0);
        }
        *count = count.saturating_add(1);
        *count
    }
}

/// A /24, or a /56: what one household or office has.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(four) => {
            let [a, b, c, _] = four.octets();
            IpAddr::from([a, b, c, 0])
        }
        IpAddr::V6(six) => {
            let mut octets = six.octets();
            octets.iter_mut().skip(7).for_each(|octet| *octet = 0);
            IpAddr::from(octets)
        }
    }
}

/// Who asks: the other end of the connection, or whom a proxy of ours names (the last of those that are not ours).
fn asker(app: &App, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let is_ours = |address: IpAddr| {
        app.config.serve.trusted_proxies.iter().any(|network| network.contains(address.to_canonical()))
    };
    if !is_ours(peer) {
        return peer;
    }
    let named = headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap_or_default());
    let chain: Vec<&str> = named.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut nearest = peer;
    for name in chain.into_iter().rev() {
        let port = || name.parse::<SocketAddr>().map(|named| named.ip());
        // Whatever stands before what cannot be read, anybody may have written.
        let Ok(address) = name.parse().or_else(|_| port()) else { break };
        nearest = address;
        if !is_ours(address) {
            break;
        }
    }
    nearest
}

/// Whether a form goes on.
pub(super) enum Gate {
    Open,
    /// It is shown again.
    Again(Wrong),
    TooMany,
    /// It believes that all went well.
    Robot,
}

impl Gate {
    pub fn of(app: &App, counts: &Counts, peer: IpAddr, headers: &HeaderMap, form: &Fields) -> Self {
        if !form.one("site_web").is_empty() {
            return Gate::Robot;
        }
        if !counts.admit(app, peer, headers) {
            return Gate::TooMany;
        }
        match forms::pace(app, form.one("sceau")) {
            Ok(Pace::Good) => Gate::Open,
            Ok(Pace::TooFast) => Gate::Again(Wrong::whole(french(
                "Cette page a été envoyée plus vite qu’elle ne se lit. Vérifiez vos réponses, et envoyez de nouveau.",
            ))),
            Ok(Pace::TooLate) | Err(_) => Gate::Again(Wrong::whole(french(
                "Cette page était ouverte depuis plus d’un jour. Vérifiez vos réponses, et envoyez de nouveau.",
            ))),
        }
    }
}
