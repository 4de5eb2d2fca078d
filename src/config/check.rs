//! From settings as written to settings as meant: every problem at once.

mod bounces;
mod dkim;
mod mail;
mod place;
mod reach;
mod secret;
mod source;

use std::{collections::BTreeMap, path::Path, time::Duration};

use jiff::{
    civil::{Time, Weekday, time},
    tz::TimeZone,
};

use super::{
    Alerts, Config, Crawl, FirstLook, Network, Problems, Reviewing, Rhythm, Robots, Site,
    file::{Table, Written},
    value::{self, Wrong},
};
use crate::model::{Cadence, Sections};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

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
    /// The current folder: where a relative `base` starts.
    pub here: &'a Path,
    /// What takes the place of `[store] data`, as given on the command line.
    pub data: Option<&'a Path>,
    /// Those that a source may name.
    pub sections: &'a Sections,
    /// A variable of the environment.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// The content of a file that holds a secret; the error is text for the operator.
    pub read_secret: &'a dyn Fn(&Path) -> Result<String, String>,
    /// Whether a text is a CSS selector to the engine that will apply it; the error is text for the operator.
    pub selector: &'a dyn Fn(&str) -> Result<(), String>,
    /// Whether there is what `sources`, `rules`, `operators` (files) or `templates` (a folder) names; the error goes on after the
    /// name of the key: « `rules` *names a file that is not there* ». `key` is asked of a private key for DKIM; that error may
    /// have a `hint:` of its own on a second line, with `SELECTOR` in it.
    pub named: &'a dyn Fn(&str, &Path) -> Result<(), String>,
}

/// Reads `vigie.toml` and `sources.toml`. An absent file is an empty one.
///
/// # Errors
///
/// All problems of both files. What an installation can be checked without, but hardly lives without, such as
/// `[mail] from`, is for [`super::warnings`].
pub fn load(
    settings: Option<Input<'_>>,
    sources: Option<Input<'_>>,
    context: &Context<'_>,
) -> Result<Config, Problems> {
    let written = Written::parse(settings.into_iter().chain(sources));
    let mut top = written.top();
    for key in ["sources", "rules"] {
        let Some(name) = top.parse(key, value::path) else { continue };
        if sources.is_some() && top.stands_in(key, usize::from(settings.is_some())) {
            top.refuse(key, Wrong::new("has no effect here", "it belongs in `vigie.toml`"));
        } else {
            named(&top, key, &context.base.join(name), context);
        }
    }
    let templates = top.parse("templates", value::path).map(|folder| context.base.join(folder));
    if let Some(folder) = &templates {
        named(&top, "templates", folder, context);
    }
    let crawl = crawl(top.table("crawl"));
    let (publish, data) = place::read(top.table("publish"), top.table("store"), context);
    let (cadences, alerts) = cadences(top.table("cadence"));
    let (sources, aside) = source::read_all(top.tables("source"), &crawl.allow, context);
    let config = Config {
        site: site(top.table("site")),
        review: review(top.table("review")),
        cadences,
        alerts,
        mail: mail::read(top.table("mail"), context),
        bounces: bounces::read(top.table("bounces"), context),
        letters: reach::letters(top.table("letters")),
        serve: reach::serve(top.table("serve")),
        publish,
        data,
        templates,
        sources,
        aside,
        crawl,
    };
    top.finish();
    written.finish()?;
    Ok(config)
}

/// The `rules = "…"` of the settings, as written: the rules must be read before [`load`], which needs their sections.
/// `None` too when the setting is wrong; [`load`] says why.
pub fn rules_path(settings: Option<Input<'_>>) -> Option<String> {
    path(settings, "rules")
}

/// The `operators = "…"` of `[mail]`, as written: who keeps the settings reads that file into [`super::Operators`].
pub fn operators_path(settings: Option<Input<'_>>) -> Option<String> {
    Written::parse(settings).top().table("mail").parse("operators", value::path)
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
    let written = Written::parse(settings);
    let mut top = written.top();
    match top.parse("sources", value::path) {
        Some(name) => SourcesFile::Named(name),
        None if top.has("source") => SourcesFile::Inline,
        None => SourcesFile::Beside,
    }
}

/// Whether a text is TOML, whatever it says.
pub fn is_toml(input: Input<'_>) -> bool {
    Written::parse([input]).finish().is_ok()
}

fn path(settings: Option<Input<'_>>, key: &'static str) -> Option<String> {
    Written::parse(settings).top().parse(key, value::path)
}

/// What stands for a DKIM key in the DNS, as it may be given on the command line; the error is text for the operator.
pub fn selector(text: &str) -> Result<String, String> {
    dkim::selector(text).map_err(|wrong| format!("the selector {}\nhint: {}", wrong.why, wrong.hint))
}

/// Whether there is what a key names.
fn named(top: &Table<'_>, key: &'static str, path: &Path, context: &Context<'_>) {
    if let Err(why) = (context.named)(key, path) {
        let hint = "put it there, write another path (relative ones start at the folder of the settings), or take the line away";
        top.refuse(key, Wrong::new(why, hint));
    }
}

/// What is not set otherwise.
const ZONE: &str = "Europe/Paris";

/// `zone` or `timezone`; [`ZONE`] when it is not set, which may be at hand.
fn zone(table: &mut Table<'_>, key: &'static str, default: Option<&TimeZone>) -> TimeZone {
    if table.has(key) {
        return table.parse(key, value::zone).unwrap_or(TimeZone::UTC);
    }
    table.know(&[key]);
    default.map_or_else(|| value::zone(ZONE), |zone| Ok(zone.clone())).unwrap_or_else(|wrong| {
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
        zone: zone(&mut table, "timezone", None),
    };
    table.finish();
    site
}

fn crawl(mut table: Table<'_>) -> Crawl {
    let host_gap = table.parse("host_gap", |text| value::duration(text, "0s", "1h")).unwrap_or(SECOND);
    let total = table.parse("total_timeout", |text| value::duration(text, "100ms", "1h"));
    let total = total.unwrap_or(if table.has("total_timeout") { Duration::MAX } else { SECOND * 60 });
    let crawl = Crawl {
        contact: table.parse("contact", value::contact),
        hosts_at_once: count(&mut table, "hosts_at_once", 256, 8),
        host_gap,
        connect_timeout: timeout(&mut table, "connect_timeout", total, SECOND * 10),
        idle_timeout: timeout(&mut table, "idle_timeout", total, SECOND * 15),
        total_timeout: total,
        body_cap: table.parse("body_cap", value::size).unwrap_or(10 << 20),
        allow: allow(&mut table),
        first_read: table.parse("first_read", |text| value::duration(text, "0s", "3650d")).unwrap_or(DAY * 7),
        robots: if table.flag("robots").unwrap_or(true) { Robots::Obeyed } else { Robots::Ignored },
        details: table.number("details", 0, 1_000).and_then(|n| usize::try_from(n).ok()).unwrap_or(20),
    };
    table.finish();
    crawl
}

fn review(mut table: Table<'_>) -> Reviewing {
    let first = match table.flag("first") {
        Some(true) => FirstLook::Editor,
        _ => FirstLook::Nobody,
    };
    let least_relevance = table.number("least_relevance", -1_000, 1_000).and_then(|n| i32::try_from(n).ok());
    table.finish();
    Reviewing { least_relevance, first }
}

/// A part of `total_timeout`: one that is not set gives way, one that is set and longer would never come into play.
fn timeout(table: &mut Table<'_>, key: &'static str, total: Duration, default: Duration) -> Duration {
    let set = table.parse(key, |text| value::duration(text, "100ms", "10min"));
    if set.is_some_and(|set| set > total) {
        let hint = "shorten it, or lengthen `total_timeout` (`60s` when it is not set)";
        table.refuse(key, Wrong::new("must not be longer than `total_timeout`, which ends all", hint));
    }
    set.unwrap_or(default).min(total)
}

fn allow(table: &mut Table<'_>) -> Vec<Network> {
    match table.list("allow", value::network) {
        Some(networks) => networks,
        // Written, but wrongly: no source is blamed for what the list may have been meant to hold.
        None if table.has("allow") => ["0.0.0.0/0", "::/0"].into_iter().filter_map(Network::parse).collect(),
        None => Vec::new(),
    }
}

/// A whole number of things, at least one.
fn count(table: &mut Table<'_>, key: &'static str, most: i64, default: usize) -> usize {
    table.number(key, 1, most).and_then(|n| usize::try_from(n).ok()).unwrap_or(default)
}

fn cadences(mut table: Table<'_>) -> (BTreeMap<Cadence, Rhythm>, Alerts) {
    use Weekday::{Friday, Monday, Thursday, Tuesday, Wednesday};
    let mut cadences = BTreeMap::new();
    let mut alerts = Alerts { most_a_day: 5, fresh: DAY * 3 };
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
            Cadence::Alert => {
                let most = table.number("most_a_day", 1, 100).and_then(|most| u32::try_from(most).ok());
                alerts.most_a_day = most.unwrap_or(alerts.most_a_day);
                let fresh = table.parse("fresh", |text| value::duration(text, "1h", "31d"));
                alerts.fresh = fresh.unwrap_or(alerts.fresh);
                Rhythm::AtOnce
            }
        };
        if table.flag("enabled").unwrap_or(true) {
            cadences.insert(cadence, rhythm);
        }
        table.finish();
    }
    table.finish();
    (cadences, alerts)
}

/// In the order of the week.
fn days(table: &mut Table<'_>, default: &[Weekday]) -> Vec<Weekday> {
    let mut seen = Vec::new();
    let each = |text: &str| {
        let day = value::weekday(text)?;
        if seen.contains(&day) {
            return Err(Wrong::new(format!("names `{text}` twice"), "keep one of them: an edition leaves once a day"));
        }
        seen.push(day);
        Ok(day)
    };
    let mut days = table.list("days", each).unwrap_or_else(|| default.to_vec());
    if days.is_empty() {
        table.refuse("days", Wrong::new("must name a day", "write `enabled = false` to do without this edition"));
    }
    days.sort_by_key(|day| day.to_monday_zero_offset());
    days
}
