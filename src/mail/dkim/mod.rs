//! DKIM signatures (RFC 6376, RFC 8463) over the raw bytes of a message: relaxed/relaxed, the whole body (no `l=`), one
//! header field for each key.
//!
//! There is no `x=`: a message is also judged when it is moved, forwarded or taken out of an archive, and a signature that
//! ran out reads as a forged one. To withdraw a key, take its record out of the DNS.

mod body;
mod field;
mod generate;
mod key;
mod record;

use jiff::Timestamp;
use ring::rand::SystemRandom;

pub use body::{BodyHash, BodyHasher};
pub use generate::{GenerateError, generate};
pub use key::{Key, KeyError, KeyKind};
pub use record::{Published, strings, zone_line};

/// One more of these than there are is signed: none can be added on the way (RFC 6376 8.15). The last two must be signed
/// for one click to count (RFC 8058 4); a mail without them shall not be given a button that leads elsewhere.
const SEALED: [&str; 6] = ["from", "to", "subject", "date", "list-unsubscribe", "list-unsubscribe-post"];
/// Signed where they are present.
const SIGNED: [&str; 10] = [
    "reply-to",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "list-id",
    "list-archive",
    "list-help",
    "auto-submitted",
    "feedback-id",
];

/// Signs for one domain. Meant to be shared: signing changes nothing in it.
pub struct Signer {
    domain: String,
    keys: Vec<Key>,
    random: SystemRandom,
}

/// Why a message cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    #[error("a message must have one `From`, this one has {0}: it cannot be signed")]
    From(usize),
    #[error("the key of selector `{0}` cannot sign")]
    Key(String),
}

impl Signer {
    /// `domain` (`d=`) is that of `From`, or one that it ends with: else the signature does not count for DMARC.
    pub fn new(domain: &str, keys: Vec<Key>) -> Self {
        Self { domain: domain.to_ascii_lowercase(), keys, random: SystemRandom::new() }
    }

    pub fn domain(&self) -> &str {
        &self.domain
    }

    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The header fields to put before a message: one for each key, in lines of at most 78 columns, each ending with CRLF.
    pub fn sign(&self, message: &[u8], now: Timestamp) -> Result<Vec<u8>, SignError> {
        let (headers, body) = field::split(message);
        self.sign_with(headers, &body_hash(body), now)
    }

    /// A message with its signatures before it.
    pub fn signed(&self, message: &[u8], now: Timestamp) -> Result<Vec<u8>, SignError> {
        let mut out = self.sign(message, now)?;
        out.extend_from_slice(message);
        Ok(out)
    }

    /// As [`Signer::sign`], where the body has been hashed before: many messages share one. `headers` ends before the empty
    /// line, or with it.
    pub fn sign_with(&self, headers: &[u8], body: &BodyHash, now: Timestamp) -> Result<Vec<u8>, SignError> {
        let (names, signed) = chosen(headers)?;
        let mut out = Vec::with_capacity(1_024 * self.keys.len());
        for key in &self.keys {
            let field = self.unsigned(key, &names, body, now);
            let mut input = signed.clone();
            field::relax(field.as_bytes(), &mut input);
            // The signature's own field is hashed without the CRLF at its end (RFC 6376 3.7).
            input.truncate(input.len() - 2);
            let signature = key.sign(&input, &self.random).ok_or_else(|| SignError::Key(key.selector().to_owned()))?;
            out.extend_from_slice(field.as_bytes());
            field::fold(&signature, " b=".len(), &mut out);
            out.extend_from_slice(b"\r\n");
        }
        Ok(out)
    }

    /// The field up to `b=`, whose value is not known yet.
    fn unsigned(&self, key: &Key, names: &[&str], body: &BodyHash, now: Timestamp) -> String {
        let mut tags = vec![
            "v=1".to_owned(),
            format!("a={}", key.kind().algorithm()),
            "c=relaxed/relaxed".to_owned(),
            format!("d={}", self.domain),
            format!("s={}", key.selector()),
            format!("t={}", now.as_second().max(0)),
        ];
        let (last, others) = names.split_last().unwrap_or((&"from", &[]));
        let mut listed: Vec<String> = others.iter().map(|name| format!("{name}:")).collect();
        listed.push((*last).to_owned());
        if let Some(first) = listed.first_mut() {
            first.insert_str(0, "h=");
        }
        let bodies = format!("bh={}", body.as_base64());
        let mut out = String::from("DKIM-Signature:");
        let mut column = out.len();
        let mut put = |word: &str, gap: &str| {
            if column + gap.len() + word.len() > field::WIDEST {
                out.push_str("\r\n ");
                column = 1;
            } else {
                out.push_str(gap);
                column += gap.len();
            }
            out.push_str(word);
            column += word.len();
        };
        tags.drain(..).for_each(|tag| put(&format!("{tag};"), " "));
        let end = listed.len() - 1;
        for (at, name) in listed.iter().enumerate() {
            let gap = if at == 0 { " " } else { "" };
            if at == end { put(&format!("{name};"), gap) } else { put(name, gap) }
        }
        put(&format!("{bodies};"), " ");
        out + "\r\n b="
    }
}

/// The relaxed hash of a body (RFC 6376 3.4.4).
pub fn body_hash(body: &[u8]) -> BodyHash {
    let mut hasher = BodyHasher::default();
    hasher.update(body);
    hasher.finish()
}

/// Which fields are signed, as `h=` lists them, and what is hashed of them.
fn chosen(headers: &[u8]) -> Result<(Vec<&'static str>, Vec<u8>), SignError> {
    let fields = field::all(headers);
    let mut names = Vec::with_capacity(32);
    let mut signed = Vec::with_capacity(headers.len());
    for (name, sealed) in SEALED.iter().map(|name| (*name, true)).chain(SIGNED.iter().map(|name| (*name, false))) {
        let before = names.len();
        // Of several fields of one name the last comes first (RFC 6376 5.4.2).
        for field in fields.iter().rev().filter(|field| field.is(name)) {
            names.push(name);
            field::relax(field.bytes, &mut signed);
        }
        if name == "from" && names.len() != 1 {
            return Err(SignError::From(names.len() - before));
        }
        if sealed {
            names.push(name);
        }
    }
    Ok((names, signed))
}

#[cfg(test)]
mod tests;
