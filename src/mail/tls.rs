//! What a TLS handshake needs.

use std::sync::Arc;

use anyhow::Context;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, crypto::ring::default_provider, pki_types::ServerName},
};

/// A relay to be recognised by its certificate.
pub(super) struct Tls {
    pub(super) connector: TlsConnector,
    pub(super) name: ServerName<'static>,
}

impl Tls {
    /// Trusts what this machine trusts.
    pub(super) fn new(host: &str) -> anyhow::Result<Self> {
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(BuilderVerifierExt::with_platform_verifier)
            .context(
                "the certificates that this machine trusts cannot be read\nhint: install the package `ca-certificates`",
            )?
            .with_no_client_auth();
        let name = ServerName::try_from(host.to_owned())
            .with_context(|| format!("`{host}` is not the name of a server\nhint: set `host` to a domain name"))?;
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }
}
