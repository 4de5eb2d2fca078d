//! An installation as it is reached over HTTP, and the letters that reach its readers.

use std::sync::Arc;

use mail_parser::MessageParser;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use vigie::{classify::Rules, render::Templates, web, work::App};

use crate::app::TestApp;

/// What serves an installation: a program of its own, at the same time of day.
pub struct Site {
    address: std::net::SocketAddr,
    pub app: Arc<App>,
    server: JoinHandle<anyhow::Result<()>>,
}

impl Site {
    pub async fn of(t: &TestApp) -> Self {
        let (rules, templates) = (Rules::embedded(), Templates::embedded());
        let app = Arc::new(App::open(t.app.config.clone(), rules, templates, t.app.clock).expect("an installation"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its number");
        let server = tokio::spawn(web::site::serve(listener, app.clone(), app.stop.clone()));
        Self { address, app, server }
    }

    /// The whole answer, headers included.
    pub async fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        let length = if method == "POST" { format!("Content-Length: {}\r\n", body.len()) } else { String::new() };
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: site\r\nConnection: close\r\n{headers}{length}\r\n{body}");
        stream.write_all(request.as_bytes()).await.expect("a server that listens");
        let mut answer = Vec::new();
        // A server that refuses a body may close before it has read all of it.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).replace(['\u{a0}', '\u{202f}'], " ")
    }

    pub async fn get(&self, path: &str) -> String {
        self.ask("GET", path, "", "").await
    }

    pub async fn press(&self, path: &str, button: &str) -> String {
        let headers = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n";
        self.ask("POST", path, headers, &format!("{button}=oui")).await
    }

    pub async fn one_click(&self, path: &str) -> String {
        let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
        self.ask("POST", path, headers, "List-Unsubscribe=One-Click").await
    }

    /// A form of ours, from our own page.
    pub async fn send(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n";
        self.ask("POST", path, headers, &body).await
    }

    pub async fn stopped(self) {
        self.app.stop.cancel();
        self.server.await.expect("no panic").expect("an orderly end");
    }
}

pub struct Letter {
    pub subject: String,
    pub text: String,
    pub raw: String,
}

impl Letter {
    /// The path of the first link of this kind.
    pub fn path(&self, kind: &str) -> String {
        let (_, rest) = self.text.split_once(&format!("https://veille.example.fr/{kind}/")).expect("a link");
        format!("/{kind}/{}", rest.split_whitespace().next().unwrap_or_default())
    }
}

/// What reached the mailboxes since the last time.
pub async fn sent(t: &TestApp) -> Vec<Letter> {
    let before = t.inbox.received().len();
    t.send().await;
    let all = t.inbox.received();
    all[before..]
        .iter()
        .map(|received| {
            let message = MessageParser::default().parse(&received.bytes).expect("a message");
            Letter {
                subject: message.subject().unwrap_or_default().replace(['\u{a0}', '\u{202f}'], " "),
                text: message
                    .body_text(0)
                    .unwrap_or_default()
                    .replace("\r\n", "\n")
                    .replace(['\u{a0}', '\u{202f}'], " "),
                raw: String::from_utf8_lossy(&received.bytes).into_owned(),
            }
        })
        .collect()
}
