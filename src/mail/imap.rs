//! A folder on an IMAP server (RFC 9051, RFC 3501), read message by message. Nothing is deleted: what was read is marked as seen,
//! and moved (RFC 6851) where a folder is named for it.

use std::{fmt, pin::Pin, time::Duration};

use async_imap::{Client, Session, error::Error};
use futures_util::TryStreamExt;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};

use super::{bounce, tls::Tls};
use crate::config::{ImapFolder, Security};

/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// For what nothing depends on.
const FAREWELL: Duration = Duration::from_secs(5);

trait Wire: AsyncRead + AsyncWrite + Send + fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Send + fmt::Debug> Wire for T {}
type Stream = Pin<Box<dyn Wire>>;

/// An open folder.
pub struct Imap {
    session: Session<Stream>,
    server: String,
    /// Message numbers hold as long as it stays the same (RFC 9051 2.3.1.1).
    validity: u32,
    done: Option<String>,
}

/// Why a folder cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ImapError {
    #[error(
        "`{server}` cannot be reached: {why}\nhint: check `host`, `port` and `security` of `[bounces.imap]`, and that the server runs"
    )]
    Network { server: String, why: String },
    #[error("`{server}` refused the login: {why}\nhint: check the user and the password of `[bounces.imap]`")]
    Login { server: String, why: String },
    #[error("`{server}` does not open the folder `{folder}`: {why}\nhint: check `folder` of `[bounces.imap]`")]
    Folder { server: String, folder: String, why: String },
    #[error(
        "`{server}` cannot move messages to `{folder}`: {why}\nhint: make the folder, or take `done` of `[bounces.imap]` away; what was read is marked as seen"
    )]
    Move { server: String, folder: String, why: String },
    #[error("`{server}`: {why}\nhint: it is tried again; what was read is known and changes nothing")]
    Broken { server: String, why: String },
}

impl Imap {
    /// Connects, logs in, and opens the folder.
    pub async fn open(settings: &ImapFolder) -> Result<Self, ImapError> {
        let server = format!("{}:{}", settings.host, settings.port);
        let unreachable = |why: String| ImapError::Network { server: server.clone(), why };
        let client = within(connect(settings)).await.map_err(unreachable)?;
        let login = within(async {
            let login = client.login(&settings.login.user, &settings.login.password).await;
            login.map_err(|(error, _)| told(&error))
        });
        let mut session = login.await.map_err(|why| ImapError::Login { server: server.clone(), why })?;
        let selected = within(async { session.select(&settings.folder).await.map_err(|error| told(&error)) }).await;
        let folder = selected.map_err(|why| ImapError::Folder {
            server: server.clone(),
            folder: settings.folder.clone(),
            why,
        })?;
        Ok(Self { session, server, validity: folder.uid_validity.unwrap_or(0), done: settings.done.clone() })
    }

    pub fn validity(&self) -> u32 {
        self.validity
    }

    /// The messages that nobody saw, and those that came after `last`, whoever saw them: in the order of their numbers.
    pub async fn waiting(&mut self, last: u32) -> Result<Vec<u32>, ImapError> {
        let session = &mut self.session;
        let found = within(async {
            let mut found = session.uid_search("UNSEEN UNDELETED").await.map_err(|error| told(&error))?;
            let newer = format!("UID {}:* UNDELETED", last.saturating_add(1));
            let newer = session.uid_search(newer).await.map_err(|error| told(&error))?;
            // `n:*` holds the last message, also where its number is smaller (RFC 9051 9).
            found.extend(newer.into_iter().filter(|uid| *uid > last));
            Ok(found)
        });
        let mut found: Vec<u32> = found.await.map_err(|why| broken(&self.server, why))?.into_iter().collect();
        found.sort_unstable();
        Ok(found)
    }

    /// A message, or as much of it as is looked at. `None`: it is gone.
    pub async fn fetch(&mut self, uid: u32) -> Result<Option<Vec<u8>>, ImapError> {
        let session = &mut self.session;
        let query = format!("(UID BODY.PEEK[]<0.{}>)", bounce::LOOKED_AT);
        let fetched = within(async {
            let answers = session.uid_fetch(uid.to_string(), query).await.map_err(|error| told(&error))?;
            let answers: Vec<_> = answers.try_collect().await.map_err(|error| told(&error))?;
            Ok(answers.iter().find(|answer| answer.uid == Some(uid)).and_then(|answer| Some(answer.body()?.to_vec())))
        });
        fetched.await.map_err(|why| broken(&self.server, why))
    }

    /// Marks a message as seen.
    pub async fn seen(&mut self, uid: u32) -> Result<(), ImapError> {
        let session = &mut self.session;
        let stored = within(async {
            let answers = session.uid_store(uid.to_string(), "+FLAGS.SILENT (\\Seen)").await;
            let answers = answers.map_err(|error| told(&error))?;
            answers.try_collect::<Vec<_>>().await.map(drop).map_err(|error| told(&error))
        });
        stored.await.map_err(|why| broken(&self.server, why))
    }

    /// Moves a message to the folder for what was read, if there is one: it is made when it is not there.
    pub async fn put_away(&mut self, uid: u32) -> Result<(), ImapError> {
        let Some(folder) = &self.done else { return Ok(()) };
        let session = &mut self.session;
        let moved = within(async {
            if session.uid_mv(uid.to_string(), folder).await.is_ok() {
                return Ok(());
            }
            // Whether it was made, or was there before, shows below.
            let _ = session.create(folder).await;
            session.uid_mv(uid.to_string(), folder).await.map_err(|error| told(&error))
        });
        let refused = |why| ImapError::Move { server: self.server.clone(), folder: folder.clone(), why };
        moved.await.map_err(refused)
    }

    /// Ends the conversation politely.
    pub async fn quit(mut self) {
        let _ = timeout(FAREWELL, self.session.logout()).await;
    }
}

async fn connect(settings: &ImapFolder) -> Result<Client<Stream>, String> {
    let socket =
        TcpStream::connect((settings.host.as_str(), settings.port)).await.map_err(|error| error.to_string())?;
    // A command goes out in pieces: each would wait for the acknowledgement of the one before.
    socket.set_nodelay(true).map_err(|error| error.to_string())?;
    let tls = match settings.security {
        Security::None | Security::Opportunistic => None,
        Security::Tls | Security::StartTls => Some(Tls::new(&settings.host).map_err(|error| format!("{error:#}"))?),
    };
    let encrypt = async |stream: Stream| {
        let Some(tls) = &tls else { return Ok(stream) };
        let stream = tls.connector.connect(tls.name.clone(), stream).await;
        let stream = stream.map_err(|error| format!("no encrypted connection: {error}"))?;
        Ok::<Stream, String>(Box::pin(stream))
    };
    let plain: Stream = Box::pin(socket);
    if settings.security != Security::StartTls {
        let mut client = Client::new(encrypt(plain).await?);
        greet(&mut client).await?;
        return Ok(client);
    }
    let mut client = Client::new(plain);
    greet(&mut client).await?;
    client.run_command_and_check_ok("STARTTLS", None).await.map_err(|error| format!("STARTTLS: {}", told(&error)))?;
    // What came in clear after the answer could be forged by anyone on the way: it goes with the client.
    Ok(Client::new(encrypt(client.into_inner()).await?))
}

async fn greet(client: &mut Client<Stream>) -> Result<(), String> {
    let greeting = client.read_response().await.map_err(|error| error.to_string())?;
    greeting.map(drop).ok_or_else(|| String::from("it closed the connection without a word"))
}

/// In words of ours where the library's say nothing; never with what was said before.
fn told(error: &Error) -> String {
    let text = match error {
        Error::No(text) | Error::Bad(text) => text.clone(),
        Error::ConnectionLost => String::from("the connection broke"),
        Error::Parse(_) => String::from("what it says is not IMAP"),
        Error::Validate(_) => String::from("a name or password of the settings holds a line break"),
        other => other.to_string(),
    };
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn broken(server: &str, why: String) -> ImapError {
    ImapError::Broken { server: server.to_owned(), why }
}

async fn within<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())))
}
