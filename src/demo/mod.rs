//! `vigie demo`: everything, offline, on bundled sources and a local mail server, through the same code as real use.
//!
//! [`Stage::set`] starts the two servers and writes an ordinary installation into a folder; [`play`] works it as
//! cron would. Only the clock is made up: it shows the morning that the sources tell of.

pub mod content;
pub mod inbox;

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use serde::Serialize;

use crate::{
    clock::Clock,
    model::Cadence,
    web::replay::{Answer, Replay},
    work::{
        App,
        compose::{self, Composed},
        crawl::{self, Asking, SourceReport},
        publish, send, subscribe,
    },
};
use content::Stalls;
use inbox::Inbox;

/// Says that a folder is ours to empty.
const MARK: &str = ".vigie-demo";
/// Longer than the crawler of the demonstration waits.
const FOREVER: Duration = Duration::from_secs(3600);

/// The servers and the folder of one demonstration. The servers end when it is dropped.
pub struct Stage {
    dir: PathBuf,
    _sources: Replay,
    _inbox: Inbox,
}

/// What a demonstration did, and where to look.
#[derive(Debug, Serialize)]
pub struct Played {
    pub crawl: crawl::Report,
    pub readers: usize,
    pub composed: Vec<Composed>,
    pub send: send::Report,
    /// One file a message, as the mail server received it.
    pub messages: Vec<PathBuf>,
    /// The edition as a page.
    pub bulletin: Option<PathBuf>,
    /// The feeds of everything.
    pub feeds: Vec<PathBuf>,
    /// The folder that any web server could serve.
    pub public: PathBuf,
}

impl Stage {
    /// Makes the folder (or empties the one of a former demonstration), starts the servers, writes the settings.
    pub async fn set(dir: &Path) -> anyhow::Result<Self> {
        clear(dir)?;
        let sources = Replay::start(answers()).await.context("cannot serve the bundled sources on 127.0.0.1")?;
        let inbox = Inbox::start(Some(dir.join("mail"))).await.context("cannot start a mail server on 127.0.0.1")?;
        let address = format!("http://{}", sources.address());
        let settings = SETTINGS.replace("{port}", &inbox.address().port().to_string());
        for (name, text) in [
            ("vigie.toml", settings),
            ("sources.toml", content::sources_toml(&address)),
            ("readers.csv", content::READERS.to_owned()),
        ] {
            let path = dir.join(name);
            fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        Ok(Self { dir: dir.to_owned(), _sources: sources, _inbox: inbox })
    }

    /// The settings to open the installation with.
    pub fn settings(&self) -> PathBuf {
        self.dir.join("vigie.toml")
    }

    /// The clock of the morning that is played.
    pub fn clock(&self) -> Clock {
        Clock::Fixed(content::morning())
    }
}

/// Readers, crawl, bulletin, mail, feeds.
pub async fn play(stage: &Stage, app: &App, progress: &(dyn Fn(&SourceReport) + Sync)) -> anyhow::Result<Played> {
    let readers = subscribe::import(app, content::READERS.as_bytes())?;
    if let Some(refused) = readers.refused.first() {
        bail!("line {} of the bundled readers is refused: {}", refused.line, refused.why);
    }
    let crawl = crawl::crawl(app, &crawl::Which::Due, Asking::Conditionally, progress).await?;
    let composed = compose::compose(app, compose::Which::Now(Cadence::Daily))?;
    publish::publish(app, None)?;
    let send = send::send(app, send::Which::Due, &|_| ()).await?;
    let public = app.config.publish.out.clone();
    Ok(Played {
        crawl,
        readers: readers.added,
        send,
        messages: listed(&stage.dir.join("mail"), "eml"),
        // The editions, and not their lists.
        bulletin: listed(&public.join("bulletins"), "html").into_iter().rfind(|path| {
            path.file_name().is_some_and(|name| name.as_encoded_bytes().first().is_some_and(u8::is_ascii_digit))
        }),
        feeds: ["rss", "atom", "json"].map(|kind| public.join(format!("veille.{kind}"))).into(),
        composed,
        public,
    })
}

/// The files of a folder with this extension, by name.
fn listed(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    files.sort();
    files
}

const SETTINGS: &str = include_str!("content/vigie.toml");

fn answers() -> Vec<(String, Answer)> {
    content::sources()
        .into_iter()
        .map(|bundled| {
            let mut headers = vec![(String::from("content-type"), bundled.content_type.to_owned())];
            headers.extend(bundled.etag.map(|etag| (String::from("etag"), etag.to_owned())));
            let pause = match bundled.stalls {
                Stalls::No => Duration::ZERO,
                Stalls::Forever => FOREVER,
            };
            let answer = Answer { status: bundled.status, headers, body: bundled.body, pause };
            (bundled.path.to_owned(), answer)
        })
        .collect()
}

/// Leaves an empty folder with our mark in it; touches no folder that is not ours.
fn clear(dir: &Path) -> anyhow::Result<()> {
    let shown = dir.display();
    let ours = dir.join(MARK);
    match fs::read_dir(dir).map(|mut entries| entries.next().is_some()) {
        Ok(true) if !ours.exists() => {
            bail!("the folder `{shown}` is not empty\nhint: name another one with `--dir`")
        }
        Ok(_) => {
            for name in ["data", "mail", "public"] {
                match fs::remove_dir_all(dir.join(name)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(error).with_context(|| format!("cannot empty `{shown}`"));
                    }
                    _ => {}
                }
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot read `{shown}`")),
    }
    fs::create_dir_all(dir.join("mail")).with_context(|| format!("cannot make the folder `{shown}`"))?;
    fs::write(&ours, "").with_context(|| format!("cannot write into `{shown}`"))
}
