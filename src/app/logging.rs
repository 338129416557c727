//! Starts logging and tracing as configured.

use crate::config::{Config, LogFormat};
use crate::telemetry::health::Health;
use crate::telemetry::logs::{JsonLines, readable};
use crate::telemetry::traces::Traces;
use crate::telemetry::{levels, stderr};
use std::io::IsTerminal as _;
use std::sync::Arc;
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts logging and tracing for the whole process; must run within the async runtime. Returns the
/// log's format too.
pub fn start(config: &Config, health: &Arc<Health>) -> anyhow::Result<(Traces, LogFormat)> {
    let traces = Traces::start(config, health)?;
    let format = config
        .log
        .format
        .unwrap_or_else(|| match std::io::stderr().is_terminal() {
            true => LogFormat::Pretty,
            false => LogFormat::Json,
        });
    stderr::start();
    let registry = tracing_subscriber::registry().with(traces.layer());
    let filter = &config.log.filter;
    match format {
        LogFormat::Json => {
            let environment = config.environment.clone();
            let lines = JsonLines::new(environment, chrono::Utc::now, stderr::write);
            let lines = lines.with_filter(levels::filter(filter));
            registry.with(lines).init();
        }
        LogFormat::Pretty => {
            let lines = readable(|| stderr::Stderr).with_filter(levels::filter(filter));
            registry.with(lines).init();
        }
    }
    log_panics();
    Ok((traces, format))
}

/// Logs a panic at ERROR with its place and without its message, which may contain what a person wrote.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place = place.unwrap_or_default(), "panicked");
    }));
}
