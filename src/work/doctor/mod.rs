//! Whether this installation can work, and whether its mail will be believed: each check with what was found and the line
//! that mends it. Nothing is changed; the network is asked by all checks at once, none of which waits long.

mod machine;
mod names;
mod policy;
mod relay;
mod sender;
mod spf;

use std::{net::IpAddr, time::Duration};

use serde::Serialize;

use crate::{clock::Clock, config::Config, dns::Dns, model::EmailAddress, work::App};

use sender::Sender;

/// The longest that any check waits for others.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    Ok,
    /// It works, but not as well as it could.
    Warn,
    Fail,
    /// It could not be looked at, or does not apply here.
    Skip,
}

impl Grade {
    pub const fn as_str(self) -> &'static str {
        match self {
            Grade::Ok => "ok",
            Grade::Warn => "warn",
            Grade::Fail => "fail",
            Grade::Skip => "skip",
        }
    }
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Such as `spf` or `dkim s1`.
    pub name: String,
    pub state: Grade,
    pub found: String,
    /// The record to publish, the setting to write or the command to type.
    pub fix: Option<String>,
}

impl Check {
    pub fn new(name: impl Into<String>, state: Grade, found: impl Into<String>, fix: Option<String>) -> Self {
        Self { name: name.into(), state, found: found.into(), fix }
    }

    fn ok(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self::new(name, Grade::Ok, found, None)
    }

    fn skip(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self::new(name, Grade::Skip, found, None)
    }
}

/// What is looked at besides the settings.
pub struct Wanted<'a> {
    /// From which addresses mail reaches others, where the operator says so.
    pub addresses: &'a [IpAddr],
    /// To whom a test message is sent.
    pub test: Option<&'a EmailAddress>,
    pub clock: Clock,
}

/// All checks, in the order in which they are to be read. `app` is the opened installation, or why it cannot be opened.
pub async fn examine(config: &Config, app: anyhow::Result<&App>, wanted: &Wanted<'_>) -> Vec<Check> {
    let mut checks = machine::checks(config, &app, wanted.clock);
    let (of_mail, of_relay) = tokio::join!(of_names(config, wanted), relay::checks(&config.mail, wanted.clock));
    checks.extend(of_mail);
    checks.extend(of_relay);
    if let Some(address) = wanted.test {
        checks.push(match &app {
            Ok(app) => relay::test(app, address).await,
            Err(_) => Check::skip("test", "no message was sent: the installation cannot be opened"),
        });
    }
    checks
}

/// What the DNS says of us.
async fn of_names(config: &Config, wanted: &Wanted<'_>) -> Vec<Check> {
    let mail = &config.mail;
    let names = ["spf", "dkim", "dmarc", "mx", "ptr"];
    let skip = |why: String| names.map(|name| Check::skip(name, why.clone())).to_vec();
    let Some(from) = &mail.from else {
        return skip(String::from("there is no `from` in `[mail]`, whose domain this is about"));
    };
    let dns = match Dns::of(mail) {
        Ok(dns) => dns,
        Err(error) => return skip(format!("the DNS cannot be asked: {error}").replace('\n', "; ")),
    };
    let domain = from.address.domain();
    // Where failures are told: SPF is asked for that one (RFC 7208 2.4).
    let envelope = config.bounces.address.as_ref().map_or(domain, |place| place.address.domain());
    let sender = within("ptr", Sender::of(&dns, mail, wanted.addresses));
    let (sender, asked) = tokio::join!(sender, within("spf", names::answers(&dns, domain)));
    let sender = sender.unwrap_or_else(|_| Sender::unknown("the DNS does not say which addresses the relay has"));
    if let Err(check) | Ok(Err(check)) = asked {
        return skip(check.found);
    }
    let mut all = Vec::new();
    let domains = [domain, envelope];
    let (spf, dkim, dmarc, mx, ptr) = tokio::join!(
        within("spf", names::spf(&dns, envelope, &sender)),
        within("dkim", names::dkim(&dns, mail.dkim.as_ref())),
        within("dmarc", policy::dmarc(&dns, domain)),
        within("mx", names::mx(&dns, &domains)),
        within("ptr", names::ptr(&dns, &sender, mail)),
    );
    all.push(spf.unwrap_or_else(|late| late));
    all.extend(dkim.unwrap_or_else(|late| vec![late]));
    all.push(dmarc.unwrap_or_else(|late| late));
    all.extend(mx.unwrap_or_else(|late| vec![late]));
    all.extend(ptr.unwrap_or_else(|late| vec![late]));
    all
}

/// What a check brings, or that it took too long.
async fn within<T>(name: &str, work: impl Future<Output = T>) -> Result<T, Check> {
    let late = |_| Check::skip(name, format!("the DNS did not answer within {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, work).await.map_err(late)
}
