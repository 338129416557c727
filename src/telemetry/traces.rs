//! Traces: by OTLP over HTTP, to a file or to stdout, by OpenTelemetry's variables; off by default.
//!
//! One trace follows a signal from the request over its decision to the delivery: the `traceparent`
//! is stored in the rows. The tracing layer is installed even when nothing is exported, so that every
//! log line has a trace id. A `traceparent` that Slack or GitHub send is never used.

use super::export;
use super::health::Health;
use super::levels::uncached;
use crate::config::{Config, ParentDecision, Sampler as Sampling};
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{TraceContextExt as _, TraceFlags, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::registry::LookupSpan;

/// The tracing pipeline of the process.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Builds the pipeline; the batches obey `OTEL_BSP_…`. `health` is told whether spans can be exported.
    /// Must be called within the async runtime on which the exporter sends its requests.
    pub fn start(config: &Config, health: &Arc<Health>) -> anyhow::Result<Self> {
        if !config.telemetry.enabled {
            return Ok(Self::off());
        }
        let builder = SdkTracerProvider::builder()
            .with_resource(resource(config))
            .with_sampler(sampler(config.telemetry.sampler));
        let provider = export::to(config, health, builder)?.build();
        Ok(Self { provider })
    }

    /// Trace ids for the log lines, and no spans.
    pub fn off() -> Self {
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::AlwaysOff)
            .build();
        Self { provider }
    }

    /// The layer that makes spans of our own spans, whatever the log level.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: tracing::Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let ours = |what: &tracing::Metadata<'_>| what.target().starts_with("wardroom");
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("wardroom"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            // A request's span is entered at each poll. No code asks OpenTelemetry for its current context
            // (parents come from the spans), and busy time is not worth two reads of the clock a poll.
            .with_context_activation(false)
            .with_tracked_inactivity(false)
            .with_filter(uncached(LevelFilter::INFO, ours))
    }

    /// Sends what is left, within `timeout`.
    pub async fn stop(self, timeout: Duration) {
        let provider = self.provider;
        let ended =
            tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(timeout)).await;
        match ended {
            Ok(Ok(()) | Err(OTelSdkError::AlreadyShutdown)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last traces could not be sent"),
            Err(error) => tracing::warn!(%error, "the trace exporter did not end"),
        }
    }
}

fn resource(config: &Config) -> Resource {
    let telemetry = &config.telemetry;
    let given = telemetry.resource_attributes.iter();
    let given = given.map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
    let instance = uuid::Uuid::now_v7().to_string();
    // A later attribute overrides an earlier one. Without a detector of the environment: the configuration has read it.
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", instance),
            KeyValue::new("deployment.environment.name", config.environment.clone()),
        ])
        .with_attributes(given)
        .with_service_name(telemetry.service_name.clone())
        .build()
}

fn sampler(sampling: Sampling) -> Sampler {
    let by_ratio = Sampler::TraceIdRatioBased(sampling.ratio);
    match sampling.parent {
        ParentDecision::Followed => Sampler::ParentBased(Box::new(by_ratio)),
        ParentDecision::Ignored => by_ratio,
    }
}

/// The span as a W3C `traceparent`, for a row; `None` outside of any trace.
pub fn traceparent(span: &Span) -> Option<String> {
    let context = span.context();
    let span = context.span();
    let own = span.span_context();
    // Not by the propagator, which takes a map of strings and six times as long, for each request.
    own.is_valid().then(|| {
        let flags = own.trace_flags() & TraceFlags::SAMPLED;
        format!("00-{}-{}-{flags:02x}", own.trace_id(), own.span_id())
    })
}

/// Makes the span a child of the one whose `traceparent` a row stores. Must be called before the span is
/// entered for the first time. A text that cannot be read changes nothing.
pub fn continue_from(span: &Span, traceparent: Option<&str>) {
    if let Some(parent) = traceparent.and_then(parse) {
        // An error means only that the span is not recorded.
        let _ = span.set_parent(parent);
    }
}

fn parse(traceparent: &str) -> Option<Context> {
    let headers = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &headers);
    context.has_active_span().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_traceparent_is_read() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert!(parse(good).is_some());
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
