//! The bundled sources of the demonstration: what a small server answers in their name.
//!
//! Their formats and habits are those of real sources (dates at day precision, no zone, an old charset, a wall
//! against robots, a server that never answers); their words are our own. The takedown of Qakbot on 26 August 2023
//! is real and told by seven of them; all else is invented, and every address of an item lies under `.example`
//! (RFC 2606), except those where victims find help.

use jiff::Timestamp;

/// One bundled source: what its address answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundled {
    /// As in `sources.toml`.
    pub id: &'static str,
    /// Path of its address on the demonstration's server, such as `/cert-fr/feed/`.
    pub path: &'static str,
    pub content_type: &'static str,
    pub status: u16,
    /// In the charset that the document declares.
    pub body: Vec<u8>,
    /// The validator that the source sends, verbatim with its quotes (RFC 9110 8.8.3).
    pub etag: Option<&'static str>,
    pub stalls: Stalls,
}

/// Whether a source ever answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stalls {
    No,
    /// Takes the request and stays silent: longer than any client waits.
    Forever,
}

/// Three readers who chose differently, as CSV for `vigie subscribers import`.
pub const READERS: &str = include_str!("content/readers.csv");

/// Every bundled source, in the order of [`sources_toml`].
pub fn sources() -> Vec<Bundled> {
    vec![
        Bundled {
            etag: Some("\"demo-cert-fr-1\""),
            ..answer("cert-fr", "/cert-fr/feed/", RSS, include_bytes!("content/cert-fr.xml"))
        },
        Bundled {
            etag: Some("W/\"demo-cybermalveillance-1\""),
            ..answer(
                "cybermalveillance",
                "/cybermalveillance/feed/atom-flux-complet",
                "application/atom+xml",
                include_bytes!("content/cybermalveillance.xml"),
            )
        },
        answer("parquet", "/parquet/75/communiques-de-presse-0", HTML, include_bytes!("content/parquet.html")),
        Bundled {
            etag: Some("\"demo-centre-cyber-1\""),
            ..answer(
                "centre-cyber",
                "/centre-cyber/feed.json",
                "application/feed+json",
                include_bytes!("content/centre-cyber.json"),
            )
        },
        answer("cnil", "/cnil/fr/rss.xml", RSS, include_bytes!("content/cnil.xml")),
        Bundled {
            etag: Some("\"demo-police-1\""),
            ..answer("police", "/police/en/news.xml", RSS, include_bytes!("content/police.xml"))
        },
        Bundled {
            etag: Some("\"demo-journal-officiel-1\""),
            ..answer(
                "journal-officiel",
                "/journal-officiel/dernier",
                "application/atom+xml; charset=utf-8",
                include_bytes!("content/journal-officiel.xml"),
            )
        },
        answer("reponses", "/reponses/rss", XML, include_bytes!("content/reponses.xml")),
        // The type names no charset: only the XML declaration does.
        Bundled { body: latin1(include_str!("content/gazette.xml")), ..answer("gazette", "/gazette/rss/", XML, b"") },
        Bundled {
            etag: Some("\"demo-info-communes-1\""),
            ..answer("info-communes", "/info-communes/feed/", RSS, include_bytes!("content/info-communes.xml"))
        },
        answer("finances", "/finances/rss.xml", XML, include_bytes!("content/finances.xml")),
        answer("prefecture", "/prefecture/feed/", HTML, include_bytes!("content/prefecture.html")),
        Bundled { stalls: Stalls::Forever, ..answer("agence-eau", "/agence-eau/rss.xml", RSS, b"") },
    ]
}

/// `sources.toml` of the demonstration. `address` is that of its server, such as `http://127.0.0.1:4711`, without a
/// final slash.
pub fn sources_toml(address: &str) -> String {
    include_str!("content/sources.toml").replace("{address}", address)
}

/// The morning that the demonstration plays: Wednesday 30 August 2023, 07:30 in Paris (05:30 UTC).
pub fn morning() -> Timestamp {
    Timestamp::constant(1_693_373_400, 0)
}

const RSS: &str = "application/rss+xml; charset=UTF-8";
const XML: &str = "text/xml";
const HTML: &str = "text/html; charset=UTF-8";

fn answer(id: &'static str, path: &'static str, content_type: &'static str, body: &[u8]) -> Bundled {
    Bundled { id, path, content_type, status: 200, body: body.to_vec(), etag: None, stalls: Stalls::No }
}

/// ISO-8859-1, whose octets are the first 256 code points. The file stands as UTF-8 in the repository, where it can be
/// read and compared, and declares the charset in which it is served.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

#[cfg(test)]
mod tests;
