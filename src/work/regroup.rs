//! Moves notices from story to story: what joins, what is merged, what is split, and who then speaks for each.
//!
//! An editor's word is never undone by the program: before it moves a notice, [`is_fixed`] and
//! [`pairs::is_apart_from_story`] must say no, and [`join`] asks both itself where nobody's hand moves it; of what has just
//! come, [`keeps_own`] is asked. What an editor does overrules all.

use std::{cmp::Reverse, collections::BTreeMap};

use jiff::Timestamp;

use super::{
    publish,
    review::{self, Age},
};
use crate::{
    config::Config,
    model::{Authority, Cadence, Hand, Nature, Notice, NoticeId, Placed, Review, SourceId, Story, StoryId},
    store::{
        Db, Result, Tx, notices, pairs, reviews,
        stories::{self, Standing, Teller},
    },
};

/// Lets the notice of greatest authority speak for a story: of these one that tells of the event rather than a guide to
/// it, then the earliest, then the one with the least address. The story is as severe as the most severe of them, and
/// concerns readers as much as the one that does most; what an editor set stays. A story that only the rules left out comes
/// in when it now concerns enough.
pub(super) fn elect(config: &Config, tx: &Tx, id: StoryId, now: Timestamp) -> Result<()> {
    let Some(story) = stories::get(tx, id)? else { return Ok(()) };
    let tellers = stories::tellers(tx, id)?;
    let Some(lead) = tellers.iter().min_by_key(|teller| rank(config, teller)) else { return Ok(()) };
    // Of equals the lead, then the oldest.
    let most = tellers.iter().fold(
        lead,
        |most, next| {
            if next.standing.relevance > most.standing.relevance { next } else { most }
        },
    );
    let standing = Standing {
        severity: tellers.iter().map(|teller| teller.standing.severity).max().unwrap_or_default(),
        relevance: most.standing.relevance,
        relevance_because: most.standing.relevance_because.clone(),
        ..lead.standing.clone()
    };
    stories::set_lead(tx, &story, lead.id, &standing, now)?;
    review::reconsider(config, tx, &story, &standing, now)
}

/// As [`elect`], where all that is new is one notice: a story that a source fills with thousands costs no more than one of
/// two.
fn consider(config: &Config, tx: &Tx, id: StoryId, newcomer: NoticeId, now: Timestamp) -> Result<()> {
    let Some(story) = stories::get(tx, id)? else { return Ok(()) };
    let (Some(lead), Some(new)) = (stories::teller(tx, story.lead)?, stories::teller(tx, newcomer)?) else {
        return elect(config, tx, id, now);
    };
    let severity = story.severity.max(new.standing.severity);
    let (relevance, relevance_because) = match new.standing.relevance > story.relevance {
        true => (new.standing.relevance, new.standing.relevance_because.clone()),
        false => (story.relevance, stories::why_relevant(tx, id)?),
    };
    let speaks = if rank(config, &new) < rank(config, &lead) { new } else { lead };
    let standing = Standing { severity, relevance, relevance_because, ..speaks.standing };
    stories::set_lead(tx, &story, speaks.id, &standing, now)?;
    review::reconsider(config, tx, &story, &standing, now)
}

/// The least of them speaks for a story.
fn rank(config: &Config, teller: &Teller) -> impl Ord + use<> {
    let is_guide = teller.standing.nature == Nature::Doc;
    (Reverse(authority(config, &teller.source)), is_guide, teller.at, teller.url.clone(), teller.id)
}

/// As [`elect`], where what a notice of the story says is another now: where that makes graver what readers know, they are
/// told again.
pub fn weigh_again(config: &Config, tx: &Tx, id: StoryId, now: Timestamp) -> Result<()> {
    let severity = || Ok(stories::get(tx, id)?.map(|story| story.severity));
    let was = severity()?;
    elect(config, tx, id, now)?;
    if severity()? > was && stories::is_carried(tx, id)? {
        reviews::wait_again(tx, id, config.cadences.keys().copied(), now)?;
    }
    Ok(())
}

/// A source that is no longer configured has no authority left.
pub(super) fn authority(config: &Config, id: &SourceId) -> Authority {
    let source = config.sources.iter().find(|source| &source.id == id);
    source.map_or(Authority::Aggregator, |source| source.authority)
}

/// Whether a notice must stay where it is, unless an editor moves it: an editor put it there, or rejected what it stands
/// in.
pub fn is_fixed(db: &Db, notice: NoticeId) -> Result<bool> {
    let Some(notice) = notices::get(db, notice)? else { return Ok(true) };
    is_fixed_notice(db, &notice)
}

fn is_fixed_notice(db: &Db, notice: &Notice) -> Result<bool> {
    Ok(notice.placed == Placed::Editor || editors_word(db, notice.story)? == Some(Review::Rejected))
}

/// What an editor decided of a story last.
fn editors_word(db: &Db, story: StoryId) -> Result<Option<Review>> {
    Ok(reviews::last_by_editor(db, story)?.and_then(|reviewed| Review::parse(&reviewed.decision)))
}

/// Moves notices to a story, each with the reason, and elects anew wherever one came or went. A story that has none left
/// is merged into this one. Which were moved: where no editor does it, those stay that [`is_fixed`] holds, those that are
/// kept apart from one in the story, and those of a story that an editor let in, if this one was kept out by an editor.
///
/// A story that was merged leads to the one that took its notices.
pub fn join(
    config: &Config,
    tx: &Tx,
    notices: &[NoticeId],
    to: StoryId,
    by: Hand,
    because: &str,
    now: Timestamp,
) -> Result<Vec<NoticeId>> {
    let Some(to) = resolve(tx, to)? else { return Ok(Vec::new()) };
    // Those that notices leave, each with whether readers know it.
    let (mut moved, mut left) = (Vec::new(), BTreeMap::new());
    for id in notices {
        let Some(notice) = notices::get(tx, *id)?.filter(|notice| notice.story != to) else { continue };
        if by == Hand::Automatic && must_stay(tx, &notice, to)? {
            continue;
        }
        if let Hand::Editor(_) = by {
            for other in stories::tellers(tx, to)? {
                pairs::let_join(tx, notice.id, other.id)?;
            }
        }
        let is_known = stories::is_carried(tx, notice.story)?;
        left.entry(notice.story).or_insert(is_known);
        stories::place(tx, notice.id, to)?;
        pairs::settle_within(tx, notice.id, to, now)?;
        tell(tx, &notice, "joins", because, now)?;
        moved.push(notice.id);
    }
    if moved.is_empty() {
        return Ok(moved);
    }
    if let Hand::Editor(_) = by {
        // Who was brought together stays so: those that were there before too.
        for teller in stories::tellers(tx, to)? {
            stories::fix(tx, teller.id)?;
        }
    }
    for (story, is_known) in left {
        let was = stories::get(tx, story)?;
        leave(config, tx, story, to, by, because, now)?;
        // What an editor brings here and nobody was told of.
        if let (Some(was), Hand::Editor(_), false) = (was, by, is_known) {
            welcome(config, tx, &was, Absorbed::Account, to, now)?;
        }
    }
    elect(config, tx, to, now)?;
    publish::announce(tx)?;
    Ok(moved)
}

/// Puts a notice that has just come into a story that is known, in the transaction that stores it: the story that was made
/// for it goes, for nobody was told of it. [`keeps_own`] must have said no.
pub fn absorb(
    config: &Config,
    tx: &Tx,
    notice: NoticeId,
    what: Absorbed,
    own: StoryId,
    to: StoryId,
    now: Timestamp,
) -> Result<()> {
    let newcomer = stories::get(tx, own)?;
    stories::place(tx, notice, to)?;
    pairs::settle_within(tx, notice, to, now)?;
    match stories::has_teller(tx, own)? {
        false => stories::discard(tx, own)?,
        // Another one of this transaction joined it meanwhile.
        true => elect(config, tx, own, now)?,
    }
    if let Some(newcomer) = newcomer {
        welcome(config, tx, &newcomer, what, to, now)?;
    }
    consider(config, tx, to, notice, now)
}

/// What a story that readers know, or that was kept from them, owes to what came into it. `newcomer` is the story in which
/// that stood before, of which no bulletin told.
///
/// News brings back what was old when its source was first read, unless an editor had a word in it. And no story hides an
/// alert, an advisory, an official text or what is graver: readers who know the event are told again.
pub(super) fn welcome(
    config: &Config,
    tx: &Tx,
    newcomer: &Story,
    what: Absorbed,
    to: StoryId,
    now: Timestamp,
) -> Result<()> {
    let Some(story) = stories::get(tx, to)? else { return Ok(()) };
    if !matches!(newcomer.review, Review::Approved | Review::Pending) {
        return Ok(());
    }
    if story.review == Review::Archived && editors_word(tx, to)?.is_none() {
        let because = "une notice récente l’a rejointe";
        let cadences = config.cadences.keys().copied();
        reviews::decide(tx, to, newcomer.review, Hand::Automatic, because, cadences, now)?;
    }
    let is_more = is_told_always(newcomer.nature) || newcomer.severity > story.severity;
    if what == Absorbed::Account && is_more && stories::is_carried(tx, to)? {
        reviews::wait_again(tx, to, config.cadences.keys().copied(), now)?;
    }
    Ok(())
}

/// Whether readers are told of an item even where they know the event.
fn is_told_always(nature: Nature) -> bool {
    !matches!(nature, Nature::Actu | Nature::Doc)
}

/// Why a program must not put a newcomer into a story, in French, for editors.
pub(super) fn keeps_own(db: &Db, newcomer: &Story, what: Absorbed, to: StoryId) -> Result<Option<&'static str>> {
    let Some(story) = stories::get(db, to)? else { return Ok(Some("l’histoire n’est plus là")) };
    if what == Absorbed::Copy {
        return Ok(None);
    }
    if is_told_always(newcomer.nature) && editors_word(db, to)? == Some(Review::Rejected) {
        return Ok(Some("un éditeur a écarté l’histoire"));
    }
    if newcomer.review == Review::Pending && story.review == Review::Approved {
        return Ok(Some("un éditeur regarde d’abord"));
    }
    Ok(None)
}

/// What a notice is to the story that it comes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absorbed {
    /// Another one's text: it says nothing that is not known.
    Copy,
    Account,
}

/// A story from which notices went to another one: who speaks for it now, or where it is to be found.
fn leave(config: &Config, tx: &Tx, story: StoryId, to: StoryId, by: Hand, because: &str, now: Timestamp) -> Result<()> {
    if stories::has_teller(tx, story)? {
        return elect(config, tx, story, now);
    }
    let (was, into) = (stories::get(tx, story)?, stories::get(tx, to)?);
    let word = editors_word(tx, story)?;
    stories::set_merged(tx, story, to)?;
    let merged = format!("réunie à l’histoire {to} : {because}");
    reviews::decide(tx, story, Review::Rejected, by, &merged, std::iter::empty(), now)?;
    // What an editor let in, or brings here, does not disappear with it, unless an editor kept out what it came to.
    let is_in = was.as_ref().is_some_and(|was| was.review == Review::Approved);
    let is_out = into.is_some_and(|into| matches!(into.review, Review::Pending | Review::Rejected));
    let is_wanted = by != Hand::Automatic || word == Some(Review::Approved);
    if is_in && is_out && is_wanted && editors_word(tx, to)?.is_none() {
        let because = format!("l’histoire {story}, qui l’a rejointe, était approuvée");
        reviews::decide(tx, to, Review::Approved, by, &because, config.cadences.keys().copied(), now)?;
    }
    Ok(())
}

/// Whether a program must not move a notice to a story.
fn must_stay(db: &Db, notice: &Notice, to: StoryId) -> Result<bool> {
    if is_fixed_notice(db, notice)? {
        return Ok(true);
    }
    let is_let_in = || Ok(editors_word(db, notice.story)? == Some(Review::Approved));
    let is_rejected = || Ok(editors_word(db, to)? == Some(Review::Rejected));
    Ok(pairs::is_apart_from_story(db, notice.id, to)? || (is_let_in()? && is_rejected()?))
}

/// Moves all notices of these stories into another, as [`join`] does. Which were moved. Where no editor does it, a story of
/// which one notice must stay is not torn apart: it stays as a whole.
pub fn merge(
    config: &Config,
    tx: &Tx,
    into: StoryId,
    from: &[StoryId],
    by: Hand,
    because: &str,
    now: Timestamp,
) -> Result<Vec<NoticeId>> {
    let Some(into) = resolve(tx, into)? else { return Ok(Vec::new()) };
    let mut moved = Vec::new();
    for story in from {
        let notices: Vec<NoticeId> = stories::tellers(tx, *story)?.into_iter().map(|teller| teller.id).collect();
        let mut stays = false;
        for id in notices.iter().filter(|_| by == Hand::Automatic) {
            stays |= match notices::get(tx, *id)? {
                Some(notice) => must_stay(tx, &notice, into)?,
                None => false,
            };
        }
        if !stays {
            moved.extend(join(config, tx, &notices, into, by, because, now)?);
        }
    }
    Ok(moved)
}

/// Makes a story of notices of another, and keeps each of them apart from those that stay. `None`, and nothing is done,
/// where none of them is in the story, or none would stay.
///
/// The new story is what the other one was: approved, pending or archived; of one that was kept out, it is judged anew by
/// what its own notices say. It waits for those cadences that have not told of it: of which no bulletin carried the other
/// story since one of its notices came there.
pub fn split(
    config: &Config,
    tx: &Tx,
    story: StoryId,
    notices: &[NoticeId],
    by: Hand,
    because: &str,
    now: Timestamp,
) -> Result<Option<StoryId>> {
    let all = stories::tellers(tx, story)?;
    let (go, stay): (Vec<Teller>, Vec<Teller>) = all.into_iter().partition(|teller| notices.contains(&teller.id));
    let (Some(first), Some(was)) = (go.first(), stories::get(tx, story)?) else { return Ok(None) };
    if stay.is_empty() {
        return Ok(None);
    }
    let untold = untold(config, tx, story, &go)?;
    let new = stories::insert(tx, &first.standing, now)?;
    for teller in &go {
        if let Some(notice) = notices::get(tx, teller.id)? {
            tell(tx, &notice, "new", because, now)?;
        }
        stories::place(tx, teller.id, new)?;
        if let Hand::Editor(_) = by {
            stories::fix(tx, teller.id)?;
        }
        for other in &stay {
            pairs::keep_apart(tx, teller.id, other.id, by, now)?;
            notices::part_copies(tx, teller.id, other.id)?;
        }
    }
    elect(config, tx, story, now)?;
    elect(config, tx, new, now)?;
    let (review, why) = match was.review {
        Review::Rejected => {
            let age = if reviews::was_archived(tx, story)? { Age::Old } else { Age::News };
            let relevance = stories::get(tx, new)?.map_or(0, |new| new.relevance);
            review::judge(config, age, relevance, &stories::why_relevant(tx, new)?)
        }
        review => (review, format!("séparée de l’histoire {story}, dont elle garde l’état")),
    };
    reviews::decide(tx, new, review, by, &why, untold.into_iter(), now)?;
    publish::announce(tx)?;
    Ok(Some(new))
}

/// The cadences that have not told of all of these notices yet. Whether what is made of them waits for one is asked again
/// when it is decided of ([`reviews::decide`]).
fn untold(config: &Config, db: &Db, story: StoryId, notices: &[Teller]) -> Result<Vec<Cadence>> {
    let mut untold = Vec::new();
    for cadence in config.cadences.keys() {
        let told = stories::told_by(db, *cadence, story)?;
        if notices.iter().any(|teller| !told.contains(&teller.id)) {
            untold.push(*cadence);
        }
    }
    Ok(untold)
}

/// Where a story is now: itself, or the one that took its notices. `None` when there is none of that number.
pub fn resolve(db: &Db, id: StoryId) -> Result<Option<StoryId>> {
    Ok(stories::get(db, id)?.map(|Story { id, merged_into, .. }| merged_into.unwrap_or(id)))
}

fn tell(tx: &Tx, notice: &Notice, verdict: &str, because: &str, now: Timestamp) -> Result<()> {
    notices::decide(tx, notice.id, &notice.source, verdict, because, now)
}
