//! What a bulletin holds: which stories, in which order, in which words. Pure.
//!
//! ```text
//! notices ─ told ─┬─ document ─ guide ───┐
//!                 ├─ summary, official ──┼─ item ─ select ─ edition
//!                 └─ facts ─ importance ┘
//! ```

mod document;
mod facts;
mod guide;
mod heading;
mod importance;
mod item;
mod more;
mod official;
mod prose;
mod select;
mod summary;
#[cfg(test)]
mod tests;
mod told;
mod view;

pub use facts::{Cited, story_deadlines};
pub use guide::{Guide, Question, guide};
pub use importance::{Action, Importance, Reason, Weighed, importance};
pub use item::{Moment, tell};
pub use select::{edition, in_order};
pub use summary::summarise;
pub use told::{Quote, Told};
pub use view::{Also, Edition, Item, Shelf};
