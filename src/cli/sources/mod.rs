//! `vigie sources`

mod health;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Exit,
    output::{Output, Table},
};
use crate::{
    model::{Source, SourceId},
    work::{App, attempt, publish},
};

#[derive(Debug, Args)]
pub struct Sources {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// What `sources.toml` says to watch.
    List,
    /// How each source fares: since when, why, and when it is asked next.
    Health(health::Health),
    /// Try every source now: what each would yield, and what is wrong; nothing is stored.
    Check,
    /// What Vigie would read from a file or an address; nothing is stored.
    Try {
        /// A path, an http(s) address, or the id of a source.
        file_or_url: String,
    },
    /// The feeds of `sources.toml` for a feed reader (OPML 2.0).
    ExportOpml,
}

pub async fn run(args: &Sources, app: &App, out: &Output) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::List => list(app, out),
        Verb::Health(args) => health::run(args, app, out),
        Verb::Check => check(app, out).await,
        Verb::Try { file_or_url } => attempt(app, file_or_url, out).await,
        Verb::ExportOpml => {
            let opml = String::from_utf8_lossy(&publish::opml(app)).into_owned();
            out.data(&serde_json::json!({ "opml": opml }), || opml.clone())?;
            Ok(Exit::Done)
        }
    }
}

#[derive(Serialize)]
struct Listed<'a> {
    id: &'a SourceId,
    name: &'a str,
    url: &'a str,
    kind: &'a str,
    section: &'a str,
    nature: &'a str,
    language: &'a str,
    licence: &'a str,
    authority: &'a str,
    every_seconds: u64,
}

fn list(app: &App, out: &Output) -> anyhow::Result<Exit> {
    let row = |source: &'_ Source| -> [String; 5] {
        [
            source.id.to_string(),
            source.kind.as_str().to_owned(),
            source.section.to_string(),
            source.nature.to_string(),
            source.url.to_string(),
        ]
    };
    let listed: Vec<Listed> = app
        .config
        .sources
        .iter()
        .map(|source| Listed {
            id: &source.id,
            name: &source.name,
            url: source.url.as_str(),
            kind: source.kind.as_str(),
            section: source.section.as_str(),
            nature: source.nature.as_str(),
            language: &source.language,
            licence: source.licence.as_str(),
            authority: source.authority.as_str(),
            every_seconds: source.every.as_secs(),
        })
        .collect();
    out.list(&listed, || {
        let mut table = Table::new(["ID", "KIND", "SECTION", "NATURE", "ADDRESS"]);
        app.config.sources.iter().for_each(|source| table.row(row(source)));
        table
    })?;
    Ok(Exit::Done)
}

/// An instant in the readers' zone, to the minute.
pub fn at(app: &App, instant: Option<Timestamp>) -> String {
    match instant {
        Some(instant) => app.config.site.zone.to_datetime(instant).strftime("%Y-%m-%d %H:%M").to_string(),
        None => String::from("never"),
    }
}

#[derive(Serialize)]
struct Checked {
    id: SourceId,
    entries: usize,
    dated: usize,
    /// Why nothing could be read, or what is wrong with what was.
    problems: Vec<String>,
    failed: bool,
}

async fn check(app: &App, out: &Output) -> anyhow::Result<Exit> {
    let bar = out.progress(app.config.sources.len() as u64);
    let mut rows = Vec::with_capacity(app.config.sources.len());
    for source in &app.config.sources {
        bar.set_message(source.id.to_string());
        rows.push(match attempt::attempt(app, source.id.as_str()).await {
            Ok(tried) => Checked {
                id: source.id.clone(),
                entries: tried.entries.len(),
                dated: tried.entries.iter().filter(|(draft, _)| draft.published.is_some()).count(),
                failed: tried.entries.is_empty() || tried.problems.iter().any(|problem| problem.kind.is_fatal()),
                problems: tried.problems.iter().map(ToString::to_string).collect(),
            },
            Err(error) => Checked {
                id: source.id.clone(),
                entries: 0,
                dated: 0,
                failed: true,
                problems: vec![format!("{error:#}")],
            },
        });
        bar.inc(1);
    }
    bar.finish_and_clear();
    out.list(&rows, || {
        let mut table = Table::new(["ID", "ENTRIES", "DATED", "PROBLEMS", "FIRST PROBLEM"]);
        for row in &rows {
            let first = row.problems.first().and_then(|problem| problem.lines().next()).unwrap_or_default();
            table.row([
                row.id.to_string(),
                row.entries.to_string(),
                row.dated.to_string(),
                row.problems.len().to_string(),
                first.to_owned(),
            ]);
        }
        table
    })?;
    Ok(if rows.iter().any(|row| row.failed) { Exit::Partly } else { Exit::Done })
}

#[derive(Serialize)]
struct Entry {
    title: String,
    url: Option<String>,
    guid: Option<String>,
    reference: Option<String>,
    published: Option<Timestamp>,
    section: String,
    nature: String,
    severity: String,
    summary: String,
}

async fn attempt(app: &App, what: &str, out: &Output) -> anyhow::Result<Exit> {
    let tried = attempt::attempt(app, what).await?;
    let entries: Vec<Entry> = tried
        .entries
        .into_iter()
        .map(|(draft, shelved)| Entry {
            title: draft.title,
            url: draft.url.map(String::from),
            guid: draft.guid,
            reference: draft.reference.map(|r| r.number),
            published: draft.published.map(|date| date.at),
            section: shelved.section.to_string(),
            nature: shelved.nature.to_string(),
            severity: shelved.severity.to_string(),
            summary: draft.summary,
        })
        .collect();
    out.list(&entries, || {
        let mut table = Table::new(["DATE", "NATURE", "SECTION", "TITLE", "ADDRESS"]);
        for entry in &entries {
            table.row([
                entry.published.map_or_else(String::new, |date| at(app, Some(date))),
                entry.nature.clone(),
                entry.section.clone(),
                crate::text::truncate(&entry.title, 60),
                entry.url.clone().unwrap_or_default(),
            ]);
        }
        table
    })?;
    tried.problems.iter().for_each(|problem| out.complain(problem.to_string()));
    out.say(super::output::count(entries.len(), "entry"));
    Ok(if tried.problems.iter().any(|problem| problem.kind.is_fatal()) { Exit::Partly } else { Exit::Done })
}
