//! A case of a rule: the conditions of which all must hold.

use serde::{Deserialize, de::DeserializeOwned};
use toml::Spanned;

use super::{
    fields::Fields,
    words::{Lexicon, PhraseId},
};
use crate::model::{Authority, Issuer, Nature, SectionId, Sections};

/// Everything that is named must hold; of each list one entry.
#[derive(Debug, Clone, Default)]
pub(super) struct Case {
    pub source: Vec<String>,
    pub source_section: Vec<SectionId>,
    pub authority: Vec<Authority>,
    /// Where the notice was put. Only a rule that comes after that can ask.
    pub section: Vec<SectionId>,
    pub nature: Vec<Nature>,
    pub issuer: Vec<Issuer>,
    pub number_has: Vec<String>,
    pub address_has: Vec<String>,
    pub title_has: Vec<PhraseId>,
    pub category_has: Vec<PhraseId>,
    pub subject_has: Vec<PhraseId>,
    pub text_has: Vec<PhraseId>,
    /// The least CVSS score, in tenths.
    pub cvss: Option<u32>,
}

/// What a case may look at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Notice,
    /// Also the shelf that was found.
    Shelf,
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

/// What compiling needs to know of the rest of the file.
pub(super) struct Around<'a> {
    pub sections: &'a Sections,
    pub lexicon: &'a mut Lexicon,
}

impl Around<'_> {
    /// The cases below `key`, of the rule called `name`. Their mistakes are noted in `fields`.
    pub fn cases(&mut self, fields: &mut Fields<'_>, key: &'static str, name: &str, scope: Scope) -> Vec<Case> {
        let mut cases = Vec::new();
        for mut case in fields.tables(key, "a case") {
            cases.push(self.case(&mut case, name, scope));
            fields.mistakes.append(&mut case.finish());
        }
        cases
    }

    /// One case; the caller finishes its fields.
    pub fn case(&mut self, fields: &mut Fields<'_>, name: &str, scope: Scope) -> Case {
        let mut case = Case {
            source: list(fields, "source"),
            source_section: self.sections_of(fields, "source_section"),
            authority: authorities(fields),
            issuer: list(fields, "issuer").into_iter().map(issuer).collect(),
            number_has: list::<String>(fields, "number_has").iter().map(|part| part.to_uppercase()).collect(),
            address_has: list::<String>(fields, "address_has").iter().map(|part| part.to_lowercase()).collect(),
            title_has: self.words(fields, "title_has"),
            category_has: self.words(fields, "category_has"),
            subject_has: self.words(fields, "subject_has"),
            text_has: self.words(fields, "text_has"),
            cvss: cvss(fields),
            ..Case::default()
        };
        if scope == Scope::Shelf {
            case.section = self.sections_of(fields, "section");
            case.nature = list(fields, "nature");
        }
        if case.is_empty() && fields.mistakes.is_empty() && fields.unknown().is_empty() {
            let message = format!("a case of rule `{name}` names no condition, and would hold for every notice");
            fields.refuse(fields.span.clone(), message, "name one, such as `title_has = [\"…\"]`");
        }
        case
    }

    /// A list of words; what cannot be one is noted.
    pub fn phrases(
        &mut self,
        fields: &mut Fields<'_>,
        written: Vec<Spanned<String>>,
    ) -> Vec<(PhraseId, Spanned<String>)> {
        let mut phrases = Vec::with_capacity(written.len());
        for entry in written {
            match self.lexicon.add(entry.get_ref()) {
                Ok(id) => phrases.push((id, entry)),
                Err(message) => {
                    let hint = "write whole words; a `*` at the end of a word stands for any ending";
                    fields.refuse(entry.span(), message, hint);
                }
            }
        }
        phrases
    }

    /// A section of this file; what is none is noted.
    pub fn known(&self, fields: &mut Fields<'_>, written: Spanned<String>) -> Option<SectionId> {
        let section = self.sections.named(written.get_ref()).map(|section| section.id.clone());
        if section.is_none() {
            let all: Vec<String> = self.sections.iter().map(|s| format!("`{}`", s.id)).collect();
            let message = format!("unknown section `{}`; known: {}", written.get_ref(), all.join(", "));
            fields.refuse(written.span(), message, "name a `[[section]]` of this file by its `id`");
        }
        section
    }

    /// Sections of this file.
    pub fn sections_of(&self, fields: &mut Fields<'_>, key: &'static str) -> Vec<SectionId> {
        let written = list::<Spanned<String>>(fields, key);
        written.into_iter().filter_map(|section| self.known(fields, section)).collect()
    }

    fn words(&mut self, fields: &mut Fields<'_>, key: &'static str) -> Vec<PhraseId> {
        let written = list(fields, key);
        self.phrases(fields, written).into_iter().map(|(id, _)| id).collect()
    }
}

impl Case {
    /// What it looks at first, for editors.
    pub fn about(&self) -> &'static str {
        let abouts = [
            (self.issuer.is_empty() && self.number_has.is_empty(), "référence"),
            (self.address_has.is_empty(), "adresse"),
            (self.source.is_empty(), "source"),
            (self.source_section.is_empty(), "rubrique de la source"),
        ];
        abouts.iter().find(|(is_empty, _)| !is_empty).map_or("mots", |(_, about)| about)
    }

    fn is_empty(&self) -> bool {
        let texts = [&self.source, &self.number_has, &self.address_has];
        let words = [&self.title_has, &self.category_has, &self.subject_has, &self.text_has];
        self.issuer.is_empty()
            && self.authority.is_empty()
            && self.nature.is_empty()
            && self.cvss.is_none()
            && [&self.source_section, &self.section].iter().all(|l| l.is_empty())
            && texts.iter().all(|l| l.is_empty())
            && words.iter().all(|l| l.is_empty())
    }
}

fn list<T: DeserializeOwned>(fields: &mut Fields<'_>, key: &'static str) -> Vec<T> {
    fields.take(key).map(Spanned::into_inner).unwrap_or_default()
}

fn authorities(fields: &mut Fields<'_>) -> Vec<Authority> {
    let mut authorities = Vec::new();
    for written in list::<Spanned<String>>(fields, "authority") {
        match Authority::parse(written.get_ref()) {
            Some(authority) => authorities.push(authority),
            None => {
                let all: Vec<String> = Authority::ALL.iter().map(|a| format!("`{}`", a.as_str())).collect();
                let message = format!("unknown authority `{}`", written.get_ref());
                fields.refuse(written.span(), message, format!("one of {}", all.join(", ")));
            }
        }
    }
    authorities
}

fn cvss(fields: &mut Fields<'_>) -> Option<u32> {
    let written = fields.take::<f64>("cvss")?;
    let score = *written.get_ref();
    if !(0.0..=10.0).contains(&score) {
        fields.refuse(written.span(), format!("`cvss` is {score}"), "scores go from 0.0 to 10.0");
        return None;
    }
    // From 0 to 100: nothing is lost that counts.
    Some((score * 10.0).round() as u32)
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
