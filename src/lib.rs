//! Wardroom: an operations bot that loses nothing it has acknowledged and does nothing twice.
//!
//! What happens outside becomes a row of the inbox before it is answered; a pure function decides;
//! what is to be done becomes rows of the outbox in the same transaction; couriers carry those out,
//! and what they are told comes back through the inbox. `docs/ARCHITECTURE.md` walks the ring.

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod app;
pub mod cli;
pub mod config;
pub mod courier;
pub mod domain;
pub mod edge;
pub mod engine;
pub mod github;
pub mod http_client;
mod invisible;
pub mod redact;
pub mod slack;
pub mod statuspage;
pub mod store;
pub mod telemetry;
