//! Whether an SPF record lets an address send (RFC 7208 4), and what it costs those who ask.

use std::net::IpAddr;

use crate::{
    config::Network,
    dns::{Dns, DnsError},
    mail::spf::{Directive, Mechanism, Record, Verdict, is_spf},
};

/// Receivers that have to ask the DNS more often give up (RFC 7208 4.6.4).
pub(super) const MOST_LOOKUPS: u32 = 10;
/// Where we stop: a record may lead in circles.
const ENOUGH: u32 = 30;

/// What a record makes of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judged {
    pub verdict: Verdict,
    /// How often the DNS has to be asked for the whole record.
    pub lookups: u32,
    /// A term that depends on the message: nobody knows before it is sent.
    pub depends: bool,
}

/// Why there is no verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// For receivers it is an error that stays.
    Permanent(String),
    Dns(DnsError),
}

/// The SPF records of a domain: there must be one.
pub(super) async fn records(dns: &Dns, domain: &str) -> Result<Vec<String>, DnsError> {
    match dns.txt(domain).await {
        Ok(texts) => Ok(texts.into_iter().filter(|text| is_spf(text)).collect()),
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Reads a record to its end, so that all that it costs is counted.
pub(super) async fn judge(dns: &Dns, domain: &str, record: &Record, address: IpAddr) -> Result<Judged, Trouble> {
    let mut walk = Walk { dns, address, lookups: 0, depends: false };
    let verdict = walk.record(domain, record).await?;
    Ok(Judged { verdict: verdict.unwrap_or(Verdict::Neutral), lookups: walk.lookups, depends: walk.depends })
}

struct Walk<'a> {
    dns: &'a Dns,
    address: IpAddr,
    lookups: u32,
    depends: bool,
}

impl Walk<'_> {
    /// The verdict of the first term that matches, or of the record that stands in its place.
    async fn record(&mut self, domain: &str, record: &Record) -> Result<Option<Verdict>, Trouble> {
        let mut found = None;
        for Directive { verdict, mechanism } in &record.directives {
            if self.matches(domain, mechanism).await? && found.is_none() {
                found = Some(*verdict);
            }
        }
        match &record.redirect {
            Some(other) if !record.directives.iter().any(|one| one.mechanism == Mechanism::All) => {
                self.lookups += 1;
                let there = self.elsewhere(other).await?;
                Ok(found.or(there))
            }
            _ => Ok(found),
        }
    }

    async fn matches(&mut self, domain: &str, mechanism: &Mechanism) -> Result<bool, Trouble> {
        match mechanism {
            Mechanism::All => Ok(true),
            Mechanism::Ip(network) => Ok(network.contains(self.address)),
            Mechanism::A(other, four, six) => {
                self.lookups += 1;
                let name = other.as_deref().unwrap_or(domain);
                if self.is_macro(name) { Ok(false) } else { self.is_of(name, *four, *six).await }
            }
            Mechanism::Mx(other, four, six) => {
                self.lookups += 1;
                let name = other.as_deref().unwrap_or(domain);
                if self.is_macro(name) {
                    return Ok(false);
                }
                let mut matches = false;
                for exchange in found(self.dns.mx(name).await)?.unwrap_or_default().iter().take(10) {
                    matches |= self.is_of(&exchange.host, *four, *six).await?;
                }
                Ok(matches)
            }
            Mechanism::Include(other) => {
                self.lookups += 1;
                if self.is_macro(other) {
                    return Ok(false);
                }
                Ok(self.elsewhere(other).await? == Some(Verdict::Pass))
            }
            Mechanism::Exists(_) | Mechanism::Ptr => {
                self.lookups += 1;
                self.depends = true;
                Ok(false)
            }
        }
    }

    /// What the record of another domain says: there must be one.
    async fn elsewhere(&mut self, domain: &str) -> Result<Option<Verdict>, Trouble> {
        if self.lookups > ENOUGH {
            return Err(Trouble::Permanent(String::from("it leads from record to record without end")));
        }
        let records = records(self.dns, domain).await.map_err(Trouble::Dns)?;
        let [text] = &records[..] else {
            let why = format!("it names `{domain}`, which has {} SPF records", records.len());
            return Err(Trouble::Permanent(why));
        };
        let record = Record::parse(text)
            .map_err(|term| Trouble::Permanent(format!("`{term}` in the record of `{domain}` is no term of SPF")))?;
        Box::pin(self.record(domain, &record)).await
    }

    async fn is_of(&self, host: &str, four: u8, six: u8) -> Result<bool, Trouble> {
        let addresses = found(self.dns.addresses(host).await)?.unwrap_or_default();
        Ok(addresses.into_iter().any(|address| {
            Network { address, prefix: if address.is_ipv4() { four } else { six } }.contains(self.address)
        }))
    }

    /// A name that is put together from the message (RFC 7208 7).
    fn is_macro(&mut self, name: &str) -> bool {
        let is_macro = name.contains('%');
        self.depends |= is_macro;
        is_macro
    }
}

/// What does not exist matches nothing.
fn found<T>(answer: Result<T, DnsError>) -> Result<Option<T>, Trouble> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_temporary() => Err(Trouble::Dns(error)),
        Err(_) => Ok(None),
    }
}
