//! Lists of files: what was fetched is a directory, and the documents stand in the files that it lists.

use jiff::Timestamp;

use super::read::Reader;
use crate::{
    extract::{self, Extracted},
    fetch::{Answer, Class, FetchError, Request},
    model::{Draft, Page, Pattern, Problem, ProblemKind, Source, Validators},
};

/// What the files of a list came to.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub extracted: Extracted,
    /// The last file that was read whole.
    pub read_up_to: Option<String>,
    /// Octets of all of them.
    pub bytes: u64,
    /// The list is to be asked for again though it may not have changed.
    pub is_more_left: bool,
    /// The drafts of each file.
    pub pages: Vec<Vec<Draft>>,
    /// What ended the reading before the last of them: it, and the others, are read next time.
    pub failure: Option<Failure>,
}

/// Why a list of files was not read to its end.
#[derive(Debug)]
pub(super) enum Failure {
    Fetch(Box<FetchError>),
    /// The file, or what came in its place, cannot be read whole.
    Broken(Problem),
}

/// A file that is broken so many times in a row is passed over, with what could be read of it: those after it may be whole.
const TRIES: u32 = 5;

/// A list that was not read for weeks is caught up with in several runs.
const MOST: usize = 8;

/// Reads the files of a list that come after the last one read, oldest first; the newest alone where none was read yet.
/// The first of them was tried in vain `tried` times in a row.
pub(super) async fn read(
    reader: &Reader<'_>,
    source: &Source,
    pattern: &Pattern,
    listing: &Page,
    after: Option<&str>,
    mut tried: u32,
    now: Timestamp,
) -> anyhow::Result<Files> {
    let files = match extract::files(listing, source, pattern, after) {
        Ok(files) => files,
        Err(problem) => {
            let extracted = Extracted { problems: vec![problem], ..Extracted::default() };
            return Ok(Files { extracted, ..Files::default() });
        }
    };
    let mut done = Files { read_up_to: after.map(str::to_owned), ..Files::default() };
    let nothing = Validators::default();
    done.is_more_left = files.len() > MOST;
    for file in files.into_iter().take(MOST) {
        if reader.app.stop.is_cancelled() {
            done.is_more_left = true;
            break;
        }
        let tried = std::mem::take(&mut tried);
        let page = match reader.fetcher.get(&Request::of_document(source, &file.url, &nothing)).await {
            Ok(Answer::Page { page, .. }) => page,
            // A file that is listed and not there is passed over, or nothing would ever be read again.
            Err(error) if error.class() == Class::Gone => {
                let message = format!("{error}\nhint: it is listed and is not there; the next one is read");
                done.extracted.problems.push(Problem::at(&file.name, ProblemKind::Unreadable, message));
                done.read_up_to = Some(file.name);
                continue;
            }
            Ok(Answer::NotModified { .. }) => continue,
            Err(error) => {
                done.failure = Some(Failure::Fetch(Box::new(error)));
                break;
            }
        };
        done.bytes += page.body.len() as u64;
        let read = reader.extract(page, source, now).await?;
        done.pages.push(read.drafts);
        let told = read.problems.into_iter().map(|problem| {
            let place =
                if problem.place.is_empty() { file.name.clone() } else { format!("{}: {}", file.name, problem.place) };
            Problem { place, ..problem }
        });
        let told: Vec<Problem> = told.collect();
        // Half a file, or a page that stands in its place while the site is mended: it is read again, whole.
        let broken = told.iter().find(|problem| problem.kind.is_fatal()).cloned();
        done.extracted.problems.extend(told);
        if let Some(broken) = broken.filter(|_| tried < TRIES) {
            done.failure = Some(Failure::Broken(broken));
            break;
        }
        done.read_up_to = Some(file.name);
    }
    Ok(done)
}
