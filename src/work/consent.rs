//! How a consent is asked for and given (double opt-in), renewed, and how it lapses. Every step keeps what was shown,
//! when it was asked, by which means, and when it was confirmed.

use anyhow::{Context, bail};
use jiff::{SignedDuration, Timestamp};

use super::{
    App, later,
    letters::{self, TO_CONFIRM, TO_RENEW},
    subscribe::{self, Request},
};
use crate::{
    model::{Consent, Letter, Preferences, RequestId, Subscriber, SubscriberId, SubscriberState},
    store::{
        Db, Tx, letters as written,
        requests::{self, Wish},
        subscribers::{self, Added},
    },
    text::day_in_words,
    token::{self, Purpose},
};

/// Of the words that [`agreement`] makes: to be changed with them.
const VERSION: &str = "2026-11";
/// How long a wish whose link has expired is kept, so that another link can be asked for.
const KEPT: SignedDuration = SignedDuration::from_hours(5 * 24);
/// Nobody gets more links than that while none was confirmed, however often an address is typed and by whom.
const LINKS: [(u32, SignedDuration); 3] =
    [(1, SignedDuration::from_hours(1)), (2, SignedDuration::from_hours(24)), (3, SignedDuration::from_hours(7 * 24))];
/// Readers let go in one transaction.
const BATCH: u32 = 500;

/// What became of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invited {
    /// A letter asks for confirmation.
    Asked(RequestId),
    /// Links were sent of late.
    Recently,
    /// Reads the bulletin already.
    Subscribed(SubscriberId),
    /// Must not be written to.
    Suppressed,
}

/// Asks a person by a letter whether they wish to become a subscriber. Nothing else is written to them before they say
/// so. `request.consent_how` says by which means it was asked.
pub fn invite(app: &App, request: &Request) -> anyhow::Result<Invited> {
    answered(app)?;
    super::letter::sender(app)?;
    let now = app.clock.now();
    let request = Request { consent_what: String::from("demande"), consent_when: String::new(), ..request.clone() };
    let checked = subscribe::check(app, &request, Some(now), now).map_err(anyhow::Error::msg)?;
    let wish = Wish {
        address: checked.address,
        shown: agreement(app, &checked.preferences),
        version: VERSION.to_owned(),
        how: checked.consent.how,
        wishes: serde_json::to_string(&request)?,
        asked: now,
        expires: later(now, TO_CONFIRM),
    };
    let key = app.token_key()?;
    Ok(app.store.write_durably(|tx| {
        match subscribers::find(tx, &wish.address)? {
            _ if subscribers::suppressed(tx, &wish.address)?.is_some() => return Ok(Invited::Suppressed),
            Some(known) if known.state == SubscriberState::Active => return Ok(Invited::Subscribed(known.id)),
            _ => {}
        }
        for (most, within) in LINKS {
            let since = now.checked_sub(within).unwrap_or(Timestamp::MIN);
            if requests::count_open(tx, &wish.address, since)? >= most {
                return Ok(Invited::Recently);
            }
        }
        let id = requests::ask(tx, &wish)?;
        let token = token::seal(key, Purpose::Confirm, id.get(), Some(wish.expires));
        requests::set_token(tx, id, &token::digest(&token))?;
        letters::confirmation(app, tx, id, &wish.address, now)?;
        Ok(Invited::Asked(id))
    })?)
}

/// Links to confirm and to renew are worth nothing where nobody answers them.
fn answered(app: &App) -> anyhow::Result<()> {
    app.config.answered_at().map(drop).context(
        "nobody would answer the link of the letter\n\
         hint: set `listen` under `[serve]`, and `url` under `[site]` to the https address at which readers reach it",
    )
}

/// The words that a new subscriber agrees to.
pub(super) fn agreement(app: &App, preferences: &Preferences) -> String {
    let (site, cadence) = (&app.config.site, preferences.cadence.name());
    let by = if site.publisher.is_empty() { String::new() } else { format!(", publié par {}", site.publisher) };
    format!(
        "Je souhaite recevoir par courriel le bulletin {cadence} « {} »{by}. Mon adresse ne sert qu’à cela. \
         Je peux me désinscrire à tout moment, en un clic.",
        site.name
    )
}

/// What a wish asks for.
pub(super) fn preferences(app: &App, wish: &Wish) -> anyhow::Result<Preferences> {
    let request: Request = serde_json::from_str(&wish.wishes).context("the wish cannot be read")?;
    let checked = subscribe::check(app, &request, Some(wish.asked), wish.asked).map_err(anyhow::Error::msg)?;
    Ok(checked.preferences)
}

/// What a link to confirm stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirming {
    Open(Asked),
    /// Done, by this very press or before.
    Confirmed(Asked, Press),
    Expired(Asked),
    /// The address must not be written to.
    Closed(Asked),
    Unknown,
    Forged,
}

/// Whether a press changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    First,
    Again,
}

/// A wish as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub id: RequestId,
    pub wish: Wish,
    pub preferences: Preferences,
}

/// Looks at a link to confirm; changes nothing.
pub fn confirming(app: &App, token: &str) -> anyhow::Result<Confirming> {
    let Ok(opened) = token::open(app.token_key()?, Purpose::Confirm, token) else { return Ok(Confirming::Forged) };
    let id = RequestId::new(opened.subject);
    let kept = app.store.read(|db| requests::get(db, id))?;
    let Some(kept) = kept.filter(|kept| kept.token == token::digest(token)) else { return Ok(Confirming::Unknown) };
    // A section that is gone since cannot be asked for any more.
    let Ok(preferences) = preferences(app, &kept.wish) else { return Ok(Confirming::Unknown) };
    let closed = app.store.read(|db| subscribers::suppressed(db, &kept.wish.address))?.is_some();
    let is_confirmed = kept.confirmed.is_some();
    let asked = Asked { id, wish: kept.wish, preferences };
    Ok(match () {
        () if closed => Confirming::Closed(asked),
        () if is_confirmed => Confirming::Confirmed(asked, Press::Again),
        () if opened.has_expired(app.clock.now()) => Confirming::Expired(asked),
        () => Confirming::Open(asked),
    })
}

/// Makes a wish a subscription, with its proof, and welcomes its person. Twice is the same as once.
pub fn confirm(app: &App, token: &str) -> anyhow::Result<Confirming> {
    let asked = match confirming(app, token)? {
        Confirming::Open(asked) => asked,
        other => return Ok(other),
    };
    let now = app.clock.now();
    let day = |at: Timestamp| day_in_words(app.config.site.zone.to_datetime(at).date());
    let consent = Consent {
        what: format!("inscription au bulletin {}", asked.preferences.cadence.name()),
        when: now,
        how: format!(
            "{}, demande {} du {}, confirmée par le lien envoyé à cette adresse (texte {})",
            asked.wish.how,
            asked.id,
            day(asked.wish.asked),
            asked.wish.version
        ),
    };
    let press = app.store.write_durably(|tx| {
        if requests::get(tx, asked.id)?.is_none_or(|kept| kept.confirmed.is_some()) {
            return Ok(Some(Press::Again));
        }
        match subscribers::add(tx, &asked.wish.address, &asked.preferences, &consent, now)? {
            Added::New(id) | Added::Changed(id) => {
                requests::confirm(tx, asked.id, id, now)?;
                letters::welcome(app, tx, id, now)?;
                Ok(Some(Press::First))
            }
            Added::Left | Added::Suppressed => Ok(None),
        }
    })?;
    Ok(press.map_or(Confirming::Closed(asked.clone()), |press| Confirming::Confirmed(asked, press)))
}

/// What a link to go on stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewing {
    /// A reader whose answer is waited for.
    Reader(Subscriber),
    /// One who left before this link was made: it is there to come back.
    Left(Subscriber),
    /// Nothing is left to be answered.
    Done(Subscriber),
    /// Since when: its time has passed, or its reader left after it was made.
    Expired(Subscriber, Timestamp),
    Closed(Subscriber),
    Unknown,
    Forged,
}

/// Looks at a link to go on; changes nothing.
pub fn renewing(app: &App, token: &str) -> anyhow::Result<Renewing> {
    let Ok(opened) = token::open(app.token_key()?, Purpose::Renew, token) else { return Ok(Renewing::Forged) };
    let (Some(expires), now) = (opened.expires, app.clock.now()) else { return Ok(Renewing::Forged) };
    let id = SubscriberId::new(opened.subject);
    Ok(app.store.read(|db| {
        let Some(reader) = subscribers::get(db, id)? else { return Ok(Renewing::Unknown) };
        if subscribers::suppressed(db, &reader.address)?.is_some() {
            return Ok(Renewing::Closed(reader));
        }
        let made = expires.checked_sub(TO_RENEW).unwrap_or(Timestamp::MIN);
        Ok(match reader.state {
            SubscriberState::Active if written::until(db, id, Letter::Renewal)?.is_none() => Renewing::Done(reader),
            // Late, and not let go yet: the answer still counts.
            SubscriberState::Active => Renewing::Reader(reader),
            // Who left after this link was sent is not brought back by whoever finds it.
            SubscriberState::Left if opened.has_expired(now) || left(db, id)? > made => {
                Renewing::Expired(reader, expires.min(now))
            }
            SubscriberState::Left => Renewing::Left(reader),
        })
    })?)
}

fn left(db: &Db, id: SubscriberId) -> crate::store::Result<Timestamp> {
    Ok(subscribers::left_at(db, id)?.unwrap_or(Timestamp::MIN))
}

/// Records a consent anew: a reader goes on, or one who left comes back. Twice is the same as once.
pub fn renew(app: &App, token: &str) -> anyhow::Result<Renewing> {
    let (reader, how) = match renewing(app, token)? {
        Renewing::Reader(reader) => (reader, "renouvelé par le lien envoyé à cette adresse"),
        Renewing::Left(reader) => (reader, "repris par le lien envoyé à cette adresse"),
        other => return Ok(other),
    };
    let now = app.clock.now();
    let what = format!("inscription au bulletin {}", reader.preferences.cadence.name());
    let consent = Consent { what, when: now, how: how.to_owned() };
    let added = app.store.write_durably(|tx| {
        let added = subscribers::add(tx, &reader.address, &reader.preferences, &consent, now)?;
        written::settle(tx, reader.id, Letter::Renewal)?;
        Ok(added)
    })?;
    Ok(match added {
        Added::New(_) | Added::Changed(_) => Renewing::Done(reader),
        Added::Left | Added::Suppressed => Renewing::Closed(reader),
    })
}

/// Sends another link to the address of one that has expired. What it asks for is what the former did.
pub fn confirm_anew(app: &App, token: &str) -> anyhow::Result<Confirming> {
    let found = confirming(app, token)?;
    if let Confirming::Expired(asked) = &found {
        let request: Request = serde_json::from_str(&asked.wish.wishes).context("the wish cannot be read")?;
        invite(app, &request)?;
    }
    Ok(found)
}

/// As [`confirm_anew`], for one that was to renew: its reader left since, or will.
pub fn renew_anew(app: &App, token: &str) -> anyhow::Result<Renewing> {
    let found = renewing(app, token)?;
    if let Renewing::Expired(reader, _) = &found
        && reader.state == SubscriberState::Left
    {
        invite(app, &wishes(reader))?;
    }
    Ok(found)
}

/// What a reader wants, as a form would state it.
fn wishes(reader: &Subscriber) -> Request {
    let joined = |words: Vec<&str>| words.join(" ");
    let preferences = &reader.preferences;
    Request {
        email: reader.address.to_string(),
        cadence: preferences.cadence.to_string(),
        sections: joined(preferences.sections.iter().map(|section| section.as_str()).collect()),
        natures: joined(preferences.natures.iter().map(|nature| nature.as_str()).collect()),
        severity: preferences.least_severity.to_string(),
        alerts_from: preferences.alerts.from.map(|from| from.to_string()).unwrap_or_default(),
        alert_words: preferences.alerts.words.join(", "),
        consent_how: String::from("nouveau lien demandé par un lien qui n’était plus valable"),
        ..Request::default()
    }
}

/// What a link to leave stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaving {
    Reader(Subscriber),
    Left(Subscriber),
    Unknown,
    Forged,
}

/// Looks at a link to leave; changes nothing.
pub fn leaving(app: &App, token: &str) -> anyhow::Result<Leaving> {
    let Ok(opened) = token::open(app.token_key()?, Purpose::Leave, token) else { return Ok(Leaving::Forged) };
    let reader = app.store.read(|db| subscribers::get(db, SubscriberId::new(opened.subject)))?;
    Ok(match reader {
        Some(reader) if reader.state == SubscriberState::Active => Leaving::Reader(reader),
        Some(reader) => Leaving::Left(reader),
        None => Leaving::Unknown,
    })
}

/// Asks every reader whose last consent is older than `before` whether the bulletin is still wanted; how many. An answer
/// is waited for 30 days, there is no reminder, and who does not answer is let go: what the letter says.
pub fn ask_renewals(app: &App, before: Timestamp) -> anyhow::Result<usize> {
    answered(app)?;
    super::letter::sender(app)?;
    let now = app.clock.now();
    if before > now {
        bail!("readers who have not agreed yet cannot be asked to agree again");
    }
    Ok(app.store.write_durably(|tx| {
        let ids = written::renewable(tx, before, now)?;
        for id in &ids {
            if let Some(reader) = subscribers::get(tx, *id)? {
                letters::renewal(app, tx, &reader, now)?;
            }
        }
        Ok(ids.len())
    })?)
}

/// Forgets wishes that nobody confirmed, and lets go of readers who did not answer a renewal. They were told so by it,
/// and get no goodbye.
pub(super) fn tidy(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    app.store.write(|tx| requests::forget(tx, now.checked_sub(KEPT).unwrap_or(Timestamp::MIN)))?;
    let lapse = |tx: &Tx| {
        let late = written::overdue(tx, Letter::Renewal, now, BATCH)?;
        for id in &late {
            if let Some(reader) = subscribers::get(tx, *id)?.filter(|reader| reader.state == SubscriberState::Active) {
                subscribers::leave(tx, &reader.address, now)?;
            }
            written::settle(tx, *id, Letter::Renewal)?;
        }
        Ok(late.len())
    };
    while !app.stop.is_cancelled() && app.store.write_durably(lapse)? > 0 {}
    Ok(())
}
