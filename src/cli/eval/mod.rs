//! `vigie eval`: what Vigie decides on items that somebody has labelled, to be held against the labels.

mod dedup;
mod shelves;

use std::{
    fs::File,
    io::{BufRead, BufReader, stdin},
    path::Path,
};

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::de::DeserializeOwned;

use super::{Exit, Global, output::Output};

#[derive(Debug, Args)]
pub struct Eval {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// What documents are to those before them: new, the same, revised, copies, of one event; one object a line.
    Dedup(dedup::Dedup),
    /// Where items go: section, nature, severity, relevance, and why; one object a line.
    Shelves(shelves::Shelves),
}

pub fn run(args: &Eval, global: &Global, out: &Output) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Dedup(args) => dedup::run(args, global, out),
        Verb::Shelves(args) => shelves::run(args, global, out),
    }
}

/// Calls back with each object of a file that holds one a line (`-`: standard input); empty lines say nothing.
///
/// # Errors
/// The first line that is no such object, with its number, and whatever the callback says.
fn each_line<T: DeserializeOwned>(
    file: &Path,
    verb: &str,
    mut with: impl FnMut(T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let name = file.display();
    let lines: Box<dyn BufRead> = match file == Path::new("-") {
        true => Box::new(stdin().lock()),
        false => Box::new(BufReader::new(File::open(file).with_context(|| {
            format!("cannot read `{name}`\nhint: name a file with one JSON object a line, or `-` for standard input")
        })?)),
    };
    for (number, line) in (1..).zip(lines.lines()) {
        let line = line.with_context(|| format!("cannot read line {number} of `{name}`"))?;
        // A file that was written on Windows begins with a mark.
        let line = line.trim_start_matches('\u{feff}').trim();
        if !line.is_empty() {
            let item = serde_json::from_str(line).with_context(|| {
                format!("line {number} of `{name}` is no item\nhint: `vigie eval {verb} --help` tells its fields")
            })?;
            with(item).with_context(|| format!("line {number} of `{name}` is no item"))?;
        }
    }
    Ok(())
}
