//! Lists of files: the index that a server makes of a folder, of which each file is read once.

use std::{cmp::Ordering, collections::BTreeMap};

use url::Url;

use super::{document::Document, harvest::Harvest, percent::decode};
use crate::{
    model::{Page, Pattern, Problem, ProblemKind, Source},
    text,
};

/// A file of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLink {
    /// Its name, without percent-encoding.
    pub name: String,
    pub url: Url,
}

/// The files that a page links to and whose name matches, in the order of their names: those after `after`, or the last one
/// alone when none was read so far.
///
/// # Errors
/// Nothing on the page is such a file: `Mapping`, or what the page is instead.
pub fn files(page: &Page, source: &Source, pattern: &Pattern, after: Option<&str>) -> Result<Vec<FileLink>, Problem> {
    // Dates play no part in a list of files.
    let mut harvest = Harvest::new(source, jiff::Timestamp::UNIX_EPOCH);
    let Some(document) = Document::of(page, &mut harvest) else {
        let problems = harvest.finish().problems;
        let empty = || Problem::page(ProblemKind::Unreadable, "the answer is empty");
        return Err(problems.into_iter().next().unwrap_or_else(empty));
    };
    let mut files: BTreeMap<String, Url> = BTreeMap::new();
    let mut others: Vec<String> = Vec::new();
    for url in document.select("a[href]").filter_map(|link| harvest.address(link.attr("href")?, &document.base).ok()) {
        // The page itself, in another order.
        if url.path() == page.url.path() {
            continue;
        }
        let name = decode(url.path().rsplit('/').next().unwrap_or_default());
        match pattern.regex().is_match(&name) {
            true => drop(files.entry(name).or_insert(url)),
            false if !name.is_empty() && others.len() < 5 => {
                others.push(format!("`{}`", text::truncate(&name, 80)));
            }
            false => {}
        }
    }
    if files.is_empty() {
        let message = match others.is_empty() {
            true => "the page links to no file\nhint: look at it with `vigie sources try`".to_owned(),
            false => format!(
                "no file of the list matches; the first are {}\nhint: `newest` is compared with the name of the file alone",
                others.join(", ")
            ),
        };
        return Err(document.nothing(Problem::page(ProblemKind::Mapping, message), page));
    }
    let mut files: Vec<FileLink> = files.into_iter().map(|(name, url)| FileLink { name, url }).collect();
    files.sort_by(|a, b| by_name(&a.name, &b.name));
    Ok(match after {
        Some(after) => files.into_iter().filter(|file| by_name(&file.name, after) == Ordering::Greater).collect(),
        None => files.pop().into_iter().collect(),
    })
}

/// As people count: `jo_9` before `jo_10`.
fn by_name(a: &str, b: &str) -> Ordering {
    let (mut a_rest, mut b_rest) = (a, b);
    loop {
        let (a_word, a_number, a_after) = step(a_rest);
        let (b_word, b_number, b_after) = step(b_rest);
        let order = a_word.cmp(b_word).then_with(|| {
            let (a, b) = (a_number.trim_start_matches('0'), b_number.trim_start_matches('0'));
            a.len().cmp(&b.len()).then_with(|| a.cmp(b))
        });
        if order != Ordering::Equal || a_rest.is_empty() || b_rest.is_empty() {
            // `jo_01` and `jo_1` are two files all the same.
            return order.then_with(|| a.cmp(b));
        }
        (a_rest, b_rest) = (a_after, b_after);
    }
}

/// What stands before the first digits of a name, these, and the rest.
fn step(name: &str) -> (&str, &str, &str) {
    let (word, rest) = name.split_at(name.find(|c: char| c.is_ascii_digit()).unwrap_or(name.len()));
    let (number, rest) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
    (word, number, rest)
}
