//! The connections that are open at once, of all senders of this program.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::model::Urgency;

/// At most so many may be open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    pub all: usize,
    /// To one operator.
    pub operator: usize,
}

/// Who has a connection, and who waits for one. What is urgent goes first: others do not begin one while it waits, and give
/// theirs up between two messages.
#[derive(Default)]
pub(in crate::work) struct Connections {
    counts: Mutex<Counts>,
    changed: Notify,
}

#[derive(Default)]
struct Counts {
    /// By operator; none that has none.
    open: BTreeMap<String, usize>,
    /// What is urgent and waits, by operator.
    awaited: BTreeMap<String, usize>,
}

impl Counts {
    fn all(&self) -> usize {
        self.open.values().sum()
    }

    /// Whether what is urgent waits for a connection that one to this operator stands in the way of.
    fn is_awaited(&self, operator: &str, all: usize) -> bool {
        self.awaited.contains_key(operator) || (!self.awaited.is_empty() && self.all() >= all)
    }
}

fn add(counts: &mut BTreeMap<String, usize>, operator: &str) {
    match counts.get_mut(operator) {
        Some(count) => *count += 1,
        None => drop(counts.insert(operator.to_owned(), 1)),
    }
}

fn take(counts: &mut BTreeMap<String, usize>, operator: &str) {
    if let Some(count) = counts.get_mut(operator) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(operator);
        }
    }
}

impl Connections {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until one more may be open to this operator.
    pub(super) async fn enter(&self, operator: &str, most: Most, urgency: Urgency) -> Permit<'_> {
        let mut waiting = None;
        loop {
            let changed = self.changed.notified();
            {
                let mut counts = self.counts();
                let is_room = counts.all() < most.all.max(1)
                    && counts.open.get(operator).copied().unwrap_or(0) < most.operator.max(1);
                let is_first = urgency == Urgency::Urgent || !counts.is_awaited(operator, most.all);
                if is_room && is_first {
                    add(&mut counts.open, operator);
                    drop(counts);
                    return Permit { connections: self, operator: operator.to_owned() };
                }
                if urgency == Urgency::Urgent && waiting.is_none() {
                    add(&mut counts.awaited, operator);
                    waiting = Some(Waiting { connections: self, operator });
                }
            }
            changed.await;
        }
    }

    /// Whether one to this operator is to be given up, because what is urgent waits; of so many that may be open at once.
    pub(super) fn is_awaited(&self, operator: &str, all: usize) -> bool {
        self.counts().is_awaited(operator, all)
    }
}

/// One connection that may be open, until this is dropped.
pub(super) struct Permit<'a> {
    connections: &'a Connections,
    operator: String,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        take(&mut self.connections.counts().open, &self.operator);
        self.connections.changed.notify_waiters();
    }
}

struct Waiting<'a> {
    connections: &'a Connections,
    operator: &'a str,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        take(&mut self.connections.counts().awaited, self.operator);
        self.connections.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MOST: Most = Most { all: 2, operator: 1 };

    async fn enters<'a>(connections: &'a Connections, operator: &str, urgency: Urgency) -> Option<Permit<'a>> {
        tokio::time::timeout(Duration::from_millis(20), connections.enter(operator, MOST, urgency)).await.ok()
    }

    #[tokio::test]
    async fn no_more_are_open_than_may_be_to_one_operator_and_to_all() {
        let connections = Connections::default();
        let first = enters(&connections, "a", Urgency::Ordinary).await;
        assert!(first.is_some());
        assert!(enters(&connections, "a", Urgency::Urgent).await.is_none(), "one operator's");
        assert!(enters(&connections, "b", Urgency::Ordinary).await.is_some(), "and it is given back");
        let _second = enters(&connections, "b", Urgency::Ordinary).await;
        assert!(enters(&connections, "c", Urgency::Urgent).await.is_none(), "all");
        drop(first);
        assert!(enters(&connections, "c", Urgency::Urgent).await.is_some());
    }

    #[tokio::test]
    async fn what_is_urgent_gets_the_next_connection_and_is_forgotten_when_it_waits_no_more() {
        let connections = Connections::default();
        let first = enters(&connections, "a", Urgency::Ordinary).await.expect("room");
        assert!(!connections.is_awaited("a", 2));
        let urgent = connections.enter("a", MOST, Urgency::Urgent);
        tokio::pin!(urgent);
        assert!(tokio::time::timeout(Duration::from_millis(20), &mut urgent).await.is_err());
        assert!(connections.is_awaited("a", 2) && !connections.is_awaited("b", 2));
        drop(first);
        assert!(enters(&connections, "a", Urgency::Ordinary).await.is_none(), "it does not overtake");
        let permit = urgent.await;
        assert!(!connections.is_awaited("a", 2));
        drop(permit);
        {
            let _first = enters(&connections, "a", Urgency::Ordinary).await;
            assert!(enters(&connections, "a", Urgency::Urgent).await.is_none());
        }
        assert!(!connections.is_awaited("a", 2) && enters(&connections, "a", Urgency::Ordinary).await.is_some());
    }
}
