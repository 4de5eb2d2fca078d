//! The ways a message leaves: a relay, a folder, or the memory of a test.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::bail;

use super::{
    outcome::{Dot, Envelope, Outcome, SendError},
    smtp::Connection,
    tls::Tls,
};
use crate::{
    config::{Direct, Security, Smtp, Transport},
    model::{EmailAddress, SmtpReply},
};

/// Where messages go. Cheap to clone.
#[derive(Clone)]
pub enum Mailer {
    /// Relays, in the order in which they are tried.
    Smtp(Arc<[Submission]>),
    /// To the servers of each domain: [`Mailer::open_at`].
    Direct(Arc<Direct>),
    /// One `.eml` file a message, named by its Message-ID: a second try replaces the first.
    Folder(PathBuf),
    /// Kept, for tests.
    Memory(Arc<Mutex<Vec<Sent>>>),
}

/// A relay as the settings name it, with what TLS needs.
pub struct Submission {
    settings: Smtp,
    /// The name given with EHLO; without one, the address of our end of the connection.
    name: Option<String>,
    tls: Option<Tls>,
}

/// One conversation, for any number of messages, one after another.
pub struct Session(Inner);

enum Inner {
    Smtp(Box<Connection>),
    Folder { folder: PathBuf, usable: bool },
    Memory(Arc<Mutex<Vec<Sent>>>),
}

/// A message that [`Mailer::Memory`] keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub from: EmailAddress,
    pub to: EmailAddress,
    pub bytes: Vec<u8>,
}

impl Mailer {
    /// Errors: a host that cannot be named in TLS, a machine without trusted certificates, an impossible EHLO name, a
    /// password that would travel in clear.
    pub fn new(transport: &Transport, fallback: &[Smtp]) -> anyhow::Result<Self> {
        match transport {
            Transport::Smtp(settings) => {
                let relays = std::iter::once(settings).chain(fallback).map(Submission::new);
                Ok(Self::Smtp(relays.collect::<anyhow::Result<_>>()?))
            }
            Transport::Direct(settings) => Ok(Self::Direct(Arc::new(settings.clone()))),
            Transport::Folder(folder) => Ok(Self::Folder(folder.clone())),
        }
    }

    /// Keeps messages; clones share what is kept.
    pub fn memory() -> Self {
        Self::Memory(Arc::default())
    }

    /// How many sessions may be open at once.
    pub fn connections(&self) -> usize {
        match self {
            Self::Smtp(relays) => relays.first().map_or(1, |relay| relay.settings.connections.max(1)),
            Self::Direct(settings) => settings.connections.max(1),
            Self::Folder(_) | Self::Memory(_) => 1,
        }
    }

    /// Opens one conversation with a server of a domain, at the first of its addresses that answers.
    pub async fn open_at(&self, host: &str, addresses: &[IpAddr]) -> Result<Session, SendError> {
        let Self::Direct(settings) = self else { return self.open().await };
        let connection = open_host(settings, host, addresses).await?;
        Ok(Session(Inner::Smtp(Box::new(connection))))
    }

    /// What [`Mailer::Memory`] keeps, in the order of sending; nothing for the others.
    pub fn sent(&self) -> Vec<Sent> {
        match self {
            Self::Memory(sent) => sent.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            Self::Smtp(_) | Self::Direct(_) | Self::Folder(_) => Vec::new(),
        }
    }

    /// Opens one conversation, with the first relay that can be used. The error is that of the first.
    pub async fn open(&self) -> Result<Session, SendError> {
        Ok(Session(match self {
            Self::Smtp(relays) => {
                let mut refused = None;
                for relay in relays.iter() {
                    match relay.connect(None).await {
                        Ok(connection) => return Ok(Session(Inner::Smtp(Box::new(connection)))),
                        Err(error) => refused = refused.or(Some(error)),
                    }
                }
                return Err(refused.unwrap_or(SendError::NoRelay));
            }
            // Whose servers is not known here.
            Self::Direct(_) => return Err(SendError::NoRelay),
            Self::Folder(folder) => {
                tokio::fs::create_dir_all(folder)
                    .await
                    .map_err(|why| SendError::Folder { folder: folder.clone(), why })?;
                Inner::Folder { folder: folder.clone(), usable: true }
            }
            Self::Memory(sent) => Inner::Memory(Arc::clone(sent)),
        }))
    }
}

async fn open_host(settings: &Direct, host: &str, addresses: &[IpAddr]) -> Result<Connection, SendError> {
    let host = host.trim_end_matches('.').to_owned();
    let mut smtp = Smtp {
        host: host.clone(),
        port: settings.port,
        security: settings.security,
        login: None,
        connections: 1,
        messages: u32::MAX,
        rate: None,
        timeout: settings.timeout,
        ehlo: settings.ehlo.clone(),
    };
    let open = async |smtp: &Smtp| {
        let unusable = |why: anyhow::Error| SendError::Network { server: host.clone(), why: why.to_string() };
        let server = Submission::new(smtp).map_err(unusable)?;
        server.connect(Some(addresses)).await
    };
    match open(&smtp).await {
        // A handshake that fails is no better than one that is not offered.
        Err(SendError::Tls { .. }) if smtp.security == Security::Opportunistic => {
            smtp.security = Security::None;
            open(&smtp).await
        }
        opened => opened,
    }
}

impl Submission {
    fn new(settings: &Smtp) -> anyhow::Result<Self> {
        let name = match &settings.ehlo {
            Some(name) if !is_host_name(name) => {
                bail!(
                    "`{name}` cannot be given with EHLO\nhint: set `ehlo` to the full name of this machine, or leave it out"
                )
            }
            Some(name) => Some(name.clone()),
            None => machine_name(),
        };
        let tls = match settings.security {
            Security::Tls | Security::StartTls => Some(Tls::new(&settings.host)?),
            Security::Opportunistic if settings.login.is_none() => Some(Tls::of_anyone(&settings.host)?),
            Security::None | Security::Opportunistic if settings.login.is_some() && !is_here(&settings.host) => bail!(
                "the password for `{}` would travel in clear\nhint: set `security` to `tls` (port 465) or `starttls` (port 587)",
                settings.host
            ),
            Security::None | Security::Opportunistic => None,
        };
        Ok(Self { settings: settings.clone(), name, tls })
    }
}

impl Submission {
    /// `addresses`: where the host is, where somebody has asked already.
    async fn connect(&self, addresses: Option<&[IpAddr]>) -> Result<Connection, SendError> {
        let port = self.settings.port;
        let addresses: Vec<SocketAddr> =
            addresses.into_iter().flatten().map(|address| SocketAddr::new(*address, port)).collect();
        Connection::open(&self.settings, &addresses, self.name.as_deref(), self.tls.as_ref()).await
    }
}

impl Session {
    /// Sends one message: bytes as [`build`](super::build) makes them, without dot-stuffing.
    pub async fn send(&mut self, envelope: &Envelope<'_>, bytes: &[u8]) -> Outcome {
        self.send_before(envelope, bytes, None).await
    }

    /// As [`Session::send`], before another message that follows for certain: its envelope goes out without a wait of its
    /// own. If it cannot follow after all, the session is to be ended.
    pub async fn send_before(&mut self, envelope: &Envelope<'_>, bytes: &[u8], next: Option<&Envelope<'_>>) -> Outcome {
        match &mut self.0 {
            Inner::Smtp(connection) if connection.usable() => connection.send(envelope, bytes, next).await,
            Inner::Smtp(_) => lost("the conversation has ended"),
            Inner::Folder { folder, usable } => match write_file(folder, bytes).await {
                Ok(name) => Outcome::Sent(taken(format!("written to `{name}`"))),
                Err(error) => {
                    *usable = false;
                    lost(&format!("`{}`: {error}", folder.display()))
                }
            },
            Inner::Memory(sent) => {
                let message = Sent { from: envelope.from.clone(), to: envelope.to.clone(), bytes: bytes.to_owned() };
                sent.lock().unwrap_or_else(PoisonError::into_inner).push(message);
                Outcome::Sent(taken("kept in memory".into()))
            }
        }
    }

    /// Whether the envelope of the next message has gone out: it must be sent, or the session be ended.
    pub fn has_begun(&self) -> bool {
        matches!(&self.0, Inner::Smtp(connection) if connection.has_begun())
    }

    /// Who answers, as it was asked for.
    pub fn host(&self) -> &str {
        match &self.0 {
            Inner::Smtp(connection) => connection.host(),
            Inner::Folder { .. } | Inner::Memory(_) => "",
        }
    }

    /// Whether another message may be sent; when not, open another session.
    pub fn usable(&self) -> bool {
        match &self.0 {
            Inner::Smtp(connection) => connection.usable(),
            Inner::Folder { usable, .. } => *usable,
            Inner::Memory(_) => true,
        }
    }

    /// Ends the conversation politely.
    pub async fn quit(self) {
        if let Inner::Smtp(connection) = self.0 {
            connection.quit().await;
        }
    }
}

fn lost(why: &str) -> Outcome {
    Outcome::Lost(SmtpReply { code: 0, enhanced: None, text: why.to_owned() }, Dot::Before)
}

fn taken(text: String) -> SmtpReply {
    SmtpReply { code: 250, enhanced: Some("2.0.0".into()), text }
}

/// Whole under its name or not at all.
async fn write_file(folder: &Path, bytes: &[u8]) -> std::io::Result<String> {
    let name = file_name(bytes);
    let whole = folder.join(format!("{name}.eml"));
    let part = folder.join(format!(".{name}.part"));
    tokio::fs::write(&part, bytes).await?;
    tokio::fs::rename(&part, &whole).await?;
    Ok(format!("{name}.eml"))
}

/// What stands before the `@` of the Message-ID; another message is named by its content.
fn file_name(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};

    let mut lines = bytes.split(|b| *b == b'\n').take_while(|line| !line.trim_ascii().is_empty());
    let value = lines.find_map(|line| line.strip_prefix(b"Message-ID:")).map(<[u8]>::trim_ascii);
    // A long one stands on the next line.
    let value = if value == Some(b"") { lines.next().map(<[u8]>::trim_ascii) } else { value };
    let id = value
        .and_then(|value| Some(std::str::from_utf8(value).ok()?.strip_prefix('<')?.split_once('@')?.0.to_owned()))
        .filter(|id| (1..=100).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    id.unwrap_or_else(|| Sha256::digest(bytes).iter().take(16).map(|octet| format!("{octet:02x}")).collect())
}

fn is_host_name(name: &str) -> bool {
    (1..=255).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b))
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The machine's name where it is a full one: servers refuse a bare word (RFC 5321 4.1.1.1).
fn machine_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim();
    (is_host_name(name) && name.contains('.')).then(|| name.to_owned())
}
