//! Same document or a revision of one: by identity, never by likeness.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::fingerprint::{Fingerprint, fingerprint, tokens};
use crate::{
    model::{Draft, NoticeId, SourceId, StoryId},
    normalise::url::CanonicalUrl,
};

/// A stored notice that a draft may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub notice: NoticeId,
    pub story: StoryId,
    pub source: SourceId,
    pub reference: Option<String>,
    pub title: String,
    pub published: Option<Timestamp>,
    /// Of its latest revision.
    pub fingerprint: String,
    /// What the draft's source showed of it last, if it ever listed it.
    pub shown: Option<String>,
}

/// What a draft is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A document that nobody has seen.
    New,
    /// Stored already, and nothing new is said.
    Same { notice: NoticeId },
    /// Stored already, and its source has changed it.
    Revision { notice: NoticeId },
    /// A document of its own that repeats another word for word: told once, in that one's story.
    Copy { of: NoticeId, story: StoryId },
    /// A document of its own that tells of a story's event.
    Joins { story: StoryId },
}

impl Verdict {
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::New => "new",
            Verdict::Same { .. } => "same",
            Verdict::Revision { .. } => "revision",
            Verdict::Copy { .. } => "copy",
            Verdict::Joins { .. } => "joins",
        }
    }
}

/// A verdict and its reason, in French, for editors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub verdict: Verdict,
    pub because: String,
}

impl Decision {
    /// Nothing that is stored is this document.
    pub fn unknown() -> Self {
        let because = String::from("Nouveau : ni référence, ni identifiant, ni adresse, ni texte connus");
        Self { verdict: Verdict::New, because }
    }

    /// A revision by a source that has no say over the document.
    pub fn overruled(self, source: &SourceId) -> Self {
        let Verdict::Revision { notice } = self.verdict else { return self };
        let because = format!("Même document : remanié par « {source} », qui n’en est pas l’auteur");
        Self { verdict: Verdict::Same { notice }, because }
    }
}

/// The keys by which each draft of one page is known again, strongest first.
///
/// What does not tell the page's own entries apart is no key: a guid that several of them bear counts only together
/// with the address (and with the title, where they share that too), an address that documents of different titles
/// share, or rows of different dates, does not count at all. A draft with neither reference nor guid is first looked for by its very words, so that
/// it is found again when another one shares its address for a while. Where it has no address either, the number of its
/// occurrence is added: rows of a table may be the same word for word and stand for several documents.
pub fn keys_of_page(source: &SourceId, drafts: &[Draft]) -> Vec<Vec<String>> {
    let urls: Vec<Option<CanonicalUrl>> = drafts.iter().map(|d| d.url.as_ref().map(CanonicalUrl::of)).collect();
    let titles: Vec<String> = drafts.iter().map(|draft| tokens(&draft.title).join(" ")).collect();
    let mut urls_of_guid: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut titles_of_guid: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    let mut documents_of_url: BTreeMap<&str, BTreeSet<(&str, Option<Timestamp>)>> = BTreeMap::new();
    for ((draft, url), title) in drafts.iter().zip(&urls).zip(&titles) {
        let url = url.as_ref().map_or("", CanonicalUrl::as_str);
        if let Some(guid) = &draft.guid {
            urls_of_guid.entry(guid).or_default().insert(url);
            titles_of_guid.entry((guid, url)).or_default().insert(title);
        }
        if draft.reference.is_none() {
            // Rows of a table may share their link and their words: what tells them apart then is their date.
            let date = draft.published.filter(|_| draft.guid.is_none()).map(|date| date.at);
            documents_of_url.entry(url).or_default().insert((title, date));
        }
    }
    let one = |set: Option<&BTreeSet<&str>>| set.is_none_or(|set| set.len() == 1);
    let mut out = Vec::with_capacity(drafts.len());
    let mut occurrences: BTreeMap<String, usize> = BTreeMap::new();
    for ((draft, url), title) in drafts.iter().zip(&urls).zip(&titles) {
        let address = url.as_ref().map_or("", CanonicalUrl::as_str);
        let mut keys = Vec::with_capacity(3);
        keys.extend(draft.reference.as_ref().map(|r| format!("ref:{}", r.number)));
        match &draft.guid {
            Some(guid) if !one(titles_of_guid.get(&(guid.as_str(), address))) => {
                keys.push(bounded(format!("guid:{source}:{guid} {address} {title}")));
            }
            Some(guid) if !one(urls_of_guid.get(guid.as_str())) => {
                keys.push(bounded(format!("guid:{source}:{guid} {address}")));
            }
            Some(guid) => keys.push(bounded(format!("guid:{source}:{guid}"))),
            None if draft.reference.is_none() => {
                let date = draft.published.map_or(0, |d| d.at.as_second());
                let words = fingerprint(&draft.title, &draft.text).hash;
                let mut key = format!("text:{source}:{date}:{words} {address}");
                if address.is_empty() {
                    let occurrence = occurrences.entry(key.clone()).or_default();
                    *occurrence += 1;
                    if *occurrence > 1 {
                        key.push_str(&format!("#{occurrence}"));
                    }
                }
                keys.push(bounded(key));
            }
            None => {}
        }
        if !address.is_empty() && documents_of_url.get(address).is_none_or(|documents| documents.len() == 1) {
            keys.push(bounded(format!("url:{address}")));
        }
        out.push(keys);
    }
    out
}

/// What a draft is, given the stored notices that own one of its keys. `None` when no identity knows it: only
/// content is left to ask ([`super::repeats`]).
pub fn decide(
    source: &SourceId,
    draft: &Draft,
    print: &Fingerprint,
    keys: &[String],
    known: &BTreeMap<String, Known>,
) -> Option<Decision> {
    let own = draft.reference.as_ref().map(|r| r.number.as_str());
    let (key, known) = keys.iter().find_map(|key| {
        let known = known.get(key)?;
        let other = matches!((own, known.reference.as_deref()), (Some(a), Some(b)) if a != b);
        (!other).then_some((key, known))
    })?;
    let by = in_words(key);
    let decision = match &known.shown {
        Some(shown) if *shown == print.hash => Decision {
            verdict: Verdict::Same { notice: known.notice },
            because: format!("Même document : {by} ; inchangé"),
        },
        // Another version of the normal form: nothing can be compared, so nothing is announced.
        Some(shown) if version(shown) != version(&print.hash) => Decision {
            verdict: Verdict::Same { notice: known.notice },
            because: format!("Même document : {by} ; empreinte renouvelée"),
        },
        Some(_) if known.fingerprint != print.hash => Decision {
            verdict: Verdict::Revision { notice: known.notice },
            because: format!("Même document : {by} ; révision : {}", changed(draft, known)),
        },
        Some(_) => Decision {
            verdict: Verdict::Same { notice: known.notice },
            because: format!("Même document : {by} ; texte déjà connu"),
        },
        None if known.source == *source => {
            Decision { verdict: Verdict::Same { notice: known.notice }, because: format!("Même document : {by}") }
        }
        None => Decision {
            verdict: Verdict::Same { notice: known.notice },
            because: format!("Même document : {by} ; déjà reçu de « {} »", known.source),
        },
    };
    Some(decision)
}

/// What is known of the notice that owns a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub notice: NoticeId,
    pub reference: Option<String>,
    /// The fingerprint of what the draft's source showed of it last.
    pub fingerprint: Option<String>,
}

/// The notice that a draft repeats to the letter, from the source that listed it so before and under no new key: there
/// is nothing to decide and nothing to store. `shown` goes with `keys`, one by one.
pub fn settled(draft: &Draft, print: &Fingerprint, shown: &[Option<Shown>]) -> Option<NoticeId> {
    let own = draft.reference.as_ref().map(|r| r.number.as_str());
    if shown.iter().any(Option::is_none) {
        return None;
    }
    let is_other = |known: &Shown| matches!((own, known.reference.as_deref()), (Some(a), Some(b)) if a != b);
    let known = shown.iter().flatten().find(|known| !is_other(known))?;
    (known.fingerprint.as_ref() == Some(&print.hash)).then_some(known.notice)
}

fn changed(draft: &Draft, known: &Known) -> &'static str {
    if tokens(&draft.title) == tokens(&known.title) { "le texte a changé" } else { "le titre a changé" }
}

fn in_words(key: &str) -> String {
    match key.split_once(':') {
        Some(("ref", number)) => format!("référence {number}"),
        Some(("guid", _)) => String::from("identifiant de la source"),
        Some(("url", _)) => String::from("adresse"),
        _ => String::from("contenu"),
    }
}

fn version(hash: &str) -> &str {
    hash.split_once(':').map_or("", |(version, _)| version)
}

/// Keys of a hostile length would make the index as long: beyond 300 octets, a hash stands for the rest.
fn bounded(key: String) -> String {
    if key.len() <= 300 {
        return key;
    }
    let head: String = key.chars().take(60).collect();
    format!("{head}#{}", fingerprint("", &key).hash)
}

#[cfg(test)]
mod tests;
