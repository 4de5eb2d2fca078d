//! In which order the text of a page is read: from the top, and in columns the left one first.

use std::collections::BTreeMap;

use super::glyphs::{Run, SPACE};

/// One line of text as it is read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub text: String,
    pub left: f64,
    pub right: f64,
    pub y: f64,
    pub size: f64,
    /// How far to the right the lines of its column reach.
    pub edge: f64,
}

/// The lines of a page in the order of reading.
pub(super) fn lines(runs: Vec<Run>) -> Vec<Line> {
    let mut out = Vec::new();
    read(rows(runs), MOST_COLUMNS, &mut out);
    out
}

const MOST_COLUMNS: usize = 3;

/// What stands at one height, from left to right.
type Row = Vec<Run>;

fn rows(mut runs: Vec<Run>) -> Vec<Row> {
    runs.sort_by(|a, b| b.y.total_cmp(&a.y).then(a.left.total_cmp(&b.left)));
    let mut rows: Vec<Row> = Vec::new();
    for run in runs {
        match rows.last_mut() {
            // What is raised or lowered, such as the « er » of « 1er », stands in the line.
            Some(row) if row.first().is_some_and(|first| first.y - run.y < 0.45 * first.size.max(run.size)) => {
                row.push(run);
            }
            _ => rows.push(vec![run]),
        }
    }
    for row in &mut rows {
        row.sort_by(|a, b| a.left.total_cmp(&b.left));
        let mut joined: Row = Vec::new();
        for run in row.drain(..) {
            match joined.last_mut() {
                Some(last) if run.left - last.right < 0.5 * last.size.max(run.size) => join(last, &run),
                _ => joined.push(run),
            }
        }
        *row = joined;
    }
    rows
}

fn join(to: &mut Run, next: &Run) {
    if next.left - to.right > SPACE * to.size && !to.text.ends_with(' ') {
        to.text.push(' ');
    }
    to.text.push_str(&next.text);
    if next.size > to.size {
        (to.size, to.y) = (next.size, next.y);
    }
    to.right = to.right.max(next.right);
}

fn read(rows: Vec<Row>, columns: usize, out: &mut Vec<Line>) {
    let gutter = if columns > 1 { gutter(&rows) } else { None };
    let Some(gutter) = gutter else {
        let edge = rows.iter().flatten().map(|run| run.right).fold(f64::MIN, f64::max);
        out.extend(rows.into_iter().filter_map(|row| line(row, edge)));
        return;
    };
    let mut across = Vec::new();
    for band in bands(rows, gutter) {
        if band.is_columns(gutter) {
            read(std::mem::take(&mut across), 1, out);
            read(band.left, 1, out);
            read(band.right, columns - 1, out);
        } else {
            across.extend(band.whole);
        }
    }
    read(across, 1, out);
}

fn line(row: Row, edge: f64) -> Option<Line> {
    let mut runs = row.into_iter();
    let mut whole = runs.next()?;
    for run in runs {
        join(&mut whole, &run);
    }
    let Run { text, left, right, y, size } = whole;
    Some(Line { text, left, right, y, size, edge })
}

/// Rows between two that cross the gutter.
#[derive(Default)]
struct Band {
    whole: Vec<Row>,
    left: Vec<Row>,
    right: Vec<Row>,
}

impl Band {
    fn is_columns(&self, gutter: f64) -> bool {
        let edges = |rows: &[Row]| {
            let left = rows.iter().flatten().map(|run| run.left).fold(f64::MAX, f64::min);
            (left, rows.iter().flatten().map(|run| run.right).fold(f64::MIN, f64::max))
        };
        // A table has cells of two words beside each other; a column is filled with text.
        let is_prose = |rows: &[Row], width: f64| {
            let full = rows.iter().filter(|row| {
                row.last().zip(row.first()).is_some_and(|(last, first)| last.right - first.left > 0.55 * width)
            });
            rows.len() >= FEWEST_LINES && full.count() * 2 > rows.len()
        };
        let (left, right) = (edges(&self.left).0, edges(&self.right).1);
        is_prose(&self.left, gutter - left) && is_prose(&self.right, right - gutter)
    }
}

/// Fewer lines beside each other are not two columns.
const FEWEST_LINES: usize = 3;

fn bands(rows: Vec<Row>, gutter: f64) -> Vec<Band> {
    let mut bands = vec![Band::default()];
    let mut crossing = false;
    for row in rows {
        let crosses = row.iter().any(|run| run.left < gutter - 2.0 && run.right > gutter + 1.0);
        if crosses != crossing {
            bands.push(Band::default());
            crossing = crosses;
        }
        if let Some(band) = bands.last_mut() {
            if !crosses {
                let (left, right): (Row, Row) = row.iter().cloned().partition(|run| run.left < gutter - 2.0);
                band.left.extend(Some(left).filter(|row| !row.is_empty()));
                band.right.extend(Some(right).filter(|row| !row.is_empty()));
            }
            band.whole.push(row);
        }
    }
    bands
}

/// Where the second column begins: at a place where many lines do, with text to the left that does not reach it.
fn gutter(rows: &[Row]) -> Option<f64> {
    let left = rows.iter().flatten().map(|run| run.left).fold(f64::MAX, f64::min);
    let right = rows.iter().flatten().map(|run| run.right).fold(f64::MIN, f64::max);
    let inside = left + 0.2 * (right - left)..right - 0.15 * (right - left);
    let mut starts: BTreeMap<i64, (usize, f64)> = BTreeMap::new();
    for run in rows.iter().flatten().filter(|run| inside.contains(&run.left)) {
        #[expect(clippy::cast_possible_truncation, reason = "saturates, and is only a key")]
        let (count, first) = starts.entry((run.left / 2.0).round() as i64).or_insert((0, run.left));
        *count += 1;
        *first = first.min(run.left);
    }
    let mut places: Vec<(usize, f64)> = starts.into_values().filter(|(count, _)| *count >= FEWEST_LINES).collect();
    places.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.total_cmp(&b.1)));
    let tried = places.into_iter().take(MOST_TRIED).map(|(_, place)| {
        let columns = bands(rows.to_vec(), place).into_iter().filter(|band| band.is_columns(place));
        (columns.map(|band| band.right.len().min(band.left.len())).sum::<usize>(), place)
    });
    // Of equals, the leftmost: the gutters to its right are found in what stands there.
    let best = tried.max_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    best.filter(|(lines, _)| *lines > 0).map(|(_, place)| place)
}

const MOST_TRIED: usize = 8;
