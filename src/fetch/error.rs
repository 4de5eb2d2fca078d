//! What can go wrong with a fetch, by what is decided next.

use std::{error::Error, io, net::IpAddr, time::Duration};

/// What the caller does about a failed fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Try again later, not before `retry_after` when the host asked for it.
    Later { retry_after: Option<Duration> },
    /// The document is no longer there (404, 410).
    Gone,
    /// Our own rules forbid it: trying again changes nothing until the settings or the source do.
    Blocked,
}

/// During which part of a fetch the patience ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Name, connection, TLS.
    Connect,
    /// Until the head of the answer.
    Head,
    /// Between two reads of the body.
    Body,
    /// The whole, redirects included; and where its limit was set.
    Total(SetBy),
}

/// Where a limit was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetBy {
    /// Under `[crawl]`, or nowhere.
    Crawl,
    /// In the table of the source.
    Source,
}

/// A fetch that brought nothing back. The text is for operators: the cause, then a line with a hint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    #[error(
        "`{host}` leads to {address}, which is {why}\nhint: set `allow_private = true` on a source that lives on your own \
         network, or list the network in `allow` under `[crawl]`"
    )]
    Blocked { host: String, address: IpAddr, why: &'static str },

    #[error(
        "port {port} of `{host}` is not one of the web (80, 443)\nhint: list the network of that host in `allow` under \
         `[crawl]`, or set `allow_private = true` on a source that lives on your own network"
    )]
    Port { host: String, port: u16 },

    #[error(
        "`{from}` redirects to `{to}`, which may not be reached: {why}\nhint: whoever keeps that address may be after what \
         only this machine can reach; ask the keeper of the site for the right address, and give it to the source"
    )]
    BlockedRedirect { from: String, to: String, why: String },

    #[error("`{url}` is not fetched: {why}\nhint: give the source an address such as `https://www.exemple.fr/feed`")]
    Scheme { url: String, why: &'static str },

    #[error(
        "`{from}` redirects to `{to}`, which is not encrypted\nhint: tell the keeper of the site, or give the source its \
         `http:` address if you accept that it can be tampered with on the way"
    )]
    Downgrade { from: String, to: String },

    #[error(
        "more than {limit} redirects: {}\nhint: open the address in a browser and give the source the one it ends at",
        chain.join(" → ")
    )]
    TooManyRedirects { chain: Vec<String>, limit: usize },

    #[error(
        "redirects that go round in a circle: {}\nhint: some sites do so to clients without cookies; look for another \
         address, such as that of their feed",
        chain.join(" → ")
    )]
    RedirectLoop { chain: Vec<String> },

    #[error(
        "`{url}` answers {status} without saying where to\nhint: open the address in a browser and give the source the one \
         it ends at"
    )]
    BadRedirect { url: String, status: u16 },

    #[error("`{host}` {} {after:?}\nhint: {}", phase.what(), phase.hint())]
    Timeout { host: String, phase: Phase, after: Duration },

    #[error("the answer is larger than {cap} octets once decompressed\nhint: {}", set_by.larger())]
    TooLarge { cap: usize, set_by: SetBy },

    #[error("`{host}` answers {status}{}\nhint: {}", reason(*status), status_hint(*status))]
    Status { host: String, status: u16, retry_after: Option<Duration> },

    #[error(
        "`{host}` asked not to be called for another {} s\nhint: nothing to do: it is called again once that time has \
         passed",
        wait.as_secs().max(1)
    )]
    Held { host: String, wait: Duration },

    #[error(
        "`{host}` disallows `{path}` to robots (rule `{rule}` for `{agent}`)\nhint: ask the keeper of the site to allow \
         `vigie` there, look for another address, or set `robots = false` under `[crawl]` if you may read it all the same"
    )]
    Robots { host: String, path: String, rule: String, agent: &'static str },

    #[error(
        "the robots.txt of `{host}` could not be read: {why}; until it can, nothing else is asked there (RFC 9309)\nhint: \
         it is asked for again in {} min; if that lasts, tell the keeper of the site, or set `robots = false` under `[crawl]`",
        wait.as_secs().div_ceil(60)
    )]
    RobotsUnread {
        host: String,
        why: String,
        wait: Duration,
        /// The host that asked to be left alone when it was asked for the file, and for how long.
        held: Option<(String, Duration)>,
    },

    #[error(
        "`{host}` {why}\nhint: check `token_url`, `client_id_file`, `client_secret_file` and `scope` under \
         `[source.oauth]`, and that the account is open for this API"
    )]
    Token { host: String, why: String },

    #[error("`{host}` cannot be resolved: {why}\nhint: check the spelling of the address and this machine's DNS")]
    Dns { host: String, why: String },

    #[error(
        "no connection to `{host}`: {why}\nhint: check that the site is up and that a firewall lets this machine out"
    )]
    Connect { host: String, why: String },

    #[error(
        "no trusted connection to `{host}`: {why}\nhint: check this machine's date and its certificate authorities \
         (package `ca-certificates`); if both are right, the certificate of the site is not"
    )]
    Tls { host: String, why: String },

    #[error(
        "the answer of `{host}` cannot be decoded: {why}\nhint: the compression or the framing is broken on their side; \
         try again later"
    )]
    Decode { host: String, why: String },

    #[error(
        "the answer of `{host}` was broken off: {why}\nhint: nothing was taken from it, so that no entry is lost; it is \
         fetched again later"
    )]
    Truncated { host: String, why: String },
}

impl FetchError {
    /// What the caller does next.
    pub fn class(&self) -> Class {
        match self {
            FetchError::Blocked { .. }
            | FetchError::BlockedRedirect { .. }
            | FetchError::Port { .. }
            | FetchError::Scheme { .. }
            | FetchError::Robots { .. }
            | FetchError::Downgrade { .. } => Class::Blocked,
            FetchError::Status { status: 404 | 410, .. } => Class::Gone,
            FetchError::Status { retry_after, .. } => Class::Later { retry_after: *retry_after },
            FetchError::Held { wait, .. } | FetchError::RobotsUnread { held: Some((_, wait)), .. } => {
                Class::Later { retry_after: Some(*wait) }
            }
            _ => Class::Later { retry_after: None },
        }
    }

    /// The host that asked to be left alone, and for how long: not always that of the source, which may redirect.
    pub fn hold(&self) -> Option<(&str, Duration)> {
        match self {
            FetchError::Status { host, retry_after: Some(wait), .. }
            | FetchError::Held { host, wait }
            | FetchError::RobotsUnread { held: Some((host, wait)), .. } => Some((host, *wait)),
            _ => None,
        }
    }

    /// Whether no request got as far as this host.
    pub(super) fn is_before(&self, asked: &str) -> bool {
        match self {
            FetchError::Blocked { host, .. }
            | FetchError::Port { host, .. }
            | FetchError::Dns { host, .. }
            | FetchError::Connect { host, .. }
            | FetchError::Tls { host, .. }
            | FetchError::Timeout { host, phase: Phase::Connect, .. } => host == asked,
            _ => false,
        }
    }

    /// The cause, without the hint.
    pub(super) fn cause(&self) -> String {
        let text = self.to_string();
        text.split_once("\nhint:").map_or(text.as_str(), |(cause, _)| cause).to_owned()
    }

    /// The same error, when a redirect led to where it happened: what may be asked of a source's own address, such as
    /// allowing a private one, may not be asked for wherever it sends us.
    pub(super) fn after(self, chain: &[String]) -> Self {
        let [from, .., to] = chain else { return self };
        let why = match &self {
            FetchError::Blocked { address, why, .. } => format!("{address} is {why}"),
            FetchError::Port { port, .. } => format!("port {port} is not one of the web (80, 443)"),
            _ => return self,
        };
        FetchError::BlockedRedirect { from: from.clone(), to: to.clone(), why }
    }

    /// The HTTP status, when one came and is the cause.
    pub fn status(&self) -> Option<u16> {
        match self {
            FetchError::Status { status, .. } | FetchError::BadRedirect { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Reads what the HTTP client says when no answer came.
    pub(super) fn of_request(error: &reqwest::Error, host: &str, connect: Duration) -> Self {
        let host = host.to_owned();
        if let Some(Refused { address, why }) = find::<Refused>(error) {
            return FetchError::Blocked { host, address: *address, why };
        }
        if let Some(error) = find::<rustls::Error>(error) {
            return FetchError::Tls { host, why: error.to_string() };
        }
        if let Some(error) = find::<Unresolved>(error) {
            return FetchError::Dns { host, why: error.to_string() };
        }
        let why = deepest(error);
        if error.is_timeout() {
            FetchError::Timeout { host, phase: Phase::Connect, after: connect }
        } else if error.is_connect() {
            FetchError::Connect { host, why }
        } else if why.starts_with("invalid ") || why == "message head is too large" {
            // What answers does not speak HTTP; the client says so in words only.
            FetchError::Decode { host, why }
        } else {
            FetchError::Truncated { host, why }
        }
    }

    /// Reads what the HTTP client says when the body did not come whole. A decoder says `InvalidData`; everything else
    /// means that the stream, compressed or not, ended before its end.
    pub(super) fn of_body(error: &reqwest::Error, host: &str) -> Self {
        let (host, why) = (host.to_owned(), deepest(error));
        match find::<io::Error>(error).map(io::Error::kind) {
            Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other) => {
                FetchError::Decode { host, why }
            }
            _ => FetchError::Truncated { host, why },
        }
    }
}

impl Phase {
    const fn what(self) -> &'static str {
        match self {
            Phase::Connect => "could not be connected to within",
            Phase::Head => "did not begin to answer within",
            Phase::Body => "fell silent in the middle of its answer for",
            Phase::Total(_) => "had not finished its answer after",
        }
    }

    const fn hint(self) -> &'static str {
        match self {
            Phase::Connect => "raise `connect_timeout` under `[crawl]` if the site is slow to accept connections",
            Phase::Head | Phase::Body => "raise `idle_timeout` under `[crawl]` if the site is known to be slow",
            Phase::Total(SetBy::Crawl) => {
                "set `total_timeout` on the source, or under `[crawl]`, if the document is large"
            }
            Phase::Total(SetBy::Source) => "raise the `total_timeout` of this source if the document is large",
        }
    }
}

impl SetBy {
    const fn larger(self) -> &'static str {
        match self {
            SetBy::Crawl => "set `body_cap` on the source, or under `[crawl]`, if it is meant to be that large",
            SetBy::Source => "raise the `body_cap` of this source if it is meant to be that large",
        }
    }
}

fn reason(status: u16) -> String {
    let phrase = reqwest::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    phrase.map(|phrase| format!(" ({phrase})")).unwrap_or_default()
}

const fn status_hint(status: u16) -> &'static str {
    match status {
        401 | 407 => "the document is for people who log in: look for a public address",
        403 | 406 | 451 => "the site refuses this crawler: set `contact` under `[crawl]`, or write to its keeper",
        404 | 410 => "the document has moved or is gone: look for its new address on the site",
        429 => "the site finds us too fast: raise `every` of its sources or `host_gap` under `[crawl]`",
        304 => "it says that nothing changed since nothing: fetch it again with `--full`",
        500..=599 => "the trouble is on their side; it is fetched again later",
        _ => "open the address in a browser to see what it has become",
    }
}

/// The first error of a given type in a chain of causes, looking inside `io::Error` too: its own `source` leaves out
/// the error that it wraps.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// What the last cause says: the outer ones say « error sending request ».
fn deepest(error: &(dyn Error + 'static)) -> String {
    let text = causes(error).last().map(ToString::to_string).unwrap_or_default();
    let text = text.trim_end_matches('.');
    let mut letters = text.chars();
    match letters.next() {
        // « No such host » but not « TLS … ».
        Some(first) if !text.chars().nth(1).is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error: &&'a (dyn Error + 'static)| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// An address that may not be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{address} is {why}")]
pub struct Refused {
    pub address: IpAddr,
    pub why: &'static str,
}

/// A name that leads to no address.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unresolved(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16) -> FetchError {
        FetchError::Status { host: "exemple.fr".into(), status, retry_after: Some(Duration::from_secs(7)) }
    }

    #[test]
    fn the_next_step_follows_from_the_cause() {
        assert_eq!(status(404).class(), Class::Gone);
        assert_eq!(status(410).class(), Class::Gone);
        assert_eq!(status(503).class(), Class::Later { retry_after: Some(Duration::from_secs(7)) });
        assert_eq!(status(503).status(), Some(503));
        assert_eq!(FetchError::TooLarge { cap: 1, set_by: SetBy::Crawl }.class(), Class::Later { retry_after: None });
        assert_eq!(FetchError::Port { host: "h".into(), port: 25 }.class(), Class::Blocked);
        assert_eq!(status(503).hold(), Some(("exemple.fr", Duration::from_secs(7))));
        assert_eq!(FetchError::Port { host: "h".into(), port: 25 }.hold(), None);
    }

    #[test]
    fn every_text_names_the_cause_and_then_what_to_do() {
        let host = || "exemple.fr".to_owned();
        for error in [
            status(403),
            FetchError::Held { host: host(), wait: Duration::from_secs(90) },
            FetchError::Timeout { host: host(), phase: Phase::Body, after: Duration::from_secs(15) },
            FetchError::Timeout { host: host(), phase: Phase::Total(SetBy::Source), after: Duration::from_secs(600) },
            FetchError::TooLarge { cap: 1, set_by: SetBy::Source },
            FetchError::Robots { host: host(), path: "/x/y".into(), rule: "Disallow: /x".into(), agent: "*" },
            FetchError::RobotsUnread {
                host: host(),
                why: "it answers 503".into(),
                wait: Duration::from_secs(3600),
                held: None,
            },
            FetchError::Token { host: host(), why: "gives no token: it answers 401 (invalid_client)".into() },
            FetchError::RedirectLoop { chain: vec!["http://a/".into(), "http://b/".into()] },
            FetchError::Dns { host: host(), why: "no record".into() },
        ] {
            let text = error.to_string();
            let (cause, hint) = text.split_once("\nhint: ").expect("a hint");
            assert!(!cause.ends_with('.') && !hint.ends_with('.') && !hint.is_empty(), "{text}");
        }
        assert_eq!(status(503).to_string().lines().next(), Some("`exemple.fr` answers 503 (Service Unavailable)"));
    }
}
