//! Octets to text, whatever they were said to be.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Where a page states its own encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// In the XML declaration.
    Xml,
    /// In a `meta` element.
    Html,
    /// Nowhere: UTF-8 (RFC 8259 8.1).
    Json,
    /// Nowhere, as in CSV.
    Text,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Without byte order mark.
    pub text: String,
    /// The name of the encoding that was read, as the WHATWG Encoding Standard writes it.
    pub encoding: &'static str,
    /// Whether some octets did not belong to that encoding and had to be guessed at or replaced.
    pub mended: bool,
}

/// Whether a label, such as `iso-8859-1`, names an encoding that can be read (WHATWG Encoding Standard 4.2).
pub fn is_known(label: &str) -> bool {
    Encoding::for_label(label.as_bytes()).is_some()
}

/// Reads octets as text: byte order mark, else the pattern of UTF-16, else UTF-8 when it is valid, whatever is declared;
/// else what HTTP and then the page declare, if that fits; else UTF-8 with windows-1252 inside (two encodings in one
/// page); else detection, with a bias to French.
pub fn decode(bytes: &[u8], content_type: Option<&str>, syntax: Syntax) -> Decoded {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return forced(encoding, bytes.get(length..).unwrap_or_default());
    }
    match bytes {
        [0, b'<' | b'{', 0, ..] | [0, b'<', _, _, ..] => return forced(UTF_16BE, bytes),
        [b'<' | b'{', 0, ..] => return forced(UTF_16LE, bytes),
        _ => {}
    }
    // Escape sequences make ISO-2022-JP valid UTF-8 too: the one encoding for which the declaration comes first.
    let declared = [content_type.and_then(http_charset), page_charset(bytes, syntax)];
    let shifts = bytes.contains(&0x1b);
    if let Ok(text) = std::str::from_utf8(bytes)
        && !(shifts && declared.iter().flatten().any(|e| !e.is_ascii_compatible()))
    {
        return Decoded { text: text.to_owned(), encoding: UTF_8.name(), mended: false };
    }
    for encoding in declared.into_iter().flatten().filter(|e| *e != UTF_8 && *e != UTF_16LE && *e != UTF_16BE) {
        if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes)
            && !mostly_utf8(bytes)
        {
            return Decoded { text: text.into_owned(), encoding: encoding.name(), mended: false };
        }
    }
    if mostly_utf8(bytes) {
        return Decoded { text: patched_utf8(bytes), encoding: UTF_8.name(), mended: true };
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let encoding = detector.guess(Some(b"fr"), Utf8Detection::Deny);
    let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
    Decoded { text: text.into_owned(), encoding: encoding.name(), mended: had_errors }
}

fn forced(encoding: &'static Encoding, bytes: &[u8]) -> Decoded {
    let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
    Decoded { text: text.into_owned(), encoding: encoding.name(), mended: had_errors }
}

/// Whether more characters are whole UTF-8 sequences than octets are stray: one broken character must not turn every
/// accent of a page into two signs.
fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut whole, mut stray) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        // Each character of more than one octet has exactly one octet of 0xC0 or above.
        whole += chunk.valid().bytes().filter(|b| *b >= 0xc0).count();
        stray += chunk.invalid().len();
    }
    whole > stray
}

/// UTF-8 whose stray octets are read as windows-1252. A sequence cut off at the very end is dropped.
fn patched_utf8(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        out.push_str(chunk.valid());
        if chunks.peek().is_some() || chunk.invalid().first().is_some_and(|lead| *lead < 0xc2) {
            out.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
        }
    }
    out
}

/// The `charset` parameter of a `Content-Type`.
fn http_charset(content_type: &str) -> Option<&'static Encoding> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| label(value))?
    })
}

fn page_charset(bytes: &[u8], syntax: Syntax) -> Option<&'static Encoding> {
    match syntax {
        Syntax::Json | Syntax::Text => None,
        Syntax::Xml => {
            let start = bytes.trim_ascii_start();
            let declaration = start.strip_prefix(b"<?xml")?.get(..).map(|rest| &rest[..rest.len().min(1024)])?;
            let end = declaration.iter().position(|b| *b == b'>').unwrap_or(declaration.len());
            after(declaration.get(..end)?, b"encoding")
        }
        // The standard looks at 1,024 octets; real pages state it later.
        Syntax::Html => {
            let head = bytes.get(..bytes.len().min(HEAD)).unwrap_or_default();
            let end = find(head, b"<body").unwrap_or(head.len());
            after(head.get(..end)?, b"charset")
        }
    }
}

/// How far into a page its head may reach, in octets.
const HEAD: usize = 64 * 1024;

/// The encoding named after the first `name =` that names one.
fn after(bytes: &[u8], name: &[u8]) -> Option<&'static Encoding> {
    let mut rest = bytes;
    while let Some(at) = find(rest, name) {
        rest = rest.get(at + name.len()..)?;
        let value = rest.trim_ascii_start().strip_prefix(b"=").map(<[u8]>::trim_ascii_start);
        if let Some(value) = value {
            let value = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
            let end = value.iter().position(|b| b"\"'>; \t\r\n/?".contains(b)).unwrap_or(value.len());
            let named = value.get(..end.min(40)).and_then(|v| std::str::from_utf8(v).ok()).and_then(label);
            if named.is_some() {
                return named;
            }
        }
    }
    None
}

fn label(text: &str) -> Option<&'static Encoding> {
    Encoding::for_label_no_replacement(text.trim().trim_matches(['"', '\'']).as_bytes())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf_16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn text_is_read_whatever_is_declared() {
        let xml = "<?xml version='1.0' encoding='iso-8859-1'?><a>été à l’œuvre</a>";
        let latin = WINDOWS_1252.encode(xml).0.into_owned();
        let undeclared = WINDOWS_1252.encode("<a>Les élus ont débuté l’été à Besançon</a>").0.into_owned();
        for (bytes, content_type, encoding, part) in [
            (xml.as_bytes().to_vec(), None, "UTF-8", "été à l’œuvre"),
            (latin.clone(), None, "windows-1252", "été à l’œuvre"),
            (latin, Some("text/xml; charset=utf-8"), "windows-1252", "été"),
            (undeclared.clone(), Some("text/xml; charset=\"ISO-8859-1\""), "windows-1252", "l’été à Besançon"),
            (undeclared.clone(), Some("text/xml; charset=nonsense"), "windows-1252", "débuté"),
            (undeclared, None, "windows-1252", "débuté"),
            ([b"\xef\xbb\xbf".as_slice(), "<a>é".as_bytes()].concat(), None, "UTF-8", "<a>é"),
            (utf_16("\u{feff}<a>é", u16::to_be_bytes), None, "UTF-16BE", "<a>é"),
            (utf_16("<a>é", u16::to_be_bytes), None, "UTF-16BE", "<a>é"),
            (utf_16("<a>é", u16::to_le_bytes), Some("text/xml; charset=utf-8"), "UTF-16LE", "<a>é"),
        ] {
            let decoded = decode(&bytes, content_type, Syntax::Xml);
            assert!(decoded.text.contains(part), "{decoded:?}");
            assert_eq!((decoded.encoding, decoded.mended), (encoding, false), "{}", decoded.text);
            assert!(!decoded.text.starts_with('\u{feff}'));
        }
    }

    #[test]
    fn of_two_statements_the_outer_one_counts() {
        let (central, western) = (encoding_rs::WINDOWS_1250, WINDOWS_1252);
        for (text, written_in, http, syntax) in [
            ("<meta charset=windows-1252><p>\u{171}", central, Some("windows-1250"), Syntax::Html),
            ("<meta charset=windows-1250><p>\u{171}", central, None, Syntax::Html),
            ("<meta charset=windows-1250><p>\u{171}", central, Some("nonsense"), Syntax::Html),
            ("<?xml version='1.0' encoding='windows-1252'?><a>\u{171}", central, Some("windows-1250"), Syntax::Xml),
            ("<?xml version='1.0' encoding='windows-1250'?><a>\u{171}", central, None, Syntax::Xml),
            ("Numéro;Thème", western, Some("iso-8859-1"), Syntax::Text),
            // What is valid UTF-8 is UTF-8, whatever is stated.
            ("Numéro;Thème", UTF_8, Some("iso-8859-1"), Syntax::Text),
        ] {
            let http = http.map(|charset| format!("text/html; charset={charset}"));
            let decoded = decode(&written_in.encode(text).0, http.as_deref(), syntax);
            assert_eq!((decoded.text.as_str(), decoded.mended), (text, false));
        }
        // A byte order mark is certain.
        let marked = [b"\xef\xbb\xbf".as_slice(), "<meta charset=windows-1252>é".as_bytes()].concat();
        assert!(decode(&marked, Some("text/html; charset=windows-1252"), Syntax::Html).text.ends_with('é'));
    }

    #[test]
    fn a_meta_element_is_found_late_in_the_head() {
        let page = format!("<html><head>{}<meta charset=windows-1250></head><body>Ł", "<script></script>".repeat(100));
        let bytes = encoding_rs::WINDOWS_1250.encode(&page).0.into_owned();
        let decoded = decode(&bytes, Some("text/html"), Syntax::Html);
        assert_eq!((decoded.encoding, decoded.text.chars().last()), ("windows-1250", Some('Ł')));
    }

    #[test]
    fn two_encodings_in_one_page_are_both_read() {
        let mut bytes = "<p>déjà publié à l’été</p><p>".as_bytes().to_vec();
        bytes.extend(b"d\xe9but</p>");
        let decoded = decode(&bytes, Some("text/html; charset=iso-8859-1"), Syntax::Html);
        assert!(decoded.mended && decoded.text.ends_with("été</p><p>début</p>"), "{decoded:?}");
    }

    #[test]
    fn a_character_cut_by_the_size_cap_is_dropped() {
        let bytes = "déjà été".as_bytes();
        assert_eq!(decode(&bytes[..bytes.len() - 1], None, Syntax::Html).text, "déjà ét");
    }

    proptest::proptest! {
        #[test]
        fn any_octets_are_accepted(bytes in proptest::collection::vec(0u8.., 0..60), label in "\\PC{0,20}") {
            for syntax in [Syntax::Xml, Syntax::Html, Syntax::Json, Syntax::Text] {
                decode(&bytes, Some(&format!("text/xml; charset={label}")), syntax);
                decode(&[b"<?xml encoding='".as_slice(), &bytes].concat(), None, syntax);
            }
        }
    }
}
