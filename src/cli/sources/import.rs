//! `vigie sources import-opml`

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

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
    work::{
        App,
        import::{self, Imported},
    },
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
    let mut imported = import::import(app, &body).with_context(|| format!("cannot take in `{file}`"))?;
    let path = load::sources_path(global);
    let before = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", path.display())),
    };
    let text = match accepted(&mut imported, before.trim_end(), global, &path) {
        Ok(text) => text,
        Err(error) => {
            if args.write {
                out.complain(format!("nothing was written to `{}`", path.display()));
            }
            return Err(error);
        }
    };
    if args.write && !imported.sources.is_empty() {
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
        true => out.say(format!("{what} added to `{}`", path.display())),
        false => out.say(format!("{what}; `--write` adds them to `{}`", path.display())),
    }
    Ok(if imported.problems.is_empty() { Exit::Done } else { Exit::Partly })
}

/// The file of the sources with what is taken in. What the check of the settings refuses is left out, with the reason.
///
/// # Errors
/// What is wrong with the file otherwise.
fn accepted(imported: &mut Imported, before: &str, global: &Global, path: &Path) -> anyhow::Result<String> {
    loop {
        let mut text = before.to_owned();
        // Which line each table begins on, counted from 1.
        let mut begins = Vec::with_capacity(imported.sources.len());
        for source in &imported.sources {
            text += if text.is_empty() { "" } else { "\n\n" };
            begins.push(text.matches('\n').count() + 1);
            text += source_table(source, &[]).trim_end();
        }
        text.push('\n');
        let Err(error) = load::would_load(global, path, &text) else { return Ok(text) };
        let Some(load::ConfigError::Problems(problems)) = error.downcast_ref() else { return Err(error) };
        let file = path.display().to_string();
        let mut refused: BTreeMap<usize, String> = BTreeMap::new();
        for problem in problems.iter().filter(|problem| problem.file == file) {
            let place = begins.partition_point(|line| *line <= problem.line).checked_sub(1);
            place.map(|place| refused.entry(place).or_insert_with(|| problem.message.clone()));
        }
        // Each round leaves something out, or is the last.
        if refused.is_empty() {
            return Err(error);
        }
        for (place, why) in refused.into_iter().rev() {
            let source = imported.sources.remove(place);
            imported.left_out.push(format!("{}: {why}", source.name));
        }
    }
}
