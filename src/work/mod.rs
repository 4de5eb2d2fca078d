//! Use cases: each reads, decides with the pure rows, and writes in one transaction.
//!
//! Between them there is only the database: [`crawl`] leaves stories, [`compose`] leaves a bulletin and its
//! deliveries, [`send`] empties them, [`publish`] writes folders. So each can run from cron, in the daemon or by
//! hand, and twice at once by mistake, with the same result.

pub mod account;
mod alert;
pub mod attempt;
pub mod bounce;
pub mod compose;
pub mod consent;
pub mod crawl;
mod details;
pub mod doctor;
pub mod editor;
pub mod exchange;
mod exploited;
pub mod forms;
pub mod health;
pub mod import;
pub mod letter;
pub mod letters;
mod prepare;
pub mod publish;
pub mod readings;
mod recognise;
pub mod regroup;
pub mod replay;
pub mod resend;
mod review;
mod room;
pub mod search;
pub mod send;
pub mod site;
pub mod strikes;
pub mod subscribe;
mod takein;
pub mod tick;
pub mod tidy;
pub mod trace;
pub mod weather;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{
    classify::Rules,
    clock::Clock,
    config::{self, Config},
    fetch::Fetcher,
    files::{self, RunLock},
    mail::dkim::{Key, Signer},
    model::{Licence, Source, SourceId},
    render::Templates,
    store::{self, Store},
};

/// One installation at work.
pub struct App {
    pub config: Config,
    pub rules: Rules,
    pub templates: Templates,
    pub store: Arc<Store>,
    pub clock: Clock,
    /// Cancelled when the program is to end: loops finish the step they are in.
    pub stop: CancellationToken,
    /// This program, which reads PDF files in a process of its own.
    pub program: PathBuf,
    /// The global options, each with a space before it, with which a command reaches this installation from any folder.
    /// None: it is reached from its own folder only.
    pub options: String,
    fetcher: OnceLock<Fetcher>,
    signer: OnceLock<Option<Arc<Signer>>>,
    token_key: OnceLock<Vec<u8>>,
    paths: OnceLock<bounce::Paths>,
    connections: send::Connections,
    told: site::Told,
    /// Where each source stands among those of the configuration.
    places: HashMap<SourceId, usize>,
}

impl App {
    /// Opens the database of an installation (made where there is none).
    pub fn open(mut config: Config, rules: Rules, templates: Templates, clock: Clock) -> anyhow::Result<Self> {
        files::create_private_folder(&config.data).with_context(|| {
            format!(
                "cannot make the data folder `{}`\nhint: make it writable for this user, or name another with `--data`",
                config.data.display()
            )
        })?;
        config.review.least_relevance.get_or_insert(rules.least_relevance());
        let store = Arc::new(Store::open(&config.data.join("vigie.db"))?);
        let stop = CancellationToken::new();
        let places = config.sources.iter().enumerate().map(|(place, source)| (source.id.clone(), place)).collect();
        let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("vigie"));
        let app = Self {
            config,
            rules,
            templates,
            store,
            clock,
            stop,
            program,
            options: String::new(),
            fetcher: OnceLock::new(),
            signer: OnceLock::new(),
            token_key: OnceLock::new(),
            paths: OnceLock::new(),
            connections: send::Connections::default(),
            told: site::Told::default(),
            places,
        };
        app.register()?;
        Ok(app)
    }

    /// The instant since which this installation exists: nothing was due before.
    fn register(&self) -> anyhow::Result<()> {
        let now = self.clock.now();
        let sources = &self.config.sources;
        // Every command passes here, and nearly none has anything to write.
        let changed = |db: &store::Db| {
            Ok((store::settings::get(db, "installed")?.is_none(), store::sources::difference(db, sources)?))
        };
        let (is_first, difference) = self.store.read(changed)?;
        if is_first || !difference.is_empty() {
            self.store.write(|tx| {
                store::settings::get_or_set(tx, "installed", &now.to_string())?;
                tick::forget(tx)?;
                store::sources::register(tx, &difference, now)
            })?;
        }
        Ok(())
    }

    /// What signs mail; `None` where no keys are set.
    ///
    /// # Errors
    /// A key that cannot be used any more: mail that should be signed does not leave unsigned.
    pub fn signer(&self) -> anyhow::Result<Option<&Arc<Signer>>> {
        if self.signer.get().is_none() {
            let signer = self.config.mail.dkim.as_ref().map(signer).transpose()?;
            let _ = self.signer.set(signer.map(Arc::new));
        }
        Ok(self.signer.get().and_then(Option::as_ref))
    }

    /// A message as it is to leave: signed, where keys are set. The signature bears the time at which it truly leaves.
    pub fn signed(&self, message: Vec<u8>) -> anyhow::Result<Vec<u8>> {
        match self.signer()? {
            Some(signer) => Ok(signer.signed(&message, Clock::System.now())?),
            None => Ok(message),
        }
    }

    fn fetcher(&self) -> anyhow::Result<&Fetcher> {
        if let Some(fetcher) = self.fetcher.get() {
            return Ok(fetcher);
        }
        let now = self.clock.now();
        let kept = self.store.write(|tx| {
            crate::store::robots::forget(tx, now)?;
            crate::store::robots::all(tx)
        })?;
        let fetcher = Fetcher::new(&self.config.crawl, kept)?;
        Ok(self.fetcher.get_or_init(|| fetcher))
    }

    /// Keeps what was learnt of robots.txt: to be called after something was fetched.
    fn keep_robots(&self) -> anyhow::Result<()> {
        let learnt = self.fetcher.get().map(Fetcher::take_robots).unwrap_or_default();
        if !learnt.is_empty() {
            self.store.write(|tx| crate::store::robots::save(tx, &learnt)).context("cannot store robots.txt")?;
        }
        Ok(())
    }

    /// The right to be the only one at a kind of work; `None` while another process has it. It ends with the
    /// process, however that ends.
    fn alone(&self, work: &str) -> anyhow::Result<Option<RunLock>> {
        RunLock::take(&self.config.data, work).with_context(|| {
            let path: PathBuf = self.config.data.join(work);
            format!("cannot lock `{}`\nhint: the data folder must be writable for this user", path.display())
        })
    }

    /// A source that is configured.
    fn source(&self, id: &SourceId) -> Option<&Source> {
        self.places.get(id).and_then(|place| self.config.sources.get(*place))
    }

    /// What may be shown of a source's words. One that is no longer configured says nothing.
    fn licence(&self, id: &SourceId) -> Licence {
        self.source(id).map_or(Licence::Unknown, |source| source.licence)
    }

    /// What readers see of a source, also of one that is no longer configured.
    pub fn source_name<'a>(&'a self, id: &'a SourceId) -> &'a str {
        self.source(id).map_or(id.as_str(), |source| &source.name)
    }
}

/// That instant, or the last one that there is.
fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// Reads the keys.
fn signer(settings: &config::Dkim) -> anyhow::Result<Signer> {
    let read = |key: &config::DkimKey| {
        Key::read(&key.selector, &key.file).map_err(|why| {
            anyhow::anyhow!("the DKIM key `{}` {why}\nhint: {}", key.file.display(), why.hint(&key.selector))
        })
    };
    let keys = settings.keys.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(Signer::new(&settings.domain, keys))
}
