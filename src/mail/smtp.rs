//! One SMTP connection (RFC 5321), on a socket of our own: STARTTLS (RFC 3207), AUTH (RFC 4954), PIPELINING (RFC 2920),
//! SIZE (RFC 1870) and SMTPUTF8 (RFC 6531) where the server offers them. No wait is without end, and a refusal does not cost
//! the connection.
//!
//! With PIPELINING a message costs one round trip: the envelope of the next one goes out behind the final dot of the one
//! before it. Whoever announces a next message must send it, or end the connection: an envelope that was begun and got
//! no message would be an empty one.

use std::{net::SocketAddr, pin::Pin, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{
    outcome::{Dot, Envelope, Outcome, SendError, outcome_of},
    tls::Tls,
    wire::{Extensions, ReplyLine, is_positive, transparent, whole},
};
use crate::{
    config::{Login, Security, Smtp},
    model::{EmailAddress, SmtpReply},
};

/// More than any server says (RFC 5321 4.5.3.1.5: 512 octets a line), in octets for a whole reply.
const LONGEST_REPLY: usize = 16 * 1024;
/// What the server is given to answer QUIT, at most: nothing depends on it.
const FAREWELL: Duration = Duration::from_secs(5);

trait Wire: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Wire for T {}

/// An open connection, greeted, encrypted and logged in as the settings say.
pub(super) struct Connection {
    wire: Pin<Box<dyn Wire>>,
    host: String,
    /// What was read and belongs to no reply yet.
    unread: Vec<u8>,
    patience: Patience,
    extensions: Extensions,
    usable: bool,
    /// The envelope that went out behind the message before it, and has had no reply yet.
    begun: Option<Begun>,
}

#[derive(PartialEq, Eq)]
struct Begun {
    from: EmailAddress,
    to: EmailAddress,
}

impl Begun {
    fn of(envelope: &Envelope<'_>) -> Self {
        Self { from: envelope.from.clone(), to: envelope.to.clone() }
    }
}

/// How long each phase may take.
#[derive(Debug, Clone, Copy)]
struct Patience {
    command: Duration,
    /// For the reply to the final dot: giving up earlier than the server makes doubles (RFC 1047).
    dot: Duration,
}

/// The network, or a server that does not speak SMTP, ended the conversation.
struct Broken(String);

impl Connection {
    /// `addresses`: where the host of the settings is; none: it is looked up as this machine does.
    pub(super) async fn open(
        settings: &Smtp,
        addresses: &[SocketAddr],
        name: Option<&str>,
        tls: Option<&Tls>,
    ) -> Result<Self, SendError> {
        let server = format!("{}:{}", settings.host, settings.port);
        let patience = Patience::new(settings.timeout);
        let network = |Broken(why)| SendError::Network { server: server.clone(), why };

        let connect = async {
            match addresses {
                [] => TcpStream::connect((settings.host.as_str(), settings.port)).await,
                known => TcpStream::connect(known).await,
            }
        };
        let socket = within(patience.command, "connection", connect).await.map_err(network)?;
        // Nagle's algorithm and delayed acknowledgements would cost 40 ms a message.
        socket.set_nodelay(true).map_err(|e| network(Broken(e.to_string())))?;
        let name = match (name, socket.local_addr()) {
            (Some(name), _) => name.to_owned(),
            (None, Ok(SocketAddr::V4(here))) => format!("[{}]", here.ip()),
            (None, Ok(SocketAddr::V6(here))) => format!("[IPv6:{}]", here.ip()),
            (None, Err(_)) => "localhost".to_owned(),
        };

        let mut connection = Self {
            wire: Box::pin(socket),
            host: settings.host.clone(),
            unread: Vec::new(),
            patience,
            extensions: Extensions::default(),
            usable: true,
            begun: None,
        };
        let refused = |phase, reply| SendError::Refused { server: server.clone(), phase, reply };
        if let (Some(tls), Security::Tls) = (tls, settings.security) {
            connection = connection.encrypt(tls, &server).await?;
        }
        let greeting = connection.reply("the greeting", patience.command).await.map_err(network)?;
        if !is_positive(&greeting) {
            return Err(refused("the greeting", greeting));
        }
        connection.hello(&name).await.map_err(network)?.map_err(|reply| refused("EHLO", reply))?;
        let is_offered = connection.extensions.starttls;
        let is_wanted = match settings.security {
            Security::StartTls => true,
            Security::Opportunistic => is_offered,
            Security::Tls | Security::None => false,
        };
        if let (Some(tls), true) = (tls, is_wanted) {
            if !connection.extensions.starttls {
                return Err(SendError::NoStartTls { server: server.clone() });
            }
            let reply = connection.exchange("STARTTLS", "STARTTLS").await.map_err(network)?;
            if !is_positive(&reply) {
                return Err(refused("STARTTLS", reply));
            }
            // What came in clear after the reply could be forged by anyone on the way.
            if !connection.unread.is_empty() {
                return Err(network(Broken("something was said in clear after STARTTLS".into())));
            }
            connection = connection.encrypt(tls, &server).await?;
            connection.hello(&name).await.map_err(network)?.map_err(|reply| refused("EHLO", reply))?;
        }
        if let Some(login) = &settings.login {
            let reply = connection.login(login).await.map_err(network)?;
            let reply = reply.ok_or_else(|| SendError::NoLogin { server: server.clone() })?;
            if !is_positive(&reply) {
                return Err(SendError::Login { server: server.clone(), reply });
            }
        }
        Ok(connection)
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Whether the envelope of a next message has gone out.
    pub(super) fn has_begun(&self) -> bool {
        self.begun.is_some()
    }

    /// Whether another message may be sent on it.
    pub(super) fn usable(&self) -> bool {
        self.usable
    }

    /// Sends one message, and begins the `next` one where the server allows it: it must follow. After a refusal the
    /// connection stays usable, unless the server is closing it.
    pub(super) async fn send(
        &mut self,
        envelope: &Envelope<'_>,
        message: &[u8],
        next: Option<&Envelope<'_>>,
    ) -> Outcome {
        let mut dot = Dot::Before;
        match self.transaction(envelope, message, next, &mut dot).await {
            Ok(reply) => {
                self.usable &= reply.code != 421;
                if self.usable && dot == Dot::Before {
                    self.usable = self.exchange("RSET", "RSET").await.is_ok_and(|reply| is_positive(&reply));
                }
                outcome_of(reply)
            }
            Err(Broken(why)) => {
                self.usable = false;
                Outcome::Lost(SmtpReply { code: 0, enhanced: None, text: why }, dot)
            }
        }
    }

    /// Says goodbye; whether the server answers does not matter. Behind an envelope that was begun, QUIT would be a message.
    pub(super) async fn quit(mut self) {
        let patience = self.patience.command.min(FAREWELL);
        if self.usable && self.begun.is_none() && self.write("QUIT", b"QUIT\r\n").await.is_ok() {
            let _ = self.reply("QUIT", patience).await;
        }
        let _ = timeout(patience, self.wire.shutdown()).await;
    }

    /// The reply that decides the message: a refusal of its envelope, or the one to the final dot.
    async fn transaction(
        &mut self,
        envelope: &Envelope<'_>,
        message: &[u8],
        next: Option<&Envelope<'_>>,
        dot: &mut Dot,
    ) -> Result<SmtpReply, Broken> {
        let is_begun = match self.begun.take() {
            Some(begun) if begun != Begun::of(envelope) => {
                return Err(Broken("another message was announced on this connection".into()));
            }
            begun => begun.is_some(),
        };
        if !is_begun {
            if let Some(refusal) = self.extensions.refuse(envelope, message.len()) {
                return Ok(refusal);
            }
            if self.extensions.pipelining {
                let group = self.extensions.envelope(envelope).concat();
                self.write("the envelope", group.as_bytes()).await?;
            }
        }
        if let Some(refusal) = self.envelope(envelope).await? {
            return Ok(refusal);
        }
        let body = transparent(message);
        // A write that fails has not handed over its last octet, the end of the dot's line.
        self.write("the message", &body).await?;
        *dot = Dot::After;
        let next = next.filter(|next| self.extensions.pipelining && self.extensions.refuse(next, 0).is_none());
        if let Some(next) = next {
            let group = self.extensions.envelope(next).concat();
            self.begun = Some(Begun::of(next));
            // When it fails, the reply to the dot may have come all the same.
            self.usable = self.write("the envelope", group.as_bytes()).await.is_ok();
        }
        self.reply("the message", self.patience.dot).await
    }

    /// The replies to MAIL, RCPT and DATA, which were sent before where the server allows it. The refusal, or `None` when
    /// the server waits for the message.
    async fn envelope(&mut self, envelope: &Envelope<'_>) -> Result<Option<SmtpReply>, Broken> {
        let at_once = self.extensions.pipelining;
        let commands = self.extensions.envelope(envelope);
        let mut refusal: Option<SmtpReply> = None;
        for (phase, command) in ["MAIL", "RCPT", "DATA"].into_iter().zip(commands) {
            if !at_once {
                self.write(phase, command.as_bytes()).await?;
            }
            let reply = match (self.reply(phase, self.patience.command).await, refusal.take()) {
                (Ok(reply), None) => reply,
                (Ok(reply), Some(first)) => {
                    // All was refused, but the server waits for a message: end it at once, empty (RFC 2920 3.1).
                    if reply.code == 354 {
                        self.write("the empty message", b".\r\n").await?;
                        self.reply("the empty message", self.patience.dot).await?;
                    }
                    first
                }
                (Err(broken), None) => return Err(broken),
                (Err(_), Some(first)) => {
                    self.usable = false;
                    first
                }
            };
            let accepted = if phase == "DATA" { reply.code == 354 } else { is_positive(&reply) };
            if accepted {
                continue;
            }
            if (200..400).contains(&reply.code) {
                return Err(Broken(format!("`{} {}` is no reply to {phase}", reply.code, reply.text)));
            }
            if !at_once || reply.code == 421 || !self.usable {
                return Ok(Some(reply));
            }
            refusal = Some(reply);
        }
        Ok(refusal)
    }

    /// EHLO, or HELO for a server that does not know it. The inner error is the refusal.
    async fn hello(&mut self, name: &str) -> Result<Result<(), SmtpReply>, Broken> {
        self.write("EHLO", format!("EHLO {name}\r\n").as_bytes()).await?;
        let (lines, reply) = self.lines("EHLO", self.patience.command).await?;
        self.extensions = Extensions::read(&lines);
        if is_positive(&reply) {
            return Ok(Ok(()));
        }
        if !matches!(reply.code, 500 | 502) {
            return Ok(Err(reply));
        }
        self.extensions = Extensions::default();
        let reply = self.exchange("HELO", &format!("HELO {name}")).await?;
        Ok(if is_positive(&reply) { Ok(()) } else { Err(reply) })
    }

    /// AUTH PLAIN, or LOGIN. `None` when the server offers neither.
    async fn login(&mut self, login: &Login) -> Result<Option<SmtpReply>, Broken> {
        let offers = |mechanism: &str| self.extensions.auth.iter().any(|m| m == mechanism);
        if offers("PLAIN") {
            let secret = STANDARD.encode(format!("\0{}\0{}", login.user, login.password));
            return self.exchange("AUTH", &format!("AUTH PLAIN {secret}")).await.map(Some);
        }
        if !offers("LOGIN") {
            return Ok(None);
        }
        let mut reply = self.exchange("AUTH", "AUTH LOGIN").await?;
        for secret in [&login.user, &login.password] {
            if reply.code == 334 {
                reply = self.exchange("AUTH", &STANDARD.encode(secret)).await?;
            }
        }
        Ok(Some(reply))
    }

    async fn encrypt(self, tls: &Tls, server: &str) -> Result<Self, SendError> {
        let patience = self.patience.command;
        let wire = within(patience, "the TLS handshake", tls.connector.connect(tls.name.clone(), self.wire))
            .await
            .map_err(|Broken(why)| SendError::Tls { server: server.to_owned(), why })?;
        Ok(Self { wire: Box::pin(wire), ..self })
    }

    async fn exchange(&mut self, phase: &str, command: &str) -> Result<SmtpReply, Broken> {
        self.write(phase, format!("{command}\r\n").as_bytes()).await?;
        self.reply(phase, self.patience.command).await
    }

    async fn write(&mut self, phase: &str, bytes: &[u8]) -> Result<(), Broken> {
        let wire = &mut self.wire;
        within(self.patience.command, phase, async {
            wire.write_all(bytes).await?;
            wire.flush().await
        })
        .await
    }

    async fn reply(&mut self, phase: &str, patience: Duration) -> Result<SmtpReply, Broken> {
        self.lines(phase, patience).await.map(|(_, reply)| reply)
    }

    /// A whole reply: its lines without their codes, and what they say together.
    async fn lines(&mut self, phase: &str, patience: Duration) -> Result<(Vec<String>, SmtpReply), Broken> {
        let (wire, unread) = (&mut self.wire, &mut self.unread);
        let lines = within(patience, phase, async {
            let mut lines = Vec::new();
            let mut octets = 0;
            loop {
                while let Some(end) = unread.iter().position(|b| *b == b'\n') {
                    let line: Vec<u8> = unread.drain(..=end).collect();
                    octets += line.len();
                    let line = ReplyLine::parse(&line).ok_or_else(|| invalid("what the server said is not SMTP"))?;
                    let last = line.last;
                    lines.push(line);
                    if last {
                        return Ok(lines);
                    }
                }
                if octets + unread.len() > LONGEST_REPLY {
                    return Err(invalid("the reply has no end"));
                }
                if wire.read_buf(unread).await? == 0 {
                    return Err(invalid("the server closed the connection before its reply"));
                }
            }
        })
        .await?;
        Ok(whole(lines))
    }
}

impl Patience {
    fn new(timeout: Duration) -> Self {
        // Under a minute it is a test, where nobody waits ten minutes.
        let dot = if timeout < Duration::from_secs(60) { timeout } else { timeout.max(Duration::from_secs(600)) };
        Self { command: timeout, dot }
    }
}

fn invalid(why: &str) -> std::io::Error {
    std::io::Error::other(why.to_owned())
}

/// Waits for one phase, no longer than this.
async fn within<T>(limit: Duration, phase: &str, work: impl Future<Output = std::io::Result<T>>) -> Result<T, Broken> {
    match timeout(limit, work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Broken(format!("{phase}: {error}"))),
        Err(_) => Err(Broken(format!("{phase}: no answer within {} s", limit.as_secs_f32()))),
    }
}
