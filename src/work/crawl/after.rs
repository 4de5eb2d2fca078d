//! The source as it stands after a fetch: its health, its validators, when it is next asked.

use jiff::Timestamp;

use super::read::Read;
use crate::{
    model::{Source, Validators},
    schedule::{self, History, Outcome},
    store::sources::{Known, State},
    work::takein::Taken,
};

/// The source as it stands after this fetch.
pub(super) fn after(
    source: &Source,
    known: &Known,
    result: &Read,
    taken: &Taken,
    now: Timestamp,
    arrivals: &[Timestamp],
) -> Known {
    let new = taken.new;
    let failed = matches!(result.outcome, Outcome::Failed | Outcome::Gone);
    let failures = match result.outcome {
        Outcome::Failed | Outcome::Gone => known.failures.saturating_add(1),
        _ if result.state.is_failure() => known.failures,
        _ => 0,
    };
    let last_new = if new > 0 { Some(now) } else { known.last_new };
    let average_gap = match arrivals {
        [newest, .., oldest] => {
            let span = newest.duration_since(*oldest).unsigned_abs();
            Some(span / u32::try_from(arrivals.len() - 1).unwrap_or(u32::MAX))
        }
        _ => None,
    };
    let history = History {
        last_fetch: Some(now),
        failures,
        last_new,
        average_gap,
        outcome: if new > 0 { Outcome::New } else { result.outcome },
    };
    let same = known.state == result.state || (!known.state.is_failure() && !result.state.is_failure());
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
        state: result.state,
        since: if same && known.state != State::New { known.since } else { now },
        failures,
        detail: result.detail.clone(),
        moved_to: result.moved.clone().or_else(|| known.moved_to.clone().filter(|_| failed)),
    }
}
