//! Addresses that say what comes back to them (VERP): which delivery failed, who wants to leave. Each bears a token of ours, so
//! that nobody can speak for another reader. Pure.
//!
//! `bounces+1234.0f1e2d3c4b5a6978@veille.example.fr` is where failures of delivery 1234 are told,
//! `bounces+leave.56.0f1e2d3c4b5a6978@…` where subscriber 56 leaves. They never expire.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    config::ReturnAddress,
    model::{DeliveryId, EmailAddress, SubscriberId},
};

/// Octets of the HMAC that an address bears, twice as many digits: 64 letters stand before the `@` at most (RFC 5321 4.5.3.1.1).
const TOKEN: usize = 8;

/// What an address of ours was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meant {
    Delivery(DeliveryId),
    Leave(SubscriberId),
}

/// The envelope's sender (MAIL FROM) of one delivery.
pub fn sender(key: &[u8], place: &ReturnAddress, delivery: DeliveryId) -> EmailAddress {
    made(key, place, Meant::Delivery(delivery))
}

/// Where a mail, whatever it says, makes a subscriber leave: for `List-Unsubscribe: <mailto:…>`.
pub fn leave(key: &[u8], place: &ReturnAddress, subscriber: SubscriberId) -> EmailAddress {
    made(key, place, Meant::Leave(subscriber))
}

/// What an address was made for. `None`: it is not one of ours, or its token is not.
pub fn read(key: &[u8], place: &ReturnAddress, address: &str) -> Option<Meant> {
    // Some servers write addresses in lower case.
    let (local, _) = address.trim().rsplit_once('@')?;
    let own = place.local();
    let rest = local.get(..own.len()).filter(|begin| begin.eq_ignore_ascii_case(own)).map(|own| &local[own.len()..])?;
    let (what, token) = rest.strip_prefix(place.separator)?.rsplit_once('.')?;
    let meant = match what.split_once('.') {
        Some((word, id)) if word.eq_ignore_ascii_case("leave") => Meant::Leave(SubscriberId::new(number(id)?)),
        Some(_) => return None,
        None => Meant::Delivery(DeliveryId::new(number(what)?)),
    };
    let octets: Option<Vec<u8>> = (token.len() == 2 * TOKEN && token.is_ascii())
        .then(|| (0..TOKEN).map(|at| u8::from_str_radix(&token[2 * at..2 * at + 2], 16).ok()).collect())?;
    mac(key, meant).verify_truncated_left(&octets?).ok().map(|()| meant)
}

fn made(key: &[u8], place: &ReturnAddress, meant: Meant) -> EmailAddress {
    let what = match meant {
        Meant::Delivery(id) => id.to_string(),
        Meant::Leave(id) => format!("leave.{id}"),
    };
    let token = mac(key, meant).finalize().into_bytes();
    let token: String = token.iter().take(TOKEN).map(|octet| format!("{octet:02x}")).collect();
    let text = format!("{}{}{what}.{token}@{}", place.local(), place.separator, place.address.domain());
    // The settings leave room for every number; a failure told without a token is better than a message that cannot leave.
    EmailAddress::parse(&text).unwrap_or_else(|_| place.address.clone())
}

/// As it is written, and no other way: one number, one address.
fn number(digits: &str) -> Option<i64> {
    digits.parse().ok().filter(|id: &i64| *id > 0 && id.to_string() == digits)
}

fn mac(key: &[u8], meant: Meant) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    let (what, id): (&[u8], i64) = match meant {
        Meant::Delivery(id) => (b"verp-delivery", id.get()),
        Meant::Leave(id) => (b"verp-leave", id.get()),
    };
    mac.update(what);
    mac.update(&id.to_be_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(address: &str, separator: char) -> ReturnAddress {
        ReturnAddress { address: EmailAddress::parse(address).expect("an address"), separator }
    }

    #[test]
    fn an_address_says_what_it_was_made_for_and_no_other_does() {
        let place = place("bounces@veille.example.fr", '+');
        let (delivery, subscriber) = (DeliveryId::new(1234), SubscriberId::new(1234));
        let sender = sender(b"key", &place, delivery);
        let leave = leave(b"key", &place, subscriber);
        assert!(sender.as_str().starts_with("bounces+1234.") && sender.as_str().ends_with("@veille.example.fr"));
        let of = |address: &str| read(b"key", &place, address);
        assert_eq!(of(sender.as_str()), Some(Meant::Delivery(delivery)));
        assert_eq!(of(leave.as_str()), Some(Meant::Leave(subscriber)));
        assert_eq!(of(&sender.as_str().to_uppercase()), Some(Meant::Delivery(delivery)));

        let token = |address: &EmailAddress| address.as_str().split(['.', '@']).nth(1).expect("a token").to_owned();
        let token = token(&sender);
        for forged in [
            format!("bounces+1235.{token}@veille.example.fr"),
            format!("bounces+01234.{token}@veille.example.fr"),
            format!("bounces+leave.1234.{token}@veille.example.fr"),
            format!("bounces+1234.{}@veille.example.fr", &token[..8]),
            format!("bounces+1234.{token}00@veille.example.fr"),
            format!("bounces-1234.{token}@veille.example.fr"),
            format!("other+1234.{token}@veille.example.fr"),
            String::from("bounces+1234.0000000000000000@veille.example.fr"),
            String::from("bounces@veille.example.fr"),
            String::from("bounces+é.é@veille.example.fr"),
            String::from("é"),
        ] {
            assert_eq!(of(&forged), None, "{forged}");
        }
        assert_eq!(read(b"another key", &place, sender.as_str()), None);
    }

    proptest! {
        #[test]
        fn every_number_has_an_address_that_can_be_read(id in 1i64.., key in proptest::collection::vec(any::<u8>(), 0..40)) {
            let place = place("retours-de-la-veille@mairie.example.fr", '-');
            let (delivery, subscriber) = (DeliveryId::new(id), SubscriberId::new(id));
            prop_assert_eq!(read(&key, &place, sender(&key, &place, delivery).as_str()), Some(Meant::Delivery(delivery)));
            prop_assert_eq!(read(&key, &place, leave(&key, &place, subscriber).as_str()), Some(Meant::Leave(subscriber)));
        }

        #[test]
        fn nothing_that_is_said_breaks_it(address in "\\PC*") {
            prop_assert_eq!(read(b"key", &place("b@veille.example.fr", '+'), &format!("b+{address}")), None);
        }
    }
}
