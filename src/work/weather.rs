//! Delivery weather: which operators of mailboxes refuse our mail of late, against their habit. Who runs Vigie is told by
//! [`super::health`], readers by a notice on the site.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{App, publish};
use crate::{
    alarm::{self, Tally, Weather},
    mail::{self, About},
    model::{DeliveryState, SmtpReply, mask_addresses},
    render::{OperatorStorm, Refusal},
    store::{self, Db, Tx, settings, weather},
};

/// The last hours.
const RECENT: SignedDuration = SignedDuration::from_hours(6);
/// How long a first refusal may be greylisting.
const SETTLES: SignedDuration = SignedDuration::from_mins(30);
/// How far the habit goes back.
const HABIT: SignedDuration = SignedDuration::from_hours(28 * 24);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How often it is looked at, while mail is sent.
const EVERY: SignedDuration = SignedDuration::from_mins(10);
/// How long the days are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(60 * 24);
/// When it was looked at last.
const LOOKED: &str = "weather-looked";
/// Which day was summed last: the instant at which it ended.
const SUMMED: &str = "weather-summed";

/// How it stands with one operator.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sky {
    pub operator: String,
    pub name: String,
    pub state: Weather,
    /// In the last hours.
    #[serde(flatten)]
    pub recent: Tally,
    /// The share that it refuses on common days.
    pub habit: f64,
    /// The first refusal of a storm.
    pub since: Option<Timestamp>,
    /// What it says most when it refuses, addresses masked.
    pub reply: String,
}

/// What one operator did in the last hours.
#[derive(Debug, Clone, Default)]
struct Recent {
    tally: Tally,
    since: Option<Timestamp>,
    /// Each reply, and to how many messages.
    replies: BTreeMap<String, u64>,
}

impl Recent {
    fn reply(&self) -> String {
        let most = self.replies.iter().max_by_key(|(reply, messages)| (**messages, std::cmp::Reverse(*reply)));
        most.map(|(reply, _)| mask_addresses(reply)).unwrap_or_default()
    }
}

/// Whether there may be something new to see.
pub(super) fn is_due(db: &Db, now: Timestamp) -> store::Result<bool> {
    let last = settings::get(db, LOOKED)?.and_then(|at| at.parse::<Timestamp>().ok());
    match last {
        // A last time that lies in the future is that of a clock that was set back.
        // A first refusal counts when it has settled, though nothing is tried in the meantime.
        Some(last) if last <= now => {
            Ok(now.duration_since(last) >= EVERY && weather::is_tried(db, last - SETTLES - EVERY)?)
        }
        _ => weather::is_tried(db, now - RECENT),
    }
}

/// Looks at the sky: storms begin, change and end. How many there are.
pub fn look(app: &App) -> anyhow::Result<usize> {
    let now = app.clock.now();
    if !app.store.read(|db| is_due(db, now))? {
        return Ok(app.store.read(weather::storms)?.len());
    }
    sum_days(app, now)?;
    let (skies, storms) = app.store.read(|db| Ok((skies(app, db, BTreeSet::new(), now)?, weather::storms(db)?)))?;
    app.store.write(|tx| {
        for sky in &skies {
            settle(tx, sky, storms.iter().find(|storm| storm.operator == sky.operator), now)?;
        }
        settings::set(tx, LOOKED, &now.to_string())
    })?;
    Ok(app.store.read(weather::storms)?.len())
}

fn settle(tx: &Tx, sky: &Sky, storm: Option<&weather::Storm>, now: Timestamp) -> store::Result<()> {
    match (storm, sky.state) {
        (None, Weather::Calm) => Ok(()),
        (None, state) => {
            weather::begin(tx, &sky.operator, state, sky.since.unwrap_or(now), sky.recent, &sky.reply)?;
            publish::announce(tx)
        }
        (Some(storm), Weather::Calm) => {
            weather::end(tx, storm.id, now)?;
            publish::announce(tx)
        }
        // Nothing was tried: it stands as it stood.
        (Some(_), _) if sky.recent.all() == 0 => Ok(()),
        (Some(storm), state) => {
            let reply = if sky.reply.is_empty() { &storm.reply } else { &sky.reply };
            weather::change(tx, storm, state, sky.recent, reply)?;
            if state != storm.state { publish::announce(tx) } else { Ok(()) }
        }
    }
}

/// How it stands with every operator of whom anything is known, the worst first.
pub fn now(app: &App) -> anyhow::Result<Vec<Sky>> {
    let now = app.clock.now();
    let mut skies = app.store.read(|db| {
        let known = weather::operators(db, now - HABIT)?;
        skies(app, db, known.into_iter().collect(), now)
    })?;
    skies.sort_by(|a, b| b.state.cmp(&a.state).then(b.recent.all().cmp(&a.recent.all())).then(a.name.cmp(&b.name)));
    Ok(skies)
}

/// The notices for readers, of operators that are known by name: who keeps only its own mailboxes is not put on show.
pub(super) fn notices(app: &App) -> store::Result<Vec<Refusal>> {
    let known: BTreeMap<&str, &str> =
        app.config.mail.operators.iter().map(|operator| (&*operator.id, &*operator.name)).collect();
    let storms = app.store.read(weather::storms)?;
    let told = storms.into_iter().filter_map(|storm| {
        let name = (*known.get(&*storm.operator)?).to_owned();
        Some(Refusal { name, state: storm.state, since: storm.since })
    });
    Ok(told.collect())
}

/// A storm as who runs Vigie is told of it.
pub(super) fn told(app: &App, storm: &weather::Storm) -> OperatorStorm {
    let operator = app.config.mail.operators.get(&storm.operator);
    let sender = app.config.mail.from.as_ref().map_or_else(String::new, |from| from.address.to_string());
    let advice = mail::advise(&SmtpReply::read(&storm.reply), DeliveryState::Failed, &operator, &sender);
    OperatorStorm {
        id: operator.id.clone(),
        name: operator.name.clone(),
        state: storm.state,
        since: storm.since,
        ended: storm.ended,
        tally: storm.tally,
        reply: storm.reply.clone(),
        meaning: advice.meaning,
        advice: advice.keeper,
    }
}

/// How it stands with these, with those that were written to of late, and with those that refuse.
fn skies(app: &App, db: &Db, mut operators: BTreeSet<String>, now: Timestamp) -> store::Result<Vec<Sky>> {
    // What was tried at this instant counts.
    let until = now + SignedDuration::from_millis(1);
    let mut recent = recent(app, db, now - RECENT, until, now - SETTLES)?;
    let storms = weather::storms(db)?;
    operators.extend(recent.keys().cloned());
    operators.extend(storms.iter().map(|storm| storm.operator.clone()));
    let mut skies = Vec::new();
    for operator in operators {
        let seen = recent.remove(&operator).unwrap_or_default();
        let storm = storms.iter().find(|storm| storm.operator == operator);
        let habit = alarm::habit(&weather::days(db, &operator, now - HABIT)?);
        let was = storm.map_or(Weather::Calm, |storm| storm.state);
        let state = alarm::judge(seen.tally, habit, was);
        skies.push(Sky {
            name: app.config.mail.operators.get(&operator).name.clone(),
            state,
            recent: seen.tally,
            habit,
            since: storm.map(|storm| storm.since).or(seen.since).filter(|_| state != Weather::Calm),
            reply: if seen.replies.is_empty() {
                storm.map(|s| s.reply.clone()).unwrap_or_default()
            } else {
                seen.reply()
            },
            operator,
        });
    }
    Ok(skies)
}

/// What each operator took and refused between two instants. A refusal that speaks of its reader alone shows that the
/// operator takes our mail.
fn recent(
    app: &App,
    db: &Db,
    from: Timestamp,
    until: Timestamp,
    settled: Timestamp,
) -> store::Result<BTreeMap<String, Recent>> {
    let mut all: BTreeMap<String, Recent> = BTreeMap::new();
    for (operator, messages) in weather::taken(db, from, until)? {
        all.entry(operator).or_default().tally.taken += messages;
    }
    for refused in weather::refused(db, from, until, settled)? {
        let operator = app.config.mail.operators.get(&refused.operator);
        let cause = mail::cause(&refused.reply, refused.state, &operator);
        let seen = all.entry(refused.operator.clone()).or_default();
        match cause.about() {
            About::Operator => {
                seen.tally.refused += refused.messages;
                seen.since = Some(seen.since.map_or(refused.since, |since| since.min(refused.since)));
                *seen.replies.entry(refused.reply.to_string()).or_default() += refused.messages;
            }
            About::Reader | About::Nobody => seen.tally.taken += refused.messages,
        }
    }
    Ok(all)
}

/// Sums the days that ended since the last one that was summed, in UTC.
fn sum_days(app: &App, now: Timestamp) -> anyhow::Result<()> {
    let midnight = |at: Timestamp| Timestamp::from_second(at.as_second() - at.as_second().rem_euclid(DAY.as_secs()));
    let today = midnight(now).unwrap_or(now);
    let last = app.store.read(|db| settings::get(db, SUMMED))?.and_then(|at| at.parse::<Timestamp>().ok());
    let mut day = last.filter(|last| *last <= today).unwrap_or(today - HABIT).max(today - HABIT);
    while day < today && !app.stop.is_cancelled() {
        let next = day + DAY;
        let tallies = app.store.read(|db| recent(app, db, day, next, next))?;
        app.store.write(|tx| {
            tallies.iter().try_for_each(|(operator, seen)| weather::put_day(tx, operator, day, seen.tally))?;
            weather::tidy(tx, now - KEPT)?;
            settings::set(tx, SUMMED, &next.to_string())
        })?;
        day = next;
    }
    Ok(())
}
