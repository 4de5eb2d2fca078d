//! `vigie sources import-opml`

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde::Serialize;

use crate::{
    cli::{
        Exit, Global, load,
        output::{Output, count},
    },
    config::source_table,
    files,
    model::SourceId,
    work::{App, import},
};

#[derive(Debug, Args)]
pub struct Import {
    /// An OPML list, as readers of feeds export it.
    file: PathBuf,
    /// Add the sources to `sources.toml` instead of printing them.
    #[arg(long)]
    write: bool,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a SourceId,
    name: &'a str,
    url: &'a str,
    section: &'a str,
    toml: String,
}

pub fn run(args: &Import, global: &Global, app: &App, out: &Output) -> anyhow::Result<Exit> {
    let file = args.file.display();
    let body = std::fs::read(&args.file).with_context(|| format!("cannot read `{file}`\nhint: name an OPML file"))?;
    let imported = import::import(app, &body).with_context(|| format!("cannot take in `{file}`"))?;
    if args.write && !imported.sources.is_empty() {
        let path = load::sources_path(global);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", path.display())),
        };
        let text = match text.trim_end() {
            "" => imported.tables(),
            before => format!("{before}\n\n{}", imported.tables()),
        };
        load::would_load(global, &path, &text)?;
        files::write_file(&path, text.as_bytes()).with_context(|| {
            format!("cannot write `{}`\nhint: the file and its folder must be writable for this user", path.display())
        })?;
    }
    let row = |source| {
        let toml = source_table(source, &[]);
        Row { id: &source.id, name: &source.name, url: source.url.as_str(), section: source.section.as_str(), toml }
    };
    let rows: Vec<Row<'_>> = imported.sources.iter().map(row).collect();
    let printed = if args.write { String::new() } else { imported.tables() };
    out.text_or_list(&rows, &printed)?;
    imported.left_out.iter().for_each(|why| out.say(format!("left out: {why}")));
    imported.problems.iter().for_each(|problem| out.complain(problem.to_string()));
    let what = count(rows.len(), "source");
    match args.write {
        true => out.say(format!("{what} added to `{}`", load::sources_path(global).display())),
        false => out.say(format!("{what}; `--write` adds them to `{}`", load::sources_path(global).display())),
    }
    Ok(if imported.problems.is_empty() { Exit::Done } else { Exit::Partly })
}
