//! `vigie subscribers`

use std::{fs::File, path::PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::{
    Exit,
    output::{Output, Table, count},
    sources::at,
};
use crate::{
    model::{AlertWish, Consent, Delivery, EmailAddress, Matter, Subscriber, SubscriberId, SubscriberState},
    store::{
        outbox,
        subscribers::{self, Added, Left},
        suppressions::{self, Suppression},
    },
    work::{
        App,
        consent::{self, Invited},
        letters,
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
    Import {
        file: PathBuf,
        /// Write a letter of welcome to those who are new.
        #[arg(long)]
        welcome: bool,
    },
    /// Ask a person by a letter whether they wish to become a reader. They are one once they say so.
    Invite(Invite),
    /// Ask readers of long standing whether they still wish to be. Who does not answer in 30 days is let go.
    Renew {
        /// Only those whose last consent is older, such as `24months`, `90days` or `3years`.
        #[arg(long, value_name = "TIME", default_value = "24months")]
        older_than: jiff::Span,
    },
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
    #[command(flatten)]
    wishes: Wishes,
    /// What the person agreed to, or the legal basis.
    #[arg(long)]
    consent: String,
    /// By which means: a form, a meeting, a letter.
    #[arg(long)]
    how: String,
    /// The day (2026-11-23) or the instant of the consent [default: now]
    #[arg(long)]
    when: Option<String>,
    /// Write a letter of welcome.
    #[arg(long)]
    welcome: bool,
}

#[derive(Debug, Args)]
struct Invite {
    address: String,
    #[command(flatten)]
    wishes: Wishes,
    /// By which means the person asked, or who proposes it: kept with the consent.
    #[arg(long, default_value = "invitation")]
    how: String,
}

/// What a reader wants.
#[derive(Debug, Args)]
struct Wishes {
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
}

impl Wishes {
    /// The request of one address, whose consent is still to be filled in.
    fn of(&self, address: &str) -> Request {
        Request {
            email: address.to_owned(),
            cadence: self.cadence.clone(),
            sections: self.sections.join(" "),
            natures: self.natures.join(" "),
            severity: self.severity.clone(),
            alerts_from: self.alerts_from.clone().unwrap_or_default(),
            alert_words: self.alert_words.clone().unwrap_or_default(),
            ..Request::default()
        }
    }
}

pub fn run(args: &Subscribers, app: &App, out: &Output) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Add(add_) => add(app, add_, out),
        Verb::Import { file, welcome } => import(app, file, *welcome, out),
        Verb::Invite(invite_) => invite(app, invite_, out),
        Verb::Renew { older_than } => renew(app, *older_than, out),
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
        consent_what: add.consent.clone(),
        consent_when: add.when.clone().unwrap_or_default(),
        consent_how: add.how.clone(),
        ..add.wishes.of(&add.address)
    };
    match subscribe::add(app, &request)? {
        Added::New(id) => {
            welcome(app, &[id], add.welcome)?;
            out.say(format!("added {} as subscriber {id}", add.address));
        }
        Added::Changed(id) => out.say(format!("changed subscriber {id}, {}", add.address)),
        refused @ (Added::Left | Added::Suppressed) => bail!("{}: {}", add.address, refusal(refused)),
    }
    Ok(Exit::Done)
}

/// Queues a letter to each, where that is wanted.
fn welcome(app: &App, new: &[SubscriberId], wanted: bool) -> anyhow::Result<()> {
    if wanted && !new.is_empty() {
        let now = app.clock.now();
        app.store.write_durably(|tx| new.iter().try_for_each(|id| letters::welcome(app, tx, *id, now)))?;
    }
    Ok(())
}

fn invite(app: &App, invite: &Invite, out: &Output) -> anyhow::Result<Exit> {
    let Invite { address, wishes, how } = invite;
    let request = Request { consent_how: how.clone(), ..wishes.of(address) };
    match consent::invite(app, &request)? {
        Invited::Asked(id) => {
            out.say(format!(
                "request {id}: a letter to {address} is queued; what it asks can be answered for 48 hours"
            ));
        }
        Invited::Recently => out.say(format!("{address} was sent a link less than an hour ago: nothing is sent")),
        Invited::Subscribed(id) => out.say(format!("{address} is subscriber {id} already: nothing is sent")),
        Invited::Suppressed => bail!("{address}: {}", refusal(Added::Suppressed)),
    }
    Ok(Exit::Done)
}

fn renew(app: &App, older_than: jiff::Span, out: &Output) -> anyhow::Result<Exit> {
    let now = app.clock.now().to_zoned(app.config.site.zone.clone());
    let before = now.checked_sub(older_than.abs()).context("that is longer ago than there are dates")?.timestamp();
    let asked = consent::ask_renewals(app, before)?;
    out.say(format!("{} asked; who does not answer in 30 days is let go", count(asked, "reader")));
    Ok(Exit::Done)
}

fn import(app: &App, path: &PathBuf, wants_welcome: bool, out: &Output) -> anyhow::Result<Exit> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("cannot read `{shown}`"))?;
    let imported = subscribe::import(app, file).with_context(|| format!("cannot import `{shown}`"))?;
    welcome(app, &imported.new, wants_welcome)?;
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
    /// The instant until which nothing is sent.
    paused_until: Option<Timestamp>,
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
        let paused_until = subscribers::paused_until(db, subscriber.id)?.filter(|until| *until > app.clock.now());
        let suppressed = suppressions::get(db, &address)?;
        Ok(Some(Shown { suppressed, paused_until, consents, deliveries, subscriber }))
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
        if let Some(until) = shown.paused_until {
            page += &format!("nothing is sent until {}: a pause was asked for\n", at(app, Some(until)));
        }
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
