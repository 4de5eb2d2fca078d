//! Sections (*rubriques*): the shelves of the bulletin. Which ones exist is data (the classification rules).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::is_slug;

/// The short name of a section, in addresses, settings and preferences: same form as a source's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SectionId(String);

impl SectionId {
    pub fn parse(text: &str) -> Option<Self> {
        is_slug(text).then(|| Self(text.to_owned()))
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One shelf: « TIC - Réseaux - Téléphonie ».
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    pub id: SectionId,
    /// As readers see it.
    pub name: String,
}

/// All sections, in the order in which a bulletin shows them.
#[derive(Debug, Clone, Default)]
pub struct Sections(Vec<Section>);

impl Sections {
    pub fn new(sections: Vec<Section>) -> Self {
        Self(sections)
    }
    pub fn iter(&self) -> impl Iterator<Item = &Section> {
        self.0.iter()
    }
    pub fn get(&self, id: &SectionId) -> Option<&Section> {
        self.0.iter().find(|s| &s.id == id)
    }
    /// The section that a setting names by its short name, if there is one.
    pub fn named(&self, text: &str) -> Option<&Section> {
        self.0.iter().find(|s| s.id.as_str() == text)
    }
    /// Its place in the bulletin; a section that the rules no longer know comes last.
    pub fn position(&self, id: &SectionId) -> usize {
        self.0.iter().position(|s| &s.id == id).unwrap_or(self.0.len())
    }
    /// What readers see: its name, or the short name of a section that the rules no longer know.
    pub fn name<'a>(&'a self, id: &'a SectionId) -> &'a str {
        self.get(id).map_or(id.as_str(), |s| &s.name)
    }
}
