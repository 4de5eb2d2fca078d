//! A bulletin as the message to one reader.

use std::collections::BTreeMap;

use anyhow::{Context, bail};

use super::{App, compose, letters};
use crate::{
    bulletin::Edition,
    clock::Clock,
    config::Mailbox,
    mail::{self, Envelope, List, Mailer, Outcome, Parts},
    model::{BulletinId, Consent, EmailAddress, Preferences, SmtpReply, SubscriberId},
    render::{self, Mail as Written, Reader},
    store::subscribers,
};

/// Frozen editions by what their readers chose: most readers chose the same.
#[derive(Default)]
pub(super) struct Editions(BTreeMap<(BulletinId, Preferences), Option<Edition>>);

impl Editions {
    pub fn get(&mut self, app: &App, id: BulletinId, preferences: &Preferences) -> anyhow::Result<Option<&Edition>> {
        let key = (id, preferences.clone());
        if !self.0.contains_key(&key) {
            let edition = compose::edition(app, id, Some(preferences))?;
            self.0.insert(key.clone(), edition);
        }
        Ok(self.0.get(&key).and_then(Option::as_ref))
    }
}

/// One edition to one reader.
pub(super) struct Letter<'a> {
    pub edition: &'a Edition,
    pub to: &'a EmailAddress,
    pub preferences: &'a Preferences,
    pub consent: &'a Consent,
    /// Nobody's, where it is looked at or tried.
    pub subscriber: Option<SubscriberId>,
    /// Without angle brackets.
    pub message_id: &'a str,
}

impl Letter<'_> {
    /// The message as it goes out on the wire. It bears the time at which it truly leaves, whatever morning is played.
    pub fn bytes(&self, app: &App, from: &Mailbox) -> anyhow::Result<Vec<u8>> {
        let written = self.written(app, &from.address)?;
        let help = letters::help(app);
        let list = List {
            id: &format!("{}.{}", self.edition.cadence.name(), from.address.domain()),
            name: &app.config.site.name,
            unsubscribe: &letters::links(app, self.subscriber, &from.address),
            archive: app.config.site.url.as_ref().map(url::Url::as_str),
            help: help.as_deref(),
        };
        Ok(mail::build(&Parts {
            from,
            to: self.to,
            reply_to: app.config.mail.reply_to.as_ref(),
            subject: &written.subject,
            text: &written.text,
            html: &written.html,
            date: Clock::System.now(),
            zone: &app.config.site.zone,
            message_id: self.message_id,
            list: Some(&list),
        })?)
    }

    fn written(&self, app: &App, from: &EmailAddress) -> anyhow::Result<Written> {
        let leave = letters::links(app, self.subscriber, from);
        let reader = Reader {
            address: self.to,
            since: self.consent.when,
            preferences: self.preferences,
            unsubscribe: leave.first().map_or("", String::as_str),
            consent: &self.consent.what,
        };
        Ok(render::bulletin_mail(&app.templates, self.edition, &app.config.site, app.rules.sections(), &reader)?)
    }
}

/// An edition as it would be written to somebody who wants everything.
pub fn sample(app: &App, edition: &Edition) -> anyhow::Result<Written> {
    let nobody = EmailAddress::parse("lecteur@example.fr")?;
    let (preferences, consent) = (Preferences::all(edition.cadence), trial(app));
    let letter =
        Letter { edition, to: &nobody, preferences: &preferences, consent: &consent, subscriber: None, message_id: "" };
    letter.written(app, app.config.mail.from.as_ref().map_or(&nobody, |from| &from.address))
}

/// Sends one edition to one address at once. Nothing of it is kept.
pub async fn test(app: &App, id: BulletinId, edition: &Edition, address: &EmailAddress) -> anyhow::Result<SmtpReply> {
    let from = sender(app)?;
    if app.store.read(|db| subscribers::is_closed(db, address))? {
        bail!("{address} asked to be left alone, or must not be written to");
    }
    let mailer = Mailer::new(&app.config.mail.transport)?;
    let message_id = format!("essai-{id}-{}@{}", app.clock.now().as_millisecond(), from.address.domain());
    let (preferences, consent) = (Preferences::all(edition.cadence), trial(app));
    let letter = Letter {
        edition,
        to: address,
        preferences: &preferences,
        consent: &consent,
        subscriber: None,
        message_id: &message_id,
    };
    let bytes = letter.bytes(app, from)?;
    let mut session = mailer.open().await?;
    let outcome = session.send(&Envelope { from: &from.address, to: address }, &bytes).await;
    session.quit().await;
    match outcome {
        Outcome::Sent(reply) => Ok(reply),
        Outcome::Failed(reply) | Outcome::Retry(reply) | Outcome::Lost(reply, _) => {
            bail!("not sent: {reply}")
        }
    }
}

/// The address that bulletins come from; an error that says how to set it.
pub(super) fn sender(app: &App) -> anyhow::Result<&Mailbox> {
    app.config.mail.from.as_ref().context(
        "there is no address to send from\n\
         hint: set `from = \"Veille <veille@…>\"` under `[mail]`; what is due stays due",
    )
}

fn trial(app: &App) -> Consent {
    Consent { what: String::from("essai"), when: app.clock.now(), how: String::from("demandé par l’exploitant") }
}
