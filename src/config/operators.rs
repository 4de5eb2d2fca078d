//! Who keeps mailboxes, and how each wants to be written to: the table that ships, with an installation's own file on top.

use std::{borrow::Cow, sync::LazyLock};

use jiff::SignedDuration;
use url::Url;

use super::{
    Input, Problems,
    file::{Table, Written},
    value::{self, Wrong},
};
use crate::model::Rate;

const SHIPPED: &str = include_str!("operators.toml");

/// One operator of mailboxes, or of a filter in front of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// As attempts are filed under it: `orange`; of one that is not in the table, the domain of its hosts.
    pub id: String,
    /// As readers see it.
    pub name: String,
    pub kind: Keeps,
    /// It is known by the hosts that end like this.
    pub mx: Vec<String>,
    /// At once.
    pub connections: usize,
    /// By connection.
    pub messages: u32,
    /// All together.
    pub rate: Rate,
    /// Where it says what it wants of senders.
    pub postmaster: Option<Url>,
    /// Where all this is from.
    pub source: String,
    /// What it says, in lower case, when it is about us.
    says: Vec<(Refusal, String)>,
}

/// Whose mailboxes an operator keeps: whom a reader has to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// Anybody's.
    Public,
    /// Those of an organisation, under its own domain.
    Hosting,
    /// None: it filters for an organisation, by that one's rules.
    Filter,
}

/// What a refusal is known to mean, that says nothing of the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// Fewer, and later.
    TooFast,
    /// It holds our mail for its own load, or for our reputation.
    Deferred,
    /// The same message is taken when it comes again.
    Greylist,
    /// A person must confirm that we are one.
    Challenge,
    /// It will not have this mail from us.
    Policy,
}

/// All that are known.
#[derive(Clone, PartialEq, Eq)]
pub struct Operators {
    default: Limits,
    all: Vec<Operator>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limits {
    connections: usize,
    messages: u32,
    rate: Rate,
}

/// Careful, for an empty table.
const LIMITS: Limits =
    Limits { connections: 3, messages: 50, rate: Rate { messages: 100, per: SignedDuration::from_secs(1) } };

impl Operators {
    /// Those that ship with Vigie. A test holds that they can be read.
    pub fn shipped() -> Self {
        // Read once: every command reads its settings, and some do so twice.
        static READ: LazyLock<Operators> = LazyLock::new(|| {
            let empty = Operators { default: LIMITS, all: Vec::new() };
            empty.with(Input { name: "operators.toml", text: SHIPPED }).unwrap_or(empty)
        });
        READ.clone()
    }

    /// These, with what a file adds and changes.
    ///
    /// # Errors
    /// Every mistake of the file.
    pub fn with(&self, file: Input<'_>) -> Result<Self, Problems> {
        let written = Written::parse([file]);
        let mut top = written.top();
        let mut made = self.clone();
        let mut table = top.table("default");
        made.default = limits(&mut table, made.default);
        table.finish();
        let mut seen: Vec<String> = Vec::new();
        for mut table in top.tables("operator") {
            let Some(id) = table.parse("id", id) else {
                if !table.has("id") {
                    table.refuse("id", Wrong::new("is missing", "write a short name of letters, digits and dashes"));
                }
                continue;
            };
            table.belongs_to("operator", &id);
            if seen.contains(&id) {
                table.refuse("id", Wrong::new(format!("is `{id}` twice"), "keep one table of each operator"));
            }
            let place = made.all.iter().position(|operator| operator.id == id);
            let known = place.and_then(|place| made.all.get(place));
            let operator = read(&mut table, &id, known, made.default);
            table.finish();
            seen.push(id);
            // Later ones win where suffixes are the same.
            if let Some(place) = place {
                made.all.remove(place);
            }
            made.all.push(operator);
        }
        top.finish();
        written.finish().map(|()| made)
    }

    /// Who keeps the mailboxes of a domain whose mail these hosts take, best first.
    pub fn of(&self, hosts: &[String]) -> Cow<'_, Operator> {
        let host = hosts.first().map(|host| host.trim_end_matches('.').to_ascii_lowercase()).unwrap_or_default();
        let longest = |operator: &Operator| operator.mx.iter().filter(|mx| ends(&host, mx)).map(String::len).max();
        let best = self.all.iter().filter_map(|operator| Some((longest(operator)?, operator)));
        match best.max_by_key(|(length, _)| *length) {
            Some((_, operator)) => Cow::Borrowed(operator),
            None => Cow::Owned(self.unknown(registrable(&host))),
        }
    }

    /// The one that attempts are filed under.
    pub fn get(&self, id: &str) -> Cow<'_, Operator> {
        let known = self.all.iter().find(|operator| operator.id == id);
        known.map_or_else(|| Cow::Owned(self.unknown(id)), Cow::Borrowed)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Operator> {
        self.all.iter()
    }

    fn unknown(&self, id: &str) -> Operator {
        let Limits { connections, messages, rate } = self.default;
        Operator {
            id: id.to_owned(),
            name: id.to_owned(),
            kind: Keeps::Hosting,
            mx: vec![id.to_owned()],
            connections,
            messages,
            rate,
            postmaster: None,
            source: String::new(),
            says: Vec::new(),
        }
    }
}

/// The table is long, and says nothing of the installation whose settings are shown.
impl std::fmt::Debug for Operators {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Operators({})", self.all.len())
    }
}

impl Operator {
    /// What a reply is known to mean, if it is one of those that this operator gives for our sake. `reply` is the whole of
    /// it, codes included.
    pub fn says(&self, reply: &str) -> Option<Refusal> {
        let reply = reply.to_lowercase();
        self.says.iter().find(|(_, words)| reply.contains(words)).map(|(refusal, _)| *refusal)
    }
}

fn read(table: &mut Table<'_>, id: &str, known: Option<&Operator>, default: Limits) -> Operator {
    let kinds = [("public", Keeps::Public), ("hosting", Keeps::Hosting), ("filter", Keeps::Filter)];
    let name = table.parse("name", value::name);
    let mx = table.texts("mx", suffix);
    if known.is_none() && !table.has("name") {
        table.refuse("name", Wrong::new("is missing", "write it as readers shall see it"));
    }
    let is_empty = mx.as_ref().is_some_and(Vec::is_empty);
    if is_empty || known.is_none() && !table.has("mx") {
        let why = if is_empty { "must name a host" } else { "is missing" };
        let hint = "write how the hosts that take its mail end, such as `mx = [\"mail.example.fr\"]`";
        table.refuse("mx", Wrong::new(why, hint));
    }
    let kind = table.parse("kind", |text| value::choice(text, "a kind of operator", &kinds));
    let limits = limits(
        table,
        known.map_or(default, |o| Limits { connections: o.connections, messages: o.messages, rate: o.rate }),
    );
    let postmaster = table.parse("postmaster", value::web_address);
    let source = table.parse("source", value::line);
    let known_says =
        |refusal| known.into_iter().flat_map(move |o| o.says.iter().filter(move |(r, _)| *r == refusal).cloned());
    let mut says = Vec::new();
    // In this order they are looked for: who asks for slowness often adds a word of policy.
    let keys = [
        ("challenge", Refusal::Challenge),
        ("greylist", Refusal::Greylist),
        ("too_fast", Refusal::TooFast),
        ("policy", Refusal::Policy),
        ("deferred", Refusal::Deferred),
    ];
    for (key, refusal) in keys {
        match table.texts(key, words) {
            Some(words) => says.extend(words.into_iter().map(|words| (refusal, words))),
            None => says.extend(known_says(refusal)),
        }
    }
    Operator {
        id: id.to_owned(),
        name: name.or_else(|| known.map(|o| o.name.clone())).unwrap_or_else(|| id.to_owned()),
        kind: kind.or(known.map(|o| o.kind)).unwrap_or(Keeps::Hosting),
        mx: mx.or_else(|| known.map(|o| o.mx.clone())).unwrap_or_default(),
        connections: limits.connections,
        messages: limits.messages,
        rate: limits.rate,
        postmaster: postmaster.or_else(|| known.and_then(|o| o.postmaster.clone())),
        source: source.or_else(|| known.map(|o| o.source.clone())).unwrap_or_default(),
        says,
    }
}

fn limits(table: &mut Table<'_>, default: Limits) -> Limits {
    let connections = table.number("connections", 1, 100).and_then(|n| usize::try_from(n).ok());
    let messages = table.number("messages", 1, 10_000).and_then(|n| u32::try_from(n).ok());
    Limits {
        connections: connections.unwrap_or(default.connections),
        messages: messages.unwrap_or(default.messages),
        rate: table.parse("rate", value::rate).unwrap_or(default.rate),
    }
}

fn id(text: &str) -> Result<String, Wrong> {
    let is_id = !text.is_empty()
        && text.len() <= 60
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b));
    let why = || format!("must be a short name, not {}", value::quoted(text));
    is_id
        .then(|| text.to_owned())
        .ok_or_else(|| Wrong::new(why(), "write it in small letters, digits, dots and dashes"))
}

fn suffix(text: &str) -> Result<String, Wrong> {
    let host = text.trim_matches('.').to_lowercase();
    let is_host = host.contains('.')
        && host
            .split('.')
            .all(|label| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    let why = || format!("must hold ends of host names, not {}", value::quoted(text));
    is_host.then_some(host).ok_or_else(|| Wrong::new(why(), "write them as `mail.example.fr`, without wildcards"))
}

fn words(text: &str) -> Result<String, Wrong> {
    let words = text.trim().to_lowercase();
    let why = || format!("must hold words of a reply, not {}", value::quoted(text));
    // One letter would be in every reply.
    (words.chars().count() >= 4).then_some(words).ok_or_else(|| Wrong::new(why(), "write at least four characters"))
}

fn ends(host: &str, suffix: &str) -> bool {
    host.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The domain that somebody registered, as far as its look tells: two labels, or three under a name that is itself
/// handed out. An address stands for itself.
fn registrable(host: &str) -> &str {
    const HANDED_OUT: [&str; 12] = [
        "asso.fr", "com.fr", "gouv.fr", "nom.fr", "prd.fr", "tm.fr", "co.uk", "org.uk", "gov.uk", "gouv.nc", "com.pf",
        "asso.nc",
    ];
    if host.parse::<std::net::IpAddr>().is_ok() {
        return host;
    }
    let dots: Vec<usize> = host.rmatch_indices('.').map(|(at, _)| at).collect();
    let last = |labels: usize| dots.get(labels - 1).map_or(host, |at| host.get(at + 1..).unwrap_or(host));
    if HANDED_OUT.contains(&last(2)) { last(3) } else { last(2) }
}

#[cfg(test)]
mod tests;
