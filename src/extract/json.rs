//! JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1) as feed-rs takes it.
//!
//! feed-rs refuses a feed for one number where it expects a string (ids often are numbers), or for a missing title.

use serde_json::{Deserializer, Map, Value, json};

use super::raw::{Facts, Mended};
use crate::model::{Problem, ProblemKind};

/// Writes out a JSON Feed. A text that breaks off keeps the items before the break.
///
/// # Errors
/// `NotAFeed` for JSON that has no list of items, `Unreadable` for what is not JSON from its first item on.
pub(super) fn mend(text: &str) -> Result<Mended, Problem> {
    let mut breaks = Vec::new();
    let (title, items) = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(mut top)) => {
            let Some(Value::Array(items)) = top.remove("items") else { return Err(not_a_feed()) };
            (string(&top, "title"), items)
        }
        Ok(_) => return Err(not_a_feed()),
        Err(error) => {
            let items = salvage(text);
            if items.is_empty() {
                let message = format!("cannot be read as JSON: {error}\nhint: look at it with `vigie sources try`");
                return Err(Problem::page(ProblemKind::Unreadable, message));
            }
            breaks.push(format!("broken after entry {}: {error}", items.len()));
            (None, items)
        }
    };
    let items: Vec<&Map<String, Value>> = items.iter().filter_map(Value::as_object).collect();
    let feed = json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": title.unwrap_or_default(),
        "items": items.iter().enumerate().map(|(place, item)| entry(place, item)).collect::<Vec<_>>(),
    });
    Ok(Mended { text: feed.to_string(), facts: items.into_iter().map(facts).collect(), breaks })
}

fn not_a_feed() -> Problem {
    let message =
        "expected a feed, got JSON without a list of `items`\nhint: set `url` to the address of the feed itself";
    Problem::page(ProblemKind::NotAFeed, message)
}

/// The whole items at the front of a list that is broken further on.
fn salvage(text: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let list = text.split_once("\"items\"").and_then(|(_, rest)| rest.trim_start().strip_prefix(':'));
    let mut rest = list.and_then(|rest| rest.trim_start().strip_prefix('[')).unwrap_or_default();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        let mut values = Deserializer::from_str(rest).into_iter::<Value>();
        let Some(Ok(item)) = values.next() else { return items };
        rest = rest.get(values.byte_offset()..).unwrap_or_default();
        items.push(item);
    }
}

/// An item with its place as its id.
fn entry(place: usize, item: &Map<String, Value>) -> Value {
    let mut entry = Map::new();
    entry.insert("id".into(), place.to_string().into());
    for key in ["url", "external_url", "title", "summary", "content_html", "content_text"] {
        entry.extend(string(item, key).map(|text| (key.to_owned(), text.into())));
    }
    let tags = item.get("tags").and_then(Value::as_array);
    let tags: Vec<Value> = tags.into_iter().flatten().filter(|tag| tag.is_string()).cloned().collect();
    entry.insert("tags".into(), tags.into());
    entry.into()
}

fn facts(item: &Map<String, Value>) -> Facts {
    Facts {
        guid: string(item, "id"),
        permalink: string(item, "id"),
        published: string(item, "date_published").into_iter().collect(),
        updated: string(item, "date_modified").into_iter().collect(),
        language: string(item, "language"),
        ..Facts::default()
    }
}

/// A field that says something; a number counts as its digits (ids often are numbers).
fn string(object: &Map<String, Value>, key: &str) -> Option<String> {
    let text = match object.get(key)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}
