//! Archives: the files in one answer, read one at a time and never all in memory.
//!
//! What a file unpacks to is bounded before it is believed: by its own size, by that of all together, and by how much larger than
//! its packed form it may become.

use std::{
    borrow::Cow,
    cell::Cell,
    io::{self, Cursor, Read},
    rc::Rc,
};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use super::{guard_member, harvest::Harvest, stranger};
use crate::{
    model::{Archive, ArchiveFormat, Page, Problem, ProblemKind},
    text,
};

const MOST_MEMBERS: usize = 20_000;
/// Octets of one file.
const LARGEST_MEMBER: u64 = 64 << 20;
/// Octets of all files together, read or passed over.
const LARGEST_TOTAL: u64 = 512 << 20;
/// How many times larger than packed a file may be, once it is above [`FREE`].
const RATIO: u64 = 200;
const FREE: u64 = 1 << 20;

/// Reads each file of an archive as the source's kind says.
pub(super) fn read(page: &Page, archive: &Archive, harvest: &mut Harvest<'_>) {
    let mut visit = Visit { page, archive, harvest, read: 0, others: Vec::new() };
    let done = match archive.format {
        ArchiveFormat::Zip => visit.zip(),
        ArchiveFormat::TarGz => visit.tar_gz(),
    };
    let Visit { read, others, .. } = visit;
    harvest.enter(None);
    if let Err(problem) = done {
        harvest.problem(problem);
    } else if read == 0 {
        let problem = match others.is_empty() {
            true => Problem::page(ProblemKind::Empty, "the archive holds no file"),
            false => Problem::at(
                "members",
                ProblemKind::Mapping,
                format!(
                    "no file of the archive matches; the first are {}\nhint: `members` is compared with the whole name of the file inside",
                    others.join(", ")
                ),
            ),
        };
        harvest.problem(problem);
    }
}

/// A page without the gzip that it may be wrapped in, as `sitemap.xml.gz` is.
///
/// # Errors
/// It unpacks to more than is read, or is broken.
pub(super) fn unwrapped(page: &Page) -> Result<Cow<'_, Page>, Problem> {
    if !page.body.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(page));
    }
    let most = most(page.body.len() as u64, LARGEST_MEMBER);
    match all(MultiGzDecoder::new(page.body.as_slice()), most) {
        Ok(body) => Ok(Cow::Owned(Page { body, ..page.clone() })),
        Err(Unpacking::TooLarge) => Err(Problem::page(ProblemKind::Unreadable, too_large(most))),
        Err(Unpacking::Broken(error)) => {
            Err(Problem::page(ProblemKind::Unreadable, format!("cannot be unpacked: {error}")))
        }
    }
}

struct Visit<'v, 'h> {
    page: &'v Page,
    archive: &'v Archive,
    harvest: &'v mut Harvest<'h>,
    read: usize,
    /// The first names that do not match.
    others: Vec<String>,
}

impl Visit<'_, '_> {
    fn zip(&mut self) -> Result<(), Problem> {
        let mut zip = ZipArchive::new(Cursor::new(self.page.body.as_slice()))
            .map_err(|error| self.no_archive("a zip archive", &error))?;
        if zip.len() > MOST_MEMBERS {
            self.harvest.problem(too_many());
        }
        let mut names: Vec<(String, usize)> = Vec::new();
        for index in 0..zip.len().min(MOST_MEMBERS) {
            // Names that are no UTF-8 are those of old programs.
            let Ok(member) = zip.by_index_raw(index) else { continue };
            let name = String::from_utf8_lossy(member.name_raw()).into_owned();
            let is_file = !member.is_dir() && !member.is_symlink();
            drop(member);
            if is_file && self.is_wanted(&name) {
                names.push((name, index));
            }
        }
        names.sort();
        let mut total = 0;
        for (name, index) in names {
            let body = match zip.by_index(index) {
                Ok(member) => {
                    let most = most(member.compressed_size(), LARGEST_MEMBER.min(LARGEST_TOTAL - total));
                    all(member, most).map_err(|error| (error, most))
                }
                Err(error) => Err((Unpacking::Broken(io::Error::other(error)), 0)),
            };
            match body {
                Ok(body) => {
                    total += body.len() as u64;
                    self.member(name, body);
                }
                Err((Unpacking::TooLarge, most)) if total + most >= LARGEST_TOTAL => return Err(total_reached()),
                Err((error, most)) => self.left_out(&name, error, most),
            }
        }
        Ok(())
    }

    fn tar_gz(&mut self) -> Result<(), Problem> {
        let body = self.page.body.as_slice();
        if !body.starts_with(&[0x1f, 0x8b]) {
            return Err(self.no_archive("a tar.gz archive", &"it is not compressed with gzip"));
        }
        let most = most(body.len() as u64, LARGEST_TOTAL);
        let state = Rc::new(Cell::new(most));
        let mut tar = tar::Archive::new(Metered { inner: MultiGzDecoder::new(body), left: Rc::clone(&state) });
        let broken = |error: &io::Error| match state.get() {
            0 => total_reached(),
            _ => Problem::page(
                ProblemKind::Mended,
                format!("the archive is broken: {error}\nhint: the files before the break are still read"),
            ),
        };
        let entries = tar.entries().map_err(|error| broken(&error))?;
        for (position, entry) in entries.enumerate() {
            if position == MOST_MEMBERS {
                return Err(too_many());
            }
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) if position == 0 => return Err(self.no_archive("a tar.gz archive", &error)),
                Err(error) => return Err(broken(&error)),
            };
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            if !entry.header().entry_type().is_file() || !self.is_wanted(&name) {
                continue;
            }
            if entry.size() > LARGEST_MEMBER {
                self.left_out(&name, Unpacking::TooLarge, LARGEST_MEMBER);
                continue;
            }
            match all(entry, LARGEST_MEMBER) {
                Ok(body) => self.member(name, body),
                Err(Unpacking::Broken(error)) => return Err(broken(&error)),
                Err(error) => self.left_out(&name, error, LARGEST_MEMBER),
            }
        }
        Ok(())
    }

    /// Whether a file is to be read, by its name; one that no archive should bear is a problem.
    fn is_wanted(&mut self, name: &str) -> bool {
        let matches = self.archive.members.as_ref().is_none_or(|pattern| pattern.regex().is_match(name));
        if !matches {
            if self.others.len() < 5 {
                self.others.push(format!("`{}`", text::truncate(name, 100)));
            }
            return false;
        }
        let leads_out = name.starts_with(['/', '\\'])
            || name.split(['/', '\\']).any(|part| part == "..")
            || name.get(1..2) == Some(":");
        let lower = name.to_ascii_lowercase();
        let is_archive = [".zip", ".gz", ".tar", ".tgz", ".7z"].iter().any(|end| lower.ends_with(end));
        let why = match (leads_out, is_archive) {
            (true, _) => "its name leads out of the archive; the file was left out",
            (_, true) => "an archive inside the archive is not opened",
            _ => return true,
        };
        self.harvest.problem(Problem::at(text::truncate(name, 100), ProblemKind::Entry, why));
        self.read += 1;
        false
    }

    fn member(&mut self, name: String, body: Vec<u8>) {
        self.read += 1;
        let page = Page { url: self.page.url.clone(), content_type: None, body, reserved: self.page.reserved };
        self.harvest.enter(Some(name));
        guard_member(&page, self.harvest);
        self.harvest.enter(None);
    }

    /// A file that cannot be unpacked costs only itself.
    fn left_out(&mut self, name: &str, why: Unpacking, most: u64) {
        self.read += 1;
        self.harvest.enter(Some(name.to_owned()));
        let problem = match why {
            Unpacking::TooLarge => Problem::page(ProblemKind::Limit, too_large(most)),
            Unpacking::Broken(error) => Problem::page(ProblemKind::Unreadable, format!("cannot be unpacked: {error}")),
        };
        self.harvest.problem(problem);
        self.harvest.enter(None);
    }

    fn no_archive(&self, expected: &str, error: &dyn std::fmt::Display) -> Problem {
        let start = self.page.body.trim_ascii_start();
        if start.starts_with(b"<") {
            let text = String::from_utf8_lossy(&self.page.body);
            return stranger::problem(expected, &text, super::xml::root(&text).as_deref(), &self.page.url);
        }
        let message = format!("expected {expected}, which this is not: {error}\nhint: look at `archive`");
        Problem::page(ProblemKind::Unreadable, message)
    }
}

enum Unpacking {
    TooLarge,
    Broken(io::Error),
}

/// All that a reader gives, if that is not above `most` octets.
fn all(reader: impl Read, most: u64) -> Result<Vec<u8>, Unpacking> {
    let mut body = Vec::new();
    match reader.take(most + 1).read_to_end(&mut body) {
        Ok(read) if read as u64 > most => Err(Unpacking::TooLarge),
        Ok(_) => Ok(body),
        Err(error) => Err(Unpacking::Broken(error)),
    }
}

/// How much a packed file may unpack to.
fn most(packed: u64, cap: u64) -> u64 {
    packed.saturating_mul(RATIO).max(FREE).min(cap)
}

/// Ends with an error when too much has passed.
struct Metered<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left.get() == 0 {
            return Err(io::Error::other("it unpacks to too much"));
        }
        let read = self.inner.read(buffer)?;
        self.left.set(self.left.get().saturating_sub(read as u64));
        Ok(read)
    }
}

fn too_large(most: u64) -> String {
    format!("unpacks to more than {} KiB; it was left out", most >> 10)
}

fn total_reached() -> Problem {
    let message = format!(
        "unpacks to more than {} MiB, or to {RATIO} times its size; the rest was left out\nhint: watch smaller files, or set `members`",
        LARGEST_TOTAL >> 20
    );
    Problem::page(ProblemKind::Limit, message)
}

fn too_many() -> Problem {
    Problem::page(ProblemKind::Limit, format!("more than {MOST_MEMBERS} files; the others were left out"))
}
