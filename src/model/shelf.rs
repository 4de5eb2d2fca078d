//! The two closed lists by which a story is shelved besides its section: nature and severity.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What sort of item a notice is. The order is that of a bulletin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Nature {
    /// A threat in progress: act now.
    Alerte,
    /// A vulnerability advisory.
    Avis,
    /// A text of the Journal officiel.
    Jorf,
    /// Parliament: bills, reports, debates.
    Parl,
    /// European Union.
    Ue,
    /// A circular or instruction.
    Circ,
    /// A decision of a court or of an authority that sanctions.
    Juris,
    /// A minister's answer to a member of parliament (*réponse ministérielle*).
    Rm,
    /// Guides, studies, reports, data.
    Doc,
    /// News.
    Actu,
}

impl Nature {
    pub const ALL: [Nature; 10] = [
        Nature::Alerte,
        Nature::Avis,
        Nature::Jorf,
        Nature::Parl,
        Nature::Ue,
        Nature::Circ,
        Nature::Juris,
        Nature::Rm,
        Nature::Doc,
        Nature::Actu,
    ];

    /// As written in settings, addresses and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Nature::Alerte => "alerte",
            Nature::Avis => "avis",
            Nature::Jorf => "jorf",
            Nature::Parl => "parl",
            Nature::Ue => "ue",
            Nature::Circ => "circ",
            Nature::Juris => "juris",
            Nature::Rm => "rm",
            Nature::Doc => "doc",
            Nature::Actu => "actu",
        }
    }

    /// As put before a title: « JORF - Arrêté du … ».
    pub const fn prefix(self) -> &'static str {
        match self {
            Nature::Alerte => "Alerte",
            Nature::Avis => "Avis",
            Nature::Jorf => "JORF",
            Nature::Parl => "Parl.",
            Nature::Ue => "UE",
            Nature::Circ => "Circ.",
            Nature::Juris => "Juris",
            Nature::Rm => "RM",
            Nature::Doc => "Doc",
            Nature::Actu => "Actu",
        }
    }

    /// As a heading: « Journal officiel ».
    pub const fn name(self) -> &'static str {
        match self {
            Nature::Alerte => "Alertes",
            Nature::Avis => "Avis de sécurité",
            Nature::Jorf => "Journal officiel",
            Nature::Parl => "Parlement",
            Nature::Ue => "Union européenne",
            Nature::Circ => "Circulaires",
            Nature::Juris => "Jurisprudence",
            Nature::Rm => "Réponses ministérielles",
            Nature::Doc => "Documentation",
            Nature::Actu => "Actualité",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|n| n.as_str() == text)
    }
}

impl fmt::Display for Nature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How much a story presses a reader to act. Ordered: `Info < Notable < High < Critical`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// To know.
    #[default]
    Info,
    /// To look at: an advisory, a text with a deadline.
    Notable,
    /// To deal with soon.
    High,
    /// To deal with now: attack under way, hole exploited.
    Critical,
}

impl Severity {
    pub const ALL: [Severity; 4] = [Severity::Info, Severity::Notable, Severity::High, Severity::Critical];

    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Notable => "notable",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// As readers see it.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Info => "information",
            Severity::Notable => "à surveiller",
            Severity::High => "important",
            Severity::Critical => "urgent",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
