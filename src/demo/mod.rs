//! The demonstration: bundled sources and what plays them.

pub mod content;
