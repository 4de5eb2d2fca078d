//! What came and could not be kept: it is held against its source as any failure is, or a page that nobody can store
//! would be fetched in full at each tick. Where that cannot be stored either, the crawl ends.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{
    after,
    read::Read,
    report::{SourceReport, blank, unstored},
};
use crate::{
    model::Source,
    store::sources::{Known, State},
    work::{prepare::Desk, takein::Taken},
};

/// A source of which nothing could be kept.
pub(super) struct Lost<'a> {
    pub source: &'a Source,
    /// The source before it.
    pub known: &'a Known,
    pub millis: u64,
    pub now: Timestamp,
}

pub(super) struct Losses {
    desk: Arc<Desk>,
    /// Cancelled when nothing more is to be asked.
    stop: CancellationToken,
    /// Why the crawl ends before its end.
    fatal: Mutex<Option<anyhow::Error>>,
}

impl Losses {
    /// `stop` is cancelled where the crawl is to end.
    pub fn new(desk: Arc<Desk>, stop: CancellationToken) -> Self {
        Self { desk, stop, fatal: Mutex::default() }
    }

    /// Records a failure in a transaction of its own. What the source comes to.
    pub fn record(&self, lost: &Lost, error: &anyhow::Error) -> SourceReport {
        let Lost { source, known, millis, now } = *lost;
        if self.are_fatal() {
            return unstored(source, known, error);
        }
        let result = Read { detail: format!("{error:#}"), ..Read::blank(State::Failing) };
        let visit = after::Visit { source, known, result: &result, millis, now };
        match self.desk.store.write(|tx| after::settle(&self.desk.config, tx, &visit, &Taken::default())) {
            Ok(after) => SourceReport { millis, ..blank(source, &after) },
            Err(second) => {
                let why = anyhow::Error::new(second).context(format!(
                    "the crawl was ended: neither what `{}` brought nor that it failed could be stored",
                    source.id
                ));
                self.fatal.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
                self.stop.cancel();
                unstored(source, known, error)
            }
        }
    }

    /// Whether nothing more can be stored.
    pub fn are_fatal(&self) -> bool {
        self.fatal.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// # Errors
    /// Why the crawl was ended, where it was.
    pub fn end(&self) -> anyhow::Result<()> {
        self.fatal.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }
}
