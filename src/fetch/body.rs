//! The body of an answer: read as it comes, counted once decompressed, whole or not at all.

use std::time::Duration;

use reqwest::{Response, header::CONTENT_ENCODING};

use super::{
    error::{FetchError, Phase, SetBy},
    headers,
};

/// What a body may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// In octets, after decompression.
    pub cap: usize,
    pub beyond: Beyond,
    /// The longest silence between two reads.
    pub idle: Duration,
}

/// What becomes of a body that is larger than its cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beyond {
    /// Half a page is none: the error names where the cap was set.
    Refused(SetBy),
    /// The rest is left out, and not read.
    LeftOut,
}

/// Reads a body to its end. A few kilobytes can decompress to gigabytes, so that what counts is what comes out of the
/// decoder, and reading stops at the cap.
///
/// # Errors
/// [`FetchError::TooLarge`], [`FetchError::Timeout`], [`FetchError::Decode`], and [`FetchError::Truncated`] when the
/// connection ends before `Content-Length`, the last chunk or the end of the compressed stream: half a feed must never
/// be taken for a short one.
pub async fn read(mut response: Response, host: &str, limits: Limits) -> Result<Vec<u8>, FetchError> {
    let Limits { cap, beyond, idle } = limits;
    // The decoder takes this header away when it knows the coding.
    if let Some(coding) = headers::text(response.headers(), CONTENT_ENCODING)
        && !coding.eq_ignore_ascii_case("identity")
    {
        let why = format!("its content coding `{}` was not asked for", coding.escape_debug());
        return Err(FetchError::Decode { host: host.to_owned(), why });
    }
    let announced = response.content_length().unwrap_or_default();
    if let Beyond::Refused(set_by) = beyond
        && announced > cap as u64
    {
        return Err(FetchError::TooLarge { cap, set_by });
    }
    let mut body = Vec::new();
    loop {
        let chunk = match tokio::time::timeout(idle, response.chunk()).await {
            Ok(Ok(Some(chunk))) => chunk,
            Ok(Ok(None)) => return Ok(body),
            Ok(Err(error)) => return Err(FetchError::of_body(&error, host)),
            Err(_) => return Err(FetchError::Timeout { host: host.to_owned(), phase: Phase::Body, after: idle }),
        };
        let room = cap.saturating_sub(body.len());
        if chunk.len() > room {
            if let Beyond::Refused(set_by) = beyond {
                return Err(FetchError::TooLarge { cap, set_by });
            }
            body.extend(chunk.iter().take(room));
            return Ok(body);
        }
        body.extend_from_slice(&chunk);
    }
}
