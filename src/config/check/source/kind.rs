//! `kind`, and what goes with each one.

use super::{closed, mapping};
use crate::{
    config::{
        check::Context,
        file::Table,
        value::{self, Wrong},
    },
    model::{Dialect, Kind, Pattern},
    normalise::charset,
};

/// The kinds, before what they hold is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Feed,
    Html,
    Links,
    Sitemap,
    Json,
    Xml,
    Csv,
}

const SORTS: [(&str, Sort); 7] = [
    ("feed", Sort::Feed),
    ("html", Sort::Html),
    ("links", Sort::Links),
    ("sitemap", Sort::Sitemap),
    ("json", Sort::Json),
    ("xml", Sort::Xml),
    ("csv", Sort::Csv),
];

/// Keys of `csv` alone.
const DIALECT: [&str; 3] = ["delimiter", "comment", "charset"];

/// What a pattern of links may name.
const GROUPS: [&str; 4] = ["title", "date", "reference", "guid"];

impl Sort {
    pub(super) fn as_str(self) -> &'static str {
        SORTS.iter().find(|(_, sort)| *sort == self).map_or("", |(name, _)| name)
    }
    /// Whether fields are mapped, key by key.
    pub(super) fn is_mapped(self) -> bool {
        matches!(self, Sort::Html | Sort::Json | Sort::Xml | Sort::Csv)
    }
}

pub(super) fn read(table: &mut Table<'_>, context: &Context<'_>) -> Option<Kind> {
    let sort = match table.has("kind") {
        true => closed(table, "kind", "a kind", &SORTS),
        false => {
            table.know(&["kind"]);
            Some(Sort::Feed)
        }
    };
    table.know(&mapping::KEYS);
    table.know(&["pattern"]);
    table.know(&DIALECT);
    // Without a kind it is unknown what each key shall mean.
    let sort = sort?;
    if sort != Sort::Csv {
        without_effect(table, &DIALECT, sort, "`kind = \"csv\"` if it is a table");
    }
    if !matches!(sort, Sort::Links | Sort::Sitemap) {
        without_effect(table, &["pattern"], sort, "`kind = \"links\"` if the links of the page are the documents");
    }
    if !sort.is_mapped() {
        let instead = match sort {
            Sort::Links => "`kind = \"html\"` if each document is one element; a pattern says fields as `(?<title>…)`",
            _ => "`kind = \"html\"` if the page is no feed",
        };
        without_effect(table, &mapping::KEYS, sort, instead);
    }
    match sort {
        Sort::Feed => Some(Kind::Feed),
        Sort::Links => links(table).map(Kind::Links),
        Sort::Sitemap => sitemap(table).map(Kind::Sitemap),
        Sort::Html => mapping::read(table, sort, mapping::Use::Listing, context).map(Kind::Html),
        Sort::Json => mapping::read(table, sort, mapping::Use::Listing, context).map(Kind::Json),
        Sort::Xml => mapping::read(table, sort, mapping::Use::Listing, context).map(Kind::Xml),
        Sort::Csv => {
            let dialect = dialect(table);
            let mapping = mapping::read(table, sort, mapping::Use::Listing, context);
            Some(Kind::Csv(mapping?, dialect?))
        }
    }
}

/// Refuses keys that would be read by nobody.
pub(super) fn without_effect(table: &Table<'_>, keys: &[&'static str], sort: Sort, instead: &str) {
    for key in keys.iter().filter(|key| table.has(key)) {
        let why = match sort {
            Sort::Feed => "has no effect on a feed".to_owned(),
            other => format!("has no effect with `kind = \"{}\"`", other.as_str()),
        };
        table.refuse(key, Wrong::new(why, format!("take it away, or write {instead}")));
    }
}

/// A regular expression that names no group, except those that are known.
pub(super) fn pattern(text: &str, groups: &[&str]) -> Result<Pattern, Wrong> {
    let hint = "write a regular expression in single quotes, such as '\\.pdf$' or 'JORFTEXT\\d+'";
    if text.is_empty() {
        return Err(Wrong::new("must not be empty", hint));
    }
    let pattern = Pattern::parse(text)
        .map_err(|why| Wrong::new(format!("is no regular expression: {}: {why}", value::quoted(text)), hint))?;
    let stranger = pattern.regex().capture_names().flatten().find(|name| !groups.contains(name));
    if let Some(name) = stranger {
        let why = format!("names a group {}, which is no field", value::quoted(name));
        let hint = match groups {
            [] => "write `(?:…)` for a group that is not looked at: nothing is read from it here".to_owned(),
            known => format!("{}; write `(?:…)` for a group that is not looked at", value::suggestion(name, known)),
        };
        return Err(Wrong::new(why, hint));
    }
    Ok(pattern)
}

fn links(table: &mut Table<'_>) -> Option<Vec<Pattern>> {
    if !table.has("pattern") {
        let why = "is missing, and `kind = \"links\"` needs it";
        let hint = "write a regular expression that the addresses of documents match, such as `pattern = '\\.pdf$'`";
        table.refuse("pattern", Wrong::new(why, hint));
    }
    let patterns = table.texts("pattern", |text| pattern(text, &GROUPS))?;
    if patterns.is_empty() {
        table.refuse("pattern", Wrong::new("must hold a pattern", "write one, such as `pattern = '\\.pdf$'`"));
    }
    Some(patterns)
}

/// A map of a site without a pattern is taken whole; `None` when what is written is wrong.
fn sitemap(table: &mut Table<'_>) -> Option<Option<Pattern>> {
    if !table.has("pattern") {
        return Some(None);
    }
    table.parse("pattern", |text| pattern(text, &[])).map(Some)
}

fn dialect(table: &mut Table<'_>) -> Option<Dialect> {
    let plain = Dialect::default();
    let one = |text: &str| match text.as_bytes() {
        [one] if one.is_ascii_graphic() && *one != b'"' => Some(*one),
        _ => None,
    };
    let delimiter = table.parse("delimiter", |text| {
        let read = if matches!(text, "tab" | "\t") { Some(b'\t') } else { one(text) };
        let wrong = || format!("must be one character, not {}", value::quoted(text));
        read.ok_or_else(|| Wrong::new(wrong(), "write what stands between two columns: `;`, `,`, `|` or `tab`"))
    });
    let comment = table.parse("comment", |text| {
        let wrong = || format!("must be one character, not {}", value::quoted(text));
        one(text).ok_or_else(|| Wrong::new(wrong(), "write the character with which lines begin that are no rows"))
    });
    let charset = table.parse("charset", |text| {
        let wrong = || format!("must be the name of an encoding, not {}", value::quoted(text));
        let hint = "write `utf-8`, `iso-8859-1`, `windows-1252` or another label of the Encoding Standard";
        if charset::is_known(text) { Ok(text.trim().to_owned()) } else { Err(Wrong::new(wrong(), hint)) }
    });
    let delimiter = delimiter.unwrap_or(plain.delimiter);
    if comment == Some(delimiter) {
        let why = "must not be what stands between two columns";
        table.refuse("comment", Wrong::new(why, "take it away if no line begins with it"));
    }
    Some(Dialect { delimiter, comment, charset })
}
