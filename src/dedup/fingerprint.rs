//! A text in its normal form: what makes two texts the same, whatever their typography.

use sha2::{Digest, Sha256};

use crate::text::fold;

/// Told apart from those of another version of the normal form, which say nothing about the text.
const VERSION: &str = "1";

/// The hash of a title and a text in normal form, and how many tokens they have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// `1:` then 32 hexadecimal digits.
    pub hash: String,
    pub tokens: usize,
}

/// The fingerprint of a document.
pub fn fingerprint(title: &str, text: &str) -> Fingerprint {
    let mut normal = String::with_capacity(title.len() + text.len() + 2);
    let mut count = 0;
    for part in [title, text] {
        each_token(part, |token| {
            normal.push_str(token);
            normal.push(' ');
            count += 1;
        });
        normal.push('\n');
    }
    let mut hash = format!("{VERSION}:");
    for byte in Sha256::digest(normal.as_bytes()).iter().take(16) {
        hash.extend([byte >> 4, byte & 15].into_iter().filter_map(|digit| char::from_digit(digit.into(), 16)));
    }
    Fingerprint { hash, tokens: count }
}

/// The tokens of a text: lower case, without accents, `7.4.2` and `cve-2023-1` in one piece.
pub fn tokens(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    each_token(text, |token| out.push(token.to_owned()));
    out
}

/// Calls back with each maximal run of `[a-z0-9]+([._:/-][a-z0-9]+)*` of the folded text.
pub(super) fn each_token(text: &str, mut with: impl FnMut(&str)) {
    let mut token = String::new();
    let mut joint = None;
    let mut take = |part: &str| {
        let letters = part.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
        match part {
            _ if letters => {
                if let Some(joint) = joint.take() {
                    token.push(joint);
                }
                let from = token.len();
                token.push_str(part);
                token.get_mut(from..).unwrap_or_default().make_ascii_lowercase();
            }
            "." | "_" | ":" | "/" | "-" if !token.is_empty() && joint.is_none() => joint = part.chars().next(),
            _ => {
                joint = None;
                if !token.is_empty() {
                    with(&token);
                    token.clear();
                }
            }
        }
    };
    let mut rest = text;
    while !rest.is_empty() {
        let run = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let (run, tail) = rest.split_at_checked(run).unwrap_or((rest, ""));
        if !run.is_empty() {
            take(run);
        }
        let mut chars = tail.chars();
        if let Some(c) = chars.next() {
            fold(c, |part| take(part.encode_utf8(&mut [0; 4])));
        }
        rest = chars.as_str();
    }
    take(" ");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typography_does_not_make_another_text() {
        let plain = fingerprint("L'Etat alerte", "Mise a jour 7.4.2 : CVE-2023-1 !");
        let typeset = fingerprint("L’État  alerte", "Mise à jour\u{a0}7.4.2\u{202f}: «\u{a0}CVE-2023-1\u{a0}»");
        assert_eq!(plain, typeset);
        assert_ne!(plain.hash, fingerprint("L'Etat alerte", "Mise a jour 7.4.3 : CVE-2023-1 !").hash);
    }

    #[test]
    fn versions_and_references_stay_in_one_piece() {
        assert_eq!(tokens("Ver. 7.4.2, CVE-2026-1 et 14/08… -x-"), ["ver", "7.4.2", "cve-2026-1", "et", "14/08", "x"]);
    }

    #[test]
    fn what_stands_in_the_title_is_told_from_the_text() {
        assert_ne!(fingerprint("a b", "c").hash, fingerprint("a", "b c").hash);
    }
}
