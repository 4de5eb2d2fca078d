//! What a bulletin holds: which stories, in which order, in which words. Pure.

mod view;

pub use view::{Also, Edition, Item, Shelf};
