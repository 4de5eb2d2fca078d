//! What is kept of the robots.txt of an origin between two runs.

use jiff::Timestamp;

/// One origin's robots.txt (RFC 9309), as far as it concerns this crawler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RobotsFile {
    /// Scheme, host and port, such as `https://www.exemple.fr` (RFC 6454 6.2).
    pub origin: String,
    /// When it was asked for last.
    pub asked: Timestamp,
    /// HTTP status of the answer; `None` when none came whole.
    pub status: Option<u16>,
    /// When `rules` were read; `None` while there has been nothing to read.
    pub read: Option<Timestamp>,
    /// In the form of a robots.txt.
    pub rules: String,
}
