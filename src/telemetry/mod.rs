//! Logs, traces, metrics and health of the process.
//!
//! All parts log and count through it, and it queries none of them: gauges about the whole service are
//! set by the edge at a scrape.

mod export;
pub mod health;
pub mod levels;
pub mod logs;
pub mod metrics;
pub mod stderr;
pub mod traces;
