//! `vigie sources try`

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::at;
use crate::{
    cli::{
        Exit, load,
        output::{Output, Table, count},
    },
    model::{Source, SourceId},
    text,
    work::{
        App,
        attempt::{self, Proposal, Tried},
    },
};

#[derive(Debug, Args)]
pub struct Try {
    /// A path, an http(s) address, or the id of a source.
    file_or_url: String,
    /// Read it as the `[[source]]` of this file says.
    #[arg(long = "as", value_name = "FILE.toml", conflicts_with = "keys")]
    described: Option<PathBuf>,
    #[command(flatten)]
    mapping: Keys,
    /// Also print the summary and the text of each entry.
    #[arg(long)]
    full: bool,
}

/// Keys of a `[[source]]`, to try a mapping before it stands in a file.
#[derive(Debug, Args)]
#[group(id = "keys", multiple = true)]
struct Keys {
    /// How it is read: feed, html, links, sitemap, json, xml, csv.
    #[arg(long)]
    kind: Option<String>,
    /// Where the documents stand, such as `main article`.
    #[arg(long, value_name = "PLACE")]
    item: Option<String>,
    #[arg(long, value_name = "PLACE")]
    title: Option<String>,
    #[arg(long, value_name = "PLACE")]
    link: Option<String>,
    #[arg(long, value_name = "PLACE")]
    date: Option<String>,
    #[arg(long, value_name = "PLACE")]
    summary: Option<String>,
    #[arg(long, value_name = "PLACE")]
    reference: Option<String>,
    /// Which addresses are documents: a regular expression.
    #[arg(long, value_name = "REGEX")]
    pattern: Option<String>,
    /// What divides the columns of a table.
    #[arg(long, value_name = "SIGN")]
    delimiter: Option<String>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    problems: Vec<String>,
}

/// Among the entries of `--json`, told from them by its name.
#[derive(Serialize)]
struct Proposed<'a> {
    proposed: &'a SourceId,
    url: &'a str,
    kind: &'a str,
    entries: usize,
    toml: &'a str,
}

pub async fn run(args: &Try, app: &App, out: &Output) -> anyhow::Result<Exit> {
    let what = &args.file_or_url;
    let described = match &args.described {
        Some(file) => {
            let name = file.display().to_string();
            let text = std::fs::read_to_string(file).with_context(|| {
                format!("cannot read `{name}`\nhint: write a file with one `[[source]]` table, as in `sources.toml`")
            })?;
            Some(load::described(&name, &text, app)?)
        }
        None => by_keys(&args.mapping, what, app)?,
    };
    let tried = attempt::attempt_as(app, what, described).await?;
    let failed = tried.failed();
    let entries = entries(&tried, args);
    match args.full {
        true => out.text_or_list(&entries, &entries.iter().map(|entry| in_full(app, entry)).collect::<String>())?,
        false => out.list(&entries, || table(app, &entries))?,
    }
    let proposed: Vec<Proposed<'_>> = tried.proposals.iter().map(proposed).collect();
    out.text_or_list(&proposed, &tables(&tried.proposals))?;
    tried.problems.iter().for_each(|problem| out.complain(problem.to_string()));
    out.say(count(entries.len(), "entry"));
    if !proposed.is_empty() {
        out.say(format!("{} of a source that can be read instead: see above", count(proposed.len(), "proposal")));
    }
    Ok(if failed { Exit::Partly } else { Exit::Done })
}

/// A source made of the options, through the same check as those of a file. `None` without any.
fn by_keys(keys: &Keys, what: &str, app: &App) -> anyhow::Result<Option<Source>> {
    let written = [
        ("kind", &keys.kind),
        ("item", &keys.item),
        ("title", &keys.title),
        ("link", &keys.link),
        ("date", &keys.date),
        ("summary", &keys.summary),
        ("reference", &keys.reference),
        ("pattern", &keys.pattern),
        ("delimiter", &keys.delimiter),
    ];
    let written: Vec<(&str, &String)> =
        written.into_iter().filter_map(|(key, value)| Some((key, value.as_ref()?))).collect();
    if written.is_empty() {
        return Ok(None);
    }
    let known = app.config.sources.iter().chain(&app.config.aside).find(|source| source.id.as_str() == what);
    let is_address = what.starts_with("http://") || what.starts_with("https://");
    let url = match known {
        Some(source) => source.url.to_string(),
        None if is_address => what.to_owned(),
        None => String::from("http://localhost/"),
    };
    let value = |text: &str| toml::Value::from(text).to_string();
    // The fetcher decides for itself which addresses may be reached.
    let mut text = format!("[[source]]\nid = \"tried\"\nurl = {}\nallow_private = true\n", value(&url));
    written.into_iter().for_each(|(key, place)| text += &format!("{key} = {}\n", value(place)));
    let source = load::described("(options)", &text, app)?;
    Ok(Some(Source { allow_private: known.is_some_and(|known| known.allow_private), ..source }))
}

fn entries(tried: &Tried, args: &Try) -> Vec<Entry> {
    let entry = |entry: &attempt::Entry| {
        let draft = &entry.draft;
        Entry {
            title: draft.title.clone(),
            url: draft.url.as_ref().map(ToString::to_string),
            guid: draft.guid.clone(),
            reference: draft.reference.as_ref().map(|reference| reference.number.clone()),
            published: draft.published.map(|date| date.at),
            section: entry.shelved.section.to_string(),
            nature: entry.shelved.nature.to_string(),
            severity: entry.shelved.severity.to_string(),
            summary: draft.summary.clone(),
            text: args.full.then(|| draft.text.clone()),
            problems: entry.problems.iter().map(|problem| problem.message.clone()).collect(),
        }
    };
    tried.entries.iter().map(entry).collect()
}

fn table(app: &App, entries: &[Entry]) -> Table {
    if entries.is_empty() {
        return Table::default();
    }
    let mut table = Table::new(["DATE", "NATURE", "SECTION", "SEVERITY", "REFERENCE", "TITLE", "ADDRESS", "PROBLEMS"]);
    for entry in entries {
        table.row([
            entry.published.map_or_else(String::new, |date| at(app, Some(date))),
            entry.nature.clone(),
            entry.section.clone(),
            entry.severity.clone(),
            entry.reference.clone().unwrap_or_default(),
            text::truncate(&entry.title, 60),
            entry.url.clone().unwrap_or_default(),
            entry.problems.join("; ").replace('\n', "; "),
        ]);
    }
    table
}

fn in_full(app: &App, entry: &Entry) -> String {
    let mut lines = vec![entry.title.clone()];
    let date = entry.published.map_or_else(|| String::from("no date"), |date| at(app, Some(date)));
    lines.push(format!("  {date}, {}, {}, {}", entry.nature, entry.section, entry.severity));
    lines.extend(entry.reference.iter().map(|reference| format!("  reference: {reference}")));
    lines.extend(entry.url.iter().map(|url| format!("  {url}")));
    lines.extend(entry.problems.iter().map(|problem| format!("  problem: {}", problem.replace('\n', "; "))));
    let mut said = |name: &str, text: &str| {
        if !text.is_empty() {
            lines.push(format!("  {name}:"));
            lines.extend(text.lines().map(|line| format!("    {line}")));
        }
    };
    said("summary", &entry.summary);
    said("text", entry.text.as_deref().filter(|text| *text != entry.summary).unwrap_or_default());
    lines.join("\n") + "\n\n"
}

fn proposed(proposal: &Proposal) -> Proposed<'_> {
    Proposed {
        proposed: &proposal.source.id,
        url: proposal.source.url.as_str(),
        kind: proposal.source.kind.as_str(),
        entries: proposal.entries,
        toml: &proposal.table,
    }
}

/// The first as it goes into `sources.toml`, the others as comments: one page is watched once.
fn tables(proposals: &[Proposal]) -> String {
    let table = |(place, proposal): (usize, &Proposal)| match place {
        0 => proposal.table.clone(),
        _ => {
            let commented = proposal.table.lines().map(|line| format!("# {line}\n"));
            format!("\n# Or else:\n{}", commented.collect::<String>())
        }
    };
    proposals.iter().enumerate().map(table).collect()
}
