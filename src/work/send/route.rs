//! Which way each message goes.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use anyhow::bail;

use super::{
    connections::{Most, Permit},
    lane::Lane,
};
use crate::{
    config::{Network, Operators, Transport},
    dns::Dns,
    fetch,
    mail::{Mailer, Outcome, SendError, Session},
    model::{Delivery, EmailAddress, SmtpReply, Urgency},
    shaping::{Limits, Patience},
    work::{
        App,
        exchange::{self, Exchanger, Failure},
    },
};

/// The hosts that take the mail of a domain, in order of preference. None of them: the relay.
pub(super) type Hosts = Arc<[String]>;

/// A way that messages can go.
#[derive(Debug, Clone)]
pub(super) struct Way {
    /// Whose limits hold.
    pub operator: String,
    pub limits: Limits,
    pub hosts: Hosts,
    /// Whether other operators' messages wait for this one's.
    pub is_shared: bool,
}

pub(super) enum Route {
    To(Way),
    /// There is nobody who takes it.
    Nowhere(Outcome),
}

/// The ways of this installation.
pub(super) struct Routes {
    mailer: Mailer,
    kind: Kind,
    /// Of those that wait for a connection, who goes first.
    urgency: Urgency,
}

enum Kind {
    Relay(Way),
    Direct { dns: Dns, allow: Vec<Network> },
}

/// The way of each of some deliveries.
pub(super) enum Found<'a> {
    Relay(&'a Way),
    Direct { operators: &'a Operators, by_domain: BTreeMap<String, Exchanger> },
}

impl Routes {
    pub fn new(app: &App, urgency: Urgency) -> anyhow::Result<Self> {
        let transport = &app.config.mail.transport;
        let mailer = Mailer::new(transport, &app.config.mail.fallback)?;
        let relay = |operator, messages, rate| {
            let limits = Limits { connections: mailer.connections(), messages, rate, patience: Patience::RELAY };
            Kind::Relay(Way { operator, limits, hosts: Arc::from([]), is_shared: false })
        };
        let kind = match transport {
            Transport::Smtp(smtp) => relay(format!("relay:{}:{}", smtp.host, smtp.port), smtp.messages, smtp.rate),
            Transport::Folder(_) => relay(String::from("folder"), u32::MAX, None),
            Transport::Direct(direct) => Kind::Direct { dns: Dns::of(&app.config.mail)?, allow: direct.allow.clone() },
        };
        Ok(Self { mailer, kind, urgency })
    }

    /// Whether each operator is written to by itself.
    pub fn is_direct(&self) -> bool {
        matches!(self.kind, Kind::Direct { .. })
    }

    pub async fn find<'a>(&'a self, app: &'a App, deliveries: &[Delivery]) -> anyhow::Result<Found<'a>> {
        Ok(match &self.kind {
            Kind::Relay(way) => Found::Relay(way),
            Kind::Direct { dns, .. } => {
                let domains = deliveries.iter().map(|delivery| delivery.address.domain());
                let by_domain = exchange::find(app, dns, domains).await?;
                Found::Direct { operators: &app.config.mail.operators, by_domain }
            }
        })
    }

    /// Opens a session for a lane that may have so many, when one more may be open; the permit is to be kept as long as it is.
    pub async fn connect<'a>(
        &self,
        app: &'a App,
        lane: &Lane,
        hosts: &Hosts,
    ) -> Result<(Session, Permit<'a>), SendError> {
        let most = Most { all: self.mailer.connections(), operator: lane.connections };
        let permit = app.connections.enter(&lane.operator.id, most, self.urgency).await;
        Ok((self.open(hosts).await?, permit))
    }

    /// Whether a lane is to give up a connection between two messages, because what is more urgent waits for one.
    pub fn gives_way(&self, app: &App, lane: &Lane) -> bool {
        self.urgency == Urgency::Ordinary && app.connections.is_awaited(&lane.operator.id, self.mailer.connections())
    }

    /// Opens a session with the relay, or with the first of these hosts that can be used. The error is that of the first.
    async fn open(&self, hosts: &[String]) -> Result<Session, SendError> {
        let Kind::Direct { dns, allow } = &self.kind else { return self.mailer.open().await };
        let mut refused = None;
        for host in hosts {
            let opened = match addresses(dns, allow, host).await {
                Ok(addresses) => self.mailer.open_at(host, &addresses).await,
                Err(error) => Err(error),
            };
            match opened {
                Ok(session) => return Ok(session),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Err(refused.unwrap_or(SendError::NoRelay))
    }
}

/// Where a host is that a domain names as its server: never within this machine or its network, unless the settings say so.
/// Whoever has a domain could have mail brought to what listens there.
async fn addresses(dns: &Dns, allow: &[Network], host: &str) -> Result<Vec<IpAddr>, SendError> {
    let host = host.trim_end_matches('.');
    let unreachable = |why: String| SendError::Network { server: host.to_owned(), why };
    let found = dns.addresses(host).await.map_err(|error| unreachable(error.to_string()))?;
    let is_allowed = |address: &IpAddr| {
        fetch::refusal(*address).is_none() || allow.iter().any(|network| network.contains(address.to_canonical()))
    };
    let reached: Vec<IpAddr> = found.iter().copied().filter(is_allowed).collect();
    match (reached.is_empty(), found.first()) {
        (true, Some(address)) => {
            let why = fetch::refusal(*address).unwrap_or("not a public address");
            Err(unreachable(format!(
                "{address}: {why}\nhint: `allow` of `[mail.direct]` names private networks that are written to"
            )))
        }
        _ => Ok(reached),
    }
}

impl Found<'_> {
    pub fn of(&self, delivery: &Delivery) -> Route {
        let (operators, by_domain) = match self {
            Found::Relay(way) => return Route::To(Way::clone(way)),
            Found::Direct { operators, by_domain } => (operators, by_domain),
        };
        let domain = delivery.address.domain();
        let nowhere = |code, enhanced: &str, text: String| {
            let reply = SmtpReply { code, enhanced: Some(enhanced.to_owned()), text };
            Route::Nowhere(if code == 0 { Outcome::Retry(reply) } else { Outcome::Failed(reply) })
        };
        match by_domain.get(domain) {
            Some(Exchanger { operator, hosts, failure: None }) => {
                let operator = operators.get(operator);
                let limits = Limits {
                    connections: operator.connections,
                    messages: operator.messages,
                    rate: Some(operator.rate),
                    patience: Patience::OPERATOR,
                };
                let (operator, hosts) = (operator.id.clone(), Arc::from(hosts.as_slice()));
                Route::To(Way { operator, limits, hosts, is_shared: true })
            }
            // RFC 7505 4.2.
            Some(Exchanger { failure: Some(Failure::NullMx), .. }) => {
                nowhere(556, "5.1.10", format!("`{domain}` takes no mail (null MX)"))
            }
            Some(Exchanger { failure: Some(Failure::NoName), .. }) => {
                nowhere(550, "5.1.2", format!("there is no domain `{domain}`"))
            }
            Some(Exchanger { failure: Some(Failure::NoRecord), .. }) => {
                nowhere(550, "5.1.2", format!("`{domain}` has no mail server"))
            }
            Some(Exchanger { failure: Some(Failure::Later), .. }) | None => {
                nowhere(0, "4.4.3", format!("the DNS does not answer for `{domain}`"))
            }
        }
    }
}

/// Opens a session for one message to this address.
pub(in crate::work) async fn session_for(app: &App, address: &EmailAddress) -> anyhow::Result<Session> {
    let routes = Routes::new(app, Urgency::Urgent)?;
    let Kind::Direct { dns, .. } = &routes.kind else { return Ok(routes.mailer.open().await?) };
    let mut found = exchange::find(app, dns, [address.domain()]).await?;
    let hosts = found.remove(address.domain()).map(|exchanger| exchanger.hosts).unwrap_or_default();
    if hosts.is_empty() {
        bail!("nobody takes mail for `{}`\nhint: look at its MX records in the DNS", address.domain());
    }
    Ok(routes.open(&hosts).await?)
}
