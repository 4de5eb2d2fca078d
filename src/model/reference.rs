//! Official references: the strongest identity a document can have.

use std::fmt;

use serde::Serialize;

/// Who numbers the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Issuer {
    /// CERT-FR (formerly CERTA): `CERTFR-2026-AVI-1026`.
    CertFr,
    /// Légifrance's identifier of a text of the Journal officiel: `JORFTEXT000042723325`.
    JorfText,
    /// *Numéro d'ordre normalisé*: `ARMM2621619A`.
    Nor,
    /// European Case Law Identifier.
    Ecli,
    /// Number of a document of EU law in EUR-Lex.
    Celex,
    /// European Legislation Identifier, from its `eli/` on: `eli/reg/2016/679/oj`. As written, for its case matters.
    Eli,
}

/// A reference in its one normal form (upper case but for ELI, no spaces). Made by `normalise::reference` only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Reference {
    pub issuer: Issuer,
    pub number: String,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.number)
    }
}
