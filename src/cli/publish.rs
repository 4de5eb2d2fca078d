//! `vigie publish`

use std::path::PathBuf;

use clap::Args;

use super::{Exit, output::Output};
use crate::work::{App, publish};

#[derive(Debug, Args)]
pub struct Publish {
    /// The folder [default: `out` of `[publish]`]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn run(args: &Publish, app: &App, out: &Output) -> anyhow::Result<Exit> {
    let written = publish::publish(app, args.out.as_deref())?;
    let folder = args.out.as_deref().unwrap_or(&app.config.publish.out).display().to_string();
    let value = serde_json::json!({
        "folder": folder, "written": written.written, "unchanged": written.unchanged, "removed": written.removed,
    });
    out.data(&value, String::new)?;
    out.say(format!(
        "{folder}: {} files written, {} unchanged, {} removed",
        written.written, written.unchanged, written.removed
    ));
    Ok(Exit::Done)
}
