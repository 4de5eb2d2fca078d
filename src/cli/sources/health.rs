//! `vigie sources health`

mod advice;

use std::collections::BTreeMap;

use anyhow::bail;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::at;
use crate::{
    alarm::{AlarmKind, Raised},
    cli::{
        Exit,
        output::{Output, Table},
    },
    model::{Source, SourceId},
    store::{
        alarms,
        details::{self, Unread},
        fetches::{self, Past},
        notices,
        sources::{self, Known, State},
    },
    work::App,
};

#[derive(Debug, Args)]
pub(super) struct Health {
    /// Only this one, with its last visits, its alarms and what to try.
    #[arg(conflicts_with_all = ["all", "broken"])]
    source: Option<String>,
    /// Also those that are no longer in `sources.toml`.
    #[arg(long, conflicts_with = "broken")]
    all: bool,
    /// Only those that somebody must look at.
    #[arg(long)]
    broken: bool,
}

/// How many visits of one source are shown.
const VISITS: u32 = 20;
/// How many documents that were not read are shown.
const UNREAD: u32 = 10;

#[derive(Serialize)]
struct Row {
    id: SourceId,
    state: State,
    since: Timestamp,
    failures: u32,
    last_success: Option<Timestamp>,
    last_new: Option<Timestamp>,
    next_check: Timestamp,
    detail: String,
    /// Where it redirects for good, once it did so often enough to be believed.
    moved_to: Option<String>,
    alarms: Vec<Open>,
    /// Whether somebody must look at it.
    broken: bool,
}

#[derive(Serialize)]
struct Open {
    kind: AlarmKind,
    since: Timestamp,
    detail: String,
}

impl Row {
    fn new(known: Known, alarms: Vec<Raised>) -> Self {
        let alarms: Vec<Open> = alarms
            .into_iter()
            .map(|raised| Open { kind: raised.alarm.kind, since: raised.alarm.since, detail: raised.alarm.detail })
            .collect();
        Self {
            broken: known.state.is_failure() || alarms.iter().any(|alarm| alarm.kind.is_broken()),
            moved_to: known.proposed_address().map(str::to_owned),
            id: known.id,
            state: known.state,
            since: known.since,
            failures: known.failures,
            last_success: known.last_success,
            last_new: known.last_new,
            next_check: known.next_check,
            detail: known.detail,
            alarms,
        }
    }

    /// The state of the last visit, unless an alarm says more.
    fn state(&self) -> &'static str {
        match self.alarms.iter().map(|alarm| alarm.kind).min() {
            Some(kind) if !self.state.is_failure() => kind.as_str(),
            _ => self.state.as_str(),
        }
    }

    fn cause(&self) -> &str {
        let alarm = self.alarms.iter().min_by_key(|alarm| alarm.kind).filter(|_| !self.state.is_failure());
        let cause = match alarm {
            Some(alarm) => &alarm.detail,
            None => &self.detail,
        };
        cause.lines().next().unwrap_or_default()
    }
}

pub(super) fn run(args: &Health, app: &App, out: &Output) -> anyhow::Result<Exit> {
    match &args.source {
        Some(name) => one(app, name, out),
        None => all(args, app, out),
    }
}

fn all(args: &Health, app: &App, out: &Output) -> anyhow::Result<Exit> {
    let (known, open) = app.store.read(|db| Ok((sources::all(db)?, alarms::all_open(db)?)))?;
    let mut alarms: BTreeMap<SourceId, Vec<Raised>> = BTreeMap::new();
    open.into_iter().for_each(|raised| alarms.entry(raised.source.clone()).or_default().push(raised));
    let watched: BTreeMap<&SourceId, &Source> = app.config.sources.iter().map(|source| (&source.id, source)).collect();
    let last_success = known.iter().filter(|k| watched.contains_key(&k.id)).filter_map(|k| k.last_success).max();
    let rows = known.into_iter().map(|known| {
        let alarms = alarms.remove(&known.id).unwrap_or_default();
        Row::new(known, alarms)
    });
    let rows: Vec<Row> = rows.filter(|row| args.all || watched.contains_key(&row.id)).collect();
    let broken = rows.iter().any(|row| row.broken && watched.contains_key(&row.id));
    let shown: Vec<&Row> = rows.iter().filter(|row| !args.broken || row.broken || !row.alarms.is_empty()).collect();
    let mut text = format!("{}\n", age(app, last_success));
    if !shown.is_empty() {
        let mut table = Table::new(["ID", "STATE", "SINCE", "LAST SUCCESS", "LAST NEW", "NEXT", "CAUSE"]);
        for row in &shown {
            table.row([
                row.id.to_string(),
                row.state().to_owned(),
                at(app, Some(row.since)),
                at(app, row.last_success),
                at(app, row.last_new),
                at(app, Some(row.next_check)),
                row.cause().to_owned(),
            ]);
        }
        text += &table.to_string();
    }
    for row in &shown {
        if let Some(moved) = &row.moved_to {
            text += &format!("\n{} moved for good; in `sources.toml`:\nurl = \"{moved}\"\n", row.id);
        }
    }
    out.text_or_list(&shown, &text)?;
    Ok(if broken { Exit::Partly } else { Exit::Done })
}

/// How old what is known is: « last success of any source: 2026-11-23 10:00, 5 min ago ».
fn age(app: &App, last_success: Option<Timestamp>) -> String {
    let Some(last) = last_success else { return String::from("last success of any source: never") };
    let minutes = app.clock.now().duration_since(last).max(SignedDuration::ZERO).as_mins();
    let ago = match minutes {
        0..120 => format!("{minutes} min"),
        120..2_880 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1_440),
    };
    format!("last success of any source: {}, {ago} ago", at(app, Some(last)))
}

/// Whether the settings say to watch a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    Watched,
    /// With `enabled = false`.
    Aside,
    /// No longer in `sources.toml`.
    Removed,
}

#[derive(Serialize)]
struct Detailed {
    #[serde(flatten)]
    row: Row,
    standing: Standing,
    notices: u64,
    /// How many of its documents were read at their own addresses, are due, cannot be read, are reserved.
    documents: BTreeMap<String, u32>,
    /// The latest that were not read, and why.
    unread: Vec<Unread>,
    /// What was wrong with the last page that was read.
    problems: Vec<String>,
    visits: Vec<Past>,
    /// What to try, by cause: a sentence, then a command or a line of `sources.toml`.
    hints: Vec<[String; 2]>,
}

fn one(app: &App, name: &str, out: &Output) -> anyhow::Result<Exit> {
    let detailed = app.store.read(|db| {
        let Some(id) = SourceId::parse(name) else { return Ok(None) };
        let Some(known) = sources::get(db, &id)? else { return Ok(None) };
        let row = Row::new(known, alarms::open(db, &id)?);
        let source = app.config.sources.iter().find(|source| source.id == id);
        let standing = match source {
            Some(_) => Standing::Watched,
            None if app.config.aside.iter().any(|source| source.id == id) => Standing::Aside,
            None => Standing::Removed,
        };
        let alarms = || row.alarms.iter().map(|alarm| (alarm.kind, &*alarm.detail));
        let hints = source.map(|source| advice::advice(source, row.state, &row.detail, alarms()));
        Ok(Some(Detailed {
            hints: hints.unwrap_or_default(),
            standing,
            row,
            notices: notices::count(db, &id)?,
            documents: details::states(db, &id)?,
            unread: details::unread(db, &id, UNREAD)?,
            problems: fetches::last_problems(db, &id)?,
            visits: fetches::latest(db, &id, VISITS)?,
        }))
    })?;
    let Some(detailed) = detailed else {
        bail!("there is no source `{name}`\nhint: `vigie sources list` names those of `sources.toml`");
    };
    out.data(&detailed, || written(app, &detailed))?;
    let is_watched = detailed.standing == Standing::Watched;
    Ok(if detailed.row.broken && is_watched { Exit::Partly } else { Exit::Done })
}

fn written(app: &App, detailed: &Detailed) -> String {
    let Detailed { row, standing, notices, documents, unread, problems, visits, hints } = detailed;
    let next = match standing {
        Standing::Watched => at(app, Some(row.next_check)),
        Standing::Aside => String::from("never: it is put aside, with `enabled = false` in `sources.toml`"),
        Standing::Removed => String::from("never: it is no longer in `sources.toml`"),
    };
    let mut text = format!(
        "{}: {} since {}\nfailures in a row: {}\nlast success: {}\nlast new notice: {}\nnext: {next}\nnotices: {notices}\n",
        row.id,
        row.state.as_str(),
        at(app, Some(row.since)),
        row.failures,
        at(app, row.last_success),
        at(app, row.last_new),
    );
    // What to do about it stands below.
    let cause = |detail: &str| detail.lines().next().unwrap_or_default().to_owned();
    if !row.detail.is_empty() {
        text += &format!("cause: {}\n", cause(&row.detail));
    }
    for alarm in &row.alarms {
        let detail = if alarm.detail == row.detail { String::new() } else { format!(": {}", cause(&alarm.detail)) };
        text += &format!("alarm: {} since {}{detail}\n", alarm.kind.as_str(), at(app, Some(alarm.since)));
    }
    for (state, count) in documents {
        text += &format!("documents {state}: {count}\n");
    }
    for Unread { notice, url, problem } in unread {
        text += &format!("not read: {url} (notice {notice}): {}\n", cause(problem));
    }
    problems.iter().for_each(|problem| text += &format!("problem: {problem}\n"));
    for [sentence, command] in hints {
        text += &format!("\nwhat to try: {sentence}\n    {command}\n");
    }
    if !visits.is_empty() {
        let mut table =
            Table::new(["AT", "STATE", "STATUS", "BYTES", "MS", "DRAFTS", "NEW", "REVISED", "PROBLEMS", "CAUSE"]);
        for Past { fetch, problems } in visits {
            table.row([
                at(app, Some(fetch.at)),
                fetch.outcome.as_str().to_owned(),
                fetch.status.map_or_else(|| String::from("-"), |status| status.to_string()),
                fetch.bytes.to_string(),
                fetch.millis.to_string(),
                fetch.drafts.to_string(),
                fetch.new.to_string(),
                fetch.revised.to_string(),
                problems.to_string(),
                fetch.detail.lines().next().unwrap_or_default().to_owned(),
            ]);
        }
        text += &format!("\n{table}");
    }
    text
}
