//! The tables of a file of rules, field by field: one mistake does not hide the next.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

/// What is wrong with a file of rules, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// In octets of the file.
    pub span: Range<usize>,
    /// Lower case, no final stop.
    pub message: String,
    pub hint: String,
}

impl Mistake {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { span, message: message.into(), hint: hint.into() }
    }
}

const HINT: &str = "the head of the built-in `rules.toml` tells what may be written";

/// One table. A field is known because somebody asked for it.
pub(super) struct Fields<'t> {
    /// Where the table begins.
    pub span: Range<usize>,
    /// What it is called in messages.
    name: &'static str,
    table: &'t DeTable<'t>,
    asked: Vec<&'static str>,
    pub mistakes: Vec<Mistake>,
}

impl<'t> Fields<'t> {
    pub fn new(name: &'static str, table: &'t DeTable<'t>, span: Range<usize>) -> Self {
        Self { span, name, table, asked: Vec::new(), mistakes: Vec::new() }
    }

    pub fn refuse(&mut self, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        self.mistakes.push(Mistake::new(span, message, hint));
    }

    /// Whether a field is written at all, rightly or wrongly.
    pub fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// A field that may be absent. `None` too when it is wrong.
    pub fn take<T: DeserializeOwned>(&mut self, key: &'static str) -> Option<Spanned<T>> {
        self.asked.push(key);
        let value = self.find(key)?;
        self.read(key, value)
    }

    /// A field that must be there.
    pub fn need<T: DeserializeOwned>(&mut self, key: &'static str) -> Option<Spanned<T>> {
        if !self.has(key) {
            self.refuse(self.span.clone(), format!("missing field `{key}` in {}", self.name), HINT);
        }
        self.take(key)
    }

    /// The tables of a list; none when it is absent.
    pub fn tables(&mut self, key: &'static str, name: &'static str) -> Vec<Fields<'t>> {
        self.asked.push(key);
        let Some(value) = self.find(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            self.refuse(value.span(), format!("`{key}` must be a list of tables"), HINT);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in list.iter() {
            match item.get_ref() {
                DeValue::Table(table) => tables.push(Fields::new(name, table, item.span())),
                _ => self.refuse(item.span(), format!("`{key}` must hold only tables"), HINT),
            }
        }
        tables
    }

    /// A table whose keys are free: key, where it stands, and its value; nothing when it is absent.
    pub fn entries<T: DeserializeOwned>(&mut self, key: &'static str) -> Vec<(Spanned<String>, T)> {
        self.asked.push(key);
        let Some(value) = self.find(key) else { return Vec::new() };
        let DeValue::Table(table) = value.get_ref() else {
            self.refuse(value.span(), format!("`{key}` must be a table"), HINT);
            return Vec::new();
        };
        let mut entries = Vec::with_capacity(table.len());
        for (name, value) in table.iter() {
            if let Some(read) = self.read(&format!("{key}.{}", name.get_ref()), value) {
                entries.push((Spanned::new(name.span(), name.get_ref().to_string()), read.into_inner()));
            }
        }
        // The order of the file, not that of the keys.
        entries.sort_by_key(|(name, _)| name.span().start);
        entries
    }

    fn read<T: DeserializeOwned>(&mut self, key: &str, value: &Spanned<DeValue<'t>>) -> Option<Spanned<T>> {
        match T::deserialize(ValueDeserializer::from(value.clone())) {
            Ok(read) => Some(Spanned::new(value.span(), read)),
            Err(error) => {
                let message = format!("`{key}`: {}", error.message().trim_end().replace('\n', "; "));
                self.refuse(error.span().unwrap_or(value.span()), message, HINT);
                None
            }
        }
    }

    /// The fields that nobody asked for.
    pub fn unknown(&self) -> Vec<Mistake> {
        let known: Vec<String> = self.asked.iter().map(|key| format!("`{key}`")).collect();
        let unknown = self.table.iter().filter(|(key, _)| !self.asked.contains(&key.get_ref().as_ref()));
        unknown
            .map(|(key, _)| {
                let message = format!("unknown field `{}` in {}", key.get_ref(), self.name);
                Mistake::new(key.span(), message, format!("known: {}", known.join(", ")))
            })
            .collect()
    }

    /// All that was noted, and every field that nobody asked for.
    pub fn finish(mut self) -> Vec<Mistake> {
        self.mistakes.append(&mut self.unknown());
        self.mistakes
    }

    fn find(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }
}
