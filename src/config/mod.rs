//! Settings: as written ([`file`]), checked whole ([`check`]), and as meant ([`Config`]).
//!
//! `sources.toml` says what to watch, `vigie.toml` says the rest; both have the same grammar, so that a small
//! installation may keep everything in one file. Each part of the program gets only its own small struct.

mod check;
mod file;
mod operators;
mod problem;
mod table;
#[cfg(test)]
mod tests;
mod value;
mod warning;

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use jiff::{SignedDuration, tz::TimeZone};
use serde::Serialize;
use url::Url;

use crate::model::{Cadence, EmailAddress, Rate, Source};

pub use crate::model::Rhythm;
pub use check::{Context, Input, SourcesFile, is_toml, load, operators_path, rules_path, selector, sources_file};
pub use operators::{Keeps, Operator, Operators, Refusal};
pub use problem::{ConfigProblem, Problems};
pub use table::{source_table, written_duration};
pub use warning::{Warning, warnings};

/// The commented `vigie.toml` that `vigie init` writes: every setting, with its default.
pub const INIT_SETTINGS: &str = include_str!("init/vigie.toml");

/// The sources that ship with Vigie, which `vigie init` writes as `sources.toml`.
pub const INIT_SOURCES: &str = include_str!("../../sources.toml");

/// Everything that was set, with defaults filled in.
#[derive(Debug, Clone)]
pub struct Config {
    pub site: Site,
    pub crawl: Crawl,
    pub review: Reviewing,
    /// Absent cadences are not composed.
    pub cadences: BTreeMap<Cadence, Rhythm>,
    pub alerts: Alerts,
    pub mail: Mail,
    pub bounces: Bounces,
    pub publish: Publish,
    pub letters: Letters,
    pub serve: Serve,
    /// Where the database and the locks live.
    pub data: PathBuf,
    /// A folder of templates that take the place of the embedded ones of the same name.
    pub templates: Option<PathBuf>,
    /// In the order in which they are written.
    pub sources: Vec<Source>,
    /// Those with `enabled = false`: checked, and tried by name, but never watched.
    pub aside: Vec<Source>,
}

/// Who publishes, as readers see it.
#[derive(Debug, Clone, Serialize)]
pub struct Site {
    pub name: String,
    /// Where what `publish` writes can be read; no address is shown without it.
    #[serde(serialize_with = "as_option_str")]
    pub url: Option<Url>,
    /// The body that is responsible for the publication.
    pub publisher: String,
    /// Its postal address, on one line.
    pub address: String,
    /// The privacy notice.
    #[serde(serialize_with = "as_option_str")]
    pub privacy: Option<Url>,
    /// The readers' time zone.
    #[serde(skip)]
    pub zone: TimeZone,
}

/// How the crawler behaves.
#[derive(Debug, Clone)]
pub struct Crawl {
    /// An address (`https:` or `mailto:`) where the keeper of a source can reach us; part of the User-Agent.
    pub contact: Option<Url>,
    /// How many hosts are asked at once. There is never more than one request at a time per host.
    pub hosts_at_once: usize,
    /// The least pause between two requests to one host.
    pub host_gap: Duration,
    pub connect_timeout: Duration,
    /// The longest silence between two reads.
    pub idle_timeout: Duration,
    /// From the first byte of the request to the last of the answer, redirects included.
    pub total_timeout: Duration,
    /// After decompression, in octets.
    pub body_cap: usize,
    /// Private addresses that may be reached by any source.
    pub allow: Vec<Network>,
    /// What is older than this when a source is first read is kept and shown, but no bulletin announces it.
    pub first_read: Duration,
    pub robots: Robots,
    /// How many documents' details are read of one source in one crawl; 0: none.
    pub details: usize,
}

/// What robots.txt (RFC 9309) is to the crawler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Robots {
    Obeyed,
    /// Not even asked.
    Ignored,
}

/// What readers see without an editor, and before one.
#[derive(Debug, Clone, Default)]
pub struct Reviewing {
    /// New stories that concern local authorities less are left out. What the rules say when it is not set.
    pub least_relevance: Option<i32>,
    pub first: FirstLook,
}

impl Reviewing {
    pub fn least_relevance(&self) -> i32 {
        self.least_relevance.unwrap_or_default()
    }
}

/// Who looks at a new story before readers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FirstLook {
    #[default]
    Nobody,
    /// It waits until one approves it, however much it presses.
    Editor,
}

/// How much a reader is alerted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alerts {
    /// Mails to one reader in 24 hours.
    pub most_a_day: u32,
    /// What was published longer ago is no alert: it is for the bulletins.
    pub fresh: Duration,
}

impl Config {
    /// Where the links of letters are answered, with a slash at its end: only a site that is served here and that
    /// readers reach over https can do what a link promises (RFC 8058 3.1).
    pub fn answered_at(&self) -> Option<String> {
        let url = self.site.url.as_ref().filter(|url| url.scheme() == "https" && self.serve.listen.is_some())?;
        Some(format!("{}/", url.as_str().trim_end_matches('/')))
    }
}

/// A range of addresses in CIDR notation, such as `127.0.0.0/8` or `fd00::/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    pub address: IpAddr,
    pub prefix: u8,
}

/// How mail leaves.
#[derive(Debug, Clone)]
pub struct Mail {
    pub from: Option<Mailbox>,
    pub reply_to: Option<EmailAddress>,
    /// Where a request to be left alone is sent; by default `reply_to`, else `from`.
    pub unsubscribe: Option<EmailAddress>,
    /// Who is told when a source breaks, and when it is well again.
    pub operator: Option<EmailAddress>,
    /// The DNS server to ask; by default the machine's.
    pub dns: Option<SocketAddr>,
    /// Who keeps mailboxes. [`load`] leaves those that ship: a file of one's own is read apart, see [`operators_path`].
    pub operators: Operators,
    /// With which keys mail is signed; `None`: it is not.
    pub dkim: Option<Dkim>,
    pub transport: Transport,
    /// Relays that are tried in this order when the one of `transport` cannot be reached.
    pub fallback: Vec<Smtp>,
    pub after_crash: AfterCrash,
}

/// What becomes of a message of which a sender that died may have handed over the whole: SMTP cannot tell (RFC 1047).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterCrash {
    /// It is sent again after this time, under the same Message-ID: it may come twice.
    Resend { after: SignedDuration },
    /// It waits for a person to decide: it may not come at all.
    Hold,
}

/// For which domain mail is signed (RFC 6376), and with which keys: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dkim {
    pub domain: String,
    pub keys: Vec<DkimKey>,
}

/// A private key, and the name under which the DNS has its public half: `<selector>._domainkey.<domain>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimKey {
    pub selector: String,
    /// PKCS#8 or PKCS#1, in PEM.
    pub file: PathBuf,
}

/// A display name and an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    pub name: Option<String>,
    pub address: EmailAddress,
}

#[derive(Debug, Clone)]
pub enum Transport {
    Smtp(Smtp),
    /// To the servers of each domain (RFC 5321 5.1), without a relay.
    Direct(Direct),
    /// One `.eml` file a message: to look at what would be sent.
    Folder(PathBuf),
}

/// A relay or submission server.
#[derive(Debug, Clone)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub login: Option<Login>,
    /// How many connections are open at once, at most.
    pub connections: usize,
    /// How many messages go over one of them before another is opened.
    pub messages: u32,
    /// How many messages it is given at most, in how long a time.
    pub rate: Option<Rate>,
    /// The longest wait for a reply; the one to the final dot is given at least ten minutes (RFC 5321 4.5.3.2.6).
    pub timeout: Duration,
    /// The name given with EHLO; by default the machine's.
    pub ehlo: Option<String>,
}

/// How the servers of readers' domains are written to.
#[derive(Debug, Clone)]
pub struct Direct {
    pub port: u16,
    /// [`Security::Opportunistic`], or [`Security::StartTls`] where no message may travel in clear.
    pub security: Security,
    /// How many connections are open at once, at most, to all of them together.
    pub connections: usize,
    pub timeout: Duration,
    /// The name given with EHLO: it must be that of the address that this machine sends from.
    pub ehlo: Option<String>,
    /// Private addresses at which servers of readers' domains may be.
    pub allow: Vec<Network>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (port 465).
    Tls,
    /// STARTTLS, required (port 587).
    StartTls,
    /// STARTTLS where it is offered, whatever the certificate says (RFC 7435): better than in clear.
    Opportunistic,
    /// In clear: a relay on this machine.
    None,
}

/// Never printed.
#[derive(Clone)]
pub struct Login {
    pub user: String,
    pub password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login(…)")
    }
}

/// Where failures, complaints and requests to leave come back to.
#[derive(Debug, Clone, Default)]
pub struct Bounces {
    /// Without it, the envelope's sender is that of `[mail]`, and a report is known by the Message-ID alone.
    pub address: Option<ReturnAddress>,
    pub maildir: Option<PathBuf>,
    pub imap: Option<ImapFolder>,
}

/// An address of which the mail server takes every form with a detail: `bounces+…@veille.example.fr`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnAddress {
    pub address: EmailAddress,
    /// What stands between the address and the detail.
    pub separator: char,
}

impl ReturnAddress {
    /// What stands before the `@`.
    pub fn local(&self) -> &str {
        self.address.as_str().rsplit_once('@').map_or("", |(local, _)| local)
    }
}

/// A folder that an IMAP server keeps.
#[derive(Debug, Clone)]
pub struct ImapFolder {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub login: Login,
    pub folder: String,
    /// Where what was read is moved to; without it, it is only marked as seen.
    pub done: Option<String>,
}

/// What `publish` writes.
#[derive(Debug, Clone)]
pub struct Publish {
    /// The folder, which any web server can serve.
    pub out: PathBuf,
    /// How many stories a feed holds.
    pub entries: usize,
    /// How many of the latest stories have a page in the folder.
    pub stories: usize,
    /// Who tells readers of feeds that something changed (WebSub).
    pub hub: Option<Url>,
}

/// The letters about subscriptions themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Letters {
    pub goodbye: Goodbye,
}

/// Whether a reader who leaves is told so by a last letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Goodbye {
    #[default]
    Sent,
    LeftOut,
}

/// What answers over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Serve {
    /// Where it listens. Without it nothing is served, and no letter carries a link that must be answered.
    pub listen: Option<SocketAddr>,
    /// Who may say, by `X-Forwarded-For`, for whom they ask.
    pub trusted_proxies: Vec<Network>,
}

impl Network {
    /// Reads CIDR notation; a bare address stands for itself.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Some(widest), |p| p.parse().ok().filter(|p| *p <= widest))?;
        Some(Self { address, prefix })
    }

    pub fn contains(self, address: IpAddr) -> bool {
        let bits = |a: IpAddr| match a {
            IpAddr::V4(a) => (u128::from(u32::from(a)) << 96, true),
            IpAddr::V6(a) => (u128::from(a), false),
        };
        let ((mine, v4), (other, other_v4)) = (bits(self.address), bits(address));
        v4 == other_v4 && (self.prefix == 0 || (mine ^ other) >> (128 - u32::from(self.prefix)) == 0)
    }
}

fn as_option_str<S: serde::Serializer>(url: &Option<Url>, serializer: S) -> Result<S::Ok, S::Error> {
    url.as_ref().map(Url::as_str).serialize(serializer)
}
