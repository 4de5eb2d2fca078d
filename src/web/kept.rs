//! Answers that are kept, ready to be given.

use std::{
    collections::HashMap,
    fmt::Write as _,
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes},
    http::{
        HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
        header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, ETAG, LAST_MODIFIED, LOCATION, VARY},
    },
};
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use sha2::{Digest, Sha256};

use super::{
    headers::{self, Form},
    is_current,
};
use crate::{
    model::SitePath,
    work::site::{Asked, Part, Problem},
};

/// How long a page is kept though nothing it shows was changed: some speak of today.
const KEPT: Duration = Duration::from_secs(60);
/// What is smaller gains nothing from being compressed.
const WORTH_IT: usize = 1_000;
/// RFC 9457.
pub(super) const PROBLEM: &str = "application/problem+json";
/// What an answer takes besides its own octets.
const BESIDES: u64 = 500;

/// An answer, ready to be given.
pub(super) struct Kept {
    pub status: StatusCode,
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

/// Answers, up to so many octets: beyond that all are let go of at once.
pub(super) struct Shelf {
    room: u64,
    size: u64,
    kept: HashMap<Asked, Arc<Kept>>,
    /// The same, by the path as it is written, where no query came with it: most requests need not be read further.
    by_path: HashMap<String, (Asked, Arc<Kept>)>,
}

impl Shelf {
    pub fn new(room: u64) -> Self {
        Self { room, size: 0, kept: HashMap::new(), by_path: HashMap::new() }
    }

    pub fn clear(&mut self) {
        self.kept.clear();
        self.by_path.clear();
        self.size = 0;
    }

    pub fn get(&self, asked: &Asked) -> Option<Arc<Kept>> {
        self.kept.get(asked).filter(|kept| kept.is_fresh()).cloned()
    }

    /// The last answer, however old it is.
    pub fn former(&self, asked: &Asked) -> Option<Arc<Kept>> {
        self.kept.get(asked).cloned()
    }

    /// What a path alone leads to, where it was asked for before.
    pub fn at_path(&self, path: &str) -> Option<(Asked, Arc<Kept>)> {
        self.by_path.get(path).filter(|(_, kept)| kept.is_fresh()).cloned()
    }

    pub fn put(&mut self, asked: Asked, kept: Arc<Kept>) {
        let size = kept.size() + weight(&asked.query);
        let former = self.kept.get(&asked).map_or(0, |former| former.size() + weight(&asked.query));
        self.size = (self.size - former) + size;
        if self.size > self.room {
            self.clear();
            self.size = size;
        }
        self.kept.insert(asked, kept);
    }

    /// Remembers what a path led to: only what is kept anyway, and only under the name that we give it, of which there is one.
    pub fn name(&mut self, path: &str, asked: &Asked, kept: &Arc<Kept>) {
        let is_ours = path == "/" || path.strip_prefix('/').is_some_and(|path| path == asked.path.to_string());
        if !is_ours || self.kept.get(asked).is_none_or(|known| !Arc::ptr_eq(known, kept)) {
            return;
        }
        if self.by_path.insert(path.to_owned(), (asked.clone(), Arc::clone(kept))).is_none() {
            self.size += weight(path);
        }
    }
}

fn weight(text: &str) -> u64 {
    text.len() as u64 + BESIDES
}

/// Whether an answer belongs to a page of ours, and not to one of the many things that anybody can ask for.
pub(super) fn is_page(asked: &Asked) -> bool {
    asked.part == Part::Newest && !matches!(asked.path, SitePath::Search | SitePath::SearchFeed(_) | SitePath::Api(_))
}

impl Kept {
    pub fn new(
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

    /// What is wrong with what a program asked.
    pub fn problem(problem: &Problem) -> anyhow::Result<Self> {
        let status = StatusCode::from_u16(problem.status)?;
        Self::new(status, PROBLEM, problem.written(), None, None)
    }

    fn is_fresh(&self) -> bool {
        self.made.elapsed() < KEPT
    }

    fn size(&self) -> u64 {
        (self.bytes.len() + self.gzip.as_ref().map_or(0, Bytes::len)) as u64 + BESIDES
    }

    pub fn answer(&self, asked: &HeaderMap) -> Response<Body> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Selection;

    fn page(octets: usize) -> Arc<Kept> {
        let bytes = vec![b'x'; octets];
        Arc::new(Kept::new(StatusCode::OK, "text/html", bytes, None, None).expect("an answer"))
    }

    fn asked(path: SitePath) -> Asked {
        Asked::first(path)
    }

    #[test]
    fn a_page_is_known_by_its_own_path_and_no_other() {
        let mut shelf = Shelf::new(1 << 20);
        let (all, kept) = (asked(SitePath::Selection(Selection::All)), page(100));
        shelf.name("/veille.html", &all, &kept);
        assert!(shelf.at_path("/veille.html").is_none(), "it is not kept yet");
        shelf.put(all.clone(), Arc::clone(&kept));
        for path in ["//veille.html", "veille.html", "/veille.html/", "/index.html"] {
            shelf.name(path, &all, &kept);
            assert!(shelf.at_path(path).is_none(), "{path}");
        }
        shelf.name("/veille.html", &all, &kept);
        assert!(shelf.at_path("/veille.html").is_some());
        shelf.put(all.clone(), page(200));
        shelf.name("/veille.html", &all, &kept);
        shelf.clear();
        assert!(shelf.get(&all).is_none() && shelf.at_path("/veille.html").is_none());
    }

    #[test]
    fn it_holds_so_much_and_what_is_made_anew_counts_once() {
        let mut shelf = Shelf::new(10_000);
        let home = asked(SitePath::Home);
        for _ in 0..50 {
            shelf.put(home.clone(), page(900));
        }
        for n in 0..4 {
            shelf.put(Asked { query: format!("q={n}"), ..asked(SitePath::Search) }, page(900));
        }
        assert!(shelf.get(&home).is_some(), "all of them have room");
        for n in 4..10 {
            shelf.put(Asked { query: format!("q={n}"), ..asked(SitePath::Search) }, page(900));
        }
        assert!(shelf.get(&home).is_none() && shelf.size <= shelf.room, "{}", shelf.size);
    }
}
