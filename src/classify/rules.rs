//! The rules as written in `rules.toml`, and as compiled.

use std::{collections::BTreeSet, ops::Range};

use serde::Deserialize;
use toml::Spanned;

use super::words::{Lexicon, PhraseId};
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    section: Vec<WrittenSection>,
    #[serde(default)]
    rule: Vec<WrittenRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSection {
    id: Spanned<String>,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    name: Spanned<String>,
    when: Vec<Spanned<WrittenCase>>,
    section: Option<Spanned<String>>,
    nature: Option<Nature>,
    severity: Option<Severity>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct WrittenCase {
    source: Vec<String>,
    source_section: Vec<Spanned<String>>,
    issuer: Vec<WrittenIssuer>,
    number_has: Vec<String>,
    address_has: Vec<String>,
    title_has: Vec<Spanned<String>>,
    category_has: Vec<Spanned<String>>,
    subject_has: Vec<Spanned<String>>,
    text_has: Vec<Spanned<String>>,
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

/// What is wrong, where, and what to do.
type Wrong = (Range<usize>, String, &'static str);

impl Rules {
    /// The rules that ship with Vigie. A test holds that they can be read.
    pub fn embedded() -> Rules {
        Rules::parse("rules.toml", include_str!("rules.toml")).unwrap_or_default()
    }

    /// Reads a file that takes their place; `name` is how errors call it.
    ///
    /// # Errors
    ///
    /// The first mistake, as « `name:line:column: what`, newline, `hint: what to do` ».
    pub fn parse(name: &str, text: &str) -> Result<Rules, String> {
        let read = || -> Result<Rules, Wrong> {
            let written: Written = toml::from_str(text).map_err(|e| {
                let hint = "the head of the built-in `rules.toml` tells what may be written";
                (e.span().unwrap_or(0..0), e.message().replace('\n', "; "), hint)
            })?;
            compile(written)
        };
        read().map_err(|(span, message, hint)| {
            let before = text.get(..span.start).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            format!("{name}:{line}:{column}: {message}\nhint: {hint}")
        })
    }

    /// In the order of the bulletin.
    pub fn sections(&self) -> &Sections {
        &self.sections
    }
}

fn compile(written: Written) -> Result<Rules, Wrong> {
    let mut rules = Rules { sections: sections(written.section)?, ..Rules::default() };
    for rule in written.rule {
        let span = rule.name.span();
        let name = rule.name.into_inner();
        if rule.when.is_empty() {
            return Err((span, format!("rule `{name}` never holds"), "give it a case: `when = [{ … }]`"));
        }
        if rule.section.is_none() && rule.nature.is_none() && rule.severity.is_none() {
            return Err((span, format!("rule `{name}` sets nothing"), "give it a `section`, `nature` or `severity`"));
        }
        let section = rule.section.map(|section| known(&rules.sections, section)).transpose()?;
        let mut when = Vec::with_capacity(rule.when.len());
        for case in rule.when {
            when.push(compile_case(case, &name, &rules.sections, &mut rules.lexicon)?);
        }
        rules.rules.push(Rule { name, when, section, nature: rule.nature, severity: rule.severity });
    }
    Ok(rules)
}

fn sections(written: Vec<WrittenSection>) -> Result<Sections, Wrong> {
    if written.is_empty() {
        return Err((0..0, "there is no section".to_owned(), "write at least one `[[section]]`"));
    }
    let mut ids = BTreeSet::new();
    let mut sections = Vec::with_capacity(written.len());
    for section in written {
        let (span, text) = (section.id.span(), section.id.into_inner());
        let Some(id) = SectionId::parse(&text) else {
            let message = format!("`{text}` cannot be the id of a section");
            return Err((span, message, "write 1 to 64 letters a to z, digits and dashes"));
        };
        if !ids.insert(id.clone()) {
            return Err((span, format!("section `{id}` is there twice"), "keep one of them"));
        }
        sections.push(Section { id, name: section.name });
    }
    Ok(Sections::new(sections))
}

fn known(sections: &Sections, written: Spanned<String>) -> Result<SectionId, Wrong> {
    let section = sections.named(written.get_ref()).map(|section| section.id.clone());
    section.ok_or_else(|| {
        let all: Vec<String> = sections.iter().map(|s| format!("`{}`", s.id)).collect();
        let message = format!("unknown section `{}`; known: {}", written.get_ref(), all.join(", "));
        (written.span(), message, "name a `[[section]]` of this file by its `id`")
    })
}

fn compile_case(
    written: Spanned<WrittenCase>,
    rule: &str,
    sections: &Sections,
    lexicon: &mut Lexicon,
) -> Result<Case, Wrong> {
    let (span, written) = (written.span(), written.into_inner());
    let mut words = |list: Vec<Spanned<String>>| -> Result<Vec<PhraseId>, Wrong> {
        let add = |entry: Spanned<String>| {
            let hint = "write whole words; a `*` at the end of a word stands for any ending";
            lexicon.add(entry.get_ref()).map_err(|message| (entry.span(), message, hint))
        };
        list.into_iter().map(add).collect()
    };
    let mut source_section = Vec::new();
    for section in written.source_section {
        source_section.push(known(sections, section)?.as_str().to_owned());
    }
    let case = Case {
        source: written.source,
        source_section,
        issuer: written.issuer.into_iter().map(issuer).collect(),
        number_has: written.number_has.iter().map(|part| part.to_uppercase()).collect(),
        address_has: written.address_has.iter().map(|part| part.to_lowercase()).collect(),
        title_has: words(written.title_has)?,
        category_has: words(written.category_has)?,
        subject_has: words(written.subject_has)?,
        text_has: words(written.text_has)?,
    };
    if case.is_empty() {
        let message = format!("a case of rule `{rule}` names no condition, and would hold for every notice");
        return Err((span, message, "name one, such as `title_has = [\"…\"]`"));
    }
    Ok(case)
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
