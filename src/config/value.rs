//! How single values are written: durations, sizes, times, addresses, mailboxes, selectors.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use jiff::{
    civil::{Time, Weekday},
    tz::TimeZone,
};
use url::{ParseError, Url};

use super::{Mailbox, Network};
use crate::model::{Address, BadAddress, EmailAddress, Rate};

/// Why a value cannot be taken. `why` goes on after the name of the key: « `every` *must be …* ».
#[derive(Debug)]
pub(super) struct Wrong {
    pub why: String,
    pub hint: String,
}

impl Wrong {
    pub fn new(why: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { why: why.into(), hint: hint.into() }
    }
}

const SECOND: u64 = 1_000;
const UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", SECOND), ("min", 60 * SECOND), ("h", 3_600 * SECOND), ("d", 86_400 * SECOND)];

/// `90s`, `30min`, `1h30min`, `2h`, `1d`, within bounds written in the same way.
pub(super) fn duration(text: &str, least: &str, most: &str) -> Result<Duration, Wrong> {
    let read = read_duration(text).ok_or_else(|| {
        Wrong::new(
            format!("must be a duration, not {}", quoted(text)),
            "write a number and a unit (`ms`, `s`, `min`, `h`, `d`), such as `30min`, `2h` or `1d`",
        )
    })?;
    let beyond = |bound: &str| read_duration(bound).unwrap_or_default();
    if read < beyond(least) || read > beyond(most) {
        return Err(Wrong::new(
            format!("must not be {}", quoted(text)),
            format!("take a duration from `{least}` to `{most}`"),
        ));
    }
    Ok(read)
}

fn read_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (digits, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let unit_end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(*scale)?)?;
        rest = after.trim_start();
    }
    (!text.trim().is_empty()).then(|| Duration::from_millis(total))
}

/// `512KiB`, `10MiB`, `1GiB` (or `kB`, `MB`, `GB`), from 1 KiB to 1 GiB, in octets.
pub(super) fn size(text: &str) -> Result<usize, Wrong> {
    let units: [(&str, usize); 6] =
        [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000)];
    let read = || {
        let text = text.trim();
        let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
        let (_, scale) = units.iter().find(|(name, _)| *name == unit.trim())?;
        digits.parse::<usize>().ok()?.checked_mul(*scale).filter(|n| (1 << 10..=1 << 30).contains(n))
    };
    read().ok_or_else(|| {
        Wrong::new(
            format!("must be a size, not {}", quoted(text)),
            "write a whole number and a unit, such as `512KiB` or `10MiB`; from `1KiB` to `1GiB`",
        )
    })
}

/// `07:30`.
pub(super) fn time(text: &str) -> Result<Time, Wrong> {
    let read = || {
        let (hour, minute) = text.split_once(':')?;
        let two = |part: &str| (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok());
        Time::new(two(hour)??, two(minute)??, 0, 0).ok()
    };
    read().ok_or_else(|| {
        let why = format!("must be a time of day, not {}", quoted(text));
        Wrong::new(why, "write hours and minutes, from `00:00` to `23:59`, such as `07:30`")
    })
}

/// `mon` to `sun`.
pub(super) fn weekday(text: &str) -> Result<Weekday, Wrong> {
    let days = [
        ("mon", Weekday::Monday),
        ("tue", Weekday::Tuesday),
        ("wed", Weekday::Wednesday),
        ("thu", Weekday::Thursday),
        ("fri", Weekday::Friday),
        ("sat", Weekday::Saturday),
        ("sun", Weekday::Sunday),
    ];
    choice(text, "a day of the week", &days)
}

/// One of a closed list.
pub(super) fn choice<T: Clone>(text: &str, what: &str, all: &[(&str, T)]) -> Result<T, Wrong> {
    if let Some((_, value)) = all.iter().find(|(name, _)| *name == text) {
        return Ok(value.clone());
    }
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    Err(Wrong::new(format!("must be {what}, not {}", quoted(text)), suggestion(text, &names)))
}

/// An address that can be fetched or linked to.
pub(super) fn web_address(text: &str) -> Result<Url, Wrong> {
    let url = match Url::parse(text) {
        // `example.org:8080/feed` would be an address of the scheme `example.org`.
        Ok(url) if !(url.scheme().contains('.') || url.scheme() == "localhost") => url,
        Ok(_) | Err(ParseError::RelativeUrlWithoutBase) => return Err(without_scheme(text)),
        Err(error) => {
            let hint = "write the whole address, such as `https://www.example.org/feed/`";
            return Err(Wrong::new(format!("must be a web address: {error}"), hint));
        }
    };
    if !matches!(url.scheme(), "http" | "https") {
        let why = format!("must be a web address, not one that begins with `{}:`", url.scheme());
        return Err(Wrong::new(why, "only `http:` and `https:` addresses are read"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Wrong::new("must not hold a user name or a password", "take out what stands before the `@`"));
    }
    Ok(url)
}

/// An address that can be fetched, in which `{…}` may hold the form of a date.
pub(super) fn dated_address(text: &str) -> Result<Address, Wrong> {
    if !text.contains('{') {
        return web_address(text).map(Address::from);
    }
    let hint = "write the form of a date as in `{%Y%m%d}` or `{%Y}/{%m}/{%d}`; a brace that means itself is `%7B`";
    match Address::parse(text) {
        Ok(address) => web_address(address.sample().as_str()).map(|_| address),
        Err(BadAddress::Url(ParseError::RelativeUrlWithoutBase)) => Err(without_scheme(text)),
        Err(bad) => Err(Wrong::new(format!("cannot be taken: {bad}"), hint)),
    }
}

fn without_scheme(text: &str) -> Wrong {
    let why = "must be a whole web address, with `https://` at its beginning";
    let rest = text.trim().trim_start_matches('/');
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    // A password may stand before an `@`: it is not repeated.
    match host.contains('.') && !host.contains('@') && Url::parse(&format!("https://{rest}")).is_ok() {
        true => Wrong::new(why, format!("write {}", quoted(&format!("https://{rest}")))),
        false => Wrong::new(why, "write it as in `https://www.example.org/feed/`"),
    }
}

/// The address of a folder of the web: its path ends with a slash, so that addresses can be joined to it.
pub(super) fn web_folder(text: &str) -> Result<Url, Wrong> {
    let mut url = web_address(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Wrong::new("must not hold a `?` or a `#`", "write the address of the folder that is published"));
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// Where we can be reached: a page or a mailbox.
pub(super) fn contact(text: &str) -> Result<Url, Wrong> {
    match Url::parse(text) {
        Ok(url) if url.scheme() == "https" => web_address(text),
        Ok(url) if url.scheme() == "mailto" => match EmailAddress::parse(url.path()) {
            Ok(_) => Ok(url),
            Err(e) => Err(Wrong::new(format!("cannot be taken: {e}"), "write `mailto:name@example.fr`")),
        },
        _ => Err(Wrong::new(
            format!("must be an `https:` or `mailto:` address, not {}", quoted(text)),
            "write `mailto:name@example.fr` or the address of a page that says who you are",
        )),
    }
}

pub(super) fn email(text: &str) -> Result<EmailAddress, Wrong> {
    EmailAddress::parse(text)
        .map_err(|e| Wrong::new(format!("cannot be taken: {e}"), "write an address such as `veille@example.fr`"))
}

/// `veille@example.fr`, `Veille <veille@example.fr>` or `"Mairie, veille" <veille@example.fr>`.
pub(super) fn mailbox(text: &str) -> Result<Mailbox, Wrong> {
    let hint = "write `veille@example.fr` or `Veille <veille@example.fr>`";
    let text = text.trim();
    let Some((name, rest)) = text.split_once('<') else {
        return Ok(Mailbox { name: None, address: email(text).map_err(|w| Wrong::new(w.why, hint))? });
    };
    let Some(address) = rest.strip_suffix('>') else {
        return Err(Wrong::new("has a `<` without a `>` at its end", hint));
    };
    let name = name.trim();
    let name = name.strip_prefix('"').and_then(|n| n.strip_suffix('"')).unwrap_or(name).trim();
    if name.chars().any(|c| c.is_control() || "<>\"".contains(c)) {
        return Err(Wrong::new("has a character in its name that cannot stand there", hint));
    }
    let address = email(address).map_err(|w| Wrong::new(w.why, hint))?;
    Ok(Mailbox { name: (!name.is_empty()).then(|| name.to_owned()), address })
}

pub(super) fn network(text: &str) -> Result<Network, Wrong> {
    Network::parse(text).ok_or_else(|| {
        let why = format!("must hold ranges of IP addresses, not {}", quoted(text));
        Wrong::new(why, "write them as `127.0.0.0/8`, `10.1.2.3` or `fd00::/8`")
    })
}

/// An address and a port; port 53 when none is written.
pub(super) fn server(text: &str) -> Result<SocketAddr, Wrong> {
    let text = text.trim();
    let alone = |_| text.parse::<IpAddr>().map(|address| SocketAddr::new(address, 53));
    text.parse().or_else(alone).map_err(|_| {
        let why = format!("must be the address of a server and a port, not {}", quoted(text));
        Wrong::new(why, "write it as `192.0.2.53:53` or `[2001:db8::53]:53`")
    })
}

pub(super) fn zone(text: &str) -> Result<TimeZone, Wrong> {
    TimeZone::get(text).map_err(|_| {
        let why = format!("must be a time zone that this machine knows, not {}", quoted(text));
        Wrong::new(why, "write a name of the IANA database such as `Europe/Paris` or `Indian/Reunion`")
    })
}

/// The form of BCP 47 that feeds use: `fr`, `fr-FR`, `zh-Hans`. Whether the subtags exist is not looked up.
pub(super) fn language(text: &str) -> Result<String, Wrong> {
    let mut tags = text.split('-');
    let first = tags.next().unwrap_or("");
    let right = (2..=3).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_lowercase())
        && tags.all(|t| (2..=8).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric()));
    right.then(|| text.to_owned()).ok_or_else(|| {
        let why = format!("must be a language tag, not {}", quoted(text));
        Wrong::new(why, "write a tag such as `fr`, `en` or `fr-FR`")
    })
}

/// A CSS selector that is not empty and whose brackets and quotes are closed, as `engine` reads it.
pub(super) fn selector(text: &str, engine: &dyn Fn(&str) -> Result<(), String>) -> Result<String, Wrong> {
    let hint = "write a CSS selector such as `main li`, `h2 a` or `a[href$=\".pdf\"]`";
    let refuse = |why: String| Err(Wrong::new(why, hint));
    if text.trim().is_empty() {
        return refuse("must not be empty".to_owned());
    }
    let mut open = Vec::new();
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (_, '\\') => drop(chars.next()),
            (Some(q), _) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => open.push(')'),
            (None, '[') => open.push(']'),
            (None, ')' | ']') if open.pop() != Some(c) => return refuse(format!("has a `{c}` that closes nothing")),
            (None, '{' | '}' | ';') => return refuse(format!("has a `{c}`, which no selector has")),
            _ => {}
        }
    }
    match (quote, open.pop()) {
        (Some(q), _) => refuse(format!("has a quote `{q}` that is not closed")),
        (None, Some(c)) => refuse(format!("lacks a `{c}`")),
        (None, None) => match engine(text.trim()) {
            Ok(()) => Ok(text.trim().to_owned()),
            Err(why) => Err(Wrong::new(
                format!("is no CSS selector: {why}"),
                format!("{hint}; the text and the address of an element are taken by themselves"),
            )),
        },
    }
}

/// The name of a machine, or its address.
pub(super) fn host(text: &str) -> Result<String, Wrong> {
    let plain = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let right = plain.parse::<std::net::IpAddr>().is_ok() || url::Host::parse(plain).is_ok();
    right.then(|| plain.to_owned()).ok_or_else(|| {
        let why = format!("must be the name of a machine, not {}", quoted(text));
        Wrong::new(why, "write a name such as `smtp.example.fr` or `localhost`; the port goes into `port`")
    })
}

/// Words on one line.
pub(super) fn line(text: &str) -> Result<String, Wrong> {
    if text.chars().any(char::is_control) {
        return Err(Wrong::new("must be on one line", "separate the parts by commas"));
    }
    Ok(crate::text::collapse(text))
}

/// Words for readers, on one line, and at least one.
pub(super) fn name(text: &str) -> Result<String, Wrong> {
    filled(line(text)?, "write it as readers shall see it")
}

/// Who we are to a mail server.
pub(super) fn user(text: &str) -> Result<String, Wrong> {
    filled(line(text)?, "write the name that the mail server knows, or take the line away")
}

/// So many messages in so long a time: `100/min`.
pub(super) fn rate(text: &str) -> Result<Rate, Wrong> {
    let hint = "write how many, a slash, and `s`, `min`, `h` or `d`: `100/min`";
    Rate::parse(text).ok_or_else(|| Wrong::new("is not a number of messages in a time", hint))
}

/// A file or a folder, to the letter: it may hold any space.
pub(super) fn path(text: &str) -> Result<String, Wrong> {
    line(text)?;
    let hint = "write the path of a file or folder, or take the line away";
    if text.trim().is_empty() { filled(String::new(), hint) } else { Ok(text.to_owned()) }
}

fn filled(text: String, hint: &str) -> Result<String, Wrong> {
    if text.is_empty() { Err(Wrong::new("must not be empty", hint)) } else { Ok(text) }
}

/// A value as a message may repeat it: short, on one line.
pub(super) fn quoted(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("`{}`", crate::text::truncate(&clean, 60))
}

/// « did you mean `every`? known: … », or only what is known.
pub(super) fn suggestion(word: &str, known: &[&str]) -> String {
    let list: Vec<String> = known.iter().map(|k| format!("`{k}`")).collect();
    let list = format!("known: {}", list.join(", "));
    match nearest(word, known) {
        // A long list would hide the word that is meant.
        Some(near) if known.len() > 20 => format!("did you mean `{near}`?"),
        Some(near) => format!("did you mean `{near}`? {list}"),
        None => list,
    }
}

/// The known word that a misspelt one most likely stands for.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = |w: &str| w.to_lowercase().replace('-', "_");
    let word = plain(word);
    known
        .iter()
        .map(|k| (distance(&word, &plain(k)), *k))
        .filter(|(d, k)| *d <= (k.chars().count().max(word.chars().count()) / 3).max(1) && *d < k.chars().count())
        .min()
        .map(|(_, k)| k)
}

/// Edits (insert, delete, replace, swap of two neighbours) from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                let edit = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let best = edit.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if swap { best.min(rows[i - 2][j - 2] + 1) } else { best }
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests;
