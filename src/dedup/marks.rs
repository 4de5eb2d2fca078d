//! Reads the marks of a document: identifiers, versions, dates, the words of its title.

use std::collections::BTreeSet;

use super::{
    fingerprint::each_token,
    likeness::Marks,
    passages::{Passages, hash},
};
use crate::{
    model::{Draft, Nature},
    normalise::reference,
};

/// Of how many words a text is read.
const MOST_WORDS: usize = 40_000;
/// Of each sort of marks.
const MOST_MARKS: usize = 1_000;
/// A longer word is an address or worse.
const LONGEST: usize = 60;

/// The marks and the passages of a title with its text, without the address.
pub(super) fn read(draft: &Draft, nature: Nature, text: &str) -> (Marks, Passages) {
    let mut words = Vec::with_capacity(text.len() / 6);
    let mut marks = Marks {
        reference: draft.reference.as_ref().map(|reference| reference.number.clone()),
        cves: reference::cves(text).into_iter().take(MOST_MARKS).collect(),
        ..Marks::default()
    };
    let mut dates = FirstDate::default();
    each_token(text, |token| {
        if words.len() >= MOST_WORDS {
            return;
        }
        words.push(hash("word", token));
        if marks.first_date.is_none() {
            marks.first_date = dates.take(token);
        }
        let digits = token.bytes().any(|byte| byte.is_ascii_digit());
        if !digits || token.len() > LONGEST {
            return;
        }
        if let Some(version) = version(token).filter(|_| marks.versions.len() < MOST_MARKS) {
            marks.versions.insert(version.to_owned());
        }
        if is_bulletin(token) && marks.bulletins.len() < MOST_MARKS {
            marks.bulletins.insert(token.to_owned());
        }
    });
    each_token(&draft.title, |token| {
        marks.title.insert(token.to_owned());
    });
    marks.advisory = nature == Nature::Avis || is_advisory(&draft.title);
    let is_official =
        matches!(nature, Nature::Jorf | Nature::Juris | Nature::Rm | Nature::Parl | Nature::Circ | Nature::Ue);
    marks.act = is_official || draft.reference.is_some() || is_act(&draft.title);
    (marks, Passages::of(&words))
}

impl Marks {
    /// The words of the title that name the product.
    pub(super) fn product(&self) -> BTreeSet<String> {
        self.title.iter().filter(|word| !GENERIC.contains(&word.as_str())).cloned().collect()
    }
}

/// Whether a title is that of a security advisory.
pub(super) fn is_advisory(title: &str) -> bool {
    let mut found = false;
    each_token(title, |word| {
        // « Vulnerability » too.
        found |= ["vulnerabilit", "faille", "correctif"].iter().any(|stem| word.starts_with(stem))
            || is_bulletin(word)
            || word.strip_prefix("cve-").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    });
    found
}

/// Whether a title is that of an official text: it begins with what it is, and has a number or a date.
fn is_act(title: &str) -> bool {
    const ACTS: [&str; 13] = [
        "decret",
        "arrete",
        "ordonnance",
        "loi",
        "deliberation",
        "decision",
        "circulaire",
        "instruction",
        "avis",
        "recommandation",
        "question",
        "proposition",
        "avenant",
    ];
    let (mut first, mut has_number) = (None, false);
    each_token(title, |word| {
        first.get_or_insert_with(|| ACTS.contains(&word));
        has_number |= word.starts_with(|c: char| c.is_ascii_digit());
    });
    first == Some(true) && has_number
}

/// `7.4.2`, `v10.0`, `12.1x46`: not a date, not an identifier.
fn version(token: &str) -> Option<&str> {
    let version = token.strip_prefix('v').unwrap_or(token);
    let mut parts = version.split('.');
    let first = parts.next().filter(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))?;
    let rest: Vec<&str> = parts.collect();
    let is_part = |part: &&str| {
        let (digits, tail) = part.split_at(part.bytes().take_while(u8::is_ascii_digit).count());
        let tail = tail.strip_prefix(|c: char| c.is_ascii_lowercase()).unwrap_or(tail);
        !digits.is_empty() && tail.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_date = matches!(rest.as_slice(), [month, year] if first.len() <= 2 && month.len() <= 2 && year.len() == 4);
    (!rest.is_empty() && rest.iter().all(is_part) && !is_date).then_some(version)
}

/// Who number their bulletins, as the number begins.
const VENDORS: [&str; 23] = [
    "kb", "rhsa", "usn", "dsa", "dla", "glsa", "zdi", "ssa", "sevd", "icsa", "icsma", "vmsa", "fg-ir", "cisco-sa",
    "apsb", "adv", "jsa", "sa", "ntap", "hpsb", "suse-su", "ht", "ms",
];

fn is_bulletin(token: &str) -> bool {
    VENDORS.iter().any(|vendor| {
        let Some(rest) = token.strip_prefix(vendor) else { return false };
        let number = rest.strip_prefix(['-', '_', ':']).unwrap_or(rest);
        let digits = number.bytes().take_while(u8::is_ascii_digit).count();
        match *vendor {
            "kb" => (6..=7).contains(&number.len()) && digits == number.len(),
            "ht" => number.len() == 6 && digits == 6,
            "ms" => number.len() == 6 && digits == 2 && number.as_bytes().get(2) == Some(&b'-'),
            // HPSBGN03412: letters, then the number.
            "hpsb" => {
                number.trim_start_matches(|c: char| c.is_ascii_lowercase()).starts_with(|c: char| c.is_ascii_digit())
            }
            _ => digits > 0,
        }
    })
}

/// « Date de la première version : 13 avril 2006 », or « le 13 avril 2006 : version initiale ».
#[derive(Default)]
struct FirstDate {
    last: std::collections::VecDeque<String>,
}

impl FirstDate {
    /// The date that a word completes.
    fn take(&mut self, token: &str) -> Option<String> {
        const MONTHS: [&str; 12] = [
            "janvier",
            "fevrier",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "aout",
            "septembre",
            "octobre",
            "novembre",
            "decembre",
        ];
        if self.last.len() == 8 {
            self.last.pop_front();
        }
        self.last.push_back(token.get(..token.len().min(12)).unwrap_or_default().to_owned());
        let words: Vec<&str> = self.last.iter().map(String::as_str).collect();
        let date = match words.as_slice() {
            ["date", "de", "la", "premiere", "version", date @ ..] => date,
            [.., day, month, year, "version", "initiale"] => &[*day, *month, *year][..],
            _ => return None,
        };
        let [day, month, year] = date else { return None };
        let is_date = day.len() <= 3
            && day.starts_with(|c: char| c.is_ascii_digit())
            && MONTHS.contains(month)
            && year.len() == 4
            && year.bytes().all(|byte| byte.is_ascii_digit());
        is_date.then(|| format!("{} {month} {year}", day.trim_end_matches("er").trim_start_matches('0')))
    }
}

/// Words of titles that name no product.
const GENERIC: [&str; 51] = [
    "alerte",
    "cyber",
    "maj",
    "mise",
    "jour",
    "multiple",
    "multiples",
    "vulnerabilite",
    "vulnerabilites",
    "faille",
    "failles",
    "a",
    "le",
    "la",
    "les",
    "l",
    "un",
    "une",
    "des",
    "du",
    "de",
    "d",
    "dans",
    "en",
    "sur",
    "pour",
    "par",
    "et",
    "au",
    "aux",
    "certain",
    "certains",
    "certaine",
    "certaines",
    "produit",
    "produits",
    "plusieurs",
    "securite",
    "csirt",
    "territorial",
    "noyau",
    "portail",
    "correctif",
    "correctifs",
    "information",
    "bulletin",
    "avis",
    "cert",
    "fr",
    "certfr",
    "critique",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(title: &str, text: &str) -> Marks {
        let draft = Draft { title: title.to_owned(), text: text.to_owned(), ..Draft::default() };
        read(&draft, Nature::Actu, &[title, "\n", text].concat()).0
    }

    fn set(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn identifiers_are_found_in_running_text() {
        let marks = marks(
            "Multiples vulnérabilités dans Orme Archivage",
            "Versions antérieures à v3.7.2, 10.4 et 12.1x46 (le 14.08.2026). Voir RHSA-2023:4567, KB5001330, FG-IR-23-097, \
             cisco-sa-20230101-abc, HPSBGN03412, HT213826, MS17-010 ; CVE-2023-99008 et CVE‑2023‑99009. Prix 3,5 %.",
        );
        assert_eq!(marks.versions, set(&["3.7.2", "10.4", "12.1x46"]));
        let bulletins = [
            "rhsa-2023:4567",
            "kb5001330",
            "fg-ir-23-097",
            "cisco-sa-20230101-abc",
            "hpsbgn03412",
            "ht213826",
            "ms17-010",
        ];
        assert_eq!(marks.bulletins, set(&bulletins));
        assert_eq!(marks.cves, set(&["CVE-2023-99008", "CVE-2023-99009"]));
        assert_eq!(marks.product(), set(&["orme", "archivage"]));
        assert!(marks.advisory);
    }

    #[test]
    fn the_date_of_the_first_version_is_read_in_both_places() {
        for (text, date) in [
            (
                "Date de la première version : 13 avril 2006. Date de la dernière version : 1 mai 2006",
                Some("13 avril 2006"),
            ),
            ("Gestion du document : le 1er août 2011 : version initiale.", Some("1 août 2011")),
            ("Une première version du 13 avril 2006", None),
        ] {
            let folded = date.map(|date| date.replace('û', "u"));
            assert_eq!(marks("Avis", text).first_date, folded, "{text}");
        }
    }

    #[test]
    fn official_texts_are_known_by_their_titles() {
        for (title, act) in [
            ("Décret n° 2023-9903 du 28 août 2023 relatif à la formation", true),
            ("Arrêté du 22 août 2023 fixant les seuils", true),
            ("Décret attendu sur les secrétaires de mairie", false),
            ("Ce que dit le décret n° 2023-9903", false),
            ("", false),
        ] {
            assert_eq!(marks(title, "").act, act, "{title}");
        }
    }

    #[test]
    fn what_is_no_advisory_has_its_words() {
        let marks = marks("Le conseil municipal adopte le budget", "Un budget de 3 millions.");
        assert!(!marks.advisory && marks.versions.is_empty() && marks.bulletins.is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,200}|[v0-9.a-z:_-]{0,80}") {
            marks(&text, &text);
        }
    }
}
