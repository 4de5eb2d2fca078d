//! What a bulletin holds: which stories, in which order, in which words. Pure.

mod guide;
mod prose;
mod select;
mod summary;
mod view;

pub use guide::actions;
pub use select::{edition, in_order};
pub use summary::summarise;
pub use view::{Also, Edition, Item, Shelf};
