//! Mails one after another in one file (RFC 4155), or a single one.

use std::io::{self, BufRead, Read};

/// So much of a line is looked at at once: what is longer comes in pieces.
const LINE: u64 = 64 * 1024;

/// Goes through them. Of each, no more than a limit is kept.
pub struct Mails<R> {
    reader: R,
    most: usize,
    /// The mail that is being read.
    current: Option<Vec<u8>>,
    /// Whether each one begins with a line `From …`, as the first does.
    divided: bool,
    ended: bool,
}

impl<R: BufRead> Mails<R> {
    pub fn new(reader: R, most: usize) -> Self {
        Self { reader, most, current: None, divided: false, ended: false }
    }
}

impl<R: BufRead> Iterator for Mails<R> {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        // At the beginning of a line, and after an empty one: only there a mail may begin.
        let (mut begins, mut after_empty) = (true, true);
        while !self.ended {
            line.clear();
            match self.reader.by_ref().take(LINE).read_until(b'\n', &mut line) {
                Ok(0) => self.ended = true,
                Ok(_) => {}
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
            let is_first = self.current.is_none() && !self.divided;
            let is_mark = begins && after_empty && line.starts_with(b"From ");
            if is_mark && (is_first || self.divided) {
                self.divided = true;
                if let Some(mail) = self.current.replace(Vec::new()) {
                    return Some(Ok(mail));
                }
                continue;
            }
            after_empty = begins && line.trim_ascii().is_empty();
            // A line of the text that looked like one of those was quoted.
            let quoted = line.iter().take_while(|octet| **octet == b'>').count();
            let is_quoted = self.divided && begins && quoted > 0 && line[quoted..].starts_with(b"From ");
            begins = line.ends_with(b"\n");
            let line = if is_quoted { &line[1..] } else { &line[..] };
            if !line.is_empty() {
                let mail = self.current.get_or_insert_default();
                let room = self.most.saturating_sub(mail.len());
                mail.extend_from_slice(&line[..line.len().min(room)]);
            }
        }
        self.current.take().map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mails(text: &str, most: usize) -> Vec<String> {
        let read = |mail: io::Result<Vec<u8>>| String::from_utf8(mail.expect("a mail")).expect("a text");
        Mails::new(text.as_bytes(), most).map(read).collect()
    }

    #[test]
    fn mails_are_divided_where_the_first_one_says_so() {
        let mbox = "From a@x Thu\nA: 1\n\nFrom here\n>From there\n\nFrom b@x Fri\nB: 2\n\nend";
        // « From here » follows an empty line: every writer of such files quotes it.
        assert_eq!(
            mails(&mbox.replace("\nFrom here", "\n>From here"), 100),
            ["A: 1\n\nFrom here\nFrom there\n\n", "B: 2\n\nend"]
        );
        assert_eq!(mails("A: 1\n\nFrom here\n", 100), ["A: 1\n\nFrom here\n"]);
        assert_eq!(mails("From a@x Thu\nA: 12345\n\nFrom b\nB: 2\n", 4), ["A: 1", "B: 2"]);
        assert_eq!(mails("", 10), [""; 0]);
    }

    #[test]
    fn a_line_without_end_is_kept_up_to_the_limit() {
        let long = "A: ".to_owned() + &"x".repeat(300_000) + "From x\n\ny";
        assert_eq!(mails(&long, 1_000_000), std::slice::from_ref(&long));
        assert_eq!(mails(&long, 10)[0].len(), 10);
    }
}
