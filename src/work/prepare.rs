//! What can be found out about the entries of a page before they are stored, on any core: what is known already and has
//! not changed, and of the rest its keys, its fingerprint, its shelf and its words.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;

use super::{App, exploited};
use crate::{
    classify::{Rules, Shelved, classify},
    config::Config,
    dedup::{self, Fingerprint, Likeness, Tale},
    extract,
    model::{Brings, Draft, NoticeId, Source},
    normalise::{reference, terms::Stems},
    store::{Result, Store, notices, search::Indexed, sources::Known},
};

/// An entry of a page.
pub(super) enum Entry {
    /// The source shows this notice as it did before.
    Settled(NoticeId),
    Open(Box<Prepared>),
    /// Of a source that brings no documents.
    Exploited(Exploited),
}

/// A vulnerability that a source lists as exploited.
pub(super) struct Exploited {
    pub cve: String,
    pub since: Option<Timestamp>,
}

pub(super) struct Prepared {
    pub draft: Draft,
    /// Strongest first.
    pub keys: Vec<String>,
    pub print: Fingerprint,
    pub shelved: Shelved,
    pub words: Indexed,
    /// What it is compared by, where no identity knows it.
    pub likeness: Likeness,
    pub tale: Tale,
    /// The vulnerabilities that a warning or an advisory names, sorted; of other documents none are looked for.
    pub cves: Vec<String>,
}

/// What is needed of an installation to prepare pages and to store them, away from the task that fetches.
pub(super) struct Desk {
    pub config: Config,
    pub store: Arc<Store>,
    rules: Rules,
    /// One for each page in preparation: what a former page taught is of use to the next.
    stems: Mutex<Vec<Stems>>,
}

impl Desk {
    pub fn of(app: &App) -> Self {
        Self {
            config: app.config.clone(),
            store: Arc::clone(&app.store),
            rules: app.rules.clone(),
            stems: Mutex::default(),
        }
    }

    /// Prepares the entries of a page, in their order.
    ///
    /// What is settled stays so until the page is stored: only this source changes what it showed, and it is read once
    /// at a time; a key never changes hands.
    pub fn prepare(&self, source: &Source, known: &Known, drafts: Vec<Draft>, now: Timestamp) -> Result<Vec<Entry>> {
        if drafts.is_empty() {
            return Ok(Vec::new());
        }
        if source.brings == Brings::Exploited {
            return Ok(drafts.iter().flat_map(exploited).collect());
        }
        let keys = dedup::keys_of_page(&source.id, &drafts);
        let prints: Vec<Fingerprint> = drafts.iter().map(|d| dedup::fingerprint(&d.title, &d.text)).collect();
        let settled = match known.read_since {
            None => vec![None; drafts.len()],
            // Whether it stood in the list before counts too.
            Some(_) if source.details.is_some() => vec![None; drafts.len()],
            Some(_) => self.store.read(|db| {
                let entries = drafts.iter().zip(&keys).zip(&prints);
                let settled = |((draft, keys), print): ((&Draft, &Vec<String>), &Fingerprint)| {
                    let shown = notices::shown_by_keys(db, keys, &source.id)?;
                    Ok(dedup::settled(draft, print, &shown))
                };
                entries.map(settled).collect::<Result<Vec<_>>>()
            })?,
        };
        let mut stems = self.stems.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        let mut entries = Vec::with_capacity(drafts.len());
        for (((draft, keys), print), settled) in drafts.into_iter().zip(keys).zip(prints).zip(settled) {
            entries.push(match settled {
                Some(notice) => Entry::Settled(notice),
                None => Entry::Open(Box::new(self.open(&mut stems, source, draft, keys, print, now))),
            });
        }
        self.stems.lock().unwrap_or_else(PoisonError::into_inner).push(stems);
        Ok(entries)
    }

    /// Prepares a document that was read at its own address, of a notice that is stored.
    pub fn document(&self, source: &Source, draft: Draft, now: Timestamp) -> Prepared {
        let print = dedup::fingerprint(&draft.title, &draft.text);
        self.open(&mut Stems::default(), source, draft, Vec::new(), print, now)
    }

    fn open(
        &self,
        stems: &mut Stems,
        source: &Source,
        draft: Draft,
        keys: Vec<String>,
        print: Fingerprint,
        now: Timestamp,
    ) -> Prepared {
        let shelved = classify(&self.rules, source, &draft);
        let reference = draft.reference.as_ref().map(|reference| reference.number.as_str());
        let words = Indexed::of(stems, &draft.title, reference, &draft.summary, &draft.text);
        let language = draft.language.as_deref().unwrap_or(&source.language);
        let (likeness, tale) = Likeness::of(&source.id, language, &draft, shelved.nature, now);
        let cves = if exploited::counts(shelved.nature) { named(&draft) } else { Vec::new() };
        Prepared { draft, keys, print, shelved, words, likeness, tale, cves }
    }
}

fn named(draft: &Draft) -> Vec<String> {
    let mut all = BTreeSet::new();
    for text in [&draft.title, &draft.summary, &draft.text] {
        all.extend(reference::cves(text));
    }
    all.into_iter().collect()
}

/// What an entry of a list of exploited vulnerabilities is about.
fn exploited(draft: &Draft) -> impl Iterator<Item = Entry> + use<> {
    let since = draft.published.map(|date| date.at);
    extract::exploited(draft).into_iter().map(move |cve| Entry::Exploited(Exploited { cve, since }))
}
