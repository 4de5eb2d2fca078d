//! What a bulletin holds: which stories, in which order, in which words. Pure.
//!
//! ```text
//! notices ─ told ─┬─ document ─ guide ───┐
//!                 ├─ summary, official ──┼─ item ─ select ─ edition
//!                 └─ facts ─ importance ┘
//! ```
//!
//! What goes out at once: `wish` says who wants a story so, `change` what is new in one that was told, `over` that it has
//! ended.

mod change;
mod document;
mod facts;
mod guide;
mod heading;
mod importance;
mod item;
mod more;
mod official;
mod over;
mod prose;
mod select;
mod summary;
#[cfg(test)]
mod tests;
mod told;
mod view;
mod wish;

pub use change::change;
pub use facts::{Cited, story_deadlines};
pub use guide::{Guide, Question, guide};
pub use importance::{Action, Importance, Reason, Weighed, importance};
pub use item::{Moment, tell};
pub use over::{is_over, withdrawn};
pub use select::{alert_edition, edition, in_order};
pub use summary::summarise;
pub use told::{Quote, Told};
pub use view::{AlertNews, Also, Edition, Item, Shelf};
pub use wish::{Pressing, Words, is_telling, terms, wants_alert};
