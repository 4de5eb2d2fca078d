//! The certificate that a relay shows, looked at without sending anything.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use rustls_platform_verifier::Verifier;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::ring::default_provider,
        pki_types::{CertificateDer, ServerName, UnixTime},
    },
};

use super::{
    der,
    wire::{Extensions, ReplyLine},
};
use crate::config::{Security, Smtp};

/// More lines than any greeting or EHLO has.
const LINES: usize = 100;

/// What a relay showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// From when and until when it is valid, where that can be read.
    pub validity: Option<(Timestamp, Timestamp)>,
    /// Why this machine does not trust it, where it does not.
    pub distrust: Option<String>,
}

/// Whether a server offers STARTTLS, and the certificate that it shows: also one that is not trusted.
///
/// # Errors
/// Why there was none.
pub async fn certificate(settings: &Smtp, name: &str, limit: Duration) -> anyhow::Result<Certificate> {
    let server = format!("{}:{}", settings.host, settings.port);
    timeout(limit, look(settings, name, &server))
        .await
        .with_context(|| format!("`{server}` did not answer within {} s", limit.as_secs()))?
}

async fn look(settings: &Smtp, name: &str, server: &str) -> anyhow::Result<Certificate> {
    let socket = TcpStream::connect((settings.host.as_str(), settings.port)).await;
    let mut stream = BufReader::new(socket.with_context(|| format!("`{server}` cannot be reached"))?);
    if settings.security == Security::StartTls {
        reply(&mut stream, server).await?;
        stream.write_all(format!("EHLO {name}\r\n").as_bytes()).await?;
        if !Extensions::read(&reply(&mut stream, server).await?).starttls {
            bail!("`{server}` does not offer STARTTLS");
        }
        stream.write_all(b"STARTTLS\r\n").await?;
        reply(&mut stream, server).await?;
    }
    let seen = Arc::new(Seen {
        verifier: Verifier::new(Arc::new(default_provider()))
            .context("the certificates that this machine trusts cannot be read")?,
        certificate: Mutex::default(),
    });
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(seen.clone())
        .with_no_client_auth();
    let host = ServerName::try_from(settings.host.clone()).context("the relay has no name that TLS knows")?;
    // Whether the handshake came to an end does not matter once the certificate was shown.
    let shaken = TlsConnector::from(Arc::new(config)).connect(host, stream.into_inner()).await;
    let found = seen.certificate.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (found, shaken) {
        (Some(certificate), _) => Ok(certificate),
        (None, Err(error)) => Err(error).with_context(|| format!("no TLS with `{server}`")),
        (None, Ok(_)) => bail!("`{server}` showed no certificate"),
    }
}

/// The lines of a reply that is positive, without their codes.
async fn reply(stream: &mut BufReader<TcpStream>, server: &str) -> anyhow::Result<Vec<String>> {
    let mut lines = Vec::new();
    while lines.len() < LINES {
        let mut line = Vec::new();
        stream.read_until(b'\n', &mut line).await?;
        let read = ReplyLine::parse(&line).with_context(|| format!("`{server}` does not speak SMTP"))?;
        let last = read.last;
        lines.push(read);
        if last {
            break;
        }
    }
    let (texts, reply) = super::wire::whole(lines);
    if !super::wire::is_positive(&reply) {
        bail!("`{server}` refuses: {reply}");
    }
    Ok(texts)
}

/// Notes the certificate and what this machine makes of it.
#[derive(Debug)]
struct Seen {
    verifier: Verifier,
    certificate: Mutex<Option<Certificate>>,
}

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp, now);
        let certificate = Certificate {
            validity: der::validity(end_entity),
            distrust: verified.as_ref().err().map(ToString::to_string),
        };
        *self.certificate.lock().unwrap_or_else(PoisonError::into_inner) = Some(certificate);
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
