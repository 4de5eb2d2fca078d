//! Vigie: a legal and cybersecurity news watch for local authorities.

pub mod clock;
pub mod model;
pub mod text;

pub mod normalise;

pub mod bulletin;
pub mod classify;
pub mod config;
pub mod dedup;
pub mod extract;
pub mod schedule;

pub mod publish;
pub mod render;

pub mod fetch;
pub mod files;
pub mod mail;
pub mod store;

pub mod work;

pub mod web;

pub mod daemon;
pub mod demo;

pub mod cli;
