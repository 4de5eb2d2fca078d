//! JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1) as feed-rs takes it.
//!
//! feed-rs refuses a feed for one number where it expects a string (ids often are numbers), or for a missing title.

use std::ops::ControlFlow;

use serde_json::{Map, Value, json};

use super::{
    raw::{Facts, Mended},
    values::{self, Failure, Step},
};
use crate::model::{Problem, ProblemKind};

/// Writes out a JSON Feed. A text that breaks off keeps the items before the break. At most `most` items are kept, and one more
/// tells that there were more.
///
/// # Errors
/// `NotAFeed` for JSON that has no list of items, `Unreadable` for what is not JSON from its first item on.
pub(super) fn mend(text: &str, most: usize) -> Result<Mended, Problem> {
    let mut list = List { most, items: Vec::new(), facts: Vec::new() };
    let name = |name: &str| [Step::Name(name.to_owned())];
    let (seen, end) = values::each(text, &name("items"), |value| list.take(&value));
    let (mut breaks, mut title) = (Vec::new(), None);
    match end {
        Ok(()) if seen.lists == 0 => return Err(not_a_feed()),
        Ok(()) => {
            let (_, _) = values::each(text, &name("title"), |value| {
                title = word(&value);
                ControlFlow::Continue(())
            });
        }
        Err(Failure::TooLarge) => breaks.push(format!("entry {} takes more memory than a feed may", seen.read + 1)),
        Err(Failure::Broken(error)) => {
            let whole = if seen.read > 0 { seen.read } else { salvage(text, &mut list) };
            if whole == 0 {
                let message = format!("cannot be read as JSON: {error}\nhint: look at it with `vigie sources try`");
                return Err(Problem::page(ProblemKind::Unreadable, message));
            }
            breaks.push(format!("broken after entry {whole}: {error}"));
        }
    }
    let feed = json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": title.unwrap_or_default(),
        "items": list.items,
    });
    Ok(Mended { text: feed.to_string(), facts: list.facts, breaks })
}

/// The items of a feed that are objects, up to one more than the most.
struct List {
    most: usize,
    items: Vec<Value>,
    facts: Vec<Facts>,
}

impl List {
    fn take(&mut self, value: &Value) -> ControlFlow<()> {
        if let Some(item) = value.as_object() {
            self.items.push(entry(self.items.len(), item));
            self.facts.push(facts(item));
        }
        if self.items.len() > self.most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn not_a_feed() -> Problem {
    let message =
        "expected a feed, got JSON without a list of `items`\nhint: set `url` to the address of the feed itself";
    Problem::page(ProblemKind::NotAFeed, message)
}

/// Takes the whole items at the front of a list that is broken further on; how many there are.
fn salvage(text: &str, list: &mut List) -> usize {
    let found = text.split_once("\"items\"").and_then(|(_, rest)| rest.trim_start().strip_prefix(':'));
    let mut rest = found.and_then(|rest| rest.trim_start().strip_prefix('[')).unwrap_or_default();
    let mut whole = 0;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        let Some((item, after)) = values::first(rest) else { return whole };
        (rest, whole) = (after, whole + 1);
        if list.take(&item).is_break() {
            return whole;
        }
    }
}

/// More than are ever read of one item.
const MOST_TAGS: usize = 200;

/// An item with its place as its id.
fn entry(place: usize, item: &Map<String, Value>) -> Value {
    let mut entry = Map::new();
    entry.insert("id".into(), place.to_string().into());
    for key in ["url", "external_url", "title", "summary", "content_html", "content_text"] {
        entry.extend(string(item, key).map(|text| (key.to_owned(), text.into())));
    }
    let tags = item.get("tags").and_then(Value::as_array);
    let tags: Vec<Value> = tags.into_iter().flatten().filter(|tag| tag.is_string()).take(MOST_TAGS).cloned().collect();
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
    word(object.get(key)?)
}

fn word(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}
