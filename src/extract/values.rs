//! JSON read one value at a time: of a text, only the value that is looked at is in memory, which takes many times the room that
//! it takes as text.

use std::{cell::Cell, fmt, ops::ControlFlow};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A step on the way to a value.
#[derive(Debug)]
pub(super) enum Step {
    Name(String),
    /// Every element of a list or of an object.
    Each,
}

/// What stood at a place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Values, lists and `null` among them.
    pub found: usize,
    /// Of those, the ones that are lists.
    pub lists: usize,
    /// Values that were given to be read: the elements of lists, and what is none.
    pub read: usize,
}

/// Why a text was not read to its end.
#[derive(Debug)]
pub(super) enum Failure {
    /// It is not JSON, for this reason.
    Broken(serde_json::Error),
    /// One value takes more than [`LARGEST`].
    TooLarge,
}

/// What one value takes in memory, in octets, as estimated.
const LARGEST: usize = 32 << 20;
const VALUE: usize = 80;
/// A list of a few values.
const LIST: usize = 320;
/// An object of a few fields.
const OBJECT: usize = 640;
/// A field of an object, besides its value.
const FIELD: usize = 64;

/// Gives each value at a place to `take`, a list as its elements, until it breaks. That a text breaks off is known before its
/// first value is given.
pub(super) fn each(
    text: &str,
    steps: &[Step],
    mut take: impl FnMut(Value) -> ControlFlow<()>,
) -> (Seen, Result<(), Failure>) {
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        return (Seen::default(), Err(Failure::Broken(error)));
    }
    let mut visit = Visit { seen: Seen::default(), take: &mut take, stopped: false };
    let room = Room::default();
    let read = Place { steps, lists: Lists::Closed, room: &room, visit: &mut visit }
        .deserialize(&mut serde_json::Deserializer::from_str(text));
    let end = match read {
        Err(_) if visit.stopped => Ok(()),
        Err(_) if room.is_full() => Err(Failure::TooLarge),
        Err(error) => Err(Failure::Broken(error)),
        Ok(()) => Ok(()),
    };
    (visit.seen, end)
}

/// The value at the front of a text, and what follows it.
pub(super) fn first(text: &str) -> Option<(Value, &str)> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Seed(&Room::default()).deserialize(&mut reader).ok()?;
    let end = reader.into_iter::<IgnoredAny>().byte_offset();
    Some((value, text.get(end..)?))
}

/// What stands in a value at a place.
pub(super) fn stand_at<'v>(value: &'v Value, steps: &[Step]) -> Vec<&'v Value> {
    let mut here = vec![value];
    for (position, step) in steps.iter().enumerate() {
        let mut next = Vec::new();
        for value in here {
            match step {
                Step::Name(name) => named(value, name, &mut next),
                Step::Each => match value {
                    Value::Array(elements) => next.extend(elements),
                    Value::Object(fields) => match steps.get(position + 1) {
                        Some(Step::Name(name)) if fields.contains_key(name) => next.push(value),
                        _ => next.extend(fields.values()),
                    },
                    Value::Null => {}
                    single => next.push(single),
                },
            }
        }
        here = next;
    }
    here
}

/// What an object has under a name, or each of the objects in a list; a number is also a place in a list.
fn named<'v>(value: &'v Value, name: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(fields) => found.extend(fields.get(name)),
        Value::Array(elements) => match name.parse::<usize>() {
            Ok(position) => found.extend(elements.get(position)),
            Err(_) => found.extend(elements.iter().filter_map(|element| element.as_object()?.get(name))),
        },
        _ => {}
    }
}

/// How much of [`LARGEST`] is taken.
#[derive(Default)]
struct Room(Cell<usize>);

impl Room {
    fn take<E: serde::de::Error>(&self, octets: usize) -> Result<(), E> {
        self.0.set(self.0.get().saturating_add(octets));
        if self.is_full() { Err(E::custom("it takes too much memory")) } else { Ok(()) }
    }

    fn is_full(&self) -> bool {
        self.0.get() > LARGEST
    }
}

struct Visit<'t> {
    seen: Seen,
    take: &'t mut dyn FnMut(Value) -> ControlFlow<()>,
    stopped: bool,
}

impl Visit<'_> {
    fn give<E: serde::de::Error>(&mut self, value: Value) -> Result<(), E> {
        self.seen.read += 1;
        if (self.take)(value).is_break() {
            self.stopped = true;
            return Err(E::custom("no more is asked for"));
        }
        Ok(())
    }

    /// Gives what was found as a whole.
    fn found<E: serde::de::Error>(&mut self, value: Value) -> Result<(), E> {
        self.seen.found += 1;
        match value {
            Value::Array(elements) => {
                self.seen.lists += 1;
                elements.into_iter().try_for_each(|element| self.give(element))
            }
            Value::Null => Ok(()),
            value => self.give(value),
        }
    }
}

/// Whether a name may look through a list: not through a list in a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lists {
    Closed,
    Opened,
}

/// Goes the steps that are left, and gives what stands at their end.
struct Place<'p, 't> {
    steps: &'p [Step],
    lists: Lists,
    room: &'p Room,
    visit: &'p mut Visit<'t>,
}

impl<'de> DeserializeSeed<'de> for Place<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'p, 't> Place<'p, 't> {
    /// A value that is read whole before the way goes on in it.
    fn whole<E: serde::de::Error>(self, value: Value) -> Result<(), E> {
        match self.steps {
            [] => self.visit.found(value),
            steps => stand_at(&value, steps).into_iter().try_for_each(|found| self.visit.found(found.clone())),
        }
    }

    fn next(&mut self, steps: &'p [Step], lists: Lists) -> Place<'_, 't> {
        Place { steps, lists, room: self.room, visit: self.visit }
    }
}

impl<'de> Visitor<'de> for Place<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        match self.steps {
            [] => {
                self.visit.seen.found += 1;
                self.visit.seen.lists += 1;
                loop {
                    self.room.0.set(0);
                    let Some(value) = list.next_element_seed(Seed(self.room))? else { return Ok(()) };
                    self.visit.give(value)?;
                }
            }
            [Step::Each, rest @ ..] => while list.next_element_seed(self.next(rest, Lists::Closed))?.is_some() {},
            steps @ [Step::Name(name), rest @ ..] => match name.parse::<usize>() {
                _ if self.lists == Lists::Opened => while list.next_element::<IgnoredAny>()?.is_some() {},
                Ok(place) => {
                    for _ in 0..place {
                        if list.next_element::<IgnoredAny>()?.is_none() {
                            return Ok(());
                        }
                    }
                    list.next_element_seed(self.next(rest, Lists::Closed))?;
                    while list.next_element::<IgnoredAny>()?.is_some() {}
                }
                Err(_) => while list.next_element_seed(self.next(steps, Lists::Opened))?.is_some() {},
            },
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        match self.steps {
            [Step::Name(name), rest @ ..] => {
                while let Some(key) = map.next_key::<String>()? {
                    match key == *name {
                        true => map.next_value_seed(self.next(rest, Lists::Closed))?,
                        false => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(())
            }
            // What `*` means depends on all its fields.
            _ => {
                self.room.0.set(0);
                let value = Seed(self.room).visit_map(map)?;
                self.whole(value)
            }
        }
    }

    fn visit_bool<E: serde::de::Error>(self, truth: bool) -> Result<(), E> {
        self.whole(truth.into())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<(), E> {
        self.whole(number.into())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<(), E> {
        self.whole(number.into())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        self.whole(number.into())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.whole(text.into())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.whole(Value::Null)
    }
}

/// Reads a value whole, as long as there is room for it.
struct Seed<'r>(&'r Room);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        self.0.take(LIST)?;
        let mut elements = Vec::new();
        while let Some(element) = list.next_element_seed(Seed(self.0))? {
            elements.push(element);
        }
        Ok(elements.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        self.0.take(OBJECT)?;
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            self.0.take(FIELD + key.len())?;
            fields.insert(key, map.next_value_seed(Seed(self.0))?);
        }
        Ok(fields.into())
    }

    fn visit_bool<E: serde::de::Error>(self, truth: bool) -> Result<Value, E> {
        self.0.take(VALUE).map(|()| truth.into())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Value, E> {
        self.0.take(VALUE).map(|()| number.into())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        self.0.take(VALUE).map(|()| number.into())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        self.0.take(VALUE).map(|()| Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.0.take(VALUE + text.len()).map(|()| text.into())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        self.0.take(VALUE).map(|()| Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn steps(written: &str) -> Vec<Step> {
        let step = |name: &str| if name == "*" { Step::Each } else { Step::Name(name.to_owned()) };
        written.split('/').skip(1).map(step).collect()
    }

    /// What stands at a place of a value, lists as their elements.
    fn at_once(value: &Value, steps: &[Step]) -> (usize, Vec<Value>) {
        let found = stand_at(value, steps);
        let mut read = Vec::new();
        for value in &found {
            match value {
                Value::Array(elements) => read.extend(elements.iter().cloned()),
                Value::Null => {}
                value => read.push((*value).clone()),
            }
        }
        (found.len(), read)
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), Just(serde_json::json!(1.5)), Just(serde_json::json!("x"))];
        leaf.prop_recursive(4, 40, 4, |inner| {
            let fields = proptest::collection::btree_map("[ab01]", inner.clone(), 0..3);
            prop_oneof![
                proptest::collection::vec(inner, 0..4).prop_map(Value::from),
                fields.prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn one_at_a_time_is_the_same_as_at_once(place in "(/(a|b|\\*|0|1)){0,4}", value in any_value()) {
            let steps = steps(&place);
            let mut read = Vec::new();
            let (seen, end) = each(&value.to_string(), &steps, |value| {
                read.push(value);
                ControlFlow::Continue(())
            });
            prop_assert!(end.is_ok());
            prop_assert_eq!((seen.found, read), at_once(&value, &steps));
        }
    }

    #[test]
    fn what_is_broken_or_too_large_is_not_given() {
        let all = |text: &str, place: &str| {
            let (seen, end) = each(text, &steps(place), |_| ControlFlow::Continue(()));
            (seen.read, end)
        };
        assert!(matches!(all(r#"{"a":[1,2"#, "/a"), (0, Err(Failure::Broken(_)))));
        let wide = format!("[{}1]", "{\"a\":1},".repeat(100_000));
        assert!(matches!(all(&wide, ""), (100_001, Ok(()))));
        assert!(matches!(all(&format!("[1,{wide}]"), ""), (1, Err(Failure::TooLarge))));
        assert!(matches!(all(&format!("[{}", "[".repeat(1_000)), ""), (0, Err(Failure::Broken(_)))));
        let mut read = 0;
        let (_, end) = each("[1,2,3]", &[], |_| {
            read += 1;
            ControlFlow::Break(())
        });
        assert!(end.is_ok() && read == 1);
        assert_eq!(first("{\"a\":1} , 2"), Some((serde_json::json!({"a": 1}), " , 2")));
    }
}
