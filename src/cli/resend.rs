//! `vigie resend`

use clap::Args;
use serde::Serialize;

use super::{Exit, output::Output};
use crate::{
    model::BulletinId,
    work::{App, resend},
};

#[derive(Debug, Args)]
pub struct Resend {
    /// The bulletin whose deliveries failed or are ambiguous: those are queued once more, for one try each.
    #[arg(long, value_name = "BULLETIN")]
    missing: i64,
}

#[derive(Serialize)]
struct Resent {
    bulletin: BulletinId,
    queued: usize,
}

pub fn run(args: &Resend, app: &App, out: &Output) -> anyhow::Result<Exit> {
    let bulletin = BulletinId::new(args.missing);
    let queued = resend::missing(app, bulletin)?;
    out.data(&Resent { bulletin, queued }, String::new)?;
    out.say(format!("bulletin {bulletin}: {queued} deliveries queued again; `vigie send` sends them"));
    Ok(Exit::Done)
}
