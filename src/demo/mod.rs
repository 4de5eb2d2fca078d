//! The demonstration.

pub mod inbox;
