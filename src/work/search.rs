//! Keeps the search index up to what is stored.

use super::App;
use crate::{normalise::terms::Stems, store::search};

/// How many notices are read in one transaction.
const AT_ONCE: u32 = 500;

/// Reads the words of every notice whose words the index does not have: after an upgrade, or a revision.
pub fn catch_up(app: &App) -> anyhow::Result<()> {
    let waiting = |app: &App| app.store.read(search::is_waiting);
    let mut stems = Stems::default();
    while waiting(app)? {
        app.store.write(|tx| search::catch_up(tx, &mut stems, AT_ONCE))?;
    }
    Ok(())
}
