//! Sources played from memory, on loopback: for the demonstration and the tests.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode},
};
use tokio::{net::TcpListener, task::JoinHandle};

use super::is_current;

/// What is answered at one path.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    /// Names and values; those that cannot stand in a header are left out. With an `ETag` or a `Last-Modified`, a
    /// client that already has this version gets 304.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Before anything is answered: longer than the client's patience, it plays a source that times out.
    pub pause: Duration,
}

/// A running server; it stops when dropped. What is not set answers 404.
#[derive(Debug)]
pub struct Replay {
    address: SocketAddr,
    stage: Arc<Stage>,
    server: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Stage {
    answers: Mutex<BTreeMap<String, Answer>>,
    heard: Mutex<BTreeMap<String, Vec<Heard>>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

/// The headers of one request, names in lower case, in the order of their names.
pub type Heard = BTreeMap<String, String>;

impl Answer {
    /// 200, with a content type.
    pub fn ok(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::status(200).header("content-type", content_type).body(body)
    }

    /// A status without a body.
    pub const fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), pause: Duration::ZERO }
    }

    /// A redirect with its status (301, 302, 303, 307, 308).
    pub fn redirect(status: u16, to: &str) -> Self {
        Self::status(status).header("location", to)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub const fn after(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    fn named(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl Replay {
    /// Listens on a free port of 127.0.0.1. A path is written with its leading `/`, and with its query if it has one; a
    /// path without a query answers for all queries that have no answer of their own.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start<P: Into<String>>(answers: impl IntoIterator<Item = (P, Answer)>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let answers = answers.into_iter().map(|(path, answer)| (path.into(), answer)).collect();
        let stage = Arc::new(Stage { answers: Mutex::new(answers), ..Stage::default() });
        let app = Router::new().fallback(play).with_state(stage.clone());
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::warn!(%error, "the server of recorded answers has stopped");
            }
        });
        Ok(Self { address, stage, server })
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The whole address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Changes what is answered from now on.
    pub fn set(&self, path: impl Into<String>, answer: Answer) {
        lock(&self.stage.answers).insert(path.into(), answer);
    }

    /// How many requests came for a path, whatever their query.
    pub fn requests(&self, path: &str) -> usize {
        lock(&self.stage.heard).get(path).map_or(0, Vec::len)
    }

    /// The requests that came for a path, whatever their query, oldest first.
    pub fn heard(&self, path: &str) -> Vec<Heard> {
        lock(&self.stage.heard).get(path).cloned().unwrap_or_default()
    }

    /// The greatest number of requests that waited for an answer at the same time.
    pub fn most_at_once(&self) -> usize {
        self.stage.most_at_once.load(Ordering::SeqCst)
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn play(State(stage): State<Arc<Stage>>, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let whole = request.uri().path_and_query().map_or(path.as_str(), |whole| whole.as_str());
    let answer = {
        let answers = lock(&stage.answers);
        answers.get(whole).or_else(|| answers.get(&path)).cloned()
    };
    lock(&stage.heard).entry(path).or_default().push(heard(request.headers()));
    let answer = answer.unwrap_or_else(|| Answer::status(404));
    {
        let _present = Present::enter(&stage);
        tokio::time::sleep(answer.pause).await;
    }
    if answer.status == 200 && is_current(request.headers(), answer.named("etag"), answer.named("last-modified")) {
        return respond(Answer { status: 304, body: Vec::new(), ..answer });
    }
    respond(answer)
}

fn respond(answer: Answer) -> Response<Body> {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::from_bytes(value.as_bytes()))
        {
            response.headers_mut().append(name, value);
        }
    }
    response
}

fn heard(headers: &HeaderMap) -> Heard {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

/// Counts a request while it waits, even one whose client goes away.
struct Present<'a>(&'a Stage);

impl<'a> Present<'a> {
    fn enter(stage: &'a Stage) -> Self {
        let here = stage.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        stage.most_at_once.fetch_max(here, Ordering::SeqCst);
        Self(stage)
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.0.at_once.fetch_sub(1, Ordering::SeqCst);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
