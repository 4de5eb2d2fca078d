//! Percent-encoding (RFC 3986 2.1), to read an address and not to follow it.

/// An address as it reads: `%20` is a space. What is no UTF-8 once decoded is replaced by U+FFFD.
pub(super) fn decode(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match code
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
        {
            Some(octet) => {
                octets.push(octet);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                octets.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn an_address_reads_as_it_is_meant() {
        for (encoded, expected) in [
            ("CP%20TELEGRAM%20.pdf", "CP TELEGRAM .pdf"),
            ("%C3%A0 d%27appel", "à d'appel"),
            ("100%", "100%"),
            ("%2", "%2"),
            ("%zz%+1", "%zz%+1"),
            ("%e9", "\u{fffd}"),
        ] {
            assert_eq!(decode(encoded), expected);
        }
    }
}
