//! What the DNS says about mail: who takes the mail of a domain, the texts of a name, addresses, and names of addresses.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use anyhow::Context as _;
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::{Name, RData, Record},
};

use crate::config;

/// For one request to one server; each is asked twice.
const PATIENCE: Duration = Duration::from_secs(3);
/// For an answer, however many servers are asked for it.
const LONGEST: Duration = Duration::from_secs(12);

/// A resolver. Copies share their cache.
#[derive(Debug, Clone)]
pub struct Dns(TokioResolver);

/// A host that takes the mail of a domain: one MX record, or the domain itself (RFC 5321 5.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exchange {
    /// The lowest is tried first.
    pub preference: u16,
    /// In lower case, without the final dot.
    pub host: String,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    /// Nothing of that name exists (NXDOMAIN).
    #[error("there is no `{name}` in the DNS")]
    NoName { name: String },
    /// The name exists, without what was asked for.
    #[error("`{name}` has no {what} in the DNS")]
    NoRecord { name: String, what: &'static str },
    /// The domain says that it takes no mail (RFC 7505).
    #[error("`{name}` takes no mail: its MX record says so")]
    NullMx { name: String },
    /// Nobody knows: no server answered, or it could not say. It may pass.
    #[error("the DNS does not answer for `{name}`: {why}")]
    Later { name: String, why: String },
}

impl DnsError {
    /// Whether asking again may bring another answer soon.
    pub fn is_temporary(&self) -> bool {
        matches!(self, DnsError::Later { .. })
    }

    /// Whether what was asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, DnsError::NoName { .. } | DnsError::NoRecord { .. })
    }
}

impl Dns {
    /// Asks whom the settings name, or else whom this machine asks.
    ///
    /// # Errors
    /// When this machine does not say whom to ask, and nor do the settings.
    pub fn of(settings: &config::Mail) -> anyhow::Result<Self> {
        settings.dns.map_or_else(Self::system, Self::at)
    }

    /// Asks whom this machine asks (`/etc/resolv.conf`, `/etc/hosts`).
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn system() -> anyhow::Result<Self> {
        let mut builder = TokioResolver::builder_tokio()
            .context("this machine does not say which DNS server to ask\nhint: set `dns = \"IP:PORT\"` in `[mail]`")?;
        set(builder.options_mut());
        Ok(Self(builder.build().context("the resolver cannot be set up")?))
    }

    /// Asks one server, over UDP, and over TCP when an answer is too long for that.
    ///
    /// # Errors
    /// When the resolver cannot be set up.
    pub fn at(server: SocketAddr) -> anyhow::Result<Self> {
        let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
        connections.iter_mut().for_each(|connection| connection.port = server.port());
        let server = NameServerConfig::new(server.ip(), true, connections);
        let config = ResolverConfig::from_name_servers(vec![server]);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        set(builder.options_mut());
        builder.options_mut().use_hosts_file = ResolveHosts::Never;
        Ok(Self(builder.build().context("the resolver cannot be set up")?))
    }

    /// Who takes the mail of a domain, best first. A domain without MX record takes its mail itself, if it has an address.
    ///
    /// # Errors
    /// [`DnsError::NullMx`] among others: then, as when nothing is found, no mail can ever arrive there.
    pub async fn mx(&self, domain: &str) -> Result<Vec<Exchange>, DnsError> {
        let found = self.ask(domain, "MX record", self.0.mx_lookup(named(domain)?)).await;
        let records = match found {
            Err(DnsError::NoRecord { .. }) => return self.implicit(domain).await,
            found => found?,
        };
        let mut exchanges: Vec<Exchange> = records
            .iter()
            .filter_map(|record| match &record.data {
                RData::MX(mx) => Some(Exchange { preference: mx.preference, host: written(&mx.exchange) }),
                _ => None,
            })
            .collect();
        exchanges.sort();
        exchanges.dedup_by(|one, other| one.host == other.host);
        let is_null = exchanges.iter().any(|exchange| exchange.host.is_empty());
        exchanges.retain(|exchange| !exchange.host.is_empty());
        match (exchanges.is_empty(), is_null) {
            (false, _) => Ok(exchanges),
            (true, true) => Err(DnsError::NullMx { name: domain.to_owned() }),
            // An alias that leads to a name without MX.
            (true, false) => self.implicit(domain).await,
        }
    }

    async fn implicit(&self, domain: &str) -> Result<Vec<Exchange>, DnsError> {
        match self.addresses(domain).await {
            Ok(_) => Ok(vec![Exchange { preference: 0, host: domain.trim_end_matches('.').to_ascii_lowercase() }]),
            Err(DnsError::NoRecord { name, .. }) => Err(DnsError::NoRecord { name, what: "MX record and no address" }),
            Err(error) => Err(error),
        }
    }

    /// The TXT records of a name, the strings of each joined (as RFC 7208 3.3 and RFC 6376 3.6.2.2 want them).
    pub async fn txt(&self, name: &str) -> Result<Vec<String>, DnsError> {
        let records = self.ask(name, "TXT record", self.0.txt_lookup(named(name)?)).await?;
        let texts = records.iter().filter_map(|record| match &record.data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        });
        Ok(texts.collect())
    }

    /// The addresses of a host, IPv4 first: never none. An address stands for itself.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsError> {
        if let Ok(address) = host.trim_matches(['[', ']']).parse() {
            return Ok(vec![address]);
        }
        let answer = tokio::time::timeout(LONGEST, self.0.lookup_ip(named(host)?)).await;
        let found = answer.map_err(|_| silent(host))?.map_err(|error| refused(host, "address", &error))?;
        let mut addresses: Vec<IpAddr> = found.iter().collect();
        addresses.sort_by_key(IpAddr::is_ipv6);
        match addresses.is_empty() {
            true => Err(DnsError::NoRecord { name: host.to_owned(), what: "address" }),
            false => Ok(addresses),
        }
    }

    /// The names that an address is given by the PTR records of its network.
    pub async fn ptr(&self, address: IpAddr) -> Result<Vec<String>, DnsError> {
        let records = self.ask(&address.to_string(), "PTR record", self.0.reverse_lookup(address)).await?;
        let names = records.iter().filter_map(|record| match &record.data {
            RData::PTR(name) => Some(written(name)),
            _ => None,
        });
        Ok(names.collect())
    }

    async fn ask(
        &self,
        name: &str,
        what: &'static str,
        answer: impl Future<Output = Result<hickory_resolver::lookup::Lookup, NetError>>,
    ) -> Result<Vec<Record>, DnsError> {
        let answer = tokio::time::timeout(LONGEST, answer).await.map_err(|_| silent(name))?;
        answer.map(|found| found.answers().to_vec()).map_err(|error| refused(name, what, &error))
    }
}

fn set(options: &mut ResolverOpts) {
    options.timeout = PATIENCE;
    options.attempts = 2;
}

/// A name as it is: domains of this machine's network are not tried behind it.
fn named(text: &str) -> Result<Name, DnsError> {
    let mut name = Name::from_ascii(text)
        .map_err(|_| DnsError::NoRecord { name: text.to_owned(), what: "form that can stand" })?;
    name.set_fqdn(true);
    Ok(name)
}

fn written(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}

fn silent(name: &str) -> DnsError {
    DnsError::Later { name: name.to_owned(), why: format!("nothing came for {} s", LONGEST.as_secs()) }
}

fn refused(name: &str, what: &'static str, error: &NetError) -> DnsError {
    let name = name.to_owned();
    match error {
        error if error.is_nx_domain() => DnsError::NoName { name },
        error if error.is_no_records_found() => DnsError::NoRecord { name, what },
        error => DnsError::Later { name, why: error.to_string() },
    }
}
