//! What was told of stories and is remembered while they stay what they are: a story stands on many pages and in many feeds, and
//! to put it in words takes longer than all else together.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    bulletin::Item,
    model::{BulletinId, Story, StoryId},
    publish::{Entry, Event},
    store::Result,
};

/// What is remembered of one installation.
pub struct Told {
    /// As lists and pages have it: some kilobytes each.
    items: Memory<Option<Arc<Item>>>,
    /// As feeds have it: with the whole document, where that may be shown.
    entries: Memory<Option<Arc<Entry>>>,
    /// The days that it tells of.
    days: Memory<Arc<[Event]>>,
    /// Whether what it warns of is over.
    is_over: Memory<bool>,
    /// What heads the last bulletin, which never changes once it is frozen.
    heads: Mutex<Option<(BulletinId, Arc<[Item]>)>>,
}

impl Default for Told {
    fn default() -> Self {
        Self {
            items: Memory::new(1_000),
            entries: Memory::new(100),
            days: Memory::new(1_000),
            is_over: Memory::new(100),
            heads: Mutex::default(),
        }
    }
}

impl Told {
    pub fn item(&self, story: &Story, make: impl FnOnce() -> Result<Option<Item>>) -> Result<Option<Arc<Item>>> {
        self.items.of(story, || Ok(make()?.map(Arc::new)))
    }

    pub fn entry(&self, story: &Story, make: impl FnOnce() -> Result<Option<Entry>>) -> Result<Option<Arc<Entry>>> {
        self.entries.of(story, || Ok(make()?.map(Arc::new)))
    }

    pub fn days(&self, story: &Story, make: impl FnOnce() -> Result<Vec<Event>>) -> Result<Arc<[Event]>> {
        self.days.of(story, || Ok(make()?.into()))
    }

    pub fn heads(
        &self,
        bulletin: BulletinId,
        make: impl FnOnce() -> anyhow::Result<Vec<Item>>,
    ) -> anyhow::Result<Arc<[Item]>> {
        let known = || self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, heads)) = known().as_ref().filter(|(id, _)| *id == bulletin) {
            return Ok(Arc::clone(heads));
        }
        let made: Arc<[Item]> = make()?.into();
        *known() = Some((bulletin, Arc::clone(&made)));
        Ok(made)
    }

    pub fn is_over(&self, story: &Story, make: impl FnOnce() -> Result<bool>) -> Result<bool> {
        self.is_over.of(story, make)
    }
}

/// One value a story, as of the state in which the story was: what has changed is not what is remembered. So many at most;
/// beyond that all are let go of.
struct Memory<T> {
    most: usize,
    known: Mutex<HashMap<StoryId, (Story, T)>>,
}

impl<T: Clone> Memory<T> {
    fn new(most: usize) -> Self {
        Self { most, known: Mutex::default() }
    }

    fn of(&self, story: &Story, make: impl FnOnce() -> Result<T>) -> Result<T> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, value)) = known().get(&story.id).filter(|(then, _)| then == story) {
            return Ok(value.clone());
        }
        let made = make()?;
        let mut known = known();
        if known.len() >= self.most {
            known.clear();
        }
        known.insert(story.id, (story.clone(), made.clone()));
        Ok(made)
    }
}
