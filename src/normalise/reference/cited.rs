//! The references that a text names, its own among them.

use std::collections::BTreeSet;

use super::{at_word, celex, cert_fr, digits, ecli, nor};
use crate::model::{Issuer, Reference};

/// A list of more is an index, not a text that cites.
const MOST: usize = 50;
/// No reference or address that holds one is longer, in octets.
const LONGEST_WORD: usize = 400;

/// The official references in a text, in the order in which they first stand there, each once.
pub fn cited(text: &str) -> Vec<Reference> {
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    let parts = |c: char| c.is_whitespace() || ",;«»\"'’<>[]{}|".contains(c);
    for word in text.split(parts).filter(|word| (11..=LONGEST_WORD).contains(&word.len())) {
        // A reference has a digit, and most words have none.
        if !word.bytes().any(|b| b.is_ascii_digit()) {
            continue;
        }
        if let Some(reference) = in_word(word)
            && seen.insert(reference.clone())
        {
            out.push(reference);
            if out.len() == MOST {
                break;
            }
        }
    }
    out
}

fn in_word(word: &str) -> Option<Reference> {
    let of = |issuer| move |number| Reference { issuer, number };
    let upper: String = word
        .chars()
        .map(|c| if matches!(c, '\u{2010}' | '\u{2011}' | '\u{2013}') { '-' } else { c.to_ascii_uppercase() })
        .collect::<String>()
        .replace("%3A", ":");
    let certified = |prefix: &str| {
        at_word(&upper, prefix, |tail| {
            let whole = format!("{prefix}{tail}");
            let rest = cert_fr(&whole)?.len();
            whole.get(..whole.len() - rest).map(str::to_owned)
        })
    };
    let jorf = || {
        at_word(&upper, "JORFTEXT", |tail| {
            let number = digits(tail).0;
            (number.len() == 12).then(|| format!("JORFTEXT{number}"))
        })
    };
    // In brackets, or after its label without a space.
    let bare = upper.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let last = bare.rsplit([':', '(']).next().unwrap_or_default();
    certified("CERTFR-")
        .or_else(|| certified("CERTA-"))
        .map(of(Issuer::CertFr))
        .or_else(|| jorf().map(of(Issuer::JorfText)))
        .or_else(|| eli(word).map(of(Issuer::Eli)))
        .or_else(|| {
            at_word(&upper, "ECLI:", |tail| {
                let whole = format!("ECLI:{tail}");
                ecli(&whole).map(str::to_owned)
            })
            .map(of(Issuer::Ecli))
        })
        .or_else(|| nor(last).filter(|number| *number == last).map(of(Issuer::Nor)))
        .or_else(|| celex(last).filter(|number| *number == last && is_of_eu_law(number)).map(of(Issuer::Celex)))
}

/// Sectors 3 (legislation) and 6 (case law), and a year in which there was any: other numbers look alike.
fn is_of_eu_law(celex: &str) -> bool {
    let year: u32 = celex.get(1..5).and_then(|year| year.parse().ok()).unwrap_or(0);
    (celex.starts_with('3') || celex.starts_with('6')) && (1951..2100).contains(&year)
}

/// `http://data.europa.eu/eli/reg/2016/679/oj`: from `eli/` on.
fn eli(word: &str) -> Option<String> {
    let at = word.find("/eli/").map(|at| at + 1).or_else(|| word.starts_with("eli/").then_some(0))?;
    let path = word.get(at..)?.split(['?', '#', ')']).next()?.trim_end_matches(['.', ':', '/']);
    let parts: Vec<&str> = path.split('/').collect();
    let fits = (4..=9).contains(&parts.len())
        && parts.iter().all(|part| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        })
        && parts.get(2).is_some_and(|year| year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()));
    fits.then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_where_they_stand() {
        for (text, expected) in [
            ("décrite dans l'avis CERTFR-2023-AVI-9005, est exploitée", "CERTFR-2023-AVI-9005"),
            ("voir https://www.cert.ssi.gouv.fr/alerte/certfr\u{2011}2023-ale-009/.", "CERTFR-2023-ALE-009"),
            ("l’arrêté (NOR : ARMM2621619A) du", "ARMM2621619A"),
            ("NOR:ARMM2621619A.", "ARMM2621619A"),
            ("https://www.legifrance.gouv.fr/jorf/id/JORFTEXT000043173701", "JORFTEXT000043173701"),
            ("CE, 12 juillet 2024, ECLI:FR:CECHR:2024:472123.20240712.", "ECLI:FR:CECHR:2024:472123.20240712"),
            ("le règlement (CELEX 32016R0679)", "32016R0679"),
            ("https://eur-lex.europa.eu/legal-content/FR/TXT/?uri=CELEX%3A32016R0679", "32016R0679"),
            ("http://data.europa.eu/eli/reg/2016/679/oj", "eli/reg/2016/679/oj"),
            (
                "https://www.legifrance.gouv.fr/eli/decret/2023/8/29/IOMB2312345D/jo/texte",
                "eli/decret/2023/8/29/IOMB2312345D/jo/texte",
            ),
            ("CVE-2023-99020 et le numéro 12345678901 et CERTFR-2023", ""),
            ("SIRET 21340172A01234, dossier 92016R0679, réf. ABCD12345678", ""),
        ] {
            let found: Vec<String> = cited(text).into_iter().map(|r| r.number).collect();
            assert_eq!(found.join(" "), expected, "{text}");
        }
        let twice = cited("CERTFR-2023-AVI-0002 CERTFR-2023-AVI-0001 certfr-2023-avi-0002");
        assert_eq!(
            twice.iter().map(|r| r.number.as_str()).collect::<Vec<_>>(),
            ["CERTFR-2023-AVI-0002", "CERTFR-2023-AVI-0001"]
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_accepted(text in "(\\PC|CERTFR-2023-|/eli/|ECLI:|CELEX:|JORFTEXT|[0-9A-Z:]{1,14}| ){0,20}") {
            for reference in cited(&text) {
                proptest::prop_assert!(!reference.number.is_empty());
                super::super::home(&reference);
            }
        }
    }
}
