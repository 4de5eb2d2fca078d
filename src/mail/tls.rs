//! What a TLS handshake needs.

use std::sync::{Arc, OnceLock};

use anyhow::Context;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{CryptoProvider, ring::default_provider, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, ServerName, UnixTime},
    },
};

/// A server, and how it is to be recognised.
pub(super) struct Tls {
    pub(super) connector: TlsConnector,
    pub(super) name: ServerName<'static>,
}

impl Tls {
    /// Recognised by its certificate; trusts what this machine trusts.
    pub(super) fn new(host: &str) -> anyhow::Result<Self> {
        // What this machine trusts is read once: there may be a connection a second.
        static TRUSTED: OnceLock<Arc<ClientConfig>> = OnceLock::new();
        if let Some(config) = TRUSTED.get() {
            return Self::of(host, Arc::clone(config));
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(BuilderVerifierExt::with_platform_verifier)
            .context(
                "the certificates that this machine trusts cannot be read\nhint: install the package `ca-certificates`",
            )?
            .with_no_client_auth();
        Self::of(host, Arc::clone(TRUSTED.get_or_init(|| Arc::new(config))))
    }

    /// Whoever it is: encryption without a check keeps out those who only listen (RFC 7435).
    pub(super) fn of_anyone(host: &str) -> anyhow::Result<Self> {
        let provider = Arc::new(default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone(provider)))
            .with_no_client_auth();
        Self::of(host, Arc::new(config))
    }

    fn of(host: &str, config: Arc<ClientConfig>) -> anyhow::Result<Self> {
        let name = ServerName::try_from(host.to_owned())
            .with_context(|| format!("`{host}` is not the name of a server\nhint: set `host` to a domain name"))?;
        Ok(Self { connector: TlsConnector::from(config), name })
    }
}

/// Takes any certificate; that the server holds its key is still checked.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
