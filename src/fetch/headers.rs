//! What an answer says beside its body: how long it stays fresh, when to come back, what tells it from the next.

use std::time::Duration;

use jiff::{
    Timestamp,
    fmt::{rfc2822::DateTimeParser, strtime},
    tz::TimeZone,
};
use reqwest::header::{
    AGE, CACHE_CONTROL, DATE, ETAG, EXPIRES, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED, RETRY_AFTER,
};

use crate::model::Validators;

/// No promise of a server is believed beyond this, and no demand obeyed: 31 days.
pub const LONGEST: Duration = Duration::from_secs(31 * 24 * 3600);

/// The headers that make a request conditional (RFC 9110 13.1), verbatim. A validator that cannot stand in a header is
/// left out: the page is then fetched whole.
pub fn conditions(validators: &Validators) -> HeaderMap {
    let value = |text: &Option<String>| {
        let text = text.as_deref().filter(|text| !text.is_empty())?;
        HeaderValue::from_bytes(text.as_bytes()).ok()
    };
    let mut headers = HeaderMap::new();
    if let Some(etag) = value(&validators.etag) {
        headers.insert(IF_NONE_MATCH, etag);
    }
    if let Some(date) = value(&validators.last_modified) {
        headers.insert(IF_MODIFIED_SINCE, date);
    }
    headers
}

/// The validators of an answer, as received.
pub fn validators(headers: &HeaderMap) -> Validators {
    Validators { etag: text(headers, ETAG), last_modified: text(headers, LAST_MODIFIED) }
}

/// How long the answer says that it stays good: `max-age` less `Age`, else `Expires` less `Date` (RFC 9111 4.2.1), at
/// most [`LONGEST`]. `None` when it says nothing, or that it may not be reused.
pub fn freshness(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let directives = text(headers, CACHE_CONTROL).unwrap_or_default().to_ascii_lowercase();
    let mut directives = directives.split(',').map(str::trim);
    if directives.clone().any(|directive| matches!(directive, "no-cache" | "no-store")) {
        return None;
    }
    let age = directives.find_map(|directive| seconds(directive.strip_prefix("max-age=")?.trim_matches('"')));
    let left = match age {
        Some(age) => {
            let spent = text(headers, AGE).and_then(|text| seconds(&text)).unwrap_or_default();
            age.saturating_sub(spent)
        }
        None => until(http_date(&text(headers, EXPIRES)?)?, headers, now),
    };
    Some(left.min(LONGEST)).filter(|left| !left.is_zero())
}

/// How long to stay away (RFC 9110 10.2.3): seconds, or a date, which is compared with the server's own `Date` when it
/// gives one, for its clock may not be ours. At most [`LONGEST`].
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = text(headers, RETRY_AFTER)?;
    let wait = match seconds(&text) {
        Some(wait) => wait,
        None => until(http_date(&text)?, headers, now),
    };
    Some(wait.min(LONGEST))
}

/// A header as text, trimmed; octets that are not UTF-8 are replaced.
pub fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).trim().to_owned()).filter(|text| !text.is_empty())
}

/// A date in one of the three forms of RFC 9110 5.6.7.
pub fn http_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    // Servers that get the day of the week wrong still mean the date.
    if let Ok(date) = DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text) {
        return Some(date);
    }
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"].into_iter().find_map(|form| {
        let date = strtime::parse(form, text).ok()?.to_datetime().ok()?;
        TimeZone::UTC.to_timestamp(date).ok()
    })
}

fn until(date: Timestamp, headers: &HeaderMap, now: Timestamp) -> Duration {
    let from = text(headers, DATE).and_then(|text| http_date(&text)).unwrap_or(now);
    Duration::try_from(date.duration_since(from)).unwrap_or_default()
}

/// Digits only: `+5`, `-1` and `1.5` are not what RFC 9110 calls seconds. More than fits is as much as fits.
fn seconds(text: &str) -> Option<Duration> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Duration::from_secs(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    fn now() -> Timestamp {
        "1994-11-06T08:49:37Z".parse().unwrap()
    }

    #[test]
    fn the_three_forms_of_an_http_date_are_one_instant() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(http_date(text), Some(now()), "{text}");
        }
        assert_eq!(http_date("dimanche"), None);
    }

    #[test]
    fn retry_after_in_both_forms() {
        for (value, expected) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("Sun, 06 Nov 1994 09:49:37 GMT", Some(3600)),
            ("Sun, 06 Nov 1994 07:49:37 GMT", Some(0)),
            ("99999999999999999999", Some(LONGEST.as_secs())),
            ("Sun, 06 Nov 2094 09:49:37 GMT", Some(LONGEST.as_secs())),
            ("-5", None),
            ("bientôt", None),
        ] {
            let mut map = HeaderMap::new();
            map.insert(RETRY_AFTER, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            assert_eq!(retry_after(&map, now()), expected.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn a_server_whose_clock_is_wrong_is_still_obeyed() {
        let map = headers(&[(RETRY_AFTER, "Sat, 01 Jan 2000 00:10:00 GMT"), (DATE, "Sat, 01 Jan 2000 00:00:00 GMT")]);
        assert_eq!(retry_after(&map, now()), Some(Duration::from_secs(600)));
    }

    #[test]
    fn freshness_is_what_is_left_of_it() {
        for (lines, expected) in [
            (&[(CACHE_CONTROL, "public, max-age=3600")][..], Some(3600)),
            (&[(CACHE_CONTROL, "Max-Age=\"60\"")], Some(60)),
            (&[(CACHE_CONTROL, "max-age=3600"), (AGE, "600")], Some(3000)),
            (&[(CACHE_CONTROL, "max-age=3600"), (EXPIRES, "0")], Some(3600)),
            (&[(CACHE_CONTROL, "no-cache, max-age=3600")], None),
            (&[(CACHE_CONTROL, "max-age=0")], None),
            (&[(CACHE_CONTROL, "max-age=999999999999999999999")], Some(LONGEST.as_secs())),
            (&[(EXPIRES, "Sun, 06 Nov 1994 09:49:37 GMT")], Some(3600)),
            (&[(EXPIRES, "0")], None),
            (&[(EXPIRES, "Sun, 06 Nov 1994 08:49:37 GMT"), (DATE, "Sun, 06 Nov 1994 08:39:37 GMT")], Some(600)),
            (&[], None),
        ] {
            assert_eq!(freshness(&headers(lines), now()), expected.map(Duration::from_secs), "{lines:?}");
        }
    }

    #[test]
    fn validators_go_back_as_they_came() {
        let sent = Validators { etag: Some("W/\"é1\"".into()), last_modified: Some("hier, vers midi".into()) };
        let back = conditions(&sent);
        assert_eq!(back[IF_NONE_MATCH].as_bytes(), "W/\"é1\"".as_bytes());
        assert_eq!(back[IF_MODIFIED_SINCE].as_bytes(), b"hier, vers midi");
        let broken = Validators { etag: Some("\"a\r\nX-Evil: 1\"".into()), last_modified: Some(String::new()) };
        assert!(conditions(&broken).is_empty());
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(value: Vec<u8>) {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                let map: HeaderMap =
                    [RETRY_AFTER, EXPIRES, CACHE_CONTROL, DATE, AGE].into_iter().map(|n| (n, value.clone())).collect();
                freshness(&map, now());
                retry_after(&map, now());
            }
        }
    }
}
