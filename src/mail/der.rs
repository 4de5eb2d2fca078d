//! As much of DER (X.690) as keys and certificates are looked into for. Pure.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub tag: u8,
    pub content: &'a [u8],
}

const SEQUENCE: u8 = 0x30;

/// What a SEQUENCE holds; `None` when it is none, or is cut off.
pub(super) fn children(der: &[u8]) -> Option<Vec<Element<'_>>> {
    let (whole, _) = element(der)?;
    (whole.tag == SEQUENCE).then_some(())?;
    inside(whole.content)
}

/// Until when a certificate (RFC 5280 4.1) is valid, and from when.
pub(super) fn validity(certificate: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let parts = children(certificate)?;
    let fields = inside(parts.first()?.content)?;
    // A version in [0] may stand first; serial number, algorithm and issuer always do.
    let version = usize::from(fields.first()?.tag == 0xa0);
    let dates = inside(fields.get(version + 3)?.content)?;
    let [from, until] = dates[..] else { return None };
    Some((time(from)?, time(until)?))
}

fn inside(mut content: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut found = Vec::new();
    while !content.is_empty() {
        let (child, rest) = element(content)?;
        found.push(child);
        content = rest;
    }
    Some(found)
}

fn element(der: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (octets.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((Element { tag, content }, rest))
}

/// UTCTime `yymmddhhmmssZ`, which ends in 2049, or GeneralizedTime `yyyymmddhhmmssZ` (RFC 5280 4.1.2.5).
fn time(element: Element<'_>) -> Option<Timestamp> {
    let text = std::str::from_utf8(element.content).ok()?.strip_suffix('Z')?;
    let text = match element.tag {
        0x17 if text < "50" => format!("20{text}"),
        0x17 => format!("19{text}"),
        _ => text.to_owned(),
    };
    let at = DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_read_in_both_forms() {
        let read = |tag, text: &str| time(Element { tag, content: text.as_bytes() }).map(|at| at.to_string());
        assert_eq!(read(0x17, "240131000000Z").as_deref(), Some("2024-01-31T00:00:00Z"));
        assert_eq!(read(0x17, "991231235959Z").as_deref(), Some("1999-12-31T23:59:59Z"));
        assert_eq!(read(0x18, "21261102082454Z").as_deref(), Some("2126-11-02T08:24:54Z"));
        for wrong in ["240131000000", "24013100Z", "249931000000Z", "Z"] {
            assert_eq!(read(0x17, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_length_that_goes_too_far_is_no_element() {
        assert_eq!(children(&[0x30, 3, 2, 1, 7]).map(|parts| parts.len()), Some(1));
        for wrong in [&[0x30, 4, 2, 1, 7][..], &[0x30, 0x85, 0, 0, 0, 0, 1], &[0x30, 0x81], &[0x31, 0], &[]] {
            assert_eq!(children(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_certificate_makes_it_panic(der in prop::collection::vec(prop_oneof![0_u8..6, 0x30..0x32_u8, 0x80..0x86_u8, 0xa0..0xa1_u8], 0..60)) {
            let _ = validity(&der);
        }
    }
}
