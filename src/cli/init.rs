//! `vigie init`

use std::{fs::OpenOptions, io::Write, path::PathBuf};

use anyhow::Context;
use clap::Args;

use super::{Exit, output::Output};
use crate::config;

#[derive(Debug, Args)]
pub struct Init {
    /// The folder; made where there is none.
    #[arg(default_value = ".")]
    dir: PathBuf,
}

const FILES: [(&str, &str); 2] = [("vigie.toml", config::INIT_SETTINGS), ("sources.toml", config::INIT_SOURCES)];

/// Writes both files, and touches none that is there.
pub fn run(args: &Init, out: &Output) -> anyhow::Result<Exit> {
    std::fs::create_dir_all(&args.dir).with_context(|| format!("cannot make the folder `{}`", args.dir.display()))?;
    for (name, text) in FILES {
        let path = args.dir.join(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes()).with_context(|| format!("cannot write `{}`", path.display()))?;
                out.say(format!("wrote {}", path.display()));
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                out.say(format!("kept {}: it is there already", path.display()));
            }
            Err(error) => return Err(error).with_context(|| format!("cannot write `{}`", path.display())),
        }
    }
    out.say("next: edit vigie.toml (site, mail), then `vigie check` and `vigie crawl`");
    Ok(Exit::Done)
}
