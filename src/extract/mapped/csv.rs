//! CSV: places are the names of columns, compared without regard to case and to white space around them. The first row that is
//! no comment names them.

use std::collections::BTreeSet;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::{
    Finder, Taker, Wrong, items,
    near::{listed, nearest},
};
use crate::{
    extract::{problems::decoded, stranger},
    model::{Dialect, Field, Mapping, Page, Problem, ProblemKind},
    normalise::charset::Syntax,
};

pub(in crate::extract) fn read(page: &Page, mapping: &Mapping, dialect: &Dialect, taker: &mut Taker<'_, '_>) {
    let harvest = taker.harvest();
    // What the settings say of the encoding counts as what HTTP would: the octets have the last word.
    let stated = dialect.charset.as_ref().map(|label| format!("text/csv; charset={label}"));
    let content_type = stated.as_deref().or(page.content_type.as_deref());
    let Some(text) = decoded(page, Syntax::Text, content_type, harvest) else { return };
    if text.trim_start().starts_with('<') {
        let root = crate::extract::xml::root(&text);
        return harvest.problem(stranger::problem("a table (CSV)", &text, root.as_deref(), &page.url));
    }
    let mut reader = ReaderBuilder::new()
        .delimiter(dialect.delimiter)
        .comment(dialect.comment)
        .flexible(true)
        .trim(Trim::Headers)
        .from_reader(text.as_bytes());
    let columns: Vec<String> = match reader.headers() {
        Ok(header) => header.iter().take(MOST_COLUMNS).map(str::to_owned).collect(),
        Err(error) => {
            let message = format!("cannot be read as a table: {error}");
            return harvest.problem(Problem::page(ProblemKind::Unreadable, message));
        }
    };
    let mut uneven: BTreeSet<u64> = BTreeSet::new();
    let width = reader.headers().map_or(0, StringRecord::len);
    let rows = reader.records().map_while(Result::ok).inspect(|row| {
        if row.len() != width || row.iter().any(|cell| swallows(cell, width, dialect.delimiter)) {
            uneven.insert(row.position().map_or(0, csv::Position::line));
        }
    });
    let finder = Columns(columns);
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return harvest.problem(Problem::page(ProblemKind::Empty, "the table has no row"));
    }
    items(&finder, rows, mapping, &page.url, taker);
    if let Some(first) = uneven.first() {
        let message = format!(
            "{} rows do not have the {width} cells of the first row, or hold others; the first is at line {first}\nhint: look at `delimiter`, and at quotation marks there that are never closed",
            uneven.len()
        );
        taker.harvest().problem(Problem::page(ProblemKind::Mended, message));
    }
}

/// How many columns of a table can be named.
const MOST_COLUMNS: usize = 10_000;

/// Whether a cell holds whole rows: it began with a quotation mark that is not closed.
fn swallows(cell: &str, width: usize, delimiter: u8) -> bool {
    width > 2 && cell.lines().skip(1).any(|line| line.bytes().filter(|byte| *byte == delimiter).count() + 1 >= width)
}

/// # Errors
/// It is empty.
pub(in crate::extract) fn compile(written: &str) -> Result<&str, Wrong> {
    match written.trim() {
        "" => Err(Wrong { why: "it is empty".to_owned(), hint: "write the name of a column, as in its first row" }),
        name => Ok(name),
    }
}

/// Items are rows under these columns.
struct Columns(Vec<String>);

impl Finder for Columns {
    type Item = StringRecord;
    /// Which column, if there is one of that name.
    type Place = Option<usize>;

    fn place(&self, written: &str) -> Result<Option<usize>, Wrong> {
        let name = compile(written)?.to_lowercase();
        Ok(self.0.iter().position(|column| column.to_lowercase() == name))
    }

    fn find(&self, row: &StringRecord, column: &Option<usize>, _: Field) -> Option<Vec<String>> {
        let cell = row.get((*column)?).unwrap_or_default();
        Some(vec![cell.to_owned()])
    }

    fn instead(&self, _: &StringRecord, _: &Option<usize>, written: &str) -> String {
        let columns: Vec<&str> = self.0.iter().map(String::as_str).collect();
        let hint = match (nearest(written, &columns), columns.as_slice()) {
            (Some(near), _) => format!("write `{near}`"),
            (None, [_]) => String::from("set `delimiter`: the first row has one cell only"),
            (None, _) => String::from("write the name of one of these"),
        };
        format!("there is no column `{written}`; the columns are {}\nhint: {hint}", listed(&columns))
    }
}
