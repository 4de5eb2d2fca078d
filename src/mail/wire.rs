//! The words of an SMTP conversation, without the network: replies as they come, messages as they go. Pure.

use super::{outcome::Envelope, reply::is_enhanced};
use crate::model::SmtpReply;

/// What the reply to EHLO offers, of what is used here.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    pub(super) pipelining: bool,
    /// The largest message in octets; 0 where the server sets no limit or does not say.
    pub(super) size: Option<usize>,
    pub(super) smtputf8: bool,
    pub(super) starttls: bool,
    pub(super) auth: Vec<String>,
}

/// One line of a reply.
pub(super) struct ReplyLine {
    code: u16,
    text: String,
    /// Whether the reply ends with it.
    pub(super) last: bool,
}

impl Extensions {
    /// Reads the lines of the reply to EHLO, without their codes.
    pub(super) fn read(lines: &[String]) -> Self {
        let mut out = Self::default();
        for line in lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split([' ', '=']);
            match words.next() {
                Some("PIPELINING") => out.pipelining = true,
                Some("SIZE") => out.size = Some(words.next().and_then(|most| most.parse().ok()).unwrap_or(0)),
                Some("SMTPUTF8") => out.smtputf8 = true,
                Some("STARTTLS") => out.starttls = true,
                Some("AUTH") => out.auth.extend(words.map(str::to_owned)),
                _ => {}
            }
        }
        out
    }

    /// MAIL, RCPT and DATA, each as a line.
    pub(super) fn envelope(&self, envelope: &Envelope<'_>) -> [String; 3] {
        let Envelope { from, to } = envelope;
        let utf8 = if to.as_str().is_ascii() { "" } else { " SMTPUTF8" };
        [format!("MAIL FROM:<{from}>{utf8}\r\n"), format!("RCPT TO:<{to}>\r\n"), String::from("DATA\r\n")]
    }

    /// What the server would say to a message that it has told it does not take, so that it need not be sent.
    pub(super) fn refuse(&self, envelope: &Envelope<'_>, octets: usize) -> Option<SmtpReply> {
        let reply =
            |code, enhanced: &str, text: String| Some(SmtpReply { code, enhanced: Some(enhanced.into()), text });
        if !envelope.to.as_str().is_ascii() && !self.smtputf8 {
            return reply(553, "5.6.7", "the server takes no address beyond ASCII (RFC 6531)".into());
        }
        match self.size {
            Some(most) if most > 0 && octets > most => {
                reply(552, "5.3.4", format!("the server takes messages of at most {most} octets (RFC 1870)"))
            }
            _ => None,
        }
    }
}

impl ReplyLine {
    /// `None` where it is no reply: three digits from 200 to 599, then a space, a dash or nothing.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end();
        let code = line.get(..3).filter(|code| code.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()?;
        let rest = line.get(3..)?;
        let last = !rest.starts_with('-');
        let text = rest.strip_prefix(['-', ' ']).or(rest.is_empty().then_some(""))?;
        let text = text.chars().filter(|c| !c.is_control()).collect();
        (200..600).contains(&code).then_some(Self { code, text, last })
    }
}

/// The lines of a reply without their codes, and what they say together. The enhanced code stands at the head of each
/// line (RFC 2034 4): it is taken out of the text.
pub(super) fn whole(lines: Vec<ReplyLine>) -> (Vec<String>, SmtpReply) {
    let code = lines.last().map_or(0, |line| line.code);
    let mut enhanced = None;
    let mut texts = Vec::new();
    for line in &lines {
        let (head, rest) = line.text.split_once(' ').unwrap_or((&line.text, ""));
        if is_enhanced(head) {
            enhanced.get_or_insert_with(|| head.to_owned());
            texts.push(rest.trim());
        } else {
            texts.push(line.text.trim());
        }
    }
    let text = texts.join(" ");
    (lines.into_iter().map(|line| line.text).collect(), SmtpReply { code, enhanced, text })
}

/// Ends every line with CRLF, doubles the dot that begins a line (RFC 5321 4.5.2), and adds the final one. A bare CR or
/// LF would let a message end early for a server that takes it for a line's end.
pub(super) fn transparent(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 50 + 5);
    if is_transparent(message) {
        out.extend_from_slice(message);
        out.extend_from_slice(b".\r\n");
        return out;
    }
    let mut rest = message.iter().copied().peekable();
    let mut line_begins = true;
    while let Some(octet) = rest.next() {
        match octet {
            b'\r' | b'\n' => {
                if octet == b'\r' {
                    rest.next_if_eq(&b'\n');
                }
                out.extend_from_slice(b"\r\n");
                line_begins = true;
            }
            _ => {
                if line_begins && octet == b'.' {
                    out.push(b'.');
                }
                out.push(octet);
                line_begins = false;
            }
        }
    }
    out.extend_from_slice(if line_begins { b".\r\n" } else { b"\r\n.\r\n" });
    out
}

/// Whether each line ends with CRLF, the last too, and none begins with a dot, as in the messages that are made here.
fn is_transparent(message: &[u8]) -> bool {
    let mut rest = message;
    while let Some(end) = memchr::memchr2(b'\r', b'\n', rest) {
        if rest.first() == Some(&b'.') || rest.get(end..end + 2) != Some(b"\r\n") {
            return false;
        }
        rest = rest.get(end + 2..).unwrap_or_default();
    }
    rest.is_empty()
}

pub(super) fn is_positive(reply: &SmtpReply) -> bool {
    (200..300).contains(&reply.code)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(reply: &str) -> Option<SmtpReply> {
        reply
            .split_inclusive('\n')
            .map(|line| ReplyLine::parse(line.as_bytes()))
            .collect::<Option<_>>()
            .map(|l| whole(l).1)
    }

    #[test]
    fn a_reply_is_its_code_its_enhanced_code_and_its_words() {
        for (given, code, enhanced, text) in [
            ("250 2.0.0 Ok: queued as 4F1\r\n", 250, Some("2.0.0"), "Ok: queued as 4F1"),
            ("550-5.1.1 The account\r\n550 5.1.1 does not exist\r\n", 550, Some("5.1.1"), "The account does not exist"),
            ("250\r\n", 250, None, ""),
            ("220 mx.example.fr ESMTP\n", 220, None, "mx.example.fr ESMTP"),
            ("550 10.0.0.1 is blocked\r\n", 550, None, "10.0.0.1 is blocked"),
            ("421 Trop\u{7} de connexions \u{e9}\r\n", 421, None, "Trop de connexions \u{e9}"),
        ] {
            let reply = read(given).expect(given);
            assert_eq!((reply.code, reply.enhanced.as_deref(), reply.text.as_str()), (code, enhanced, text));
        }
        for no_reply in ["HTTP/1.1 400", "25 x", "2500 x", "éé", "", "150 x", "999 x"] {
            assert_eq!(read(&format!("{no_reply}\r\n")), None, "{no_reply}");
        }
    }

    proptest! {
        #[test]
        fn no_message_ends_before_its_end(message in "[.a\r\n]{0,40}") {
            let sent = String::from_utf8(transparent(message.as_bytes())).expect("ASCII");
            prop_assert!(!sent.replace("\r\n", "").contains(['\r', '\n']));
            let lines: Vec<&str> = sent.split("\r\n").collect();
            prop_assert_eq!(lines.iter().position(|line| *line == "."), Some(lines.len() - 2));
            let back: Vec<&str> = lines.iter().take(lines.len() - 2).map(|l| l.strip_prefix('.').unwrap_or(l)).collect();
            let given = message.replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(back.join("\n"), given.strip_suffix('\n').unwrap_or(&given));
        }

        #[test]
        fn whatever_a_server_says_is_read_or_refused(line in "(?s)([2-5][0-9]{2}[ -]|).{0,30}") {
            if let Some(line) = ReplyLine::parse(line.as_bytes()) {
                prop_assert!(!whole(vec![line]).1.text.contains(char::is_control));
            }
        }
    }
}
