//! How often stories are read: counted by day, and of nobody in particular.

use std::collections::HashMap;

use jiff::ToSpan;

use super::App;
use crate::{model::StoryId, store::readings};

/// So many days are kept.
const KEPT: i32 = 60;

/// Adds what was read to the count of today.
///
/// # Errors
/// Of the database.
pub fn note(app: &App, read: &HashMap<StoryId, u32>) -> anyhow::Result<()> {
    let today = app.config.site.zone.to_datetime(app.clock.now()).date();
    Ok(app.store.write(|tx| {
        readings::tidy(tx, today.saturating_sub(KEPT.days()))?;
        read.iter().try_for_each(|(story, times)| readings::add(tx, today, *story, *times))
    })?)
}
