//! The rules as written in `rules.toml`, and as compiled.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Spanned, de::DeTable};

pub use super::fields::Mistake;
use super::{
    case::{Around, Case, Scope},
    fields::Fields,
    words::{Lexicon, PhraseId},
};
use crate::model::{Nature, Section, SectionId, Sections, Severity};

/// Which sections there are, which notice goes where, and which concerns local authorities. Word lists are compiled once,
/// here.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    sections: Sections,
    least_relevance: i32,
    pub(super) lexicon: Lexicon,
    /// For the section of a source, before anything is read.
    pub(super) source_points: i32,
    /// With less, no section takes a notice from that of its source.
    pub(super) least_points: i32,
    /// What speaks for each section, in their order.
    pub(super) shelves: Vec<Vec<Evidence>>,
    /// For which sections each phrase counts, and how much.
    weights: Vec<Vec<Weight>>,
    pub(super) rules: Vec<Rule>,
    pub(super) relevance: Vec<Concern>,
}

/// A phrase that counts for a section.
#[derive(Debug, Clone)]
pub(super) struct Weight {
    /// The place of the section.
    pub section: usize,
    pub points: i32,
    pub written: String,
}

/// What else counts for a section.
#[derive(Debug, Clone)]
pub(super) struct Evidence {
    pub points: i32,
    pub case: Case,
}

/// One of the first must hold, and none of the second.
#[derive(Debug, Clone, Default)]
pub(super) struct Cases {
    pub when: Vec<Case>,
    pub unless: Vec<Case>,
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub name: String,
    pub cases: Cases,
    pub section: Option<SectionId>,
    pub also: Vec<SectionId>,
    pub nature: Option<Nature>,
    pub severity: Option<Severity>,
}

/// What a notice has, or lacks, that concerns local authorities.
#[derive(Debug, Clone)]
pub(super) struct Concern {
    pub name: String,
    pub points: i32,
    pub cases: Cases,
}

impl Rules {
    /// The rules that ship with Vigie. A test holds that they can be read.
    pub fn embedded() -> Rules {
        Rules::read(include_str!("rules.toml")).0
    }

    /// Reads a file that takes their place: what can be read of it, and every mistake, in its order. What is not TOML
    /// comes first: the other mistakes are told once that is mended.
    pub fn read(text: &str) -> (Rules, Vec<Mistake>) {
        let (root, errors) = DeTable::parse_recoverable(text);
        let mut top = Fields::new("the file", root.get_ref(), 0..0);
        let (mut rules, mut mistakes) = (Rules::default(), Vec::new());
        rules.source_points = number(&mut top, "source_points");
        rules.least_points = number(&mut top, "least_points");
        rules.least_relevance = number(&mut top, "least_relevance");
        let mut written = top.tables("section", "a section");
        if written.is_empty() && !top.has("section") {
            top.refuse(0..0, "there is no section", "write at least one `[[section]]`");
        }
        let (mut sections, mut ids) = (Vec::new(), BTreeSet::new());
        // All of them first: their conditions name each other.
        written.retain_mut(|fields| {
            let section = section(fields, &mut ids);
            if section.is_none() {
                mistakes.append(&mut fields.mistakes);
            }
            let is_there = section.is_some();
            sections.extend(section);
            is_there
        });
        rules.sections = Sections::new(sections);
        let mut around = Around { sections: &rules.sections, lexicon: &mut rules.lexicon };
        for (place, mut fields) in written.into_iter().enumerate() {
            for (phrase, weight) in weights(&mut fields, place, &mut around) {
                around.lexicon.count(phrase);
                rules.weights.resize_with(rules.weights.len().max(phrase + 1), Vec::new);
                rules.weights.get_mut(phrase).into_iter().for_each(|weights| weights.push(weight.clone()));
            }
            let id = rules.sections.iter().nth(place).map_or("", |section| section.id.as_str());
            rules.shelves.push(evidence(&mut fields, id, &mut around));
            mistakes.append(&mut fields.finish());
        }
        for mut fields in top.tables("rule", "a rule") {
            rules.rules.extend(rule(&mut fields, &mut around));
            mistakes.append(&mut fields.finish());
        }
        for mut fields in top.tables("relevance", "a rule of relevance") {
            rules.relevance.extend(concern(&mut fields, &mut around));
            mistakes.append(&mut fields.finish());
        }
        mistakes.append(&mut top.finish());
        mistakes.sort_by_key(|mistake| mistake.span.start);
        match errors.is_empty() {
            true => (rules, mistakes),
            false => (rules, not_toml(text, &errors)),
        }
    }

    /// In the order of the bulletin.
    pub fn sections(&self) -> &Sections {
        &self.sections
    }

    /// For which sections a phrase counts, and how much.
    pub(super) fn weights(&self, phrase: PhraseId) -> &[Weight] {
        self.weights.get(phrase).map_or(&[], |weights| weights)
    }

    /// A notice with fewer points of [`super::Relevance`] does not concern local authorities.
    pub fn least_relevance(&self) -> i32 {
        self.least_relevance
    }
}

fn number(fields: &mut Fields<'_>, key: &'static str) -> i32 {
    fields.take(key).map(Spanned::into_inner).unwrap_or_default()
}

/// One slip often breaks the parser's stride several times on its line: the first tells.
fn not_toml(text: &str, errors: &[toml::de::Error]) -> Vec<Mistake> {
    let hint = "write a key, `=`, and a value: text in quotes, a list in brackets";
    let mut mistakes = BTreeMap::new();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let line = text.get(..span.start).unwrap_or(text).matches('\n').count();
        let message = format!("this is not TOML: {}", error.message().trim_end().replace('\n', "; "));
        mistakes.entry(line).or_insert_with(|| Mistake::new(span, message, hint));
    }
    mistakes.into_values().collect()
}

fn section(fields: &mut Fields<'_>, ids: &mut BTreeSet<SectionId>) -> Option<Section> {
    let id = fields.need::<String>("id");
    let name = fields.need::<String>("name");
    let id = id?;
    let (span, text) = (id.span(), id.into_inner());
    let Some(id) = SectionId::parse(&text) else {
        let message = format!("`{text}` cannot be the id of a section");
        fields.refuse(span, message, "write 1 to 64 letters a to z, digits and dashes");
        return None;
    };
    if !ids.insert(id.clone()) {
        fields.refuse(span, format!("section `{id}` is there twice"), "keep one of them");
        return None;
    }
    Some(Section { id, name: name?.into_inner() })
}

/// `words.8 = ["marchés publics"]`: eight points each.
fn weights(fields: &mut Fields<'_>, section: usize, around: &mut Around<'_>) -> Vec<(PhraseId, Weight)> {
    let mut weights = Vec::new();
    let mut known = BTreeMap::new();
    for (points, written) in fields.entries::<Vec<Spanned<String>>>("words") {
        let Ok(worth) = points.get_ref().parse::<i16>() else {
            let message = format!("`{}` are no points", points.get_ref());
            fields.refuse(points.span(), message, "write a whole number, such as `words.8 = [\"marchés publics\"]`");
            continue;
        };
        for (phrase, written) in around.phrases(fields, written) {
            let span = written.span();
            let written = written.into_inner();
            if let Some(first) = known.insert(phrase, written.clone()) {
                let message = format!("`{written}` is in this section already, as `{first}`");
                fields.refuse(span, message, "keep one of them: words are compared without their endings");
            } else {
                weights.push((phrase, Weight { section, points: worth.into(), written }));
            }
        }
    }
    weights
}

fn evidence(fields: &mut Fields<'_>, section: &str, around: &mut Around<'_>) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    for mut case in fields.tables("when", "a case") {
        let points = case.need::<i16>("points").map_or(0, |points| points.into_inner().into());
        evidence.push(Evidence { points, case: around.case(&mut case, section, Scope::Notice) });
        fields.mistakes.append(&mut case.finish());
    }
    evidence
}

/// `None` when it cannot do what was meant.
fn rule(fields: &mut Fields<'_>, around: &mut Around<'_>) -> Option<Rule> {
    let (name, span) = name(fields);
    let section = fields.take::<String>("section").and_then(|section| around.known(fields, section));
    let also = around.sections_of(fields, "also");
    let nature = fields.take::<Nature>("nature").map(Spanned::into_inner);
    let severity = fields.take::<Severity>("severity").map(Spanned::into_inner);
    if !["section", "also", "nature", "severity"].iter().any(|key| fields.has(key)) {
        let message = format!("rule `{name}` sets nothing");
        fields.refuse(span.clone(), message, "give it a `section`, `also`, `nature` or `severity`");
    }
    let cases = cases(fields, around, &name, span, Scope::Notice);
    fields.mistakes.is_empty().then_some(Rule { name, cases, section, also, nature, severity })
}

/// `None` when it cannot do what was meant.
fn concern(fields: &mut Fields<'_>, around: &mut Around<'_>) -> Option<Concern> {
    let (name, span) = name(fields);
    let points = fields.need::<i16>("points").map(|points| points.into_inner().into());
    let cases = cases(fields, around, &name, span, Scope::Shelf);
    let points = points?;
    fields.mistakes.is_empty().then_some(Concern { name, points, cases })
}

fn name(fields: &mut Fields<'_>) -> (String, std::ops::Range<usize>) {
    let name = fields.need::<String>("name");
    let span = name.as_ref().map_or(fields.span.clone(), Spanned::span);
    (name.map_or_else(|| "…".to_owned(), Spanned::into_inner), span)
}

fn cases(
    fields: &mut Fields<'_>,
    around: &mut Around<'_>,
    name: &str,
    span: std::ops::Range<usize>,
    scope: Scope,
) -> Cases {
    let before = fields.mistakes.len();
    let when = around.cases(fields, "when", name, scope);
    if when.is_empty() && fields.mistakes.len() == before {
        fields.refuse(span, format!("rule `{name}` never holds"), "give it a case: `when = [{ … }]`");
    }
    Cases { when, unless: around.cases(fields, "unless", name, scope) }
}
