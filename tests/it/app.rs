//! One installation under test: real servers on loopback, a real database in a temporary folder, a clock that stands
//! where the test puts it.

use std::fs;

use jiff::Timestamp;
use tempfile::TempDir;
use vigie::{
    classify::Rules,
    clock::Clock,
    config::{self, Context, Input},
    demo::inbox::{Behaviour, Inbox, Received},
    extract::check_selector,
    model::{Cadence, Notice},
    render::Templates,
    store::{notices, subscribers::Added},
    web::replay::{Answer, Replay},
    work::{
        App,
        compose::{self, Composed},
        crawl::{self, Asking, Report, SourceReport, Which},
        send, subscribe,
    },
};

/// Wednesday 30 August 2023, 07:30 in Paris.
pub const MORNING: &str = "2023-08-30T05:30:00Z";

pub struct TestApp {
    pub app: App,
    pub web: Replay,
    pub inbox: Inbox,
    pub dir: TempDir,
}

impl TestApp {
    /// An installation that watches one feed for each of these paths; a source's id is its path without slashes.
    pub async fn watching(paths: &[&str]) -> Self {
        Self::with_settings(paths, "", Behaviour::default()).await
    }

    /// An installation with this `sources.toml`, in which `@WEB@` stands for the web server.
    pub async fn reading(sources: &str) -> Self {
        Self::start(sources, "", Behaviour::default()).await
    }

    pub async fn with_settings(paths: &[&str], settings: &str, mail: Behaviour) -> Self {
        let mut sources = String::new();
        for path in paths {
            let id = path.trim_matches('/').replace('/', "-");
            sources += &format!(
                "[[source]]\nid = \"{id}\"\nurl = \"@WEB@{path}\"\nallow_private = true\nevery = \"30min\"\n\n"
            );
        }
        Self::start(&sources, settings, mail).await
    }

    pub async fn start(sources: &str, settings: &str, mail: Behaviour) -> Self {
        let web = Replay::start(Vec::<(String, Answer)>::new()).await.expect("a web server on loopback");
        let inbox = Inbox::start_with(mail).await.expect("a mail server on loopback");
        let dir = TempDir::new().expect("a temporary folder");
        let sources = sources.replace("@WEB@", web.url("").trim_end_matches('/'));
        let settings = format!(
            "{settings}\n[site]\npublisher = \"Ville d’Exemple\"\naddress = \"1 place de la Mairie\"\n\
             [crawl]\nhost_gap = \"0s\"\nconnect_timeout = \"1s\"\nidle_timeout = \"1s\"\ntotal_timeout = \"2s\"\nbody_cap = \"1MiB\"\n\
             [mail]\nfrom = \"Veille <veille@example.fr>\"\n\
             [mail.smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\ntimeout = \"3s\"\n",
            inbox.address().port()
        );
        fs::write(dir.path().join("vigie.toml"), &settings).expect("a file");
        fs::write(dir.path().join("sources.toml"), &sources).expect("a file");
        let app = open(&dir, &settings, &sources, MORNING);
        Self { app, web, inbox, dir }
    }

    /// Closes the database and opens it again, as another process would.
    pub fn reopened(self) -> Self {
        let read = |name: &str| fs::read_to_string(self.dir.path().join(name)).expect("a file");
        let now = self.app.clock.now().to_string();
        let app = open(&self.dir, &read("vigie.toml"), &read("sources.toml"), &now);
        Self { app, ..self }
    }

    /// Puts the clock to an instant.
    pub fn at(&mut self, instant: &str) {
        self.app.clock = Clock::Fixed(instant.parse().expect("an instant"));
    }

    /// The settings, to be changed.
    pub fn config(&mut self) -> &mut config::Config {
        &mut self.app.config
    }

    pub fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// Serves an RSS feed of these items.
    pub fn serve(&self, path: &str, items: &[Item]) {
        self.web.set(path, Answer::ok("application/rss+xml", rss(items)));
    }

    /// Crawls every source, due or not.
    pub async fn crawl(&self) -> Report {
        crawl::crawl(&self.app, &Which::All, Asking::Conditionally, &|_| ()).await.expect("a crawl")
    }

    /// Crawls one source; what it brought.
    pub async fn crawl_one(&self, id: &str) -> SourceReport {
        let which = Which::Named(vec![id.to_owned()]);
        let mut report = Report { busy: true, ..Report::default() };
        // A command that another test starts has our open files, the lock among them, until it is another program.
        for _ in 0..100 {
            report = crawl::crawl(&self.app, &which, Asking::Conditionally, &|_| ()).await.expect("a crawl");
            if !report.busy {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        report.sources.into_iter().next().expect("the source")
    }

    pub fn notices(&self) -> Vec<Notice> {
        let mut notices = self.app.store.read(|db| notices::latest(db, None, 1000)).expect("notices");
        notices.reverse();
        notices
    }

    pub fn titles(&self) -> Vec<String> {
        self.notices().into_iter().map(|notice| notice.title).collect()
    }

    /// Adds a reader who wants everything at a cadence.
    pub fn subscribe(&self, address: &str, cadence: Cadence) -> Added {
        self.subscribe_to(address, cadence, "", "info")
    }

    pub fn subscribe_to(&self, address: &str, cadence: Cadence, natures: &str, severity: &str) -> Added {
        let request = subscribe::Request {
            email: address.to_owned(),
            cadence: cadence.to_string(),
            natures: natures.to_owned(),
            severity: severity.to_owned(),
            consent_what: String::from("bulletin"),
            consent_how: String::from("formulaire"),
            ..subscribe::Request::default()
        };
        subscribe::add(&self.app, &request).expect("a subscriber")
    }

    pub fn compose(&self, cadence: Cadence) -> Option<Composed> {
        compose::compose(&self.app, compose::Which::Now(cadence)).expect("an edition").into_iter().next()
    }

    /// Freezes what is due at the clock's time.
    pub fn compose_due(&self) -> Vec<Composed> {
        compose::compose(&self.app, compose::Which::Due).expect("editions")
    }

    pub async fn send(&self) -> send::Report {
        send::send(&self.app, send::Which::Due, &|_| ()).await.expect("a run of the sender")
    }

    /// What the mail server took, by recipient.
    pub fn received(&self) -> Vec<Received> {
        let mut received = self.inbox.received();
        received.sort_by(|a, b| a.to.cmp(&b.to));
        received
    }
}

fn open(dir: &TempDir, settings: &str, sources: &str, now: &str) -> App {
    let rules = Rules::embedded();
    let context = Context {
        base: dir.path(),
        here: dir.path(),
        data: None,
        sections: rules.sections(),
        env: &|_| None,
        read_secret: &|_| Err(String::from("no secret in tests")),
        selector: &check_selector,
        named: &|_, _| Ok(()),
    };
    let settings = Input { name: "vigie.toml", text: settings };
    let sources = Input { name: "sources.toml", text: sources };
    let config = match config::load(Some(settings), Some(sources), &context) {
        Ok(config) => config,
        Err(problems) => panic!("{problems}"),
    };
    let clock = Clock::Fixed(now.parse().expect("an instant"));
    let mut app = App::open(config, rules, Templates::embedded(), clock).expect("an installation");
    // This program is the tests'.
    app.program = env!("CARGO_BIN_EXE_vigie").into();
    app
}

/// One item of a feed.
#[derive(Clone, Default)]
pub struct Item {
    pub guid: Option<String>,
    pub link: String,
    pub title: String,
    pub text: String,
    pub date: String,
}

/// An item of 29 August 2023 with its own guid and address.
pub fn item(n: u32, title: &str, text: &str) -> Item {
    Item {
        guid: Some(format!("item-{n}")),
        link: format!("https://mairie.example/articles/{n}"),
        title: title.to_owned(),
        text: text.to_owned(),
        date: String::from("Tue, 29 Aug 2023 10:00:00 +0200"),
    }
}

pub fn rss(items: &[Item]) -> String {
    let mut body = String::from(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Essai</title><link>https://mairie.example/</link><description>x</description>",
    );
    for item in items {
        let guid = item.guid.as_ref().map(|g| format!("<guid isPermaLink=\"false\">{g}</guid>")).unwrap_or_default();
        body += &format!(
            "<item><title>{}</title><link>{}</link>{guid}<description>{}</description><pubDate>{}</pubDate></item>",
            item.title, item.link, item.text, item.date
        );
    }
    body + "</channel></rss>"
}
