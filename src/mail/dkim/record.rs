//! The TXT record of a key (RFC 6376 3.6): as it is to be published, and as it was found.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::Key;
use crate::mail::tags::Tags;

/// The object identifier of an RSA key (RFC 8017 A.1), as DER.
pub(super) const RSA_ENCRYPTION: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// The longest string of a TXT record (RFC 1035 3.3).
const STRING: usize = 255;

/// What the DNS says under a selector, compared with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    Same,
    /// Good, but receivers are told to take no notice of it (`t=y`).
    Testing,
    /// Another key, or a damaged one.
    Other,
    /// An empty `p=`: withdrawn.
    Revoked,
    /// Not a key for mail signed with SHA-256.
    Unusable,
}

impl Published {
    pub fn of(text: &str, key: &Key) -> Self {
        let tags = Tags::read(text);
        let says = |tag: &str, wanted: &[&str]| {
            tags.get(tag).is_none_or(|value| value.split(':').any(|one| wanted.contains(&one.trim())))
        };
        let kind = tags.get("k").unwrap_or("rsa");
        if !says("v", &["DKIM1"]) || !says("h", &["sha256"]) || !says("s", &["*", "email"]) {
            return Published::Unusable;
        }
        let encoded: String = tags.get("p").unwrap_or_default().split_whitespace().collect();
        match () {
            () if encoded.is_empty() && tags.get("p").is_some() => Published::Revoked,
            () if kind != key.kind().as_str() => Published::Other,
            () if !STANDARD.decode(encoded).is_ok_and(|found| is_same(&found, &key.public())) => Published::Other,
            () if tags.get("t").is_some_and(|flags| flags.split(':').any(|flag| flag.trim() == "y")) => {
                Published::Testing
            }
            () => Published::Same,
        }
    }
}

/// An RSA key may be published bare, too.
fn is_same(found: &[u8], public: &[u8]) -> bool {
    found == public || public_key_info(found) == public
}

/// A record in the strings that make it up.
pub fn strings(record: &str) -> Vec<&str> {
    let mut strings = Vec::new();
    let mut rest = record;
    while !rest.is_empty() {
        let (one, after) = rest.split_at_checked(STRING).unwrap_or((rest, ""));
        strings.push(one);
        rest = after;
    }
    strings
}

/// The line of a zone file, over as many lines as there are strings.
pub fn zone_line(name: &str, record: &str) -> String {
    let quoted: Vec<String> = strings(record).iter().map(|one| format!("\"{one}\"")).collect();
    match &quoted[..] {
        [one] => format!("{name}. IN TXT {one}"),
        many => format!("{name}. IN TXT ( {} )", many.join("\n  ")),
    }
}

/// A SubjectPublicKeyInfo (RFC 5280 4.1.2.7) around an RSAPublicKey.
pub(super) fn public_key_info(rsa: &[u8]) -> Vec<u8> {
    let algorithm = sequence(0x30, &[RSA_ENCRYPTION, &[5, 0]].concat());
    let key = sequence(0x03, &[&[0], rsa].concat());
    sequence(0x30, &[algorithm, key].concat())
}

fn sequence(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let octets = length.get(content.len().leading_zeros() as usize / 8..).unwrap_or(&[]);
    let mut out = vec![tag];
    match content.len() {
        short @ 0..=0x7f => out.push(short as u8),
        _ => {
            out.push(0x80 | octets.len() as u8);
            out.extend_from_slice(octets);
        }
    }
    out.extend_from_slice(content);
    out
}
