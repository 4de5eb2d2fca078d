//! A bulletin as the message to one reader.

use anyhow::{Context, bail};
use jiff::Timestamp;

use super::{App, compose, letters};
use crate::{
    bulletin::Edition,
    clock::Clock,
    config::Mailbox,
    mail::{self, Envelope, List, Outcome, Own, Parts},
    model::{BulletinId, Consent, Delivery, EmailAddress, Preferences, SmtpReply, Subscriber, SubscriberId},
    render::{self, Mail as Written, Reader},
    store::{alerts::Part, subscribers},
};

/// One edition as all get it who chose the same, but for what is each reader's own.
pub(super) struct Print {
    foot: render::Stencil,
    message: mail::Stencil,
}

/// What one reader's message has of its own.
pub(super) struct Filled {
    to: EmailAddress,
    message_id: String,
    date: Timestamp,
    unsubscribe: Vec<String>,
    words: render::Words,
}

impl Print {
    /// `None`: nothing of the edition is for readers who chose so.
    pub fn new(
        app: &App,
        from: &Mailbox,
        id: BulletinId,
        preferences: &Preferences,
        share: &[Part],
    ) -> anyhow::Result<Option<Self>> {
        let Some(edition) = compose::part(app, id, Some(preferences), share)? else { return Ok(None) };
        // Words that no text holds.
        let to = EmailAddress::parse("lectrice.inconnue@commune.invalid")?;
        let consent = Consent {
            what: String::from("accord-de-la-lectrice-inconnue"),
            when: Timestamp::from_second(SOMETIME)?,
            how: String::new(),
        };
        let message_id = format!("bulletin-{id}@{}", from.address.domain());
        let sample = Letter {
            edition: &edition,
            to: &to,
            preferences,
            consent: &consent,
            // No reader has it.
            subscriber: Some(SubscriberId::new(i64::MAX)),
            message_id: &message_id,
        };
        let (help, unsubscribe) = (letters::help(app), letters::links(app, sample.subscriber, &from.address));
        let sections = app.rules.sections();
        let foot = render::Stencil::new(
            &app.templates,
            &edition,
            &app.config.site,
            sections,
            &sample
                .reader(unsubscribe.first().map_or("", String::as_str), &letters::choices_link(app, sample.subscriber)),
        )?;
        let list_id = sample.list_id(from);
        let list = Letter::list(app, &list_id, &unsubscribe, help.as_deref());
        let message =
            mail::Stencil::new(&sample.parts(app, from, &foot.subject, &foot.text.head, &foot.html.head, Some(&list)))?;
        Ok(Some(Self { foot, message }))
    }

    pub fn for_reader(&self, app: &App, from: &Mailbox, reader: &Subscriber, delivery: &Delivery) -> Filled {
        let unsubscribe = letters::links(app, Some(reader.id), &from.address);
        let preferences_at = letters::choices_link(app, Some(reader.id));
        let told = Reader {
            address: &delivery.address,
            since: reader.consent.when,
            preferences: &reader.preferences,
            unsubscribe: unsubscribe.first().map_or("", String::as_str),
            preferences_at: &preferences_at,
            consent: &reader.consent.what,
        };
        Filled {
            to: delivery.address.clone(),
            message_id: delivery.message_id.clone(),
            date: Clock::System.now(),
            words: render::Words::of(&told, &app.config.site, app.rules.sections()),
            unsubscribe,
        }
    }

    /// The message as it goes out on the wire. It bears the time at which it truly leaves, whatever morning is played.
    pub fn fill(&self, filled: &Filled) -> anyhow::Result<Vec<u8>> {
        Ok(self.message.fill(&Own {
            to: &filled.to,
            message_id: &filled.message_id,
            date: filled.date,
            unsubscribe: &filled.unsubscribe,
            text: &self.foot.text_tail(&filled.words),
            html: &self.foot.html_tail(&filled.words),
        })?)
    }
}

/// A day on which nobody subscribed: in the year 9998.
const SOMETIME: i64 = 253_352_000_000;

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
    fn bytes(&self, app: &App, from: &Mailbox) -> anyhow::Result<Vec<u8>> {
        let written = self.written(app, &from.address)?;
        let (help, unsubscribe) = (letters::help(app), letters::links(app, self.subscriber, &from.address));
        let id = self.list_id(from);
        let list = Self::list(app, &id, &unsubscribe, help.as_deref());
        Ok(mail::build(&self.parts(app, from, &written.subject, &written.text, &written.html, Some(&list)))?)
    }

    fn parts<'p>(
        &'p self,
        app: &'p App,
        from: &'p Mailbox,
        subject: &'p str,
        text: &'p str,
        html: &'p str,
        list: Option<&'p List<'p>>,
    ) -> Parts<'p> {
        Parts {
            from,
            to: self.to,
            reply_to: app.config.mail.reply_to.as_ref(),
            subject,
            text,
            html,
            date: Clock::System.now(),
            zone: &app.config.site.zone,
            message_id: self.message_id,
            list,
        }
    }

    fn list_id(&self, from: &Mailbox) -> String {
        format!("{}.{}", self.edition.cadence.name(), from.address.domain())
    }

    fn list<'l>(app: &'l App, id: &'l str, unsubscribe: &'l [String], help: Option<&'l str>) -> List<'l> {
        List {
            id,
            name: &app.config.site.name,
            unsubscribe,
            archive: app.config.site.url.as_ref().map(url::Url::as_str),
            help,
        }
    }

    fn written(&self, app: &App, from: &EmailAddress) -> anyhow::Result<Written> {
        let leave = letters::links(app, self.subscriber, from);
        let preferences_at = letters::choices_link(app, self.subscriber);
        let reader = self.reader(leave.first().map_or("", String::as_str), &preferences_at);
        Ok(render::bulletin_mail(&app.templates, self.edition, &app.config.site, app.rules.sections(), &reader)?)
    }

    fn reader<'r>(&'r self, unsubscribe: &'r str, preferences_at: &'r str) -> Reader<'r> {
        Reader {
            address: self.to,
            since: self.consent.when,
            preferences: self.preferences,
            unsubscribe,
            preferences_at,
            consent: &self.consent.what,
        }
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
    let bytes = app.signed(letter.bytes(app, from)?)?;
    let mut session = super::send::session_for(app, address).await?;
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
