//! HTTP as a guest (invariant 9): one request at a time per host, conditional, bounded in time and size, and never to a
//! private address unless the settings say so.
//!
//! ```text
//! get ─ guard (scheme, port, literal host) ─ pace (the host's turn) ─ client (resolver behind the guard, TLS)
//!   ▲                                                                    │
//!   └───────────────────────── redirect, at most 5 ──────────────────────┤
//!                                                                        └─ body (cap, silence) ─ Answer
//! ```

mod body;
mod client;
mod error;
mod guard;
mod headers;
mod pace;

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{
    Response, StatusCode,
    header::{CONTENT_TYPE, LOCATION},
};
use tokio::time::Instant;
use url::Url;

pub use error::{Class, FetchError, Phase};
pub use guard::refusal;

use crate::{
    config::{self, Network},
    model::{Page, Source, Validators},
};
use client::Clients;
use guard::Reach;
use pace::{Held, Pace, Turn};

/// How many redirects are followed.
const HOPS: usize = 5;

/// Asks the web. Cheap to clone: the clones share their connections and their pace.
#[derive(Debug, Clone)]
pub struct Fetcher {
    clients: Clients,
    pace: Pace,
    listed: Vec<Network>,
    connect: Duration,
    idle: Duration,
    total: Duration,
    cap: usize,
}

/// One thing to ask for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub url: &'a Url,
    /// Those of the version that is already stored; empty to have the page in any case.
    pub validators: &'a Validators,
    pub private: Private,
}

/// Whether a source may live on a loopback or private address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Private {
    Refused,
    /// On any port, and wherever its redirects lead on such addresses.
    Allowed,
}

/// What came back.
#[derive(Debug, Clone)]
pub enum Answer {
    Page {
        page: Page,
        /// To be stored with what the page yields, and never before: else a crash in between loses it.
        validators: Validators,
        /// How long the server says that it stays good, at most 31 days.
        fresh: Option<Duration>,
        /// The new address, when every redirect on the way was permanent (301, 308).
        moved: Option<Url>,
        status: u16,
    },
    /// The stored version is the current one: 304, or the same `ETag` again.
    NotModified { fresh: Option<Duration>, moved: Option<Url> },
}

/// What one request without redirects led to.
enum Step {
    Done(Box<Answer>),
    Redirect { to: Url, permanent: bool },
}

impl<'a> Request<'a> {
    /// What a crawl asks of a source.
    pub fn of(source: &Source, url: &'a Url, validators: &'a Validators) -> Self {
        let private = if source.allow_private { Private::Allowed } else { Private::Refused };
        Self { url, validators, private }
    }
}

impl Fetcher {
    /// # Errors
    /// Only when the HTTP client cannot be set up. A machine without certificate authorities or resolver settings is
    /// not an error here.
    pub fn new(settings: &config::Crawl) -> anyhow::Result<Self> {
        Ok(Self {
            clients: Clients::new(settings)?,
            pace: Pace::new(settings.host_gap, settings.hosts_at_once),
            listed: settings.allow.clone(),
            connect: settings.connect_timeout,
            idle: settings.idle_timeout,
            total: settings.total_timeout,
            cap: settings.body_cap,
        })
    }

    /// One GET, redirects included. Waits for the turn of its host; this wait does not count in `total_timeout`.
    ///
    /// # Errors
    /// Whenever there is neither a whole page nor a « not modified »; [`FetchError::class`] says what to do.
    pub async fn get(&self, request: &Request<'_>) -> Result<Answer, FetchError> {
        let widest = match request.private {
            Private::Refused => Reach::Public,
            Private::Allowed => Reach::Site,
        };
        let mut url = request.url.clone();
        url.set_fragment(None);
        let mut chain = vec![guard::shown(&url)];
        let mut left = self.total;
        let mut all_permanent = true;
        let mut turn: Option<(String, Turn)> = None;
        loop {
            let reach = guard::check(&url, widest, &self.listed).map_err(|error| error.after(&chain))?;
            let host = url.host_str().unwrap_or_default().to_owned();
            // Redirects on one host are one request to it. On the way to another, the former is given back first: two
            // requests that held one host each and wanted the other's would wait for ever.
            if turn.as_ref().is_none_or(|(current, _)| *current != host) {
                drop(turn.take());
                let taken = self.pace.turn(&host).await;
                let taken = taken.map_err(|Held(wait)| FetchError::Held { host: host.clone(), wait })?;
                turn = Some((host.clone(), taken));
            }
            let began = Instant::now();
            let moved = (all_permanent && chain.len() > 1).then(|| url.clone());
            let step = tokio::time::timeout(left, self.step(&url, &host, reach, request.validators, moved)).await;
            let (to, permanent) = match step {
                Ok(Ok(Step::Done(answer))) => return Ok(*answer),
                Ok(Ok(Step::Redirect { to, permanent })) => (to, permanent),
                Ok(Err(error)) => return Err(error.after(&chain)),
                Err(_) => return Err(FetchError::Timeout { host, phase: Phase::Total, after: self.total }),
            };
            left = left.saturating_sub(began.elapsed());
            all_permanent &= permanent;
            let shown = guard::shown(&to);
            if url.scheme() == "https" && to.scheme() == "http" {
                return Err(FetchError::Downgrade { from: guard::shown(&url), to: shown });
            }
            let seen = chain.contains(&shown);
            chain.push(shown);
            if seen {
                return Err(FetchError::RedirectLoop { chain });
            }
            if chain.len() > HOPS + 1 {
                return Err(FetchError::TooManyRedirects { chain, limit: HOPS });
            }
            url = to;
        }
    }

    async fn step(
        &self,
        url: &Url,
        host: &str,
        reach: Reach,
        known: &Validators,
        moved: Option<Url>,
    ) -> Result<Step, FetchError> {
        let response = self.head(url, host, reach, known).await?;
        let (status, now) = (response.status(), Timestamp::now());
        let fresh = headers::freshness(response.headers(), now);
        let validators = headers::validators(response.headers());
        match status.as_u16() {
            301 | 302 | 303 | 307 | 308 => {
                let to = headers::text(response.headers(), LOCATION).and_then(|to| url.join(&to).ok());
                let mut to =
                    to.ok_or_else(|| FetchError::BadRedirect { url: guard::shown(url), status: status.as_u16() })?;
                to.set_fragment(None);
                Ok(Step::Redirect { to, permanent: matches!(status.as_u16(), 301 | 308) })
            }
            304 if *known != Validators::default() => Ok(Step::Done(Box::new(Answer::NotModified { fresh, moved }))),
            // Servers that know the validator and send the page all the same: its body need not be read.
            200 if validators.etag.is_some() && validators.etag == known.etag => {
                Ok(Step::Done(Box::new(Answer::NotModified { fresh, moved })))
            }
            200 | 203 => {
                let content_type = headers::text(response.headers(), CONTENT_TYPE);
                let limits = body::Limits { cap: self.cap, idle: self.idle };
                let body = body::read(response, host, limits).await?;
                let page = Page { url: url.clone(), content_type, body, reserved: false };
                let answer = Answer::Page { page, validators, fresh, moved, status: status.as_u16() };
                Ok(Step::Done(Box::new(answer)))
            }
            code => {
                let asks = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
                let retry_after = headers::retry_after(response.headers(), now).filter(|_| asks);
                if let Some(wait) = retry_after {
                    self.pace.hold(host, wait);
                }
                Err(FetchError::Status { host: host.to_owned(), status: code, retry_after })
            }
        }
    }

    /// Sends one request and waits for the head of its answer.
    async fn head(&self, url: &Url, host: &str, reach: Reach, known: &Validators) -> Result<Response, FetchError> {
        if url.scheme() == "https"
            && let Some(why) = &self.clients.no_tls
        {
            return Err(FetchError::Tls { host: host.to_owned(), why: why.clone() });
        }
        let request = self.clients.reaching(reach).get(url.clone()).headers(headers::conditions(known)).send();
        match tokio::time::timeout(self.connect.saturating_add(self.idle), request).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(match FetchError::of_request(&error, host, self.connect) {
                // The address is public, and was refused only because of its port.
                FetchError::Blocked { host, address, .. }
                    if Reach::Public.admit(address, &[]) == Ok(()) && reach == Reach::Listed =>
                {
                    FetchError::Port { host, port: url.port().unwrap_or_default() }
                }
                error => error,
            }),
            Err(_) => Err(FetchError::Timeout { host: host.to_owned(), phase: Phase::Head, after: self.idle }),
        }
    }
}
