//! `vigie eval dedup`

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use jiff::Timestamp;

use super::each_line;
use crate::{
    cli::{Exit, Global, load, output::Output},
    work::replay::{Document, Replay},
};

#[derive(Debug, Args)]
pub struct Dedup {
    /// One JSON object a line (`-`: standard input), in the order of arrival: `id`, `source` (a name), `title`,
    /// `published`, and where known `url`, `text`, `lang`, and the `nature` that its source gives.
    file: PathBuf,
}

/// So many share a transaction.
const TOGETHER: usize = 200;

pub fn run(args: &Dedup, global: &Global, out: &Output) -> anyhow::Result<Exit> {
    let mut documents: Vec<Document> = Vec::new();
    let (mut ids, mut sources) = (BTreeSet::new(), BTreeSet::new());
    each_line(&args.file, "dedup", |document: Document| {
        if !ids.insert(document.id.clone()) {
            bail!("`{}` is there twice\nhint: give each document an `id` of its own", document.id);
        }
        sources.insert(document.source.clone());
        documents.push(document);
        Ok(())
    })?;
    let loaded = load::installed(global)?;
    let mut replay = Replay::new(loaded.config, loaded.rules, &sources, Timestamp::UNIX_EPOCH)?;
    let bar = out.progress(documents.len() as u64);
    for part in documents.chunks(TOGETHER) {
        for recognised in replay.take(part)? {
            bar.inc(1);
            // Data for a program, with `--json` or without.
            let line = serde_json::to_string(&recognised).context("what was decided cannot be written")?;
            out.data(&recognised, || line)?;
        }
    }
    bar.finish_and_clear();
    Ok(Exit::Done)
}
