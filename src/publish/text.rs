//! Text that is safe in every format, dates, addresses.

use jiff::{Timestamp, tz::TimeZone};
use url::Url;

/// One line of plain text.
pub(super) fn line(text: &str) -> String {
    collapse(&plain(text))
}

/// Paragraphs of plain text.
pub(super) fn paragraphs(text: &str) -> Vec<String> {
    text.lines().map(line).filter(|line| !line.is_empty()).collect()
}

/// Without what XML 1.0 forbids (2.2 Char) or discourages, nor marks that turn the direction of writing (UAX 9).
pub(super) fn printable(text: &str) -> String {
    let keep = |c: &char| {
        let is_control = c.is_control() && !matches!(c, '\t' | '\n' | '\r');
        let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let is_nothing = matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(*c) & 0xfffe == 0xfffe;
        !(is_control || turns || is_nothing)
    };
    text.chars().filter(keep).collect()
}

/// Puts `<tag>` in other brackets, so that nobody takes it for markup; « a < b » stays.
fn plain(text: &str) -> String {
    let text = printable(text);
    let mut out = String::with_capacity(text.len());
    let mut is_open = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '<' if chars.peek().is_some_and(|n| n.is_alphabetic() || matches!(n, '/' | '!' | '?')) => {
                is_open = true;
                out.push('‹');
            }
            '>' if is_open => {
                is_open = false;
                out.push('›');
            }
            c => out.push(c),
        }
    }
    out
}

/// Text as HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Absolute, http or https.
pub(super) fn web_address(url: Option<&str>) -> Option<String> {
    let url = Url::parse(url?).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.to_string())
}

/// RFC 3339 in UTC, to the second.
pub(super) fn rfc3339(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// RFC 822 with a year of four digits, as RSS 2.0 wants it: `Wed, 30 Aug 2023 08:00:00 +0200`.
pub(super) fn rfc822(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%a, %d %b %Y %H:%M:%S %z").to_string()
}

/// Runs of white space become one space; no-break spaces, which French typography put there, stay.
fn collapse(text: &str) -> String {
    let breaks = |c: char| c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{202f}');
    text.split(breaks).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
