//! `vigie sources health`

use jiff::Timestamp;
use serde::Serialize;

use super::at;
use crate::{
    cli::{
        Exit,
        output::{Output, Table},
    },
    model::SourceId,
    store::{
        fetches, notices,
        sources::{self, Known, State},
    },
    work::App,
};

#[derive(Serialize)]
struct Health {
    id: SourceId,
    state: State,
    since: Timestamp,
    failures: u32,
    last_success: Option<Timestamp>,
    last_new: Option<Timestamp>,
    next_check: Timestamp,
    notices: u64,
    detail: String,
    moved_to: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
}

pub(super) fn all(app: &App, out: &Output) -> anyhow::Result<Exit> {
    let rows = app.store.read(|db| {
        sources::all(db)?.into_iter().map(|known| Ok(told(notices::count(db, &known.id)?, known, vec![]))).collect()
    });
    let configured = |id: &SourceId| app.config.sources.iter().any(|source| &source.id == id);
    let rows: Vec<Health> = rows?;
    let rows: Vec<Health> = rows.into_iter().filter(|row| configured(&row.id)).collect();
    out.list(&rows, || {
        let mut table = Table::new(["ID", "STATE", "SINCE", "NOTICES", "LAST NEW", "NEXT", "CAUSE"]);
        for row in &rows {
            table.row([
                row.id.to_string(),
                row.state.as_str().to_owned(),
                at(app, Some(row.since)),
                row.notices.to_string(),
                at(app, row.last_new),
                at(app, Some(row.next_check)),
                row.detail.lines().next().unwrap_or_default().to_owned(),
            ]);
        }
        table
    })?;
    Ok(if rows.iter().any(|row| row.state.is_failure()) { Exit::Partly } else { Exit::Done })
}

pub(super) fn one(app: &App, name: &str, out: &Output) -> anyhow::Result<Exit> {
    let known = app.store.read(|db| {
        let Some(id) = SourceId::parse(name) else { return Ok(None) };
        let Some(known) = sources::get(db, &id)? else { return Ok(None) };
        Ok(Some(told(notices::count(db, &id)?, known, fetches::last_problems(db, &id)?)))
    })?;
    let Some(health) = known else {
        anyhow::bail!("there is no source `{name}`\nhint: `vigie sources list` names those of `sources.toml`");
    };
    out.data(&health, || {
        let mut text = format!(
            "{}: {} since {}\nfailures in a row: {}\nlast success: {}\nlast new notice: {}\nnext: {}\nnotices: {}\n",
            health.id,
            health.state.as_str(),
            at(app, Some(health.since)),
            health.failures,
            at(app, health.last_success),
            at(app, health.last_new),
            at(app, Some(health.next_check)),
            health.notices,
        );
        if !health.detail.is_empty() {
            text += &format!("cause: {}\n", health.detail);
        }
        if let Some(moved) = &health.moved_to {
            text += &format!("moved for good to {moved}\nhint: set its `url` in `sources.toml`\n");
        }
        health.problems.iter().for_each(|problem| text += &format!("problem: {problem}\n"));
        text
    })?;
    Ok(if health.state.is_failure() { Exit::Partly } else { Exit::Done })
}

fn told(notices: u64, known: Known, problems: Vec<String>) -> Health {
    Health {
        id: known.id,
        state: known.state,
        since: known.since,
        failures: known.failures,
        last_success: known.last_success,
        last_new: known.last_new,
        next_check: known.next_check,
        notices,
        detail: known.detail,
        moved_to: known.moved_to,
        problems,
    }
}
