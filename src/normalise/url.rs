//! Addresses: what a link leads to ([`web_address`]), the same without what follows its readers ([`untracked`]), and the key
//! by which it is known again ([`CanonicalUrl`]).

use std::fmt;

use serde::Serialize;
use url::Url;

/// An address reduced to what tells two documents apart. A key, never an address to fetch.
///
/// Scheme, user-info, default port, fragment and `www.` are gone; so are the final `/` and `/index.<ext>` of the path, and
/// tracking parameters; the others are sorted and kept, empty ones too (a document's number may be a parameter).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct CanonicalUrl(String);

impl CanonicalUrl {
    pub fn of(url: &Url) -> Self {
        let mut key = host(url);
        if let Some(port) = url.port() {
            key.push_str(&format!(":{port}"));
        }
        let path = unescape_unreserved(url.path());
        key.push_str(trim_path(&path));
        let mut parameters: Vec<String> = url
            .query()
            .unwrap_or_default()
            .split('&')
            .map(unescape_unreserved)
            .filter(|parameter| !parameter.is_empty() && !is_tracking(parameter) && !is_origin(parameter))
            .collect();
        parameters.sort();
        for (position, parameter) in parameters.iter().enumerate() {
            key.push(if position == 0 { '?' } else { '&' });
            key.push_str(parameter);
        }
        Self(key)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CanonicalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Why a link is not one that a reader may be sent to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAWebAddress {
    #[error("it is empty")]
    Empty,
    #[error("`{0}:` is neither http nor https")]
    Scheme(String),
    #[error("it holds a user name or a password")]
    UserInfo,
    #[error("it is longer than {LONGEST_ADDRESS} octets")]
    TooLong,
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] url::ParseError),
}

/// The longest address that is taken, in octets. No reader's program takes a longer one, and a page may hold many that all
/// stand against a long base.
pub const LONGEST_ADDRESS: usize = 4_096;

/// Resolves a link against the address of its page (RFC 3986 5).
///
/// White space around it and inside it (a line break in a long address) is dropped, and an ampersand that was escaped
/// once too often is mended. User-info is refused: it serves to make one host look like another.
pub fn web_address(text: &str, base: &Url) -> Result<Url, NotAWebAddress> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}' || c == '\u{200b}');
    if text.is_empty() {
        return Err(NotAWebAddress::Empty);
    }
    if text.len() > LONGEST_ADDRESS {
        return Err(NotAWebAddress::TooLong);
    }
    let url = match text.contains("&amp;") {
        true => base.join(&text.replace("&amp;", "&"))?,
        false => base.join(text)?,
    };
    match url.scheme() {
        "http" | "https" if url.as_str().len() > LONGEST_ADDRESS => Err(NotAWebAddress::TooLong),
        "http" | "https" if url.username().is_empty() && url.password().is_none() => Ok(url),
        "http" | "https" => Err(NotAWebAddress::UserInfo),
        other => Err(NotAWebAddress::Scheme(other.chars().take(20).collect())),
    }
}

/// The address without the parameters by which readers are followed, in the query and in the fragment (`#xtor=…`). All the
/// rest stays as it is written, in its order.
pub fn untracked(url: &Url) -> Url {
    let without = |part: &str| {
        let is_kept = |piece: &&str| !(piece.contains('=') && is_tracking(&unescape_unreserved(piece)));
        let kept: Vec<&str> = part.split('&').filter(is_kept).collect();
        (kept.len() < part.split('&').count()).then(|| kept.join("&"))
    };
    let mut clean = url.clone();
    if let Some(query) = url.query().and_then(without) {
        clean.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
    }
    if let Some(fragment) = url.fragment().and_then(without) {
        clean.set_fragment(Some(fragment.as_str()).filter(|fragment| !fragment.is_empty()));
    }
    clean
}

fn host(url: &Url) -> String {
    let mut host = url.host_str().unwrap_or_default().trim_end_matches('.');
    while let Some(rest) = host.strip_prefix("www.").filter(|rest| rest.contains('.')) {
        host = rest;
    }
    host.to_ascii_lowercase()
}

/// Without `/` and `/index.<ext>` at the end, however many there are: so that twice is as good as once.
fn trim_path(path: &str) -> &str {
    let mut path = path.trim_end_matches('/');
    while let Some((folder, file)) = path.rsplit_once('/') {
        let Some((stem, extension)) = file.split_once('.') else { break };
        let is_index = stem.eq_ignore_ascii_case("index")
            && (1..=5).contains(&extension.len())
            && extension.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_index {
            break;
        }
        path = folder.trim_end_matches('/');
    }
    path
}

/// Percent-encoding in its one normal form (RFC 3986 6.2.2): unreserved characters plain, hexadecimal in upper case.
fn unescape_unreserved(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let code = after.get(..2).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(octet) => {
                match octet {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(octet)),
                    _ => out.push_str(&format!("%{octet:02X}")),
                }
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push('%');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Whether a parameter says where the reader comes from and not what is read.
fn is_tracking(parameter: &str) -> bool {
    let name = parameter.split('=').next().unwrap_or_default().to_ascii_lowercase();
    TRACKING_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || TRACKING.contains(&name.as_str())
}

/// Whether a parameter says where the reader comes from on most sites, and may choose what is read on others: no part of a
/// key, and left in an address.
fn is_origin(parameter: &str) -> bool {
    let name = parameter.split('=').next().unwrap_or_default();
    ["ref", "source"].iter().any(|origin| name.eq_ignore_ascii_case(origin))
}

/// Most are those of miniflux; `xtor`, `at_`, `cmpid` and `xtref` are what French sites add.
const TRACKING_PREFIXES: [&str; 17] = [
    "utm_", "mtm_", "matomo_", "pk_", "piwik_", "xtor", "xtref", "at_", "fbclid", "gclid", "mc_", "cmpid", "hmb_",
    "itm_", "__hs", "_hs", "fb_",
];

const TRACKING: &[&str] = &[
    "_openstat",
    "dclid",
    "gbraid",
    "wbraid",
    "gclsrc",
    "campaign_id",
    "campaign_medium",
    "campaign_name",
    "campaign_source",
    "campaign_term",
    "campaign_content",
    "srsltid",
    "yclid",
    "ysclid",
    "twclid",
    "msclkid",
    "wickedid",
    "hsa_cam",
    "hsctatracking",
    "rb_clickid",
    "oly_anon_id",
    "oly_enc_id",
    "vero_id",
    "vero_conv",
    "mkt_tok",
    "sc_cid",
    "_bhlid",
    "_branch_match_id",
    "_branch_referrer",
    "__readwiselocation",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn key(url: &str) -> String {
        CanonicalUrl::of(&Url::parse(url).unwrap()).0
    }

    #[test]
    fn one_document_has_one_key() {
        for (one, other) in [
            (
                "https://www.cert.ssi.gouv.fr/avis/CERTFR-2026-AVI-0777/",
                "http://cert.ssi.gouv.fr/avis/CERTFR-2026-AVI-0777",
            ),
            ("https://a.fr/b/index.html?utm_source=rss&id=3", "https://A.fr/b?id=3"),
            ("https://a.fr/b?z=1&a=2#xtor=RSS-1", "https://a.fr/b/?a=2&z=1"),
            ("https://a.fr/b?xtor=RSS-16&at_medium=x&cmpid=4&fbclid=z", "https://a.fr/b"),
            ("https://a.fr/%c3%a9t%C3%A9/%41", "https://a.fr/été/A"),
            ("https://a.fr:443/", "http://www.a.fr"),
            ("https://me:secret@a.fr/x", "https://a.fr/x"),
        ] {
            assert_eq!(key(one), key(other));
        }
    }

    #[test]
    fn two_documents_have_two_keys() {
        for (one, other) in [
            ("http://www.maire-info.com/article.asp?param=29876", "http://www.maire-info.com/article.asp?param=29877"),
            ("https://a.fr/x?id=", "https://a.fr/x"),
            ("https://a.fr/Avis", "https://a.fr/avis"),
            ("https://a.fr:8080/", "https://a.fr/"),
            ("https://a.fr/a%2Fb", "https://a.fr/a/b"),
        ] {
            assert_ne!(key(one), key(other));
        }
    }

    #[test]
    fn nothing_follows_the_reader() {
        for (tracked, expected) in [
            ("https://a.fr/x?utm_source=rss&utm_medium=feed", "https://a.fr/x"),
            ("https://a.fr/x?z=1&utm_source=rss&a=%c3%a9&fbclid=y", "https://a.fr/x?z=1&a=%c3%a9"),
            ("https://a.fr/x?param=3#xtor=RSS-16", "https://a.fr/x?param=3"),
            ("https://a.fr/x#xtor=RSS-16&t=3", "https://a.fr/x#t=3"),
            ("https://a.fr/x?at_medium=rss&gclid=1&mc_cid=2&cmpid=3&XTOR=4&u%74m_id=5", "https://a.fr/x"),
            ("https://a.fr/x?id=&&b#at_home", "https://a.fr/x?id=&&b#at_home"),
            ("https://a.fr/x?ref=12&source=jo", "https://a.fr/x?ref=12&source=jo"),
            ("https://a.fr/x?utm_source", "https://a.fr/x?utm_source"),
            ("https://a.fr/x?#", "https://a.fr/x?#"),
        ] {
            let url = untracked(&Url::parse(tracked).unwrap());
            assert_eq!(url.as_str(), expected);
            assert_eq!(untracked(&url), url);
            assert_eq!(key(tracked), key(expected));
        }
    }

    #[test]
    fn links_are_resolved_and_checked() {
        let base = Url::parse("https://a.fr/actus/liste").unwrap();
        assert_eq!(web_address(" ../x?a=1&amp;b=2 \n", &base).unwrap().as_str(), "https://a.fr/x?a=1&b=2");
        assert_eq!(web_address("//b.fr/y", &base).unwrap().as_str(), "https://b.fr/y");
        assert_eq!(web_address("  ", &base), Err(NotAWebAddress::Empty));
        assert_eq!(web_address("javascript:alert(1)", &base), Err(NotAWebAddress::Scheme("javascript".into())));
        assert_eq!(web_address("file:///etc/passwd", &base), Err(NotAWebAddress::Scheme("file".into())));
        assert_eq!(web_address("https://cnil.fr@evil.example/", &base), Err(NotAWebAddress::UserInfo));
        assert!(matches!(web_address("https://[::1", &base), Err(NotAWebAddress::Unreadable(_))));
    }

    proptest::proptest! {
        #[test]
        fn canonicalising_twice_changes_nothing(
            host in "(www\\.){0,3}[a-z0-9]{1,5}(\\.[a-z]{2,4}){1,2}\\.?",
            path in "(/|/index\\.php|/%[0-9a-f]{2}|/[a-zé.%~ ]{0,4}){0,5}",
            query in "(\\?[a-z_=&%é'0-9;?/]{0,20})?(#[a-z?]{0,4})?",
        ) {
            if let Ok(url) = Url::parse(&format!("https://{host}{path}{query}")) {
                let once = CanonicalUrl::of(&url);
                let again = Url::parse(&format!("https://{once}")).map(|url| CanonicalUrl::of(&url));
                proptest::prop_assert_eq!(again.unwrap(), once);
            }
        }
    }
}
