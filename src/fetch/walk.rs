//! The way to one answer: robots.txt, a token and the host's turn before each request, and redirects from one to the
//! next.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use reqwest::{
    Method, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION},
};
use tokio::time::{Duration, Instant};
use url::Url;

use super::{
    Answer, Fetcher,
    body::{self, Beyond},
    error::{FetchError, Phase, SetBy},
    guard::{self, Reach},
    headers,
    origins::{Standing, is_trouble},
    pace::{Held, Purpose, Turn},
    robots::{self, Robots},
};
use crate::{
    config,
    model::{OAuth, Page, Problem, ProblemKind, Validators},
};

/// How many redirects are followed.
const HOPS: usize = 5;

/// TDM Reservation Protocol (W3C community group). Its other two forms are read elsewhere or not at all: the `meta` of
/// a page by who reads pages, `/.well-known/tdmrep.json` by nobody, for it would cost every host one more request.
const TDM_RESERVATION: HeaderName = HeaderName::from_static("tdm-reservation");

/// What is sent for.
pub(super) struct Errand<'a> {
    pub url: &'a Url,
    pub validators: &'a Validators,
    pub widest: Reach,
    /// Sent as JSON with POST; GET without it.
    pub post: Option<&'a str>,
    pub oauth: Option<&'a OAuth>,
    pub cap: usize,
    pub beyond: Beyond,
    pub total: Duration,
    pub total_set_by: SetBy,
    pub robots: config::Robots,
}

/// One request, without redirects.
struct Hop<'a> {
    url: &'a Url,
    host: &'a str,
    reach: Reach,
    post: Option<&'a str>,
    bearer: Option<HeaderValue>,
    /// Where permanent redirects have led.
    moved: Option<Url>,
    robots: Arc<Robots>,
}

/// What one request led to.
enum Step {
    Done(Box<Answer>),
    Redirect { to: Url, status: u16 },
}

impl Fetcher {
    pub(super) async fn walk(&self, errand: &Errand<'_>) -> Result<Answer, FetchError> {
        let mut url = errand.url.clone();
        url.set_fragment(None);
        let mut post = errand.post;
        let mut chain = vec![guard::shown(&url)];
        let mut left = errand.total;
        let (mut all_permanent, mut renewed) = (true, false);
        let mut turn: Option<(String, Turn)> = None;
        loop {
            let reach = guard::check(&url, errand.widest, &self.listed).map_err(|error| error.after(&chain))?;
            let host = url.host_str().unwrap_or_default().to_owned();
            // All that is waited for is waited for without a turn: two requests that each held one host and wanted the
            // other's, for a redirect, a token or robots.txt, would wait for ever.
            let robots = match errand.robots {
                config::Robots::Ignored => Arc::default(),
                config::Robots::Obeyed => {
                    let standing = match self.origins.standing(&url, Timestamp::now()) {
                        Some(standing) => standing,
                        None => {
                            drop(turn.take());
                            self.learn(&url, errand.widest).await.map_err(|error| error.after(&chain))?
                        }
                    };
                    standing.allow(&url, &host)?
                }
            };
            // A token is for the origin that the source names, wherever that sends us.
            let oauth = errand.oauth.filter(|_| url.origin() == errand.url.origin());
            let bearer = match oauth.map(|oauth| (oauth, self.tokens.kept(oauth))) {
                None => None,
                Some((_, Some(kept))) => Some(kept),
                Some((oauth, None)) => {
                    drop(turn.take());
                    Some(self.token(oauth, errand.widest).await?)
                }
            };
            // Redirects on one host are one request to it.
            if turn.as_ref().is_none_or(|(current, _)| *current != host) {
                drop(turn.take());
                let purpose = match errand.robots {
                    config::Robots::Obeyed => Purpose::Page { delay: robots.delay() },
                    config::Robots::Ignored => Purpose::Errand,
                };
                let taken = self.pace.turn(&host, purpose).await;
                let taken = taken.map_err(|Held(wait)| FetchError::Held { host: host.clone(), wait })?;
                turn = Some((host.clone(), taken));
            }
            let began = Instant::now();
            let moved = (all_permanent && chain.len() > 1).then(|| url.clone());
            let hop = Hop { url: &url, host: &host, reach, post, bearer: bearer.clone(), moved, robots };
            let step = tokio::time::timeout(left, self.step(errand, hop)).await;
            left = left.saturating_sub(began.elapsed());
            let (to, status) = match (step, oauth.zip(bearer)) {
                (Ok(Ok(Step::Done(answer))), _) => return Ok(*answer),
                (Ok(Ok(Step::Redirect { to, status })), _) => (to, status),
                (Ok(Err(FetchError::Status { status: 401, .. })), Some((oauth, bearer))) => {
                    if renewed {
                        return Err(FetchError::Token { host, why: "refuses a fresh token with 401".into() });
                    }
                    // It can be taken back before its time.
                    self.tokens.forget(oauth, &bearer);
                    renewed = true;
                    continue;
                }
                (Ok(Err(error)), _) => return Err(error.after(&chain)),
                (Err(_), _) => {
                    return Err(FetchError::Timeout {
                        host,
                        phase: Phase::Total(errand.total_set_by),
                        after: errand.total,
                    });
                }
            };
            all_permanent &= matches!(status, 301 | 308);
            let shown = guard::shown(&to);
            if url.scheme() == "https" && to.scheme() == "http" {
                return Err(FetchError::Downgrade { from: guard::shown(&url), to: shown });
            }
            // What was posted to an address may be read at the same one.
            let asks_anew = post.is_some() && !matches!(status, 307 | 308);
            let seen = chain.contains(&shown) && !asks_anew;
            if asks_anew {
                post = None;
            }
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

    /// Asks an origin for its robots.txt, unless somebody else just has.
    fn learn<'a>(&'a self, url: &'a Url, widest: Reach) -> BoxFuture<'a, Result<Standing, FetchError>> {
        Box::pin(async move {
            let asking = self.origins.asking(url);
            let _alone = asking.lock().await;
            if let Some(standing) = self.origins.standing(url, Timestamp::now()) {
                return Ok(standing);
            }
            let mut file = url.clone();
            file.set_path("/robots.txt");
            file.set_query(None);
            let answer = self.walk(&Errand::robots(self, &file, widest)).await;
            let now = Timestamp::now();
            match answer {
                Ok(Answer::Page { page, status, .. }) => {
                    self.origins.answered(url, status, Robots::parse(&page.body), now);
                }
                Ok(Answer::NotModified { .. }) => self.origins.answered(url, 304, Robots::default(), now),
                Err(FetchError::Status { status, .. }) if !is_trouble(status) => {
                    self.origins.answered(url, status, Robots::default(), now);
                }
                // A redirect that leads nowhere, or where we do not go, leads to no file (RFC 9309 2.3.1.2).
                Err(
                    FetchError::TooManyRedirects { .. }
                    | FetchError::RedirectLoop { .. }
                    | FetchError::BadRedirect { .. }
                    | FetchError::BlockedRedirect { .. }
                    | FetchError::Downgrade { .. }
                    | FetchError::Scheme { .. },
                ) => self.origins.answered(url, 302, Robots::default(), now),
                Err(error @ FetchError::Held { .. }) => return Err(error),
                Err(error) => {
                    self.origins.missed(url, error.status(), now);
                    let host = url.host_str().unwrap_or_default();
                    match self.origins.standing(url, now) {
                        Some(Standing::Unread { .. }) if error.is_before(host) => {
                            // Nothing that the host could have noticed: whoever mends the network need not wait.
                            self.origins.forget(url);
                            return Err(error);
                        }
                        Some(Standing::Unread { wait, .. }) => {
                            let (host, held) =
                                (host.to_owned(), error.hold().map(|(host, wait)| (host.to_owned(), wait)));
                            let wait = wait.max(held.as_ref().map_or(Duration::ZERO, |(_, wait)| *wait));
                            return Err(FetchError::RobotsUnread { host, why: error.cause(), wait, held });
                        }
                        _ => tracing::debug!(origin = %file, %error, "robots.txt cannot be read, a copy stands in"),
                    }
                }
            }
            // It was taken in this very instant.
            Ok(self.origins.standing(url, now).unwrap_or(Standing::Rules(Arc::default())))
        })
    }

    async fn step(&self, errand: &Errand<'_>, hop: Hop<'_>) -> Result<Step, FetchError> {
        let Hop { url, host, reach, post, bearer, moved, robots } = hop;
        let known = errand.validators;
        let mut fields = headers::conditions(known);
        if let Some(bearer) = bearer {
            fields.insert(AUTHORIZATION, bearer);
        }
        let method = if post.is_some() { Method::POST } else { Method::GET };
        if post.is_some() {
            fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let response = self.send(method, url, fields, post.map(str::to_owned), host, reach).await?;
        let status = response.status().as_u16();
        let fresh = headers::freshness(response.headers(), Timestamp::now());
        let validators = match post {
            Some(_) => Validators::default(),
            None => headers::validators(response.headers()),
        };
        let problem = robots.unheard_delay().map(too_slow).map(Box::new);
        match status {
            301 | 302 | 303 | 307 | 308 => {
                let to = headers::text(response.headers(), LOCATION).and_then(|to| url.join(&to).ok());
                let mut to = to.ok_or_else(|| FetchError::BadRedirect { url: guard::shown(url), status })?;
                to.set_fragment(None);
                Ok(Step::Redirect { to, status })
            }
            304 if *known != Validators::default() => {
                Ok(Step::Done(Box::new(Answer::NotModified { fresh, moved, problem })))
            }
            // Servers that know the validator and send the page all the same: its body need not be read.
            200 if validators.etag.is_some() && validators.etag == known.etag => {
                Ok(Step::Done(Box::new(Answer::NotModified { fresh, moved, problem })))
            }
            200 | 203 => {
                let content_type = headers::text(response.headers(), CONTENT_TYPE);
                let reserved = headers::text(response.headers(), TDM_RESERVATION).is_some_and(|value| value == "1");
                let limits = body::Limits { cap: errand.cap, beyond: errand.beyond, idle: self.idle };
                let body = body::read(response, host, limits).await?;
                let page = Page { url: url.clone(), content_type, body, reserved };
                Ok(Step::Done(Box::new(Answer::Page { page, validators, fresh, moved, status, problem })))
            }
            _ => Err(self.refused(host, &response)),
        }
    }

    /// The error of a status; a host that says when to come back is left alone until then.
    pub(super) fn refused(&self, host: &str, response: &Response) -> FetchError {
        let status = response.status();
        let asks = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let retry_after = headers::retry_after(response.headers(), Timestamp::now()).filter(|_| asks);
        if let Some(wait) = retry_after {
            self.pace.hold(host, wait);
        }
        FetchError::Status { host: host.to_owned(), status: status.as_u16(), retry_after }
    }

    /// Sends one request and waits for the head of its answer.
    pub(super) async fn send(
        &self,
        method: Method,
        url: &Url,
        fields: HeaderMap,
        body: Option<String>,
        host: &str,
        reach: Reach,
    ) -> Result<Response, FetchError> {
        if url.scheme() == "https"
            && let Some(why) = &self.clients.no_tls
        {
            return Err(FetchError::Tls { host: host.to_owned(), why: why.clone() });
        }
        let request = self.clients.reaching(reach).request(method, url.clone()).headers(fields);
        let request = match body {
            Some(body) => request.body(body),
            None => request,
        };
        match tokio::time::timeout(self.connect.saturating_add(self.idle), request.send()).await {
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

impl<'a> Errand<'a> {
    /// robots.txt, which is never forbidden and of which the end may be left out.
    fn robots(fetcher: &Fetcher, url: &'a Url, widest: Reach) -> Self {
        const NOTHING: &Validators = &Validators { etag: None, last_modified: None };
        Self {
            url,
            validators: NOTHING,
            widest,
            post: None,
            oauth: None,
            cap: robots::LIMIT,
            beyond: Beyond::LeftOut,
            total: fetcher.total,
            total_set_by: SetBy::Crawl,
            robots: config::Robots::Ignored,
        }
    }
}

fn too_slow(asked: f64) -> Problem {
    let made = robots::LONGEST_DELAY.as_secs();
    let message = format!(
        "its robots.txt asks for {asked} s between two requests (`Crawl-delay`), and {made} s are left: the longest pause \
         that is made"
    );
    Problem::page(ProblemKind::Limit, message)
}
