//! New keys, as PEM.

use base64::{Engine, engine::general_purpose::STANDARD};
use rsa::{PrivateKey, pkcs8::EncodePrivateKey, rand_core::UnwrapErr};

use super::KeyKind;

/// What receivers take and one DNS answer holds; RFC 8301 3.2 asks for no more.
const RSA_BITS: usize = 2_048;
/// A PrivateKeyInfo (RFC 8410 7) up to the 32 octets of the key. Without the public half, which OpenSSL would not read.
const ED25519: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// The machine gives no random octets, or none of which a key comes.
#[derive(Debug, thiserror::Error)]
#[error("no key could be made: {0}")]
pub struct GenerateError(String);

/// A new private key in PKCS#8, as PEM: a secret.
pub fn generate(kind: KeyKind) -> Result<String, GenerateError> {
    let der = match kind {
        KeyKind::Rsa => rsa().map_err(|error| GenerateError(error.to_string()))?,
        KeyKind::Ed25519 => {
            let mut key = [0; 32];
            getrandom::fill(&mut key).map_err(|error| GenerateError(error.to_string()))?;
            [&ED25519[..], &key].concat()
        }
    };
    let encoded = STANDARD.encode(der);
    let lines: Vec<&str> = encoded.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    Ok(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")))
}

/// ring makes no RSA keys. The `rsa` crate makes this one and never uses it: the timing of its private operations, which
/// RUSTSEC-2023-0071 is about, is nobody's to measure here.
fn rsa() -> anyhow::Result<Vec<u8>> {
    getrandom::fill(&mut [0; 1])?;
    let key = PrivateKey::new(&mut UnwrapErr(getrandom::SysRng), RSA_BITS)?;
    Ok(key.to_pkcs8_der()?.as_bytes().to_vec())
}
