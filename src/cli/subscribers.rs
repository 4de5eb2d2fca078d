//! `vigie subscribers`

use std::{fs::File, path::PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::{
    Exit,
    output::{Output, Table, count},
    sources::at,
};
use crate::{
    model::{AlertWish, Consent, Delivery, EmailAddress, Matter, Subscriber, SubscriberState},
    store::{
        outbox,
        subscribers::{self, Added, Left},
        suppressions::{self, Suppression},
    },
    work::{
        App,
        subscribe::{self, COLUMNS, Request, refusal},
    },
};

#[derive(Debug, Args)]
pub struct Subscribers {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Add a reader, or renew what one wants.
    Add(Add),
    /// Take in a CSV file: every bad line is named, every good one taken.
    ///
    /// The first line names the columns: email, cadence, sections, natures, severity, alerts_from, alert_words,
    /// consent_what, consent_when, consent_how.
    Import { file: PathBuf },
    /// All readers.
    List,
    /// One reader: preferences, consent, deliveries.
    Show { address: String },
    /// All readers, in the format that `import` takes.
    Export,
    /// Let a reader go, at once.
    Remove { address: String },
    /// Never write to an address again, whoever adds it.
    Suppress {
        address: String,
        /// The reason, for whoever asks later.
        #[arg(long)]
        why: String,
    },
    /// Write to an address again that was given up, or suppressed by hand. Whoever left stays away.
    Lift {
        address: String,
        /// The reason, for whoever asks later.
        #[arg(long)]
        why: String,
    },
    /// The addresses that are not written to, since when and why.
    Suppressed,
    /// Forget a person: what remains is a keyed hash, so that no old list brings the address back.
    Erase { address: String },
}

#[derive(Debug, Args)]
struct Add {
    address: String,
    /// daily, weekly, monthly, or alert: alerts alone.
    #[arg(long, default_value = "daily")]
    cadence: String,
    /// Only this section (its short name); may be repeated.
    #[arg(long = "section")]
    sections: Vec<String>,
    /// Only this nature; may be repeated.
    #[arg(long = "nature")]
    natures: Vec<String>,
    /// The least severity: info, notable, high or critical.
    #[arg(long, default_value = "info")]
    severity: String,
    /// Tell at once what is of this severity or graver: info, notable, high or critical.
    #[arg(long)]
    alerts_from: Option<String>,
    /// Tell at once what names one of these, separated by commas: "qakbot, rançongiciel, fuite de données, forti*".
    #[arg(long)]
    alert_words: Option<String>,
    /// What the person agreed to, or the legal basis.
    #[arg(long)]
    consent: String,
    /// By which means: a form, a meeting, a letter.
    #[arg(long)]
    how: String,
    /// The day (2026-11-23) or the instant of the consent [default: now]
    #[arg(long)]
    when: Option<String>,
}

pub fn run(args: &Subscribers, app: &App, out: &Output) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Add(add_) => add(app, add_, out),
        Verb::Import { file } => import(app, file, out),
        Verb::List => list(app, out),
        Verb::Show { address } => show(app, address, out),
        Verb::Export => export(app, out),
        Verb::Suppress { address, why } => suppress(app, address, why, out),
        Verb::Lift { address, why } => lift(app, address, why, out),
        Verb::Suppressed => suppressed(app, out),
        Verb::Erase { address } => erase(app, address, out),
        Verb::Remove { address } => remove(app, address, out),
    }
}

fn add(app: &App, add: &Add, out: &Output) -> anyhow::Result<Exit> {
    let request = Request {
        email: add.address.clone(),
        cadence: add.cadence.clone(),
        sections: add.sections.join(" "),
        natures: add.natures.join(" "),
        severity: add.severity.clone(),
        alerts_from: add.alerts_from.clone().unwrap_or_default(),
        alert_words: add.alert_words.clone().unwrap_or_default(),
        consent_what: add.consent.clone(),
        consent_when: add.when.clone().unwrap_or_default(),
        consent_how: add.how.clone(),
    };
    match subscribe::add(app, &request)? {
        Added::New(id) => out.say(format!("added {} as subscriber {id}", add.address)),
        Added::Changed(id) => out.say(format!("changed subscriber {id}, {}", add.address)),
        refused @ (Added::Left | Added::Suppressed) => bail!("{}: {}", add.address, refusal(refused)),
    }
    Ok(Exit::Done)
}

fn import(app: &App, path: &PathBuf, out: &Output) -> anyhow::Result<Exit> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("cannot read `{shown}`"))?;
    let imported = subscribe::import(app, file).with_context(|| format!("cannot import `{shown}`"))?;
    out.data(&imported, String::new)?;
    for refused in &imported.refused {
        out.complain(format!("{shown}:{}: {}", refused.line, refused.why));
    }
    out.say(format!(
        "{} added, {} changed, {} refused",
        count(imported.added, "subscriber"),
        imported.changed,
        count(imported.refused.len(), "line")
    ));
    Ok(if imported.refused.is_empty() { Exit::Done } else { Exit::Partly })
}

fn list(app: &App, out: &Output) -> anyhow::Result<Exit> {
    let all = app.store.read(subscribers::all)?;
    out.list(&all, || {
        let mut table = Table::new(["ID", "ADDRESS", "STATE", "CADENCE", "SECTIONS", "NATURES", "SEVERITY", "ALERTS"]);
        for one in &all {
            let preferences = &one.preferences;
            table.row([
                one.id.to_string(),
                one.address.to_string(),
                one.state.as_str().to_owned(),
                preferences.cadence.to_string(),
                words(preferences.sections.iter()),
                words(preferences.natures.iter()),
                preferences.least_severity.to_string(),
                alerts(&preferences.alerts),
            ]);
        }
        table
    })?;
    Ok(Exit::Done)
}

/// « from high; qakbot, rançongiciel ».
fn alerts(wish: &AlertWish) -> String {
    let from = wish.from.map(|from| format!("from {from}"));
    let words = Some(wish.words.join(", ")).filter(|words| !words.is_empty());
    let told: Vec<String> = from.into_iter().chain(words).collect();
    if told.is_empty() { String::from("none") } else { told.join("; ") }
}

fn words<T: ToString>(of: impl Iterator<Item = T>) -> String {
    let words: Vec<String> = of.map(|word| word.to_string()).collect();
    if words.is_empty() { String::from("all") } else { words.join(" ") }
}

#[derive(serde::Serialize)]
struct Shown {
    #[serde(flatten)]
    subscriber: Subscriber,
    suppressed: Option<Suppression>,
    /// Oldest first; the last is the one that holds.
    consents: Vec<Consent>,
    deliveries: Vec<Delivery>,
}

fn show(app: &App, address: &str, out: &Output) -> anyhow::Result<Exit> {
    let address = EmailAddress::parse(address)?;
    let found = app.store.read(|db| {
        let Some(subscriber) = subscribers::find(db, &address)? else { return Ok(None) };
        let deliveries = outbox::of_subscriber(db, subscriber.id)?;
        let consents = subscribers::consents(db, subscriber.id)?;
        Ok(Some(Shown { consents, suppressed: suppressions::get(db, &address)?, deliveries, subscriber }))
    })?;
    let Some(shown) = found else { bail!("{address} is not a subscriber") };
    out.data(&shown, || {
        let Subscriber { address, state, preferences, added, .. } = &shown.subscriber;
        let mut page = format!(
            "{address}: {} since {}\ncadence {}, sections: {}, natures: {}, severity: {}\nalerts: {}\n",
            state.as_str(),
            at(app, Some(*added)),
            preferences.cadence,
            words(preferences.sections.iter()),
            words(preferences.natures.iter()),
            preferences.least_severity,
            alerts(&preferences.alerts),
        );
        for consent in &shown.consents {
            page += &format!("consent: {}, {}, {}\n", consent.what, consent.how, at(app, Some(consent.when)));
        }
        if let Some(why) = &shown.suppressed {
            page += &format!(
                "must not be written to since {}: {} ({})\n",
                at(app, Some(why.since)),
                why.ground.as_str(),
                why.why
            );
        }
        for delivery in &shown.deliveries {
            let what = match &delivery.matter {
                Matter::Bulletin(bulletin) => format!("bulletin {bulletin}"),
                Matter::Letter { kind, .. } => format!("letter `{}`", kind.as_str()),
            };
            page += &format!(
                "{what}: {} (tries: {}), <{}>\n",
                delivery.state.as_str(),
                delivery.attempts,
                delivery.message_id
            );
        }
        page
    })?;
    Ok(Exit::Done)
}

/// A cell that a spreadsheet would take for a formula is made harmless by a quotation mark before it.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

fn export(app: &App, out: &Output) -> anyhow::Result<Exit> {
    let mut all = app.store.read(subscribers::all)?;
    all.retain(|one| one.state == SubscriberState::Active);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for one in &all {
        let preferences = &one.preferences;
        let names = |words: Vec<&str>| words.join(" ");
        writer.write_record([
            harmless(one.address.as_str()),
            preferences.cadence.to_string(),
            names(preferences.sections.iter().map(|s| s.as_str()).collect()),
            names(preferences.natures.iter().map(|n| n.as_str()).collect()),
            preferences.least_severity.to_string(),
            preferences.alerts.from.map(|from| from.to_string()).unwrap_or_default(),
            harmless(&preferences.alerts.words.join(", ")),
            harmless(&one.consent.what),
            one.consent.when.to_zoned(app.config.site.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            harmless(&one.consent.how),
        ])?;
    }
    let csv = String::from_utf8(writer.into_inner()?)?;
    out.text_or_list(&all, &csv)?;
    Ok(Exit::Done)
}

fn suppress(app: &App, address: &str, why: &str, out: &Output) -> anyhow::Result<Exit> {
    let address = EmailAddress::parse(address)?;
    subscribe::suppress(app, &address, why)?;
    out.say(format!("{address} is not written to any more"));
    Ok(Exit::Done)
}

fn lift(app: &App, address: &str, why: &str, out: &Output) -> anyhow::Result<Exit> {
    let address = EmailAddress::parse(address)?;
    if !subscribe::lift(app, &address, why)? {
        bail!("{address} is not suppressed\nhint: `vigie subscribers suppressed` lists those that are");
    }
    out.say(format!("{address} may be written to again"));
    Ok(Exit::Done)
}

fn suppressed(app: &App, out: &Output) -> anyhow::Result<Exit> {
    let all = app.store.read(suppressions::all)?;
    out.list(&all, || {
        let mut table = Table::new(["ADDRESS", "GROUND", "SINCE", "DELIVERY", "WHY"]);
        for one in &all {
            table.row([
                one.address.clone(),
                one.ground.as_str().to_owned(),
                at(app, Some(one.since)),
                one.delivery.map_or_else(String::new, |id| id.to_string()),
                one.why.clone(),
            ]);
        }
        table
    })?;
    Ok(Exit::Done)
}

fn erase(app: &App, address: &str, out: &Output) -> anyhow::Result<Exit> {
    let address = EmailAddress::parse(address)?;
    if !subscribe::erase(app, &address)? {
        bail!("nothing is known of {address}");
    }
    out.say("erased: nothing that names this person is kept");
    Ok(Exit::Done)
}

fn remove(app: &App, address: &str, out: &Output) -> anyhow::Result<Exit> {
    let address = EmailAddress::parse(address)?;
    match subscribe::remove(app, &address)? {
        Left::Gone { cancelled } => out.say(format!("{address} is let go; {cancelled} queued deliveries cancelled")),
        Left::Unknown => bail!("{address} is not a subscriber"),
    }
    Ok(Exit::Done)
}
