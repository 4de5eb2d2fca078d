//! Tells the operator which sources broke, and which are well again, and which operators of mailboxes refuse our mail: one
//! message for all of it, at most one an hour.
//!
//! At least once, as bulletins are (invariant 5): the message is frozen before it leaves, and what it tells is marked
//! as told when the server took it. After a crash in between it goes out again, word for word, under its Message-ID. One
//! that certainly did not arrive is given up, and the next one tells what is true then.

use std::collections::BTreeMap;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{App, compose, letter};
use crate::{
    alarm::{self, Failing, Network, News, Raised},
    clock::Clock,
    config::{Config, Mailbox},
    mail::{self, Dot, Envelope, Outcome, Parts},
    model::{AlarmId, EmailAddress, SourceId, mask_addresses},
    render::{self, OperatorLine, OperatorNews},
    store::{
        self, Db, Tx, alarms, settings,
        sources::{self, Known, State},
        weather::{self, Storm},
    },
};

/// What became of the word to the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// There was no news, nobody is to be told, or the last word is less than an hour old.
    Nothing,
    /// How many alarms began, and how many ended.
    Sent { began: usize, ended: usize },
    /// Nobody knows whether the message arrived, or the server asked to wait: it is tried again in an hour.
    Waiting { why: String },
    /// The server cannot be reached, or refused the message: it is tried again in an hour.
    Failed { why: String },
}

/// The least time between two messages.
const PACE: SignedDuration = SignedDuration::from_hours(1);
/// When the last message left, was refused, or could not be handed over.
const LAST: &str = "operator-told";
/// The message that is on its way.
const LETTER: &str = "operator-letter";
/// Since when the network of this machine is down, as the operator was told; '' when it is not.
const DOWN: &str = "network-down";

/// A message that is frozen.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Letter {
    message_id: String,
    subject: String,
    text: String,
    html: String,
    began: Vec<AlarmId>,
    ended: Vec<AlarmId>,
    #[serde(default)]
    storms_began: Vec<i64>,
    #[serde(default)]
    storms_ended: Vec<i64>,
    /// What becomes of [`DOWN`].
    down: Option<String>,
    /// How often its connection broke behind the final dot: nobody knows whether it arrived.
    doubts: u32,
}

/// Tells what is news.
pub async fn tell(app: &App) -> anyhow::Result<Told> {
    let Some(operator) = &app.config.mail.operator else { return Ok(Told::Nothing) };
    let Some(_alone) = app.alone("tell")? else { return Ok(Told::Nothing) };
    let now = app.clock.now();
    let (letter, last) = app.store.read(|db| Ok((settings::get(db, LETTER)?, settings::get(db, LAST)?)))?;
    let last = last.and_then(|at| at.parse::<Timestamp>().ok());
    if last.is_some_and(|last| last <= now && now.duration_since(last) < PACE) {
        return Ok(Told::Nothing);
    }
    // What is no letter of ours says nothing.
    let frozen = letter.and_then(|letter| serde_json::from_str::<Letter>(&letter).ok());
    let news = match &frozen {
        Some(_) => News::default(),
        None => news(app, now)?,
    };
    let storms = match &frozen {
        Some(_) => Vec::new(),
        None => storms(app, now)?,
    };
    if frozen.is_none() && news.is_empty() && storms.is_empty() {
        if !news.covered_began.is_empty() || !news.covered_ended.is_empty() {
            app.store.write(|tx| mark(tx, &news.covered_began, &news.covered_ended, now))?;
        }
        return Ok(Told::Nothing);
    }
    let from = letter::sender(app)?;
    let mut session = match super::send::session_for(app, operator).await {
        Ok(session) => session,
        Err(error) => {
            // A server that is down is not asked, and complained of, at each tick.
            app.store.write(|tx| settings::set(tx, LAST, &now.to_string()))?;
            return Ok(Told::Failed { why: error.to_string() });
        }
    };
    let letter = match frozen {
        Some(letter) => letter,
        None => freeze(app, from, &news, &storms, now)?,
    };
    let bytes = app.signed(bytes(app, from, operator, &letter)?)?;
    let outcome = session.send(&Envelope { from: &from.address, to: operator }, &bytes).await;
    if session.usable() {
        session.quit().await;
    }
    conclude(app, letter, outcome, now)
}

/// Whether there may be something to tell.
pub(super) fn is_waiting(config: &Config, db: &Db) -> store::Result<bool> {
    let is_set = |name| Ok(settings::get(db, name)?.is_some_and(|value| !value.is_empty()));
    Ok(config.mail.operator.is_some()
        && (is_set(LETTER)? || is_set(DOWN)? || !alarms::untold(db)?.is_empty() || !weather::untold(db)?.is_empty()))
}

/// What there is to tell, of the sources that are watched.
fn news(app: &App, now: Timestamp) -> anyhow::Result<News> {
    let (untold, down) = app.store.read(|db| Ok((alarms::untold(db)?, settings::get(db, DOWN)?)))?;
    let down = down.and_then(|at| at.parse::<Timestamp>().ok());
    if untold.is_empty() && down.is_none() {
        return Ok(News::default());
    }
    let (open, known) = app.store.read(|db| Ok((alarms::all_open(db)?, sources::all(db)?)))?;
    let all: BTreeMap<AlarmId, Raised> = untold.into_iter().chain(open).map(|raised| (raised.id, raised)).collect();
    let (watched, strange): (Vec<Raised>, Vec<Raised>) =
        all.into_values().partition(|raised| app.source(&raised.source).is_some());
    if !strange.is_empty() {
        app.store.write(|tx| strange.iter().try_for_each(|raised| alarms::forget(tx, raised.id, now)))?;
    }
    Ok(alarm::news(&watched, failing(app, &known, now), down))
}

/// The operators of mailboxes to tell of. Nobody is told of the end of what he was not told of.
fn storms(app: &App, now: Timestamp) -> anyhow::Result<Vec<Storm>> {
    let untold = app.store.read(weather::untold)?;
    let (covered, storms): (Vec<Storm>, Vec<Storm>) =
        untold.into_iter().partition(|storm| storm.ended.is_some() && storm.told.is_none());
    if !covered.is_empty() {
        let ids: Vec<i64> = covered.iter().map(|storm| storm.id).collect();
        app.store.write(|tx| weather::told_ended(tx, &ids, now))?;
    }
    Ok(storms)
}

/// How the hosts of the sources that are watched fare. One that answers for one of its sources is not down.
fn failing(app: &App, known: &[Known], now: Timestamp) -> Failing {
    let answers = |known: &Known| {
        let ago = known.last_success.map(|last| now.duration_since(last));
        ago.is_some_and(|ago| !ago.is_negative() && ago < alarm::LASTING)
    };
    let mut hosts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for known in known {
        let Some(host) = app.source(&known.id).and_then(|source| source.url.host_str()) else { continue };
        let (failing, answering) = hosts.entry(host).or_default();
        *failing += usize::from(known.state == State::Failing);
        *answering += usize::from(known.state != State::Failing && answers(known));
    }
    let count = |is: fn(&(usize, usize)) -> bool| hosts.values().filter(|host| is(host)).count();
    Failing {
        now: count(|(failing, answering)| *failing > 0 && *answering == 0),
        of: hosts.len(),
        answering: count(|(_, answering)| *answering > 0),
    }
}

/// Writes the message, and keeps it until it is known what became of it.
fn freeze(app: &App, from: &Mailbox, news: &News, storms: &[Storm], now: Timestamp) -> anyhow::Result<Letter> {
    let read = |db: &Db| -> store::Result<(BTreeMap<SourceId, Timestamp>, Vec<Raised>)> {
        let mut next = BTreeMap::new();
        for raised in &news.began {
            next.extend(sources::get(db, &raised.source)?.map(|known| (known.id, known.next_check)));
        }
        Ok((next, alarms::all_open(db)?))
    };
    let (next, open) = app.store.read(read)?;
    let open = open.into_iter().filter(|raised| app.source(&raised.source).is_some());
    let line = |raised: &Raised| OperatorLine {
        id: raised.source.clone(),
        name: app.source_name(&raised.source).to_owned(),
        alarm: raised.alarm.clone(),
        ended: raised.ended,
        next: next.get(&raised.source).copied(),
        every: app.source(&raised.source).map(|source| source.every),
    };
    let told = OperatorNews {
        network: news.network,
        began: news.began.iter().map(line).collect(),
        ended: news.ended.iter().map(line).collect(),
        storms: storms.iter().map(|storm| super::weather::told(app, storm)).collect(),
        open: open.map(|raised| (raised.source, raised.alarm.kind)).collect(),
        options: app.options.clone(),
    };
    let written = render::operator_mail(&app.templates, &told, &app.config.site)?;
    let ids = |raised: &[Raised], covered: &[AlarmId]| -> Vec<AlarmId> {
        raised.iter().map(|raised| raised.id).chain(covered.iter().copied()).collect()
    };
    let (began, ended) = (ids(&news.began, &news.covered_began), ids(&news.ended, &news.covered_ended));
    let storms = |is: fn(&Storm) -> bool| storms.iter().filter(|s| is(s)).map(|s| s.id).collect::<Vec<i64>>();
    let (storms_began, storms_ended) = (storms(|s| s.ended.is_none()), storms(|s| s.ended.is_some()));
    let down = news.network.map(|network| match network {
        Network::Down { since, .. } => since.to_string(),
        Network::Back { .. } => String::new(),
    });
    let letter = app.store.write_durably(|tx| {
        let key = compose::message_key(tx)?;
        // Storms have numbers of their own: below zero, where alarms have none.
        let with = |alarms: &[AlarmId], storms: &[i64]| -> Vec<AlarmId> {
            alarms.iter().copied().chain(storms.iter().map(|id| AlarmId::new(-id))).collect()
        };
        let all = (with(&began, &storms_began), with(&ended, &storms_ended));
        let message_id = mail::alarm_message_id(&key, &all.0, &all.1, from.address.domain());
        let render::Mail { subject, text, html } = written;
        let letter =
            Letter { message_id, subject, text, html, began, ended, storms_began, storms_ended, down, doubts: 0 };
        keep(tx, &letter)?;
        Ok(letter)
    });
    letter.with_context(|| format!("cannot keep the message to the operator of {now}"))
}

fn keep(tx: &Tx, letter: &Letter) -> store::Result<()> {
    // Texts and numbers: JSON holds them all.
    settings::set(tx, LETTER, &serde_json::to_string(letter).unwrap_or_default())
}

fn bytes(app: &App, from: &Mailbox, to: &EmailAddress, letter: &Letter) -> anyhow::Result<Vec<u8>> {
    Ok(mail::build(&Parts {
        from,
        to,
        reply_to: None,
        subject: &letter.subject,
        text: &letter.text,
        html: &letter.html,
        date: Clock::System.now(),
        zone: &app.config.site.zone,
        message_id: &letter.message_id,
        list: None,
    })?)
}

fn conclude(app: &App, letter: Letter, outcome: Outcome, now: Timestamp) -> anyhow::Result<Told> {
    let stamp = |tx: &Tx| settings::set(tx, LAST, &now.to_string());
    match outcome {
        Outcome::Sent(_) => taken(app, &letter, now),
        // As with a bulletin it is sent once more, under the same Message-ID, and then taken for sent.
        Outcome::Lost(_, Dot::After) if letter.doubts > 0 => taken(app, &letter, now),
        Outcome::Lost(reply, Dot::After) => {
            app.store.write_durably(|tx| {
                keep(tx, &Letter { doubts: 1, ..letter })?;
                stamp(tx)
            })?;
            Ok(Told::Waiting { why: mask_addresses(&reply.to_string()) })
        }
        Outcome::Lost(reply, Dot::Before) => {
            app.store.write_durably(|tx| settings::set(tx, LETTER, ""))?;
            Ok(Told::Waiting { why: mask_addresses(&reply.to_string()) })
        }
        // A server that refuses is not asked again at each tick.
        Outcome::Failed(reply) => {
            app.store.write_durably(|tx| give_up(tx, stamp))?;
            Ok(Told::Failed { why: mask_addresses(&reply.to_string()) })
        }
        Outcome::Retry(reply) => {
            app.store.write_durably(|tx| give_up(tx, stamp))?;
            Ok(Told::Waiting { why: mask_addresses(&reply.to_string()) })
        }
    }
}

/// The next message tells what is true then.
fn give_up(tx: &Tx, stamp: impl FnOnce(&Tx) -> store::Result<()>) -> store::Result<()> {
    settings::set(tx, LETTER, "")?;
    stamp(tx)
}

fn taken(app: &App, letter: &Letter, now: Timestamp) -> anyhow::Result<Told> {
    app.store.write_durably(|tx| {
        mark(tx, &letter.began, &letter.ended, now)?;
        weather::told(tx, &letter.storms_began, now)?;
        weather::told_ended(tx, &letter.storms_ended, now)?;
        if let Some(down) = &letter.down {
            settings::set(tx, DOWN, down)?;
        }
        settings::set(tx, LETTER, "")?;
        settings::set(tx, LAST, &now.to_string())
    })?;
    Ok(Told::Sent {
        began: letter.began.len() + letter.storms_began.len(),
        ended: letter.ended.len() + letter.storms_ended.len(),
    })
}

fn mark(tx: &Tx, began: &[AlarmId], ended: &[AlarmId], now: Timestamp) -> store::Result<()> {
    alarms::told(tx, began, now)?;
    alarms::told_ended(tx, ended, now)
}
