//! An OpenTelemetry collector of ours: takes spans by OTLP over HTTP and keeps them.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use prost::Message as _;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A collector on loopback, ended with the test.
pub struct Collector {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    kept: Arc<Kept>,
    serving: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Kept {
    refuses: AtomicBool,
    requests: Mutex<Vec<(HeaderMap, ExportTraceServiceRequest)>>,
}

/// A span as the collector was told it.
#[derive(Debug, Clone)]
pub struct Span {
    pub name: String,
    pub trace: String,
    pub id: String,
    /// Empty: it has none.
    pub parent: String,
    pub attributes: BTreeMap<String, String>,
    /// The process's own attributes.
    pub resource: BTreeMap<String, String>,
}

impl Collector {
    pub async fn start() -> Self {
        let kept = Arc::new(Kept::default());
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(kept.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            let _ended = axum::serve(listener, router).await;
        });
        Self { url, kept, serving }
    }

    /// From now on it answers 503, or again takes what comes.
    pub fn refuses(&self, refuses: bool) {
        self.kept.refuses.store(refuses, Ordering::SeqCst);
    }

    /// How many requests it took, and the headers of the last.
    pub fn requests(&self) -> (usize, HeaderMap) {
        let requests = self.kept.requests.lock().unwrap();
        let last = requests.last().map(|(headers, _)| headers.clone());
        (requests.len(), last.unwrap_or_default())
    }

    /// All spans that it took.
    pub fn spans(&self) -> Vec<Span> {
        let requests = self.kept.requests.lock().unwrap();
        let of_processes = requests.iter().flat_map(|(_, told)| &told.resource_spans);
        of_processes
            .flat_map(|told| {
                let resource = told.resource.as_ref();
                let resource = texts(&resource.map(|r| r.attributes.clone()).unwrap_or_default());
                let spans = told.scope_spans.iter().flat_map(|scope| &scope.spans);
                spans.map(move |span| Span {
                    name: span.name.clone(),
                    trace: hex::encode(&span.trace_id),
                    id: hex::encode(&span.span_id),
                    parent: hex::encode(&span.parent_span_id),
                    attributes: texts(&span.attributes),
                    resource: resource.clone(),
                })
            })
            .collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(State(kept): State<Arc<Kept>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if kept.refuses.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let told = ExportTraceServiceRequest::decode(body).expect("spans in protobuf");
    kept.requests.lock().unwrap().push((headers, told));
    StatusCode::OK
}

fn texts(pairs: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|v| v.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        other => format!("{other:?}"),
    };
    pairs
        .iter()
        .map(|pair| (pair.key.clone(), text(&pair.value)))
        .collect()
}
