//! HTTP as a guest (invariant 9): one request at a time per host, conditional, bounded in time and size, and never to a
//! private address unless the settings say so.
//!
//! ```text
//! get ─ guard (scheme, port, literal host) ─ robots ─ token ─ pace (the host's turn) ─ client (resolver behind the
//!   ▲                                                                                    │      guard, TLS)
//!   └───────────────────────── redirect, at most 5 ──────────────────────────────────────┤
//!                                                                                        └─ body (cap) ─ Answer
//! ```
//!
//! robots.txt is asked of each origin once a day, along the same way; what was learnt is given to [`Fetcher::new`] and
//! had back from [`Fetcher::take_robots`], for this module keeps nothing.

mod body;
mod client;
mod error;
mod guard;
mod headers;
mod origins;
mod pace;
mod robots;
mod token;
mod walk;

use std::time::Duration;

use url::Url;

pub use error::{Class, FetchError, Phase, SetBy};
pub use guard::refusal;

use crate::{
    config::{self, Network},
    model::{OAuth, Page, Problem, RobotsFile, Source, Validators},
};
use body::Beyond;
use client::Clients;
use guard::Reach;
use origins::Origins;
use pace::Pace;
use token::Tokens;
use walk::Errand;

/// Asks the web. Cheap to clone: the clones share their connections and their pace.
#[derive(Debug, Clone)]
pub struct Fetcher {
    clients: Clients,
    pace: Pace,
    robots: config::Robots,
    origins: Origins,
    tokens: Tokens,
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
    /// Sent with POST, as JSON: such an answer is neither asked for conditionally nor has validators. GET without it.
    pub post: Option<&'a str>,
    pub oauth: Option<&'a OAuth>,
    /// In place of that of the settings.
    pub body_cap: Option<usize>,
    /// In place of that of the settings.
    pub total_timeout: Option<Duration>,
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
        /// What robots.txt asks for and does not get.
        problem: Option<Box<Problem>>,
    },
    /// The stored version is the current one: 304, or the same `ETag` again.
    NotModified { fresh: Option<Duration>, moved: Option<Url>, problem: Option<Box<Problem>> },
}

impl<'a> Request<'a> {
    /// What a crawl asks of a source.
    pub fn of(source: &'a Source, url: &'a Url, validators: &'a Validators) -> Self {
        Self { post: source.asking.post.as_deref(), ..Self::of_document(source, url, validators) }
    }

    /// A document that a source names: as the source, but for what is posted to it; and what gives access to the source
    /// goes nowhere else.
    pub fn of_document(source: &'a Source, url: &'a Url, validators: &'a Validators) -> Self {
        let asking = &source.asking;
        // What a page names is not what the settings name: on its own site it may be private, elsewhere it may not.
        let is_own = url.origin() == source.url.sample().origin();
        Self {
            oauth: asking.oauth.as_ref().filter(|_| is_own),
            body_cap: asking.body_cap,
            total_timeout: asking.total_timeout,
            ..Self::page(
                url,
                validators,
                if source.allow_private && is_own { Private::Allowed } else { Private::Refused },
            )
        }
    }

    /// A page about which nothing else is said.
    pub fn page(url: &'a Url, validators: &'a Validators, private: Private) -> Self {
        Self { url, validators, private, post: None, oauth: None, body_cap: None, total_timeout: None }
    }
}

impl Fetcher {
    /// `kept` is what [`Fetcher::take_robots`] gave in former runs.
    ///
    /// # Errors
    /// Only when the HTTP client cannot be set up. A machine without certificate authorities or resolver settings is
    /// not an error here.
    pub fn new(settings: &config::Crawl, kept: impl IntoIterator<Item = RobotsFile>) -> anyhow::Result<Self> {
        Ok(Self {
            clients: Clients::new(settings)?,
            pace: Pace::new(settings.host_gap, settings.hosts_at_once),
            robots: settings.robots,
            origins: Origins::new(kept),
            tokens: Tokens::default(),
            listed: settings.allow.clone(),
            connect: settings.connect_timeout,
            idle: settings.idle_timeout,
            total: settings.total_timeout,
            cap: settings.body_cap,
        })
    }

    /// One request, redirects included. Waits for the turn of its host; this wait does not count in `total_timeout`,
    /// nor does what robots.txt and a token take.
    ///
    /// # Errors
    /// Whenever there is neither a whole page nor a « not modified »; [`FetchError::class`] says what to do.
    pub async fn get(&self, request: &Request<'_>) -> Result<Answer, FetchError> {
        let nothing = Validators::default();
        let set_by = |own: bool| if own { SetBy::Source } else { SetBy::Crawl };
        let errand = Errand {
            url: request.url,
            validators: if request.post.is_some() { &nothing } else { request.validators },
            widest: match request.private {
                Private::Refused => Reach::Public,
                Private::Allowed => Reach::Site,
            },
            post: request.post,
            oauth: request.oauth,
            cap: request.body_cap.unwrap_or(self.cap),
            beyond: Beyond::Refused(set_by(request.body_cap.is_some())),
            total: request.total_timeout.unwrap_or(self.total),
            total_set_by: set_by(request.total_timeout.is_some()),
            robots: self.robots,
        };
        self.walk(&errand).await
    }

    /// Waits out the pause of a host after its last page, as far as it is known: who holds something that others want
    /// does this before taking it. Takes no turn.
    pub async fn rest(&self, host: &str) {
        self.pace.rest(host).await;
    }

    /// Leaves a host alone for a while, as it asked in a former run.
    pub fn hold(&self, host: &str, wait: Duration) {
        self.pace.hold(host, wait);
    }

    /// What was learnt of robots.txt since this was last called: to be kept, and given to [`Fetcher::new`].
    pub fn take_robots(&self) -> Vec<RobotsFile> {
        self.origins.take_changed()
    }

    /// The sitemaps that robots.txt of an address's origin names, once something was asked there.
    pub fn sitemaps(&self, url: &Url) -> Vec<Url> {
        self.origins.sitemaps(url)
    }
}
