//! What was told of stories and is remembered while nothing changes: a story stands on many pages and in many feeds, and to put
//! it in words takes as long as all else together.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::Part;
use crate::{
    bulletin::Item,
    model::{Selection, StoryId},
    publish::Entry,
    store::{self, Db},
    work::publish,
};

/// Stories that are remembered: some kilobytes each.
const MOST: usize = 4_000;

/// What is remembered of one installation.
#[derive(Default)]
pub struct Told(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// As of which state of what the site shows.
    state: u64,
    items: HashMap<StoryId, Option<Arc<Item>>>,
    /// Of the last feed: its other formats are mostly asked for next.
    feed: Option<(Feed, Arc<[Entry]>)>,
}

/// A page of the feed of a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    pub selection: Selection,
    pub part: Part,
}

impl Told {
    fn of(&self, state: u64) -> MutexGuard<'_, Kept> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.state != state || kept.items.len() >= MOST {
            *kept = Kept { state, ..Kept::default() };
        }
        kept
    }

    /// A story in words, made where it is not remembered.
    pub fn item(
        &self,
        db: &Db,
        id: StoryId,
        make: impl FnOnce() -> store::Result<Option<Item>>,
    ) -> store::Result<Option<Arc<Item>>> {
        let state = publish::state(db)?;
        if let Some(known) = self.of(state).items.get(&id) {
            return Ok(known.clone());
        }
        let made = make()?.map(Arc::new);
        self.of(state).items.insert(id, made.clone());
        Ok(made)
    }

    /// The entries of a feed, made where they are not remembered.
    pub fn feed(
        &self,
        db: &Db,
        feed: &Feed,
        make: impl FnOnce() -> store::Result<Vec<Entry>>,
    ) -> store::Result<Arc<[Entry]>> {
        let state = publish::state(db)?;
        if let Some((_, entries)) = self.of(state).feed.as_ref().filter(|(known, _)| known == feed) {
            return Ok(Arc::clone(entries));
        }
        let made: Arc<[Entry]> = make()?.into();
        self.of(state).feed = Some((feed.clone(), Arc::clone(&made)));
        Ok(made)
    }
}
