//! One file per feature.

mod mail;
