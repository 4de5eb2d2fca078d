//! Fetching from real servers on loopback.

use std::{
    io::Write,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use url::Url;
use vigie::{
    config::{Crawl, Network, Robots},
    fetch::{Answer as Got, Class, FetchError, Fetcher, Phase, Private, Request, SetBy},
    model::{Page, Validators},
    web::replay::{Answer, Replay},
};

use crate::hostile::bomb;

const CAP: usize = 64 * 1024;
const FEED: &str = "application/rss+xml";

pub fn settings() -> Crawl {
    Crawl {
        contact: Some(Url::parse("https://veille.ville.fr/robot").unwrap()),
        hosts_at_once: 8,
        host_gap: Duration::ZERO,
        connect_timeout: Duration::from_secs(2),
        idle_timeout: Duration::from_secs(2),
        total_timeout: Duration::from_secs(5),
        body_cap: CAP,
        allow: Vec::new(),
        first_read: Duration::ZERO,
        robots: Robots::Obeyed,
        details: 20,
    }
}

fn fetcher() -> Fetcher {
    Fetcher::new(&settings(), []).unwrap()
}

async fn get_with(fetcher: &Fetcher, url: &str, private: Private, known: &Validators) -> Result<Got, FetchError> {
    let url = Url::parse(url).unwrap();
    fetcher.get(&Request::page(&url, known, private)).await
}

/// As a source on the operator's own network.
async fn get(url: &str) -> Result<Got, FetchError> {
    get_with(&fetcher(), url, Private::Allowed, &Validators::default()).await
}

/// As a source on the Internet.
async fn get_public(settings: &Crawl, url: &str) -> Result<Got, FetchError> {
    get_with(&Fetcher::new(settings, []).unwrap(), url, Private::Refused, &Validators::default()).await
}

fn page(got: Result<Got, FetchError>) -> (Page, Validators) {
    match got {
        Ok(Got::Page { page, validators, .. }) => (page, validators),
        other => panic!("expected a page, got {other:?}"),
    }
}

fn error(got: Result<Got, FetchError>) -> FetchError {
    got.expect_err("expected an error")
}

/// A server that writes these octets to whoever asks for a page, and closes.
pub async fn raw(answer: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            if asks_for_a_page(&mut stream).await {
                let _ = stream.write_all(&answer).await;
            }
        }
    });
    address
}

/// Reads a request; one for robots.txt is answered, and says that there is none.
pub async fn asks_for_a_page(stream: &mut TcpStream) -> bool {
    let mut asked = [0; 4096];
    let length = stream.read(&mut asked).await.unwrap_or_default();
    let robots = asked[..length].starts_with(b"GET /robots.txt ");
    if robots {
        let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
    }
    !robots
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_page_comes_with_its_validators_and_the_next_visit_is_conditional() {
    let feed = Answer::ok("application/rss+xml; charset=iso-8859-1", "<rss/>")
        .header("etag", "W/\"v1\"")
        .header("last-modified", "Mon, 02 Mar 2026 08:00:00 GMT")
        .header("cache-control", "max-age=600");
    let server = Replay::start([("/feed", feed)]).await.unwrap();
    let (fetcher, url) = (fetcher(), server.url("/feed#top"));

    let first = get_with(&fetcher, &url, Private::Allowed, &Validators::default()).await;
    assert!(
        matches!(&first, Ok(Got::Page { fresh: Some(fresh), moved: None, status: 200, .. }) if fresh.as_secs() == 600)
    );
    let (page, validators) = page(first);
    assert_eq!(page.body, b"<rss/>");
    assert_eq!(page.content_type.as_deref(), Some("application/rss+xml; charset=iso-8859-1"));
    assert_eq!(page.url.as_str(), server.url("/feed"));

    let second = get_with(&fetcher, &url, Private::Allowed, &validators).await;
    assert!(matches!(second, Ok(Got::NotModified { moved: None, .. })), "{second:?}");
    let heard = server.heard("/feed");
    assert!(!heard[0].contains_key("if-none-match") && !heard[0].contains_key("if-modified-since"));
    assert_eq!(heard[1]["if-none-match"], "W/\"v1\"");
    assert_eq!(heard[1]["if-modified-since"], "Mon, 02 Mar 2026 08:00:00 GMT");
    let agent = concat!("Vigie/", env!("CARGO_PKG_VERSION"), " (+https://veille.ville.fr/robot)");
    assert_eq!(heard[0]["user-agent"], agent);
    assert!(heard[0]["accept"].starts_with("application/atom+xml") && heard[0]["accept-language"].starts_with("fr"));
}

#[tokio::test]
async fn a_server_that_ignores_conditions_but_repeats_its_tag_has_nothing_new() {
    let server = raw(b"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 3\r\n\r\nabc".to_vec()).await;
    let known = Validators { etag: Some("\"v1\"".into()), last_modified: None };
    let got = get_with(&fetcher(), &format!("http://{server}/"), Private::Allowed, &known).await;
    assert!(matches!(got, Ok(Got::NotModified { .. })), "{got:?}");
}

#[tokio::test]
async fn not_modified_since_nothing_is_not_believed() {
    let server = Replay::start([("/feed", Answer::status(304))]).await.unwrap();
    assert_eq!(error(get(&server.url("/feed")).await).status(), Some(304));
}

#[tokio::test]
async fn who_reserves_text_and_data_mining_is_heard() {
    for (value, reserved) in [("1", true), ("0", false), ("peut-être", false)] {
        let server = Replay::start([("/", Answer::ok(FEED, "x").header("TDM-Reservation", value))]).await.unwrap();
        assert_eq!(page(get(&server.url("/")).await).0.reserved, reserved, "{value}");
    }
    let server = Replay::start([("/", Answer::ok(FEED, "x"))]).await.unwrap();
    assert!(!page(get(&server.url("/")).await).0.reserved);
}

#[tokio::test]
async fn whatever_the_type_the_bytes_come_through() {
    let server = Replay::start([("/feed", Answer::ok("text/html", b"\xff\xfe\0".to_vec()))]).await.unwrap();
    let (page, _) = page(get(&server.url("/feed")).await);
    assert_eq!((page.body.as_slice(), page.content_type.as_deref()), (&b"\xff\xfe\0"[..], Some("text/html")));
}

#[tokio::test]
async fn compressed_pages_are_read_and_bombs_are_cut() {
    let zip = |bytes: &[u8]| Answer::ok(FEED, gzip(bytes)).header("content-encoding", "gzip");
    let bomb = Answer::ok(FEED, bomb(64)).header("content-encoding", "gzip");
    assert!(bomb.body.len() < 128 * 1024);
    let server = Replay::start([
        ("/feed", zip(b"<rss/>")),
        ("/full", zip(&vec![b'a'; CAP])),
        ("/bomb", bomb),
        ("/large", Answer::ok(FEED, vec![b'a'; CAP + 1])),
        ("/broken", Answer::ok(FEED, "not gzip at all").header("content-encoding", "gzip")),
        ("/strange", Answer::ok(FEED, "x").header("content-encoding", "x-secret")),
    ])
    .await
    .unwrap();
    assert_eq!(page(get(&server.url("/feed")).await).0.body, b"<rss/>");
    assert_eq!(page(get(&server.url("/full")).await).0.body.len(), CAP);
    for path in ["/bomb", "/large"] {
        let error = error(get(&server.url(path)).await);
        assert_eq!(error, FetchError::TooLarge { cap: CAP, set_by: SetBy::Crawl }, "{path}");
    }
    for path in ["/broken", "/strange"] {
        let error = error(get(&server.url(path)).await);
        assert!(matches!(error, FetchError::Decode { .. }), "{path}: {error:?}");
    }
    assert!(server.heard("/feed")[0]["accept-encoding"].contains("zstd"));
}

#[tokio::test]
async fn half_an_answer_is_an_error_and_not_a_short_page() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n";
    let zipped = gzip(&(0..20_000u32).flat_map(u32::to_le_bytes).take(CAP - 1).collect::<Vec<_>>());
    let cut = &zipped[..zipped.len() / 2];
    let mut broken_off = format!("{head}Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", cut.len()).into_bytes();
    broken_off.extend_from_slice(cut);
    for (what, answer) in [
        ("content-length not reached", format!("{head}Content-Length: 100\r\n\r\n<rss>").into_bytes()),
        ("last chunk missing", format!("{head}Transfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n").into_bytes()),
        ("inside a chunk", format!("{head}Transfer-Encoding: chunked\r\n\r\nff\r\n<rss>").into_bytes()),
        ("compressed stream cut", broken_off),
        ("no answer at all", Vec::new()),
    ] {
        let server = raw(answer).await;
        let error = error(get(&format!("http://{server}/")).await);
        assert!(matches!(error, FetchError::Truncated { .. }), "{what}: {error:?}");
        assert_eq!(error.class(), Class::Later { retry_after: None });
    }
    for nonsense in [&b"SSH-2.0-OpenSSH_9.6\r\n"[..], b"HTTP/1.1 OK\r\n\r\n", b"\0\0\0\0\r\n", &[0xff; 9000]] {
        let server = raw(nonsense.to_vec()).await;
        let error = error(get(&format!("http://{server}/")).await);
        assert!(matches!(error, FetchError::Decode { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn permanent_redirects_are_followed_and_reported_temporary_ones_only_followed() {
    let server = Replay::start([
        ("/old", Answer::redirect(301, "/older")),
        ("/older", Answer::redirect(308, "new#part")),
        ("/new", Answer::ok(FEED, "<rss/>").header("etag", "\"n\"")),
        ("/today", Answer::redirect(302, "/old")),
        ("/mixed", Answer::redirect(301, "/today")),
        ("/other", Answer::redirect(303, "/new")),
        ("/for-now", Answer::redirect(307, "/new")),
    ])
    .await
    .unwrap();
    let new = Url::parse(&server.url("/new")).unwrap();
    match get(&server.url("/old")).await.unwrap() {
        Got::Page { page, moved, .. } => {
            assert_eq!(page.url, new);
            assert_eq!(moved.as_ref(), Some(&new));
        }
        other => panic!("{other:?}"),
    }
    let known = Validators { etag: Some("\"n\"".into()), last_modified: None };
    let unchanged = get_with(&fetcher(), &server.url("/old"), Private::Allowed, &known).await;
    assert!(matches!(&unchanged, Ok(Got::NotModified { moved: Some(to), .. }) if *to == new), "{unchanged:?}");
    for path in ["/today", "/mixed", "/other", "/for-now", "/new"] {
        let got = get(&server.url(path)).await;
        assert!(matches!(&got, Ok(Got::Page { page, moved: None, .. }) if page.url == new), "{path}: {got:?}");
    }
}

#[tokio::test]
async fn redirects_end() {
    let chain = (0..9).map(|n| (format!("/{n}"), Answer::redirect(302, &format!("/{}", n + 1))));
    let server = Replay::start(chain).await.unwrap();
    server.set("/a", Answer::redirect(302, "/b"));
    server.set("/b", Answer::redirect(302, "/a"));
    server.set("/nowhere", Answer::status(302));
    server.set("/9", Answer::ok(FEED, ""));

    assert!(matches!(error(get(&server.url("/0")).await), FetchError::TooManyRedirects { limit: 5, .. }));
    assert_eq!(server.requests("/5"), 1);
    assert_eq!(server.requests("/6"), 0);
    assert!(get(&server.url("/4")).await.is_ok(), "five redirects are followed");
    let looped = error(get(&server.url("/a")).await);
    let (a, b) = (server.url("/a"), server.url("/b"));
    assert_eq!(looped, FetchError::RedirectLoop { chain: vec![a.clone(), b, a] });
    assert!(matches!(error(get(&server.url("/nowhere")).await), FetchError::BadRedirect { status: 302, .. }));
}

#[tokio::test]
async fn loopback_is_refused_however_it_is_named() {
    let server = Replay::start([("/", Answer::ok(FEED, "secret"))]).await.unwrap();
    let port = server.address().port();
    for host in ["127.0.0.1", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433", "[::1]"] {
        let error = error(get_public(&settings(), &format!("http://{host}:{port}/")).await);
        assert!(matches!(error, FetchError::Blocked { .. }), "{host}: {error:?}");
        assert_eq!(error.class(), Class::Blocked);
    }
    // A name is resolved first; the port is the usual one, so that only its address speaks against it.
    let named = error(get_public(&settings(), "http://localhost/").await);
    assert!(matches!(&named, FetchError::Blocked { host, why, .. } if host == "localhost" && why.contains("loopback")));
    assert!(named.to_string().contains("hint: set `allow_private = true`"), "{named}");
    assert_eq!(server.requests("/"), 0);
    assert!(get(&format!("http://localhost:{port}/")).await.is_ok(), "allowed for this source");
}

#[tokio::test]
async fn a_redirect_does_not_lead_inside() {
    // Only the second server's address is outside what the settings list.
    let inside = TcpListener::bind("127.0.0.2:0").await.unwrap().local_addr().unwrap();
    let outside = Replay::start([("/out", Answer::redirect(302, &format!("http://{inside}/")))]).await.unwrap();
    outside.set("/cloud", Answer::redirect(302, "http://169.254.169.254/latest/meta-data/"));
    outside.set("/file", Answer::redirect(302, "file:///etc/passwd"));
    let listed = Crawl { allow: vec![Network::parse("127.0.0.1").unwrap()], ..settings() };
    let blocked = error(get_public(&listed, &outside.url("/out")).await);
    assert!(matches!(&blocked, FetchError::BlockedRedirect { why, .. } if why.contains("127.0.0.2")), "{blocked:?}");
    let said = blocked.to_string();
    assert!(said.contains("/out` redirects to `http://127.0.0.2"), "{said}");
    assert!(!said.contains("allow_private"), "what an attacker would like to hear: {said}");
    assert!(matches!(error(get_public(&listed, &outside.url("/file")).await), FetchError::Scheme { .. }));
    for path in ["/cloud", "/file"] {
        assert_eq!(error(get(&outside.url(path)).await).class(), Class::Blocked, "even for a private source: {path}");
    }
}

#[tokio::test]
async fn only_the_ports_of_the_web_unless_the_network_is_listed() {
    let port = error(get_public(&settings(), "http://exemple.invalid:8080/").await);
    assert!(matches!(port, FetchError::Port { port: 8080, .. }), "{port:?}");
    let server = Replay::start([("/", Answer::ok(FEED, "x"))]).await.unwrap();
    let listed = Crawl { allow: vec![Network::parse("127.0.0.0/8").unwrap()], ..settings() };
    assert!(get_public(&listed, &server.url("/")).await.is_ok());
    assert!(get_public(&listed, &format!("http://localhost:{}/", server.address().port())).await.is_ok());
}

#[tokio::test]
async fn patience_has_limits() {
    let slow = Answer::ok(FEED, "x").after(Duration::from_secs(3));
    let server = Replay::start([("/slow", slow)]).await.unwrap();
    for n in 0..4 {
        let next = Answer::redirect(302, &format!("/hop{}", n + 1)).after(Duration::from_millis(60));
        server.set(format!("/hop{n}"), next);
    }
    let short = Duration::from_millis(100);
    let patience = Crawl { connect_timeout: short, idle_timeout: short, ..settings() };
    let ask = async |settings: &Crawl, url: String| {
        let began = Instant::now();
        let fetcher = Fetcher::new(settings, []).unwrap();
        let got = get_with(&fetcher, &url, Private::Allowed, &Validators::default()).await;
        assert!(began.elapsed() < Duration::from_secs(2));
        match error(got) {
            FetchError::Timeout { phase, .. } => phase,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ask(&patience, server.url("/slow")).await, Phase::Head);
    let hurried = Crawl { total_timeout: short, ..settings() };
    assert_eq!(ask(&hurried, server.url("/slow")).await, Phase::Total(SetBy::Crawl));
    assert_eq!(ask(&hurried, server.url("/hop0")).await, Phase::Total(SetBy::Crawl), "redirects are part of the total");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            if asks_for_a_page(&mut stream).await {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<rss>").await.unwrap();
                tokio::time::sleep(Duration::from_secs(9)).await;
            }
        }
    });
    assert_eq!(ask(&patience, format!("http://{address}/")).await, Phase::Body);
}

#[tokio::test]
async fn one_request_at_a_time_per_host() {
    let slow = || Answer::ok(FEED, "x").after(Duration::from_millis(20));
    let server = Replay::start((0..5).map(|n| (format!("/{n}"), slow()))).await.unwrap();
    let fetcher = Fetcher::new(&Crawl { host_gap: Duration::from_millis(30), ..settings() }, []).unwrap();
    let known = Validators::default();
    let began = Instant::now();
    let urls: Vec<String> = (0..5).map(|n| server.url(&format!("/{n}"))).collect();
    let all = urls.iter().map(|url| get_with(&fetcher, url, Private::Allowed, &known));
    let all = futures_util::future::join_all(all).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(server.most_at_once(), 1);
    assert!(began.elapsed() >= Duration::from_millis(5 * 20 + 4 * 30), "{:?}", began.elapsed());
}

#[tokio::test]
async fn several_hosts_are_asked_at_once_and_cross_redirects_do_not_wait_for_ever() {
    let server = Replay::start([("/to", Answer::ok(FEED, "x").after(Duration::from_millis(50)))]).await.unwrap();
    let port = server.address().port();
    for (from, to) in [("127.0.0.1", "localhost"), ("localhost", "127.0.0.1")] {
        let there = Answer::redirect(302, &format!("http://{to}:{port}/to"));
        server.set(format!("/{from}"), there.after(Duration::from_millis(50)));
    }
    let (fetcher, known) = (fetcher(), Validators::default());
    let (one, other) = (format!("http://127.0.0.1:{port}/127.0.0.1"), format!("http://localhost:{port}/localhost"));
    let both = async {
        tokio::join!(
            get_with(&fetcher, &one, Private::Allowed, &known),
            get_with(&fetcher, &other, Private::Allowed, &known)
        )
    };
    let (one, other) = tokio::time::timeout(Duration::from_secs(3), both).await.expect("no deadlock");
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(server.most_at_once(), 2);
}

#[tokio::test]
async fn a_host_that_asks_for_silence_gets_it_for_all_its_sources() {
    for (status, value) in [(429, "120".to_owned()), (503, in_two_minutes())] {
        let server = Replay::start([("/busy", Answer::status(status).header("retry-after", &value))]).await.unwrap();
        server.set("/other", Answer::ok(FEED, "x"));
        let (fetcher, known) = (fetcher(), Validators::default());
        let busy = error(get_with(&fetcher, &server.url("/busy"), Private::Allowed, &known).await);
        let Class::Later { retry_after: Some(wait) } = busy.class() else { panic!("{busy:?}") };
        assert!((100..=120).contains(&wait.as_secs()), "{value}: {wait:?}");
        assert_eq!(busy.status(), Some(status));
        let held = error(get_with(&fetcher, &server.url("/other"), Private::Allowed, &known).await);
        assert!(matches!(held, FetchError::Held { wait, .. } if wait.as_secs() > 90), "{held:?}");
        assert_eq!(server.requests("/other"), 0);
    }
    let server = Replay::start([("/", Answer::status(500).header("retry-after", "120"))]).await.unwrap();
    assert_eq!(error(get(&server.url("/")).await).class(), Class::Later { retry_after: None });
}

fn in_two_minutes() -> String {
    let at = jiff::Timestamp::now() + Duration::from_secs(120);
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap()
}

#[tokio::test]
async fn what_is_gone_is_told_from_what_is_down() {
    let server = Replay::start([("/gone", Answer::status(410)), ("/down", Answer::status(502))]).await.unwrap();
    assert_eq!(error(get(&server.url("/gone")).await).class(), Class::Gone);
    assert_eq!(error(get(&server.url("/never")).await).class(), Class::Gone);
    assert_eq!(error(get(&server.url("/down")).await).class(), Class::Later { retry_after: None });

    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = error(get(&format!("http://{closed}/")).await);
    assert!(matches!(&refused, FetchError::Connect { why, .. } if why.contains("refused")), "{refused:?}");
    let unknown = error(get("http://exemple.invalid/").await);
    assert!(matches!(unknown, FetchError::Dns { .. }), "{unknown:?}");
    let plain = raw(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()).await;
    let tls = error(get(&format!("https://{plain}/")).await);
    assert!(matches!(tls, FetchError::Tls { .. }), "{tls:?}");
}
