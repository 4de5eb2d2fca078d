//! Recognises what no identity knows: documents that repeat another one's text, and those that tell of an event that
//! others tell of. In the order in which notices come, in the transaction that stores them.
//!
//! What is compared with what is found by an index in the database (`store::likeness`), of which the rows that a
//! transaction touches are read in the order of their keys, changed in memory, and written once at its end. So a page of
//! forty entries costs little more than its different words, and a restart forgets nothing.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use jiff::Timestamp;

use super::regroup::{self, Absorbed};
use crate::{
    config::Config,
    dedup::{
        self, COMMON, Counts, Decision, Group, Likeness, MEMBERS, OVER, Refrain, Repeats, SHARED, Tale, Tells, Told,
        Vector, Verdict, WINDOW,
    },
    model::{Draft, Hand, Notice, NoticeId, SourceId, StoryId},
    normalise::reference,
    store::{
        Result, Tx,
        likeness::{self, ALL, Compared, Posting},
        notices,
        pairs::{self, Suspected},
        stories,
    },
};

/// A notice that is to be recognised.
pub(super) struct Arrival {
    pub notice: NoticeId,
    /// Its own, until then.
    pub story: StoryId,
    pub likeness: Likeness,
    pub tale: Tale,
}

impl Arrival {
    /// A notice as it is stored.
    pub fn of(stored: Notice) -> Self {
        let Notice { id, story, source, language, first_seen, .. } = stored;
        let draft = Draft {
            reference: stored.reference.as_deref().and_then(reference::parse),
            url: stored.url,
            title: stored.title,
            text: stored.text,
            published: stored.published,
            ..Draft::default()
        };
        let (likeness, tale) = Likeness::of(&source, &language, &draft, first_seen);
        Self { notice: id, story, likeness, tale }
    }
}

/// Whether a notice was read at its own address before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    First,
    Later,
}

/// From so many documents on a key is counted roughly.
const OFTEN: u32 = 256;
const STEP: u32 = 16;
/// So many groups of copies are compared with one document, those first that share most with it.
const GROUPS: usize = 8;
/// So many documents of a group, besides the first.
const COPIES: u32 = 12;
/// So many stories are compared with one document.
const STORIES: usize = 24;
/// So many of the last documents are found by a word of their title.
const BY_WORD: usize = 32;

/// Who recognises the notices of one transaction.
pub(super) struct Recogniser<'a> {
    config: &'a Config,
    tx: &'a Tx<'a>,
    now: Timestamp,
    index: Index<'a>,
    refrains: HashMap<SourceId, Refrain>,
    learnt: BTreeSet<SourceId>,
    groups: HashMap<NoticeId, Group>,
    told: HashMap<StoryId, Told>,
}

impl<'a> Recogniser<'a> {
    pub fn new(config: &'a Config, tx: &'a Tx<'a>, now: Timestamp) -> Self {
        Self {
            config,
            tx,
            now,
            index: Index { tx, held: BTreeMap::new(), changed: BTreeSet::new() },
            refrains: HashMap::new(),
            learnt: BTreeSet::new(),
            groups: HashMap::new(),
            told: HashMap::new(),
        }
    }

    /// Recognises new notices, in their order. What each is, in the same order.
    pub fn take(&mut self, arrivals: &[Arrival]) -> Result<Vec<Verdict>> {
        let keys = |arrival: &Arrival| [arrival.likeness.keys(&arrival.tale), citations(&arrival.tale)].concat();
        let keys: BTreeSet<u64> = arrivals.iter().flat_map(keys).collect();
        self.index.load(keys.into_iter())?;
        arrivals.iter().map(|arrival| self.recognise(arrival)).collect()
    }

    /// Compares a notice anew whose text is another now: the first time that its own page is read, it may turn out to
    /// repeat another or to tell of a known event, as long as it stands alone, nobody was told of it, and no editor
    /// placed it. Otherwise it stays where it is, and later ones are compared with what it says now.
    pub fn again(&mut self, arrival: &Arrival, reading: Reading) -> Result<Option<Verdict>> {
        let notice = arrival.notice;
        let is_free = reading == Reading::First
            && stories::tellers(self.tx, arrival.story)?.len() == 1
            && !regroup::is_fixed(self.tx, notice)?
            && !stories::is_carried(self.tx, arrival.story)?;
        let keys = [arrival.likeness.keys(&arrival.tale), citations(&arrival.tale)].concat();
        self.index.load(keys.into_iter())?;
        let (repeats, counts) = self.compare(arrival)?;
        let vector = self.vector(&arrival.likeness, &arrival.tale, &counts)?;
        let mut copy_of = likeness::copy_of(self.tx, notice)?.unwrap_or(notice);
        let mut decision = None;
        if is_free {
            decision = match repeats {
                Repeats::Copy { of, because } => match notices::story_of(self.tx, of)? {
                    Some(story) => {
                        copy_of = of;
                        Some(Decision { verdict: Verdict::Copy { of, story }, because })
                    }
                    None => None,
                },
                _ => self.event(arrival, &vector, &counts)?,
            };
        }
        let compared = Compared { copy_of, likeness: &arrival.likeness, tale: &arrival.tale, vector: &vector };
        likeness::set(self.tx, notice, &compared)?;
        self.index.add(arrival);
        let Some(Decision { verdict, because }) = decision else { return Ok(None) };
        if let Verdict::Copy { story, .. } | Verdict::Joins { story } = verdict {
            regroup::join(self.config, self.tx, &[notice], story, Hand::Automatic, &because, self.now)?;
        }
        if let Verdict::Copy { of, .. } = verdict {
            notices::set_copy(self.tx, notice, of)?;
        }
        Ok(Some(verdict))
    }

    /// Writes what was learnt.
    pub fn finish(self) -> Result<()> {
        for key in &self.index.changed {
            if let Some(posting) = self.index.held.get(key) {
                likeness::set_posting(self.tx, *key, posting)?;
            }
        }
        for source in &self.learnt {
            if let Some(refrain) = self.refrains.get(source) {
                likeness::set_refrain(self.tx, source, refrain)?;
            }
        }
        Ok(())
    }

    fn recognise(&mut self, arrival: &Arrival) -> Result<Verdict> {
        let Arrival { notice, likeness: ours, tale, .. } = arrival;
        let (repeats, counts) = self.compare(arrival)?;
        let vector = self.vector(ours, tale, &counts)?;
        let mut copy_of = *notice;
        let mut decision = Decision::unknown();
        match repeats {
            Repeats::Copy { of, because } => {
                if let Some(story) = notices::story_of(self.tx, of)? {
                    copy_of = of;
                    decision = Decision { verdict: Verdict::Copy { of, story }, because };
                }
            }
            Repeats::Perhaps { of, because } => {
                decision.because = because.clone();
                pairs::suspect(self.tx, *notice, of, Suspected::Copy, &because, self.now)?;
            }
            Repeats::Apart { from, because } => decision.because = format!("{because} (notice {from})"),
            Repeats::Nothing => {}
        }
        if decision.verdict == Verdict::New
            && let Some(joins) = self.event(arrival, &vector, &counts)?
        {
            decision = joins;
        }
        let compared = Compared { copy_of, likeness: ours, tale, vector: &vector };
        likeness::set(self.tx, *notice, &compared)?;
        self.groups.remove(&copy_of);
        self.index.add(arrival);
        self.settle(arrival, &decision)?;
        Ok(decision.verdict)
    }

    /// Puts a notice where it belongs. The story that it came with goes: nobody was told of it yet.
    fn settle(&mut self, arrival: &Arrival, decision: &Decision) -> Result<()> {
        let Arrival { notice, likeness, story: own, .. } = arrival;
        notices::decide(self.tx, *notice, &likeness.source, decision.verdict.as_str(), &decision.because, self.now)?;
        let (Verdict::Copy { story, .. } | Verdict::Joins { story }) = decision.verdict else { return Ok(()) };
        if let Verdict::Copy { of, .. } = decision.verdict {
            notices::set_copy(self.tx, *notice, of)?;
        }
        self.told.remove(&story);
        if story != *own {
            let is_copy = matches!(decision.verdict, Verdict::Copy { .. });
            let what = if is_copy { Absorbed::Copy } else { Absorbed::Account };
            regroup::absorb(self.config, self.tx, *notice, what, *own, story, self.now)?;
        }
        Ok(())
    }

    /// What a document is about, without what its source always says.
    fn vector(&mut self, ours: &Likeness, tale: &Tale, counts: &Counts) -> Result<Vector> {
        if !self.refrains.contains_key(&ours.source) {
            let refrain = likeness::refrain(self.tx, &ours.source)?;
            self.refrains.insert(ours.source.clone(), refrain);
        }
        let refrain = self.refrains.entry(ours.source.clone()).or_default();
        let vector = dedup::vector(tale, refrain, counts);
        refrain.learn(tale);
        self.learnt.insert(ours.source.clone());
        Ok(vector)
    }

    /// Whether a document repeats another one's text.
    fn compare(&mut self, arrival: &Arrival) -> Result<(Repeats, Counts)> {
        let Arrival { notice, likeness: ours, tale, .. } = arrival;
        let days = i32::try_from(WINDOW.as_hours() / 24).unwrap_or(i32::MAX);
        let today = dedup::day(ours.at);
        let mut shared: BTreeMap<NoticeId, usize> = BTreeMap::new();
        for passage in ours.passages.indexed() {
            let recent = |(_, day): &&(NoticeId, i32)| day.abs_diff(today) <= days.unsigned_abs();
            let found: Vec<_> = self.index.find(*passage).iter().filter(recent).collect();
            if found.len() <= COMMON {
                found.into_iter().for_each(|(id, _)| *shared.entry(*id).or_default() += 1);
            }
        }
        shared.remove(notice);
        let mut alike: Vec<(Reverse<usize>, NoticeId)> =
            shared.into_iter().filter(|(_, count)| *count >= SHARED).map(|(id, count)| (Reverse(count), id)).collect();
        alike.sort_unstable();
        let mut roots = Vec::new();
        for (_, id) in alike {
            if roots.len() == GROUPS {
                break;
            }
            if let Some(root) = likeness::copy_of(self.tx, id)?.filter(|root| !roots.contains(root)) {
                roots.push(root);
            }
        }
        roots.sort_unstable();
        let mut groups = Vec::with_capacity(roots.len());
        for root in roots {
            let group = match self.groups.remove(&root) {
                Some(group) => group,
                None => Group { members: likeness::group(self.tx, root, COPIES)? },
            };
            groups.push((root, group));
        }
        let counts = self.index.counts(ours.keys(tale));
        let (roots, groups): (Vec<NoticeId>, Vec<Group>) = groups.into_iter().unzip();
        let repeats = dedup::repeats(ours, &groups, &counts);
        self.groups.extend(roots.into_iter().zip(groups));
        Ok((repeats, counts))
    }

    /// Whether a document tells of an event that is known: by the advisories that an alert cites, or by its words.
    fn event(&mut self, arrival: &Arrival, vector: &Vector, counts: &Counts) -> Result<Option<Decision>> {
        if let Some((story, because)) = self.cited(arrival)? {
            return Ok(Some(Decision { verdict: Verdict::Joins { story }, because }));
        }
        let Arrival { notice, story: own, likeness: ours, tale } = arrival;
        let today = dedup::day(ours.at);
        let mut weights: BTreeMap<NoticeId, u64> = BTreeMap::new();
        for key in dedup::asked(tale) {
            let rarity = 1_000_000 / (u64::from(counts.of.get(&key).copied().unwrap_or(0)) + 1);
            for (id, day) in self.index.find(key) {
                // A story may have gone on since.
                if day.abs_diff(today) <= 2 * OVER.unsigned_abs() {
                    *weights.entry(*id).or_default() += rarity;
                }
            }
        }
        let mut found: Vec<(Reverse<u64>, NoticeId)> =
            weights.into_iter().filter(|(id, _)| id != notice).map(|(id, weight)| (Reverse(weight), id)).collect();
        found.sort_unstable();
        let mut told = Vec::new();
        for (_, id) in found {
            if told.len() == STORIES {
                break;
            }
            let Some(story) = notices::story_of(self.tx, id)?.filter(|story| story != own) else { continue };
            if told.iter().all(|told: &Told| told.story != story) {
                told.push(self.story(story)?);
            }
        }
        told.retain(|told| !told.members.is_empty());
        told.sort();
        let tells = dedup::tells(ours, tale, vector, &told, counts);
        self.told.extend(told.into_iter().map(|told| (told.story, told)));
        Ok(match tells {
            Tells::Of { story, because } => Some(Decision { verdict: Verdict::Joins { story }, because }),
            Tells::Perhaps { story, because } => {
                if let Some(lead) = stories::get(self.tx, story)?.map(|story| story.lead) {
                    pairs::suspect(self.tx, *notice, lead, Suspected::Event, &because, self.now)?;
                }
                None
            }
            Tells::Nothing => None,
        })
    }

    fn story(&mut self, story: StoryId) -> Result<Told> {
        match self.told.remove(&story) {
            Some(told) => Ok(told),
            None => Ok(Told { story, members: likeness::members(self.tx, story, MEMBERS)? }),
        }
    }

    /// The story of the advisories that an alert cites, or of the alert that cites an advisory.
    fn cited(&mut self, arrival: &Arrival) -> Result<Option<(StoryId, String)>> {
        let Arrival { notice, likeness: ours, tale, .. } = arrival;
        let mut stories: Vec<(StoryId, String)> = Vec::new();
        for reference in &tale.cites {
            let Some(cited) = notices::by_reference(self.tx, reference)? else { continue };
            let is_near = cited.published.is_none_or(|at| at.duration_since(ours.at).abs() <= WINDOW);
            if is_near && cited.notice != *notice {
                stories.push((cited.story, format!("Même événement : l’alerte cite {reference}")));
            }
        }
        if let Some(reference) = &ours.marks.reference {
            let today = dedup::day(ours.at);
            let days = u32::try_from(WINDOW.as_hours() / 24).unwrap_or(u32::MAX);
            let key = dedup::citation_key(reference);
            self.index.load(std::iter::once(key))?;
            let near = self.index.find(key).iter().filter(|(id, day)| id != notice && day.abs_diff(today) <= days);
            let alerts: Vec<NoticeId> = near.map(|(id, _)| *id).collect();
            for alert in alerts {
                if let Some(story) = notices::story_of(self.tx, alert)? {
                    stories.push((story, format!("Même événement : {reference} est cité par l’alerte {alert}")));
                }
            }
        }
        Ok(stories.into_iter().min())
    }
}

/// The keys under which an alert is found by what it cites.
fn citations(tale: &Tale) -> Vec<u64> {
    tale.cites.iter().map(|reference| dedup::citation_key(reference)).collect()
}

/// The rows of the index that a transaction touches.
struct Index<'a> {
    tx: &'a Tx<'a>,
    held: BTreeMap<u64, Posting>,
    changed: BTreeSet<u64>,
}

impl Index<'_> {
    /// Reads the rows of some keys, ascending, unless they are held.
    fn load(&mut self, keys: impl Iterator<Item = u64>) -> Result<()> {
        let missing: Vec<u64> = keys.chain([ALL]).filter(|key| !self.held.contains_key(key)).collect();
        let mut found = likeness::postings(self.tx, missing.iter().copied())?;
        self.held.extend(missing.into_iter().map(|key| (key, found.remove(&key).unwrap_or_default())));
        Ok(())
    }

    fn find(&self, key: u64) -> &[(NoticeId, i32)] {
        self.held.get(&key).map_or(&[], |posting| &posting.notices)
    }

    /// Of keys that are held.
    fn counts(&self, keys: Vec<u64>) -> Counts {
        let count = |key: &u64| self.held.get(key).map_or(0, |posting| posting.count);
        let of = keys.iter().map(|key| (*key, count(key))).filter(|(_, count)| *count > 0).collect();
        Counts { documents: u64::from(count(&ALL)), of }
    }

    /// Counts a document, and lets it be found by its passages, the words of its title, its names, what it cites.
    fn add(&mut self, arrival: &Arrival) {
        let Arrival { notice, likeness, tale, .. } = arrival;
        let day = dedup::day(likeness.at);
        let documents = self.held.get(&ALL).map_or(0, |all| all.count);
        for key in likeness.keys(tale).into_iter().chain([ALL]) {
            let posting = self.held.entry(key).or_default();
            // A word that hundreds have is counted by sixteens, in one document of sixteen: nearly every write is saved.
            let step = if key == ALL || posting.count < OFTEN { 1 } else { STEP };
            if step > 1 && !(key ^ notice.get().cast_unsigned()).is_multiple_of(u64::from(STEP)) {
                continue;
            }
            posting.count = posting.count.saturating_add(step);
            posting.day = posting.day.max(day);
            self.changed.insert(key);
        }
        let passages = likeness.passages.indexed().iter().map(|passage| (*passage, COMMON + 1));
        let words = dedup::asked(tale).into_iter().chain(citations(tale)).map(|key| (key, BY_WORD));
        for (key, most) in passages.chain(words) {
            let posting = self.held.entry(key).or_default();
            // What a tenth of all documents have finds nothing.
            if posting.count > OFTEN && posting.count > documents / 10 {
                continue;
            }
            if posting.notices.len() >= most {
                posting.notices.remove(0);
            }
            posting.notices.push((*notice, day));
            posting.day = posting.day.max(day);
            self.changed.insert(key);
        }
    }
}
