//! `vigie weather`

use super::{
    Exit,
    output::{Output, Table, count},
    sources::at,
};
use crate::{
    alarm::Weather,
    text,
    work::{App, weather},
};

/// So many operators in calm weather stand in the table: most keep the mailboxes of one town hall.
const CALM: usize = 30;
/// So much of a reply stands in the table.
const SHOWN: usize = 60;

pub fn run(app: &App, out: &Output) -> anyhow::Result<Exit> {
    let skies = weather::now(app)?;
    let is_rough = |sky: &&weather::Sky| sky.state != Weather::Calm;
    let shown = skies.iter().take(skies.iter().take_while(is_rough).count() + CALM);
    let left = skies.len() - shown.len();
    out.list(&skies, || {
        let mut table = Table::new(["OPERATOR", "STATE", "REFUSED IN 6 H", "USUALLY", "SINCE", "REPLY"]);
        for sky in shown {
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
    if left > 0 {
        out.say(format!("{} more in calm weather: `--json` lists all", count(left, "operator")));
    }
    if skies.is_empty() {
        out.say("nothing was sent to a known operator of late");
    }
    Ok(Exit::Done)
}
