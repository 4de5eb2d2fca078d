//! Which way each message goes.

use std::sync::Arc;

use crate::{
    config::Transport,
    mail::{Mailer, Outcome, SendError, Session},
    model::Delivery,
    shaping::{Limits, Patience},
    work::App,
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
    relay: Way,
}

/// The way of each of some deliveries.
pub(super) struct Found {
    relay: Way,
}

impl Routes {
    pub fn new(app: &App) -> anyhow::Result<Self> {
        let transport = &app.config.mail.transport;
        let mailer = Mailer::new(transport, &app.config.mail.fallback)?;
        let (operator, messages, rate) = match transport {
            Transport::Smtp(smtp) => (format!("relay:{}:{}", smtp.host, smtp.port), smtp.messages, smtp.rate),
            Transport::Folder(_) => (String::from("folder"), u32::MAX, None),
        };
        let limits = Limits { connections: mailer.connections(), messages, rate, patience: Patience::RELAY };
        let relay = Way { operator, limits, hosts: Arc::from([]), is_shared: false };
        Ok(Self { mailer, relay })
    }

    /// Whether each operator is written to by itself.
    pub fn is_direct(&self) -> bool {
        self.relay.is_shared
    }

    pub async fn find(&self, _app: &App, _deliveries: &[Delivery]) -> anyhow::Result<Found> {
        Ok(Found { relay: self.relay.clone() })
    }

    pub async fn connect(&self, _hosts: &Hosts) -> Result<Session, SendError> {
        self.mailer.open().await
    }
}

impl Found {
    pub fn of(&self, _delivery: &Delivery) -> Route {
        Route::To(self.relay.clone())
    }
}
