//! What a reading of what came back did.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Taken;

/// What is read of the places that the settings name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// A server is asked when its time has come.
    Due,
    /// All of them, now.
    All,
}

/// How many mails were what.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    pub read: usize,
    /// Messages that failed by the fault of the reader's address, or nobody's.
    pub failed: usize,
    /// Late, and tried further by others.
    pub delayed: usize,
    pub delivered: usize,
    pub complaints: usize,
    /// Readers who left by mail.
    pub left: usize,
    /// Taken in before.
    pub again: usize,
    /// Absences, challenges, acknowledgements.
    pub automatic: usize,
    /// What people wrote: nobody reads it here.
    pub letters: usize,
    /// Of messages that are still being sent: left where they are, for the next time.
    pub early: usize,
    /// Reports of nothing of ours, forged ones among them.
    pub unknown: usize,
    /// Addresses that are not written to from now on, by why.
    pub suppressed: BTreeMap<&'static str, usize>,
    /// What servers refused for what we are or send: for the operator to mend.
    pub policy: BTreeMap<String, usize>,
    /// What could not be understood: it was kept.
    pub unreadable: Vec<Unread>,
    /// What could not be read: it is tried again.
    pub trouble: Vec<String>,
    /// Another process is reading: nothing was done.
    pub busy: bool,
}

/// A mail that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Where it lies.
    pub name: String,
    pub why: String,
}

impl Report {
    pub fn complete(&self) -> bool {
        self.unreadable.is_empty() && self.trouble.is_empty() && self.policy.is_empty()
    }

    /// Whether there is anything to say of it.
    pub fn is_empty(&self) -> bool {
        self.read == 0 && self.trouble.is_empty()
    }

    pub(super) fn count(&mut self, taken: Taken, name: impl FnOnce() -> String) {
        self.read += 1;
        match taken {
            Taken::Failed { suppressed } => {
                self.failed += 1;
                suppressed.into_iter().for_each(|ground| *self.suppressed.entry(ground.as_str()).or_default() += 1);
            }
            Taken::Policy { said } => *self.policy.entry(said).or_default() += 1,
            Taken::Delayed => self.delayed += 1,
            Taken::Delivered => self.delivered += 1,
            Taken::Complaint { suppressed } => {
                self.complaints += 1;
                if suppressed {
                    *self.suppressed.entry("complaint").or_default() += 1;
                }
            }
            Taken::Left => self.left += 1,
            Taken::Again => self.again += 1,
            Taken::Automatic => self.automatic += 1,
            Taken::Letter | Taken::Notice => self.letters += 1,
            Taken::Early => self.early += 1,
            Taken::Unknown => self.unknown += 1,
            Taken::Unreadable { why } => self.unreadable.push(Unread { name: name(), why }),
        }
    }
}
