//! The room that pages have in memory: what is made of a page takes many times what the page does.

use std::sync::Arc;

use anyhow::Context;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};

use super::App;
use crate::{
    fetch::{Answer, FetchError},
    files::Waiting,
};

/// So many pages are in memory at once, from the end of their fetch until they are stored.
pub(super) const PLACES: usize = 12;
/// How much of a page comes with one place. A page as large as any may be is alone in memory.
const OF_ONE_PLACE: usize = 640 << 10;

pub(super) struct Room<'a> {
    app: &'a App,
    free: Arc<Semaphore>,
}

/// What a page holds of the room. It ends with the value.
pub(super) type Place = OwnedSemaphorePermit;

impl<'a> Room<'a> {
    pub fn new(app: &'a App) -> Self {
        Self { app, free: Arc::new(Semaphore::new(PLACES)) }
    }

    /// Waits until there is a place for an answer. A large page waits on the disk.
    pub async fn enter(
        &self,
        mut answer: Result<Answer, FetchError>,
    ) -> anyhow::Result<(Result<Answer, FetchError>, Place)> {
        let places = places(&answer);
        if let Ok(place) = Arc::clone(&self.free).try_acquire_many_owned(places) {
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
        let place = Arc::clone(&self.free).acquire_many_owned(places).await?;
        if let (Ok(Answer::Page { page, .. }), Some(waiting)) = (&mut answer, waiting) {
            let back = spawn_blocking(move || waiting.take()).await?;
            page.body = back.context("a page that waited on the disk cannot be read back")?;
        }
        Ok((answer, place))
    }
}

fn places(answer: &Result<Answer, FetchError>) -> u32 {
    let octets = match answer {
        Ok(Answer::Page { page, .. }) => page.body.len(),
        _ => 0,
    };
    u32::try_from((octets / OF_ONE_PLACE + 1).min(PLACES)).unwrap_or(1)
}
