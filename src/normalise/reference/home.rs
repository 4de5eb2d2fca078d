//! The address at which the issuer of a reference shows its document.

use url::Url;

use crate::model::{Issuer, Reference};

/// Where a document stands by its reference. `None` where the form of the address is not certain: a link that leads
/// nowhere is worse than none.
pub fn home(reference: &Reference) -> Option<Url> {
    let number = reference.number.as_str();
    let address = match reference.issuer {
        Issuer::CertFr => {
            let kind = number.split('-').nth(2)?;
            let folder = FOLDERS.iter().find(|(known, _)| *known == kind)?.1;
            format!("https://www.cert.ssi.gouv.fr/{folder}/{number}/")
        }
        Issuer::JorfText => format!("https://www.legifrance.gouv.fr/jorf/id/{number}"),
        Issuer::Celex => format!("https://eur-lex.europa.eu/legal-content/FR/TXT/?uri=CELEX:{number}"),
        Issuer::Ecli if number.starts_with("ECLI:EU:") => {
            format!("https://eur-lex.europa.eu/legal-content/FR/TXT/?uri=ecli:{number}")
        }
        Issuer::Eli => {
            let kind = number.split('/').nth(1)?;
            match kind {
                "reg" | "dir" | "dec" | "reg_impl" | "reg_del" | "dir_impl" | "dir_del" | "dec_impl" | "dec_del" => {
                    format!("http://data.europa.eu/{number}")
                }
                "loi" | "decret" | "arrete" | "ordonnance" => format!("https://www.legifrance.gouv.fr/{number}"),
                _ => return None,
            }
        }
        // French courts share no address by ECLI, and a NOR leads to its text only together with its day.
        Issuer::Ecli | Issuer::Nor => return None,
    };
    Url::parse(&address).ok()
}

/// Where a CVE is described.
pub fn cve_home(cve: &str) -> Option<Url> {
    Url::parse_with_params("https://www.cve.org/CVERecord", [("id", cve)]).ok()
}

const FOLDERS: [(&str, &str); 6] =
    [("AVI", "avis"), ("ALE", "alerte"), ("ACT", "actualite"), ("CTI", "cti"), ("IOC", "ioc"), ("DUR", "dur")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_leads_home_or_nowhere() {
        for (issuer, number, expected) in [
            (Issuer::CertFr, "CERTFR-2026-AVI-0777", "https://www.cert.ssi.gouv.fr/avis/CERTFR-2026-AVI-0777/"),
            (Issuer::CertFr, "CERTFR-2023-ALE-009", "https://www.cert.ssi.gouv.fr/alerte/CERTFR-2023-ALE-009/"),
            (Issuer::CertFr, "CERTFR-2024-ACT-034", "https://www.cert.ssi.gouv.fr/actualite/CERTFR-2024-ACT-034/"),
            (Issuer::CertFr, "CERTFR-2024-CTI-001", "https://www.cert.ssi.gouv.fr/cti/CERTFR-2024-CTI-001/"),
            (Issuer::CertFr, "CERTFR-2024-RFX-005", ""),
            (Issuer::JorfText, "JORFTEXT000043173701", "https://www.legifrance.gouv.fr/jorf/id/JORFTEXT000043173701"),
            (Issuer::Celex, "32016R0679", "https://eur-lex.europa.eu/legal-content/FR/TXT/?uri=CELEX:32016R0679"),
            (
                Issuer::Ecli,
                "ECLI:EU:C:2020:559",
                "https://eur-lex.europa.eu/legal-content/FR/TXT/?uri=ecli:ECLI:EU:C:2020:559",
            ),
            (Issuer::Ecli, "ECLI:FR:CECHR:2024:472123.20240712", ""),
            (Issuer::Nor, "ARMM2621619A", ""),
            (Issuer::Eli, "eli/reg/2016/679/oj", "http://data.europa.eu/eli/reg/2016/679/oj"),
            (
                Issuer::Eli,
                "eli/decret/2023/8/29/IOMB2312345D/jo/texte",
                "https://www.legifrance.gouv.fr/eli/decret/2023/8/29/IOMB2312345D/jo/texte",
            ),
        ] {
            let found = home(&Reference { issuer, number: number.to_owned() });
            assert_eq!(found.as_ref().map_or("", Url::as_str), expected, "{number}");
        }
        assert_eq!(cve_home("CVE-2023-1").unwrap().as_str(), "https://www.cve.org/CVERecord?id=CVE-2023-1");
    }
}
