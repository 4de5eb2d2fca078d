//! Takes the entries of one page into the store: recognises each, shelves what is new, tells why.

use std::{cmp::Ordering, collections::BTreeSet};

use jiff::Timestamp;

use super::{
    exploited::{self, Brought},
    prepare::{Entry, Prepared},
    recognise::{Arrival, Reading, Recogniser},
    regroup,
    review::{self, Age},
};
use crate::{
    classify::Shelved,
    config::Config,
    dedup::{self, Decision, Verdict},
    model::{Authority, Details, Draft, Notice, NoticeId, Review, Source, SourceId, StoryId},
    store::{
        Result, Tx,
        details::{self, Due, Outcome},
        notices::{self, Stated},
        reviews,
        search::{self, Indexed},
        sources::{self, Known},
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
    /// Of a source that brings no documents: entries that nobody had listed before.
    pub exploited: u32,
}

impl Taken {
    pub fn and(self, more: Self) -> Self {
        Self {
            drafts: self.drafts + more.drafts,
            new: self.new + more.new,
            revised: self.revised + more.revised,
            duplicates: self.duplicates + more.duplicates,
            exploited: self.exploited + more.exploited,
        }
    }
}

/// What became of what was read of a document at its own address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Completed {
    Kept {
        revised: bool,
    },
    /// Another source, of greater authority, speaks for the document meanwhile.
    Foreign,
    /// Another document of the source has the same text: the site gives one page for several addresses.
    Twin(NoticeId),
}

/// Fewer words than that may stand on two pages by chance.
const TELLING: usize = 20;

/// A notice that was stored, and what is still to be done of it in the same transaction.
pub(super) struct Added {
    /// To be found by.
    pub words: Indexed,
    /// To be recognised.
    pub arrival: Arrival,
}

/// One page on its way into the store, in one transaction.
pub(super) struct Intake<'a> {
    pub config: &'a Config,
    pub tx: &'a Tx<'a>,
    pub source: &'a Source,
    /// The source before this fetch.
    pub known: &'a Known,
    pub now: Timestamp,
}

/// An entry with its decision and the keys that nobody owns yet.
struct Judged {
    entry: Prepared,
    decision: Decision,
    unclaimed: Vec<String>,
}

impl Intake<'_> {
    /// Also says what was added, in order.
    pub fn take(&self, entries: Vec<Entry>) -> Result<(Taken, Vec<Added>)> {
        let (mut taken, mut new) = (Taken::default(), Vec::new());
        let (mut on_this_page, mut added) = (BTreeSet::new(), BTreeSet::new());
        let before = self.source.details.as_ref().map(|_| sources::listed(self.tx, &self.source.id)).transpose()?;
        let mut brought = Brought::new(self.config, self.tx, self.source, self.now);
        for entry in entries {
            taken.drafts += 1;
            let judged = match entry {
                Entry::Exploited(entry) => {
                    taken.exploited += u32::from(brought.take(&entry)?);
                    continue;
                }
                Entry::Settled(notice) => {
                    on_this_page.insert(notice);
                    continue;
                }
                Entry::Open(entry) => self.judge(*entry)?,
            };
            match judged.decision.verdict {
                Verdict::Same { notice } | Verdict::Revision { notice } if !on_this_page.insert(notice) => {
                    // The page lists one document twice: the first entry speaks for it. That is told once.
                    taken.duplicates += u32::from(added.contains(&notice) || !judged.unclaimed.is_empty());
                    notices::claim_keys(self.tx, notice, &judged.unclaimed)?;
                }
                Verdict::Same { notice } => {
                    taken.duplicates += u32::from(self.same(notice, &judged)?);
                    let is_back = |before: &BTreeSet<i64>| !before.is_empty() && !before.contains(&notice.get());
                    if before.as_ref().is_some_and(is_back) {
                        self.resurfaced(notice, &judged.entry.draft)?;
                    }
                }
                Verdict::Revision { notice } if self.is_read_further(notice, &judged.entry.draft)? => {
                    taken.revised += u32::from(self.relist(notice, judged)?);
                }
                Verdict::Revision { notice } => {
                    taken.revised += 1;
                    self.revise(notice, &judged)?;
                    self.want_details(notice, &judged.entry.draft)?;
                }
                // Whether it repeats or joins another is found out when all of the page is known.
                Verdict::New | Verdict::Copy { .. } | Verdict::Joins { .. } => {
                    taken.new += 1;
                    let (notice, story) = self.add(&judged)?;
                    self.want_details(notice, &judged.entry.draft)?;
                    on_this_page.insert(notice);
                    added.insert(notice);
                    let Prepared { words, likeness, tale, .. } = judged.entry;
                    new.push(Added { words, arrival: Arrival { notice, story, likeness, tale } });
                }
            }
        }
        if before.is_some() && !on_this_page.is_empty() {
            let listed = on_this_page.iter().map(|id| id.get()).collect();
            sources::set_listed(self.tx, &self.source.id, &listed)?;
        }
        Ok((taken, new))
    }

    /// What was read of a document at its own address: it completes the notice the first time, and revises it when it
    /// changed since.
    pub fn complete(&self, due: &Due, mut entry: Prepared) -> Result<Completed> {
        let stored = notices::get(self.tx, due.notice)?.filter(|stored| stored.source == self.source.id);
        let Some(stored) = stored else { return Ok(Completed::Foreign) };
        self.claim_reference(due.notice, &mut entry)?;
        exploited::weigh(self.config, self.tx, &mut entry)?;
        let entry = &entry;
        let is_text = matches!(self.source.details, Some(Details::FullText));
        let read = dedup::fingerprint(if is_text { "" } else { &entry.draft.title }, &entry.draft.text);
        // A file that was put up twice is a copy; a page that stands at two addresses, under two titles, is none of the two.
        let is_page = is_text && !entry.draft.content.is_empty();
        if is_page
            && read.tokens >= TELLING
            && let Some(other) = details::twin(self.tx, due.notice, &self.source.id, &read.hash)?
            && notices::get(self.tx, other)?.is_some_and(|other| other.title != entry.draft.title)
        {
            return Ok(Completed::Twin(other));
        }
        let revised = !due.fingerprint.is_empty() && due.fingerprint != read.hash;
        if due.fingerprint != read.hash {
            let stated = self.stated(entry);
            let (verdict, because) = if revised {
                notices::revise(self.tx, due.notice, &self.source.id, &stated, self.now)?;
                (
                    Verdict::Revision { notice: due.notice },
                    String::from("Même document : relu à son adresse ; révision"),
                )
            } else {
                notices::adopt(self.tx, due.notice, &self.source.id, &stated)?;
                let because = format!("Même document : lu à son adresse, {} mots", read.tokens);
                (Verdict::Same { notice: due.notice }, because)
            };
            exploited::note(self.tx, due.notice, entry)?;
            search::later(self.tx, due.notice)?;
            self.tell(due.notice, verdict, &because)?;
            let reading = if revised { Reading::Later } else { Reading::First };
            self.compare_again(due.notice, reading)?;
        } else if !stands_as(&stored, &entry.shelved) {
            // The text is as it was, and the title that the list gives it is another.
            notices::reshelve(self.tx, due.notice, &entry.shelved)?;
            exploited::note(self.tx, due.notice, entry)?;
            self.choose_lead(stored.story)?;
        }
        details::settle(self.tx, due.notice, Outcome::Read { fingerprint: &read.hash }, self.now)?;
        Ok(Completed::Kept { revised })
    }

    /// Whether the words of a notice are those that stand at its own address, where this source reads them.
    fn is_read_further(&self, id: NoticeId, draft: &Draft) -> Result<bool> {
        let listed = self.source.details.is_some() && draft.details.is_some();
        Ok(listed && details::is_read(self.tx, id, &self.source.id)?)
    }

    /// The list changed its words about a document that was read further. What its own page says is read again; where
    /// that gives the text alone, title and summary are the list's, and revised at once. Where it stands stays as its text
    /// made it until this is read again: the few words of a list know nothing of the vulnerabilities that the text names.
    fn relist(&self, id: NoticeId, judged: Judged) -> Result<bool> {
        let Some(stored) = notices::get(self.tx, id)? else { return Ok(false) };
        let Judged { entry: Prepared { draft, print: shown, .. }, decision, unclaimed } = judged;
        let is_text = matches!(self.source.details, Some(Details::FullText));
        let revised = is_text && (stored.title != draft.title || stored.summary != draft.summary);
        notices::claim_keys(self.tx, id, &unclaimed)?;
        if revised {
            let print = dedup::fingerprint(&draft.title, &stored.text);
            notices::reword(self.tx, id, &draft, &print.hash, self.now)?;
            search::later(self.tx, id)?;
            self.tell(id, decision.verdict, &decision.because)?;
            self.compare_again(id, Reading::Later)?;
        } else {
            let because = "Même document : la liste en a changé les mots ; relu à son adresse";
            self.tell(id, Verdict::Same { notice: id }, because)?;
        }
        // As the list shows it, which is what its next state is compared with.
        notices::sight(self.tx, id, &self.source.id, draft.url.as_ref(), &shown.hash, self.now)?;
        self.want_details(id, &draft)?;
        Ok(revised)
    }

    /// An official reference that only the details state is an identity too; one that is another notice's is not this one's.
    fn claim_reference(&self, id: NoticeId, entry: &mut Prepared) -> Result<()> {
        let Some(reference) = &entry.draft.reference else { return Ok(()) };
        let key = vec![format!("ref:{}", reference.number)];
        let owner = notices::by_keys(self.tx, &key, &self.source.id)?.into_values().next();
        match owner {
            None => notices::claim_keys(self.tx, id, &key),
            Some(owner) if owner.notice == id => Ok(()),
            Some(owner) => {
                let because = format!("La référence {} est celle de la notice {}", reference.number, owner.notice);
                entry.draft.reference = None;
                self.tell(id, Verdict::Same { notice: id }, &because)
            }
        }
    }

    /// Asks for what stands at a document's own address. Not for what was old already when its source was first read.
    fn want_details(&self, id: NoticeId, draft: &Draft) -> Result<()> {
        let Some(url) = &draft.details else { return Ok(()) };
        let Some(notice) = notices::get(self.tx, id)? else { return Ok(()) };
        let is_archived = || match stories::get(self.tx, notice.story)?.map(|story| story.review) {
            Some(Review::Archived) => Ok(true),
            Some(Review::Rejected) => reviews::was_archived(self.tx, notice.story),
            _ => Ok(false),
        };
        if notice.source != self.source.id || is_archived()? {
            return Ok(());
        }
        details::want(self.tx, id, &self.source.id, draft, url, self.now)
    }

    /// A document that had left the list and stands in it again, under its old date and with the same words: some sources
    /// (CERT-FR) list so what they revised. Its details are read again, and tell.
    fn resurfaced(&self, id: NoticeId, draft: &Draft) -> Result<()> {
        let because = "Même document : revenu dans la liste sous sa date d’origine ; relu à son adresse";
        self.tell(id, Verdict::Same { notice: id }, because)?;
        self.want_details(id, draft)
    }

    fn judge(&self, mut entry: Prepared) -> Result<Judged> {
        exploited::weigh(self.config, self.tx, &mut entry)?;
        let id = &self.source.id;
        let Prepared { draft, print, keys, .. } = &entry;
        let known = notices::by_keys(self.tx, keys, id)?;
        let unclaimed = keys.iter().filter(|key| !known.contains_key(*key)).cloned().collect();
        let decision = match dedup::decide(id, draft, print, keys, &known) {
            // A relay that rewords what it repeats does not change what the issuer wrote.
            Some(decision) if self.is_outranked(&decision, known.values()) => decision.overruled(id),
            Some(decision) => decision,
            None => Decision::unknown(),
        };
        Ok(Judged { entry, decision, unclaimed })
    }

    /// Whether a revision would come from somebody who has no say over the document: neither the source that it is
    /// stored from, nor one of greater authority, nor another feed of the same site.
    fn is_outranked<'k>(&self, decision: &Decision, mut known: impl Iterator<Item = &'k dedup::Known>) -> bool {
        let Verdict::Revision { notice } = decision.verdict else { return false };
        let Some(owner) = known.find(|known| known.notice == notice).map(|known| &known.source) else { return false };
        let same_site =
            || self.configured(owner).is_some_and(|owner| owner.url.host_str() == self.source.url.host_str());
        match self.source.authority.cmp(&self.authority(owner)) {
            Ordering::Greater => false,
            Ordering::Equal => *owner != self.source.id && !same_site(),
            Ordering::Less => true,
        }
    }

    /// Stores a draft as a notice of its own, in a story of its own.
    fn add(&self, judged: &Judged) -> Result<(NoticeId, StoryId)> {
        let Judged { entry, unclaimed, .. } = judged;
        let story = self.open_story(&entry.draft, &entry.shelved)?;
        let id = notices::insert(self.tx, &self.source.id, story, &self.stated(entry), self.now)?;
        notices::claim_keys(self.tx, id, unclaimed)?;
        exploited::note(self.tx, id, entry)?;
        self.sight(id, entry)?;
        stories::begin(self.tx, story, id)?;
        Ok((id, story))
    }

    /// Remembers how this source shows a known document. Says whether this is the first time that it does.
    fn same(&self, id: NoticeId, judged: &Judged) -> Result<bool> {
        let Judged { entry, decision, unclaimed } = judged;
        notices::claim_keys(self.tx, id, unclaimed)?;
        let shown = notices::shown(self.tx, id, &self.source.id)?;
        if shown.as_ref() == Some(&entry.print.hash) {
            return Ok(false);
        }
        self.sight(id, entry)?;
        self.tell(id, decision.verdict, &decision.because)?;
        if shown.is_none() {
            self.adopt(id, entry)?;
        }
        Ok(shown.is_none())
    }

    /// A relay may bring a document before its issuer does: the issuer's words then take the place of the relay's.
    fn adopt(&self, id: NoticeId, entry: &Prepared) -> Result<()> {
        let Some(stored) = notices::get(self.tx, id)? else { return Ok(()) };
        if self.source.authority <= self.authority(&stored.source) {
            return Ok(());
        }
        notices::adopt(self.tx, id, &self.source.id, &self.stated(entry))?;
        exploited::note(self.tx, id, entry)?;
        search::later(self.tx, id)?;
        let because = format!("« {} » fait autorité sur « {} » : son texte est retenu", self.source.id, stored.source);
        self.tell(id, Verdict::Same { notice: id }, &because)?;
        self.compare_again(id, Reading::Later)
    }

    fn revise(&self, id: NoticeId, judged: &Judged) -> Result<()> {
        let Judged { entry, decision, unclaimed } = judged;
        notices::revise(self.tx, id, &self.source.id, &self.stated(entry), self.now)?;
        exploited::note(self.tx, id, entry)?;
        search::later(self.tx, id)?;
        notices::claim_keys(self.tx, id, unclaimed)?;
        self.sight(id, entry)?;
        self.tell(id, decision.verdict, &decision.because)?;
        self.compare_again(id, Reading::Later)
    }

    /// What a notice says now is what others are compared with, and who speaks for its story is chosen anew.
    fn compare_again(&self, id: NoticeId, reading: Reading) -> Result<()> {
        let Some(stored) = notices::get(self.tx, id)? else { return Ok(()) };
        self.choose_lead(stored.story)?;
        let arrival = Arrival::of(stored);
        let mut recogniser = Recogniser::new(self.config, self.tx, self.now);
        recogniser.again(&arrival, reading)?;
        recogniser.finish()
    }

    fn open_story(&self, draft: &Draft, shelved: &Shelved) -> Result<StoryId> {
        let first_read = self.known.read_since.is_none();
        let limit = self.config.crawl.first_read;
        let age = draft.published.map(|date| self.now.duration_since(date.at));
        let fresh = age.is_some_and(|age| age.is_negative() || age.unsigned_abs() <= limit);
        let age = if first_read && !fresh { Age::Old } else { Age::News };
        review::open(self.config, self.tx, shelved, age, self.now)
    }

    fn choose_lead(&self, story: StoryId) -> Result<()> {
        regroup::weigh_again(self.config, self.tx, story, self.now)
    }

    fn authority(&self, id: &SourceId) -> Authority {
        regroup::authority(self.config, id)
    }

    fn configured(&self, id: &SourceId) -> Option<&Source> {
        self.config.sources.iter().find(|source| &source.id == id)
    }

    fn sight(&self, id: NoticeId, entry: &Prepared) -> Result<()> {
        notices::sight(self.tx, id, &self.source.id, entry.draft.url.as_ref(), &entry.print.hash, self.now)
    }

    fn tell(&self, id: NoticeId, verdict: Verdict, because: &str) -> Result<()> {
        notices::decide(self.tx, id, &self.source.id, verdict.as_str(), because, self.now)
    }

    fn stated<'s>(&'s self, entry: &'s Prepared) -> Stated<'s> {
        let Prepared { draft, print, shelved, .. } = entry;
        Stated {
            draft,
            language: draft.language.as_deref().unwrap_or(&self.source.language),
            fingerprint: &print.hash,
            shelved,
        }
    }
}

/// Whether a notice stands where the rules put it now.
fn stands_as(stored: &Notice, shelved: &Shelved) -> bool {
    let stands = (&stored.section, &stored.also, stored.nature, stored.severity, stored.relevance);
    stands == (&shelved.section, &shelved.also, shelved.nature, shelved.severity, shelved.relevance.points)
}
