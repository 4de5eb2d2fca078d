//! `url` and `allow_private`: where a source is asked, which is public unless the settings say that they mean it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::{
    config::{
        Network,
        file::Table,
        value::{self, Wrong},
    },
    model::Address,
};

pub(super) struct Where {
    pub url: Address,
    pub allow_private: bool,
}

/// What an address brings back: the same with and without TLS, whatever part of the page it points to.
pub(super) fn page(address: &Address) -> String {
    let text = address.as_str();
    let text = text.split_once('#').map_or(text, |(page, _)| page);
    text.split_once("://").map_or(text, |(_, rest)| rest).to_owned()
}

/// The address to fetch.
pub(super) fn read(table: &mut Table<'_>, allow: &[Network]) -> Option<Where> {
    let allow_private = table.flag("allow_private");
    if !table.has("url") {
        table.refuse("url", Wrong::new("is missing", "write `url = \"https://…\"`: the address of the feed or page"));
    }
    let url = table.parse("url", value::dated_address)?;
    // A wrong `allow_private` is a problem already: what it was meant to say is unknown.
    let allow_private = allow_private.unwrap_or(table.has("allow_private"));
    refuse_inside(table, "url", url.sample(), allow_private, allow);
    Some(Where { url, allow_private })
}

/// Notes an address that is plain to see not to be public, unless it is meant.
pub(super) fn refuse_inside(table: &Table<'_>, key: &str, url: &Url, allow_private: bool, allow: &[Network]) {
    let inside = inside(url);
    let is_listed = inside.iter().any(|address| allow.iter().any(|network| network.contains(*address)));
    if !inside.is_empty() && !allow_private && !is_listed {
        let host = url.host_str().unwrap_or_default();
        let why = format!("must not name this machine or a private network, as `{host}` does");
        let hint =
            "write `allow_private = true` under it if that is meant, or list the addresses in `allow` of `[crawl]`";
        table.refuse(key, Wrong::new(why, hint));
    }
}

/// Whether nobody can listen on the way to an address: it is on this machine or in a network of ours.
pub(super) fn is_inside(url: &Url) -> bool {
    !inside(url).is_empty()
}

/// What the host of an address stands for, when it is plain to see that this is not public.
fn inside(url: &Url) -> Vec<IpAddr> {
    let address = match url.host() {
        // RFC 6761 6.3.
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let is_local = name == "localhost" || name.ends_with(".localhost");
            return if is_local { vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()] } else { Vec::new() };
        }
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical(),
        None => return Vec::new(),
    };
    let is_inside = match address {
        IpAddr::V4(four) => four.is_loopback() || four.is_private(),
        IpAddr::V6(six) => six.is_loopback() || six.is_unique_local(),
    };
    if is_inside { vec![address] } else { Vec::new() }
}
