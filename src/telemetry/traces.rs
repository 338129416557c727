//! Traces: OTLP over HTTP, a file or the console, by the standard variables' names; off otherwise.
//!
//! One trace follows a signal from the edge over its decision to the delivery: the `traceparent`
//! travels in the rows. The bridge is installed even when nothing is exported, so that every log
//! line carries a trace id. What Slack or GitHub send as `traceparent` is never trusted.

use anyhow::Context as _;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData, SpanExporter};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Where traces go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sink {
    /// Nowhere; log lines still carry a trace id.
    Off,
    /// A collector, by OTLP over HTTP with protobuf.
    Otlp {
        /// The whole address, `…/v1/traces`.
        endpoint: String,
        /// Headers of each request; they may be secrets.
        headers: Vec<(String, String)>,
    },
    /// A file, one JSON object a span.
    File(PathBuf),
    /// Stdout, one JSON object a span.
    Console,
}

/// Who we are in a trace.
#[derive(Debug, Clone)]
pub struct Identity {
    /// `OTEL_SERVICE_NAME`, which wins over the attributes' `service.name`.
    pub service: Option<String>,
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
    /// Builds the pipeline. The sampler and the batches obey `OTEL_TRACES_SAMPLER…` and
    /// `OTEL_BSP_…`. Must be called within the async runtime that carries the exporter's requests.
    pub fn start(sink: &Sink, identity: &Identity) -> anyhow::Result<Self> {
        let builder = SdkTracerProvider::builder().with_resource(resource(identity));
        let builder = match sink {
            // Ids without spans: what the log lines need.
            Sink::Off => builder.with_sampler(Sampler::AlwaysOff),
            Sink::Otlp { endpoint, headers } => {
                builder.with_batch_exporter(otlp(endpoint, headers)?)
            }
            Sink::File(path) => {
                let file = std::fs::OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(path)
                    .with_context(|| format!("opening the trace file {}", path.display()))?;
                builder.with_batch_exporter(Lines(Mutex::new(file)))
            }
            Sink::Console => builder.with_batch_exporter(Lines(Mutex::new(std::io::stdout()))),
        };
        Ok(Self {
            provider: builder.build(),
        })
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
            .with_filter(
                tracing_subscriber::filter::Targets::new()
                    .with_target("wardroom", tracing::Level::INFO),
            )
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
    // The builder reads OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME; what is ours comes after.
    let named = identity.service.is_some()
        || std::env::var("OTEL_RESOURCE_ATTRIBUTES")
            .is_ok_and(|attributes| attributes.contains("service.name="));
    let mut builder = Resource::builder();
    if let Some(name) = &identity.service {
        builder = builder.with_service_name(name.clone());
    } else if !named {
        builder = builder.with_service_name("wardroom");
    }
    builder
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", identity.instance.clone()),
            KeyValue::new("deployment.environment.name", identity.environment.clone()),
        ])
        .build()
}

fn otlp(
    endpoint: &str,
    headers: &[(String, String)],
) -> anyhow::Result<opentelemetry_otlp::SpanExporter> {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .context("building the trace exporter's client")?;
    let handle = tokio::runtime::Handle::current();
    opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_protocol(opentelemetry_otlp::Protocol::HttpBinary)
        .with_http_client(OnRuntime { client, handle })
        .with_endpoint(endpoint)
        .with_headers(headers.iter().cloned().collect())
        .build()
        .context("building the trace exporter")
}

/// The exporter's batches leave from a thread of their own; their requests need our runtime.
#[derive(Debug)]
struct OnRuntime {
    client: reqwest::Client,
    handle: tokio::runtime::Handle,
}

#[async_trait::async_trait]
impl opentelemetry_http::HttpClient for OnRuntime {
    async fn send_bytes(
        &self,
        request: http::Request<bytes::Bytes>,
    ) -> Result<http::Response<bytes::Bytes>, opentelemetry_http::HttpError> {
        let client = self.client.clone();
        let sent = self.handle.spawn(async move {
            let answer = client.execute(request.try_into()?).await?;
            let status = answer.status();
            let headers = answer.headers().clone();
            let mut response = http::Response::new(answer.bytes().await?);
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok::<_, reqwest::Error>(response)
        });
        Ok(sent.await??)
    }
}

/// Writes spans as JSON lines.
struct Lines<W>(Mutex<W>);

impl<W> std::fmt::Debug for Lines<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lines")
    }
}

impl<W: Write + Send> SpanExporter for Lines<W> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let failed = |error: std::io::Error| OTelSdkError::InternalFailure(error.to_string());
        let mut out = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        for span in &batch {
            writeln!(out, "{}", json(span)).map_err(failed)?;
        }
        out.flush().map_err(failed)
    }
}

fn json(span: &SpanData) -> serde_json::Value {
    let stamp = |at: std::time::SystemTime| {
        chrono::DateTime::<chrono::Utc>::from(at)
            .to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
    };
    let attributes: serde_json::Map<_, _> = span
        .attributes
        .iter()
        .map(|pair| {
            let value = pair.value.to_string();
            (pair.key.to_string(), crate::redact::scrub(&value).into())
        })
        .collect();
    serde_json::json!({
        "trace_id": span.span_context.trace_id().to_string(),
        "span_id": span.span_context.span_id().to_string(),
        "parent_span_id": (span.parent_span_id != SpanId::INVALID)
            .then(|| span.parent_span_id.to_string()),
        "name": span.name,
        "start": stamp(span.start_time),
        "end": stamp(span.end_time),
        "attributes": attributes,
    })
}

/// The span as a W3C `traceparent`, to be kept in a row; `None` outside of any trace.
pub fn traceparent(span: &Span) -> Option<String> {
    let context = span.context();
    let context = context.span().span_context().clone();
    context.is_valid().then(|| {
        format!(
            "00-{}-{}-{:02x}",
            context.trace_id(),
            context.span_id(),
            context.trace_flags().to_u8()
        )
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
