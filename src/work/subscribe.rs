//! Adds readers and lets them go. Nobody is added without a recorded consent or legal basis (invariant 7).

use std::{
    collections::{BTreeSet, HashMap, hash_map::Entry},
    hash::{BuildHasher, RandomState},
    io::Read,
};

use anyhow::Context;
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{App, letters};
use crate::{
    bulletin,
    model::{
        AlertWish, Cadence, Consent, EmailAddress, Ground, Nature, Preferences, SectionId, Severity, SubscriberId,
        SubscriberState,
    },
    normalise::date,
    store::{
        self, Tx, bounces, erasures,
        subscribers::{self, Added, Left},
        suppressions::{self, Cause},
    },
    text,
};

/// One person as a form, a command line or a line of a file states them: nothing checked yet.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub email: String,
    #[serde(default)]
    pub cadence: String,
    /// Short names separated by spaces; empty is all.
    #[serde(default)]
    pub sections: String,
    /// Short names separated by spaces; empty is all.
    #[serde(default)]
    pub natures: String,
    #[serde(default)]
    pub severity: String,
    /// The severity from which on a story is told at once; empty: none.
    #[serde(default)]
    pub alerts_from: String,
    /// Words of which one is enough, separated by commas or semicolons; empty: none.
    #[serde(default)]
    pub alert_words: String,
    /// What was agreed to, or the legal basis.
    #[serde(default)]
    pub consent_what: String,
    /// A day (`2026-11-23`) or an instant (RFC 3339); empty is now, which a file may not say.
    #[serde(default)]
    pub consent_when: String,
    /// By which means.
    #[serde(default)]
    pub consent_how: String,
}

/// A person whom we may write to.
pub(super) struct Checked {
    pub address: EmailAddress,
    pub preferences: Preferences,
    pub consent: Consent,
}

/// Adds one person, who agreed now unless the request says when.
pub fn add(app: &App, request: &Request) -> anyhow::Result<Added> {
    let now = app.clock.now();
    let checked = check(app, request, Some(now), now).map_err(anyhow::Error::msg)?;
    Ok(app
        .store
        .write_durably(|tx| subscribers::add(tx, &checked.address, &checked.preferences, &checked.consent, now))?)
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    pub added: usize,
    pub changed: usize,
    /// Line and reason of each line that was not taken.
    pub refused: Vec<Refused>,
    /// Those who were added.
    #[serde(skip)]
    pub new: Vec<SubscriberId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Counted from 1, the header included.
    pub line: u64,
    pub why: String,
}

/// The columns of the file, in any order; `email`, `consent_what`, `consent_when` and `consent_how` are required.
pub const COLUMNS: [&str; 10] = [
    "email",
    "cadence",
    "sections",
    "natures",
    "severity",
    "alerts_from",
    "alert_words",
    "consent_what",
    "consent_when",
    "consent_how",
];

/// Words of one wish, and characters of each.
const MOST_WORDS: usize = 20;
const LONGEST_WORD: usize = 60;

/// Takes every good line of a CSV file (RFC 4180, UTF-8, comma or semicolon) in one transaction, and says of each bad
/// one why it was not taken.
pub fn import(app: &App, mut file: impl Read) -> anyhow::Result<Imported> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).context("cannot read the file")?;
    // The reader counts lines by LF: after CRLF it would name the line before.
    bytes.retain(|byte| *byte != b'\r');
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let count = |byte| first.iter().filter(|b| **b == byte).count();
    let delimiter = if count(b';') > count(b',') { b';' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).trim(csv::Trim::All).from_reader(bytes);
    check_header(reader.byte_headers().context("cannot read the first line")?)?;
    let header = reader.headers().context("the first line is not UTF-8\nhint: save the file as UTF-8")?.clone();
    let now = app.clock.now();
    Ok(app.store.write_durably(|tx| take_lines(app, tx, reader, &header, now))?)
}

/// Each line as it comes: of a long list neither its addresses nor its choices are all held at once.
fn take_lines(
    app: &App,
    tx: &Tx,
    reader: csv::Reader<&[u8]>,
    header: &csv::StringRecord,
    now: Timestamp,
) -> store::Result<Imported> {
    let mut imported = Imported::default();
    // Of each address a hash, with the line that it stands on.
    let (hasher, mut seen) = (RandomState::new(), HashMap::new());
    for record in reader.into_byte_records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                imported.refused.push(Refused { line, why: error.to_string() });
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let mut refuse = |why: String| imported.refused.push(Refused { line, why });
        let checked = match read_line(app, record, header, now) {
            Ok(checked) => checked,
            Err(why) => {
                refuse(why);
                continue;
            }
        };
        match seen.entry(hasher.hash_one(checked.address.as_str().to_lowercase())) {
            Entry::Occupied(former) => {
                refuse(format!("`{}` stands on line {} already", checked.address, former.get()));
                continue;
            }
            Entry::Vacant(place) => place.insert(line),
        };
        match subscribers::add(tx, &checked.address, &checked.preferences, &checked.consent, now)? {
            Added::New(id) => {
                imported.added += 1;
                imported.new.push(id);
            }
            Added::Changed(_) => imported.changed += 1,
            added @ (Added::Left | Added::Suppressed) => refuse(refusal(added).to_owned()),
        }
    }
    Ok(imported)
}

/// What one line says, or why it is not taken.
fn read_line(
    app: &App,
    record: csv::ByteRecord,
    header: &csv::StringRecord,
    now: Timestamp,
) -> Result<Checked, String> {
    if record.len() != header.len() {
        return Err(format!("it has {} fields, and the first line names {}", record.len(), header.len()));
    }
    if record.iter().any(|field| field.contains(&b'\n')) {
        return Err(String::from("a field holds a line break: is a quotation mark left open here?"));
    }
    csv::StringRecord::from_byte_record(record)
        .map_err(|_| String::from("it is not UTF-8: save the file as « CSV UTF-8 »"))
        .and_then(|record| record.deserialize::<Request>(Some(header)).map_err(|error| error.to_string()))
        .map(unquoted)
        .and_then(|request| check(app, &request, None, now))
}

/// Takes away the mark that `export` puts before what a spreadsheet would take for a formula.
fn unquoted(request: Request) -> Request {
    let bare = |text: String| match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest.to_owned(),
        _ => text,
    };
    Request {
        email: bare(request.email),
        consent_what: bare(request.consent_what),
        consent_how: bare(request.consent_how),
        alert_words: bare(request.alert_words),
        ..request
    }
}

fn check_header(header: &csv::ByteRecord) -> anyhow::Result<()> {
    let names: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    let unknown: Vec<&str> = names.iter().map(String::as_str).filter(|name| !COLUMNS.contains(name)).collect();
    let required = ["email", "consent_what", "consent_when", "consent_how"];
    let missing: Vec<&str> = required.into_iter().filter(|name| !names.iter().any(|n| n == name)).collect();
    if unknown.is_empty() && missing.is_empty() {
        return Ok(());
    }
    let mut what = Vec::new();
    if !missing.is_empty() {
        what.push(format!("the columns {} are missing", quoted(&missing)));
    }
    if !unknown.is_empty() {
        what.push(format!("the columns {} are unknown", quoted(&unknown)));
    }
    anyhow::bail!(
        "{}\nhint: the first line of the file names its columns, among {}",
        what.join(", and "),
        quoted(&COLUMNS)
    )
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Why an address that is right in itself was not added.
pub const fn refusal(added: Added) -> &'static str {
    match added {
        Added::Suppressed => "this address must not be written to",
        Added::Left => "this person asked to be left alone after that consent was given",
        Added::New(_) | Added::Changed(_) => "",
    }
}

/// Everything that is wrong with a request, joined by `; `.
pub(super) fn check(app: &App, request: &Request, when: Option<Timestamp>, now: Timestamp) -> Result<Checked, String> {
    let mut wrong = Vec::new();
    let mut keep = |problem: String| wrong.push(problem);
    let address = EmailAddress::parse(&request.email).map_err(|error| keep(error.to_string())).ok();
    let cadence = match request.cadence.as_str() {
        "" => Some(Cadence::Daily),
        text => Cadence::parse(text).or_else(|| {
            keep(format!("the cadence `{text}` is not `daily`, `weekly`, `monthly` or `alert`"));
            None
        }),
    };
    let mut sections = BTreeSet::new();
    for name in request.sections.split_whitespace() {
        match SectionId::parse(name).filter(|id| app.rules.sections().get(id).is_some()) {
            Some(id) => {
                sections.insert(id);
            }
            None => {
                let known: Vec<&str> = app.rules.sections().iter().map(|section| section.id.as_str()).collect();
                keep(format!("there is no section `{name}` (there are {})", known.join(", ")));
            }
        }
    }
    let mut natures = BTreeSet::new();
    for name in request.natures.split_whitespace() {
        match Nature::parse(name) {
            Some(nature) => {
                natures.insert(nature);
            }
            None => {
                let known = Nature::ALL.map(Nature::as_str).join(", ");
                keep(format!("there is no nature `{name}` (there are {known})"));
            }
        }
    }
    let least_severity = match request.severity.as_str() {
        "" => Some(Severity::Info),
        text => Severity::parse(text).or_else(|| {
            keep(format!("the severity `{text}` is not `info`, `notable`, `high` or `critical`"));
            None
        }),
    };
    let alerts = wish(request, &mut keep);
    if cadence == Some(Cadence::Alert) && request.alerts_from.is_empty() && request.alert_words.trim().is_empty() {
        keep(String::from("who reads alerts alone must say which (`alerts_from`, `alert_words`)"));
    }
    if request.consent_what.trim().is_empty() {
        keep(String::from("no consent or legal basis is given (`consent_what`)"));
    }
    if request.consent_how.trim().is_empty() {
        keep(String::from("how the consent was given is not said (`consent_how`)"));
    }
    let when = match request.consent_when.trim() {
        "" => when.or_else(|| {
            keep(String::from("when the consent was given is not said (`consent_when`)"));
            None
        }),
        text => instant(text, &app.config.site.zone).or_else(|| {
            keep(format!(
                "`{text}` is neither a day such as `2026-11-23` or `23/11/2026` nor an instant (`consent_when`)"
            ));
            None
        }),
    };
    if when.is_some_and(|when| when > now) {
        keep(String::from("the consent lies in the future (`consent_when`)"));
    }
    match (address, cadence, least_severity, when) {
        (Some(address), Some(cadence), Some(least_severity), Some(when)) if wrong.is_empty() => Ok(Checked {
            address,
            preferences: Preferences { cadence, sections, natures, least_severity, alerts },
            consent: Consent {
                what: request.consent_what.trim().to_owned(),
                when,
                how: request.consent_how.trim().to_owned(),
            },
        }),
        _ => Err(wrong.join("; ")),
    }
}

fn wish(request: &Request, keep: &mut impl FnMut(String)) -> AlertWish {
    let from = match request.alerts_from.as_str() {
        "" => None,
        text => Severity::parse(text).or_else(|| {
            keep(format!("alerts from `{text}` on: that is not `info`, `notable`, `high` or `critical`"));
            None
        }),
    };
    let words = request.alert_words.split([',', ';', '\n']).map(text::collapse).filter(|word| !word.is_empty());
    let mut words: Vec<String> = words.collect();
    if words.len() > MOST_WORDS {
        keep(format!("an alert for more than {MOST_WORDS} words (`alert_words`)"));
    }
    for word in &words {
        if word.chars().count() > LONGEST_WORD {
            keep(format!("`{word}` is longer than {LONGEST_WORD} characters (`alert_words`)"));
        } else if !bulletin::is_telling(word) {
            keep(format!("`{word}` stands in every text, or is no word (`alert_words`)"));
        }
    }
    let mut seen = BTreeSet::new();
    words.retain(|word| seen.insert(word.to_lowercase()));
    AlertWish { from, words }
}

fn instant(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| Some(date::parse(text, zone)?.at))
}

/// Lets a person go, at once, also out of what is queued; a last letter says so.
pub fn remove(app: &App, address: &EmailAddress) -> anyhow::Result<Left> {
    let now = app.clock.now();
    Ok(app.store.write_durably(|tx| {
        let known = subscribers::find(tx, address)?;
        let left = subscribers::leave(tx, address, now)?;
        if let Some(reader) = known.filter(|known| known.state == SubscriberState::Active) {
            letters::goodbye(app, tx, &reader, now)?;
        }
        Ok(left)
    })?)
}

/// Never writes to an address again: it leaves, and nobody can add it.
pub fn suppress(app: &App, address: &EmailAddress, why: &str) -> anyhow::Result<()> {
    let now = app.clock.now();
    let cause = Cause { ground: Ground::Person, why, delivery: None, report: None };
    Ok(app.store.write_durably(|tx| {
        subscribers::leave(tx, address, now)?;
        suppressions::add(tx, address, &cause, now).map(drop)
    })?)
}

/// Ends the suppression of an address, and holds nothing against it any more. `false`: there was none. Whoever left stays away.
pub fn lift(app: &App, address: &EmailAddress, because: &str) -> anyhow::Result<bool> {
    let now = app.clock.now();
    Ok(app.store.write_durably(|tx| {
        bounces::forgive(tx, address)?;
        suppressions::lift(tx, address, because, now)
    })?)
}

/// Erases a person: what remains is a keyed hash of the address, so that no old list brings it back, and numbers. `false`: nothing
/// was known of it.
pub fn erase(app: &App, address: &EmailAddress) -> anyhow::Result<bool> {
    let now = app.clock.now();
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("this machine gives no random numbers: {error}"))?;
    let fresh: String = key.iter().map(|octet| format!("{octet:02x}")).collect();
    let is_known = app.store.write_durably(|tx| erasures::erase(tx, address, &fresh, now))?;
    // Done by the next erasure, or by SQLite in time, where somebody reads meanwhile.
    app.store.take_over()?;
    Ok(is_known)
}
