//! Asks sources: their pages, and the documents that stand behind them.

use std::{sync::Arc, time::Instant};

use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{Asking, losses::Losses, report::SourceReport};
use crate::{
    fetch::{Answer, FetchError, Fetcher, Request},
    model::{Problem, ProblemKind, Source, Validators},
    store::sources::Known,
    work::{
        App, details,
        prepare::Desk,
        room::{Place, Room},
    },
};

/// A source that was asked.
pub(super) struct Asked<'a> {
    pub source: &'a Source,
    /// The source before it.
    pub known: Known,
    pub answer: Result<Answer, FetchError>,
    pub millis: u64,
    /// Its place among those that are in memory at once.
    pub place: Place,
    /// Who waits for it to be stored, and tells of it then.
    pub stored: Option<oneshot::Sender<SourceReport>>,
}

pub(super) struct Asker<'a> {
    pub app: &'a App,
    pub fetcher: &'a Fetcher,
    pub desk: Arc<Desk>,
    pub asking: Asking,
    pub room: Room<'a>,
    pub losses: Arc<Losses>,
    /// Cancelled when nothing more is to be asked.
    pub stop: CancellationToken,
}

impl Asker<'_> {
    /// Fetches one source, and waits until there is a place for what it brought.
    pub async fn ask<'s>(&self, source: &'s Source, known: Known) -> anyhow::Result<Asked<'s>> {
        let nothing = Validators::default();
        let day = |at: Timestamp| source.zone.to_datetime(at).date();
        let today = day(self.app.clock.now());
        // The validators of another day's address are those of another page.
        let is_same = !source.url.is_dated() || known.last_fetch.map(day) == Some(today);
        let validators = match self.asking {
            Asking::Conditionally if is_same => &known.validators,
            Asking::Conditionally | Asking::InFull => &nothing,
        };
        let began = Instant::now();
        let url = source.url.on(today);
        let answer = self.fetcher.get(&Request::of(source, &url, validators)).await;
        let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.app.keep_robots()?;
        let (answer, place) = self.room.enter(answer).await?;
        Ok(Asked { source, known, answer, millis, place, stored: None })
    }

    /// Until when an answer's own host is to be left alone.
    pub fn hold(&self, asked: &Asked) -> Option<Timestamp> {
        let (host, wait) = asked.answer.as_ref().err()?.hold()?;
        let until = self.app.clock.now().checked_add(wait).ok()?;
        (Some(host) == asked.source.url.host_str()).then_some(until)
    }

    /// Reads what is due of a source's documents, once its list is stored. Until when its host is to be left alone.
    pub async fn documents(&self, source: &Source, known: &Known, report: &mut SourceReport) -> Option<Timestamp> {
        let Self { app, fetcher, desk, room, .. } = self;
        match (details::Reader { app, desk, fetcher, room, source, known }).read_due().await {
            Ok(read) => {
                report.details = read.read;
                report.revised += read.revised;
                report.problems.extend(read.problems);
                read.hold
            }
            Err(error) => {
                let message = format!("its documents cannot be read: {error:#}");
                report.problems.push(Problem::page(ProblemKind::Text, message));
                None
            }
        }
    }
}
