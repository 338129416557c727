//! The way out of finished spans: without secrets, and with the health told how it went.
//!
//! Everything that a span carries came from a log field or a log line, so it passes the same
//! redaction as the log does, whichever way it leaves.

use super::health::{Condition, Health};
use crate::http_client::HttpClient;
use crate::redact;
use anyhow::Context as _;
use opentelemetry::trace::{SpanId, Status};
use opentelemetry::{KeyValue, StringValue, Value};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The exporter behind the redaction.
#[derive(Debug)]
pub(super) struct Outgoing<E> {
    inner: E,
    /// The way's name among the components of the health.
    way: &'static str,
    health: Arc<Health>,
    failing: AtomicBool,
}

impl<E> Outgoing<E> {
    pub(super) fn new(inner: E, way: &'static str, health: Arc<Health>) -> Self {
        Self {
            inner,
            way,
            health,
            failing: AtomicBool::new(false),
        }
    }
}

impl<E: SpanExporter> SpanExporter for Outgoing<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.iter_mut().for_each(scrub);
        let sent = self.inner.export(batch).await;
        let failing = sent.is_err();
        self.health.set(
            self.way,
            if failing {
                Condition::Degraded("spans cannot be handed over".to_owned())
            } else {
                Condition::Ok
            },
        );
        if failing != self.failing.swap(failing, Ordering::Relaxed) {
            match &sent {
                Ok(()) => tracing::info!("spans are handed over again"),
                Err(error) => tracing::warn!(%error, "spans cannot be handed over and are lost"),
            }
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

pub(super) fn otlp(
    endpoint: &str,
    headers: &[(String, String)],
    client: Arc<HttpClient>,
) -> anyhow::Result<opentelemetry_otlp::SpanExporter> {
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
pub(super) struct Lines<W>(Mutex<W>);

impl<W> Lines<W> {
    pub(super) fn new(out: W) -> Self {
        Self(Mutex::new(out))
    }
}

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

/// A file that is opened when the first span is written: the data directory that it stands in is
/// made by the private database, with the rights that it needs there, and not by a trace.
pub(super) struct LazyFile {
    path: PathBuf,
    file: Option<File>,
}

impl LazyFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    fn open(&mut self) -> std::io::Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                if let Some(folder) = self.path.parent() {
                    let mut make = std::fs::DirBuilder::new();
                    make.recursive(true).mode(0o700).create(folder)?;
                }
                let mut options = File::options();
                options.create(true).append(true).mode(0o600);
                options.open(&self.path)?
            }
        };
        Ok(self.file.insert(file))
    }
}

impl Write for LazyFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.open()?.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.open()?.flush()
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
    use tracing_subscriber::layer::SubscriberExt as _;

    #[derive(Debug, Clone, Default)]
    struct Kept(Arc<Mutex<Vec<SpanData>>>);

    impl SpanExporter for Kept {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.0.lock().unwrap().extend(batch);
            Ok(())
        }
    }

    #[test]
    fn a_secret_in_a_span_or_in_a_line_within_it_never_leaves() {
        let kept = Kept::default();
        let health = Arc::new(Health::new());
        let outgoing = Outgoing::new(kept.clone(), "otlp", health.clone());
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(outgoing)
            .build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("call", with = "xoxb-1-3-def", attempt = 2);
            let _inside = span.enter();
            tracing::error!(error = "xoxb-1-2-abc", "call with Bearer abcdef failed");
        });
        let spans = kept.0.lock().unwrap();
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
