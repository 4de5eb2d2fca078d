//! From settings as written to settings as meant: every problem at once.

mod mail;
mod source;

use std::{collections::BTreeMap, path::Path, time::Duration};

use jiff::{
    civil::{Time, Weekday, time},
    tz::TimeZone,
};

use super::{
    Config, Crawl, Problems, Publish, Rhythm, Site,
    file::{Table, Written},
    value::{self, Wrong},
};
use crate::model::{Cadence, Sections};

/// One file.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// As problems shall show it.
    pub name: &'a str,
    pub text: &'a str,
}

/// What the settings are compared with. Nothing else of the machine is looked at, except its time zones.
pub struct Context<'a> {
    /// The folder of the settings file: relative paths start there.
    pub base: &'a Path,
    /// Those that a source may name.
    pub sections: &'a Sections,
    /// A variable of the environment.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// The content of a file that holds a secret; the error is text for the operator.
    pub read_secret: &'a dyn Fn(&Path) -> Result<String, String>,
}

/// Reads `vigie.toml` and `sources.toml`. An absent file is an empty one.
///
/// # Errors
///
/// All problems of both files. Not said here: whether a selector means something to the selector engine (only that
/// its brackets and quotes are closed), and whether mail can be sent (a sender refuses without `[mail] from`).
pub fn load(
    settings: Option<Input<'_>>,
    sources: Option<Input<'_>>,
    context: &Context<'_>,
) -> Result<Config, Problems> {
    let written = Written::parse(settings.into_iter().chain(sources));
    let mut top = written.top();
    for key in ["sources", "rules"] {
        top.text(key);
        if path(sources, key).is_some() {
            top.refuse(key, Wrong::new("has no effect here", "it belongs in `vigie.toml`"));
        }
    }
    let mut store = top.table("store");
    let config = Config {
        site: site(top.table("site")),
        crawl: crawl(top.table("crawl")),
        cadences: cadences(top.table("cadence")),
        mail: mail::read(top.table("mail"), context),
        publish: publish(top.table("publish"), context),
        data: context.base.join(store.parse("data", value::name).unwrap_or_else(|| "data".to_owned())),
        templates: top.parse("templates", value::name).map(|folder| context.base.join(folder)),
        sources: source::read_all(top.tables("source"), context.sections),
    };
    store.finish();
    top.finish();
    written.finish()?;
    Ok(config)
}

/// The `rules = "…"` of the settings, as written: the rules must be read before [`load`], which needs their sections.
/// `None` too when the setting is wrong; [`load`] says why.
pub fn rules_path(settings: Option<Input<'_>>) -> Option<String> {
    path(settings, "rules")
}

/// Where the sources are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourcesFile {
    /// In the file that `sources = "…"` names: it must be there.
    Named(String),
    /// In `sources.toml` beside the settings, if it is there.
    Beside,
    /// In the settings themselves.
    Inline,
}

/// Where the settings say that the sources are written.
pub fn sources_file(settings: Option<Input<'_>>) -> SourcesFile {
    match path(settings, "sources") {
        Some(name) => SourcesFile::Named(name),
        None if Written::parse(settings).top().has("source") => SourcesFile::Inline,
        None => SourcesFile::Beside,
    }
}

fn path(settings: Option<Input<'_>>, key: &'static str) -> Option<String> {
    Written::parse(settings).top().parse(key, value::name)
}

/// `zone` or `timezone`; Europe/Paris when it is not set.
fn zone(table: &mut Table<'_>, key: &'static str) -> TimeZone {
    if table.has(key) {
        return table.parse(key, value::zone).unwrap_or(TimeZone::UTC);
    }
    table.parse(key, value::zone); // so that the key is known
    value::zone("Europe/Paris").unwrap_or_else(|wrong| {
        table.refuse(key, wrong);
        TimeZone::UTC
    })
}

fn site(mut table: Table<'_>) -> Site {
    let site = Site {
        name: table.parse("name", value::name).unwrap_or_else(|| "Vigie".to_owned()),
        url: table.parse("url", value::web_folder),
        publisher: table.parse("publisher", value::line).unwrap_or_default(),
        address: table.parse("address", value::line).unwrap_or_default(),
        privacy: table.parse("privacy", value::web_address),
        zone: zone(&mut table, "timezone"),
    };
    table.finish();
    site
}

fn crawl(mut table: Table<'_>) -> Crawl {
    let mut seconds = |key, least, most, default| {
        table.parse(key, |text| value::duration(text, least, most)).unwrap_or(Duration::from_secs(default))
    };
    let host_gap = seconds("host_gap", "0s", "1h", 1);
    let connect_timeout = seconds("connect_timeout", "100ms", "10min", 10);
    let idle_timeout = seconds("idle_timeout", "100ms", "10min", 15);
    let total_timeout = seconds("total_timeout", "100ms", "1h", 60);
    let first_read = seconds("first_read", "0s", "3650d", 7 * 86_400);
    let crawl = Crawl {
        contact: table.parse("contact", value::contact),
        hosts_at_once: count(&mut table, "hosts_at_once", 256, 8),
        host_gap,
        connect_timeout,
        idle_timeout,
        total_timeout,
        body_cap: table.parse("body_cap", value::size).unwrap_or(10 << 20),
        allow: table.list("allow", value::network).unwrap_or_default(),
        first_read,
    };
    table.finish();
    crawl
}

fn publish(mut table: Table<'_>, context: &Context<'_>) -> Publish {
    let publish = Publish {
        out: context.base.join(table.parse("out", value::name).unwrap_or_else(|| "public".to_owned())),
        entries: count(&mut table, "entries", 1_000, 50),
    };
    table.finish();
    publish
}

/// A whole number of things, at least one.
fn count(table: &mut Table<'_>, key: &'static str, most: i64, default: usize) -> usize {
    table.number(key, 1, most).and_then(|n| usize::try_from(n).ok()).unwrap_or(default)
}

fn cadences(mut table: Table<'_>) -> BTreeMap<Cadence, Rhythm> {
    use Weekday::{Friday, Monday, Thursday, Tuesday, Wednesday};
    let mut cadences = BTreeMap::new();
    for cadence in Cadence::ALL {
        let mut table = table.table(cadence.as_str());
        let at = |table: &mut Table<'_>, default: Time| table.parse("at", value::time).unwrap_or(default);
        let rhythm = match cadence {
            Cadence::Daily => Rhythm::Days {
                days: days(&mut table, &[Monday, Tuesday, Wednesday, Thursday, Friday]),
                at: at(&mut table, time(7, 0, 0, 0)),
            },
            Cadence::Weekly => {
                Rhythm::Days { days: days(&mut table, &[Monday]), at: at(&mut table, time(7, 30, 0, 0)) }
            }
            Cadence::Monthly => {
                let day = table.number("day", 1, 28).and_then(|day| i8::try_from(day).ok()).unwrap_or(1);
                Rhythm::Month { day, at: at(&mut table, time(7, 30, 0, 0)) }
            }
        };
        if table.flag("enabled").unwrap_or(true) {
            cadences.insert(cadence, rhythm);
        }
        table.finish();
    }
    table.finish();
    cadences
}

/// In the order of the week, each once.
fn days(table: &mut Table<'_>, default: &[Weekday]) -> Vec<Weekday> {
    let mut days = table.list("days", value::weekday).unwrap_or_else(|| default.to_vec());
    if days.is_empty() {
        table.refuse("days", Wrong::new("must name a day", "write `enabled = false` to do without this edition"));
    }
    days.sort_by_key(|day| day.to_monday_zero_offset());
    days.dedup();
    days
}
