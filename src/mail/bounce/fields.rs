//! Fields as headers and delivery reports write them (RFC 5322 2.2, RFC 3464 2.1): name, colon, value, folded lines. What is no
//! field is passed over. Pure.

use mail_parser::{HeaderValue, parsers::MessageStream};

/// More fields than any honest block has.
const MOST: usize = 1_000;
/// In octets: what is longer is cut.
const LONGEST: usize = 8_192;
/// More blocks than a report of ours can have: each message goes to one reader.
const MOST_BLOCKS: usize = 200;

/// The fields of one block, names in lower case, values unfolded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads the block at the beginning of `octets`; the second value is where what follows it begins.
    pub(super) fn read(octets: &[u8]) -> (Self, usize) {
        let mut fields = Self::default();
        let mut at = 0;
        for line in octets.split_inclusive(|octet| *octet == b'\n') {
            at += line.len();
            let line = line.trim_ascii_end();
            if line.is_empty() {
                break;
            }
            fields.take(line);
        }
        (fields, at)
    }

    /// All blocks of a text, separated by empty lines.
    pub(super) fn blocks(mut octets: &[u8]) -> Vec<Self> {
        let mut blocks = Vec::new();
        while !octets.is_empty() && blocks.len() < MOST_BLOCKS {
            let (fields, end) = Self::read(octets);
            octets = &octets[end..];
            if !fields.0.is_empty() {
                blocks.push(fields);
            }
        }
        blocks
    }

    fn take(&mut self, line: &[u8]) {
        let text = |octets: &[u8]| String::from_utf8_lossy(&octets[..octets.len().min(LONGEST)]).trim().to_owned();
        if line.first().is_some_and(u8::is_ascii_whitespace) {
            if let Some((_, value)) = self.0.last_mut().filter(|(_, value)| value.len() < LONGEST) {
                value.push(' ');
                value.push_str(&text(line));
            }
            return;
        }
        let Some(colon) = line.iter().position(|octet| *octet == b':') else { return };
        let name = line[..colon].trim_ascii_end();
        let is_name = !name.is_empty() && name.len() <= 100 && name.iter().all(u8::is_ascii_graphic);
        if is_name && self.0.len() < MOST {
            self.0.push((text(name).to_ascii_lowercase(), text(&line[colon + 1..])));
        }
    }

    /// The value of the first field of that name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The values of all fields of that name.
    pub(super) fn all<'f>(&'f self, name: &str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value for people: encoded words (RFC 2047) decoded.
    pub(super) fn words(&self, name: &str) -> String {
        let value = self.get(name).unwrap_or_default();
        // The parser wants the end of the line.
        match MessageStream::new(format!("{value}\r\n").as_bytes()).parse_unstructured() {
            HeaderValue::Text(text) => text.into_owned(),
            _ => value.to_owned(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Addresses that stand in a value, in order: in angle brackets, or alone between spaces, commas and semicolons.
pub(super) fn addresses(value: &str) -> impl Iterator<Item = String> {
    value
        .split(|c: char| c.is_whitespace() || "<>,;\"()".contains(c))
        .map(|word| word.strip_prefix("mailto:").unwrap_or(word))
        .map(|word| word.split('?').next().unwrap_or_default())
        .filter(|word| word.len() <= 320 && word.split_once('@').is_some_and(|(l, d)| !l.is_empty() && !d.is_empty()))
        .map(str::to_owned)
}

/// Message-IDs that stand in a value, without their brackets.
pub(super) fn message_ids(value: &str) -> impl Iterator<Item = String> {
    value
        .split(|c: char| c.is_whitespace() || "<>,".contains(c))
        .filter(|word| word.len() <= 250 && word.contains('@'))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_ends_at_the_empty_line_and_its_lines_may_be_folded() {
        let text =
            b"Reporting-MTA: dns; mx.fr\r\nX:\r\n y\r\n\tz\r\nrubbish\r\n\r\nAction: failed\n\n\nAction: delayed\n";
        let (fields, end) = Fields::read(text);
        assert_eq!((fields.get("reporting-mta"), fields.get("x")), (Some("dns; mx.fr"), Some(" y z")));
        assert!(text[end..].starts_with(b"Action"));
        let actions: Vec<_> =
            Fields::blocks(text).iter().filter_map(|block| block.get("action").map(str::to_owned)).collect();
        assert_eq!(actions, ["failed", "delayed"]);
    }

    #[test]
    fn what_people_read_is_decoded() {
        let (fields, _) = Fields::read("Subject: =?utf-8?q?R=C3=A9ponse_automatique?= : absent\n".as_bytes());
        assert_eq!(fields.words("subject"), "Réponse automatique : absent");
        assert_eq!(fields.words("nothing"), "");
    }

    #[test]
    fn addresses_and_ids_are_found_among_words() {
        let found = |value| addresses(value).collect::<Vec<_>>();
        assert_eq!(found("Bounces <b+1.ab@x.fr>, \"a\" <c@d>"), ["b+1.ab@x.fr", "c@d"]);
        assert_eq!(found("<https://x.fr/a>, <mailto:l+2@x.fr?subject=STOP>"), ["l+2@x.fr"]);
        assert_eq!(message_ids("<a@b> <c@d>").collect::<Vec<_>>(), ["a@b", "c@d"]);
    }
}
