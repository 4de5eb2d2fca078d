//! The pages that are the same for everybody: made once, kept in memory, and made anew as soon as something that they show
//! has changed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method, Response, StatusCode,
        header::{ALLOW, USER_AGENT},
    },
};
use tokio::sync::Semaphore;

use super::{
    headers::{self, Form, HTML},
    kept::{self, Kept, PROBLEM, Shelf},
};
use crate::{
    model::{SitePath, StoryId},
    render::{Medium, Missing},
    store::Watch,
    work::{
        App, publish, readings,
        site::{self, Asked, Found, Problem},
    },
};

/// Octets of all pages that are kept, and of what else is.
const ROOM: u64 = 32 << 20;
const PASSING_ROOM: u64 = 8 << 20;
/// How often what was read is written down.
const NOTED: Duration = Duration::from_secs(30);

/// The pages of one installation.
pub(super) struct Pages {
    app: Arc<App>,
    kept: Mutex<Shelf>,
    /// Searches, later pages of lists, what programs ask for: there is no end of these, and they displace none of the others.
    passing: Mutex<Shelf>,
    changes: Mutex<Changes>,
    /// Pages are made on so many cores at once.
    makers: Arc<Semaphore>,
    read: Mutex<HashMap<StoryId, u32>>,
}

/// What tells that pages are out of date.
struct Changes {
    watch: Watch,
    /// What was seen last, where it could be read since something changed.
    state: Option<u64>,
    /// How often everything was let go of.
    times: u64,
}

impl Pages {
    pub fn new(app: Arc<App>) -> anyhow::Result<Self> {
        let watch = app.store.watch()?;
        let state = app.store.read(publish::state)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            app,
            kept: Mutex::new(Shelf::new(ROOM)),
            passing: Mutex::new(Shelf::new(PASSING_ROOM)),
            changes: Mutex::new(Changes { watch, state: Some(state), times: 0 }),
            makers: Arc::new(Semaphore::new(cores)),
            read: Mutex::default(),
        })
    }

    /// The answer, from memory where it is good; or, while the database gives none, what it was last.
    async fn find(self: &Arc<Self>, asked: &Asked) -> anyhow::Result<Arc<Kept>> {
        let current = self.current(asked).await;
        current.or_else(|error| {
            let Some(former) = self.shelf(asked).former(asked) else { return Err(error) };
            tracing::error!(path = %asked.path, "a page is shown as it was last: {error:#}");
            Ok(former)
        })
    }

    async fn current(self: &Arc<Self>, asked: &Asked) -> anyhow::Result<Arc<Kept>> {
        self.look()?;
        if let Some(kept) = self.shelf(asked).get(asked) {
            return Ok(kept);
        }
        let (pages, asked) = (Arc::clone(self), asked.clone());
        self.make_with(move || {
            // Somebody else may have made it meanwhile.
            let known = pages.shelf(&asked).get(&asked);
            known.map_or_else(|| pages.make(&asked), Ok)
        })
        .await?
    }

    /// Does what takes a while when a core is free for it; whoever asked may be gone by then.
    pub async fn make_with<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> anyhow::Result<T> {
        let place = Arc::clone(&self.makers).acquire_owned().await?;
        let work = move || {
            // Kept for as long as the work lasts, not for as long as somebody waits for it.
            let _place = place;
            work()
        };
        Ok(tokio::task::spawn_blocking(work).await?)
    }

    fn shelf(&self, asked: &Asked) -> MutexGuard<'_, Shelf> {
        lock(if kept::is_page(asked) { &self.kept } else { &self.passing })
    }

    /// Lets go of everything when something changed, or may have.
    fn look(&self) -> anyhow::Result<()> {
        let mut changes = lock(&self.changes);
        if !changes.watch.has_changed()? && changes.state.is_some() {
            return Ok(());
        }
        let before = changes.state.take();
        let state = self.app.store.read(publish::state)?;
        changes.state = Some(state);
        if before != Some(state) {
            changes.times += 1;
            lock(&self.kept).clear();
            lock(&self.passing).clear();
        }
        Ok(())
    }

    fn make(&self, asked: &Asked) -> anyhow::Result<Arc<Kept>> {
        let times = lock(&self.changes).times;
        let (status, bytes, location) = match site::find(&self.app, asked, Medium::Server)? {
            Found::Page(bytes) => (StatusCode::OK, bytes, None),
            Found::Moved(to) => (StatusCode::MOVED_PERMANENTLY, Vec::new(), Some(format!("/{to}"))),
            Found::Gone => (StatusCode::GONE, site::missing(&self.app, Missing::Gone)?.into_bytes(), None),
            // Nobody can fill the memory with addresses that lead nowhere.
            Found::Nothing => return Ok(Arc::new(self.missing()?)),
            Found::Problem(problem) => return Ok(Arc::new(Kept::problem(&problem)?)),
        };
        let content_type = if status == StatusCode::OK { asked.path.content_type() } else { HTML };
        let former = self.shelf(asked).former(asked);
        let kept = Arc::new(Kept::new(status, content_type, bytes, location, former.as_deref())?);
        // What changed while it was made is perhaps not in it. Nobody lets go of what is kept meanwhile.
        let changes = lock(&self.changes);
        if changes.times == times {
            self.shelf(asked).put(asked.clone(), Arc::clone(&kept));
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
            Ok(()) => lock(&pages.kept).at_path(path),
            Err(_) => None,
        };
        if let Some((asked, kept)) = known {
            if kept.status == StatusCode::OK && *method == Method::GET {
                pages.count(&asked, headers);
            }
            return kept.answer(headers);
        }
    }
    let Some(asked) = Asked::parse(&pages.app, uri.path(), uri.query().unwrap_or_default()) else {
        if uri.path().starts_with("/api/") {
            let problem = Problem::missing();
            return headers::respond(StatusCode::NOT_FOUND, PROBLEM, problem.written(), Form::Search);
        }
        return missing(&pages, StatusCode::NOT_FOUND);
    };
    match pages.find(&asked).await {
        Ok(kept) => {
            if let Some(path) = path {
                lock(&pages.kept).name(path, &asked, &kept);
            }
            if kept.status == StatusCode::OK && *method == Method::GET {
                pages.count(&asked, headers);
            }
            kept.answer(headers)
        }
        Err(error) => {
            tracing::error!(path = %asked.path, "a page cannot be made: {error:#}");
            let html = site::missing(&pages.app, Missing::Failed).unwrap_or_default();
            headers::respond(StatusCode::SERVICE_UNAVAILABLE, HTML, html.into_bytes(), Form::Search)
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
