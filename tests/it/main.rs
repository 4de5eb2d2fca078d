//! Everything that needs more than one module, in one crate.

mod fetch;
