//! Settings as written: the tables of one or two files read as one, key by key, each value with its place.
//!
//! Not through serde, which stops at the first mistake of a file: here every wrong value and every unknown key is
//! noted, and reading goes on. A key is known because somebody asked for it; what is left when a table is finished
//! is unknown.

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
    ops::Range,
    rc::Rc,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Input,
    problem::{ConfigProblem, Problems},
    value::{Wrong, quoted, suggestion},
};

/// The files, and what was found wrong in them so far.
pub(super) struct Written<'a> {
    documents: Vec<Document<'a>>,
    problems: RefCell<Vec<(Place, ConfigProblem)>>,
}

struct Document<'a> {
    input: Input<'a>,
    root: DeTable<'a>,
    /// The lines that are not TOML, and those that stand under a header that is not: what was made of them is not worth a
    /// second complaint.
    broken: Vec<usize>,
    /// Where each line ends: a file of ten thousand mistakes is not counted through ten thousand times.
    ends: OnceCell<Vec<usize>>,
}

impl Document<'_> {
    /// The line of a byte, counted from 1.
    fn line(&self, at: usize) -> usize {
        let ends = self.ends.get_or_init(|| self.input.text.match_indices('\n').map(|(at, _)| at).collect());
        ends.partition_point(|end| *end < at) + 1
    }
}

/// Where something is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    document: usize,
    span: Range<usize>,
}

/// One table, which may stand in both files (but none of its keys twice).
pub(super) struct Table<'w> {
    written: &'w Written<'w>,
    /// As in the file: `[mail.smtp]`, `[[source]]`; empty for the top level.
    name: Rc<str>,
    /// Whose it is, among those of one name: « of source `cert-fr` »; empty when there is only one.
    owner: String,
    parts: Vec<Part<'w>>,
    place: Option<Place>,
    asked: Vec<&'static str>,
}

/// What one file says of a table.
struct Part<'w> {
    document: usize,
    table: &'w DeTable<'w>,
    /// Which keys may be in it: of some fifty that are asked for, a source has seven, and ten thousand sources are read at
    /// each start.
    sieve: u64,
}

impl<'w> Part<'w> {
    fn new(document: usize, table: &'w DeTable<'w>) -> Self {
        let sieve = table.keys().fold(0, |sieve, key| sieve | Self::bit(key.get_ref()));
        Self { document, table, sieve }
    }

    /// Keys of another length or another beginning mostly have another bit.
    fn bit(key: &str) -> u64 {
        let begin = key.bytes().take(2).fold(0, |hash: usize, byte| hash * 5 + usize::from(byte));
        1 << ((begin + key.len() * 11) % 64)
    }

    fn get(&self, key: &str) -> Option<&'w Spanned<DeValue<'w>>> {
        if self.sieve & Self::bit(key) == 0 { None } else { self.table.get(key) }
    }
}

const TEXT: &str = "text in quotes";
const LIST: &str = "a list of texts in quotes";
const TEXTS: &str = "a table of texts in quotes";
const MISSPELT: &str = "write `[[source]]`: `sources` is the setting that names the file in which they stand";

impl<'a> Written<'a> {
    /// Reads what can be read, and notes what is not TOML.
    pub fn parse(inputs: impl IntoIterator<Item = Input<'a>>) -> Self {
        let mut problems = Vec::new();
        let mut documents = Vec::new();
        for input in inputs {
            let (root, errors) = DeTable::parse_recoverable(input.text);
            let (mut broken, mut lost) = (Vec::new(), Vec::new());
            for error in errors {
                let span = error.span().unwrap_or(0..0);
                let is_again = error.message().contains("duplicate");
                let hint = match header(input.text, span.start) {
                    _ if error.message().contains("escape") => {
                        "put regular expressions, and whatever else holds a `\\`, in single quotes: pattern = '\\.pdf$'"
                    }
                    _ if is_again => "write each key, and each table, once",
                    Some(_) => "write a table as `[name]`, a source as `[[source]]`, alone on its line",
                    None => "write a key, `=`, and a value: text in quotes, a list in brackets",
                };
                let message = format!("this is not TOML: {}", error.message().replace('\n', "; "));
                let problem = ConfigProblem::at(input.name, input.text, span.clone(), message, hint.to_owned());
                // One slip often breaks the parser's stride several times on its line: the first tells.
                let is_said = broken.contains(&problem.line) || is_again && lost.contains(&problem.line);
                if !is_said {
                    broken.push(problem.line);
                    lost.extend(header(input.text, span.start).into_iter().flatten().filter(|_| !is_again));
                    problems.push((Place { document: documents.len(), span }, problem));
                }
            }
            broken.append(&mut lost);
            documents.push(Document { input, root: root.into_inner(), broken, ends: OnceCell::new() });
        }
        Self { documents, problems: RefCell::new(problems) }
    }

    pub fn top(&self) -> Table<'_> {
        let parts = self.documents.iter().enumerate().map(|(i, d)| Part::new(i, &d.root)).collect();
        Table { written: self, name: Rc::from(""), owner: String::new(), parts, place: None, asked: Vec::new() }
    }

    /// Notes a mistake; without a place, it concerns no line.
    pub fn report(&self, place: Option<&Place>, message: String, hint: impl Into<String>) {
        let hint = hint.into();
        let Some((place, document)) = place.and_then(|p| Some((p, self.documents.get(p.document)?))) else {
            let file = self.documents.first().map_or("(defaults)", |d| d.input.name);
            let place = Place { document: 0, span: 0..0 };
            return self.problems.borrow_mut().push((place, ConfigProblem::whole(file, message, hint)));
        };
        let input = &document.input;
        let line = document.line(place.span.start);
        let problem = ConfigProblem::on_line(input.name, input.text, line, place.span.clone(), message, hint);
        if !document.broken.contains(&problem.line) {
            self.problems.borrow_mut().push((place.clone(), problem));
        }
    }

    /// « sources.toml:12 », to point from one place to another.
    pub fn line(&self, place: &Place) -> String {
        self.documents
            .get(place.document)
            .map_or_else(String::new, |d| format!("{}:{}", d.input.name, d.line(place.span.start)))
    }

    /// Everything that was noted, in the order of the files.
    pub fn finish(self) -> Result<(), Problems> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|(place, _)| (place.document, place.span.start));
        match problems.is_empty() {
            true => Ok(()),
            false => Err(Problems::new(problems.into_iter().map(|(_, problem)| problem).collect())),
        }
    }
}

/// When the line at a byte is the header of a table: the lines under it, down to the next header.
fn header(text: &str, at: usize) -> Option<Range<usize>> {
    let is_header = |line: &str| line.trim_start().starts_with('[');
    let line = text.get(..at)?.matches('\n').count();
    let mut lines = text.lines().skip(line);
    // Lines count from 1.
    let first = line + 2;
    is_header(lines.next()?).then(|| first..first + lines.take_while(|line| !is_header(line)).count())
}

impl<'w> Table<'w> {
    pub fn written(&self) -> &'w Written<'w> {
        self.written
    }

    /// Says whose it is from now on: « of source `cert-fr` ».
    pub fn belongs_to(&mut self, what: &str, name: &str) {
        self.owner = format!("of {what} `{name}`");
    }

    /// Keys that are known, and whose values are for others to read or to refuse.
    pub fn know(&mut self, keys: &[&'static str]) {
        // Most tables are asked for some fifty keys: room is made once.
        if self.asked.is_empty() {
            self.asked.reserve(64);
        }
        self.asked.extend(keys);
    }

    /// Whether a key of the top level stands in that file, the first being 0.
    pub fn stands_in(&self, key: &str, document: usize) -> bool {
        self.values(key).any(|(place, _)| place.document == document)
    }

    /// Whether a key holds a table.
    pub fn has_table(&self, key: &str) -> bool {
        self.values(key).next().is_some_and(|(_, value)| value.is_table())
    }

    /// Where a key's value stands, or else the table itself.
    pub fn place(&self, key: &str) -> Option<Place> {
        self.values(key).next().map(|(place, _)| place).or_else(|| self.place.clone())
    }

    /// Whether a key is written at all, rightly or wrongly.
    pub fn has(&self, key: &str) -> bool {
        self.values(key).next().is_some()
    }

    /// Notes a mistake at a key's value: « `every` must be … ».
    pub fn refuse(&self, key: &str, wrong: Wrong) {
        let message = format!("{} {}", self.full(key), wrong.why);
        self.written.report(self.place(key).as_ref(), message, wrong.hint);
    }

    pub fn text(&mut self, key: &'static str) -> Option<&'w str> {
        let value = self.find(key)?;
        value.as_str().or_else(|| self.mistyped(key, TEXT, value))
    }

    /// A text that says something else.
    pub fn parse<T>(&mut self, key: &'static str, read: impl FnOnce(&str) -> Result<T, Wrong>) -> Option<T> {
        let text = self.text(key)?;
        read(text).map_err(|wrong| self.refuse(key, wrong)).ok()
    }

    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.find(key)?;
        value.as_bool().or_else(|| self.mistyped(key, "`true` or `false`", value))
    }

    /// A whole number from `least` to `most`.
    pub fn number(&mut self, key: &'static str, least: i64, most: i64) -> Option<i64> {
        let value = self.find(key)?;
        let Some(integer) = value.as_integer() else {
            return self.mistyped(key, "a whole number", value);
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.filter(|n| (least..=most).contains(n));
        if number.is_none() {
            let why = format!("must not be {}", quoted(integer.as_str()));
            self.refuse(key, Wrong::new(why, format!("take a whole number from {least} to {most}")));
        }
        number
    }

    /// One text, or a list of them.
    pub fn texts<T>(&mut self, key: &'static str, mut read: impl FnMut(&str) -> Result<T, Wrong>) -> Option<Vec<T>> {
        let is_text = self.values(key).next().is_some_and(|(_, value)| value.is_str());
        if is_text { self.parse(key, read).map(|one| vec![one]) } else { self.list(key, &mut read) }
    }

    /// A table whose keys are free, and whose values are texts that say something else.
    pub fn map<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&str, &str) -> Result<T, Wrong>,
    ) -> Option<BTreeMap<String, T>> {
        let value = self.find(key)?;
        let document = self.place(key).map_or(0, |p| p.document);
        let Some(table) = value.as_table() else {
            return self.mistyped(key, TEXTS, value);
        };
        let mut all = Some(BTreeMap::new());
        for (name, value) in table {
            let name = name.get_ref().as_ref();
            let read = match value.get_ref().as_str() {
                Some(text) => read(name, text),
                None => Err(Wrong::new(
                    format!("must hold texts in quotes, which {} is not", quoted(name)),
                    "write it as `{ \"a\" = \"b\" }`",
                )),
            };
            match (read, &mut all) {
                (Ok(value), Some(all)) => drop(all.insert(name.to_owned(), value)),
                (Ok(_), None) => {}
                (Err(wrong), _) => {
                    let place = Place { document, span: value.span() };
                    self.written.report(Some(&place), format!("{} {}", self.full(key), wrong.why), wrong.hint);
                    all = None;
                }
            }
        }
        all
    }

    /// A list of texts that each say something else. `None` when it is absent or one of them is wrong.
    pub fn list<T>(&mut self, key: &'static str, mut read: impl FnMut(&str) -> Result<T, Wrong>) -> Option<Vec<T>> {
        let value = self.find(key)?;
        let Some(array) = value.as_array() else {
            return self.mistyped(key, LIST, value);
        };
        let document = self.place(key).map_or(0, |p| p.document);
        let mut all = Some(Vec::with_capacity(array.len()));
        for item in array.iter() {
            let read = match item.get_ref().as_str() {
                Some(text) => read(text),
                None => Err(Wrong::new("must hold only texts in quotes", "write it as `[\"a\", \"b\"]`")),
            };
            match read {
                Ok(value) => {
                    if let Some(all) = &mut all {
                        all.push(value);
                    }
                }
                Err(wrong) => {
                    let place = Place { document, span: item.span() };
                    self.written.report(Some(&place), format!("{} {}", self.full(key), wrong.why), wrong.hint);
                    all = None;
                }
            }
        }
        all
    }

    /// The table of that name; an empty one when it is absent, so that all its keys have their defaults.
    pub fn table(&mut self, key: &'static str) -> Table<'w> {
        self.asked.push(key);
        let dotted = self.name.trim_matches(['[', ']']).to_owned();
        let name = if dotted.is_empty() { format!("[{key}]") } else { format!("[{dotted}.{key}]") };
        let name = Rc::from(name);
        let mut parts = Vec::new();
        let mut place = None;
        for (at, value) in self.values(key) {
            match value.as_table() {
                Some(table) => {
                    parts.push(Part::new(at.document, table));
                    place = place.or(Some(at));
                }
                None => {
                    let message = format!("`{key}` must be a table, not {}", described(value));
                    self.written.report(Some(&at), message, format!("begin it by a line `{name}`"));
                }
            }
        }
        Table { written: self.written, name, owner: self.owner.clone(), parts, place, asked: Vec::new() }
    }

    /// All tables `[[key]]`, also written as `key = [{ … }]`, of the first file and then of the second.
    pub fn tables(&mut self, key: &'static str) -> Vec<Table<'w>> {
        self.asked.push(key);
        let mut tables = Vec::new();
        let dotted = self.name.trim_matches(['[', ']']);
        let full = if dotted.is_empty() { key.to_owned() } else { format!("{dotted}.{key}") };
        let name: Rc<str> = Rc::from(format!("[[{full}]]"));
        let refuse = |place: Place, value: &DeValue| {
            let message = format!("`{key}` must be a list of tables, not {}", described(value));
            self.written.report(Some(&place), message, format!("begin each one by a line `[[{full}]]`"));
        };
        for (at, value) in self.values(key) {
            let Some(array) = value.as_array() else {
                refuse(at, value);
                continue;
            };
            for item in array.iter() {
                let place = Place { document: at.document, span: item.span() };
                match item.get_ref().as_table() {
                    Some(table) => tables.push(Table {
                        written: self.written,
                        name: Rc::clone(&name),
                        owner: String::new(),
                        parts: vec![Part::new(at.document, table)],
                        place: Some(place),
                        asked: Vec::new(),
                    }),
                    None => refuse(place, item.get_ref()),
                }
            }
        }
        tables
    }

    /// Notes every key that nobody asked for.
    pub fn finish(self) {
        for Part { document, table, .. } in &self.parts {
            for (key, value) in table.iter().filter(|(key, _)| !self.asked.contains(&key.get_ref().as_ref())) {
                let place = Place { document: *document, span: key.span() };
                let what = if value.get_ref().is_table() { "table" } else { "key" };
                let message = format!("unknown {what} {}{}", quoted(key.get_ref()), self.inside());
                let mut known = self.asked.clone();
                known.sort_unstable();
                known.dedup();
                self.written.report(Some(&place), message, suggestion(key.get_ref(), &known));
            }
        }
    }

    fn values<'t>(&'t self, key: &'t str) -> impl Iterator<Item = (Place, &'w DeValue<'w>)> + use<'t, 'w> {
        self.parts.iter().filter_map(move |part| {
            let value = part.get(key)?;
            Some((Place { document: part.document, span: value.span() }, value.get_ref()))
        })
    }

    /// A value that may be written in one file only.
    fn find(&mut self, key: &'static str) -> Option<&'w DeValue<'w>> {
        self.know(&[key]);
        let mut values = self.values(key);
        let (first, value) = values.next()?;
        for (again, value) in values {
            let (message, hint) = match is_misspelt(key, value) {
                true => (format!("{} must be {TEXT}, not {}", self.full(key), described(value)), MISSPELT.to_owned()),
                false => {
                    let hint = format!("it is already set at {}: keep one of them", self.written.line(&first));
                    (format!("{} is set twice", self.full(key)), hint)
                }
            };
            self.written.report(Some(&again), message, hint);
        }
        Some(value)
    }

    fn full(&self, key: &str) -> String {
        format!("`{key}`{}", self.inside())
    }

    fn inside(&self) -> String {
        match (&*self.name, self.owner.as_str()) {
            ("", _) => String::new(),
            (name, owner) if name.starts_with("[[") && !owner.is_empty() => format!(" {owner}"),
            (name, "") => format!(" in `{name}`"),
            (name, owner) => format!(" in `{name}` {owner}"),
        }
    }

    fn mistyped<T>(&self, key: &str, expected: &str, value: &DeValue) -> Option<T> {
        let hint = match (expected, value) {
            _ if is_misspelt(key, value) => MISSPELT,
            (TEXT, DeValue::Array(_) | DeValue::Table(_)) => "write one text, in quotes",
            (TEXT, _) => "put it in quotes",
            (LIST, _) => "put it in brackets",
            (TEXTS, _) => "write it as `{ \"a\" = \"b\" }`",
            (_, DeValue::String(_)) => "take away the quotes",
            (_, DeValue::Float(_)) => "take away the decimal point",
            _ => "the commented settings that `vigie init` writes show how",
        };
        self.refuse(key, Wrong::new(format!("must be {expected}, not {}", described(value)), hint));
        None
    }
}

/// `[[sources]]`, where `[[source]]` is meant.
fn is_misspelt(key: &str, value: &DeValue) -> bool {
    key == "sources" && matches!(value, DeValue::Array(_) | DeValue::Table(_))
}

fn described(value: &DeValue) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a decimal point",
        DeValue::Boolean(_) => "`true` or `false`",
        DeValue::Datetime(_) => "a date or time without quotes",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
