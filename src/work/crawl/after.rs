//! The source as it stands after a fetch: its health, its alarms, its validators, when it is next asked.

use jiff::Timestamp;

use super::read::Read;
use crate::{
    alarm::{self, Arrival},
    config::Config,
    model::{Source, Validators},
    schedule::{self, History, Outcome},
    store::{
        Result, Tx, alarms,
        fetches::{self, Fetch},
        sources::{self, Known, State},
    },
    work::{publish, takein::Taken},
};

/// From so many arrivals the gap between two is averaged.
const RHYTHM: usize = 10;
/// So many visits and arrivals tell whether something is wrong.
const VISITS: u32 = 20;
const ARRIVALS: u32 = 60;
/// So many answers of 404 in a row, this one included: the document is gone.
const NOT_FOUND: usize = 3;

/// One visit to one source.
pub(super) struct Visit<'a> {
    pub source: &'a Source,
    /// The source before it.
    pub known: &'a Known,
    pub result: &'a Read,
    pub millis: u64,
    pub now: Timestamp,
}

/// Stores what the visit makes of its source: validators, health, history, alarms. In the transaction that stores what
/// the page brought.
pub(super) fn settle(config: &Config, tx: &Tx, visit: &Visit, taken: &Taken) -> Result<Known> {
    let Visit { source, result, now, .. } = *visit;
    let (state, outcome) = judge(tx, visit, taken)?;
    let arrivals = fetches::arrivals(tx, &source.id, RHYTHM as u32)?;
    let after = after(visit, state, outcome, taken, &arrivals);
    sources::update(tx, &after)?;
    let fetch = Fetch {
        at: now,
        outcome: after.state,
        status: result.status,
        bytes: result.bytes,
        millis: visit.millis,
        drafts: taken.drafts,
        new: taken.new,
        revised: taken.revised,
        arrived: arrived(taken),
        missed: outcome == Outcome::Missed,
        detail: result.detail.clone(),
    };
    fetches::record(tx, &source.id, &fetch, &result.extracted.problems)?;
    watch(config, tx, source, &after, outcome, now)?;
    if taken.new + taken.revised + taken.duplicates > 0 {
        publish::announce(tx)?;
    }
    Ok(after)
}

/// What the fetch comes to in the light of those before it.
fn judge(tx: &Tx, visit: &Visit, taken: &Taken) -> Result<(State, Outcome)> {
    let Visit { source, known, result, .. } = *visit;
    if result.outcome == Outcome::NotFound {
        let before = fetches::statuses(tx, &source.id, NOT_FOUND as u32 - 1)?;
        let third = before.len() == NOT_FOUND - 1 && before.iter().all(|status| *status == Some(404));
        // 404 after 410 is no better news.
        let is_gone = third || known.state == State::Gone;
        return Ok(if is_gone { (State::Gone, Outcome::NotFound) } else { (State::Failing, Outcome::Failed) });
    }
    let outcome = match result.outcome {
        // What answers without healing its failure is probed as the failure was.
        Outcome::Unchanged if result.state.is_failure() => Outcome::Failed,
        Outcome::Unchanged if is_missed(visit, taken) => Outcome::Missed,
        Outcome::Unchanged if arrived(taken) > 0 => Outcome::New,
        outcome => outcome,
    };
    Ok((result.state, outcome))
}

/// Whether entries may have come and gone between the last page and this one: not one of its entries was known. Not
/// where each page is another document, nor after a page that listed nothing. A page that reaches back to what is too old
/// to be taken lists what was known.
fn is_missed(visit: &Visit, taken: &Taken) -> bool {
    let Visit { source, known, result, .. } = *visit;
    known.read_since.is_some()
        && known.state != State::Empty
        && !source.url.is_dated()
        && source.newest.is_none()
        && result.extracted.too_old == 0
        && taken.drafts >= 2
        && taken.new >= taken.drafts
}

/// Entries that the source had not listed before: it is alive, whoever brought them first.
fn arrived(taken: &Taken) -> u32 {
    let documents = taken.new.saturating_add(taken.duplicates);
    documents.saturating_add(taken.exploited)
}

fn after(visit: &Visit, state: State, outcome: Outcome, taken: &Taken, arrivals: &[Arrival]) -> Known {
    let Visit { source, known, result, now, .. } = *visit;
    let failed = matches!(result.outcome, Outcome::Failed | Outcome::NotFound | Outcome::Gone);
    let failures = match failed {
        true => known.failures.saturating_add(1),
        false if state.is_failure() => known.failures,
        false => 0,
    };
    let last_new = if arrived(taken) > 0 { Some(now) } else { known.last_new };
    let average_gap = match arrivals {
        [newest, .., oldest] => {
            let span = newest.at.duration_since(oldest.at).unsigned_abs();
            Some(span / u32::try_from(arrivals.len() - 1).unwrap_or(u32::MAX))
        }
        _ => None,
    };
    let history = History { last_fetch: Some(now), failures, last_new, average_gap, outcome };
    let same = known.state == state || (!known.state.is_failure() && !state.is_failure());
    let (moved_to, moved_times) = moved(known, result, failed);
    Known {
        id: known.id.clone(),
        // What could not be read must be asked for in full again.
        validators: match &result.validators {
            Some(validators) => validators.clone(),
            None if failed => Validators::default(),
            None => known.validators.clone(),
        },
        next_check: schedule::next_check(&source.id, source.every, &history, result.fresh, result.retry_after, now),
        last_fetch: Some(now),
        last_success: if failed { known.last_success } else { Some(now) },
        last_new,
        read_since: known.read_since.or((taken.drafts > 0).then_some(now)),
        state,
        since: if same && known.state != State::New { known.since } else { now },
        failures,
        detail: result.detail.clone(),
        moved_to,
        moved_times,
        read_up_to: result.read_up_to.clone().or_else(|| known.read_up_to.clone()),
    }
}

/// Where the source redirects for good, and how many times in a row it did. A failure says nothing of it; another
/// target, or none, begins anew.
fn moved(known: &Known, result: &Read, failed: bool) -> (Option<String>, u32) {
    match &result.moved {
        _ if failed => (known.moved_to.clone(), known.moved_times),
        Some(target) if known.moved_to.as_ref() == Some(target) => {
            (Some(target.clone()), known.moved_times.saturating_add(1))
        }
        Some(target) => (Some(target.clone()), 1),
        None => (None, 0),
    }
}

/// Raises and ends the alarms of a source. What costs a question is asked only where its answer may matter.
fn watch(config: &Config, tx: &Tx, source: &Source, after: &Known, outcome: Outcome, now: Timestamp) -> Result<()> {
    let open = alarms::open(tx, &after.id)?;
    let quiet = after.last_new.is_some_and(|last| now.duration_since(last) > alarm::SILENCE);
    let fine = matches!(after.state, State::Ok | State::Unmodified) && outcome != Outcome::Missed;
    if fine && !quiet && open.is_empty() && after.proposed_address().is_none() {
        return Ok(());
    }
    let visits = fetches::ends(tx, &after.id, VISITS)?;
    let arrivals = fetches::arrivals(tx, &after.id, ARRIVALS)?;
    let history = alarm::History {
        fetches: &visits,
        arrivals: &arrivals,
        must_list: after.read_since.is_some() && !source.url.is_dated(),
        moved: after.moved_to.as_deref().map(|target| (target, after.moved_times)),
        detail: &after.detail,
        zone: &config.site.zone,
    };
    let raised: Vec<alarm::Alarm> = open.iter().map(|raised| raised.alarm.clone()).collect();
    alarms::settle(tx, &after.id, &open, &alarm::alarms(&history, &raised, now), now)
}
