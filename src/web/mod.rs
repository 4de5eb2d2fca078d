//! Small HTTP servers: a published folder, and answers from memory.

pub mod folder;
pub mod replay;

use axum::http::{
    HeaderMap,
    header::{IF_MODIFIED_SINCE, IF_NONE_MATCH},
};

/// Whether the client already has this version (RFC 9110 13.2.2). Entity tags are compared weakly; dates must be the
/// very text that was sent, which is what careful clients return.
fn is_current(asked: &HeaderMap, etag: Option<&str>, last_modified: Option<&str>) -> bool {
    let text = |name| asked.get(&name).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    match (text(IF_NONE_MATCH), text(IF_MODIFIED_SINCE)) {
        (Some(tags), _) => {
            etag.is_some_and(|etag| tags.trim() == "*" || tags.split(',').any(|tag| weak(tag) == weak(etag)))
        }
        (None, Some(date)) => last_modified == Some(date.trim()),
        (None, None) => false,
    }
}
