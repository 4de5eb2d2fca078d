//! A small SMTP receiver on loopback: what the demonstration sends to, and what the tests of mail are held against. It
//! is strict about lines, takes everything that is well formed, and refuses by recipient as it is told.

mod lines;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufRead, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream, tcp::OwnedWriteHalf},
    task::{JoinHandle, JoinSet},
    time::timeout,
};

use lines::{LARGEST, Line, Message, read_line, read_message};

/// The longest command line, in octets (RFC 5321 4.5.3.1.4 asks for 512 at least).
const LONGEST_COMMAND: usize = 2_048;
const MOST_RECIPIENTS: usize = 100;
/// How long a silent client is kept.
const PATIENCE: Duration = Duration::from_secs(300);

/// A running receiver; it ends when it is dropped.
pub struct Inbox {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// How a receiver behaves.
#[derive(Debug, Clone, Default)]
pub struct Behaviour {
    /// Where each message is written as `<recipient>-<number>.eml`.
    pub folder: Option<PathBuf>,
    /// The answer by the recipient's local part; every other recipient is taken.
    pub answers: BTreeMap<String, Answer>,
    pub pipelining: Pipelining,
    /// The user and the password that must be given first.
    pub login: Option<(String, String)>,
}

/// What happens to a recipient, or to the message for it. Replies are without CRLF: `550 5.1.1 Unknown`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// RCPT gets this reply.
    Refuse(String),
    /// The first RCPT of this recipient gets this reply, the next ones are taken (greylisting).
    RefuseOnce(String),
    /// RCPT gets this reply and the connection is closed.
    Close(String),
    /// The first RCPT of this recipient gets no reply and the connection is closed; the next ones are taken.
    DropOnce,
    /// RCPT gets no reply.
    Silence,
    /// The final dot gets this reply, and the message is not kept.
    RefuseMessage(String),
    /// The message is kept, and the connection closed without a reply to the final dot.
    CloseAfterDot,
    /// The message is kept, and the final dot gets no reply.
    SilenceAfterDot,
}

/// Whether PIPELINING (RFC 2920) is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pipelining {
    #[default]
    Offered,
    Absent,
}

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The envelope's sender, without brackets.
    pub from: String,
    /// The envelope's recipients, without brackets.
    pub to: Vec<String>,
    /// Without dot-stuffing and final dot.
    pub bytes: Vec<u8>,
}

impl Inbox {
    /// Takes everything, on a free port of loopback.
    pub async fn start(folder: Option<PathBuf>) -> io::Result<Self> {
        Self::start_with(Behaviour { folder, ..Behaviour::default() }).await
    }

    pub async fn start_with(behaviour: Behaviour) -> io::Result<Self> {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), behaviour).await
    }

    /// At this address; port 0: on a free one.
    pub async fn start_at(address: SocketAddr, behaviour: Behaviour) -> io::Result<Self> {
        if let Some(folder) = &behaviour.folder {
            tokio::fs::create_dir_all(folder).await?;
        }
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { behaviour, state: Mutex::default() });
        let server = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, server })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was taken so far, in the order of the final dots.
    pub fn received(&self) -> Vec<Received> {
        self.shared.state().received.clone()
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }

    /// How many were open at once, at most.
    pub fn most_connections(&self) -> usize {
        self.shared.state().most
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        // The connections live in this task, and end with it.
        self.server.abort();
    }
}

struct Shared {
    behaviour: Behaviour,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    connections: usize,
    open: usize,
    most: usize,
    /// Recipients that were put off once.
    greeted: BTreeSet<String>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, recipient: &str) -> Option<&Answer> {
        let local = recipient.split('@').next().unwrap_or_default();
        self.behaviour.answers.get(local)
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut open = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                {
                    let mut state = shared.state();
                    state.connections += 1;
                    state.open += 1;
                    state.most = state.most.max(state.open);
                }
                let shared = Arc::clone(&shared);
                // A client that goes away ends its own conversation only.
                open.spawn(async move {
                    let _ = converse(socket, &shared).await;
                    shared.state().open -= 1;
                });
            }
            // Too many open files, for example: they pass.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
        while open.try_join_next().is_some() {}
    }
}

/// What a client has said of the message to come.
#[derive(Default)]
struct Envelope {
    from: Option<String>,
    to: Vec<String>,
}

/// Whether the conversation goes on after a command.
enum Next {
    Reply(String),
    ReplyAndClose(String),
    Close,
    /// Says nothing more, and keeps the connection open.
    Hang,
}

async fn converse(socket: TcpStream, shared: &Shared) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let (reader, mut writer) = socket.into_split();
    let mut reader = BufReader::new(reader);
    let mut envelope = Envelope::default();
    let mut trusted = shared.behaviour.login.is_none();
    say(&mut writer, "220 localhost ESMTP").await?;
    loop {
        let Ok(line) = timeout(PATIENCE, read_line(&mut reader, LONGEST_COMMAND)).await else {
            return say(&mut writer, "421 4.4.2 Too long silent").await;
        };
        let next = match line? {
            Line::End => return Ok(()),
            Line::TooLong | Line::BareEnd => Next::Reply("500 5.5.2 Not a command line".into()),
            Line::Whole(line) => {
                let line = String::from_utf8_lossy(&line).into_owned();
                let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
                match verb.to_ascii_uppercase().as_str() {
                    "EHLO" => {
                        envelope = Envelope::default();
                        Next::Reply(greeting(&shared.behaviour))
                    }
                    "HELO" => {
                        envelope = Envelope::default();
                        Next::Reply("250 localhost".into())
                    }
                    "AUTH" => {
                        trusted = log_in(&shared.behaviour, rest, &mut reader, &mut writer).await?;
                        Next::Reply(
                            if trusted { "235 2.7.0 Welcome" } else { "535 5.7.8 Wrong user or password" }.into(),
                        )
                    }
                    "MAIL" if !trusted => Next::Reply("530 5.7.0 Log in first".into()),
                    "MAIL" => mail(&mut envelope, rest),
                    "RCPT" => rcpt(&mut envelope, rest, shared),
                    "DATA" if envelope.to.is_empty() => Next::Reply("554 5.5.1 No valid recipients".into()),
                    "DATA" => {
                        say(&mut writer, "354 End with a dot").await?;
                        let message = timeout(PATIENCE, read_message(&mut reader)).await??;
                        take(std::mem::take(&mut envelope), message, shared).await
                    }
                    "RSET" => {
                        envelope = Envelope::default();
                        Next::Reply("250 2.0.0 Forgotten".into())
                    }
                    "NOOP" => Next::Reply("250 2.0.0 Fine".into()),
                    "QUIT" => Next::ReplyAndClose("221 2.0.0 Bye".into()),
                    _ => Next::Reply("502 5.5.1 No such command".into()),
                }
            }
        };
        match next {
            Next::Reply(reply) => say(&mut writer, &reply).await?,
            Next::ReplyAndClose(reply) => return say(&mut writer, &reply).await,
            Next::Close => return Ok(()),
            Next::Hang => return tokio::io::copy(&mut reader, &mut tokio::io::sink()).await.map(drop),
        }
    }
}

fn greeting(behaviour: &Behaviour) -> String {
    let mut lines = vec!["localhost".to_owned(), format!("SIZE {LARGEST}"), "8BITMIME".into()];
    if behaviour.pipelining == Pipelining::Offered {
        lines.push("PIPELINING".into());
    }
    if behaviour.login.is_some() {
        lines.push("AUTH PLAIN LOGIN".into());
    }
    lines.push("ENHANCEDSTATUSCODES".into());
    let last = lines.len() - 1;
    let lines = lines.iter().enumerate().map(|(n, line)| format!("250{}{line}", if n == last { ' ' } else { '-' }));
    lines.collect::<Vec<_>>().join("\r\n")
}

fn mail(envelope: &mut Envelope, rest: &str) -> Next {
    let size = rest.to_ascii_uppercase().split_once(" SIZE=").map(|(_, size)| size.to_owned());
    let size = size.and_then(|size| size.split(' ').next()?.parse::<usize>().ok());
    Next::Reply(match path(rest, "FROM:") {
        None => "501 5.5.4 MAIL FROM:<address>".into(),
        Some(_) if size.is_some_and(|size| size > LARGEST) => "552 5.3.4 Message too big".into(),
        Some(from) => {
            *envelope = Envelope { from: Some(from.to_owned()), to: Vec::new() };
            "250 2.1.0 Sender taken".into()
        }
    })
}

fn rcpt(envelope: &mut Envelope, rest: &str, shared: &Shared) -> Next {
    let Some(to) = path(rest, "TO:").filter(|to| to.contains('@')) else {
        return Next::Reply("501 5.5.4 RCPT TO:<address>".into());
    };
    if envelope.from.is_none() {
        return Next::Reply("503 5.5.1 MAIL first".into());
    }
    if envelope.to.len() >= MOST_RECIPIENTS {
        return Next::Reply("452 4.5.3 Too many recipients".into());
    }
    match shared.answer(to) {
        Some(Answer::Refuse(reply)) => return Next::Reply(reply.clone()),
        Some(Answer::RefuseOnce(reply)) if shared.state().greeted.insert(to.to_owned()) => {
            return Next::Reply(reply.clone());
        }
        Some(Answer::DropOnce) if shared.state().greeted.insert(to.to_owned()) => return Next::Close,
        Some(Answer::Close(reply)) => return Next::ReplyAndClose(reply.clone()),
        Some(Answer::Silence) => return Next::Hang,
        _ => {}
    }
    envelope.to.push(to.to_owned());
    Next::Reply("250 2.1.5 Recipient taken".into())
}

/// The address between the brackets of `FROM:<…>` or `TO:<…>`.
fn path<'a>(rest: &'a str, keyword: &str) -> Option<&'a str> {
    let head = rest.get(..keyword.len())?;
    let rest = rest.get(keyword.len()..)?.trim_start();
    head.eq_ignore_ascii_case(keyword).then_some(())?;
    rest.strip_prefix('<')?.split_once('>').map(|(address, _)| address)
}

async fn take(envelope: Envelope, message: Message, shared: &Shared) -> Next {
    let bytes = match message {
        Message::Whole(bytes) => bytes,
        Message::Bad(reply) => return Next::Reply(reply.into()),
        Message::Broken => return Next::Close,
    };
    let answers: Vec<&Answer> = envelope.to.iter().filter_map(|to| shared.answer(to)).collect();
    if let Some(Answer::RefuseMessage(reply)) = answers.iter().find(|a| matches!(a, Answer::RefuseMessage(_))) {
        return Next::Reply(reply.clone());
    }
    let (silent, closing) = (answers.contains(&&Answer::SilenceAfterDot), answers.contains(&&Answer::CloseAfterDot));
    let number = {
        let mut state = shared.state();
        let from = envelope.from.unwrap_or_default();
        state.received.push(Received { from, to: envelope.to.clone(), bytes: bytes.clone() });
        state.received.len()
    };
    if let Some(folder) = &shared.behaviour.folder {
        for to in &envelope.to {
            if write_file(folder, to, number, &bytes).await.is_err() {
                return Next::Reply("452 4.3.1 The disk does not take it".into());
            }
        }
    }
    match () {
        () if silent => Next::Hang,
        () if closing => Next::Close,
        () => Next::Reply(format!("250 2.0.0 Taken as {number}")),
    }
}

async fn write_file(folder: &Path, to: &str, number: usize, bytes: &[u8]) -> io::Result<()> {
    let safe: String =
        to.chars().map(|c| if c.is_ascii_alphanumeric() || "@-_+.".contains(c) { c } else { '_' }).collect();
    let name = safe.trim_start_matches('.').chars().take(120).collect::<String>();
    tokio::fs::write(folder.join(format!("{name}-{number:04}.eml")), bytes).await
}

/// AUTH PLAIN with its first answer, or LOGIN. Whether the pair is the right one.
async fn log_in(
    behaviour: &Behaviour,
    rest: &str,
    reader: &mut (impl AsyncBufRead + Unpin),
    writer: &mut OwnedWriteHalf,
) -> io::Result<bool> {
    use base64::{Engine, engine::general_purpose::STANDARD};

    let Some((user, password)) = &behaviour.login else { return Ok(true) };
    if let Some(("PLAIN", given)) = rest.split_once(' ') {
        return Ok(given == STANDARD.encode(format!("\0{user}\0{password}")));
    }
    if rest != "LOGIN" {
        return Ok(false);
    }
    let mut right = true;
    for (question, wanted) in [("334 VXNlcm5hbWU6", user), ("334 UGFzc3dvcmQ6", password)] {
        say(writer, question).await?;
        let Line::Whole(given) = timeout(PATIENCE, read_line(reader, LONGEST_COMMAND)).await?? else {
            return Ok(false);
        };
        right &= given == STANDARD.encode(wanted).into_bytes();
    }
    Ok(right)
}

async fn say(writer: &mut OwnedWriteHalf, reply: &str) -> io::Result<()> {
    writer.write_all(format!("{reply}\r\n").as_bytes()).await
}
