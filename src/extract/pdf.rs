//! The text of a PDF file (ISO 32000), as somebody would read it aloud.
//!
//! ```text
//! octets ─ pdf-extract ─ glyphs (where each stands) ─ columns (in which order) ─ prose (paragraphs)
//! ```
//!
//! What pdf-extract gives by itself mixes columns, keeps what stands on each page, and breaks words where lines end: so only
//! its glyphs are taken. It panics on many faults, and a file can keep it busy for hours or fill the memory: what comes from
//! outside is read in a process of its own, by `sandbox`.

mod columns;
mod glyphs;
mod prose;

use std::panic;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use pdf_extract::{Dictionary, Document, Error, Object};
use serde::{Deserialize, Serialize};

use crate::{
    model::{Problem, ProblemKind},
    normalise::title,
    text,
};

use super::feed::LONGEST_TITLE;
use glyphs::Collector;

/// What a PDF file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pdf {
    /// Plain text, one paragraph a line, without what is repeated on each page; at most [`LONGEST_PDF_TEXT`] octets.
    pub text: String,
    pub pages: usize,
    /// Of those, the ones that could not be read.
    pub unread: usize,
    /// As the file states it, which is often the name that it had in a word processor.
    pub title: Option<String>,
    /// When it was made, as the file states; a time without a zone is taken as UTC.
    pub created: Option<Timestamp>,
}

/// The longest text that is read of one file, in octets.
pub const LONGEST_PDF_TEXT: usize = 2 << 20;

/// The largest file that is read, in octets.
pub const LARGEST_PDF: usize = 32 << 20;
const MOST_PAGES: usize = 500;

/// Reads a PDF file. Never panics, but only the limits of a process bound its time and memory.
///
/// A file that only its owner's password would change, and that opens for anybody, is read whatever it says of extraction:
/// the text serves to index and to compare, and the licence of the source still decides what is shown.
///
/// # Errors
/// A [`ProblemKind::Text`] with the cause: a password, a scan, a cut or broken file, a web page under its name.
pub fn pdf(bytes: &[u8]) -> Result<Pdf, Problem> {
    panic::catch_unwind(|| read(bytes))
        .unwrap_or_else(|_| Err(unread("the file is broken: it makes the PDF reader fail")))
}

fn read(bytes: &[u8]) -> Result<Pdf, Problem> {
    let head = bytes.get(..bytes.len().min(1024)).unwrap_or_default();
    if !head.windows(5).any(|window| window == b"%PDF-") {
        return Err(unread(match looks_like_html(head) {
            true => {
                "the file is a web page under the name of a PDF file\nhint: open its address in a browser; the site may refuse robots, or have moved the file"
            }
            false => "the file is no PDF",
        }));
    }
    if bytes.len() > LARGEST_PDF {
        return Err(unread(format!("the file is larger than {} MiB", LARGEST_PDF >> 20)));
    }
    let mut document = Document::load_mem(bytes).map_err(|error| refusal(&error))?;
    // What opens without a password was opened already, but for the oddest files.
    if document.trailer.get(b"Encrypt").is_ok() && document.decrypt("").is_err() {
        return Err(refusal(&Error::InvalidPassword));
    }
    let images = forget_images(&mut document);
    let pages = document.get_pages();
    match pages.len() {
        0 => return Err(unread("the file is broken: it has no page")),
        count if count > MOST_PAGES => {
            return Err(unread(format!("the file has {count} pages, and at most {MOST_PAGES} are read")));
        }
        _ => {}
    }
    let (mut read, mut failed, mut left) = (Vec::new(), 0, LONGEST_PDF_TEXT);
    for number in pages.keys() {
        // The font or the colour that makes the reader panic costs its page, and not the others.
        let attempt = panic::AssertUnwindSafe(|| {
            let mut collector = Collector::new(left);
            pdf_extract::output_doc_page(&document, &mut collector, *number).ok().map(|()| collector)
        });
        match panic::catch_unwind(attempt).ok().flatten() {
            Some(collector) => {
                let runs = collector.into_runs();
                left = left.saturating_sub(runs.iter().map(|run| run.text.len()).sum());
                read.push(columns::lines(runs));
            }
            None => failed += 1,
        }
    }
    let mut said = prose::text(read);
    said.truncate(said.floor_char_boundary(LONGEST_PDF_TEXT));
    let letters = said.chars().filter(|c| c.is_alphanumeric()).count();
    if failed == pages.len() {
        return Err(unread("the file is broken: none of its pages can be read"));
    }
    if letters < FEWEST_LETTERS * pages.len() && images > 0 && images >= pages.len() - failed {
        return Err(unread(format!(
            "the file is a scan without text ({}, {})\nhint: its keeper may have the text; nothing here reads images",
            counted(images, "image"),
            counted(pages.len(), "page")
        )));
    }
    if letters == 0 {
        return Err(unread("the file holds no text"));
    }
    let (title, created) = information(&document);
    Ok(Pdf { text: said, pages: pages.len(), unread: failed, title, created })
}

/// A page of a scan may still bear a number or the name of the program that made it.
const FEWEST_LETTERS: usize = 40;

/// Takes out the data of the images, which pdf-extract would read as if they were text; how many there were.
fn forget_images(document: &mut Document) -> usize {
    let mut images = 0;
    for object in document.objects.values_mut() {
        if let Object::Stream(stream) = object
            && stream.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Image")
        {
            stream.content = Vec::new();
            images += 1;
        }
    }
    images
}

fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

fn refusal(error: &Error) -> Problem {
    match error {
        Error::InvalidPassword | Error::Decryption(_) | Error::UnsupportedSecurityHandler(_) => {
            unread("the file needs a password\nhint: ask its keeper for one that opens for everybody")
        }
        // The words of the reader are for its developers.
        _ => unread("the file is broken, or was cut on its way: its list of objects cannot be read"),
    }
}

fn unread(cause: impl Into<String>) -> Problem {
    Problem::page(ProblemKind::Text, cause)
}

/// Whether octets begin as a web page does.
pub(super) fn looks_like_html(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let starts = |with: &[u8]| head.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    [b"<!doctype html".as_slice(), b"<html", b"<head", b"<body", b"<!--", b"<meta", b"<script", b"<title"]
        .into_iter()
        .any(starts)
}

/// Title and date, from the information dictionary (14.3.3).
fn information(document: &Document) -> (Option<String>, Option<Timestamp>) {
    let entry = document.trailer.get(b"Info").and_then(|entry| document.dereference(entry));
    let Ok(information) = entry.and_then(|(_, object)| object.as_dict()) else { return (None, None) };
    let words = |key: &[u8]| stated(document, information, key).map(|words| text::collapse(&words));
    let name = words(b"Title").map(|name| text::truncate(&title::plain(&name), LONGEST_TITLE));
    (name.filter(|name| !name.is_empty()), words(b"CreationDate").and_then(|date| instant(&date)))
}

fn stated(document: &Document, from: &Dictionary, key: &[u8]) -> Option<String> {
    let (_, object) = document.dereference(from.get(key).ok()?).ok()?;
    pdf_extract::decode_text_string(object).ok()
}

/// Reads `D:YYYYMMDDHHmmSSOHH'mm'` (7.9.4), of which all after the year may be left out.
fn instant(written: &str) -> Option<Timestamp> {
    let written = written.strip_prefix("D:").unwrap_or(written);
    let length = written.bytes().take(14).take_while(u8::is_ascii_digit).count();
    let (digits, zone) = written.split_at_checked(length)?;
    let part = |from: usize, to: usize, default: i8| match digits.get(from..to) {
        Some(part) => part.parse().ok(),
        None => Some(default),
    };
    let year = digits.get(..4)?.parse().ok()?;
    let (month, day) = (part(4, 6, 1)?, part(6, 8, 1)?);
    let (hour, minute, second) = (part(8, 10, 0)?, part(10, 12, 0)?, part(12, 14, 0)?);
    let local = DateTime::new(year, month, day, hour, minute, second.min(59), 0).ok()?;
    let mut parts = zone.get(1..).unwrap_or_default().split('\'').map(|part| part.parse::<i32>().unwrap_or(0));
    let seconds = parts.next().unwrap_or(0).checked_mul(3_600)? + parts.next().unwrap_or(0).checked_mul(60)?;
    let seconds = if zone.starts_with('-') { -seconds } else { seconds };
    let zone = jiff::tz::Offset::from_seconds(seconds).map_or(TimeZone::UTC, TimeZone::fixed);
    Some(local.to_zoned(zone).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_whatever_is_left_out() {
        for (written, expected) in [
            ("D:20230829103000+02'00'", Some("2023-08-29T08:30:00Z")),
            ("D:20230829103000Z", Some("2023-08-29T10:30:00Z")),
            ("D:20230829103000-05'30", Some("2023-08-29T16:00:00Z")),
            ("20230829", Some("2023-08-29T00:00:00Z")),
            ("D:2023", Some("2023-01-01T00:00:00Z")),
            ("D:20231329", None),
            ("D:20230829103000+é", Some("2023-08-29T10:30:00Z")),
            ("hier", None),
            ("", None),
        ] {
            assert_eq!(instant(written).map(|at| at.to_string()).as_deref(), expected, "{written}");
        }
    }

    #[test]
    fn octets_that_are_no_pdf_are_named() {
        for (bytes, cause) in [
            (b"\xef\xbb\xbf\n<!DOCTYPE HTML><title>Refus".as_slice(), "web page"),
            (b"PK\x03\x04", "no PDF"),
            (b"", "no PDF"),
            (b"%PDF-1.4\n", "cut on its way"),
        ] {
            let problem = pdf(bytes).unwrap_err();
            assert!(problem.kind == ProblemKind::Text && problem.message.contains(cause), "{problem}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_octets_are_accepted(bytes in proptest::collection::vec(0u8.., 0..200)) {
            let _ = pdf(&[b"%PDF-1.4\n".as_slice(), &bytes].concat());
        }
    }
}
