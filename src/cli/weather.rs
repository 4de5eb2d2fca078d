//! `vigie weather`

use super::{
    Exit,
    output::{Output, Table},
    sources::at,
};
use crate::{
    text,
    work::{App, weather},
};

/// So much of a reply stands in the table.
const SHOWN: usize = 60;

pub fn run(app: &App, out: &Output) -> anyhow::Result<Exit> {
    let skies = weather::now(app)?;
    out.list(&skies, || {
        let mut table = Table::new(["OPERATOR", "STATE", "REFUSED IN 6 H", "USUALLY", "SINCE", "REPLY"]);
        for sky in &skies {
            table.row([
                sky.name.clone(),
                sky.state.as_str().to_owned(),
                format!("{} of {}", sky.recent.refused, sky.recent.all()),
                format!("{:.0} %", sky.habit * 100.0),
                sky.since.map_or_else(String::new, |since| at(app, Some(since))),
                text::truncate(&sky.reply, SHOWN),
            ]);
        }
        table
    })?;
    if skies.is_empty() {
        out.say("nothing was sent to a known operator of late");
    }
    Ok(Exit::Done)
}
