//! What is kept: SQLite behind one [`Store`], with two doors and one file of functions per noun.
//!
//! A function takes a [`Db`] to read or a [`Tx`] to write, so that a use case composes several of them in one
//! transaction. SQL stands beside its function, in what SQLite and PostgreSQL both understand.

mod engine;
mod error;
mod migrate;

pub mod alarms;
pub mod alerts;
pub mod bounces;
pub mod bulletins;
pub mod details;
pub mod erasures;
pub mod exchangers;
pub mod exploited;
pub mod fetches;
pub mod forms;
pub mod letters;
pub mod likeness;
pub mod notices;
pub mod operators;
pub mod outbox;
pub mod pairs;
pub mod readings;
pub mod requests;
pub mod reviews;
pub mod robots;
pub mod search;
pub mod senders;
pub mod settings;
pub mod sources;
pub mod stories;
pub mod subscribers;
pub mod suppressions;
pub mod traces;
pub mod weather;

use jiff::Timestamp;

use crate::model::SectionId;

pub use engine::{Db, Store, Tx, Watch};
pub use error::{Result, StoreError};

/// Milliseconds since 1970, as every table keeps instants.
fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

fn instant(millis: i64) -> Result<Timestamp> {
    Timestamp::from_millisecond(millis).map_err(|_| StoreError::Value { what: "an instant", value: millis.to_string() })
}

/// Sections as a column keeps them, separated by spaces.
fn sections(of: &[SectionId]) -> String {
    of.iter().map(SectionId::as_str).collect::<Vec<_>>().join(" ")
}

/// What [`sections`] wrote.
fn read_sections(text: &str) -> Result<Vec<SectionId>> {
    text.split(' ').filter(|id| !id.is_empty()).map(|id| word("a section", id, SectionId::parse)).collect()
}

/// Reads a closed list's word, such as a nature.
fn word<T>(what: &'static str, text: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
    parse(text).ok_or_else(|| StoreError::Value { what, value: text.to_owned() })
}
