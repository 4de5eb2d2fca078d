//! What is new in a story that readers were alerted of: enough to write to them again, or not.

use std::collections::BTreeSet;

use super::{guide::Question, prose::normal, view::Item};
use crate::text::{day_in_words, truncate};

/// Vulnerabilities that are named; the rest are counted.
const NAMED: usize = 3;
/// Characters of what a source says of it.
const LONGEST: usize = 160;
/// What is said of a revision that changes nothing for a reader.
const SLIGHT: [&str; 8] = [
    "version initiale",
    "coquille",
    "faute de frappe",
    "correction mineure",
    "corrections mineures",
    "mise en forme",
    "orthographe",
    "reformulation",
];

/// What of a story changed in substance since it was told as `before`, on one line, in French. `None`: nothing that a
/// reader would act on. A source's own words about its revision come first; of the guide only what the lead's own source
/// says counts, for the lines that others lend it come and go.
pub fn change(before: &Item, now: &Item) -> Option<String> {
    let mut said: Vec<String> = Vec::new();
    if now.severity > before.severity {
        said.push(format!("gravité : {} → {}", before.severity.name(), now.severity.name()));
    }
    let known: BTreeSet<String> = before.history.iter().map(|line| normal(line)).collect();
    let new_words = now.history.iter().filter(|line| {
        let form = normal(line);
        !form.is_empty() && !known.contains(&form) && !SLIGHT.iter().any(|slight| form.contains(slight))
    });
    let words: Vec<&str> = new_words.map(String::as_str).collect();
    if !before.history.is_empty() && !words.is_empty() {
        said.push(truncate(&words.join(" "), LONGEST).trim_end_matches(['.', ' ']).to_owned());
    }
    said.extend(vulnerabilities(before, now));
    for (question, name) in [(Question::Todo, "que faire"), (Question::Concerned, "qui est concerné")] {
        said.extend(guidance(before, now, question).map(|line| format!("{name} : {line}")));
    }
    let days: BTreeSet<_> = before.deadlines.iter().map(|deadline| deadline.day).collect();
    let day = now.deadlines.iter().map(|deadline| deadline.day).find(|day| !days.contains(day));
    said.extend(day.map(|day| format!("échéance : {}", day_in_words(day))));
    (!said.is_empty()).then(|| said.join(" ; "))
}

fn vulnerabilities(before: &Item, now: &Item) -> Option<String> {
    let new: Vec<&str> = now.cves.iter().filter(|cve| !before.cves.contains(cve)).map(String::as_str).collect();
    let named = new.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match new.len() {
        0 => None,
        1 => Some(format!("vulnérabilité ajoutée : {named}")),
        n if n <= NAMED => Some(format!("vulnérabilités ajoutées : {named}")),
        n => Some(format!("vulnérabilités ajoutées : {named} et {} de plus", n - NAMED)),
    }
}

/// The first new line of an answer.
fn guidance(before: &Item, now: &Item, question: Question) -> Option<String> {
    let known: Vec<String> = before.guide.lines(question).iter().map(|line| normal(&line.text)).collect();
    let is_new = |text: &str| {
        let form = normal(text);
        !form.is_empty() && !known.iter().any(|line| line.contains(&form) || form.contains(line.as_str()))
    };
    let of_lead = |source: &str| source.is_empty() || source == now.source;
    let lines = now.guide.lines(question).iter();
    let line = lines.filter(|line| known.is_empty() || of_lead(&line.source)).find(|line| is_new(&line.text))?;
    Some(truncate(&line.text, LONGEST).trim_end_matches(['.', ' ']).to_owned())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::{
        bulletin::{Guide, Quote},
        model::{Nature, SectionId, Severity, StoryId},
        normalise::deadline::{Bound, Deadline},
    };

    fn item() -> Item {
        Item {
            story: StoryId::new(1),
            section: SectionId::parse("tic").unwrap(),
            also_in: vec![],
            nature: Nature::Alerte,
            severity: Severity::High,
            title: String::from("Vulnérabilité dans Bastide"),
            summary: String::from("Une vulnérabilité."),
            more: vec![],
            guide: guide("CERT-FR", &["Appliquer le correctif."]),
            source: String::from("CERT-FR"),
            published: None,
            url: None,
            reference: None,
            language: String::from("fr"),
            also: vec![],
            cves: vec![String::from("CVE-2026-0001")],
            cited: vec![],
            deadlines: vec![],
            again: false,
            importance: 0,
            history: vec![String::from("Version initiale")],
            alert: None,
            alerted: None,
        }
    }

    fn guide(source: &str, lines: &[&str]) -> Guide {
        let quote = |line: &&str| Quote {
            text: (*line).to_owned(),
            source: source.to_owned(),
            url: None,
            link: None,
            language: None,
        };
        Guide { parts: [(Question::Todo, lines.iter().map(quote).collect())].into() }
    }

    #[test]
    fn what_a_reader_would_act_on_is_told_and_nothing_else() {
        let base = item();
        let cves = |all: &[&str]| all.iter().map(|cve| format!("CVE-2026-{cve}")).collect();
        let history = |all: &[&str]| all.iter().map(ToString::to_string).collect();
        for (now, told) in [
            (base.clone(), None),
            (Item { title: String::from("Vulnérabilité dans Bastide."), importance: 7, ..base.clone() }, None),
            (Item { summary: String::from("Autrement dit."), severity: Severity::Notable, ..base.clone() }, None),
            (Item { severity: Severity::Critical, ..base.clone() }, Some("gravité : important → urgent")),
            (Item { cves: cves(&["0001", "0002"]), ..base.clone() }, Some("vulnérabilité ajoutée : CVE-2026-0002")),
            (
                Item { cves: cves(&["0001", "0002", "0003", "0004", "0005", "0006"]), ..base.clone() },
                Some("vulnérabilités ajoutées : CVE-2026-0002, CVE-2026-0003, CVE-2026-0004 et 2 de plus"),
            ),
            (
                Item { history: history(&["Version initiale", "Ajout du correctif."]), ..base.clone() },
                Some("Ajout du correctif"),
            ),
            (Item { history: history(&["Correction d’une coquille", "Version initiale"]), ..base.clone() }, None),
            (
                Item { guide: guide("CERT-FR", &["Appliquer le correctif.", "Couper l’accès."]), ..base.clone() },
                Some("que faire : Couper l’accès"),
            ),
            (Item { guide: guide("Relais", &["Appliquer le correctif.", "Lire l’article."]), ..base.clone() }, None),
            (
                Item { deadlines: vec![Deadline { day: date(2026, 9, 4), bound: Bound::Until }], ..base.clone() },
                Some("échéance : 4 septembre 2026"),
            ),
        ] {
            assert_eq!(change(&base, &now).as_deref(), told, "{now:?}");
        }
    }
}
