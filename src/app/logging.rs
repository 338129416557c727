//! Logs and traces, as the configuration wants them.

use crate::config::{Config, LogFormat, ParentDecision, TelemetrySink};
use crate::http_client::HttpClient;
use crate::telemetry::health::Health;
use crate::telemetry::logs::{Format, JsonLines};
use crate::telemetry::traces::{Identity, Sampling, Sink, Traces};
use crate::telemetry::{levels, pretty, stderr};
use anyhow::Context as _;
use std::sync::Arc;
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use url::Url;

/// Starts logging and tracing for the whole process; must run within the async runtime. Gives the
/// log's format too.
pub fn start(config: &Config, health: &Arc<Health>) -> anyhow::Result<(Traces, Format)> {
    let telemetry = &config.telemetry;
    let sink = match telemetry.sink {
        _ if !telemetry.enabled => Sink::Off,
        TelemetrySink::Otlp => {
            let endpoint = telemetry.traces_endpoint.clone().unwrap_or_default();
            let url = Url::parse(&endpoint).context("the address for traces")?;
            let client = HttpClient::new(&url, &config.proxies);
            Sink::Otlp {
                endpoint,
                headers: telemetry.headers(),
                client: Arc::new(client.context("preparing to hand over traces")?),
            }
        }
        TelemetrySink::File => Sink::File(config.database.data_dir.join("traces.ndjson")),
        TelemetrySink::Console => Sink::Console,
    };
    let sampling = Sampling {
        share: telemetry.sampler.ratio,
        follows_parent: telemetry.sampler.parent == ParentDecision::Followed,
    };
    let identity = Identity {
        service: telemetry.service_name.clone(),
        attributes: telemetry.resource_attributes.clone(),
        environment: config.environment.clone(),
        instance: uuid::Uuid::now_v7().to_string(),
    };
    let traces = Traces::start(sink, sampling, &identity, health)?;
    let asked = config.log.format.map(|format| match format {
        LogFormat::Json => "json",
        LogFormat::Pretty => "pretty",
    });
    let shown = &config.log.filter;
    let registry = tracing_subscriber::registry().with(traces.layer());
    let format = Format::choose(asked);
    stderr::start();
    match format {
        Format::Json => {
            let environment = config.environment.clone();
            let lines = JsonLines::new(environment, chrono::Utc::now, stderr::write);
            registry
                .with(lines.with_filter(levels::filter(shown)))
                .init();
        }
        Format::Pretty => registry
            .with(pretty::layer(|| stderr::Stderr).with_filter(levels::filter(shown)))
            .init(),
    }
    log_panics();
    Ok((traces, format))
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
