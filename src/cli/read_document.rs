//! `vigie read-document`: the process that [`crate::sandbox::read`] starts for each PDF file. Not for people.

use anyhow::Context;
use clap::Args;

use super::Exit;
use crate::sandbox::{self, Limits};

#[derive(Debug, Args)]
pub struct ReadDocument {
    #[arg(long)]
    seconds: u64,
    #[arg(long)]
    memory: u64,
}

pub fn run(args: &ReadDocument) -> anyhow::Result<Exit> {
    let limits = Limits { seconds: args.seconds, memory: args.memory };
    sandbox::serve(limits).context("cannot read a document")?;
    Ok(Exit::Done)
}
