//! The one place where pages are stored: a thread of its own, so that nobody waits who fetches or reads.

use anyhow::Context;
use jiff::Timestamp;
use tokio::sync::{
    mpsc::{Receiver, UnboundedSender},
    oneshot,
};

use super::{
    after,
    losses::{Losses, Lost},
    read::Read,
    report::{SourceReport, blank, unstored},
};
use crate::{
    dedup::Verdict,
    files::RunLock,
    model::Source,
    normalise::terms::Stems,
    store::{self, Result, Tx, search, sources::Known},
    work::{
        prepare::{Desk, Entry},
        recognise::{self, Arrival, Recogniser},
        room::Place,
        takein::{Added, Intake, Taken},
    },
};

/// A source that was read, to be stored.
pub(super) struct Visit {
    pub source: Source,
    /// The source before it.
    pub known: Known,
    /// Without its pages, which are prepared.
    pub result: Read,
    pub pages: Vec<Vec<Entry>>,
    pub millis: u64,
    pub now: Timestamp,
    /// The host that is to be left alone, and until when.
    pub hold: Option<(String, Timestamp)>,
    /// Its place among those that are in memory at once.
    pub place: Place,
    /// Who waits for it to be stored, and tells of it then; nobody but the run as a whole without it.
    pub stored: Option<oneshot::Sender<SourceReport>>,
}

/// So many pages share a transaction, when so many wait: a commit costs about as much as one of them.
const TOGETHER: usize = 12;
/// So many notices that changed get their words into the index in one transaction.
const REREAD: u32 = 100;

/// Stores what comes until nobody can send any more. Each page is stored as a whole or not at all; pages that wait share
/// a commit. The lock is held until the last is stored, whatever became of who sent them.
pub(super) fn run(
    desk: &Desk,
    losses: &Losses,
    alone: RunLock,
    mut visits: Receiver<Visit>,
    done: &UnboundedSender<SourceReport>,
) {
    let mut stems = Stems::default();
    while let Some(first) = visits.blocking_recv() {
        if losses.are_fatal() {
            let nothing = anyhow::anyhow!("nothing more can be stored");
            tell(unstored(&first.source, &first.known, &nothing), first.stored, done);
            continue;
        }
        let (mut seen, mut next) = (Vec::new(), Some(first));
        let stored = desk.store.write(|tx| {
            let (mut reports, mut words, mut arrivals) = (Vec::new(), Vec::new(), Vec::new());
            let mut now = Timestamp::UNIX_EPOCH;
            while let Some(mut visit) = next.take() {
                let pages = std::mem::take(&mut visit.pages);
                let stored = tx.part(|tx| page(desk, tx, &visit, pages));
                now = now.max(visit.now);
                reports.push(stored.map(|(report, added)| {
                    for Added { words: new, arrival } in added {
                        words.push((arrival.notice, new));
                        arrivals.push((reports.len(), arrival));
                    }
                    report
                }));
                seen.push((visit.source, visit.known, visit.millis, visit.now, visit.stored));
                drop(visit.place);
                next = (reports.len() < TOGETHER).then(|| visits.try_recv().ok()).flatten();
            }
            recognise(desk, tx, &mut reports, arrivals, now)?;
            // At the end, for the index writes what it holds in memory at the beginning of each part.
            words.iter().try_for_each(|(id, words)| search::add(tx, *id, words))?;
            search::catch_up(tx, &mut stems, REREAD)?;
            Ok(reports)
        });
        let reports = match stored {
            Ok(reports) => reports.into_iter().map(|report| report.context("cannot store what it brought")).collect(),
            Err(error) => {
                // Where not even a transaction could begin, the first still waits.
                seen.extend(
                    next.take().map(|visit| (visit.source, visit.known, visit.millis, visit.now, visit.stored)),
                );
                let cause = anyhow::Error::new(error).context("cannot store what it brought");
                let same = |_| Err(anyhow::anyhow!("{cause:#}"));
                seen.iter().map(same).collect::<Vec<_>>()
            }
        };
        for ((source, known, millis, now, waiting), report) in seen.into_iter().zip(reports) {
            let lost = Lost { source: &source, known: &known, millis, now };
            let report = report.unwrap_or_else(|error| losses.record(&lost, &error));
            tell(report, waiting, done);
        }
    }
    drop(alone);
}

/// Recognises what came, in its order, and tells each source what became of its documents.
fn recognise(
    desk: &Desk,
    tx: &Tx,
    reports: &mut [Result<SourceReport>],
    arrivals: Vec<(usize, Arrival)>,
    now: Timestamp,
) -> Result<()> {
    let (places, arrivals): (Vec<usize>, Vec<Arrival>) = arrivals.into_iter().unzip();
    let recognised = tx.part(|tx| {
        let mut recogniser = Recogniser::new(&desk.config, tx, now);
        let verdicts = recogniser.take(&arrivals)?;
        recogniser.finish()?;
        Ok(verdicts)
    });
    let verdicts = match recognised {
        Ok(verdicts) => verdicts,
        Err(error) => {
            tracing::error!(%error, notices = arrivals.len(), "what came could not be compared with what is stored");
            return recognise::postpone(tx, &arrivals, now);
        }
    };
    for (place, verdict) in places.into_iter().zip(verdicts) {
        let Some(Ok(report)) = reports.get_mut(place) else { continue };
        match verdict {
            Verdict::Copy { .. } => {
                report.new -= 1;
                report.copies += 1;
            }
            Verdict::Joins { .. } => report.joined += 1,
            _ => {}
        }
    }
    Ok(())
}

/// Who asked may be gone; what is stored is stored.
fn tell(report: SourceReport, waiting: Option<oneshot::Sender<SourceReport>>, done: &UnboundedSender<SourceReport>) {
    let _ = match waiting {
        Some(waiting) => waiting.send(report).is_ok(),
        None => done.send(report).is_ok(),
    };
}

/// Stores one page: its notices, its validators and its health.
fn page(desk: &Desk, tx: &Tx, visit: &Visit, pages: Vec<Vec<Entry>>) -> Result<(SourceReport, Vec<Added>)> {
    let Visit { source, known, result, millis, now, hold, .. } = visit;
    let (millis, now) = (*millis, *now);
    let intake = Intake { config: &desk.config, tx, source, known, now };
    let (mut taken, mut added) = (Taken::default(), Vec::new());
    for entries in pages {
        let (more, new) = intake.take(entries)?;
        taken = taken.and(more);
        added.extend(new);
    }
    let after = after::settle(&desk.config, tx, &after::Visit { source, known, result, millis, now }, &taken)?;
    if let Some((host, until)) = hold {
        store::sources::hold_host(tx, host, *until, now)?;
    }
    let report = SourceReport {
        status: result.status,
        bytes: result.bytes,
        millis,
        drafts: taken.drafts,
        new: taken.new,
        revised: taken.revised,
        duplicates: taken.duplicates,
        exploited: taken.exploited,
        problems: result.extracted.problems.clone(),
        ..blank(source, &after)
    };
    Ok((report, added))
}
