//! Messages that are alike but for a few headers and their foot: what is shared is encoded once.

use jiff::{Timestamp, tz::TimeZone};
use lettre::message::header::Headers;

use super::{
    header,
    message::{MessageError, Parts, build, check_urls, date_of, encoded, unsubscribe_header},
};
use crate::model::EmailAddress;

/// Words that stand for a body until one is put in: letters that quoted-printable leaves alone.
const TEXT: &str = "vigie--text--here";
const HTML: &str = "vigie--html--here";
/// Headers that each reader has an own one of.
const OWN: [&str; 4] = ["To", "Date", "Message-ID", "List-Unsubscribe"];

/// A message with holes. Its bytes are those of [`build`], but for the order of the headers.
#[derive(Debug, Clone)]
pub struct Stencil {
    /// The headers that all share, each line with its end, and the empty line.
    headers: Vec<u8>,
    before_text: Vec<u8>,
    text: Vec<u8>,
    between: Vec<u8>,
    html: Vec<u8>,
    after_html: Vec<u8>,
    zone: TimeZone,
}

/// What one reader's message has of its own.
#[derive(Debug, Clone, Copy)]
pub struct Own<'a> {
    pub to: &'a EmailAddress,
    pub message_id: &'a str,
    pub date: Timestamp,
    /// As [`List::unsubscribe`](super::List::unsubscribe); `https` ones exactly where the sample had some.
    pub unsubscribe: &'a [String],
    /// What follows the shared part of each body.
    pub text: &'a str,
    pub html: &'a str,
}

impl Stencil {
    /// From the parts of a sample message, whose bodies are the shared beginnings: whole lines, with their ends.
    ///
    /// # Errors
    /// As [`build`].
    pub fn new(sample: &Parts<'_>) -> Result<Self, MessageError> {
        let whole = build(&Parts { text: TEXT, html: HTML, ..*sample })?;
        let unfit = || MessageError::Addresses(String::from("the sample message has not the form that was expected"));
        let end = find(&whole, b"\r\n\r\n").ok_or_else(unfit)? + 2;
        let (headers, body) = whole.split_at(end);
        let (before_text, rest) = split(body, TEXT.as_bytes()).ok_or_else(unfit)?;
        let (between, after_html) = split(rest, HTML.as_bytes()).ok_or_else(unfit)?;
        let mut shared = Vec::with_capacity(headers.len());
        let mut is_own = false;
        for line in headers.split_inclusive(|octet| *octet == b'\n') {
            if !line.starts_with(b" ") && !line.starts_with(b"\t") {
                let name = line.split(|octet| *octet == b':').next().unwrap_or_default();
                is_own = OWN.iter().any(|own| own.as_bytes().eq_ignore_ascii_case(name));
            }
            if !is_own {
                shared.extend_from_slice(line);
            }
        }
        Ok(Self {
            headers: shared,
            before_text: before_text.to_vec(),
            text: encoded(sample.text),
            between: between.to_vec(),
            html: encoded(sample.html),
            after_html: after_html.to_vec(),
            zone: sample.zone.clone(),
        })
    }

    /// The message of one reader: its headers, the empty line, its body.
    ///
    /// # Errors
    /// A link or an id that cannot stand in a header, a date that cannot be written.
    pub fn fill(&self, own: &Own<'_>) -> Result<Vec<u8>, MessageError> {
        check_urls("List-Unsubscribe", own.unsubscribe.iter().map(String::as_str))?;
        let mut headers = Headers::new();
        headers.insert_raw(header::mailbox("To", None, own.to));
        headers.insert_raw(date_of(own.date, &self.zone)?);
        headers.insert_raw(header::words("Message-ID", &format!("<{}>", own.message_id)));
        if let Some(links) = unsubscribe_header(own.unsubscribe) {
            headers.insert_raw(links);
        }
        let headers = headers.to_string();
        let (text, html) = (encoded(own.text), encoded(own.html));
        let shared = [&self.before_text, &self.text, &self.between, &self.html, &self.after_html];
        let len =
            shared.iter().map(|part| part.len()).sum::<usize>() + text.len() + html.len() + self.headers.len() + 512;
        let mut out = Vec::with_capacity(len);
        out.extend_from_slice(headers.as_bytes());
        for part in
            [&self.headers, &self.before_text, &self.text, &text, &self.between, &self.html, &html, &self.after_html]
        {
            out.extend_from_slice(part);
        }
        Ok(out)
    }
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let found = find(bytes, at)?;
    Some((bytes.get(..found)?, bytes.get(found + at.len()..)?))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, what)
}
