//! Logs and traces, as the configuration wants them.

use crate::config::{Config, LogFormat, Secret, TelemetrySink};
use crate::telemetry::logs::{self, Format, JsonLines};
use crate::telemetry::traces::{Identity, Sink, Traces};
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts logging and tracing for the whole process; must run within the async runtime.
pub fn start(config: &Config) -> anyhow::Result<Traces> {
    let telemetry = &config.telemetry;
    let sink = match telemetry.sink {
        _ if !telemetry.enabled => Sink::Off,
        TelemetrySink::Otlp => Sink::Otlp {
            endpoint: telemetry.traces_endpoint.clone().unwrap_or_default(),
            headers: headers(telemetry.headers.as_ref().map(Secret::expose)),
        },
        TelemetrySink::File => Sink::File(config.database.data_dir.join("traces.ndjson")),
        TelemetrySink::Console => Sink::Console,
    };
    let traces = Traces::start(
        &sink,
        &Identity {
            service: Some(telemetry.service_name.clone()),
            environment: config.environment.clone(),
            instance: uuid::Uuid::now_v7().to_string(),
        },
    )?;
    let asked = config.log.format.map(|format| match format {
        LogFormat::Json => "json",
        LogFormat::Pretty => "pretty",
    });
    let filter = || logs::filter(&config.log.filter);
    let registry = tracing_subscriber::registry().with(traces.layer());
    match Format::choose(asked) {
        Format::Json => registry
            .with(
                JsonLines::new(
                    config.environment.clone(),
                    chrono::Utc::now,
                    logs::to_stderr,
                )
                .with_filter(filter()),
            )
            .init(),
        Format::Pretty => registry
            .with(
                tracing_subscriber::fmt::layer()
                    .with_writer(std::io::stderr)
                    .with_filter(filter()),
            )
            .init(),
    }
    log_panics();
    Ok(traces)
}

/// `name=value` pairs, comma separated: the form of `OTEL_EXPORTER_OTLP_HEADERS`.
fn headers(text: Option<&str>) -> Vec<(String, String)> {
    let pairs = text
        .unwrap_or_default()
        .split(',')
        .filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

/// A panic is one line of the log like any other, at ERROR, with its place and without its
/// words: they may hold what somebody wrote.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(place, "panicked");
    }));
}
