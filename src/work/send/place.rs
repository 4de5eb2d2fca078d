//! The right to be one of the senders.

use crate::{
    config::AfterCrash,
    files::RunLock,
    store::{outbox, senders},
    work::{App, later},
};

/// So many runs may send at once.
const PLACES: u32 = 8;

/// A place among the senders, and the number of the run that holds it. The place ends with the process, however that ends;
/// then what the run had is anybody's again.
pub(super) struct Place {
    _lock: RunLock,
    pub epoch: i64,
    /// How many deliveries a run that died left at their final dot.
    pub ambiguous: usize,
}

impl Place {
    /// Takes the first place that is free, and takes back what the dead had. `None`: all are taken.
    pub fn take(app: &App) -> anyhow::Result<Option<Self>> {
        let mut mine = None;
        // Held until what their former holders had is taken back: nobody who begins now may be taken for dead.
        let mut free = Vec::new();
        let mut taken = Vec::new();
        for place in 1..=PLACES {
            match app.alone(&format!("send-{place}"))? {
                Some(lock) if mine.is_none() => mine = Some((place, lock)),
                Some(lock) => free.push(lock),
                None => taken.push(place),
            }
        }
        let Some((place, lock)) = mine else { return Ok(None) };
        let now = app.clock.now();
        let then = match app.config.mail.after_crash {
            AfterCrash::Resend { after } => outbox::Ambiguous::Resend(later(now, after)),
            AfterCrash::Hold => outbox::Ambiguous::Hold,
        };
        let (epoch, ambiguous) = app.store.write_durably(|tx| {
            let mut alive = Vec::new();
            for place in &taken {
                alive.extend(senders::at(tx, *place)?);
            }
            let (_, ambiguous) = outbox::recover(tx, &alive, then, now)?;
            Ok((senders::begin(tx, place, now)?, ambiguous))
        })?;
        drop(free);
        Ok(Some(Self { _lock: lock, epoch, ambiguous }))
    }
}
