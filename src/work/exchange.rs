//! Who takes the mail of the readers' domains: asked of the DNS, and remembered, so that a bulletin for thousands of
//! town halls asks once a day.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use super::App;
use crate::{
    dns::{Dns, DnsError},
    store::exchangers::{self, Kept},
};

pub use crate::store::exchangers::Failure;

/// How long an answer holds.
const HOLDS: SignedDuration = SignedDuration::from_hours(24);
/// How long it holds that a domain takes no mail: that is soon repaired, or soon known.
const FAILS: SignedDuration = SignedDuration::from_hours(1);
/// How long nobody is asked again after the DNS did not answer.
const PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// How many domains are asked for at once.
const AT_ONCE: usize = 32;

/// Who takes the mail of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchanger {
    /// The id of who keeps its mailboxes, as in [`crate::config::Operators`]; '' where it takes no mail.
    pub operator: String,
    /// In order of preference.
    pub hosts: Vec<String>,
    /// Why there is none. [`Failure::Later`] passes; with any other, no mail ever arrives there.
    pub failure: Option<Failure>,
}

/// Finds out who takes the mail of each of these domains. While the DNS is down, what it said last holds.
pub async fn find<'d>(
    app: &App,
    dns: &Dns,
    domains: impl IntoIterator<Item = &'d str>,
) -> anyhow::Result<BTreeMap<String, Exchanger>> {
    let now = app.clock.now();
    let domains: BTreeSet<String> = domains.into_iter().map(str::to_ascii_lowercase).collect();
    let mut found = BTreeMap::new();
    let mut asked: Vec<(String, Option<Kept>)> = Vec::new();
    let known = app.store.read(|db| {
        domains.iter().map(|domain| Ok((domain.clone(), exchangers::get(db, domain)?))).collect::<Result<Vec<_>, _>>()
    })?;
    for (domain, kept) in known {
        match kept {
            // What ends far in the future was written by a clock gone wrong.
            Some(kept) if kept.until > now && kept.until <= now + HOLDS => {
                found.insert(domain, exchanger(app, kept));
            }
            old => asked.push((domain, old)),
        }
    }
    let answers: Vec<(String, Kept)> = stream::iter(asked)
        .map(|(domain, old)| async move {
            let kept = ask(app, dns, &domain, old, now).await;
            (domain, kept)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    if !answers.is_empty() {
        app.store.write(|tx| answers.iter().try_for_each(|(domain, kept)| exchangers::put(tx, domain, kept)))?;
    }
    found.extend(answers.into_iter().map(|(domain, kept)| (domain, exchanger(app, kept))));
    Ok(found)
}

async fn ask(app: &App, dns: &Dns, domain: &str, old: Option<Kept>, now: Timestamp) -> Kept {
    let until = |time| now.checked_add(time).unwrap_or(Timestamp::MAX);
    let failed =
        |failure, time| Kept { operator: String::new(), hosts: Vec::new(), failure: Some(failure), until: until(time) };
    match dns.mx(domain).await {
        Ok(exchanges) => {
            let hosts: Vec<String> = exchanges.into_iter().map(|exchange| exchange.host).collect();
            let operator = app.config.mail.operators.of(&hosts).id.clone();
            Kept { operator, hosts, failure: None, until: until(HOLDS) }
        }
        Err(DnsError::NullMx { .. }) => failed(Failure::NullMx, FAILS),
        Err(DnsError::NoName { .. }) => failed(Failure::NoName, FAILS),
        Err(DnsError::NoRecord { .. }) => failed(Failure::NoRecord, FAILS),
        Err(error @ DnsError::Later { .. }) => {
            tracing::debug!(%error, "who takes the mail of a domain is not known now");
            match old.filter(|old| old.failure.is_none()) {
                Some(old) => Kept { until: until(PAUSE), ..old },
                None => failed(Failure::Later, PAUSE),
            }
        }
    }
}

/// Of whom the hosts are is looked up each time: the table of operators may have changed since they were kept.
fn exchanger(app: &App, kept: Kept) -> Exchanger {
    let operator = match kept.hosts.is_empty() {
        true => String::new(),
        false => app.config.mail.operators.of(&kept.hosts).id.clone(),
    };
    Exchanger { operator, hosts: kept.hosts, failure: kept.failure }
}
