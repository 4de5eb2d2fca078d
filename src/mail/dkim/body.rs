//! The relaxed form of a body (RFC 6376 3.4.4), hashed as it goes by.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest::{Context, SHA256};

/// What `bh=` says of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyHash([u8; 32]);

impl BodyHash {
    pub fn as_base64(&self) -> String {
        STANDARD.encode(self.0)
    }
}

/// Hashes a body piece by piece. A copy goes on by itself: what many bodies begin with is hashed once.
///
/// A bare CR or LF ends a line, as it does for whoever carries the message.
#[derive(Clone)]
pub struct BodyHasher {
    hash: Context,
    /// Line ends after the last text: those at the end of a body do not count.
    ends: usize,
    /// White space after the last text of this line: it does not count at the end of one.
    space: bool,
    /// The last octet was a CR: an LF after it ends no other line.
    after_cr: bool,
    is_empty: bool,
}

impl Default for BodyHasher {
    fn default() -> Self {
        Self { hash: Context::new(&SHA256), ends: 0, space: false, after_cr: false, is_empty: true }
    }
}

impl BodyHasher {
    pub fn update(&mut self, piece: &[u8]) {
        let mut out = Vec::with_capacity(piece.len() + 2);
        let mut rest = piece;
        while let Some(first) = rest.first() {
            let octets = match first {
                b'\n' if self.after_cr => 1,
                b'\r' | b'\n' => {
                    self.ends += 1;
                    self.space = false;
                    1
                }
                b' ' | b'\t' => {
                    self.space = true;
                    1
                }
                _ => {
                    (0..std::mem::take(&mut self.ends)).for_each(|_| out.extend_from_slice(b"\r\n"));
                    if std::mem::take(&mut self.space) {
                        out.push(b' ');
                    }
                    let text = rest.iter().position(|b| b" \t\r\n".contains(b)).unwrap_or(rest.len());
                    out.extend_from_slice(rest.get(..text).unwrap_or(rest));
                    self.is_empty = false;
                    text
                }
            };
            self.after_cr = *first == b'\r';
            rest = rest.get(octets..).unwrap_or(&[]);
        }
        self.hash.update(&out);
    }

    pub fn finish(mut self) -> BodyHash {
        if !self.is_empty {
            self.hash.update(b"\r\n");
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(self.hash.finish().as_ref());
        BodyHash(hash)
    }
}
