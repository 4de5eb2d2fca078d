//! The reply of a server among the words of a notice. Pure.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::{model::SmtpReply, text};

/// What is kept of a text, in characters.
const LONGEST: usize = 400;

/// `550 5.1.1 User unknown`, `550-5.1.1 User`, `550 #5.1.1`.
static BOTH: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?:^|[^0-9.])([45][0-5][0-9])[ -]{1,3}#?([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:[^0-9.]|\.?$)"));
/// `#5.1.1`, `(5.1.1)`, `Status: 5.1.1`.
static ENHANCED: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?:^|[\s#(:<])([45]\.[0-9]{1,3}\.[0-9]{1,3})(?:[^0-9.]|\.?$)"));
/// `said: 550 User unknown`: not any number of three figures.
static BASIC: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?im)(?:^|said|says|smtp|error|reason|returned|responded|response|reply|was|code)[\s:;<'“«-]{0,4}([45][0-5][0-9])[ -]",
    )
});

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of ours")
}

/// The first reply in a text; the line that holds it goes with it. `None` where there is none.
pub(super) fn reply(words: &str) -> Option<SmtpReply> {
    let both = |found: Captures| SmtpReply {
        code: found[1].parse().unwrap_or(0),
        enhanced: Some(found[2].to_owned()),
        text: from(words, end(&found, 2)),
    };
    let basic = |found: Captures| SmtpReply {
        code: found[1].parse().unwrap_or(0),
        enhanced: ENHANCED.captures(words).map(|found| found[1].to_owned()),
        text: from(words, end(&found, 1)),
    };
    let enhanced =
        |found: Captures| SmtpReply { code: 0, enhanced: Some(found[1].to_owned()), text: from(words, end(&found, 1)) };
    BOTH.captures(words)
        .map(both)
        .or_else(|| BASIC.captures(words).map(basic))
        .or_else(|| ENHANCED.captures(words).map(enhanced))
}

/// An enhanced code (RFC 3463) where it stands alone, or with a comment behind it.
pub(super) fn status(value: &str) -> Option<String> {
    ENHANCED.captures(value.trim_start()).map(|found| found[1].to_owned()).or_else(|| {
        // A success is no reply that is looked for anywhere else.
        let word = value.split_whitespace().next()?;
        let mut numbers = word.split('.').map(|n| n.len() <= 3 && n.parse::<u16>().is_ok());
        let is_status = word.starts_with("2.") && numbers.by_ref().take(3).filter(|is| *is).count() == 3;
        (is_status && numbers.next().is_none()).then(|| word.to_owned())
    })
}

/// A text as it is kept: on one line, without control characters, not longer than anybody reads.
pub(super) fn kept(words: &str) -> String {
    let clean: String = words.chars().take(8 * LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    text::truncate(&text::collapse(&clean), LONGEST)
}

fn end(found: &Captures, group: usize) -> usize {
    found.get(group).map_or(0, |group| group.end())
}

/// What follows, to the end of the paragraph. A long reply repeats its codes on each line: they are said already.
fn from(words: &str, at: usize) -> String {
    static AGAIN: LazyLock<Regex> = LazyLock::new(|| regex(r"(?:^|\s)[45][0-9]{2}[ -][45]\.[0-9]{1,3}\.[0-9]{1,3}\s"));
    let rest = words.get(at..).unwrap_or_default();
    let paragraph = rest.find("\n\n").map_or(rest, |end| &rest[..end]);
    let paragraph = kept(paragraph.trim_start_matches(|c: char| c.is_whitespace() || "#:;-".contains(c)));
    AGAIN.replace_all(&paragraph, " ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_found_among_words() {
        for (words, code, enhanced, text) in [
            ("smtp; 550 5.1.1 User unknown", 550, Some("5.1.1"), "User unknown"),
            (
                "550-5.1.1 The account that you\n550 5.1.1 tried does not exist",
                550,
                Some("5.1.1"),
                "The account that you tried does not exist",
            ),
            (
                "host mx.fr[192.0.2.1] said: 550 No such user (in reply to RCPT TO command)",
                550,
                None,
                "No such user (in reply to RCPT TO command)",
            ),
            (
                "<mx.fr #5.1.1 smtp;550 5.1.1 RESOLVER.ADR.RecipNotFound>",
                550,
                Some("5.1.1"),
                "RESOLVER.ADR.RecipNotFound>",
            ),
            ("Sorry, no mailbox here by that name. (#5.1.1)", 0, Some("5.1.1"), ")"),
            ("(reason: 552 quota exceeded)", 552, None, "quota exceeded)"),
        ] {
            let found = reply(words).unwrap_or_else(|| panic!("nothing in {words}"));
            assert_eq!((found.code, found.enhanced.as_deref(), found.text.as_str()), (code, enhanced, text), "{words}");
        }
        for words in ["", "mx.fr[10.5.1.1]", "it weighs 550 grams", "version 5.1.1.2", "user unknown"] {
            assert_eq!(reply(words), None, "{words}");
        }
    }

    #[test]
    fn a_status_may_have_a_comment() {
        for (value, wanted) in [
            ("5.1.1", Some("5.1.1")),
            ("5.2.2 (mailbox full)", Some("5.2.2")),
            ("2.0.0", Some("2.0.0")),
            ("2.0", None),
            ("5", None),
            ("unknown", None),
        ] {
            assert_eq!(status(value).as_deref(), wanted, "{value}");
        }
    }
}
