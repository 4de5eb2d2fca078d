//! Sends a bulletin once more to those whom it did not reach.

use anyhow::bail;
use jiff::SignedDuration;

use super::App;
use crate::{
    model::BulletinId,
    store::{bulletins, outbox},
};

/// As long as a bulletin that is frozen is tried.
const EXPIRES: SignedDuration = SignedDuration::from_hours(48);

/// Queues what of a bulletin failed or is ambiguous; how many deliveries. Each keeps its Message-ID: where an ambiguous one
/// had arrived after all, a mailbox can fold the two.
///
/// # Errors
/// There is no such bulletin.
pub fn missing(app: &App, id: BulletinId) -> anyhow::Result<usize> {
    if app.store.read(|db| bulletins::get(db, id))?.is_none() {
        bail!("there is no bulletin {id}\nhint: `vigie bulletins list` names them");
    }
    let now = app.clock.now();
    let expires = now.checked_add(EXPIRES).unwrap_or(jiff::Timestamp::MAX);
    Ok(app.store.write_durably(|tx| outbox::resend(tx, id, now, expires))?)
}
