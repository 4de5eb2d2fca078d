//! The relay: its certificate, the login, and a message on the real way.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::SignedDuration;

use super::{Check, Grade, sender::is_here};
use crate::{
    clock::Clock,
    config::{Mail, Security, Smtp, Transport},
    mail::{self, Envelope, Mailer, Outcome, Parts},
    model::{EmailAddress, SmtpReply},
    work::{App, letter},
};

/// How long a relay is given to answer.
const PATIENCE: Duration = Duration::from_secs(8);
/// A certificate is to be renewed before.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);
/// For the reply to a test message: nothing hurries then.
const REPLY: Duration = Duration::from_secs(120);

pub(super) async fn checks(settings: &Mail, clock: Clock) -> Vec<Check> {
    let Transport::Smtp(relay) = &settings.transport else {
        let why = "messages are written into a folder: there is no relay";
        return vec![Check::skip("tls", why), Check::skip("relay", why)];
    };
    // The first is the one that is used; the others are named.
    let relays = std::iter::once((relay, String::new()));
    let relays = relays.chain(settings.fallback.iter().map(|relay| (relay, format!(" {}", relay.host))));
    let looked = join_all(relays.map(|(relay, which)| async move {
        let (mut tls, mut login) = tokio::join!(certificate(relay, clock), conversation(relay));
        tls.name += &which;
        login.name += &which;
        [tls, login]
    }));
    looked.await.into_iter().flatten().collect()
}

async fn certificate(relay: &Smtp, clock: Clock) -> Check {
    if relay.security == Security::None {
        let found = "the connection to the relay is in clear";
        return match is_here(&relay.host) {
            true => Check::skip("tls", format!("{found}, on this machine")),
            false => Check::new("tls", Grade::Warn, found, Some("`security = \"starttls\"` in `[mail.smtp]`".into())),
        };
    }
    let name = relay.ehlo.clone().or_else(machine_name).unwrap_or_else(|| String::from("localhost"));
    let found = match mail::certificate(relay, &name, PATIENCE).await {
        Ok(found) => found,
        Err(error) => {
            let fix = "check `host`, `port` and `security` of `[mail.smtp]`: port 465 wants `tls`, port 587 `starttls`";
            return Check::new("tls", Grade::Fail, format!("{error:#}"), Some(fix.into()));
        }
    };
    let left = found.validity.map(|(_, until)| until.duration_since(clock.now()));
    let days = left.map_or(String::new(), |left| match left.as_hours() / 24 {
        days if left.is_negative() => format!(", which ran out {} days ago", -days),
        days => format!(", which is valid for {days} days"),
    });
    let shown = format!("`{}` shows a certificate{days}", relay.host);
    let renew = || Some(format!("have the certificate of `{}` renewed", relay.host));
    match (&found.distrust, left) {
        (Some(_), Some(left)) if left.is_negative() => Check::new("tls", Grade::Fail, shown, renew()),
        (Some(why), _) => {
            let fix = "`host` must be the name in the certificate; an authority of your own goes into /usr/local/share/ca-certificates, then `update-ca-certificates`";
            Check::new("tls", Grade::Fail, format!("{shown}; this machine does not trust it: {why}"), Some(fix.into()))
        }
        (None, Some(left)) if left < SOON => Check::new("tls", Grade::Warn, shown, renew()),
        (None, _) => Check::ok("tls", shown),
    }
}

/// Greets the relay, as for sending, and says goodbye.
async fn conversation(relay: &Smtp) -> Check {
    let mailer = match Mailer::new(&Transport::Smtp(relay.clone()), &[]) {
        Ok(mailer) => mailer,
        Err(error) => return failed(&format!("{error:#}")),
    };
    let server = format!("{}:{}", relay.host, relay.port);
    match tokio::time::timeout(PATIENCE, mailer.open()).await {
        Err(_) => failed(&format!("`{server}` did not answer within {} s", PATIENCE.as_secs())),
        Ok(Err(error)) => failed(&error.to_string()),
        Ok(Ok(session)) => {
            let _ = tokio::time::timeout(PATIENCE, session.quit()).await;
            let login = if relay.login.is_some() { ", and let us log in" } else { "" };
            Check::ok("relay", format!("`{server}` greeted us{login}"))
        }
    }
}

fn failed(error: &str) -> Check {
    let (found, fix) = error.split_once("\nhint: ").unwrap_or((error, "check `[mail.smtp]`"));
    Check::new("relay", Grade::Fail, found, Some(fix.to_owned()))
}

/// Sends a message as a bulletin is sent: built, signed, over the same connection. Nothing of it is kept.
pub(super) async fn test(app: &App, to: &EmailAddress) -> Check {
    match tokio::time::timeout(REPLY, sent(app, to)).await {
        Err(_) => Check::new("test", Grade::Fail, format!("no reply within {} s", REPLY.as_secs()), None),
        Ok(Err(error)) => {
            let text = format!("{error:#}");
            let (found, fix) = text.split_once("\nhint: ").unwrap_or((&text, "see the checks above"));
            Check::new("test", Grade::Fail, found, Some(fix.to_owned()))
        }
        Ok(Ok((signatures, outcome))) => {
            let signed = match signatures {
                0 => String::from("an unsigned message"),
                1 => String::from("a message with 1 signature"),
                n => format!("a message with {n} signatures"),
            };
            let told = |reply: &SmtpReply| format!("{signed} was answered: {reply}");
            match outcome {
                Outcome::Sent(reply) => Check::ok("test", told(&reply)),
                Outcome::Retry(reply) => Check::new(
                    "test",
                    Grade::Warn,
                    told(&reply),
                    Some("try again in half an hour: it is refused for now".into()),
                ),
                Outcome::Failed(reply) => Check::new("test", Grade::Fail, told(&reply), None),
                Outcome::Lost(reply, _) => {
                    Check::new("test", Grade::Fail, format!("the connection broke: {}", reply.text), None)
                }
            }
        }
    }
}

async fn sent(app: &App, to: &EmailAddress) -> anyhow::Result<(usize, Outcome)> {
    let from = letter::sender(app)?;
    let now = Clock::System.now();
    let text = "Bonjour,\n\nCeci est un message d’essai de Vigie, envoyé par la commande «\u{a0}vigie doctor --test\u{a0}».\n\
                S’il vous est parvenu, l’envoi fonctionne. Regardez aussi dans quel dossier il est arrivé.\n";
    let html = "<!DOCTYPE html><html lang=\"fr\"><head><title>Message d’essai</title></head><body>\
                <h1>Message d’essai</h1><p>Bonjour,</p><p>Ceci est un message d’essai de Vigie, envoyé par la commande \
                «\u{a0}vigie doctor --test\u{a0}».</p><p>S’il vous est parvenu, l’envoi fonctionne. Regardez aussi dans quel \
                dossier il est arrivé.</p></body></html>\n";
    let bytes = mail::build(&Parts {
        from,
        to,
        reply_to: app.config.mail.reply_to.as_ref(),
        subject: "Message d’essai",
        text,
        html,
        date: now,
        zone: &app.config.site.zone,
        message_id: &format!("essai-{}@{}", now.as_millisecond(), from.address.domain()),
        list: None,
    })?;
    let bytes = app.signed(bytes)?;
    let signatures = app.signer()?.map_or(0, |signer| signer.keys().len());
    let mut session = Mailer::new(&app.config.mail.transport, &app.config.mail.fallback)?.open().await?;
    let outcome = session.send(&Envelope { from: &from.address, to }, &bytes).await;
    session.quit().await;
    Ok((signatures, outcome))
}

/// The machine's name where it is a full one.
pub(super) fn machine_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim();
    name.contains('.').then(|| name.to_owned())
}
