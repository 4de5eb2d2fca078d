//! The command line: one verb per use case. Data goes to stdout, everything else to stderr.

mod bounces;
mod bulletins;
mod compose;
mod crawl;
mod demo;
mod dkim;
mod doctor;
mod eval;
mod init;
mod load;
mod named;
mod notices;
mod output;
mod publish;
mod read_document;
mod resend;
mod run;
mod search;
mod send;
mod serve;
mod sources;
mod stories;
mod subscribers;
mod tick;
mod trace;
mod weather;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};

use output::Output;

/// How a command ended, as the shell sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// Wrong usage or configuration.
    Usage,
    /// Done, but some inputs failed: they are named on stderr.
    Partly,
    /// Not done, for a mail server that is to try again (EX_TEMPFAIL of sysexits.h).
    Later,
}

impl Exit {
    pub const FAILED: u8 = 1;

    pub const fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Usage => 2,
            Exit::Partly => 3,
            Exit::Later => 75,
        }
    }
}

/// A legal and cybersecurity news watch for local authorities: crawls public sources, recognises what is new, and
/// sends it as bulletins and feeds.
///
/// Exit codes: 0 done; 1 failed; 2 wrong usage or configuration; 3 done, but some inputs failed.
#[derive(Debug, Parser)]
#[command(name = "vigie", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Args)]
struct Global {
    /// Settings; `sources.toml` stands beside them.
    #[arg(long, global = true, value_name = "FILE", default_value = "vigie.toml")]
    config: PathBuf,
    /// Where the database lives [default: `data` beside the settings]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print data as JSON: one object, or one object a line for lists.
    #[arg(long, global = true)]
    json: bool,
    /// Say nothing but errors.
    #[arg(short, long, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Everything, offline, on bundled sources and a local mail server; then serves the result.
    Demo(demo::Demo),
    /// Write a commented vigie.toml and sources.toml to start from.
    Init(init::Init),
    /// Check configuration and sources: every problem at once.
    Check,
    /// Fetch what is due, recognise, shelve, store.
    Crawl(crawl::Crawl),
    /// Freeze the bulletins that are due, and their deliveries.
    Compose(compose::Compose),
    /// Empty the outbox.
    Send(send::Send),
    /// Queue a bulletin once more for those whom it did not reach.
    Resend(resend::Resend),
    /// Take in what came back: delivery reports, complaints, requests to leave.
    Bounces(bounces::Bounces),
    /// The keys that mail is signed with, and what the DNS is to say of them.
    Dkim(dkim::Dkim),
    /// Whether this installation can work, and whether its mail will be believed.
    Doctor(doctor::Doctor),
    /// Write feeds and pages as files.
    Publish(publish::Publish),
    /// All of the above that is due, once: the line for cron.
    Tick,
    /// The same for ever: the line for systemd.
    Run,
    /// The site over HTTP: the published folder, and the links of letters.
    Serve(serve::Serve),
    /// What is watched, and how it fares.
    Sources(sources::Sources),
    /// The documents that were found.
    Notices(notices::Notices),
    /// What readers see, and what an editor decides of it.
    Stories(stories::Stories),
    /// Look for words in all notices.
    Search(search::Search),
    /// The frozen editions.
    Bulletins(bulletins::Bulletins),
    /// The readers.
    Subscribers(subscribers::Subscribers),
    /// What was sent to an address, when, what the other side said, what it means and what to do.
    Trace(trace::Trace),
    /// Which operators of mailboxes refuse our mail of late, against their habit.
    Weather,
    /// What would be decided on labelled items; nothing is stored.
    Eval(eval::Eval),
    /// Reads one PDF file from standard input, in a process of its own.
    #[command(hide = true)]
    ReadDocument(read_document::ReadDocument),
}

/// Reads the command line, does what it says.
pub fn main() -> anyhow::Result<Exit> {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are data; a mistake is not. Nothing is left to be said if that cannot be written.
            let _ = error.print();
            return Ok(if error.use_stderr() { Exit::Usage } else { Exit::Done });
        }
    };
    // Alone, without the threads of the runtime: what they take would count among what one document may cost.
    if let Verb::ReadDocument(args) = &cli.verb {
        return read_document::run(args);
    }
    runtime(&cli.verb).enable_all().build().context("cannot start")?.block_on(run_verb(cli))
}

/// What serves others has a thread on every core. Every other verb waits for the network on one, and works on others: a
/// thread that must be woken by another for each reply answers a third more slowly.
fn runtime(verb: &Verb) -> tokio::runtime::Builder {
    match verb {
        Verb::Run | Verb::Serve(_) | Verb::Demo(_) => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    }
}

async fn run_verb(cli: Cli) -> anyhow::Result<Exit> {
    let out = Output::new(cli.global.json, cli.global.quiet);
    log(&cli);
    let global = &cli.global;
    match cli.verb {
        Verb::Demo(args) => demo::run(args, &out).await,
        Verb::Init(args) => init::run(&args, &out),
        Verb::Check => load::check(global, &out),
        Verb::Crawl(args) => crawl::run(&args, &load::app(global)?, &out).await,
        Verb::Compose(args) => compose::run(&args, &load::app(global)?, &out),
        Verb::Send(args) => send::run(&args, &load::app(global)?, &out).await,
        Verb::Resend(args) => resend::run(&args, &load::app(global)?, &out),
        Verb::Bounces(args) => bounces::run(&args, global, &out).await,
        Verb::Dkim(args) => dkim::run(&args, global, &out),
        Verb::Doctor(args) => doctor::run(&args, global, &out).await,
        Verb::Publish(args) => publish::run(&args, &load::app(global)?, &out),
        Verb::Tick => tick::run(global, &out).await,
        Verb::Run => run::run(load::app(global)?).await,
        Verb::Serve(args) => serve::run(&args, load::app(global)?, &out).await,
        Verb::Sources(args) => sources::run(&args, global, &load::app(global)?, &out).await,
        Verb::Notices(args) => notices::run(&args, &load::app(global)?, &out),
        Verb::Stories(args) => stories::run(&args, &load::app(global)?, &out),
        Verb::Search(args) => search::run(&args, &load::app(global)?, &out),
        Verb::Bulletins(args) => bulletins::run(&args, &load::app(global)?, &out).await,
        Verb::Subscribers(args) => subscribers::run(&args, &load::app(global)?, &out),
        Verb::Trace(args) => trace::run(&args, &load::app(global)?, &out),
        Verb::Weather => weather::run(&load::app(global)?, &out),
        Verb::Eval(args) => eval::run(&args, global, &out),
        Verb::ReadDocument(args) => read_document::run(&args),
    }
}

/// The daemon tells what it does; the other verbs say it themselves, and log only what goes wrong beneath them.
fn log(cli: &Cli) {
    use tracing_subscriber::EnvFilter;
    // A certificate that is not trusted is an error of ours to tell, which the library tells too.
    let level = match &cli.verb {
        _ if cli.global.quiet => "error,rustls_platform_verifier=off",
        Verb::Run | Verb::Serve(_) => "vigie=info,warn,rustls_platform_verifier=off",
        _ => "error,rustls_platform_verifier=off",
    };
    let filter = EnvFilter::try_from_env("VIGIE_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let builder = builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    if cli.global.json {
        builder.json().init();
    } else {
        builder.init();
    }
}

/// Prints an error with its causes and its hint; the exit code it stands for.
pub fn fail(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<load::ConfigError>() {
        Some(load::ConfigError::Problems(problems)) => output::tell(&problems.to_string()),
        Some(load::ConfigError::Other(text)) => output::tell(&format!("error: {text}")),
        None => {
            output::tell(&format!("error: {}", in_full(error)));
            return Exit::FAILED;
        }
    }
    Exit::Usage.code()
}

/// The causes on one line, and their hints (the lines after the first of each) below.
fn in_full(error: &anyhow::Error) -> String {
    let (mut causes, mut hints) = (Vec::new(), Vec::new());
    for cause in error.chain() {
        let text = cause.to_string();
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default().to_owned();
        // A library's error often repeats the one beneath it.
        if !causes.iter().any(|said: &String| said.contains(&first)) {
            causes.push(first);
        }
        hints.extend(lines.map(String::from).filter(|line| !hints.contains(line)).collect::<Vec<_>>());
    }
    [vec![causes.join(": ")], hints].concat().join("\n")
}
