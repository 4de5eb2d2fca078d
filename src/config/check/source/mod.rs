//! `[[source]]`.

mod address;
mod asking;
mod details;
mod files;
mod kind;
mod mapping;

use std::{collections::HashMap, hash::Hash};

use jiff::tz::TimeZone;
use url::Host;

use self::address::Where;
use super::{Context, ZONE, zone};
use crate::{
    config::{
        Network,
        file::{Place, Table},
        value::{self, Wrong},
    },
    model::{Authority, Brings, Licence, Nature, SectionId, Source, SourceId},
};

/// The shelf of a source that names none.
const SECTION: &str = "tic";

/// Those that are enabled, and those that are put aside, in the order in which they are written. All are checked.
pub(super) fn read_all(tables: Vec<Table<'_>>, allow: &[Network], context: &Context<'_>) -> (Vec<Source>, Vec<Source>) {
    let mut ids: HashMap<SourceId, Option<Place>> = HashMap::with_capacity(tables.len());
    let mut addresses: HashMap<String, Option<Place>> = HashMap::with_capacity(tables.len());
    let around = Around {
        allow,
        sections: context.sections.iter().map(|s| (s.id.as_str(), s.id.clone())).collect(),
        zone: value::zone(ZONE).ok(),
        context,
    };
    let (mut sources, mut aside) = (Vec::new(), Vec::new());
    for mut table in tables {
        let id = id(&mut table);
        if let Some(id) = &id
            && let Some(at) = taken(&mut ids, id.clone(), &table, "id")
        {
            let hint = format!("the first is at {at}: give one of them another `id`");
            table.refuse("id", Wrong::new(format!("must be its own: `{id}` is used twice"), hint));
        }
        if let Some(id) = &id {
            table.belongs_to("source", id.as_str());
        }
        let enabled = table.flag("enabled").unwrap_or(true);
        let address = address::read(&mut table, allow);
        // One that is put aside may have the address of the one that takes its place.
        if let Some(address) = address.as_ref().filter(|_| enabled)
            && let Some(at) = taken(&mut addresses, address::page(&address.url), &table, "url")
        {
            let hint = format!("the first is at {at}: keep one of them, or write `enabled = false` in the other");
            table.refuse("url", Wrong::new("must be its own: this address is watched twice", hint));
        }
        let asked = if enabled { Asked::Truly } else { Asked::Never };
        let source = read(&mut table, id, address, asked, &around);
        table.finish();
        if enabled { &mut sources } else { &mut aside }.extend(source);
    }
    (sources, aside)
}

/// Where a value was met before, as « sources.toml:12 »; or else it is noted.
fn taken<K: Eq + Hash>(met: &mut HashMap<K, Option<Place>>, value: K, table: &Table<'_>, key: &str) -> Option<String> {
    if let Some(place) = met.get(&value) {
        return Some(place.as_ref().map(|place| table.written().line(place)).unwrap_or_default());
    }
    met.insert(value, table.place(key));
    None
}

/// What is the same for all sources.
struct Around<'a> {
    allow: &'a [Network],
    /// By name.
    sections: Vec<(&'a str, SectionId)>,
    /// Of a source that names none.
    zone: Option<TimeZone>,
    context: &'a Context<'a>,
}

/// Whether a source is watched: one that is put aside does without its secrets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Truly,
    Never,
}

fn id(table: &mut Table<'_>) -> Option<SourceId> {
    if !table.has("id") {
        table.refuse("id", Wrong::new("is missing", "write `id = \"a-short-name\"`: it must never change"));
    }
    table.parse("id", |text| {
        SourceId::parse(text).ok_or_else(|| {
            let why = format!("must be a short name, not {}", value::quoted(text));
            Wrong::new(why, "write 1 to 64 letters a to z, digits and dashes, such as `cert-fr`")
        })
    })
}

fn read(
    table: &mut Table<'_>,
    id: Option<SourceId>,
    address: Option<Where>,
    asked: Asked,
    around: &Around<'_>,
) -> Option<Source> {
    let Around { allow, context, .. } = *around;
    let name = table.parse("name", value::name);
    let kind = kind::read(table, context);
    let brings = brings(table);
    let newest = table.parse("newest", |text| kind::pattern(text, &[]));
    let archive = files::archive(table);
    let details = details::read(table, kind.as_ref(), context);
    let max_age = table.parse("max_age", |text| value::duration(text, "1d", "36500d"));
    let hosts = table.map("hosts", |from, to| Ok((host(from)?, host(to)?)));
    let asking = asking::read(table, id.as_ref(), address.as_ref(), asked, allow, context);
    let section = section(table, &around.sections);
    let nature = closed(table, "nature", "a nature", &Nature::ALL.map(|n| (n.as_str(), n)));
    let licence = closed(table, "licence", "a licence", &Licence::ALL.map(|l| (l.as_str(), l)));
    let authority = closed(table, "authority", "a rank of authority", &Authority::ALL.map(|a| (a.as_str(), a)));
    let every = table.parse("every", |text| value::duration(text, "5min", "31d"));
    let language = table.parse("language", value::language);
    let zone = zone(table, "zone", around.zone.as_ref());
    let (id, address) = (id?, address?);
    let plain = Source::feed(id, "", address.url, section?);
    let hosts = hosts.unwrap_or_default().into_values().collect();
    Some(Source {
        name: name.unwrap_or_else(|| plain.id.to_string()),
        brings: brings.unwrap_or(plain.brings),
        kind: kind?,
        newest,
        archive,
        details,
        max_age,
        hosts,
        nature: nature.unwrap_or(plain.nature),
        language: language.unwrap_or_else(|| plain.language.clone()),
        licence: licence.unwrap_or(plain.licence),
        authority: authority.unwrap_or(plain.authority),
        every: every.unwrap_or(plain.every),
        zone,
        allow_private: address.allow_private,
        asking,
        ..plain
    })
}

/// What the entries are. `None` when it is not said, or wrongly.
fn brings(table: &mut Table<'_>) -> Option<Brings> {
    let brings = closed(table, "brings", "what a source brings", &Brings::ALL.map(|b| (b.as_str(), b)))?;
    if brings == Brings::Exploited {
        for key in ["nature", "natures", "authority", "details"].into_iter().filter(|key| table.has(key)) {
            let hint = "take it away: no reader sees the entries, only what they make of the notices that name one";
            table.refuse(key, Wrong::new("has no effect with `brings = \"exploited\"`", hint));
        }
    }
    Some(brings)
}

fn closed<T: Clone>(table: &mut Table<'_>, key: &'static str, what: &str, all: &[(&str, T)]) -> Option<T> {
    table.parse(key, |text| value::choice(text, what, all))
}

fn section(table: &mut Table<'_>, all: &[(&str, SectionId)]) -> Option<SectionId> {
    match table.has("section") {
        true => table.parse("section", |text| value::choice(text, "a section of the rules", all)),
        false => {
            table.text("section");
            let id = all.iter().find(|(name, _)| *name == SECTION).map(|(_, id)| id.clone());
            if id.is_none() {
                let known = value::suggestion("", &all.iter().map(|(name, _)| *name).collect::<Vec<_>>());
                let why = format!("is missing, and the rules have no section `{SECTION}` to stand in");
                table.refuse("section", Wrong::new(why, known));
            }
            id
        }
    }
}

/// The name of a host as it stands in addresses.
fn host(text: &str) -> Result<String, Wrong> {
    match Host::parse(text.trim()) {
        Ok(host @ Host::Domain(_)) => Ok(host.to_string()),
        _ => {
            let why = format!("must hold names of hosts, not {}", value::quoted(text));
            Err(Wrong::new(why, "write `{ \"old.example.fr\" = \"www.example.fr\" }`, without `https://`"))
        }
    }
}
