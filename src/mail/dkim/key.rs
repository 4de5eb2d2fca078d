//! A private key, from a PEM file. Nothing here prints one.

use std::{fmt, fs, io, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use rustls::pki_types::pem::{PemObject, SectionKind};
use serde::Serialize;

use super::record;
use crate::mail::der;

/// The shortest RSA key that receivers take in practice (RFC 8301 3.2 asks signers for it), and the longest that is used.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=4_096;

/// With which algorithm a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    Rsa,
    Ed25519,
}

/// A private key and the selector under which its public half is published.
pub struct Key {
    selector: String,
    pair: Pair,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

/// Why a file gives no key. Each goes on after « the key »: « *the key* `dkim/s1.pem` … ».
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("is not there")]
    Absent,
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    #[error("holds no private key in PEM")]
    NotPem,
    #[error("is protected by a password")]
    Encrypted,
    #[error("is a public key")]
    Public,
    #[error("is neither an RSA nor an Ed25519 key")]
    Kind,
    #[error("has {0} bits, which receivers refuse")]
    TooShort(usize),
    #[error("has {0} bits, more than a DNS record and receivers take")]
    TooLong(usize),
    #[error("is damaged: {0}")]
    Damaged(String),
}

impl KeyKind {
    /// As `a=` names it.
    pub const fn algorithm(self) -> &'static str {
        match self {
            KeyKind::Rsa => "rsa-sha256",
            KeyKind::Ed25519 => "ed25519-sha256",
        }
    }

    /// As `k=` names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            KeyKind::Rsa => "rsa",
            KeyKind::Ed25519 => "ed25519",
        }
    }
}

impl KeyError {
    /// What to do. `selector` is that of the setting.
    pub fn hint(&self, selector: &str) -> String {
        match self {
            KeyError::Absent => format!(
                "`vigie dkim generate --selector {selector}` makes one; or correct the path, which starts at the folder of the settings"
            ),
            KeyError::Unreadable(_) => String::from("let the user that runs Vigie read it, and nobody else"),
            KeyError::Public => String::from("name the file of the private key, which `vigie dkim generate` writes"),
            KeyError::Encrypted => String::from("take the password away: `openssl pkcs8 -in KEY -out NEW` (mode 0600)"),
            KeyError::TooShort(_) => {
                format!("make another under another selector than `{selector}`: `vigie dkim generate`")
            }
            KeyError::TooLong(_) => String::from("2048 bits are what receivers take: `vigie dkim generate`"),
            KeyError::NotPem | KeyError::Kind | KeyError::Damaged(_) => {
                String::from("a key begins with a line `-----BEGIN PRIVATE KEY-----`; `vigie dkim generate` makes one")
            }
        }
    }
}

impl Key {
    pub fn read(selector: &str, path: &Path) -> Result<Self, KeyError> {
        let pem = fs::read(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => KeyError::Absent,
            _ => KeyError::Unreadable(error),
        })?;
        Self::parse(selector, &pem)
    }

    /// PKCS#8 of either kind (RFC 5958, RFC 8410), or PKCS#1, as older programs write RSA keys.
    pub fn parse(selector: &str, pem: &[u8]) -> Result<Self, KeyError> {
        let mut other = KeyError::NotPem;
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem) {
            let (kind, der) = section.map_err(|_| KeyError::NotPem)?;
            let pair = match kind {
                SectionKind::PrivateKey => pkcs8(&der)?,
                SectionKind::RsaPrivateKey => rsa(&der)?,
                SectionKind::PublicKey => {
                    other = KeyError::Public;
                    continue;
                }
                SectionKind::EcPrivateKey => {
                    other = KeyError::Kind;
                    continue;
                }
                _ => continue,
            };
            return Ok(Self { selector: selector.to_owned(), pair });
        }
        let text = String::from_utf8_lossy(pem);
        Err(if text.contains("ENCRYPTED") { KeyError::Encrypted } else { other })
    }

    pub fn selector(&self) -> &str {
        &self.selector
    }

    pub fn kind(&self) -> KeyKind {
        match self.pair {
            Pair::Rsa(_) => KeyKind::Rsa,
            Pair::Ed25519(_) => KeyKind::Ed25519,
        }
    }

    /// Of an RSA key its length; always 256 of the other kind.
    pub fn bits(&self) -> usize {
        match &self.pair {
            Pair::Rsa(pair) => pair.public().modulus_len() * 8,
            Pair::Ed25519(_) => 256,
        }
    }

    /// What the DNS is to say under `<selector>._domainkey.<domain>`: the public half, as `p=` wants it.
    pub fn record(&self) -> String {
        format!("v=DKIM1; k={}; p={}", self.kind().as_str(), STANDARD.encode(self.public()))
    }

    /// A SubjectPublicKeyInfo for RSA (RFC 6376 3.6.1 with erratum 3017), the bare key for Ed25519 (RFC 8463 4).
    pub(super) fn public(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => record::public_key_info(pair.public_key().as_ref()),
            Pair::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// In base64. `None` only where the machine gives no random octets.
    pub(super) fn sign(&self, input: &[u8], random: &SystemRandom) -> Option<String> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, random, input, &mut signature).ok()?;
                Some(STANDARD.encode(signature))
            }
            // What is signed is the hash (RFC 8463 3).
            Pair::Ed25519(pair) => Some(STANDARD.encode(pair.sign(digest(&SHA256, input).as_ref()))),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, {})", self.selector, self.kind().as_str())
    }
}

/// The version, the algorithm, the key (RFC 5208 5).
fn pkcs8(der: &[u8]) -> Result<Pair, KeyError> {
    let damaged = || KeyError::Damaged(String::from("it is no PKCS#8"));
    let [_, algorithm, key, ..] = &der::children(der).ok_or_else(damaged)?[..] else { return Err(damaged()) };
    if algorithm.content.starts_with(record::RSA_ENCRYPTION) {
        return rsa(key.content);
    }
    if !algorithm.content.starts_with(&[6, 3, 0x2b, 0x65, 0x70]) {
        return Err(KeyError::Kind);
    }
    // OpenSSL does not repeat the public half, which only the unchecked way takes; it is computed then.
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|e| KeyError::Damaged(e.to_string()))?;
    Ok(Pair::Ed25519(pair))
}

/// The version, the modulus… (RFC 8017 A.1.2).
fn rsa(der: &[u8]) -> Result<Pair, KeyError> {
    let parts = der::children(der).ok_or_else(|| KeyError::Damaged(String::from("it is no PKCS#1")))?;
    let modulus = parts.get(1).map(|part| part.content).unwrap_or_default();
    let modulus = modulus.get(modulus.iter().take_while(|b| **b == 0).count()..).unwrap_or_default();
    let bits = (modulus.len() * 8).saturating_sub(modulus.first().map_or(0, |b| b.leading_zeros() as usize));
    match bits {
        bits if bits < *RSA_BITS.start() => Err(KeyError::TooShort(bits)),
        bits if bits > *RSA_BITS.end() => Err(KeyError::TooLong(bits)),
        _ => RsaKeyPair::from_der(der)
            .map(|pair| Pair::Rsa(Box::new(pair)))
            .map_err(|error| KeyError::Damaged(error.to_string())),
    }
}
