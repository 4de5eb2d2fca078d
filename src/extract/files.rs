//! Lists of files: the index that a server makes of a folder, of which each file is read once.

use std::collections::BTreeMap;

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
    let mut files = files.into_iter().map(|(name, url)| FileLink { name, url });
    Ok(match after {
        Some(after) => files.filter(|file| file.name.as_str() > after).collect(),
        None => files.next_back().into_iter().collect(),
    })
}
