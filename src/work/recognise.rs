//! Recognises what no identity knows: documents that repeat another one's text, and those that tell of an event that
//! others tell of. In the order in which notices come, in the transaction that stores them.
//!
//! What is compared with what is found by an index in the database (`store::likeness`), of which the rows that a
//! transaction touches are read in the order of their keys, changed in memory, and written once at its end. So a page of
//! forty entries costs little more than its different words, and a restart forgets nothing.

mod index;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use jiff::Timestamp;

use super::{
    App,
    regroup::{self, Absorbed},
};
use crate::{
    config::Config,
    dedup::{
        self, COMMON, Counts, Decision, Group, Likeness, MEMBERS, OVER, Refrain, Repeats, SHARED, Tale, Tells, Told,
        Vector, Verdict, WINDOW,
    },
    model::{Draft, Hand, Notice, NoticeId, Review, SourceId, StoryId},
    normalise::reference,
    store::{
        Result, Tx,
        likeness::{self, Compared},
        notices,
        pairs::{self, Suspected},
        stories,
    },
};

use index::Index;

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
        let Notice { id, story, source, language, nature, first_seen, .. } = stored;
        let draft = Draft {
            reference: stored.reference.as_deref().and_then(reference::parse),
            url: stored.url,
            title: stored.title,
            text: stored.text,
            published: stored.published,
            ..Draft::default()
        };
        let (likeness, tale) = Likeness::of(&source, &language, &draft, nature, first_seen);
        Self { notice: id, story, likeness, tale }
    }

    /// What of the index bears on it.
    fn keys(&self) -> Vec<u64> {
        let mut keys = self.likeness.keys(&self.tale);
        keys.extend(self.tale.citations());
        keys
    }
}

/// Whether a notice was read at its own address before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    First,
    Later,
}

/// Whether a document teaches what its source always says: once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Learning {
    Yes,
    No,
}

/// So many notices share what is held of the index.
const TOGETHER: usize = 200;
/// So many groups of copies are compared with one document, those first that share most with it.
const GROUPS: usize = 8;
/// So many documents of a group, besides the first.
const COPIES: u32 = 12;
/// So many stories are compared with one document.
const STORIES: usize = 16;

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
            index: Index::new(tx),
            refrains: HashMap::new(),
            learnt: BTreeSet::new(),
            groups: HashMap::new(),
            told: HashMap::new(),
        }
    }

    /// Recognises new notices, in their order. What each is, in the same order.
    pub fn take(&mut self, arrivals: &[Arrival]) -> Result<Vec<Verdict>> {
        let mut verdicts = Vec::with_capacity(arrivals.len());
        for some in arrivals.chunks(TOGETHER) {
            let keys: BTreeSet<u64> = some.iter().flat_map(Arrival::keys).collect();
            self.index.load(keys)?;
            for arrival in some {
                verdicts.push(self.recognise(arrival)?);
            }
            self.write()?;
        }
        Ok(verdicts)
    }

    fn recognise(&mut self, arrival: &Arrival) -> Result<Verdict> {
        let notice = arrival.notice;
        // One that a later entry changed in this transaction was compared with its words of then.
        let changed = match likeness::copy_of(self.tx, notice)? {
            Some(_) => notices::get(self.tx, notice)?.map(Arrival::of),
            None => None,
        };
        let arrival = changed.as_ref().unwrap_or(arrival);
        if changed.is_some() {
            self.index.load(arrival.keys())?;
        }
        let (repeats, counts) = self.compare(arrival)?;
        let vector = self.vector(arrival, &counts, Learning::Yes)?;
        let decision = self.decide(arrival, repeats, &vector, &counts)?;
        self.keep(arrival, decision.verdict, &vector)?;
        self.index.count(arrival);
        let source = &arrival.likeness.source;
        notices::decide(self.tx, notice, source, decision.verdict.as_str(), &decision.because, self.now)?;
        if let Some((story, what)) = place(decision.verdict).filter(|(story, _)| *story != arrival.story) {
            regroup::absorb(self.config, self.tx, notice, what, arrival.story, story, self.now)?;
        }
        Ok(decision.verdict)
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
        self.index.load(arrival.keys())?;
        let (repeats, counts) = self.compare(arrival)?;
        let vector = self.vector(arrival, &counts, Learning::No)?;
        let mut decision = Decision::unknown();
        if is_free {
            decision = self.decide(arrival, repeats, &vector, &counts)?;
        }
        let own = stories::get(self.tx, arrival.story)?;
        let target = place(decision.verdict).filter(|(story, _)| *story != arrival.story);
        let (Some((story, what)), Some(own)) = (target, own) else {
            self.keep(arrival, Verdict::New, &vector)?;
            return Ok(None);
        };
        let because = &decision.because;
        let moved = regroup::join(self.config, self.tx, &[notice], story, Hand::Automatic, because, self.now)?;
        if moved.is_empty() {
            self.keep(arrival, Verdict::New, &vector)?;
            return Ok(None);
        }
        regroup::welcome(self.config, self.tx, &own, what, story, self.now)?;
        self.keep(arrival, decision.verdict, &vector)?;
        Ok(Some(decision.verdict))
    }

    fn learn(&mut self, id: NoticeId) -> Result<()> {
        let Some(stored) = notices::get(self.tx, id)? else { return Ok(()) };
        let arrival = Arrival::of(stored);
        let is_over = self.now.duration_since(arrival.likeness.at) > WINDOW;
        if is_over || likeness::copy_of(self.tx, id)?.is_some() {
            return Ok(());
        }
        self.index.load(arrival.keys())?;
        let counts = self.index.counts(arrival.likeness.keys(&arrival.tale));
        let vector = self.vector(&arrival, &counts, Learning::Yes)?;
        self.keep(&arrival, Verdict::New, &vector)?;
        self.index.count(&arrival);
        Ok(())
    }

    /// Writes what was learnt.
    pub fn finish(mut self) -> Result<()> {
        self.write()
    }

    fn write(&mut self) -> Result<()> {
        self.index.write()?;
        for source in std::mem::take(&mut self.learnt) {
            if let Some(refrain) = self.refrains.get(&source) {
                likeness::set_refrain(self.tx, &source, refrain)?;
            }
        }
        self.refrains.clear();
        self.groups.clear();
        self.told.clear();
        Ok(())
    }

    /// What a document is. What is doubtful is noted for an editor.
    fn decide(&mut self, arrival: &Arrival, repeats: Repeats, vector: &Vector, counts: &Counts) -> Result<Decision> {
        let mut decision = Decision::unknown();
        match repeats {
            Repeats::Copy { of, because } => {
                if let Some(story) = notices::story_of(self.tx, of)? {
                    return Ok(Decision { verdict: Verdict::Copy { of, story }, because });
                }
            }
            Repeats::Perhaps { of, because } => {
                pairs::suspect(self.tx, arrival.notice, of, Suspected::Copy, &because, self.now)?;
                decision.because = because;
            }
            Repeats::Apart { from, because } => decision.because = format!("{because} (notice {from})"),
            Repeats::Nothing => {}
        }
        // What was old when its source was first read is never announced: nobody would read of its event twice.
        let own = stories::get(self.tx, arrival.story)?.filter(|own| own.review != Review::Archived);
        let Some(own) = own else { return Ok(decision) };
        let Some(joins) = self.event(arrival, vector, counts)? else { return Ok(decision) };
        let target = place(joins.verdict).filter(|(story, _)| *story != arrival.story);
        let Some((story, what)) = target else { return Ok(joins) };
        let Some(why) = regroup::keeps_own(self.tx, &own, what, story)? else { return Ok(joins) };
        if let Some(to) = stories::get(self.tx, story)? {
            let because = format!("À rapprocher : {} ; {why}", joins.because);
            pairs::suspect(self.tx, arrival.notice, to.lead, Suspected::Event, &because, self.now)?;
        }
        Ok(decision)
    }

    /// Keeps what a notice was compared by, so that later ones are compared with it.
    fn keep(&mut self, arrival: &Arrival, verdict: Verdict, vector: &Vector) -> Result<()> {
        let Arrival { notice, likeness, tale, .. } = arrival;
        let copy_of = match verdict {
            Verdict::Copy { of, .. } => {
                notices::set_copy(self.tx, *notice, of)?;
                of
            }
            _ => likeness::copy_of(self.tx, *notice)?.unwrap_or(*notice),
        };
        likeness::set(self.tx, *notice, &Compared { copy_of, likeness, tale, vector })?;
        self.index.post(arrival, copy_of);
        self.groups.remove(&copy_of);
        if let Some((story, _)) = place(verdict) {
            self.told.remove(&story);
        }
        self.told.remove(&arrival.story);
        Ok(())
    }

    /// What a document is about, without what its source always says.
    fn vector(&mut self, arrival: &Arrival, counts: &Counts, learning: Learning) -> Result<Vector> {
        let Arrival { likeness: ours, tale, .. } = arrival;
        if !self.refrains.contains_key(&ours.source) {
            let refrain = likeness::refrain(self.tx, &ours.source)?;
            self.refrains.insert(ours.source.clone(), refrain);
        }
        let refrain = self.refrains.entry(ours.source.clone()).or_default();
        match learning {
            Learning::No => Ok(dedup::vector(tale, &refrain.without(tale), counts)),
            Learning::Yes => {
                let vector = dedup::vector(tale, refrain, counts);
                refrain.learn(tale);
                self.learnt.insert(ours.source.clone());
                Ok(vector)
            }
        }
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
        told.retain(|told| !told.is_empty());
        told.sort_by_key(|told| told.story);
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
            None => Ok(Told::new(story, likeness::members(self.tx, story, MEMBERS)?)),
        }
    }

    /// The story of the advisories that an alert cites, or of the alert that cites an advisory.
    fn cited(&mut self, arrival: &Arrival) -> Result<Option<(StoryId, String)>> {
        let Arrival { notice, likeness: ours, tale, .. } = arrival;
        let mut stories: Vec<(StoryId, String)> = Vec::new();
        for reference in &tale.cites {
            let Some(cited) = notices::by_reference(self.tx, reference)? else { continue };
            let is_near = cited.published.is_none_or(|at| at.duration_since(ours.at).abs() <= WINDOW);
            // One that comes in this transaction finds the alert by what that cites.
            let is_recognised = likeness::copy_of(self.tx, cited.notice)?.is_some();
            if is_near && is_recognised && cited.notice != *notice {
                stories.push((cited.story, format!("Même événement : l’alerte cite {reference}")));
            }
        }
        if let Some(reference) = &ours.marks.reference {
            let today = dedup::day(ours.at);
            let days = u32::try_from(WINDOW.as_hours() / 24).unwrap_or(u32::MAX);
            let key = dedup::citation_key(reference);
            self.index.load([key])?;
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

/// Learns those notices that were stored before anything was compared, and that others may still repeat: they stay where
/// they are.
pub(super) fn catch_up(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    while app.store.read(likeness::is_pending)? && !app.stop.is_cancelled() {
        app.store.write(|tx| {
            let mut recogniser = Recogniser::new(&app.config, tx, now);
            for id in likeness::take_pending(tx, 500)? {
                recogniser.learn(id)?;
            }
            recogniser.finish()
        })?;
    }
    Ok(())
}

/// Leaves notices that could not be compared where they are, to be learnt later: what one of them is like may be beyond
/// reading, and that must not cost the others.
pub(super) fn postpone(tx: &Tx, arrivals: &[Arrival], now: Timestamp) -> Result<()> {
    for Arrival { notice, likeness, .. } in arrivals {
        let because = "Nouveau : n’a pu être comparé";
        notices::decide(tx, *notice, &likeness.source, Verdict::New.as_str(), because, now)?;
        likeness::set_pending(tx, *notice)?;
    }
    Ok(())
}

/// Where a verdict puts a notice, and as what.
fn place(verdict: Verdict) -> Option<(StoryId, Absorbed)> {
    match verdict {
        Verdict::Copy { story, .. } => Some((story, Absorbed::Copy)),
        Verdict::Joins { story } => Some((story, Absorbed::Account)),
        Verdict::New | Verdict::Same { .. } | Verdict::Revision { .. } => None,
    }
}
