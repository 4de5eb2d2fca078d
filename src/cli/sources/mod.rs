//! `vigie sources`

mod check;
mod health;
mod import;
mod trial;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Exit, Global,
    output::{Output, Table},
};
use crate::{
    model::{Source, SourceId},
    work::App,
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
    /// What Vigie would read from a file or an address, and other ways where that is nothing; nothing is stored.
    Try(Box<trial::Try>),
    /// The feeds of another program (OPML 1.0 or 2.0) as tables for `sources.toml`.
    ImportOpml(import::Import),
    /// The feeds of `sources.toml` for a feed reader (OPML 2.0).
    ExportOpml,
}

pub async fn run(args: &Sources, global: &Global, app: &App, out: &Output) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::List => list(app, out),
        Verb::Health(args) => health::run(args, app, out),
        Verb::Check => check::run(app, out).await,
        Verb::Try(args) => trial::run(args, app, out).await,
        Verb::ImportOpml(args) => import::run(args, global, app, out),
        Verb::ExportOpml => {
            let opml = String::from_utf8_lossy(&crate::work::site::opml(app)).into_owned();
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
    brings: &'a str,
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
            brings: source.brings.as_str(),
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
