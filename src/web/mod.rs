//! What is served over HTTP: the site of an installation ([`site`]: the published folder, and the links of letters), a
//! folder alone, and answers from memory.
//!
//! Every answer bears the headers of `headers`; every connection is held to the limits of `server`. Pages need no script
//! and set no cookie. No address of a person and no token is ever in a log.

mod accounts;
mod headers;
mod kept;
mod links;
mod pages;
pub mod replay;
mod server;
pub mod site;

use axum::http::{
    HeaderMap,
    header::{IF_MODIFIED_SINCE, IF_NONE_MATCH},
};

/// Whether the client already has this version (RFC 9110 13.2.2). Entity tags are compared weakly; dates must be the
/// very text that was sent, which is what careful clients return.
fn is_current(asked: &HeaderMap, etag: Option<&str>, last_modified: Option<&str>) -> bool {
    let text = |name| asked.get(&name).map(|value| String::from_utf8_lossy(value.as_bytes()));
    fn weak(tag: &str) -> &str {
        tag.trim().trim_start_matches("W/")
    }
    match (text(IF_NONE_MATCH), text(IF_MODIFIED_SINCE)) {
        (Some(tags), _) => {
            etag.is_some_and(|etag| tags.trim() == "*" || tags.split(',').any(|tag| weak(tag) == weak(etag)))
        }
        (None, Some(date)) => last_modified == Some(date.trim()),
        (None, None) => false,
    }
}
