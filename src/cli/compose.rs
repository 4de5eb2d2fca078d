//! `vigie compose`

use anyhow::anyhow;
use clap::Args;

use super::{
    Exit,
    output::{Output, Table, count},
};
use crate::{
    model::Cadence,
    work::{
        App,
        compose::{self, Composed, Which},
    },
};

#[derive(Debug, Args)]
pub struct Compose {
    /// This bulletin now, whatever the time: daily, weekly, monthly or alert.
    #[arg(long, value_parser = cadence)]
    cadence: Option<Cadence>,
}

pub fn cadence(text: &str) -> anyhow::Result<Cadence> {
    Cadence::parse(text).ok_or_else(|| anyhow!("expected `daily`, `weekly`, `monthly` or `alert`"))
}

pub fn run(args: &Compose, app: &App, out: &Output) -> anyhow::Result<Exit> {
    let composed = compose::compose(app, args.cadence.map_or(Which::Due, Which::Now))?;
    out.list(&composed, Table::default)?;
    tell(&composed, out);
    if composed.is_empty() {
        out.say("nothing to freeze: no bulletin is due, or no story waits for it");
    }
    Ok(Exit::Done)
}

pub fn tell(composed: &[Composed], out: &Output) {
    for one in composed {
        out.say(format!(
            "bulletin {} ({}, {}): {}, {}",
            one.bulletin,
            one.cadence,
            one.date,
            count(one.stories, "story"),
            count(one.deliveries, "delivery"),
        ));
    }
}
