//! Where words go: data to stdout, what is told to a person to stderr.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// How this run speaks.
pub struct Output {
    format: Format,
    quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Json,
}

impl Output {
    pub fn new(json: bool, quiet: bool) -> Self {
        Self { format: if json { Format::Json } else { Format::Text }, quiet }
    }

    /// Prints data: `value` as one line of JSON, or else `text`.
    pub fn data(&self, value: &impl Serialize, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        let text = match self.format {
            Format::Json => serde_json::to_string(value)?,
            Format::Text => text(),
        };
        print(&text)
    }

    /// Prints a list: an object a line, or else a table.
    pub fn list<T: Serialize>(&self, rows: &[T], table: impl FnOnce() -> Table) -> anyhow::Result<()> {
        match self.format {
            Format::Json => self.text_or_list(rows, ""),
            Format::Text => print(&table().to_string()),
        }
    }

    /// Prints a list: an object a line, or else a text that a program takes too, such as CSV.
    pub fn text_or_list<T: Serialize>(&self, rows: &[T], text: &str) -> anyhow::Result<()> {
        match self.format {
            Format::Json => rows.iter().try_for_each(|row| print(&serde_json::to_string(row)?)),
            Format::Text => print(text),
        }
    }

    /// Tells a person what was done.
    pub fn say(&self, text: impl AsRef<str>) {
        if !self.quiet {
            tell(text.as_ref());
        }
    }

    /// Names what failed: said even when quiet.
    pub fn complain(&self, text: impl AsRef<str>) {
        tell(text.as_ref());
    }

    /// A bar on a terminal; nothing elsewhere.
    pub fn progress(&self, length: u64) -> ProgressBar {
        if self.quiet || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style =
            ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(length).with_style(style)
    }
}

/// Says something on stderr. That nobody can hear it is no reason to fail.
pub fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", harmless(text));
}

/// Words of sources and servers pass through here: none of them may steer the terminal.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// A reader that closed the pipe (`| head`) has what it wanted.
fn print(text: &str) -> anyhow::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    match writeln!(std::io::stdout(), "{}", harmless(text.trim_end_matches('\n'))) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Columns, as wide as their widest cell.
#[derive(Default)]
pub struct Table(Vec<Vec<String>>);

impl Table {
    pub fn new<const N: usize>(header: [&str; N]) -> Self {
        Self(vec![header.map(String::from).to_vec()])
    }
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.0.push(cells.to_vec());
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.0.first().map_or(0, Vec::len);
        let width = |column: usize| self.0.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.0 {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                // Not by `{:<width$}`, which has a limit and panics beyond it.
                line.push_str(cell);
                line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count()) + 2));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// « 1 notice », « 2 notices ».
pub fn count(n: impl TryInto<u64>, one: &str) -> String {
    match n.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {one}"),
        n => match one.strip_suffix('y') {
            Some(stem) => format!("{n} {stem}ies"),
            None if one.ends_with("ss") => format!("{n} {one}es"),
            None => format!("{n} {one}s"),
        },
    }
}
