//! SPF records (RFC 7208), read. Pure: who asks the DNS about what they name is elsewhere.

use crate::config::Network;

/// What a record says of a sender, or that no record says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    Fail,
    SoftFail,
    Neutral,
}

/// One term that a sender may match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// For those whom it matches.
    pub verdict: Verdict,
    pub mechanism: Mechanism,
}

/// Where no domain is named, it is the record's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mechanism {
    All,
    Ip(Network),
    /// The addresses of a host, each widened to this many bits of IPv4 and of IPv6.
    A(Option<String>, u8, u8),
    /// The same of those who take the mail of a domain.
    Mx(Option<String>, u8, u8),
    Include(String),
    Exists(String),
    /// To be left out (RFC 7208 5.5).
    Ptr,
}

/// A record without its version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    pub directives: Vec<Directive>,
    /// Who answers in its place, where nothing matches and there is no `all`.
    pub redirect: Option<String>,
}

/// Whether a TXT record of a domain is one of SPF.
pub fn is_spf(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower == "v=spf1" || lower.starts_with("v=spf1 ")
}

impl Record {
    /// # Errors
    /// The first term that cannot be read: receivers then take the whole record for none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut record = Self::default();
        for term in text.split_ascii_whitespace().skip(1) {
            let wrong = || term.to_owned();
            let modifier = term.split_once('=').filter(|(name, _)| name.bytes().all(|b| b.is_ascii_alphanumeric()));
            match modifier {
                Some((name, domain)) if name.eq_ignore_ascii_case("redirect") => {
                    record.redirect = Some(domain.to_owned());
                }
                // `exp` and whatever else is to be taken no notice of (RFC 7208 6).
                Some(_) => {}
                None => record.directives.push(directive(term).ok_or_else(wrong)?),
            }
        }
        Ok(record)
    }

    /// Whether it says what is to be done with everybody else.
    pub fn ends(&self) -> bool {
        self.redirect.is_some() || self.directives.iter().any(|one| one.mechanism == Mechanism::All)
    }
}

fn directive(term: &str) -> Option<Directive> {
    let (verdict, rest) = match term.split_at_checked(1)? {
        ("+", rest) => (Verdict::Pass, rest),
        ("-", rest) => (Verdict::Fail, rest),
        ("~", rest) => (Verdict::SoftFail, rest),
        ("?", rest) => (Verdict::Neutral, rest),
        _ => (Verdict::Pass, term),
    };
    let end = rest.find([':', '/']).unwrap_or(rest.len());
    let (name, value) = rest.split_at(end);
    let named = value.strip_prefix(':').filter(|value| !value.is_empty());
    let mechanism = match name.to_ascii_lowercase().as_str() {
        "all" if value.is_empty() => Mechanism::All,
        "ip4" => Mechanism::Ip(Network::parse(named?).filter(|network| network.address.is_ipv4())?),
        "ip6" => Mechanism::Ip(Network::parse(named?).filter(|network| network.address.is_ipv6())?),
        "a" => {
            let (domain, four, six) = host(value)?;
            Mechanism::A(domain, four, six)
        }
        "mx" => {
            let (domain, four, six) = host(value)?;
            Mechanism::Mx(domain, four, six)
        }
        "include" => Mechanism::Include(named?.to_owned()),
        "exists" => Mechanism::Exists(named?.to_owned()),
        "ptr" => Mechanism::Ptr,
        _ => return None,
    };
    Some(Directive { verdict, mechanism })
}

/// `:domain/24//64`, of which each part may lack.
fn host(value: &str) -> Option<(Option<String>, u8, u8)> {
    let (value, six) = match value.split_once("//") {
        Some((value, six)) => (value, six.parse().ok().filter(|bits| *bits <= 128)?),
        None => (value, 128),
    };
    let (value, four) = match value.split_once('/') {
        Some((value, four)) => (value, four.parse().ok().filter(|bits| *bits <= 32)?),
        None => (value, 32),
    };
    match value.strip_prefix(':') {
        Some("") => None,
        Some(domain) => Some((Some(domain.to_owned()), four, six)),
        None => value.is_empty().then_some((None, four, six)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn records_are_read_as_they_are_written() {
        let record =
            Record::parse("v=spf1 ip4:192.0.2.0/24 -ip6:2001:db8::1 a:mx.fr/28//64 mx include:_spf.fr ~all").unwrap();
        let network = |text| Mechanism::Ip(Network::parse(text).unwrap());
        let expected = [
            (Verdict::Pass, network("192.0.2.0/24")),
            (Verdict::Fail, network("2001:db8::1")),
            (Verdict::Pass, Mechanism::A(Some(String::from("mx.fr")), 28, 64)),
            (Verdict::Pass, Mechanism::Mx(None, 32, 128)),
            (Verdict::Pass, Mechanism::Include(String::from("_spf.fr"))),
            (Verdict::SoftFail, Mechanism::All),
        ];
        assert_eq!(record.directives, expected.map(|(verdict, mechanism)| Directive { verdict, mechanism }));
        assert!(record.ends());
        let moved = Record::parse("v=spf1 exp=x.fr redirect=_spf.fr").unwrap();
        assert_eq!((moved.redirect.as_deref(), moved.ends(), moved.directives.len()), (Some("_spf.fr"), true, 0));
        assert!(is_spf("V=SPF1") && is_spf("v=spf1 -all") && !is_spf("v=spf10 -all") && !is_spf("x v=spf1"));
    }

    #[test]
    fn the_term_that_is_wrong_is_named() {
        for term in
            ["ip4:192.0.2.300", "ip4:2001:db8::1", "ip6:1.2.3.4", "a:", "mx/33", "include", "-alll", "ipv4:1.2.3.4"]
        {
            assert_eq!(Record::parse(&format!("v=spf1 mx {term} -all")), Err(term.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_published_makes_it_panic(text in "v=spf1( |a|:|/|[+~?-]|ip[46]|[0-9]{1,3}|\\.|=|é|mx|all){0,20}") {
            let _ = Record::parse(&text);
        }
    }
}
