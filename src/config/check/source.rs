//! `[[source]]`.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use url::{Host, Url};

use super::{Context, zone};
use crate::{
    config::{
        Network,
        file::{Place, Table},
        value::{self, Wrong},
    },
    model::{Authority, Expression, Field, Kind, Licence, Mapping, Nature, SectionId, Sections, Source, SourceId},
};

/// The shelf of a source that names none.
const SECTION: &str = "tic";

/// Those that are enabled, in the order in which they are written. All are checked.
pub(super) fn read_all(tables: Vec<Table<'_>>, allow: &[Network], context: &Context<'_>) -> Vec<Source> {
    let mut ids: BTreeMap<SourceId, Option<Place>> = BTreeMap::new();
    let mut addresses: BTreeMap<Url, Option<Place>> = BTreeMap::new();
    let mut sources = Vec::new();
    for mut table in tables {
        let id = id(&mut table);
        if let Some(id) = &id
            && let Some(at) = taken(&mut ids, id.clone(), &table, "id")
        {
            let hint = format!("the first is at {at}: give one of them another `id`");
            table.refuse("id", Wrong::new(format!("must be its own: `{id}` is used twice"), hint));
        }
        let enabled = table.flag("enabled").unwrap_or(true);
        let address = address(&mut table, allow);
        // One that is put aside may have the address of the one that takes its place.
        if let Some(address) = address.as_ref().filter(|_| enabled)
            && let Some(at) = taken(&mut addresses, page(&address.url), &table, "url")
        {
            let hint = format!("the first is at {at}: keep one of them, or write `enabled = false` in the other");
            table.refuse("url", Wrong::new("must be its own: this address is watched twice", hint));
        }
        let source = read(&mut table, id, address, context);
        table.finish();
        sources.extend(source.filter(|_| enabled));
    }
    sources
}

/// Where a value was met before, as « sources.toml:12 »; or else it is noted.
fn taken<K: Ord>(met: &mut BTreeMap<K, Option<Place>>, value: K, table: &Table<'_>, key: &str) -> Option<String> {
    if let Some(place) = met.get(&value) {
        return Some(place.as_ref().map(|place| table.written().line(place)).unwrap_or_default());
    }
    met.insert(value, table.place(key));
    None
}

/// What an address brings back: the same with and without TLS, whatever part of the page it points to.
fn page(url: &Url) -> Url {
    let mut page = url.clone();
    page.set_fragment(None);
    // Fails only between web addresses and others.
    let _ = page.set_scheme("https");
    page
}

struct Where {
    url: Url,
    allow_private: bool,
}

/// The address to fetch, which is public unless the settings say that they mean another one.
fn address(table: &mut Table<'_>, allow: &[Network]) -> Option<Where> {
    let allow_private = table.flag("allow_private");
    if !table.has("url") {
        table.refuse("url", Wrong::new("is missing", "write `url = \"https://…\"`: the address of the feed or page"));
    }
    let url = table.parse("url", value::web_address)?;
    // A wrong `allow_private` is a problem already: what it was meant to say is unknown.
    let allow_private = allow_private.unwrap_or(table.has("allow_private"));
    let inside = inside(&url);
    let is_listed = inside.iter().any(|address| allow.iter().any(|network| network.contains(*address)));
    if !inside.is_empty() && !allow_private && !is_listed {
        let host = url.host_str().unwrap_or_default();
        let why = format!("must not name this machine or a private network, as `{host}` does");
        let hint =
            "write `allow_private = true` under it if that is meant, or list the addresses in `allow` of `[crawl]`";
        table.refuse("url", Wrong::new(why, hint));
    }
    Some(Where { url, allow_private })
}

/// What the host of an address stands for, when it is plain to see that this is not public.
fn inside(url: &Url) -> Vec<IpAddr> {
    let address = match url.host() {
        // RFC 6761 6.3.
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let is_local = name == "localhost" || name.ends_with(".localhost");
            return if is_local { vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()] } else { Vec::new() };
        }
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical(),
        None => return Vec::new(),
    };
    let is_inside = match address {
        IpAddr::V4(four) => four.is_loopback() || four.is_private(),
        IpAddr::V6(six) => six.is_loopback() || six.is_unique_local(),
    };
    if is_inside { vec![address] } else { Vec::new() }
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

fn read(table: &mut Table<'_>, id: Option<SourceId>, address: Option<Where>, context: &Context<'_>) -> Option<Source> {
    let name = table.parse("name", value::name);
    let kind = kind(table, context);
    let section = section(table, context.sections);
    let nature = closed(table, "nature", "a nature", &Nature::ALL.map(|n| (n.as_str(), n)));
    let licence = closed(table, "licence", "a licence", &Licence::ALL.map(|l| (l.as_str(), l)));
    let authority = closed(table, "authority", "a rank of authority", &Authority::ALL.map(|a| (a.as_str(), a)));
    let every = table.parse("every", |text| value::duration(text, "5min", "31d"));
    let language = table.parse("language", value::language);
    let zone = zone(table, "zone");
    let (id, address) = (id?, address?);
    let plain = Source::feed(id, "", address.url, section?);
    Some(Source {
        name: name.unwrap_or_else(|| plain.id.to_string()),
        kind: kind?,
        nature: nature.unwrap_or(plain.nature),
        language: language.unwrap_or_else(|| plain.language.clone()),
        licence: licence.unwrap_or(plain.licence),
        authority: authority.unwrap_or(plain.authority),
        every: every.unwrap_or(plain.every),
        zone,
        allow_private: address.allow_private,
        ..plain
    })
}

fn closed<T: Clone>(table: &mut Table<'_>, key: &'static str, what: &str, all: &[(&str, T)]) -> Option<T> {
    table.parse(key, |text| value::choice(text, what, all))
}

fn section(table: &mut Table<'_>, sections: &Sections) -> Option<SectionId> {
    let all: Vec<(&str, SectionId)> = sections.iter().map(|s| (s.id.as_str(), s.id.clone())).collect();
    match table.has("section") {
        true => table.parse("section", |text| value::choice(text, "a section of the rules", &all)),
        false => {
            table.text("section");
            let id = sections.named(SECTION).map(|s| s.id.clone());
            if id.is_none() {
                let known = value::suggestion("", &all.iter().map(|(name, _)| *name).collect::<Vec<_>>());
                let why = format!("is missing, and the rules have no section `{SECTION}` to stand in");
                table.refuse("section", Wrong::new(why, known));
            }
            id
        }
    }
}

fn kind(table: &mut Table<'_>, context: &Context<'_>) -> Option<Kind> {
    const SELECTORS: [&str; 5] = ["item", "title", "link", "date", "summary"];
    let name = match table.has("kind") {
        true => table.parse("kind", |text| value::choice(text, "a kind", &[("feed", "feed"), ("html", "html")])),
        false => table.text("kind").or(Some("feed")),
    };
    let [item, title, link, date, summary] =
        SELECTORS.map(|key| table.parse(key, |text| value::selector(text, context.selector)));
    match name? {
        "html" => {
            for key in ["item", "title"].into_iter().filter(|key| !table.has(key)) {
                let hint = match key {
                    "item" => "write the CSS selector of one entry of the list, such as `main article`",
                    _ => "write the CSS selector of the title inside an entry, such as `h2`",
                };
                table.refuse(key, Wrong::new("is missing, and `kind = \"html\"` needs it", hint));
            }
            let places =
                [(Field::Title, Some(title?)), (Field::Link, link), (Field::Date, date), (Field::Summary, summary)];
            let fields = places.into_iter().filter_map(|(field, place)| Some((field, Expression::place(&place?))));
            Some(Kind::Html(Mapping { item: Some(item?), fields: fields.collect(), ..Mapping::default() }))
        }
        _ => {
            for key in SELECTORS.into_iter().filter(|key| table.has(key)) {
                let why = "has no effect on a feed";
                table.refuse(key, Wrong::new(why, "take it away, or write `kind = \"html\"` if the page is no feed"));
            }
            Some(Kind::Feed)
        }
    }
}
