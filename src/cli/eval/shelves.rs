//! `vigie eval shelves`

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde::{Deserialize, Serialize};
use url::Url;

use super::each_line;
use crate::{
    classify::{Rules, classify},
    cli::{Exit, Global, load, output::Output},
    model::{Authority, Draft, Nature, SectionId, Severity, Source, SourceId},
    normalise::reference,
};

#[derive(Debug, Args)]
pub struct Shelves {
    /// One JSON object a line (`-`: standard input): `id`, `source` (a name), `title`; and where known `text`, `url`,
    /// `categories`, `section`, `nature` and `authority` (those of the source).
    file: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    id: String,
    source: String,
    section: Option<String>,
    nature: Option<String>,
    authority: Option<String>,
    url: Option<String>,
    title: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    categories: Vec<String>,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    section: &'a SectionId,
    also: &'a [SectionId],
    nature: Nature,
    severity: Severity,
    /// In points.
    relevance: i32,
    relevant: bool,
    because: Vec<String>,
}

pub fn run(args: &Shelves, global: &Global, out: &Output) -> anyhow::Result<Exit> {
    let rules = load::installed(global)?.rules;
    each_line(&args.file, "shelves", |item: Item| {
        let source = source(&rules, &item)?;
        let draft = draft(&item)?;
        let shelved = classify(&rules, &source, &draft);
        let mut because = shelved.because;
        because.push(shelved.relevance.told());
        let line = Line {
            id: &item.id,
            section: &shelved.section,
            also: &shelved.also,
            nature: shelved.nature,
            severity: shelved.severity,
            relevance: shelved.relevance.points,
            relevant: shelved.relevance.points >= rules.least_relevance(),
            because,
        };
        // Data for a program, with `--json` or without.
        out.data(&line, || serde_json::to_string(&line).unwrap_or_default())
    })?;
    Ok(Exit::Done)
}

/// A source of that name, on the shelf that is named, else on the first.
fn source(rules: &Rules, item: &Item) -> anyhow::Result<Source> {
    let sections = rules.sections();
    let section = match &item.section {
        Some(name) => sections.named(name).with_context(|| {
            let all: Vec<&str> = sections.iter().map(|section| section.id.as_str()).collect();
            format!("there is no section `{name}`\nhint: one of {}", all.join(", "))
        })?,
        // As the settings have it for a source that names none.
        None => sections.named("tic").or(sections.iter().next()).context("the rules name no section")?,
    };
    // Rules that name sources by their id are tried where the name is one.
    let id = SourceId::parse(&item.source).or_else(|| SourceId::parse("eval")).context("a fixed id")?;
    let mut source = Source::feed(id, &item.source, Url::parse("https://eval.invalid/")?, section.id.clone());
    if let Some(name) = &item.nature {
        source.nature = choice("nature", name, Nature::parse, &Nature::ALL.map(Nature::as_str))?;
    }
    if let Some(name) = &item.authority {
        source.authority = choice("authority", name, Authority::parse, &Authority::ALL.map(Authority::as_str))?;
    }
    Ok(source)
}

fn choice<T>(what: &str, name: &str, parse: impl Fn(&str) -> Option<T>, all: &[&str]) -> anyhow::Result<T> {
    parse(name).with_context(|| format!("there is no {what} `{name}`\nhint: one of {}", all.join(", ")))
}

fn draft(item: &Item) -> anyhow::Result<Draft> {
    let url =
        match item.url.as_deref().filter(|url| !url.is_empty()) {
            Some(url) => Some(Url::parse(url).with_context(|| {
                format!("`{url}` is no address\nhint: leave `url` out, or write it with `https://`")
            })?),
            None => None,
        };
    Ok(Draft {
        reference: reference::own(url.as_ref(), None, &item.title),
        url,
        title: item.title.clone(),
        text: item.text.clone(),
        categories: item.categories.clone(),
        ..Draft::default()
    })
}
