//! JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1).

use serde_json::{Deserializer, Map, Value};

use super::raw::{GuidRole, LinkRank, RawEntry, RawFeed, RawLink, RawText};
use crate::model::{Problem, ProblemKind};

/// Reads a JSON Feed. A text that breaks off keeps the items before the break.
///
/// # Errors
/// `NotAFeed` for JSON that has no list of items, `Unreadable` for what is not JSON from its first item on.
pub(super) fn read(text: &str) -> Result<RawFeed, Problem> {
    let mut feed = RawFeed::default();
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(top)) => {
            let Some(Value::Array(items)) = top.get("items") else { return Err(not_a_feed()) };
            feed.title = string(&top, "title").map(RawText::Plain);
            feed.entries = items.iter().filter_map(Value::as_object).map(entry).collect();
        }
        Ok(_) => return Err(not_a_feed()),
        Err(error) => {
            feed.entries = salvage(text).iter().filter_map(Value::as_object).map(entry).collect();
            if feed.entries.is_empty() {
                let message = format!("cannot be read as JSON: {error}\nhint: look at it with `vigie sources try`");
                return Err(Problem::page(ProblemKind::Unreadable, message));
            }
            feed.breaks.push(format!("broken after entry {}: {error}", feed.entries.len()));
        }
    }
    Ok(feed)
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

fn entry(item: &Map<String, Value>) -> RawEntry {
    let links = [("url", LinkRank::Page), ("external_url", LinkRank::OtherForm)];
    let tags = item.get("tags").and_then(Value::as_array);
    RawEntry {
        guid: string(item, "id"),
        guid_is_address: GuidRole::Address,
        links: links
            .into_iter()
            .filter_map(|(key, rank)| Some(RawLink { href: string(item, key)?, rank, base: None }))
            .collect(),
        title: string(item, "title").map(RawText::Plain),
        summary: string(item, "summary").map(RawText::guess),
        content: string(item, "content_html")
            .map(RawText::Html)
            .or_else(|| string(item, "content_text").map(RawText::Plain)),
        published: string(item, "date_published").into_iter().collect(),
        updated: string(item, "date_modified").into_iter().collect(),
        language: string(item, "language"),
        categories: tags.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
        base: None,
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
