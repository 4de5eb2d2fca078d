//! The rules as written in `rules.toml`, and as compiled.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, de::DeserializeOwned};
use toml::{Spanned, de::DeTable};

pub use super::fields::Mistake;
use super::{
    fields::Fields,
    words::{Lexicon, PhraseId},
};
use crate::model::{Issuer, Nature, Section, SectionId, Sections, Severity};

/// Which sections there are, and which notice goes where. Word lists are compiled once, here.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    sections: Sections,
    pub(super) lexicon: Lexicon,
    pub(super) rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub name: String,
    pub when: Vec<Case>,
    pub section: Option<SectionId>,
    pub nature: Option<Nature>,
    pub severity: Option<Severity>,
}

/// Everything that is not empty must hold; of each list one entry.
#[derive(Debug, Clone, Default)]
pub(super) struct Case {
    pub source: Vec<String>,
    pub source_section: Vec<String>,
    pub issuer: Vec<Issuer>,
    pub number_has: Vec<String>,
    pub address_has: Vec<String>,
    pub title_has: Vec<PhraseId>,
    pub category_has: Vec<PhraseId>,
    pub subject_has: Vec<PhraseId>,
    pub text_has: Vec<PhraseId>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum WrittenIssuer {
    CertFr,
    JorfText,
    Nor,
    Ecli,
    Celex,
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
        let mut sections = Vec::new();
        let mut ids = BTreeSet::new();
        let written = top.tables("section", "a section");
        if written.is_empty() && !top.has("section") {
            top.refuse(0..0, "there is no section", "write at least one `[[section]]`");
        }
        for mut fields in written {
            sections.extend(section(&mut fields, &mut ids));
            mistakes.append(&mut fields.finish());
        }
        rules.sections = Sections::new(sections);
        for mut fields in top.tables("rule", "a rule") {
            if let Some(rule) = rule(&mut fields, &rules.sections, &mut rules.lexicon) {
                rules.rules.push(rule);
            }
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

/// `None` when it cannot do what was meant.
fn rule(fields: &mut Fields<'_>, sections: &Sections, lexicon: &mut Lexicon) -> Option<Rule> {
    let name = fields.need::<String>("name");
    let span = name.as_ref().map_or(fields.span.clone(), Spanned::span);
    let name = name.map_or_else(|| "…".to_owned(), Spanned::into_inner);
    let section = fields.take::<String>("section").and_then(|section| known(fields, sections, section));
    let nature = fields.take::<Nature>("nature").map(Spanned::into_inner);
    let severity = fields.take::<Severity>("severity").map(Spanned::into_inner);
    if !["section", "nature", "severity"].iter().any(|key| fields.has(key)) {
        let message = format!("rule `{name}` sets nothing");
        fields.refuse(span.clone(), message, "give it a `section`, `nature` or `severity`");
    }
    let before = fields.mistakes.len();
    let cases = fields.tables("when", "a case");
    if cases.is_empty() && fields.mistakes.len() == before {
        fields.refuse(span, format!("rule `{name}` never holds"), "give it a case: `when = [{ … }]`");
    }
    let mut when = Vec::with_capacity(cases.len());
    for mut case in cases {
        when.push(compile_case(&mut case, &name, sections, lexicon));
        fields.mistakes.append(&mut case.finish());
    }
    fields.mistakes.is_empty().then_some(Rule { name, when, section, nature, severity })
}

fn known(fields: &mut Fields<'_>, sections: &Sections, written: Spanned<String>) -> Option<SectionId> {
    let section = sections.named(written.get_ref()).map(|section| section.id.clone());
    if section.is_none() {
        let all: Vec<String> = sections.iter().map(|s| format!("`{}`", s.id)).collect();
        let message = format!("unknown section `{}`; known: {}", written.get_ref(), all.join(", "));
        fields.refuse(written.span(), message, "name a `[[section]]` of this file by its `id`");
    }
    section
}

fn compile_case(fields: &mut Fields<'_>, rule: &str, sections: &Sections, lexicon: &mut Lexicon) -> Case {
    let case = Case {
        source: texts(fields, "source"),
        source_section: list::<Spanned<String>>(fields, "source_section")
            .into_iter()
            .filter_map(|section| known(fields, sections, section).map(|id| id.as_str().to_owned()))
            .collect(),
        issuer: list(fields, "issuer").into_iter().map(issuer).collect(),
        number_has: texts(fields, "number_has").iter().map(|part| part.to_uppercase()).collect(),
        address_has: texts(fields, "address_has").iter().map(|part| part.to_lowercase()).collect(),
        title_has: words(fields, "title_has", lexicon),
        category_has: words(fields, "category_has", lexicon),
        subject_has: words(fields, "subject_has", lexicon),
        text_has: words(fields, "text_has", lexicon),
    };
    if case.is_empty() && fields.mistakes.is_empty() && fields.unknown().is_empty() {
        let message = format!("a case of rule `{rule}` names no condition, and would hold for every notice");
        fields.refuse(fields.span.clone(), message, "name one, such as `title_has = [\"…\"]`");
    }
    case
}

fn list<T: DeserializeOwned>(fields: &mut Fields<'_>, key: &'static str) -> Vec<T> {
    fields.take(key).map(Spanned::into_inner).unwrap_or_default()
}

fn texts(fields: &mut Fields<'_>, key: &'static str) -> Vec<String> {
    list(fields, key)
}

fn words(fields: &mut Fields<'_>, key: &'static str, lexicon: &mut Lexicon) -> Vec<PhraseId> {
    let mut ids = Vec::new();
    for entry in list::<Spanned<String>>(fields, key) {
        match lexicon.add(entry.get_ref()) {
            Ok(id) => ids.push(id),
            Err(message) => {
                let hint = "write whole words; a `*` at the end of a word stands for any ending";
                fields.refuse(entry.span(), message, hint);
            }
        }
    }
    ids
}

impl Case {
    fn is_empty(&self) -> bool {
        let texts = [&self.source, &self.source_section, &self.number_has, &self.address_has];
        let words = [&self.title_has, &self.category_has, &self.subject_has, &self.text_has];
        self.issuer.is_empty() && texts.iter().all(|l| l.is_empty()) && words.iter().all(|l| l.is_empty())
    }
}

fn issuer(written: WrittenIssuer) -> Issuer {
    match written {
        WrittenIssuer::CertFr => Issuer::CertFr,
        WrittenIssuer::JorfText => Issuer::JorfText,
        WrittenIssuer::Nor => Issuer::Nor,
        WrittenIssuer::Ecli => Issuer::Ecli,
        WrittenIssuer::Celex => Issuer::Celex,
    }
}
