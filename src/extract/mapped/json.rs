//! JSON: places are JSON Pointers (RFC 6901) from the item, in which `*` stands for every element of a list or object.
//!
//! What comes from XML gives one thing as an object and several as a list, so a name looks through lists, and an object that
//! has the name after `*` is itself the one element.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Finder, Reading, Taker, Wrong,
    near::{listed, nearest},
    plan::unreadable,
};
use crate::{
    extract::{
        problems::decoded,
        stranger,
        values::{self, Failure, Step, stand_at},
    },
    model::{Field, Mapping, Page, Problem, ProblemKind},
    normalise::charset::Syntax,
};

pub(in crate::extract) fn read(page: &Page, mapping: &Mapping, taker: &mut Taker<'_, '_>) {
    let harvest = taker.harvest();
    let Some(text) = decoded(page, Syntax::Json, page.content_type.as_deref(), harvest) else { return };
    let text = text.trim_start_matches('\u{feff}');
    let place = match mapping.item.as_deref().map(compile).transpose() {
        Ok(place) => place.unwrap_or_default(),
        Err(wrong) => {
            return harvest.problem(unreadable("item", mapping.item.as_deref().unwrap_or_default(), &wrong));
        }
    };
    let mut reading = Reading::new(&Pointers, mapping, &page.url);
    let (seen, end) = values::each(text, &place, |value| reading.item(&value, taker));
    let harvest = taker.harvest();
    match end {
        Err(Failure::Broken(_)) if text.trim_start().starts_with('<') => {
            let root = crate::extract::xml::root(text);
            harvest.problem(stranger::problem("JSON", text, root.as_deref(), &page.url));
        }
        Err(Failure::Broken(error)) => {
            let message = format!("cannot be read as JSON: {error}\nhint: look at it with `vigie sources try`");
            harvest.problem(Problem::page(ProblemKind::Unreadable, message));
        }
        Err(Failure::TooLarge) => {
            let message = format!(
                "value {} of the list takes more memory than one may; it and the rest were left out\nhint: watch a smaller part of it",
                seen.read + 1
            );
            let kind = if seen.read == 0 { ProblemKind::Unreadable } else { ProblemKind::Limit };
            harvest.problem(Problem::page(kind, message));
        }
        Ok(()) if seen.found == 0 => {
            let written = mapping.item.as_deref().unwrap_or_default();
            let message = match values::first(text) {
                Some((document, _)) => Pointers.instead(&document, &place, written),
                None => format!("nothing at `{written}`\nhint: look at it with `vigie sources try`"),
            };
            harvest.problem(Problem::at("item", ProblemKind::Mapping, message));
        }
        Ok(()) if seen.read == 0 => harvest.problem(Problem::page(ProblemKind::Empty, "the list has no entry")),
        Ok(()) => {}
    }
}

/// # Errors
/// The place does not begin with `/`, or a `~` in it is not `~0` or `~1`.
pub(in crate::extract) fn compile(written: &str) -> Result<Vec<Step>, Wrong> {
    const HINT: &str = "write a JSON Pointer, such as `/title` or `/cves/*/name`";
    let wrong = |why: &str| Wrong { why: why.to_owned(), hint: HINT };
    let names = written.strip_prefix('/').ok_or_else(|| wrong("it does not begin with `/`"))?;
    let step = |name: &str| {
        let escapes = name.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        match name {
            _ if !escapes => Err(wrong("a `~` in it is neither `~0` (for `~`) nor `~1` (for `/`)")),
            "*" => Ok(Step::Each),
            name => Ok(Step::Name(name.replace("~1", "/").replace("~0", "~"))),
        }
    };
    names.split('/').map(step).collect()
}

/// Items are values of one document.
struct Pointers;

impl Finder for Pointers {
    type Item = Value;
    type Place = Vec<Step>;

    fn place(&self, written: &str) -> Result<Self::Place, Wrong> {
        compile(written)
    }

    fn find(&self, item: &Self::Item, place: &Self::Place, _: Field) -> Option<Vec<String>> {
        let found = stand_at(item, place);
        let mut said = Vec::new();
        found.iter().for_each(|value| say(value, &mut said));
        (!found.is_empty() || leads_to_nothing(item, place)).then_some(said)
    }

    fn instead(&self, item: &Self::Item, place: &Self::Place, written: &str) -> String {
        let depth = (0..place.len())
            .rev()
            .find(|depth| place.get(..*depth).is_some_and(|steps| !stand_at(item, steps).is_empty()));
        let depth = depth.unwrap_or_default();
        let reached = place.get(..depth).unwrap_or_default();
        let names: Vec<&str> = written.split('/').skip(1).collect();
        let prefix: String = names.iter().take(depth).map(|name| format!("/{name}")).collect();
        let here = if prefix.is_empty() { String::from("the item") } else { format!("`{prefix}`") };
        let fields: BTreeSet<&str> = stand_at(item, reached)
            .into_iter()
            .flat_map(|value| match value {
                Value::Array(elements) => elements.iter().collect(),
                value => vec![value],
            })
            .filter_map(Value::as_object)
            .flat_map(|object| object.keys().map(String::as_str))
            .collect();
        let fields: Vec<&str> = fields.into_iter().collect();
        if fields.is_empty() {
            return format!(
                "nothing at `{written}`; {here} has no fields\nhint: end the place there, or look at it with `vigie sources try`"
            );
        }
        let hint = match names.get(depth).and_then(|name| nearest(name, &fields)) {
            Some(near) => format!("write `{prefix}/{near}`"),
            None => String::from("write the place of one of these"),
        };
        format!("nothing at `{written}`; {here} has the fields {}\nhint: {hint}", listed(&fields))
    }
}

/// Whether a place is cut short by an empty list or `null`: what would stand further on is not known.
fn leads_to_nothing(value: &Value, steps: &[Step]) -> bool {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(elements) => elements.is_empty(),
        _ => false,
    };
    let mut before = (1..steps.len()).rev().filter_map(|depth| steps.get(..depth));
    before.any(|steps| stand_at(value, steps).into_iter().any(is_empty)) || is_empty(value)
}

/// What a value says: a list says what its elements say.
fn say(value: &Value, said: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::Bool(truth) => said.push(truth.to_string()),
        Value::Number(number) => said.push(number.to_string()),
        Value::String(text) => said.push(text.clone()),
        Value::Array(elements) => elements.iter().for_each(|element| say(element, said)),
        // An element of XML that has attributes besides its text.
        Value::Object(fields) => said.extend(fields.get("#text").and_then(Value::as_str).map(str::to_owned)),
    }
}
