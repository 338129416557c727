//! Exports finished spans, redacted.
//!
//! All that a span contains came from a log field or a log line, so it passes the same redaction as
//! the log does, wherever it goes.

use super::health::{Condition, Health};
use crate::config::{Config, TelemetrySink};
use crate::http_client::HttpClient;
use crate::redact;
use anyhow::Context as _;
use opentelemetry::trace::{SpanId, Status};
use opentelemetry::{KeyValue, StringValue, Value};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter, TracerProviderBuilder};
use std::fs::{DirBuilder, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Adds the exporter that the configuration asks for.
pub(super) fn to(
    config: &Config,
    health: &Arc<Health>,
    builder: TracerProviderBuilder,
) -> anyhow::Result<TracerProviderBuilder> {
    let health = health.clone();
    let inner = match config.telemetry.sink {
        TelemetrySink::Otlp => {
            let (inner, component) = (otlp(config)?, "otlp");
            return Ok(builder.with_batch_exporter(Redacting {
                inner,
                component,
                health,
            }));
        }
        TelemetrySink::File => Lines::To(config.database.data_dir.join("traces.ndjson")),
        TelemetrySink::Console => Lines::ToStdout,
    };
    let component = "traces";
    Ok(builder.with_batch_exporter(Redacting {
        inner,
        component,
        health,
    }))
}

/// An exporter that redacts spans, and reports whether they can be exported.
#[derive(Debug)]
struct Redacting<E> {
    inner: E,
    /// The name among the components of the health.
    component: &'static str,
    health: Arc<Health>,
}

impl<E: SpanExporter> SpanExporter for Redacting<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.iter_mut().for_each(scrub);
        let sent = self.inner.export(batch).await;
        let condition = match &sent {
            Ok(()) => Condition::Ok,
            Err(_) => Condition::Degraded("spans cannot be exported".to_owned()),
        };
        let before = self.health.set(self.component, condition);
        match (&sent, before) {
            (Ok(()), Some(Condition::Degraded(_))) => tracing::info!("spans are exported again"),
            (Err(error), None | Some(Condition::Ok)) => {
                tracing::warn!(%error, "spans cannot be exported and are lost");
            }
            (Ok(()), None | Some(Condition::Ok)) | (Err(_), Some(Condition::Degraded(_))) => {}
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

fn scrub(span: &mut SpanData) {
    span.attributes.iter_mut().for_each(scrub_value);
    for event in &mut span.events.events {
        event.name = redact::scrub(&event.name).into_owned().into();
        event.attributes.iter_mut().for_each(scrub_value);
    }
    if let Status::Error { description } = &mut span.status {
        *description = redact::scrub(description).into_owned().into();
    }
}

fn scrub_value(pair: &mut KeyValue) {
    if let Value::String(text) = &pair.value {
        let clean = redact::scrub(text.as_str()).into_owned();
        pair.value = Value::String(StringValue::from(clean));
    }
}

fn otlp(config: &Config) -> anyhow::Result<opentelemetry_otlp::SpanExporter> {
    let telemetry = &config.telemetry;
    let endpoint = telemetry.traces_endpoint.clone().unwrap_or_default();
    let url = Url::parse(&endpoint).context("the address for traces")?;
    let client = HttpClient::new(&url, &config.proxies);
    let client = Arc::new(client.context("preparing to export traces")?);
    let handle = tokio::runtime::Handle::current();
    let headers = telemetry.headers.iter();
    let headers = headers.map(|(name, value)| (name.clone(), value.expose().to_owned()));
    opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_protocol(opentelemetry_otlp::Protocol::HttpBinary)
        .with_http_client(OnRuntime { client, handle })
        .with_endpoint(endpoint)
        .with_headers(headers.collect())
        .build()
        .context("building the trace exporter")
}

/// The SDK exports batches on a thread of its own; the requests need our runtime.
#[derive(Debug)]
struct OnRuntime {
    client: Arc<HttpClient>,
    handle: tokio::runtime::Handle,
}

#[async_trait::async_trait]
impl opentelemetry_http::HttpClient for OnRuntime {
    async fn send_bytes(
        &self,
        request: http::Request<bytes::Bytes>,
    ) -> Result<http::Response<bytes::Bytes>, opentelemetry_http::HttpError> {
        let client = self.client.clone();
        let (parts, body) = request.into_parts();
        let url = parts.uri.to_string().parse()?;
        let sent = self.handle.spawn(async move {
            let request = client.request(parts.method, url);
            client.send(request.headers(parts.headers).body(body)).await
        });
        let answer = sent.await??;
        let mut response = http::Response::new(answer.body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}

/// Writes spans as JSON lines.
#[derive(Debug)]
enum Lines {
    To(PathBuf),
    ToStdout,
}

impl SpanExporter for Lines {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let lines: String = batch
            .iter()
            .map(|span| format!("{}\n", json(span)))
            .collect();
        let written = self.write(lines.as_bytes());
        written.map_err(|error| OTelSdkError::InternalFailure(error.to_string()))
    }
}

impl Lines {
    fn write(&self, lines: &[u8]) -> std::io::Result<()> {
        let Self::To(path) = self else {
            let mut out = std::io::stdout();
            return out.write_all(lines).and_then(|()| out.flush());
        };
        // Not before the first span: the private database creates the data directory, with its own
        // permissions.
        if let Some(folder) = path.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
        }
        let mut options = File::options();
        let file = options.create(true).append(true).mode(0o600).open(path);
        file?.write_all(lines)
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
        .map(|pair| (pair.key.to_string(), pair.value.to_string().into()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use std::sync::Mutex;
    use tracing_subscriber::layer::SubscriberExt as _;

    #[derive(Debug, Clone, Default)]
    struct Exported(Arc<Mutex<Vec<SpanData>>>);

    impl SpanExporter for Exported {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.0.lock().unwrap().extend(batch);
            Ok(())
        }
    }

    #[test]
    fn a_secret_in_a_span_or_in_a_line_within_it_is_never_exported() {
        let exported = Exported::default();
        let health = Arc::new(Health::new());
        let exporter = Redacting {
            inner: exported.clone(),
            component: "otlp",
            health: health.clone(),
        };
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(exporter)
            .build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("call", with = "xoxb-1-3-def", attempt = 2);
            let _inside = span.enter();
            tracing::error!(error = "xoxb-1-2-abc", "call with Bearer abcdef failed");
        });
        let spans = exported.0.lock().unwrap();
        let text = format!("{spans:?}");
        assert_eq!(spans.len(), 1, "{text}");
        assert!(
            text.contains("call with Bearer") && text.contains("attempt"),
            "{text}"
        );
        assert!(
            !text.contains("xoxb-1") && !text.contains("abcdef"),
            "{text}"
        );
        assert_eq!(health.components().get("otlp"), Some(&Condition::Ok));
    }
}
