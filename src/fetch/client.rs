//! The HTTP client under the fetcher: names resolved behind the guard, TLS with the machine's authorities, nothing
//! ambient (no proxy from the environment, no cookies, no redirects of its own).

use std::{fmt::Write as _, net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use hickory_resolver::TokioResolver;
use reqwest::{
    dns::{Addrs, Name, Resolve, Resolving},
    header::{ACCEPT, ACCEPT_LANGUAGE, HeaderMap, HeaderValue},
    redirect::Policy,
};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use url::Url;

use super::{error::Unresolved, guard::Reach};
use crate::config::{self, Network};

const ACCEPTED: HeaderValue = HeaderValue::from_static(
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, \
     application/json;q=0.9, text/html;q=0.8, application/xhtml+xml;q=0.8, */*;q=0.1",
);
const LANGUAGES: HeaderValue = HeaderValue::from_static("fr, en;q=0.5");

/// One client for each [`Reach`]: each has its own resolver and its own connections, so that a connection opened under
/// a wide reach is never used again under a narrow one.
#[derive(Debug, Clone)]
pub struct Clients {
    public: reqwest::Client,
    listed: reqwest::Client,
    site: reqwest::Client,
    /// Why `https` cannot work on this machine, if it cannot.
    pub no_tls: Option<String>,
}

impl Clients {
    /// # Errors
    /// When the HTTP client refuses its settings. A machine without certificate authorities is not an error here:
    /// `http` works all the same, see [`Clients::no_tls`].
    pub fn new(settings: &config::Crawl) -> anyhow::Result<Self> {
        let (tls, no_tls) = tls()?;
        let names = Arc::new(Names::of_this_machine());
        let client = |reach| {
            let listed = settings.allow.clone().into();
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .dns_resolver(Guarded { names: names.clone(), reach, listed })
                .no_proxy()
                // Two formats go by this name, and nobody needs either.
                .no_deflate()
                .redirect(Policy::none())
                .referer(false)
                .user_agent(user_agent(settings.contact.as_ref()))
                .default_headers(HeaderMap::from_iter([(ACCEPT, ACCEPTED), (ACCEPT_LANGUAGE, LANGUAGES)]))
                .connect_timeout(settings.connect_timeout)
                .pool_max_idle_per_host(1)
                .build()
                .context("the HTTP client cannot be set up")
        };
        Ok(Self { public: client(Reach::Public)?, listed: client(Reach::Listed)?, site: client(Reach::Site)?, no_tls })
    }

    pub fn reaching(&self, reach: Reach) -> &reqwest::Client {
        match reach {
            Reach::Public => &self.public,
            Reach::Listed => &self.listed,
            Reach::Site => &self.site,
        }
    }
}

/// Name, version, and where to complain (RFC 9110 10.1.5). What cannot stand in a comment is percent-encoded.
fn user_agent(contact: Option<&Url>) -> String {
    let mut text = format!("Vigie/{}", env!("CARGO_PKG_VERSION"));
    if let Some(contact) = contact {
        text.push_str(" (+");
        for c in contact.as_str().chars() {
            match c {
                '(' => text.push_str("%28"),
                ')' => text.push_str("%29"),
                '\\' => text.push_str("%5C"),
                '!'..='~' => text.push(c),
                // An address as parsed holds no other character.
                _ => drop(write!(text, "%{:02X}", u32::from(c))),
            }
        }
        text.push(')');
    }
    text
}

/// TLS with the authorities of the operating system and ring; and why no certificate can be checked, if that is so.
fn tls() -> anyhow::Result<(ClientConfig, Option<String>)> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .context("TLS cannot be set up")?;
    let (mut config, broken) = match Verifier::new(provider) {
        Ok(verifier) => {
            let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
            (builder.with_no_client_auth(), None)
        }
        Err(error) => {
            let builder = builder.with_root_certificates(RootCertStore::empty());
            (builder.with_no_client_auth(), Some(format!("this machine has no certificate authorities ({error})")))
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((config, broken))
}

/// Who turns names into addresses.
enum Names {
    Hickory(Box<TokioResolver>),
    /// Where hickory finds no settings to read (no `/etc/resolv.conf`): whatever the C library does.
    System,
}

impl Names {
    fn of_this_machine() -> Self {
        match TokioResolver::builder_tokio().and_then(|builder| builder.build()) {
            Ok(resolver) => Names::Hickory(Box::new(resolver)),
            Err(error) => {
                tracing::debug!(%error, "no resolver settings were found, the system's resolver is used");
                Names::System
            }
        }
    }

    async fn addresses(&self, name: &str) -> Result<Vec<SocketAddr>, Unresolved> {
        match self {
            Names::Hickory(resolver) => match resolver.lookup_ip(name).await {
                Ok(found) => Ok(found.iter().map(|address| SocketAddr::new(address, 0)).collect()),
                Err(error) if error.is_nx_domain() => Err(Unresolved("there is no such name".into())),
                Err(error) if error.is_no_records_found() => Err(Unresolved("the name has no address".into())),
                Err(error) => Err(Unresolved(error.to_string())),
            },
            Names::System => match tokio::net::lookup_host((name, 0)).await {
                Ok(found) => Ok(found.collect()),
                Err(error) => Err(Unresolved(error.to_string())),
            },
        }
    }
}

/// A resolver that keeps only the addresses that may be reached.
struct Guarded {
    names: Arc<Names>,
    reach: Reach,
    listed: Arc<[Network]>,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, reach, listed) = (self.names.clone(), self.reach, self.listed.clone());
        Box::pin(async move {
            let (mut kept, mut refused) = (Vec::new(), None);
            for address in names.addresses(name.as_str()).await? {
                match reach.admit(address.ip(), &listed) {
                    Ok(()) => kept.push(address),
                    Err(why) => refused = refused.or(Some(why)),
                }
            }
            match (kept.is_empty(), refused) {
                (true, Some(why)) => Err(why.into()),
                (true, None) => Err(Unresolved("the name has no address".into()).into()),
                (false, _) => Ok(Box::new(kept.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_agent_says_where_to_complain() {
        let version = env!("CARGO_PKG_VERSION");
        let with = |contact: &str| user_agent(Some(&Url::parse(contact).unwrap()));
        assert_eq!(with("https://veille.ville.fr/a"), format!("Vigie/{version} (+https://veille.ville.fr/a)"));
        assert_eq!(with("mailto:veille@ville.fr"), format!("Vigie/{version} (+mailto:veille@ville.fr)"));
        assert_eq!(with("https://ville.fr/a(b)"), format!("Vigie/{version} (+https://ville.fr/a%28b%29)"));
        assert_eq!(user_agent(None), format!("Vigie/{version}"));
    }
}
