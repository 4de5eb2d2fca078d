//! The pages that are the same for everybody: made once, kept in memory, and made anew as soon as something that they show
//! has changed.

use std::{
    collections::HashMap,
    fmt::Write as _,
    io::Write as _,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
        header::{
            ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, ETAG, LAST_MODIFIED, LOCATION, USER_AGENT, VARY,
        },
    },
};
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::{
    headers::{self, Form, HTML},
    is_current,
};
use crate::{
    model::{SitePath, StoryId},
    render::{Medium, Missing},
    store::Watch,
    work::{
        App, publish, readings,
        site::{self, Asked, Found},
    },
};

/// How long a page is kept though nothing it shows was changed: some speak of today.
const KEPT: Duration = Duration::from_secs(60);
/// Octets of all pages that are kept; beyond that they are let go of, all at once.
const ROOM: u64 = 32 << 20;
/// What is smaller gains nothing from being compressed.
const WORTH_IT: usize = 1_000;
/// How often what was read is written down.
const NOTED: Duration = Duration::from_secs(30);

/// The pages of one installation.
pub(super) struct Pages {
    app: Arc<App>,
    kept: Mutex<HashMap<Asked, Arc<Kept>>>,
    /// The same, by the path as it was written, where no query came with it: most requests need not be read further.
    by_path: Mutex<HashMap<String, (Asked, Arc<Kept>)>>,
    /// Octets of them.
    size: AtomicU64,
    changes: Mutex<Changes>,
    /// Pages are made on so many cores at once.
    makers: Semaphore,
    read: Mutex<HashMap<StoryId, u32>>,
}

/// What tells that pages are out of date.
struct Changes {
    watch: Watch,
    state: u64,
}

/// An answer, ready to be given.
struct Kept {
    status: StatusCode,
    content_type: &'static str,
    bytes: Bytes,
    /// Where that is worth it.
    gzip: Option<Bytes>,
    etag: String,
    gzip_etag: String,
    modified: String,
    location: Option<String>,
    /// As headers.
    etag_header: HeaderValue,
    gzip_etag_header: HeaderValue,
    modified_header: HeaderValue,
    made: Instant,
}

impl Pages {
    pub fn new(app: Arc<App>) -> anyhow::Result<Self> {
        let watch = app.store.watch()?;
        let state = app.store.read(publish::state)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            app,
            kept: Mutex::default(),
            by_path: Mutex::default(),
            size: AtomicU64::new(0),
            changes: Mutex::new(Changes { watch, state }),
            makers: Semaphore::new(cores),
            read: Mutex::default(),
        })
    }

    /// The answer, from memory where it is good.
    async fn find(self: &Arc<Self>, asked: &Asked) -> anyhow::Result<Arc<Kept>> {
        self.look()?;
        if let Some(kept) = self.known(asked) {
            return Ok(kept);
        }
        let _place = self.makers.acquire().await?;
        // Somebody else may have made it meanwhile.
        if let Some(kept) = self.known(asked) {
            return Ok(kept);
        }
        let (pages, asked) = (Arc::clone(self), asked.clone());
        tokio::task::spawn_blocking(move || pages.make(&asked)).await?
    }

    /// Lets go of everything when something changed.
    fn look(&self) -> anyhow::Result<()> {
        let mut changes = lock(&self.changes);
        if changes.watch.has_changed()? {
            let state = self.app.store.read(publish::state)?;
            if std::mem::replace(&mut changes.state, state) != state {
                self.forget();
            }
        }
        Ok(())
    }

    fn forget(&self) {
        lock(&self.kept).clear();
        lock(&self.by_path).clear();
        self.size.store(0, Ordering::Relaxed);
    }

    fn known(&self, asked: &Asked) -> Option<Arc<Kept>> {
        lock(&self.kept).get(asked).filter(|kept| kept.made.elapsed() < KEPT).cloned()
    }

    /// What a path alone leads to, where it was asked for before.
    fn at_path(&self, path: &str) -> Option<(Asked, Arc<Kept>)> {
        lock(&self.by_path).get(path).filter(|(_, kept)| kept.made.elapsed() < KEPT).cloned()
    }

    fn remember_path(&self, path: &str, asked: &Asked, kept: &Arc<Kept>) {
        // Only what is kept anyway: a page under several names counts once.
        if lock(&self.kept).get(asked).is_some_and(|known| Arc::ptr_eq(known, kept)) {
            lock(&self.by_path).insert(path.to_owned(), (asked.clone(), Arc::clone(kept)));
        }
    }

    fn make(&self, asked: &Asked) -> anyhow::Result<Arc<Kept>> {
        let state = lock(&self.changes).state;
        let (status, bytes, location) = match site::find(&self.app, asked, Medium::Server)? {
            Found::Page(bytes) => (StatusCode::OK, bytes, None),
            Found::Moved(to) => (StatusCode::MOVED_PERMANENTLY, Vec::new(), Some(format!("/{to}"))),
            Found::Gone => (StatusCode::GONE, site::missing(&self.app, Missing::Gone)?.into_bytes(), None),
            // Nobody can fill the memory with addresses that lead nowhere.
            Found::Nothing => return Ok(Arc::new(self.missing()?)),
        };
        let content_type = if status == StatusCode::OK { asked.path.content_type() } else { HTML };
        let former = lock(&self.kept).get(asked).cloned();
        let kept = Arc::new(Kept::new(status, content_type, bytes, location, former.as_deref())?);
        let size = kept.size();
        // What changed while it was made is perhaps not in it. Nobody lets go of what is kept meanwhile.
        let changes = lock(&self.changes);
        if changes.state == state {
            if self.size.fetch_add(size, Ordering::Relaxed) + size > ROOM {
                self.forget();
                self.size.store(size, Ordering::Relaxed);
            }
            lock(&self.kept).insert(asked.clone(), Arc::clone(&kept));
        }
        Ok(kept)
    }

    fn missing(&self) -> anyhow::Result<Kept> {
        let page = site::missing(&self.app, Missing::Unknown)?;
        Kept::new(StatusCode::NOT_FOUND, HTML, page.into_bytes(), None, None)
    }

    /// Counts a reading of a story, of nobody in particular.
    fn count(&self, asked: &Asked, headers: &HeaderMap) {
        if let SitePath::Story(id) = asked.path
            && !is_robot(headers)
        {
            *lock(&self.read).entry(id).or_default() += 1;
        }
    }

    /// Writes down what was read, again and again, until told to stop, and then once more.
    pub async fn note(&self) {
        loop {
            let goes_on = self.app.stop.run_until_cancelled(tokio::time::sleep(NOTED)).await.is_some();
            let read = std::mem::take(&mut *lock(&self.read));
            if !read.is_empty()
                && let Err(error) = readings::note(&self.app, &read)
            {
                tracing::warn!("what was read could not be counted: {error:#}");
            }
            if !goes_on {
                return;
            }
        }
    }
}

impl Kept {
    fn new(
        status: StatusCode,
        content_type: &'static str,
        bytes: Vec<u8>,
        location: Option<String>,
        former: Option<&Kept>,
    ) -> anyhow::Result<Self> {
        let etag = etag(&bytes);
        // Made anew with the same bytes, it has not changed.
        let modified = match former.filter(|former| former.etag == etag) {
            Some(former) => former.modified.clone(),
            None => DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::now())?,
        };
        let gzip = (bytes.len() >= WORTH_IT).then(|| compressed(&bytes)).transpose()?;
        // Two forms of one page are two things to a cache (RFC 9110 8.8.3).
        let gzip_etag = format!("{}-gz\"", etag.trim_end_matches('"'));
        Ok(Self {
            status,
            content_type,
            bytes: bytes.into(),
            gzip,
            etag_header: HeaderValue::from_str(&etag)?,
            gzip_etag_header: HeaderValue::from_str(&gzip_etag)?,
            modified_header: HeaderValue::from_str(&modified)?,
            etag,
            gzip_etag,
            modified,
            location,
            made: Instant::now(),
        })
    }

    fn size(&self) -> u64 {
        (self.bytes.len() + self.gzip.as_ref().map_or(0, Bytes::len) + 500) as u64
    }

    fn answer(&self, asked: &HeaderMap) -> Response<Body> {
        let gzip = self.gzip.as_ref().filter(|_| takes_gzip(asked));
        let (etag, etag_header) = match gzip {
            Some(_) => (&self.gzip_etag, &self.gzip_etag_header),
            None => (&self.etag, &self.etag_header),
        };
        let current = self.status == StatusCode::OK && is_current(asked, Some(etag), Some(&self.modified));
        let (status, bytes) = match (current, gzip) {
            (true, _) => (StatusCode::NOT_MODIFIED, Bytes::new()),
            (false, Some(gzip)) => (self.status, gzip.clone()),
            (false, None) => (self.status, self.bytes.clone()),
        };
        let mut response = headers::respond_shared(status, self.content_type, bytes, Form::Search);
        let headers = response.headers_mut();
        // Kept, but asked about each time: what is shown may change at any moment.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if self.gzip.is_some() {
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        if gzip.is_some() && !current {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if self.status == StatusCode::OK {
            headers.insert(ETAG, etag_header.clone());
            headers.insert(LAST_MODIFIED, self.modified_header.clone());
        }
        if let Some(location) = &self.location {
            set(headers, LOCATION, location);
        }
        response
    }
}

/// Answers whatever no other part of the site does.
pub(super) async fn answer(State(pages): State<Arc<Pages>>, request: Request) -> Response<Body> {
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut response = missing(&pages, StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let path = uri.query().is_none().then(|| uri.path());
    if let Some(path) = path {
        let known = match pages.look() {
            Ok(()) => pages.at_path(path),
            Err(_) => None,
        };
        if let Some((asked, kept)) = known {
            if kept.status == StatusCode::OK && *method == Method::GET {
                pages.count(&asked, headers);
            }
            return kept.answer(headers);
        }
    }
    let Some(asked) = Asked::parse(uri.path(), uri.query().unwrap_or_default()) else {
        return missing(&pages, StatusCode::NOT_FOUND);
    };
    match pages.find(&asked).await {
        Ok(kept) => {
            if let Some(path) = path {
                pages.remember_path(path, &asked, &kept);
            }
            if kept.status == StatusCode::OK && *method == Method::GET {
                pages.count(&asked, headers);
            }
            kept.answer(headers)
        }
        Err(error) => {
            tracing::error!(path = %asked.path, "a page cannot be made: {error:#}");
            missing(&pages, StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

fn missing(pages: &Pages, status: StatusCode) -> Response<Body> {
    let html = site::missing(&pages.app, Missing::Unknown).unwrap_or_default();
    headers::respond(status, HTML, html.into_bytes(), Form::Search)
}

/// Programs that say so of themselves, and what a browser fetches before anybody asked.
fn is_robot(headers: &HeaderMap) -> bool {
    const MARKS: [&str; 9] = ["bot", "crawl", "spider", "slurp", "fetch", "curl", "wget", "python", "monitor"];
    let agent = headers.get(USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()).to_ascii_lowercase());
    agent.is_none_or(|agent| MARKS.iter().any(|mark| agent.contains(mark)))
        || headers.get("sec-purpose").or(headers.get("purpose")).is_some()
}

/// RFC 9110 12.5.3: named, and not with the weight 0.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let Some(taken) = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()) else { return false };
    taken.split(',').any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

fn compressed(bytes: &[u8]) -> std::io::Result<Bytes> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.into())
}

/// From the content, so that a page made anew with the same bytes stays current.
fn etag(bytes: &[u8]) -> String {
    let mut etag = String::from("\"");
    for byte in Sha256::digest(bytes).iter().take(16) {
        // Writing to a string does not fail.
        let _ = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    etag
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
