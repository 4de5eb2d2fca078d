//! Asks sources: their pages, and the documents that stand behind them.

use std::{sync::Arc, time::Instant};

use anyhow::Context;
use jiff::Timestamp;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    task::spawn_blocking,
};
use tokio_util::sync::CancellationToken;

use super::{Asking, IN_MEMORY, losses::Losses, report::SourceReport};
use crate::{
    fetch::{Answer, FetchError, Fetcher, Request},
    files::Waiting,
    model::{Problem, ProblemKind, Source, Validators},
    store::sources::Known,
    work::{App, details, prepare::Desk},
};

/// A source that was asked.
pub(super) struct Asked<'a> {
    pub source: &'a Source,
    /// The source before it.
    pub known: Known,
    pub answer: Result<Answer, FetchError>,
    pub millis: u64,
    /// Its place among those that are in memory at once.
    pub place: OwnedSemaphorePermit,
    /// Who waits for it to be stored, and tells of it then.
    pub stored: Option<oneshot::Sender<SourceReport>>,
}

pub(super) struct Asker<'a> {
    pub app: &'a App,
    pub fetcher: &'a Fetcher,
    pub desk: Arc<Desk>,
    pub asking: Asking,
    pub in_memory: Arc<Semaphore>,
    pub losses: Arc<Losses>,
    /// Cancelled when nothing more is to be asked.
    pub stop: CancellationToken,
}

/// How much of a page comes with one place: what is made of a page takes many times what the page does. A page as large as
/// any may be is alone in memory.
const OF_ONE_PLACE: usize = 640 << 10;

fn places(answer: &Result<Answer, FetchError>) -> u32 {
    let octets = match answer {
        Ok(Answer::Page { page, .. }) => page.body.len(),
        _ => 0,
    };
    u32::try_from((octets / OF_ONE_PLACE + 1).min(IN_MEMORY)).unwrap_or(1)
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
        let (answer, place) = self.place(answer).await?;
        Ok(Asked { source, known, answer, millis, place, stored: None })
    }

    /// Waits until there is a place for an answer; a large page does so on the disk.
    async fn place(
        &self,
        mut answer: Result<Answer, FetchError>,
    ) -> anyhow::Result<(Result<Answer, FetchError>, OwnedSemaphorePermit)> {
        let places = places(&answer);
        let free = Arc::clone(&self.in_memory).try_acquire_many_owned(places);
        if let Ok(place) = free {
            return Ok((answer, place));
        }
        let mut waiting = None;
        if let Ok(Answer::Page { page, .. }) = &mut answer
            && page.body.len() >= OF_ONE_PLACE
        {
            let (body, folder) = (std::mem::take(&mut page.body), self.app.config.data.clone());
            match spawn_blocking(move || Waiting::put(&folder, &body).map_err(|_| body)).await? {
                Ok(put) => waiting = Some(put),
                // Where the disk has no room, it waits in memory.
                Err(body) => page.body = body,
            }
        }
        let place = Arc::clone(&self.in_memory).acquire_many_owned(places).await?;
        if let (Ok(Answer::Page { page, .. }), Some(waiting)) = (&mut answer, waiting) {
            let back = spawn_blocking(move || waiting.take()).await?;
            page.body = back.context("a page that waited on the disk cannot be read back")?;
        }
        Ok((answer, place))
    }

    /// Until when an answer's own host is to be left alone.
    pub fn hold(&self, asked: &Asked) -> Option<Timestamp> {
        let (host, wait) = asked.answer.as_ref().err()?.hold()?;
        let until = self.app.clock.now().checked_add(wait).ok()?;
        (Some(host) == asked.source.url.host_str()).then_some(until)
    }

    /// Reads what is due of a source's documents, once its list is stored. Until when its host is to be left alone.
    pub async fn documents(&self, source: &Source, known: &Known, report: &mut SourceReport) -> Option<Timestamp> {
        let Self { app, fetcher, desk, .. } = self;
        match (details::Reader { app, desk, fetcher, source, known }).read_due().await {
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
