//! An address that can be written to (RFC 5321 4.1.2).

use std::fmt;

use serde::Serialize;

/// A mailbox: dot-atom local part, domain in lower-case ASCII (IDNA). At most 254 octets (RFC 5321 4.5.3.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct EmailAddress(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{input}` is not an e-mail address: {why}")]
pub struct InvalidEmail {
    input: String,
    why: &'static str,
}

impl EmailAddress {
    /// Reads `name@domain`. Quoted local parts and address literals are refused: no reader has one.
    pub fn parse(input: &str) -> Result<Self, InvalidEmail> {
        let refuse = |why| InvalidEmail { input: input.chars().filter(|c| !c.is_control()).take(80).collect(), why };
        let text = input.trim();
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(refuse("it holds a space or a control character"));
        }
        let (local, domain) = text.rsplit_once('@').ok_or_else(|| refuse("there is no `@`"))?;
        if local.is_empty() || local.len() > 64 {
            return Err(refuse("what stands before the `@` must have 1 to 64 characters"));
        }
        if !local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atext)) {
            return Err(refuse("what stands before the `@` has a character that is not allowed, or a misplaced dot"));
        }
        let domain = match url::Host::parse(domain) {
            Ok(url::Host::Domain(domain)) => domain,
            _ => return Err(refuse("what stands after the `@` is not a domain")),
        };
        let labels: Vec<&str> = domain.split('.').collect();
        let is_label = |label: &&str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if labels.len() < 2 || !labels.iter().all(is_label) {
            return Err(refuse("what stands after the `@` is not a domain with a dot"));
        }
        let address = format!("{local}@{domain}");
        if address.len() > 254 {
            return Err(refuse("it is longer than 254 characters"));
        }
        Ok(Self(address))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
    /// For logs: `c***@m***.fr`.
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let first = |part: &str| part.chars().next().map(String::from).unwrap_or_default();
        let tld = domain.rsplit_once('.').map_or("", |(_, tld)| tld);
        format!("{}***@{}***.{tld}", first(local), first(domain))
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A text, such as the reply of a server, with every address in it masked.
pub fn mask_addresses(text: &str) -> String {
    let mask = |word: &str| {
        let bare = word.trim_matches(|c: char| "<>(),;:\"'.".contains(c));
        match EmailAddress::parse(bare) {
            Ok(address) => word.replace(bare, &address.masked()),
            // Not an address as we know them, but somebody's all the same.
            Err(_) if bare.contains('@') => String::from("***"),
            Err(_) => word.to_owned(),
        }
    };
    text.split(' ').map(mask).collect::<Vec<_>>().join(" ")
}

/// `atext` of RFC 5322 3.2.3.
fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_of_a_reply_is_shown() {
        let reply =
            "<c.durand@mairie.fr>: Recipient rejected, see http://postgrey.example/help for c.durand@mairie.fr.";
        assert_eq!(
            mask_addresses(reply),
            "<c***@m***.fr>: Recipient rejected, see http://postgrey.example/help for c***@m***.fr."
        );
        assert_eq!(mask_addresses("user unknown: \"a b\"@x"), "user unknown: \"a ***");
    }

    #[test]
    fn what_is_no_mailbox_is_refused_with_the_reason() {
        for (input, why) in [
            ("maire", "no `@`"),
            ("a b@x.fr", "space"),
            ("a\r\nBcc: b@x.fr", "control"),
            (".a@x.fr", "misplaced dot"),
            ("a@localhost", "with a dot"),
            ("a@127.0.0.1", "not a domain"),
            (&format!("{}@x.fr", "a".repeat(65)), "1 to 64"),
        ] {
            let error = EmailAddress::parse(input).expect_err(input).to_string();
            assert!(error.contains(why), "{error}");
        }
        assert_eq!(EmailAddress::parse(" Élodie@x.fr ").ok(), None);
        assert_eq!(EmailAddress::parse("a@Mairie-Évry.FR").expect("a mailbox").as_str(), "a@xn--mairie-vry-h7a.fr");
    }
}
