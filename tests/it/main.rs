//! Everything that needs more than one module, in one crate. `app.rs` holds the installation under test.

mod app;
mod architecture;
mod bulletin;
mod commands;
mod crawl;
mod fetch;
mod mail;
mod readme;
mod search;
mod sources;
mod store;
