//! Traces: OTLP over HTTP, a file or the console, by the standard variables' names; off otherwise.
//!
//! One trace follows a signal from the edge over its decision to the delivery: the `traceparent`
//! travels in the rows. The bridge is installed even when nothing is exported, so that every log
//! line carries a trace id. What Slack or GitHub send as `traceparent` is never trusted.

use super::export::{self, LazyFile, Lines, Outgoing};
use super::health::Health;
use super::levels::AskedEachTime;
use crate::http_client::HttpClient;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Where traces go.
#[derive(Debug, Clone)]
pub enum Sink {
    /// Nowhere; log lines still carry a trace id.
    Off,
    /// A collector, by OTLP over HTTP with protobuf.
    Otlp {
        /// The whole address, `…/v1/traces`.
        endpoint: String,
        /// Headers of each request; they may be secrets.
        headers: Vec<(String, String)>,
        /// By which it is called.
        client: Arc<HttpClient>,
    },
    /// A file, one JSON object a span.
    File(PathBuf),
    /// Stdout, one JSON object a span.
    Console,
}

/// Which traces are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// The share of new traces, 0 to 1.
    pub share: f64,
    /// Whether the decision of the span before, which a row kept, goes before.
    pub follows_parent: bool,
}

/// Who we are in a trace.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The service's name.
    pub service: String,
    /// More attributes of the resource; these win over what we say of ourselves.
    pub attributes: Vec<(String, String)>,
    /// `ENVIRONMENT`.
    pub environment: String,
    /// This process among its replicas.
    pub instance: String,
}

/// The tracing pipeline while the process lives.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Builds the pipeline; the batches obey `OTEL_BSP_…`. Whether what is kept gets out is told to
    /// `health`. Must be called within the async runtime that carries the exporter's requests.
    pub fn start(
        sink: Sink,
        sampling: Sampling,
        identity: &Identity,
        health: &Arc<Health>,
    ) -> anyhow::Result<Self> {
        let builder = SdkTracerProvider::builder()
            .with_resource(resource(identity))
            .with_sampler(sampler(sampling));
        let builder = match sink {
            Sink::Off => return Ok(Self::off()),
            Sink::Otlp {
                endpoint,
                headers,
                client,
            } => {
                let exporter = export::otlp(&endpoint, &headers, client)?;
                builder.with_batch_exporter(Outgoing::new(exporter, "otlp", health.clone()))
            }
            Sink::File(path) => {
                let lines = Lines::new(LazyFile::new(path));
                builder.with_batch_exporter(Outgoing::new(lines, "traces", health.clone()))
            }
            Sink::Console => {
                let lines = Lines::new(std::io::stdout());
                builder.with_batch_exporter(Outgoing::new(lines, "traces", health.clone()))
            }
        };
        Ok(Self {
            provider: builder.build(),
        })
    }

    /// Ids without spans: what the log lines need.
    pub fn off() -> Self {
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::AlwaysOff)
            .build();
        Self { provider }
    }

    /// The layer that makes traces of spans: ours only, whatever the log level.
    pub fn layer<S>(&self) -> impl tracing_subscriber::Layer<S> + Send + Sync + use<S>
    where
        S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a> + Send + Sync,
    {
        use tracing_subscriber::Layer as _;
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("wardroom"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            // A request's span is entered at each poll. Nobody here asks OpenTelemetry for its current
            // context (parents come from the spans), and busy time is not worth two clock reads a poll.
            .with_context_activation(false)
            .with_tracked_inactivity(false)
            .with_filter(AskedEachTime(
                tracing_subscriber::filter::Targets::new()
                    .with_target("wardroom", tracing::Level::INFO),
            ))
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

fn resource(identity: &Identity) -> Resource {
    let given = identity.attributes.iter();
    let given = given.map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
    // What comes later wins; the process's environment is not read again behind our back.
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", identity.instance.clone()),
            KeyValue::new("deployment.environment.name", identity.environment.clone()),
        ])
        .with_attributes(given)
        .with_service_name(identity.service.clone())
        .build()
}

fn sampler(sampling: Sampling) -> Sampler {
    let by_share = if sampling.share >= 1.0 {
        Sampler::AlwaysOn
    } else if sampling.share <= 0.0 {
        Sampler::AlwaysOff
    } else {
        Sampler::TraceIdRatioBased(sampling.share)
    };
    if sampling.follows_parent {
        Sampler::ParentBased(Box::new(by_share))
    } else {
        by_share
    }
}

/// The span as a W3C `traceparent`, to be kept in a row; `None` outside of any trace.
pub fn traceparent(span: &Span) -> Option<String> {
    let context = span.context();
    let context = context.span().span_context().clone();
    context.is_valid().then(|| {
        [
            "00".to_owned(),
            hex::encode(context.trace_id().to_bytes()),
            hex::encode(context.span_id().to_bytes()),
            hex::encode([context.trace_flags().to_u8()]),
        ]
        .join("-")
    })
}

/// Makes the span a child of the one whose `traceparent` a row kept. Must come before the span is
/// entered for the first time; what cannot be read changes nothing.
pub fn continue_from(span: &Span, traceparent: Option<&str>) {
    if let Some(parent) = traceparent.and_then(parse) {
        // Refused only for a span that nobody records.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
}

/// Reads a W3C `traceparent`: lower-case hex, ids that are not all zero.
fn parse(text: &str) -> Option<SpanContext> {
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, span, flags] = parts.as_slice() else {
        return None;
    };
    let lower_hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let shaped = lower_hex(version, 2)
        && *version != "ff"
        && lower_hex(trace, 32)
        && lower_hex(span, 16)
        && lower_hex(flags, 2);
    if !shaped {
        return None;
    }
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()?),
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
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
