//! Tokens of the links in letters: who holds one got it by mail, and may do what it stands for. Nothing is looked up
//! to tell a token of ours from a forged one.
//!
//! `base64url(subject ‖ [expiry] ‖ HMAC-SHA256(key, purpose ‖ subject ‖ expiry), first 16 octets)`: 24 octets without
//! an expiry, 32 with one, so that no padding is needed. A subject is the number of a row, which says nothing of anybody.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// What the holder may do. A token for one is none for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Let a subscriber go. Never expires: leaving always works.
    Leave,
    /// Make a request a subscription.
    Confirm,
    /// Go on, or begin again, as a subscriber.
    Renew,
    /// See and change what a subscriber chose. Never expires: it stands in each bulletin, which may be passed on.
    Preferences,
    /// That, and see all that is kept of a subscriber, and have it erased.
    Own,
    /// Send a form that was shown at an instant, its subject.
    Form,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Purpose::Leave => b"vigie token leave",
            Purpose::Confirm => b"vigie token confirm",
            Purpose::Renew => b"vigie token renew",
            Purpose::Preferences => b"vigie token preferences",
            Purpose::Own => b"vigie token own",
            Purpose::Form => b"vigie token form",
        }
    }
}

/// What a token of ours says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// The number of the subscriber, or of the request.
    pub subject: i64,
    pub expires: Option<Timestamp>,
}

impl Opened {
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| now > expires)
    }
}

/// Not a token of this installation for this purpose: cut on the way, changed, or made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forged;

/// Octets of the code: a guess succeeds once in 2^128.
const CODE: usize = 16;

/// A token for the path of an address: letters, digits, `-` and `_`.
pub fn seal(key: &[u8], purpose: Purpose, subject: i64, expires: Option<Timestamp>) -> String {
    let mut octets = claims(subject, expires);
    let code = mac(key, purpose, &octets).finalize().into_bytes();
    octets.extend_from_slice(&code[..CODE]);
    URL_SAFE_NO_PAD.encode(octets)
}

/// Reads a token. The code is compared in constant time.
///
/// # Errors
/// [`Forged`]; an expiry that has passed is for the caller to look at, who may know a way out.
pub fn open(key: &[u8], purpose: Purpose, token: &str) -> Result<Opened, Forged> {
    let octets = URL_SAFE_NO_PAD.decode(token).map_err(|_| Forged)?;
    let (claims, code) = octets.split_at_checked(octets.len().saturating_sub(CODE)).ok_or(Forged)?;
    let (subject, expiry) = claims.split_first_chunk::<8>().ok_or(Forged)?;
    mac(key, purpose, claims).verify_truncated_left(code).map_err(|_| Forged)?;
    let expires = match expiry {
        [] => None,
        expiry => {
            let millis = i64::from_be_bytes(expiry.try_into().map_err(|_| Forged)?);
            Some(Timestamp::from_millisecond(millis).map_err(|_| Forged)?)
        }
    };
    Ok(Opened { subject: i64::from_be_bytes(*subject), expires })
}

/// What may be kept of a token: nobody can make the token of it.
pub fn digest(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// The part before the `@` of the Message-ID of a letter: the same for the same letter on the same occasion.
pub fn message_mark(key: &[u8], letter: &str, subject: i64, occasion: Timestamp) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(b"vigie letter ");
    mac.update(letter.as_bytes());
    mac.update(&claims(subject, Some(occasion)));
    hex(&mac.finalize().into_bytes()[..CODE])
}

fn claims(subject: i64, expires: Option<Timestamp>) -> Vec<u8> {
    let mut octets = subject.to_be_bytes().to_vec();
    octets.extend(expires.into_iter().flat_map(|at| at.as_millisecond().to_be_bytes()));
    octets
}

/// Labels have no octet in common with the claims behind them but their lengths are fixed, so no two inputs are alike.
fn mac(key: &[u8], purpose: Purpose, claims: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(purpose.label());
    mac.update(&[0]);
    mac.update(claims);
    mac
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &[u8] = b"a key of this installation";

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_token_says_what_was_sealed_in_it_and_fits_in_an_address() {
        let expires = at("2026-11-25T07:30:00.123Z");
        let token = seal(KEY, Purpose::Confirm, 12, Some(expires));
        assert_eq!(open(KEY, Purpose::Confirm, &token), Ok(Opened { subject: 12, expires: Some(expires) }));
        let opened = open(KEY, Purpose::Confirm, &token).expect("ours");
        assert!(!opened.has_expired(expires) && opened.has_expired(at("2026-11-25T07:30:00.124Z")));

        let forever = seal(KEY, Purpose::Leave, 12, None);
        assert_eq!((forever.len(), token.len()), (32, 43));
        let opened = open(KEY, Purpose::Leave, &forever).expect("ours");
        assert!(opened.expires.is_none() && !opened.has_expired(Timestamp::MAX));
        assert!([token, forever].concat().bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
    }

    #[test]
    fn a_token_is_none_for_another_purpose_or_another_installation() {
        let token = seal(KEY, Purpose::Leave, 12, None);
        assert_eq!(open(KEY, Purpose::Renew, &token), Err(Forged));
        assert_eq!(open(KEY, Purpose::Confirm, &token), Err(Forged));
        assert_eq!(open(b"another key", Purpose::Leave, &token), Err(Forged));
        for odd in ["", "a", "é", "AAAA", &token[..31], &format!("{token}="), &format!("{token}A"), &"A".repeat(9_999)]
        {
            assert_eq!(open(KEY, Purpose::Leave, odd), Err(Forged), "{odd}");
        }
    }

    #[test]
    fn a_letter_keeps_its_mark_and_no_other_has_it() {
        let (one, two) = (at("2026-11-23T07:30:00Z"), at("2026-11-24T07:30:00Z"));
        let mark = message_mark(KEY, "welcome", 12, one);
        assert_eq!((mark.len(), &mark), (32, &message_mark(KEY, "welcome", 12, one)));
        for other in [
            message_mark(KEY, "goodbye", 12, one),
            message_mark(KEY, "welcome", 13, one),
            message_mark(KEY, "welcome", 12, two),
        ] {
            assert_ne!(mark, other);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn no_changed_token_opens(subject: i64, expires in proptest::option::of(0_i64..4_000_000_000_000), at: prop::sample::Index, with in "[A-Za-z0-9_-]") {
            let expires = expires.and_then(|millis| Timestamp::from_millisecond(millis).ok());
            let token = seal(KEY, Purpose::Renew, subject, expires);
            prop_assert_eq!(open(KEY, Purpose::Renew, &token), Ok(Opened { subject, expires }));
            let at = at.index(token.len());
            let changed = format!("{}{with}{}", &token[..at], &token[at + 1..]);
            prop_assert_eq!(open(KEY, Purpose::Renew, &changed).is_ok(), changed == token);
        }

        #[test]
        fn anything_can_be_asked(token in "\\PC{0,60}") {
            prop_assert_eq!(open(KEY, Purpose::Leave, &token), Err(Forged));
        }
    }
}
