//! `vigie bulletins`

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::{
    Exit,
    compose::cadence,
    output::{Output, Table},
    sources::at,
};
use crate::{
    bulletin::Edition,
    model::{Bulletin, BulletinId, Cadence, DeliveryState, EmailAddress},
    store::{bulletins, outbox, settings},
    work::{App, compose, letter},
};

#[derive(Debug, Args)]
pub struct Bulletins {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The latest editions, newest first, and where their deliveries stand.
    List {
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// One edition as a reader who wants everything gets it.
    Show {
        id: i64,
        /// The HTML part instead of the text part.
        #[arg(long)]
        html: bool,
    },
    /// What the next edition would hold now; nothing is frozen.
    Preview {
        #[arg(long, value_parser = cadence, default_value = "daily")]
        cadence: Cadence,
        /// The HTML part instead of the text part.
        #[arg(long)]
        html: bool,
    },
    /// To whom one edition goes, where each delivery stands, and what the other side said last.
    Deliveries {
        id: i64,
        /// Only those in this state: queued, claimed, sent, deferred, failed, ambiguous, cancelled.
        #[arg(long, value_parser = state)]
        state: Option<DeliveryState>,
    },
    /// Send one edition to one address now, outside of the outbox.
    Test { id: i64, address: String },
}

pub async fn run(args: &Bulletins, app: &App, out: &Output) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::List { limit } => list(app, *limit, out)?,
        Verb::Show { id, html } => show(app, &find(app, BulletinId::new(*id))?, part(*html), out)?,
        Verb::Preview { cadence, html } => match compose::preview(app, *cadence)? {
            Some(edition) => show(app, &edition, part(*html), out)?,
            None => out.say(format!("no story waits for the {cadence} bulletin")),
        },
        Verb::Deliveries { id, state } => deliveries(app, BulletinId::new(*id), *state, out)?,
        Verb::Test { id, address } => {
            let address = EmailAddress::parse(address)?;
            let reply = letter::test(app, BulletinId::new(*id), &find(app, BulletinId::new(*id))?, &address).await?;
            out.say(format!("sent: {reply}"));
        }
    }
    Ok(Exit::Done)
}

fn state(text: &str) -> anyhow::Result<DeliveryState> {
    let known = DeliveryState::ALL.map(DeliveryState::as_str).join(", ");
    DeliveryState::parse(text).with_context(|| format!("expected one of {known}"))
}

fn deliveries(app: &App, id: BulletinId, state: Option<DeliveryState>, out: &Output) -> anyhow::Result<()> {
    find(app, id)?;
    let mut rows = app.store.read(|db| outbox::of_bulletin(db, id))?;
    rows.retain(|row| state.is_none_or(|state| row.state == state));
    out.list(&rows, || {
        let mut table = Table::new(["ADDRESS", "STATE", "TRIES", "DUE", "LAST REPLY"]);
        for row in &rows {
            let waits = matches!(row.state, DeliveryState::Queued | DeliveryState::Deferred);
            table.row([
                row.address.to_string(),
                row.state.as_str().to_owned(),
                row.attempts.to_string(),
                if waits { at(app, Some(row.due)) } else { String::new() },
                row.reply.clone(),
            ]);
        }
        table
    })
}

#[derive(Debug, Clone, Copy)]
enum Part {
    Text,
    Html,
}

const fn part(html: bool) -> Part {
    if html { Part::Html } else { Part::Text }
}

fn find(app: &App, id: BulletinId) -> anyhow::Result<Edition> {
    match compose::edition(app, id, None)? {
        Some(edition) => Ok(edition),
        None => bail!("there is no bulletin {id}\nhint: `vigie bulletins list` shows the latest"),
    }
}

fn show(app: &App, edition: &Edition, part: Part, out: &Output) -> anyhow::Result<()> {
    let sample = letter::sample(app, edition)?;
    let value = serde_json::json!({ "subject": sample.subject, "edition": edition });
    out.data(&value, || match part {
        Part::Text => format!("{}\n\n{}", sample.subject, sample.text),
        Part::Html => sample.html.clone(),
    })
}

#[derive(serde::Serialize)]
struct Listed {
    #[serde(flatten)]
    bulletin: Bulletin,
    deliveries: Vec<(DeliveryState, u64)>,
}

fn list(app: &App, limit: u32, out: &Output) -> anyhow::Result<()> {
    let (rows, trouble) = app.store.read(|db| {
        let rows = bulletins::latest(db, limit)?
            .into_iter()
            .map(|bulletin| Ok(Listed { deliveries: outbox::tally(db, Some(bulletin.id))?, bulletin }))
            .collect::<Result<Vec<_>, _>>()?;
        Ok((rows, settings::get(db, "relay-trouble")?.unwrap_or_default()))
    })?;
    out.list(&rows, || {
        let mut table = Table::new(["ID", "DATE", "CADENCE", "STORIES", "DELIVERIES"]);
        for Listed { bulletin, deliveries } in &rows {
            let tally: Vec<String> = deliveries.iter().map(|(state, n)| format!("{n} {}", state.as_str())).collect();
            table.row([
                bulletin.id.to_string(),
                bulletin.date.to_string(),
                bulletin.cadence.to_string(),
                bulletin.stories.to_string(),
                tally.join(", "),
            ]);
        }
        table
    })?;
    if !trouble.is_empty() {
        out.say(format!("the last run of the sender stopped: {trouble}"));
    }
    Ok(())
}
