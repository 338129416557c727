//! Logs and traces, as the configuration wants them.

use crate::config::{Config, LogFormat, TelemetrySink};
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
        TelemetrySink::Otlp => Sink::Otlp,
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
    Ok(traces)
}
