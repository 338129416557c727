//! What the service says about itself: logs, traces, metrics and health.
//!
//! At the bottom of the house: everybody may speak through it, and it asks nobody. Gauges about the
//! whole service are handed to it at scrape; it never reads the database.

mod export;
pub mod health;
pub mod levels;
pub mod logs;
pub mod metrics;
pub mod pretty;
pub mod stderr;
pub mod traces;
