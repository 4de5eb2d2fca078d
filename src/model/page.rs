//! What a fetch brought back.

use url::Url;

/// The bytes of one answer, already decompressed, with what is needed to read them.
#[derive(Debug, Clone)]
pub struct Page {
    /// The address that answered, after redirects: the base of relative links.
    pub url: Url,
    /// `Content-Type` as received, parameters included.
    pub content_type: Option<String>,
    pub body: Vec<u8>,
    /// Whether the answer reserves text and data mining (TDM Reservation Protocol, `tdm-reservation: 1`).
    pub reserved: bool,
}

/// What the server said to tell one version from the next, verbatim (RFC 9110 8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`, quotes and weakness mark included.
    pub etag: Option<String>,
    /// `Last-Modified`, as received and not re-formatted.
    pub last_modified: Option<String>,
}
