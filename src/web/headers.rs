//! The headers of every answer: pages take their styles from the site, load nothing from elsewhere, run nothing. Tools that look
//! at a page (Lighthouse) read `robots.txt` as it would: hence `connect-src`.

use axum::{
    body::{Body, Bytes},
    http::{
        HeaderValue, Response, StatusCode,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
};

pub(super) const HTML: &str = "text/html; charset=utf-8";

/// Whether a page has a form of ours to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    None,
    /// One that only looks something up.
    Search,
    Ours,
}

const READ: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'self'",
);
const SEARCHED: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'self'",
);
/// What can be pressed is in no frame of others.
const PRESSED: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'",
);

pub(super) fn respond(status: StatusCode, content_type: &'static str, bytes: Vec<u8>, form: Form) -> Response<Body> {
    respond_shared(status, content_type, bytes.into(), form)
}

pub(super) fn respond_shared(
    status: StatusCode,
    content_type: &'static str,
    bytes: Bytes,
    form: Form,
) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    let policy = match form {
        Form::None => READ,
        Form::Search => SEARCHED,
        Form::Ours => PRESSED,
    };
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("permissions-policy", HeaderValue::from_static("camera=(), geolocation=(), microphone=()"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    response
}
