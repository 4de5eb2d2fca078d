//! What forms of the site ask for. It is kept before the form is answered, and done right behind the answer, or by the next
//! program that looks: how long an answer takes tells nothing of anybody, and what it promises is not lost.

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    App, consent,
    letters::{self, Question},
    subscribe::Request,
};
use crate::{
    model::{EmailAddress, Letter, Subscriber, SubscriberId, SubscriberState, mask_addresses},
    store::{self, Db, erasures, forms, subscribers},
    token::{self, Purpose},
};

/// A form that comes back sooner was not filled in by a person; after a day it is shown anew.
const FASTEST: SignedDuration = SignedDuration::from_secs(2);
const SLOWEST: SignedDuration = SignedDuration::from_hours(24);
/// What could not be done by then is no longer waited for.
const WAITED_FOR: SignedDuration = SignedDuration::from_hours(48);

/// What is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// To become a subscriber; a reader gets the link to his choices instead.
    Subscribe(Box<Request>),
    /// A letter to the one who reads at this address, if anybody does.
    Access(String),
    Trace(String),
    /// To who runs the site.
    Question(Question),
}

impl Form {
    fn address(&self) -> &str {
        match self {
            Form::Subscribe(request) => &request.email,
            Form::Access(address) | Form::Trace(address) => address,
            Form::Question(question) => &question.address,
        }
    }
}

/// How a form came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As a person fills one in.
    Good,
    TooFast,
    /// After more than a day, or it was never ours.
    TooLate,
}

/// A stamp for a form that is shown now.
///
/// # Errors
/// Of the database.
pub fn stamp(app: &App) -> anyhow::Result<String> {
    Ok(token::seal(app.token_key()?, Purpose::Form, app.clock.now().as_millisecond(), None))
}

/// How the form with this stamp came back.
///
/// # Errors
/// Of the database.
pub fn pace(app: &App, stamp: &str) -> anyhow::Result<Pace> {
    let Ok(opened) = token::open(app.token_key()?, Purpose::Form, stamp) else { return Ok(Pace::TooLate) };
    let shown = Timestamp::from_millisecond(opened.subject).unwrap_or(Timestamp::MAX);
    Ok(match app.clock.now().duration_since(shown) {
        age if age < FASTEST => Pace::TooFast,
        age if age > SLOWEST => Pace::TooLate,
        _ => Pace::Good,
    })
}

/// Keeps what is asked for, whoever it is.
///
/// # Errors
/// Of the database, or of an address that is none.
pub fn keep(app: &App, form: &Form) -> anyhow::Result<()> {
    let address = EmailAddress::parse(form.address())?;
    let asked = serde_json::to_string(form)?;
    let now = app.clock.now();
    Ok(app.store.write_durably(|tx| forms::put(tx, &address, &asked, now))?)
}

/// Does what is kept, oldest first. What the database does not allow now stays, for two days.
pub fn answer(app: &App) {
    let mut last = 0;
    loop {
        let kept = match app.store.read(|db| forms::next(db, last)) {
            Ok(Some(kept)) => kept,
            Ok(None) => return,
            Err(error) => return tracing::error!("what forms asked for cannot be read: {error}"),
        };
        last = kept.id;
        if let Err(error) = done(app, &kept) {
            // No address is in the log.
            tracing::error!("what a form asked for could not be done: {}", mask_addresses(&format!("{error:#}")));
            // What is wrong with the form itself stays wrong; a database may be well again.
            let is_lasting = error.downcast_ref::<store::StoreError>().is_none();
            let is_over = app.clock.now().duration_since(kept.at) > WAITED_FOR;
            if (is_lasting || is_over)
                && let Err(error) = app.store.write(|tx| forms::done(tx, kept.id))
            {
                tracing::error!("what a form asked for cannot be let go of: {error}");
            }
        }
    }
}

/// Whether [`answer`] has something to do.
///
/// # Errors
/// Of the database.
pub fn is_waiting(db: &Db) -> store::Result<bool> {
    Ok(forms::next(db, 0)?.is_some())
}

/// Done twice, by two programs or after one that died, it is the same: no letter goes out again so soon.
fn done(app: &App, kept: &forms::Kept) -> anyhow::Result<()> {
    let now = app.clock.now();
    match serde_json::from_str(&kept.asked).context("what was asked for cannot be read")? {
        Form::Subscribe(request) => {
            if let consent::Invited::Subscribed(id) = consent::invite(app, &request)? {
                by_mail(app, Letter::Access, id)?;
            }
        }
        Form::Access(address) => to_reader(app, Letter::Access, &address)?,
        Form::Trace(address) => to_reader(app, Letter::Trace, &address)?,
        Form::Question(question) => {
            return Ok(app.store.write_durably(|tx| {
                if forms::done(tx, kept.id)? {
                    letters::question(app, tx, kept.id, question.clone(), now)?;
                }
                Ok(())
            })?);
        }
    }
    app.store.write(|tx| forms::done(tx, kept.id))?;
    Ok(())
}

fn to_reader(app: &App, letter: Letter, address: &str) -> anyhow::Result<()> {
    let address = EmailAddress::parse(address)?;
    match app.store.read(|db| subscribers::find(db, &address))? {
        Some(reader) => by_mail(app, letter, reader.id),
        None => Ok(()),
    }
}

/// Sends a letter to a person who is known, unless it went out of late.
///
/// # Errors
/// Of the database.
pub fn by_mail(app: &App, letter: Letter, id: SubscriberId) -> anyhow::Result<()> {
    let now = app.clock.now();
    app.store.write_durably(|tx| {
        // Who left may still see what is kept, where something is.
        let may = |reader: &Subscriber| {
            reader.state == SubscriberState::Active
                || (letter == Letter::Access && !erasures::is_erased(&reader.address))
        };
        let reader = subscribers::get(tx, id)?.filter(may);
        reader.map_or(Ok(false), |reader| letters::asked_for(app, tx, letter, &reader, now))
    })?;
    Ok(())
}
