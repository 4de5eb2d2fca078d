//! Everything that needs more than one module, in one crate. `app.rs` holds the installation under test.

mod app;
mod architecture;
mod bulletin;
mod commands;
mod crawl;
mod documents;
mod fetch;
mod mail;
mod readme;
mod sources;
mod store;
