//! On which shelf a notice goes: section, nature, severity, whether it concerns local authorities, and what decided each.
//!
//! The rules are data (`rules.toml`), so that an installation can have its own sections and words.

mod case;
mod cvss;
mod fields;
mod rules;
mod score;
mod seen;
#[cfg(test)]
mod tests;
mod words;

use rules::Rule;
use score::{Ranking, signed};
use seen::{Put, Seen};

pub use rules::{Mistake, Rules};

use crate::model::{Draft, Nature, SectionId, Severity, Source};

/// Where a notice goes, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelved {
    pub section: SectionId,
    /// Other shelves that the rules put it on besides.
    pub also: Vec<SectionId>,
    pub nature: Nature,
    pub severity: Severity,
    pub relevance: Relevance,
    /// For editors, one line a field: « nature : Alerte (règle « CERT-FR alerte ») ».
    pub because: Vec<String>,
}

/// How much a notice concerns local authorities: the sum of what the rules give and take.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Relevance {
    pub points: i32,
    /// For editors, in French, with the points of each.
    pub because: Vec<(String, i32)>,
}

impl Relevance {
    /// For editors, one line: « intérêt pour les collectivités : 5 (communes +8, nomination −3) ».
    pub fn told(&self) -> String {
        let reasons: Vec<String> = self.because.iter().map(|(name, points)| signed(name, *points)).collect();
        let reasons = if reasons.is_empty() { "aucune règle".to_owned() } else { reasons.join(", ") };
        format!("intérêt pour les collectivités : {} ({reasons})", self.points.to_string().replace('-', "−"))
    }
}

/// Shelves one notice. Section: that of the first rule that holds and names one, else the one that most points speak for,
/// else the source's own. Nature: the first rule that holds, else what the source has. Of the severities the greatest,
/// else [`Severity::Info`].
pub fn classify(rules: &Rules, source: &Source, draft: &Draft) -> Shelved {
    let seen = Seen::new(rules, source, draft);
    let holding: Vec<&Rule> = rules.rules.iter().filter(|rule| seen.meets_one(&rule.cases, None)).collect();

    let (section, section_by) = match holding.iter().find_map(|rule| Some((rule.section.as_ref()?, rule))) {
        Some((section, rule)) => (section.clone(), by(rule)),
        None => most_speaks_for(rules, &seen),
    };
    let (nature, nature_by) = match (holding.iter().find_map(|rule| Some((rule.nature?, rule))), draft.nature) {
        (Some((nature, rule)), _) => (nature, by(rule)),
        (None, Some(nature)) => (nature, format!("celle que la source « {} » donne au document", source.name)),
        (None, None) => (source.nature, by_source(source)),
    };
    let severity = holding.iter().filter_map(|rule| Some((rule.severity?, rule)));
    // Of equals the first, so that the reason does not depend on what follows.
    let severity = severity.reduce(|best, next| if next.0 > best.0 { next } else { best });
    let (severity, severity_by) = match severity {
        Some((severity, rule)) => (severity, by(rule)),
        None => (Severity::Info, "aucune règle".to_owned()),
    };
    let mut because = vec![
        format!("rubrique : {} ({section_by})", rules.sections().name(&section)),
        format!("nature : {} ({nature_by})", nature.prefix()),
        format!("gravité : {} ({severity_by})", severity.name()),
    ];
    let mut also = Vec::new();
    for (other, rule) in holding.iter().flat_map(|rule| rule.also.iter().map(move |other| (other, rule))) {
        if *other != section && !also.contains(other) {
            because.push(format!("aussi : {} ({})", rules.sections().name(other), by(rule)));
            also.push(other.clone());
        }
    }
    let relevance = relevance(rules, &seen, Put { section: &section, nature });
    Shelved { section, also, nature, severity, relevance, because }
}

/// The section that has most points, if these are enough, and why.
fn most_speaks_for(rules: &Rules, seen: &Seen<'_>) -> (SectionId, String) {
    let sections = || rules.sections().iter();
    let own = rules.sections().position(&seen.source.section);
    let Ranking { best, next } = score::rank(rules, seen);
    let best = best.filter(|best| best.section == own || best.points >= rules.least_points);
    let found = best.and_then(|best| Some((best, sections().nth(best.section)?)));
    match found {
        // That its source stands there is no reason by itself.
        Some((best, section)) if best.section != own || best.points > rules.source_points => {
            let next = next.and_then(|next| Some((sections().nth(next.section)?, next.points)));
            let next = next.map(|(next, points)| format!(" ; ensuite {}, {points}", next.name)).unwrap_or_default();
            (section.id.clone(), score::reasons(rules, seen, best.section) + &next)
        }
        _ => (seen.source.section.clone(), by_source(seen.source)),
    }
}

fn relevance(rules: &Rules, seen: &Seen<'_>, put: Put<'_>) -> Relevance {
    let mut relevance = Relevance::default();
    for concern in rules.relevance.iter().filter(|concern| seen.meets_one(&concern.cases, Some(put))) {
        relevance.points += concern.points;
        relevance.because.push((concern.name.clone(), concern.points));
    }
    relevance
}

fn by(rule: &Rule) -> String {
    format!("règle « {} »", rule.name)
}

fn by_source(source: &Source) -> String {
    format!("celle de la source « {} »", source.name)
}
