//! Takes the drafts of one page into the store: recognises each, shelves what is new, tells why.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::App;
use crate::{
    classify::{Shelved, classify},
    dedup::{self, Decision, Fingerprint, Verdict},
    model::{Authority, Draft, Notice, NoticeId, Review, Severity, Source, SourceId, StoryId},
    store::{
        Result, Tx,
        notices::{self, Candidate, Shelf},
        sources::Known,
        stories,
    },
};

/// What became of the drafts of one page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Taken {
    pub drafts: u32,
    pub new: u32,
    pub revised: u32,
    pub duplicates: u32,
    pub copies: u32,
}

pub(super) fn take_in(
    app: &App,
    tx: &Tx,
    source: &Source,
    known: &Known,
    drafts: &[Draft],
    now: Timestamp,
) -> Result<Taken> {
    let mut taken = Taken::default();
    let mut on_this_page: BTreeSet<NoticeId> = BTreeSet::new();
    for (draft, keys) in drafts.iter().zip(dedup::keys_of_page(&source.id, drafts)) {
        taken.drafts += 1;
        let print = dedup::fingerprint(&draft.title, &draft.text);
        let (decision, unknown) = recognise(tx, source, draft, &print, &keys, now)?;
        match decision.verdict {
            Verdict::Same { notice } | Verdict::Revision { notice } if !on_this_page.insert(notice) => {
                // The page lists one document twice: the first entry speaks for it.
                taken.duplicates += 1;
                notices::claim_keys(tx, notice, unknown)?;
            }
            Verdict::Same { notice } => {
                if same(app, tx, source, draft, &print, &decision, notice, now)? {
                    taken.duplicates += 1;
                }
                notices::claim_keys(tx, notice, unknown)?;
            }
            Verdict::Revision { notice } => {
                taken.revised += 1;
                revise(app, tx, source, draft, &print, notice, now)?;
                notices::claim_keys(tx, notice, unknown)?;
                notices::decide(tx, notice, &source.id, decision.verdict.as_str(), &decision.because, now)?;
            }
            Verdict::New | Verdict::Copy { .. } | Verdict::Joins { .. } => {
                let shelved = classify(&app.rules, source, draft);
                let story = match decision.verdict {
                    Verdict::Copy { story, .. } | Verdict::Joins { story } => story,
                    _ => open_story(app, tx, source, known, draft, &shelved, now)?,
                };
                let because = shelved.because.join("\n");
                let language = draft.language.as_deref().unwrap_or(&source.language);
                let shelf = shelf(&shelved, &because);
                let id = notices::insert(tx, &source.id, story, draft, language, &print.hash, &shelf, now)?;
                notices::claim_keys(tx, id, unknown)?;
                notices::sight(tx, id, &source.id, draft.url.as_ref(), &print.hash, now)?;
                notices::decide(tx, id, &source.id, decision.verdict.as_str(), &decision.because, now)?;
                on_this_page.insert(id);
                match decision.verdict {
                    Verdict::New => {
                        taken.new += 1;
                        stories::set_lead(tx, story, id, shelved.severity, now)?;
                    }
                    _ => {
                        taken.copies += 1;
                        choose_lead(app, tx, story, now)?;
                    }
                }
            }
        }
    }
    Ok(taken)
}

/// What a draft is, and which of its keys nobody owns yet.
fn recognise<'a>(
    tx: &Tx,
    source: &Source,
    draft: &Draft,
    print: &Fingerprint,
    keys: &'a [String],
    now: Timestamp,
) -> Result<(Decision, Vec<&'a str>)> {
    let asked: Vec<&str> = keys.iter().map(String::as_str).collect();
    let known: BTreeMap<String, dedup::Known> =
        notices::by_keys(tx, &asked, &source.id)?.into_iter().map(|(key, found)| (key, comparable(found))).collect();
    let unknown = asked.into_iter().filter(|key| !known.contains_key(*key)).collect();
    if let Some(decision) = dedup::decide(&source.id, draft, print, keys, &known) {
        return Ok((decision, unknown));
    }
    let alike: Vec<dedup::Known> =
        notices::by_fingerprint(tx, &print.hash, &source.id)?.into_iter().map(comparable).collect();
    let decision = dedup::copy_of(draft, print, &alike, now).unwrap_or_else(|| Decision {
        verdict: Verdict::New,
        because: String::from("Nouveau : ni référence, ni identifiant, ni adresse, ni texte connus"),
    });
    Ok((decision, unknown))
}

fn comparable(found: Candidate) -> dedup::Known {
    dedup::Known {
        notice: found.notice,
        story: found.story,
        source: found.source,
        reference: found.reference,
        title: found.title,
        published: found.published,
        fingerprint: found.fingerprint,
        shown: found.shown,
    }
}

/// Remembers how a source shows a known document. Says whether this is the first time that this source does.
fn same(
    app: &App,
    tx: &Tx,
    source: &Source,
    draft: &Draft,
    print: &Fingerprint,
    decision: &Decision,
    notice: NoticeId,
    now: Timestamp,
) -> Result<bool> {
    let shown = notices::shown(tx, notice, &source.id)?;
    if shown.as_ref() == Some(&print.hash) {
        return Ok(false);
    }
    notices::sight(tx, notice, &source.id, draft.url.as_ref(), &print.hash, now)?;
    notices::decide(tx, notice, &source.id, decision.verdict.as_str(), &decision.because, now)?;
    if shown.is_none() {
        adopt(app, tx, source, draft, print, notice, now)?;
    }
    Ok(shown.is_none())
}

/// A relay may bring a document before its issuer does: the issuer's words then take the place of the relay's.
fn adopt(
    app: &App,
    tx: &Tx,
    source: &Source,
    draft: &Draft,
    print: &Fingerprint,
    notice: NoticeId,
    now: Timestamp,
) -> Result<()> {
    let Some(stored) = notices::get(tx, notice)? else { return Ok(()) };
    if source.authority <= authority(app, &stored.source) {
        return Ok(());
    }
    let shelved = classify(&app.rules, source, draft);
    let because = shelved.because.join("\n");
    let language = draft.language.as_deref().unwrap_or(&source.language);
    notices::adopt(tx, notice, &source.id, draft, language, &print.hash, &shelf(&shelved, &because))?;
    let because = format!("« {} » fait autorité sur « {} » : son texte est retenu", source.id, stored.source);
    notices::decide(tx, notice, &source.id, "same", &because, now)?;
    choose_lead(app, tx, stored.story, now)
}

fn revise(
    app: &App,
    tx: &Tx,
    source: &Source,
    draft: &Draft,
    print: &Fingerprint,
    notice: NoticeId,
    now: Timestamp,
) -> Result<()> {
    let shelved = classify(&app.rules, source, draft);
    let because = shelved.because.join("\n");
    notices::revise(tx, notice, draft, &print.hash, &shelf(&shelved, &because), now)?;
    notices::sight(tx, notice, &source.id, draft.url.as_ref(), &print.hash, now)?;
    if let Some(stored) = notices::get(tx, notice)? {
        choose_lead(app, tx, stored.story, now)?;
    }
    Ok(())
}

fn open_story(
    app: &App,
    tx: &Tx,
    source: &Source,
    known: &Known,
    draft: &Draft,
    shelved: &Shelved,
    now: Timestamp,
) -> Result<StoryId> {
    let first_read = known.last_success.is_none();
    let fresh = draft
        .published
        .is_some_and(|date| now.duration_since(date.at).unsigned_abs() <= app.config.crawl.first_read || date.at > now);
    let (review, because) = if first_read && !fresh {
        (Review::Archived, format!("already old when `{}` was first read", source.id))
    } else {
        (Review::Approved, String::from("no editor looks first"))
    };
    let story = stories::insert(tx, &shelved.section, shelved.nature, shelved.severity, review, now)?;
    stories::review(tx, story, review, "automatic", &because, now)?;
    Ok(story)
}

fn shelf<'a>(shelved: &'a Shelved, because: &'a str) -> Shelf<'a> {
    Shelf { section: &shelved.section, nature: shelved.nature, severity: shelved.severity, because }
}

/// The notice of greatest authority speaks for the story; then the earliest, then the one with the least address.
fn choose_lead(app: &App, tx: &Tx, story: StoryId, now: Timestamp) -> Result<()> {
    let notices = notices::of_story(tx, story)?;
    let rank = |notice: &Notice| {
        let at = notice.published.map_or(notice.first_seen, |date| date.at);
        let url = notice.url.as_ref().map(|url| url.as_str().to_owned());
        (std::cmp::Reverse(authority(app, &notice.source)), at, url, notice.id)
    };
    let Some(lead) = notices.iter().min_by_key(|notice| rank(notice)) else { return Ok(()) };
    let severity = notices.iter().map(|n| n.severity).max().unwrap_or(Severity::Info);
    stories::set_lead(tx, story, lead.id, severity, now)
}

fn authority(app: &App, id: &SourceId) -> Authority {
    app.config.sources.iter().find(|s| &s.id == id).map_or(Authority::Aggregator, |s| s.authority)
}
