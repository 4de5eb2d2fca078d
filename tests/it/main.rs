//! One integration crate, one file per feature.

mod sources;
