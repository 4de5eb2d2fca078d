//! Official references: a document's own, those it cites, the CVEs it names, and where each is at home.

mod cited;
mod home;

use std::collections::BTreeSet;

use unicode_normalization::char::is_combining_mark;
use url::Url;

use super::url::web_address;
use crate::model::{Issuer, Reference};

pub use cited::cited;
pub use home::{cve_home, home};

/// The official reference of the document itself.
///
/// It comes from the address (its own, or a guid that is one), else from a labelled field (« Référence : », « NOR : ») in
/// the first 800 characters of `text`, the title with the body. A reference that is merely cited is another document's; so where a label gives
/// several, it gives none.
pub fn own(url: Option<&Url>, guid: Option<&str>, text: &str) -> Option<Reference> {
    let permalink = guid.and_then(|guid| web_address(guid, &Url::parse(guid.trim()).ok()?).ok());
    let addresses = || url.into_iter().chain(permalink.as_ref());
    addresses().find_map(from_address).or_else(|| from_labels(&fold(text)))
}

/// A reference that stands alone, in any case: `certfr-2026-avi-0777`, `ARMM2621619A`.
pub fn parse(text: &str) -> Option<Reference> {
    let text = fold(text.trim());
    let of = |issuer| move |number: String| Reference { issuer, number };
    let whole = |found: Option<String>| found.filter(|found| *found == text);
    let jorf = text.strip_prefix("JORFTEXT").filter(|rest| rest.len() == 12 && digits(rest).1.is_empty());
    if cert_fr(&text).is_some_and(str::is_empty) {
        return Some(Reference { issuer: Issuer::CertFr, number: text });
    }
    if jorf.is_some() {
        return Some(Reference { issuer: Issuer::JorfText, number: text });
    }
    whole(nor(&text))
        .map(of(Issuer::Nor))
        .or_else(|| whole(ecli(&text).map(str::to_owned)).map(of(Issuer::Ecli)))
        .or_else(|| whole(celex(&text)).map(of(Issuer::Celex)))
}

/// The CVE identifiers in a text, in upper case, sorted, each once.
pub fn cves(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let mut found = BTreeSet::new();
    for at in memchr_ci(bytes, b"cve") {
        let preceded = at.checked_sub(1).and_then(|i| bytes.get(i)).is_some_and(u8::is_ascii_alphanumeric);
        // Typography puts no-break hyphens here.
        let rest = text.get(at + 3..).and_then(strip_dash).filter(|_| !preceded);
        let Some((year, rest)) = rest.map(digits) else { continue };
        let Some((number, rest)) = strip_dash(rest).map(digits) else { continue };
        let ends = !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
        if year.len() == 4 && (4..=7).contains(&number.len()) && ends {
            found.insert(format!("CVE-{year}-{number}"));
        }
    }
    found.into_iter().collect()
}

/// The CERT-FR numbers in a text, in upper case, sorted, each once: those of other documents too.
pub fn cited_cert_fr(text: &str) -> BTreeSet<String> {
    let upper = text.to_ascii_uppercase();
    let number = |at: usize| {
        let front = upper.get(..at)?;
        let found = upper.get(at..)?;
        let number = found.get(..found.len() - cert_fr(found)?.len())?;
        (!front.ends_with(|c: char| c.is_ascii_alphanumeric())).then(|| number.to_owned())
    };
    upper.match_indices("CERT").filter_map(|(at, _)| number(at)).collect()
}

fn from_address(url: &Url) -> Option<Reference> {
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    let is_of = |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|sub| sub.ends_with('.'));
    // Whole segments only: a press article may have the number of an alert in its address, among other words.
    let mut segments = url.path().split('/').map(|s| s.split('.').next().unwrap_or_default().to_ascii_uppercase());
    if let Some(number) = segments.find(|segment| cert_fr(segment).is_some_and(str::is_empty)) {
        return Some(Reference { issuer: Issuer::CertFr, number });
    }
    if is_of("legifrance.gouv.fr") {
        return at_word(&url.as_str().to_ascii_uppercase(), "JORFTEXT", |tail| {
            let number = digits(tail).0;
            (number.len() == 12).then(|| number.to_owned())
        })
        .map(|number| Reference { issuer: Issuer::JorfText, number: format!("JORFTEXT{number}") });
    }
    if is_of("europa.eu") {
        let address = url.as_str().to_ascii_uppercase().replace("%3A", ":");
        let celex = at_word(&address, "CELEX:", celex);
        return celex.map(|number| Reference { issuer: Issuer::Celex, number }).or_else(|| {
            let number = at_word(&address, "ECLI:EU:", |tail| Some(ecli(&format!("ECLI:EU:{tail}"))?.to_owned()))?;
            Some(Reference { issuer: Issuer::Ecli, number })
        });
    }
    None
}

/// Looks for labels in text that [`fold`] has prepared.
fn from_labels(text: &str) -> Option<Reference> {
    let colons: Vec<(&str, &str)> =
        text.match_indices(':').filter_map(|(at, _)| Some((text.get(..at)?.trim_end(), text.get(at + 1..)?))).collect();
    let labelled = |label: &str, read: &dyn Fn(&str) -> Option<String>| {
        let mut found = BTreeSet::new();
        for (before, value) in &colons {
            let front = before.strip_suffix(label).filter(|front| !front.ends_with(char::is_alphanumeric));
            found.extend(front.and_then(|_| read(value.trim_start())));
        }
        // Several under one label: a list of documents, none of which is this one.
        found.pop_first().filter(|_| found.is_empty())
    };
    let reference = |issuer| move |number| Reference { issuer, number };
    let number = |value: &str| Some(value.get(..value.len() - cert_fr(value)?.len())?.to_owned());
    labelled("REFERENCE", &number)
        .or_else(|| bare_label(text, number))
        .map(reference(Issuer::CertFr))
        .or_else(|| labelled("ECLI", &|value| Some(ecli(value)?.to_owned())).map(reference(Issuer::Ecli)))
        .or_else(|| labelled("CELEX", &celex).map(reference(Issuer::Celex)))
        .or_else(|| labelled("NOR", &nor).map(reference(Issuer::Nor)))
}

/// The CERT-FR number behind « Référence » without a colon, where that begins a sentence: « … Squid. Référence
/// CERTA-2010-AVI-079. Date … ».
fn bare_label(text: &str, number: impl Fn(&str) -> Option<String>) -> Option<String> {
    const LABEL: &str = "REFERENCE ";
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices(LABEL) {
        let front = text.get(..at).unwrap_or_default();
        let line = front.trim_end_matches([' ', '\t']);
        if line.is_empty() || line.ends_with(['.', ';', '\n', '|', '»', ')']) {
            found.extend(text.get(at + LABEL.len()..).and_then(|rest| number(rest.trim_start())));
        }
    }
    found.pop_first().filter(|_| found.is_empty())
}

/// The first 800 characters in upper case; of the accents, those of « référence » are taken off.
fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(1_000));
    for c in text.chars().take(800) {
        match c {
            _ if c.is_ascii() => out.push(c.to_ascii_uppercase()),
            'é' | 'É' => out.push('E'),
            _ if is_combining_mark(c) => {}
            _ => out.push(c),
        }
    }
    out
}

/// What follows `CERTFR-2026-AVI-1026` or `CERTA-2008-ALE-004` at the front of upper-case text.
fn cert_fr(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("CERTFR-").or_else(|| text.strip_prefix("CERTA-"))?;
    let (year, rest) = digits(rest);
    let rest = rest.strip_prefix('-').filter(|_| year.len() == 4)?;
    let kind = rest.get(..3).filter(|kind| KINDS.contains(kind))?;
    let (number, rest) = digits(rest.strip_prefix(kind)?.strip_prefix('-')?);
    (3..=4).contains(&number.len()).then_some(rest)
}

const KINDS: [&str; 9] = ["AVI", "ALE", "ACT", "IOC", "CTI", "REC", "INF", "DUR", "RFX"];

/// `ARMM2621619A`: four letters, seven digits, one letter.
fn nor(text: &str) -> Option<String> {
    let number = text.get(..12)?;
    let bytes = number.as_bytes();
    let (head, tail) = bytes.split_at_checked(4)?;
    let (middle, last) = tail.split_at_checked(7)?;
    let fits = head.iter().all(u8::is_ascii_uppercase)
        && middle.iter().all(u8::is_ascii_digit)
        && last.iter().all(u8::is_ascii_uppercase);
    let ends = !text.get(12..).unwrap_or_default().starts_with(char::is_alphanumeric);
    (fits && ends).then(|| number.to_owned())
}

/// `ECLI:FR:CECHR:2024:472123.20240712` (Council conclusions 2011/C 127/01): country, court, year, ordinal.
fn ecli(text: &str) -> Option<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == ':';
    let number = text.split(|c| !is_part(c)).next()?.trim_end_matches(['.', ':']);
    let parts: Vec<&str> = number.split(':').collect();
    let [label, country, court, year, ordinal] = parts.as_slice() else { return None };
    let fits = *label == "ECLI"
        && country.len() == 2
        && (1..=7).contains(&court.len())
        && year.len() == 4
        && year.bytes().all(|b| b.is_ascii_digit())
        && (1..=25).contains(&ordinal.len());
    fits.then_some(number)
}

/// `32016R0679`: sector, year, type, number; with the suffix of a corrigendum, `32016R0679R(02)`.
fn celex(text: &str) -> Option<String> {
    let number = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '(' && c != ')').next()?;
    let (sector, rest) = number.split_at_checked(1)?;
    let (year, rest) = digits(rest);
    let letters = rest.bytes().take_while(u8::is_ascii_uppercase).count();
    let (serial, suffix) = digits(rest.get(letters..)?);
    let fits = (sector.bytes().all(|b| b.is_ascii_digit()) || matches!(sector, "C" | "E"))
        && year.len() == 4
        && (1..=2).contains(&letters)
        && serial.len() == 4
        && (suffix.is_empty() || suffix.starts_with('(') || suffix.starts_with("R("));
    fits.then(|| number.to_owned())
}

/// Reads after the first occurrence of `word` at which `read` finds something.
fn at_word(text: &str, word: &str, read: impl Fn(&str) -> Option<String>) -> Option<String> {
    text.match_indices(word).find_map(|(at, _)| read(text.get(at + word.len()..)?))
}

fn digits(text: &str) -> (&str, &str) {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at_checked(length).unwrap_or(("", text))
}

fn strip_dash(text: &str) -> Option<&str> {
    text.strip_prefix(['-', '\u{2010}', '\u{2011}', '\u{2013}'])
}

fn memchr_ci<'b>(bytes: &'b [u8], word: &'b [u8; 3]) -> impl Iterator<Item = usize> + 'b {
    bytes.windows(3).enumerate().filter(|(_, window)| window.eq_ignore_ascii_case(word)).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(url: &str, guid: &str, text: &str) -> Option<String> {
        let url = Url::parse(url).ok();
        own(url.as_ref(), Some(guid).filter(|g| !g.is_empty()), text).map(|r| r.number)
    }

    #[test]
    fn a_document_has_its_own_reference() {
        for (url, guid, text, expected) in [
            ("https://www.cert.ssi.gouv.fr/avis/CERTFR-2026-AVI-0777/", "", "", "CERTFR-2026-AVI-0777"),
            ("http://www.certa.ssi.gouv.fr/site/certa-2002-avi-162.pdf", "", "", "CERTA-2002-AVI-162"),
            ("https://www.cert.ssi.gouv.fr/fiche/CERTFR-2024-RFX-005", "", "", "CERTFR-2024-RFX-005"),
            ("https://relais.fr/a", "", "Alerte\nRéférence : CERTFR-2026-ALE-005\n", "CERTFR-2026-ALE-005"),
            ("https://relais.fr/a", "", "Objet : Xen. Référence CERTFR-2026-AVI-0005. Date", "CERTFR-2026-AVI-0005"),
            ("https://www.legifrance.gouv.fr/jorf/id/JORFTEXT000043173701?x=1", "", "", "JORFTEXT000043173701"),
            ("", "https://www.legifrance.gouv.fr/jorf/id/JORFTEXT000043173701", "", "JORFTEXT000043173701"),
            ("https://www.idcite.com/x", "", "JORF n°0075 du 29 mars - NOR: ARCR1705918A", "ARCR1705918A"),
            ("https://eur-lex.europa.eu/legal-content/FR/TXT/?uri=CELEX%3A32016R0679", "", "", "32016R0679"),
            (
                "https://eur-lex.europa.eu/legal-content/FR/TXT/?uri=ecli:ECLI%3AEU%3AC%3A2020%3A559",
                "",
                "",
                "ECLI:EU:C:2020:559",
            ),
            (
                "https://www.conseil-etat.fr/x",
                "",
                "N° 472123\nECLI : ECLI:FR:CECHR:2024:472123.20240712.",
                "ECLI:FR:CECHR:2024:472123.20240712",
            ),
        ] {
            assert_eq!(number(url, guid, text).as_deref(), Some(expected), "{url}");
        }
    }

    #[test]
    fn a_reference_that_stands_alone_is_known_by_its_form() {
        for (text, issuer) in [
            (" certfr-2026-avi-0777\n", Issuer::CertFr),
            ("JORFTEXT000054708438", Issuer::JorfText),
            ("ARMM2621619A", Issuer::Nor),
            ("ECLI:FR:CECHR:2024:472123.20240712", Issuer::Ecli),
            ("32016R0679", Issuer::Celex),
        ] {
            let found = parse(text).unwrap();
            assert_eq!((found.issuer, found.number), (issuer, text.trim().to_uppercase()));
        }
        for text in ["", "CERTFR-2026-AVI-0777 et suivants", "JORFTEXT0000", "S1234", "NOR : ARMM2621619A", "é"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_reference_that_is_cited_is_not_taken() {
        let far = format!("{} Référence : CERTFR-2026-ALE-005", "mot ".repeat(200));
        for (url, guid, text) in [
            ("https://presse.fr/certfr-2026-ale-005-une-faille-critique", "", "L'avis CERTFR-2026-ALE-005 signale"),
            ("https://presse.fr/x", "", "voir CERTFR-2026-ALE-005, sous la référence CERTFR-2026-ALE-006"),
            ("https://presse.fr/x", "", "Référence : CERTFR-2026-ALE-005\nRéférence : CERTFR-2026-ALE-006"),
            ("https://presse.fr/JORFTEXT000043173701", "", "JORFTEXT000043173701, arrêté ARMM2621619A"),
            ("https://presse.fr/x", "", "NOR : ARMM2621619A ; NOR : ARMM2621620A"),
            ("https://presse.fr/x", "certfr", far.as_str()),
            ("https://presse.fr/x", "", "CE, 12 juillet 2024, ECLI:FR:CECHR:2024:472123.20240712"),
            ("https://presse.fr/x", "", "MINOR : ARMM2621619A"),
            ("https://presse.fr/x", "", "publié sous la référence CERTFR-2026-ALE-006"),
            ("https://presse.fr/x", "", "Un. Référence CERTFR-2026-ALE-005. Référence CERTFR-2026-ALE-006."),
        ] {
            assert_eq!(number(url, guid, text), None, "{url} {text}");
        }
    }

    #[test]
    fn cves_are_found_once_and_sorted() {
        let text = "cve-2026-12345, CVE\u{2011}2024\u{2011}0001 (CVE-2026-12345) xCVE-2024-0002 CVE-2024-123 CVE-2024-12345678 CVE-20";
        assert_eq!(cves(text), ["CVE-2024-0001", "CVE-2026-12345"]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_accepted(text in "(\\PC|CVE-|Référence : |NOR: |CELEX:|ECLI: ECLI:|[0-9A-Z:]{1,12}){0,12}") {
            cves(&text);
            parse(&text);
            own(Url::parse(&format!("https://eur-lex.europa.eu/{text}")).ok().as_ref(), Some(&text), &text);
        }
    }
}
