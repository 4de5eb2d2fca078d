//! One form per value: addresses, dates, character sets, titles, official references, amounts and counts, deadlines,
//! the words that are searched.
//!
//! Everything here is total: any input gives a value, `None` or an error, never a panic, in time linear in its length.

pub mod charset;
pub mod date;
pub mod deadline;
pub mod entity;
pub mod markup;
pub mod mojibake;
pub mod quantity;
pub mod reference;
pub mod terms;
pub mod title;
pub mod url;
