//! An address with its consent, its preferences and its state.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Cadence, EmailAddress, Nature, SectionId, Severity, SubscriberId};

/// A reader of the bulletin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subscriber {
    pub id: SubscriberId,
    pub address: EmailAddress,
    pub state: SubscriberState,
    pub preferences: Preferences,
    pub consent: Consent,
    pub added: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubscriberState {
    Active,
    /// Asked to be left alone; kept so that an import does not bring the address back.
    Left,
}

impl SubscriberState {
    pub const fn as_str(self) -> &'static str {
        match self {
            SubscriberState::Active => "active",
            SubscriberState::Left => "left",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        [SubscriberState::Active, SubscriberState::Left].into_iter().find(|s| s.as_str() == text)
    }
}

/// What a subscriber wants to read. Empty sets mean everything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Preferences {
    pub cadence: Cadence,
    pub sections: BTreeSet<SectionId>,
    pub natures: BTreeSet<Nature>,
    /// Stories below it are left out of bulletins.
    pub least_severity: Severity,
    /// What is told at once besides; sections and natures hold for it too.
    pub alerts: AlertWish,
}

/// For which stories somebody wants an alert: those that reach a severity, and those that hold one of some words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct AlertWish {
    /// `None`: no severity alone makes an alert.
    pub from: Option<Severity>,
    /// As written; each may be several words in a row, or the `start*` of one.
    pub words: Vec<String>,
}

impl AlertWish {
    /// Neither severity nor words.
    pub const NONE: Self = Self { from: None, words: Vec::new() };

    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }
}

impl Preferences {
    /// Everything, at one cadence.
    pub const fn all(cadence: Cadence) -> Self {
        Self {
            cadence,
            sections: BTreeSet::new(),
            natures: BTreeSet::new(),
            least_severity: Severity::Info,
            alerts: AlertWish::NONE,
        }
    }

    /// Whether a story in this section, and in these besides, of this nature and severity is wanted.
    pub fn want(&self, section: &SectionId, also: &[SectionId], nature: Nature, severity: Severity) -> bool {
        self.admit(section, also, nature) && severity >= self.least_severity
    }

    /// Whether a story in these sections and of this nature is wanted if it presses enough.
    pub fn admit(&self, section: &SectionId, also: &[SectionId], nature: Nature) -> bool {
        self.shelf(section, also).is_some() && (self.natures.is_empty() || self.natures.contains(&nature))
    }

    /// In which section a story is shown: its own where that is wanted, else the first of the others that is.
    pub fn shelf<'s>(&self, section: &'s SectionId, also: &'s [SectionId]) -> Option<&'s SectionId> {
        let mut all = std::iter::once(section).chain(also);
        if self.sections.is_empty() { all.next() } else { all.find(|section| self.sections.contains(section)) }
    }
}

/// Why we may write to this person (invariant 7): consent or another legal basis, with its proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consent {
    /// What was agreed to, or the basis: « inscription au bulletin quotidien ».
    pub what: String,
    pub when: Timestamp,
    /// By which means: « formulaire papier, réunion du 3 mars ».
    pub how: String,
}
