//! `[[source]]`.

use std::{collections::BTreeMap, time::Duration};

use super::zone;
use crate::{
    config::{
        file::{Place, Table},
        value::{self, Wrong},
    },
    model::{Authority, Kind, Licence, Nature, SectionId, Sections, Selectors, Source, SourceId},
};

/// The shelf of a source that names none.
const SECTION: &str = "tic";

/// Those that are enabled, in the order in which they are written. All are checked.
pub(super) fn read_all(tables: Vec<Table<'_>>, sections: &Sections) -> Vec<Source> {
    let mut first: BTreeMap<SourceId, Option<Place>> = BTreeMap::new();
    let mut sources = Vec::new();
    for mut table in tables {
        let id = id(&mut table);
        if let Some(id) = &id {
            match first.get(id) {
                Some(place) => {
                    let at = place.as_ref().map(|place| table.written().line(place)).unwrap_or_default();
                    let hint = format!("the first is at {at}: give one of them another `id`");
                    table.refuse("id", Wrong::new(format!("must be its own: `{id}` is used twice"), hint));
                }
                None => {
                    first.insert(id.clone(), table.place("id"));
                }
            }
        }
        let enabled = table.flag("enabled").unwrap_or(true);
        let source = read(&mut table, id, sections);
        table.finish();
        sources.extend(source.filter(|_| enabled));
    }
    sources
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

fn read(table: &mut Table<'_>, id: Option<SourceId>, sections: &Sections) -> Option<Source> {
    if !table.has("url") {
        table.refuse("url", Wrong::new("is missing", "write `url = \"https://…\"`: the address of the feed or page"));
    }
    let url = table.parse("url", value::web_address);
    let name = table.parse("name", value::name);
    let kind = kind(table);
    let section = section(table, sections);
    let nature = closed(table, "nature", "a nature", &Nature::ALL.map(|n| (n.as_str(), n)));
    let licence = closed(table, "licence", "a licence", &Licence::ALL.map(|l| (l.as_str(), l)));
    let authority = closed(table, "authority", "a rank of authority", &Authority::ALL.map(|a| (a.as_str(), a)));
    let every = table.parse("every", |text| value::duration(text, "5min", "31d"));
    let language = table.parse("language", value::language);
    let zone = zone(table, "zone");
    let allow_private = table.flag("allow_private").unwrap_or(false);
    let id = id?;
    Some(Source {
        name: name.unwrap_or_else(|| id.to_string()),
        id,
        url: url?,
        kind: kind?,
        section: section?,
        nature: nature.unwrap_or(Nature::Actu),
        language: language.unwrap_or_else(|| "fr".to_owned()),
        licence: licence.unwrap_or(Licence::Unknown),
        authority: authority.unwrap_or(Authority::Relay),
        every: every.unwrap_or(Duration::from_secs(7_200)),
        zone,
        allow_private,
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

fn kind(table: &mut Table<'_>) -> Option<Kind> {
    const SELECTORS: [&str; 5] = ["item", "title", "link", "date", "summary"];
    let name = match table.has("kind") {
        true => table.parse("kind", |text| value::choice(text, "a kind", &[("feed", "feed"), ("html", "html")])),
        false => table.text("kind").or(Some("feed")),
    };
    let [item, title, link, date, summary] = SELECTORS.map(|key| table.parse(key, value::selector));
    match name? {
        "html" => {
            for key in ["item", "title"].into_iter().filter(|key| !table.has(key)) {
                let hint = match key {
                    "item" => "write the CSS selector of one entry of the list, such as `main article`",
                    _ => "write the CSS selector of the title inside an entry, such as `h2`",
                };
                table.refuse(key, Wrong::new("is missing, and `kind = \"html\"` needs it", hint));
            }
            Some(Kind::Html(Selectors { item: item?, title: title?, link, date, summary }))
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
