//! Which addresses the crawler may reach (invariant 9).
//!
//! A source, or whoever answers in its place, can name any address: directly, through a name, or in a redirect. So
//! the address is checked on the literal host of every hop, and on every answer of the resolver; what is connected to
//! is one of the addresses that were checked, which closes DNS rebinding.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use super::error::{FetchError, Refused};
use crate::config::Network;

/// Why an address is not one of the public Internet, in plain words; `None` for a public address. An IPv6 address that
/// carries an IPv4 one (IPv4-mapped, IPv4-compatible, NAT64, 6to4, Teredo) is judged by the one it carries.
pub fn refusal(address: IpAddr) -> Option<&'static str> {
    range(address).map(|range| range.why)
}

/// How far a request may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses, and the networks listed in the settings.
    Public,
    /// The networks listed in the settings, and nothing else: for ports other than 80 and 443.
    Listed,
    /// As `Public`, and the addresses that a site gives its own machines: loopback, private, unique-local. Never
    /// link-local, where clouds answer with secrets, nor what is not a machine's address.
    Site,
}

impl Reach {
    /// Whether an address may be connected to; `listed` are the networks of the settings.
    pub fn admit(self, address: IpAddr, listed: &[Network]) -> Result<(), Refused> {
        let plain = address.to_canonical();
        if listed.iter().any(|network| network.contains(plain)) {
            return Ok(());
        }
        match (self, range(address)) {
            (Reach::Listed, found) => Err(found.map_or("not a listed address", |range| range.why)),
            (_, None) => Ok(()),
            (Reach::Site, Some(Range { used: Used::BySites, .. })) => Ok(()),
            (_, Some(range)) => Err(range.why),
        }
        .map_err(|why| Refused { address, why })
    }
}

/// Checks what can be seen of an address before it is resolved: scheme, user-info, port, literal host. Answers with the
/// reach that its resolution must keep to.
///
/// # Errors
/// [`FetchError::Scheme`], [`FetchError::Port`] or [`FetchError::Blocked`].
pub fn check(url: &Url, reach: Reach, listed: &[Network]) -> Result<Reach, FetchError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(FetchError::Scheme { url: shown(url), why: "its scheme is neither http nor https" });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(FetchError::Scheme { url: shown(url), why: "it holds a user name or a password" });
    }
    let Some(host) = url.host() else {
        return Err(FetchError::Scheme { url: shown(url), why: "it has no host" });
    };
    let usual = matches!(url.port_or_known_default(), Some(80 | 443));
    let reach = if reach == Reach::Public && !usual { Reach::Listed } else { reach };
    let unusual = || FetchError::Port { host: host.to_string(), port: url.port().unwrap_or_default() };
    let literal = match host {
        Host::Domain(_) if reach == Reach::Listed && listed.is_empty() => return Err(unusual()),
        Host::Domain(_) => return Ok(reach),
        Host::Ipv4(address) => IpAddr::V4(address),
        Host::Ipv6(address) => IpAddr::V6(address),
    };
    match reach.admit(literal, listed) {
        Ok(()) => Ok(reach),
        // A private address is the graver of the two causes.
        Err(_) if reach == Reach::Listed && refusal(literal).is_none() => Err(unusual()),
        Err(Refused { address, why }) => Err(FetchError::Blocked { host: host.to_string(), address, why }),
    }
}

/// An address as it may be shown: without user name and password.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only for addresses that cannot hold either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

#[derive(Debug, Clone, Copy)]
struct Range {
    network: Network,
    why: &'static str,
    used: Used,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Used {
    /// A machine of one's own may have such an address.
    BySites,
    ByNone,
}

const fn v4(a: u8, b: u8, c: u8, prefix: u8, used: Used, why: &'static str) -> Range {
    Range { network: Network { address: IpAddr::V4(Ipv4Addr::new(a, b, c, 0)), prefix }, why, used }
}

const fn v6(a: u16, b: u16, c: u16, last: u16, prefix: u8, used: Used, why: &'static str) -> Range {
    let address = IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, last));
    Range { network: Network { address, prefix }, why, used }
}

/// From the IANA registries of special-purpose addresses (RFC 6890); the first that holds an address names it.
const RANGES: [Range; 28] = [
    v4(0, 0, 0, 8, Used::ByNone, "an unspecified address (RFC 1122)"),
    v4(10, 0, 0, 8, Used::BySites, "a private address (RFC 1918)"),
    v4(100, 64, 0, 10, Used::BySites, "an address shared inside a provider's network (RFC 6598)"),
    v4(127, 0, 0, 8, Used::BySites, "a loopback address (RFC 1122)"),
    v4(169, 254, 0, 16, Used::ByNone, "a link-local address (RFC 3927)"),
    v4(172, 16, 0, 12, Used::BySites, "a private address (RFC 1918)"),
    v4(192, 0, 0, 24, Used::ByNone, "reserved for protocols (RFC 6890)"),
    v4(192, 0, 2, 24, Used::ByNone, "reserved for documentation (RFC 5737)"),
    v4(192, 88, 99, 24, Used::ByNone, "a withdrawn 6to4 relay address (RFC 7526)"),
    v4(192, 168, 0, 16, Used::BySites, "a private address (RFC 1918)"),
    v4(198, 18, 0, 15, Used::ByNone, "reserved for benchmarks (RFC 2544)"),
    v4(198, 51, 100, 24, Used::ByNone, "reserved for documentation (RFC 5737)"),
    v4(203, 0, 113, 24, Used::ByNone, "reserved for documentation (RFC 5737)"),
    v4(224, 0, 0, 4, Used::ByNone, "a multicast address (RFC 5771)"),
    v4(240, 0, 0, 4, Used::ByNone, "a reserved or broadcast address (RFC 1112)"),
    v6(0, 0, 0, 0, 128, Used::ByNone, "an unspecified address (RFC 4291)"),
    v6(0, 0, 0, 1, 128, Used::BySites, "a loopback address (RFC 4291)"),
    v6(0x64, 0xff9b, 1, 0, 48, Used::ByNone, "a translation address of a local network (RFC 8215)"),
    v6(0x100, 0, 0, 0, 64, Used::ByNone, "a discard address (RFC 6666)"),
    v6(0x2001, 2, 0, 0, 48, Used::ByNone, "reserved for benchmarks (RFC 5180)"),
    v6(0x2001, 0x10, 0, 0, 28, Used::ByNone, "not a routed address (RFC 4843)"),
    v6(0x2001, 0xdb8, 0, 0, 32, Used::ByNone, "reserved for documentation (RFC 3849)"),
    v6(0x3fff, 0, 0, 0, 20, Used::ByNone, "reserved for documentation (RFC 9637)"),
    v6(0x5f00, 0, 0, 0, 16, Used::ByNone, "a segment routing address (RFC 9602)"),
    v6(0xfc00, 0, 0, 0, 7, Used::BySites, "a unique-local address (RFC 4193)"),
    v6(0xfe80, 0, 0, 0, 10, Used::ByNone, "a link-local address (RFC 4291)"),
    v6(0xfec0, 0, 0, 0, 10, Used::ByNone, "a site-local address (RFC 3879)"),
    v6(0xff00, 0, 0, 0, 8, Used::ByNone, "a multicast address (RFC 4291)"),
];

fn range(address: IpAddr) -> Option<Range> {
    let named = |address| RANGES.into_iter().find(|range| range.network.contains(address));
    match address {
        IpAddr::V4(_) => named(address),
        IpAddr::V6(six) => named(address).or_else(|| carried(six).and_then(|four| named(IpAddr::V4(four)))),
    }
}

/// The IPv4 address to which a packet for this IPv6 address ends up going.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match address.segments() {
        // IPv4-compatible, IPv4-mapped (RFC 4291 2.5.5), IPv4-translated (RFC 2765) and NAT64 (RFC 6052).
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => of(high, low),
        [0, 0, 0, 0, 0xffff, 0, high, low] => of(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => of(high, low),
        // 6to4 (RFC 3056), and the client's address in Teredo (RFC 4380), written inverted.
        [0x2002, high, low, ..] => of(high, low),
        [0x2001, 0, .., high, low] => of(!high, !low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn why(address: &str) -> Option<&'static str> {
        refusal(address.parse().unwrap())
    }

    #[test]
    fn no_address_inside_is_taken_for_a_public_one() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.0.1",
            "192.168.255.255",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "fc00::1",
            "fdff::1",
            "ff02::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "64:ff9b:1::1",
            // Carrying one of the above.
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2002:c0a8:101::1",
            "2002:a00:1::",
            "2001:0:1:2:3:4:80ff:fffe",
        ] {
            assert!(why(address).is_some(), "{address} was let through");
        }
    }

    #[test]
    fn public_addresses_are_reached() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "185.75.140.1",
            "192.0.1.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:41d0::1",
            "2a00:1450:4007::1",
            "2606:4700::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
        ] {
            assert_eq!(why(address), None, "{address} was refused");
        }
    }

    #[test]
    fn a_site_reaches_its_own_machines_and_never_the_metadata_of_a_cloud() {
        for address in ["127.0.0.1", "::1", "10.1.2.3", "192.168.1.1", "fd00::1", "::ffff:127.0.0.1", "1.1.1.1"] {
            assert_eq!(Reach::Site.admit(address.parse().unwrap(), &[]), Ok(()), "{address}");
        }
        for address in
            ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "255.255.255.255"]
        {
            assert!(Reach::Site.admit(address.parse().unwrap(), &[]).is_err(), "{address}");
        }
    }

    #[test]
    fn listed_networks_are_reached_however_the_address_is_written() {
        let listed = [Network::parse("127.0.0.0/8").unwrap()];
        for reach in [Reach::Public, Reach::Listed, Reach::Site] {
            assert!(reach.admit("127.0.0.1".parse().unwrap(), &listed).is_ok());
            assert!(reach.admit("::ffff:127.0.0.1".parse().unwrap(), &listed).is_ok());
        }
        assert!(Reach::Public.admit("10.0.0.1".parse().unwrap(), &listed).is_err());
        assert!(Reach::Listed.admit("1.1.1.1".parse().unwrap(), &listed).is_err());
    }

    fn verdict(url: &str) -> String {
        match check(&Url::parse(url).unwrap(), Reach::Public, &[]) {
            Ok(_) => "reached".into(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_an_address_shows_before_it_is_resolved() {
        for (url, expected) in [
            ("https://www.cert.ssi.gouv.fr/feed/", "reached"),
            ("http://exemple.fr/", "reached"),
            ("http://exemple.fr:443/", "reached"),
            ("https://1.1.1.1/", "reached"),
            ("https://exemple.fr:8443/", "port 8443"),
            ("http://exemple.fr:25/", "port 25"),
            ("https://1.1.1.1:22/", "port 22"),
            ("http://127.0.0.1/", "loopback"),
            ("http://127.0.0.1:8080/", "loopback"),
            ("http://0x7f.1/", "loopback"),
            ("http://2130706433/", "loopback"),
            ("http://0177.0.0.1/", "loopback"),
            ("http://[::1]/", "loopback"),
            ("http://[::ffff:7f00:1]/", "loopback"),
            ("http://169.254.169.254/latest/meta-data/", "link-local"),
            ("ftp://exemple.fr/", "neither http nor https"),
            ("file:///etc/passwd", "neither http nor https"),
            ("https://jean:secret@exemple.fr/", "user name"),
        ] {
            let got = verdict(url);
            assert!(got.contains(expected), "{url}: {got}");
            assert!(!got.contains("secret"), "{got}");
        }
    }

    #[test]
    fn another_port_is_left_to_the_resolver_once_a_network_is_listed() {
        let listed = [Network::parse("10.0.0.0/8").unwrap()];
        let url = Url::parse("http://intranet.ville.fr:8080/").unwrap();
        assert_eq!(check(&url, Reach::Public, &listed).unwrap(), Reach::Listed);
        assert_eq!(check(&url, Reach::Site, &[]).unwrap(), Reach::Site);
    }

    proptest! {
        #[test]
        fn an_address_carried_in_ipv6_is_judged_like_itself(bits: u32) {
            let four = Ipv4Addr::from(bits);
            let [a, b, c, d] = four.octets().map(u16::from);
            let (high, low) = (a << 8 | b, c << 8 | d);
            let inside = refusal(IpAddr::V4(four)).is_some();
            for six in [
                four.to_ipv6_mapped(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            ] {
                prop_assert_eq!(refusal(IpAddr::V6(six)).is_some(), inside);
            }
        }

        #[test]
        fn what_the_standard_library_knows_to_be_inside_is_refused(bits: u32) {
            let four = Ipv4Addr::from(bits);
            if four.is_private() || four.is_loopback() || four.is_link_local() || four.is_multicast()
                || four.is_broadcast() || four.is_documentation() || four.is_unspecified()
            {
                prop_assert!(refusal(IpAddr::V4(four)).is_some());
            }
        }
    }
}
