//! robots.txt (RFC 9309): what a site asks of robots, and whether an address is among what it keeps from this one.
//!
//! Ours, for the one crate that does this is no longer maintained. Pure: text in, verdict out.

use std::{fmt::Write as _, time::Duration};

use url::Url;

/// Our product token (RFC 9309 2.2.1), compared without case.
pub const AGENT: &str = "vigie";

/// What is read of a file; the rest is left out (RFC 9309 2.5 asks for 500 KiB at least).
pub const LIMIT: usize = 512 * 1024;

/// The longest pause between two requests that a site can ask for.
pub const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// How many addresses of sitemaps are kept of a file.
const SITEMAPS: usize = 50;

/// What one file says to this crawler.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Robots {
    /// Whose rules they are: ours, or those for everybody; `None` where no group is for us.
    group: Option<Group>,
    rules: Vec<Rule>,
    /// Seconds between two requests, as asked for.
    delay: Option<f64>,
    sitemaps: Vec<Url>,
}

/// One `Allow` or `Disallow`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    verdict: Verdict,
    /// In normal form, see [`normal`]; `*` stands for any octets, and a `$` at its end for the end of the address.
    pattern: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Allow,
    Disallow,
}

/// Whom a group of rules is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Ours,
    Everybody,
}

/// What was found for one of the two groups that matter.
#[derive(Debug, Default)]
struct Found {
    named: Named,
    rules: Vec<Rule>,
    delay: Option<f64>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Named {
    #[default]
    Never,
    /// By the group that is being read.
    Now,
    /// By a group further up.
    Before,
}

impl Robots {
    /// Reads a file. Nothing is an error: what is no rule is skipped, so that a web page in its place forbids nothing.
    pub fn parse(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut groups = [Found::default(), Found::default()];
        let mut sitemaps = Vec::new();
        // A group begins with one or more lines `User-agent`; the first rule after them closes its head.
        let mut in_head = false;
        for line in whole_lines(bytes) {
            let line = line.split(|byte| *byte == b'#').next().unwrap_or_default();
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let (key, value) = line.split_at(colon);
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            match key.trim_ascii().to_ascii_lowercase().as_slice() {
                b"user-agent" => {
                    if !in_head {
                        for group in &mut groups {
                            group.named = if group.named == Named::Never { Named::Never } else { Named::Before };
                        }
                    }
                    in_head = true;
                    let [ours, everybody] = &mut groups;
                    if is_ours(value) {
                        ours.named = Named::Now;
                    } else if value == b"*" {
                        everybody.named = Named::Now;
                    }
                }
                b"allow" => rule(&mut groups, &mut in_head, Verdict::Allow, value),
                b"disallow" => rule(&mut groups, &mut in_head, Verdict::Disallow, value),
                // Not of the RFC, which asks that what is not does not close the head of a group.
                b"crawl-delay" => {
                    let seconds = std::str::from_utf8(value).ok().and_then(|text| text.parse::<f64>().ok());
                    let Some(seconds) = seconds.filter(|s| s.is_finite() && *s > 0.0) else { continue };
                    for group in groups.iter_mut().filter(|group| group.named == Named::Now) {
                        group.delay = Some(group.delay.map_or(seconds, |delay| delay.max(seconds)));
                    }
                }
                b"sitemap" if sitemaps.len() < SITEMAPS => {
                    let url = std::str::from_utf8(value).ok().and_then(|text| Url::parse(text).ok());
                    sitemaps.extend(url.filter(|url| matches!(url.scheme(), "http" | "https")));
                }
                _ => {}
            }
        }
        let [ours, everybody] = groups;
        let (group, found) = match (ours.named, everybody.named) {
            (Named::Never, Named::Never) => (None, Found::default()),
            (Named::Never, _) => (Some(Group::Everybody), everybody),
            _ => (Some(Group::Ours), ours),
        };
        Self { group, rules: found.rules, delay: found.delay, sitemaps }
    }

    /// The rule that keeps an address from us, if one does: the longest that matches it, and of two as long the one
    /// that allows (RFC 9309 2.2.2). robots.txt itself is never kept from anybody.
    pub fn forbids(&self, url: &Url) -> Option<&Rule> {
        if url.path() == "/robots.txt" {
            return None;
        }
        let mut asked = normal(url.path().as_bytes(), Side::Address);
        if let Some(query) = url.query() {
            asked.push('?');
            asked.push_str(&normal(query.as_bytes(), Side::Address));
        }
        let matching = self.rules.iter().filter(|rule| rule.matches(&asked));
        let longest = matching.max_by_key(|rule| (rule.pattern.len(), rule.verdict == Verdict::Allow));
        longest.filter(|rule| rule.verdict == Verdict::Disallow)
    }

    /// The group that holds for us, as an error names it.
    pub fn agent(&self) -> &'static str {
        match self.group {
            Some(Group::Ours) => AGENT,
            Some(Group::Everybody) | None => "*",
        }
    }

    /// The pause that the site asks for between two requests, at most [`LONGEST_DELAY`].
    pub fn delay(&self) -> Duration {
        self.delay.map_or(Duration::ZERO, |delay| Duration::from_secs_f64(delay.min(LONGEST_DELAY.as_secs_f64())))
    }

    /// The pause in seconds that was asked for, where it is longer than the one that is made.
    pub fn unheard_delay(&self) -> Option<f64> {
        self.delay.filter(|delay| *delay > LONGEST_DELAY.as_secs_f64())
    }

    pub fn sitemaps(&self) -> &[Url] {
        &self.sitemaps
    }

    /// What is for us, as a robots.txt that reads as this one.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        if self.group.is_some() {
            let _ = writeln!(text, "User-agent: {}", self.agent());
        }
        for rule in &self.rules {
            let _ = writeln!(text, "{rule}");
        }
        if let Some(delay) = self.delay {
            let _ = writeln!(text, "Crawl-delay: {delay}");
        }
        for url in &self.sitemaps {
            let _ = writeln!(text, "Sitemap: {url}");
        }
        text
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = match self.verdict {
            Verdict::Allow => "Allow",
            Verdict::Disallow => "Disallow",
        };
        write!(f, "{key}: {}", self.pattern)
    }
}

impl Rule {
    /// `asked` is a path with its query, in normal form. Takes a time in proportion to both.
    fn matches(&self, asked: &str) -> bool {
        let (pattern, anchored) = match self.pattern.strip_suffix('$') {
            Some(pattern) => (pattern, true),
            None => (self.pattern.as_str(), false),
        };
        let mut pieces = pattern.split('*');
        let Some(mut rest) = asked.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
        let Some(last) = pieces.next_back() else { return !anchored || rest.is_empty() };
        for piece in pieces {
            let Some((_, after)) = rest.split_once(piece) else { return false };
            rest = after;
        }
        if anchored { rest.ends_with(last) } else { rest.contains(last) }
    }
}

fn rule(groups: &mut [Found; 2], in_head: &mut bool, verdict: Verdict, value: &[u8]) {
    *in_head = false;
    if value.is_empty() {
        return;
    }
    let mut pattern = normal(value, Side::Pattern);
    if !pattern.starts_with(['/', '*']) {
        // Forbids nothing to the letter; what was meant is plain.
        pattern.insert(0, '/');
    }
    for group in groups.iter_mut().filter(|group| group.named == Named::Now) {
        group.rules.push(Rule { verdict, pattern: pattern.clone() });
    }
}

/// Whether a line `User-agent` names us: its token, without the version that some write behind it.
fn is_ours(value: &[u8]) -> bool {
    let end = value.iter().position(|byte| !(byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_')));
    value.get(..end.unwrap_or(value.len())).is_some_and(|token| token.eq_ignore_ascii_case(AGENT.as_bytes()))
}

/// The lines within [`LIMIT`], whatever ends them. One that the limit cuts is left out: half a rule can forbid
/// everything.
fn whole_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let kept = match bytes.get(..LIMIT) {
        Some(first) => first.get(..first.iter().rposition(is_end).unwrap_or_default()).unwrap_or_default(),
        None => bytes,
    };
    kept.split(move |byte| is_end(byte))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// `*` and a last `$` mean something.
    Pattern,
    /// Every character stands for itself.
    Address,
}

/// One form for all spellings of a path (RFC 9309 2.2.2): what need not be percent-encoded is not, all else is, with
/// capital digits. Reserved characters stay as they are written, for `%2F` is not `/`. Never changed by a second time.
fn normal(text: &[u8], side: Side) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = after;
        let (byte, escaped) = match (first, after) {
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    (high << 4 | low, true)
                }
                _ => (b'%', false),
            },
            _ => (*first, false),
        };
        let stands = match byte {
            b'-' | b'.' | b'_' | b'~' => true,
            _ if byte.is_ascii_alphanumeric() => true,
            b'*' => !escaped && side == Side::Pattern,
            b'$' => !escaped && side == Side::Pattern && rest.is_empty(),
            b'!' | b'&' | b'\'' | b'(' | b')' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'?' | b'@' | b'[' | b']' => {
                !escaped
            }
            _ => false,
        };
        if stands {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests;
