//! What holds for every request: an id, a span, the figures, the headers, no panic that escapes,
//! and the limit per address.
//!
//! The limit stands where a reader would not look for it: behind the handler for signed routes. A
//! request whose signature holds is never counted, and only the handler can know that; GitHub does
//! not come back after a 429.

use super::allowance::OVER_THE_LIMIT;
use super::limit::Verdict;
use super::problem::{self, Problem};
use super::state::EdgeState;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces;
use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;
use tracing::Instrument as _;

/// Who is at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Whose part of the body allowance a request uses: that of the peer, or of the address that a trusted
/// proxy names, or the part that all addresses over their limit share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client(pub(super) IpAddr);

/// On a response: the request's signature held.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignatureHeld;

/// The template of a route that there is not.
const NO_ROUTE: &str = "other";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Ends the request's place among those in flight, also when the client goes away.
struct InFlight<'a>(Option<&'a Metrics>);

impl<'a> InFlight<'a> {
    fn begin(metrics: &'a Metrics) -> Self {
        metrics.http_began();
        Self(Some(metrics))
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if let Some(metrics) = self.0 {
            metrics.http_abandoned();
        }
    }
}

/// The outermost layer.
pub(super) async fn observe(
    State(state): State<Arc<EdgeState>>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let mut in_flight = InFlight::begin(&state.metrics);
    let method = method_label(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let path = matched.as_ref().map_or(NO_ROUTE, template);
    let request_id = request_id(request.headers());
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{method} {path}"),
        otel.kind = "server",
        request_id = %request_id,
        http.request.method = method,
        http.route = path,
        http.response.status_code = tracing::field::Empty,
    );
    // Only callers with our own token may continue a trace of theirs.
    if let Some(parent) = request.headers().get("traceparent")
        && path.starts_with("/api/")
        && state.may_call_the_api(request.headers())
    {
        traces::continue_from(&span, parent.to_str().ok());
    }
    let answered = AssertUnwindSafe(limited(&state, request, next).instrument(span.clone()))
        .catch_unwind()
        .await;
    let mut response = answered.unwrap_or_else(|_panic| {
        // The line in the log is the panic hook's, within this span.
        state.metrics.error("edge");
        let words = "Something went wrong on our side. The request's id helps to find it.";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, words).into_response()
    });
    problem::complete(&mut response, &request_id);
    // They tell a browser what it may do; who signs is none.
    if response.extensions().get::<SignatureHeld>().is_none() {
        add_headers(response.headers_mut());
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let status = response.status().as_u16();
    let took = began.elapsed();
    span.record("http.response.status_code", status);
    in_flight.0 = None;
    state.metrics.http_ended(method, path, status, took);
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::debug!(status, duration_ms, "request answered"));
    response
}

/// A route's template, the same with and without a slash at its end.
fn template(matched: &MatchedPath) -> &str {
    let path = matched.as_str();
    path.strip_suffix('/').unwrap_or(path)
}

/// The limit per client address, around the handler.
async fn limited(state: &EdgeState, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if path == "/metrics" || path == "/health" || path.starts_with("/health/") {
        return next.run(request).await;
    }
    let signed = request
        .extensions()
        .get::<MatchedPath>()
        .is_some_and(|matched| super::SIGNED_ROUTES.contains(&template(matched)));
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let client = state.limiter.client(peer, request.headers());
    if signed {
        let bytes = request.body().size_hint().upper().unwrap_or(u64::MAX);
        let over = state.limiter.is_over(client, bytes, Instant::now());
        let payer = Client(if over { OVER_THE_LIMIT } else { client });
        request.extensions_mut().insert(payer);
        let response = next.run(request).await;
        if response.extensions().get::<SignatureHeld>().is_some() {
            return response;
        }
        return match state.limiter.count(client, bytes, Instant::now()) {
            Verdict::Pass => response,
            Verdict::Wait { seconds } => Problem::too_many(seconds).into_response(),
        };
    }
    request.extensions_mut().insert(Client(client));
    match state.limiter.count(client, 0, Instant::now()) {
        Verdict::Pass => next.run(request).await,
        Verdict::Wait { seconds } => Problem::too_many(seconds).into_response(),
    }
}

impl Client {
    pub(super) fn of(parts: &http::request::Parts) -> IpAddr {
        let client = parts.extensions.get::<Self>();
        client.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |client| client.0)
    }
}

/// The caller's id when it is harmless, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    match given {
        Some(id) if is_harmless(id) => id.to_owned(),
        _ => uuid::Uuid::new_v4().simple().to_string(),
    }
}

fn is_harmless(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

fn add_headers(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (
            header::STRICT_TRANSPORT_SECURITY,
            "max-age=31536000; includeSubDomains",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
}

/// The method as a label: what is not a method of HTTP's own is `OTHER`.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_harmless_request_id_is_kept_and_any_other_is_replaced() {
        for (given, kept) in [
            ("abc-1.2_3", true),
            (&"x".repeat(64), true),
            (&"x".repeat(65), false),
            ("", false),
            ("a b", false),
            ("a\"b", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_str(given).unwrap());
            assert_eq!(request_id(&headers) == given, kept, "{given}");
        }
        assert_eq!(request_id(&HeaderMap::new()).len(), 32);
    }
}
