//! Everything that needs more than one module, in one crate. `app.rs` holds the installation under test.

mod app;
mod architecture;
mod bulletin;
mod commands;
mod crawl;
mod details;
mod documents;
mod eval;
mod fetch;
mod guide;
mod health;
mod hostile;
mod idle;
mod letters;
mod mail;
mod readme;
mod recognise;
mod robots;
mod search;
mod shapes;
mod sources;
mod store;
mod stories;
mod tokens;
mod r#try;
mod visits;
