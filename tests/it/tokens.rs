//! Sources that are posted to, and those that want a token.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use url::Url;
use vigie::{
    fetch::{Answer as Got, Class, FetchError, Fetcher, Private, Request},
    model::{OAuth, SectionId, Source, SourceId, Validators},
};

use crate::fetch::settings;

/// A server that answers as it is told, and what it was asked, whole, without robots.txt.
struct Server {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `answer` is given a whole request, and gives a status line and fields, and a body.
    async fn start(answer: impl Fn(&str) -> (String, &'static str) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = heard.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let Some(request) = read(&mut stream).await else { continue };
                let (head, body) = if request.starts_with("GET /robots.txt") {
                    (String::from("404 Not Found"), "")
                } else {
                    let answered = answer(&request);
                    log.lock().unwrap().push(request);
                    answered
                };
                let length = body.len();
                let answer = format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { address, heard }
    }

    fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece).await.ok().filter(|length| *length > 0)?;
        request.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let field = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= field.map_or(0, |length| length.parse().unwrap()) {
            return Some(text);
        }
    }
}

fn source(url: Url, oauth: Option<OAuth>, post: Option<&str>) -> Source {
    let id = |text: &str| SourceId::parse(text).unwrap();
    let mut source = Source::feed(id("api"), "API", url, SectionId::parse("tic").unwrap());
    source.allow_private = true;
    source.asking.oauth = oauth;
    source.asking.post = post.map(str::to_owned);
    source
}

fn account(token_url: Url) -> OAuth {
    OAuth {
        token_url,
        client_id: "vigie & co".into(),
        client_secret: "tres=secret".into(),
        scope: Some("openid".into()),
    }
}

async fn get(fetcher: &Fetcher, source: &Source) -> Result<Got, FetchError> {
    let known = Validators { etag: Some("\"v1\"".into()), last_modified: None };
    fetcher.get(&Request::of(source, source.url.sample(), &known)).await
}

fn fetcher() -> Fetcher {
    Fetcher::new(&settings(), []).unwrap()
}

/// Gives `one`, then `two`, then `three`, and so on.
async fn counter(lasts: &'static str) -> Server {
    let given = Mutex::new(0);
    Server::start(move |_| {
        let mut given = given.lock().unwrap();
        *given += 1;
        let body = match (*given, lasts) {
            (1, "long") => r#"{"access_token":"one","token_type":"Bearer","expires_in":3600}"#,
            (_, "long") => r#"{"access_token":"two","token_type":"Bearer","expires_in":3600}"#,
            _ => r#"{"access_token":"one","expires_in":"30"}"#,
        };
        (String::from("200 OK\r\nContent-Type: application/json"), body)
    })
    .await
}

#[tokio::test]
async fn what_is_posted_is_json_and_neither_asked_for_conditionally_nor_remembered() {
    let server = Server::start(|_| (String::from("200 OK\r\nETag: \"v2\""), "[]")).await;
    let source = source(server.url("/consult"), None, Some(r#"{"nbElement": 5}"#));
    let got = get(&fetcher(), &source).await.unwrap();
    assert!(
        matches!(&got, Got::Page { page, validators, .. } if page.body == b"[]" && *validators == Validators::default())
    );
    let heard = server.heard();
    assert!(heard[0].starts_with("POST /consult HTTP/1.1\r\n") && heard[0].ends_with("\r\n\r\n{\"nbElement\": 5}"));
    assert!(heard[0].contains("content-type: application/json\r\n") && !heard[0].contains("if-none-match"));
    // A document that it names is read as any other.
    let known = Validators::default();
    fetcher().get(&Request::of_document(&source, &server.url("/doc"), &known)).await.unwrap();
    assert!(server.heard()[1].starts_with("GET /doc "));
}

#[tokio::test]
async fn an_answer_to_a_post_may_be_read_elsewhere() {
    let server = Server::start(|request| match request.split(' ').nth(1) {
        Some("/see-other") => (String::from("303 See Other\r\nLocation: /there"), ""),
        Some("/same") => (String::from("303 See Other\r\nLocation: /same?done"), ""),
        Some("/still") => (String::from("307 Temporary Redirect\r\nLocation: /there"), ""),
        _ => (String::from("200 OK"), "x"),
    })
    .await;
    for (path, method) in [("/see-other", "GET"), ("/still", "POST"), ("/same", "GET")] {
        get(&fetcher(), &source(server.url(path), None, Some("{}"))).await.unwrap();
        let heard = server.heard().pop().unwrap();
        assert!(heard.starts_with(method), "{path}: {heard}");
        assert_eq!(heard.ends_with("{}"), method == "POST");
    }
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_goes_with_every_request() {
    let (service, api) = (counter("long").await, Server::start(|_| (String::from("200 OK"), "[]")).await);
    let source = source(api.url("/"), Some(account(service.url("/token"))), None);
    let fetcher = fetcher();
    let (first, second) = tokio::join!(get(&fetcher, &source), get(&fetcher, &source));
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    let asked = service.heard();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with("POST /token "), "{}", asked[0]);
    assert!(asked[0].contains("content-type: application/x-www-form-urlencoded\r\n"));
    let form = "grant_type=client_credentials&client_id=vigie+%26+co&client_secret=tres%3Dsecret&scope=openid";
    assert!(asked[0].ends_with(form), "{}", asked[0]);
    assert!(api.heard().iter().all(|request| request.contains("authorization: Bearer one\r\n")));
    let shown = format!("{fetcher:?} {source:?}");
    assert!(!shown.contains("tres=secret") && !shown.contains("Bearer one"), "{shown}");
}

#[tokio::test]
async fn a_token_that_does_not_last_is_asked_for_each_time() {
    let (service, api) = (counter("short").await, Server::start(|_| (String::from("200 OK"), "[]")).await);
    let source = source(api.url("/"), Some(account(service.url("/token"))), None);
    let fetcher = fetcher();
    for _ in 0..2 {
        get(&fetcher, &source).await.unwrap();
    }
    assert_eq!(service.heard().len(), 2);
}

#[tokio::test]
async fn a_token_that_was_taken_back_is_renewed_once() {
    let only_two = |request: &str| match request.contains("authorization: Bearer two\r\n") {
        true => (String::from("200 OK"), "[]"),
        false => (String::from("401 Unauthorized"), ""),
    };
    let (service, api) = (counter("long").await, Server::start(only_two).await);
    let with_account = source(api.url("/"), Some(account(service.url("/token"))), None);
    let fetcher = fetcher();
    get(&fetcher, &with_account).await.unwrap();
    get(&fetcher, &with_account).await.unwrap();
    assert_eq!((service.heard().len(), api.heard().len()), (2, 3));

    let closed = Server::start(|_| (String::from("401 Unauthorized"), "")).await;
    let error = get(&fetcher, &source(closed.url("/"), Some(account(service.url("/other"))), None)).await.unwrap_err();
    assert!(matches!(error, FetchError::Token { .. }), "{error:?}");
    assert!(error.to_string().contains("`client_id_file`"), "{error}");
    assert_eq!(closed.heard().len(), 2);
}

#[tokio::test]
async fn a_token_goes_to_no_other_origin() {
    let elsewhere = Server::start(|_| (String::from("200 OK"), "x")).await;
    let there = elsewhere.url("/x");
    let api = Server::start(move |_| (format!("302 Found\r\nLocation: {there}"), "")).await;
    let service = counter("long").await;
    let source = source(api.url("/"), Some(account(service.url("/token"))), None);
    get(&fetcher(), &source).await.unwrap();
    assert!(api.heard()[0].contains("authorization: Bearer one\r\n"));
    assert!(!elsewhere.heard()[0].contains("authorization"));
    // Nor with a document that the source names there, which is only read at all where the settings list that network.
    let (url, known) = (elsewhere.url("/doc"), Validators::default());
    let document = Request::of_document(&source, &url, &known);
    assert!(matches!(fetcher().get(&document).await, Err(FetchError::Blocked { .. })));
    let listed = vigie::config::Network::parse("127.0.0.0/8").unwrap();
    let fetcher = Fetcher::new(&vigie::config::Crawl { allow: vec![listed], ..settings() }, []).unwrap();
    fetcher.get(&document).await.unwrap();
    assert!(!elsewhere.heard()[1].contains("authorization"));
}

#[tokio::test]
async fn why_there_is_no_token_is_told_without_what_was_sent() {
    for (head, body, expected) in [
        ("401 Unauthorized", r#"{"error":"invalid_client","sent":"tres=secret"}"#, "it answers 401 (invalid_client)"),
        ("400 Bad Request", "client_secret=tres=secret", "it answers 400\n"),
        ("200 OK", "<html>tres=secret</html>", "no `access_token`"),
        ("200 OK", r#"{"access_token":"a\r\nX-Evil: 1"}"#, "no `access_token`"),
        ("302 Found\r\nLocation: http://127.0.0.1/", "", "it answers 302"),
    ] {
        let service = Server::start(move |_| (head.to_owned(), body)).await;
        let api = Server::start(|_| (String::from("200 OK"), "[]")).await;
        let source = source(api.url("/"), Some(account(service.url("/token"))), None);
        let error = get(&fetcher(), &source).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(expected) && text.contains("`client_id_file`"), "{text}");
        assert!(!text.contains("tres"), "{text}");
        assert!(api.heard().is_empty() && matches!(error.class(), Class::Later { .. }));
    }
    let busy = Server::start(|_| (String::from("503 Busy\r\nRetry-After: 120"), "")).await;
    let source = source(busy.url("/"), Some(account(busy.url("/token"))), None);
    let error = get(&fetcher(), &source).await.unwrap_err();
    assert!(matches!(error.hold(), Some(("127.0.0.1", wait)) if wait.as_secs() == 120), "{error:?}");
}

#[tokio::test]
async fn a_secret_is_not_sent_in_clear_over_the_internet() {
    let api = Server::start(|_| (String::from("200 OK"), "[]")).await;
    let url = Url::parse("http://exemple.invalid/token").unwrap();
    let oauth = account(url);
    let listed = vigie::config::Network::parse("127.0.0.0/8").unwrap();
    let fetcher = Fetcher::new(&vigie::config::Crawl { allow: vec![listed], ..settings() }, []).unwrap();
    let (url, known) = (api.url("/"), Validators::default());
    let request = Request { oauth: Some(&oauth), ..Request::page(&url, &known, Private::Refused) };
    let error = fetcher.get(&request).await.unwrap_err().to_string();
    assert!(error.contains("not encrypted"), "{error}");
}
