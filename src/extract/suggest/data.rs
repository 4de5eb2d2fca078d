//! Data that is no page: lists of objects in JSON, tables in CSV. What their fields are is guessed by their names.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Idea, LEAST};
use crate::model::{Dialect, Expression, Field, Kind, Mapping};

/// How deep a list of objects is looked for.
const DEEPEST: usize = 6;

/// Names of fields, in the order of preference; the first that a record has is taken.
const NAMES: [(Field, &[&str]); 7] = [
    (
        Field::Title,
        &[
            "title",
            "titre",
            "name",
            "nom",
            "vulnerabilityname",
            "headline",
            "intitule",
            "objet",
            "libelle",
            "label",
            "subject",
        ],
    ),
    (Field::Link, &["url", "link", "lien", "href", "html_url", "permalink", "web_url", "uri"]),
    (Field::Guid, &["guid", "id", "uid", "uuid"]),
    (Field::Reference, &["reference", "cveid", "cve", "numero", "nor"]),
    (
        Field::Date,
        &[
            "date_published",
            "published",
            "pubdate",
            "datepubli",
            "date_publication",
            "datepublication",
            "dateadded",
            "date",
            "created_at",
            "created",
        ],
    ),
    (Field::Updated, &["updated", "updated_at", "date_modified", "modified", "last_update", "datemaj"]),
    (Field::Summary, &["summary", "resume", "shortdescription", "description", "chapo", "excerpt", "abstract", "lead"]),
];

/// The longest list of objects, with the fields that its records name.
pub(super) fn json(text: &str) -> Vec<Idea> {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let mut lists = Vec::new();
    collect(&value, String::new(), DEEPEST, &mut lists);
    let Some((count, place, record)) = lists.into_iter().max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1))) else {
        return Vec::new();
    };
    let keys: Vec<&str> =
        record.as_object().map(|object| object.keys().map(String::as_str).collect()).unwrap_or_default();
    let pointer = |key: &str| format!("/{}", key.replace('~', "~0").replace('/', "~1"));
    let Some(fields) = guess(&keys, pointer) else { return Vec::new() };
    // A list at the root needs no place.
    let item = Some(place.clone()).filter(|place| !place.is_empty());
    let made_from = if place.is_empty() {
        format!("a list of {count} objects")
    } else {
        format!("the list of {count} objects at `{place}`")
    };
    vec![Idea { kind: Kind::Json(Mapping { item, fields, ..Mapping::default() }), made_from }]
}

fn collect<'v>(value: &'v Value, place: String, deeper: usize, lists: &mut Vec<(usize, String, &'v Value)>) {
    match value {
        Value::Array(list) => {
            let objects = list.iter().filter(|value| value.is_object()).count();
            if let Some(first) = list.iter().find(|value| value.is_object()).filter(|_| objects >= LEAST) {
                lists.push((objects, place, first));
            }
        }
        Value::Object(object) if deeper > 0 => {
            for (key, value) in object {
                collect(value, format!("{place}/{}", key.replace('~', "~0").replace('/', "~1")), deeper - 1, lists);
            }
        }
        _ => {}
    }
}

/// A table, by the sign that divides its header.
pub(super) fn csv(text: &str) -> Vec<Idea> {
    let comment = text.starts_with('%').then_some(b'%');
    let mut lines = text.lines().filter(|line| comment.is_none() || !line.starts_with('%'));
    let Some(header) = lines.next().filter(|line| line.len() < 10_000) else { return Vec::new() };
    let count = |line: &str, sign: char| line.matches(sign).count();
    let Some(delimiter) = [';', ',', '\t', '|']
        .into_iter()
        .max_by_key(|sign| count(header, *sign))
        .filter(|sign| count(header, *sign) > 0)
    else {
        return Vec::new();
    };
    let rows = lines.filter(|line| count(line, delimiter) > 0).count();
    let columns: Vec<&str> = header.split(delimiter).map(|name| name.trim().trim_matches('"').trim()).collect();
    let Some(fields) = guess(&columns, str::to_owned).filter(|_| rows >= LEAST) else { return Vec::new() };
    let delimiter = u8::try_from(delimiter).unwrap_or(b',');
    let dialect = Dialect { delimiter, comment, ..Dialect::default() };
    vec![Idea {
        kind: Kind::Csv(Mapping { fields, ..Mapping::default() }, dialect),
        made_from: format!("a table of {rows} rows"),
    }]
}

/// `None` without a title.
fn guess(keys: &[&str], place: impl Fn(&str) -> String) -> Option<BTreeMap<Field, Expression>> {
    let plain = |key: &str| crate::text::slug(key).replace('-', "_");
    let find = |names: &[&str]| {
        let exact = names.iter().find_map(|name| keys.iter().find(|key| plain(key) == *name));
        // « Date de publication JO » begins with « date »; « titre_court » with « titre ».
        exact.or_else(|| {
            names.iter().find_map(|name| keys.iter().find(|key| plain(key).starts_with(&format!("{name}_"))))
        })
    };
    let fields: BTreeMap<Field, Expression> =
        NAMES.iter().filter_map(|(field, names)| Some((*field, Expression::place(&place(find(names)?))))).collect();
    fields.contains_key(&Field::Title).then_some(fields)
}
