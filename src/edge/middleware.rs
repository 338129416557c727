//! What holds for every request: an id, a span, the metrics, the headers, an answer in spite of a panic,
//! and the limit per client address.
//!
//! On the signed routes the limit comes after the handler: a request whose signature is valid is never
//! counted, and only the handler knows that. GitHub does not retry after a 429.

use super::allowance::OVER_THE_LIMIT;
use super::problem::{self, Problem};
use super::state::EdgeState;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces;
use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;
use tracing::Instrument as _;

/// The other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Whose part of the body allowance a request uses: that of the peer, or of the address that a trusted
/// proxy names, or the part that all addresses over their limit share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client(pub(super) IpAddr);

/// An extension of the response to a request whose signature is valid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignatureHeld;

/// The label of a path without a route.
const NO_ROUTE: &str = "other";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a browser may do with an answer.
const SECURITY_HEADERS: [(&str, &str); 7] = [
    ("x-content-type-options", "nosniff"),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (
        "strict-transport-security",
        "max-age=31536000; includeSubDomains",
    ),
    ("cross-origin-resource-policy", "same-origin"),
];

/// A request in flight, until it is dropped: answered, or its client has disconnected.
struct InFlight<'a>(&'a Metrics);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.http_in_flight.add([], -1.0);
    }
}

pub(super) async fn observe(
    State(state): State<Arc<EdgeState>>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    state.metrics.http_in_flight.add([], 1.0);
    let _in_flight = InFlight(&state.metrics);
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
    // Only callers with the API's token may continue their own trace.
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
        // The panic hook has logged it, within this span.
        state.metrics.error("edge");
        Problem::internal().into_response()
    });
    problem::complete(&mut response, &request_id);
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    // A sender that signs is no browser.
    if response.extensions().get::<SignatureHeld>().is_none() {
        for (name, value) in SECURITY_HEADERS {
            let value = HeaderValue::from_static(value);
            response.headers_mut().entry(name).or_insert(value);
        }
    }
    let status = response.status().as_u16();
    let took = began.elapsed();
    span.record("http.response.status_code", status);
    state.metrics.http_answered(method, path, status, took);
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
    let matched = request.extensions().get::<MatchedPath>();
    let signed = matched.is_some_and(|path| super::SIGNED_ROUTES.contains(&template(path)));
    let peer = request.extensions().get::<Peer>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    let client = state.limiter.client(peer, request.headers());
    let count = |bytes| {
        let counted = state.limiter.count(client, bytes, Instant::now());
        counted.map_err(Problem::too_many)
    };
    if !signed {
        request.extensions_mut().insert(Client(client));
        return match count(0) {
            Ok(()) => next.run(request).await,
            Err(too_many) => too_many.into_response(),
        };
    }
    let bytes = request.body().size_hint().upper().unwrap_or(u64::MAX);
    let over = state.limiter.is_over(client, bytes, Instant::now());
    let payer = Client(if over { OVER_THE_LIMIT } else { client });
    request.extensions_mut().insert(payer);
    let response = next.run(request).await;
    if response.extensions().get::<SignatureHeld>().is_some() {
        return response;
    }
    refused_by(count(bytes), response)
}

/// 429 in place of the answer to a request over the limit. A body that could not be read may be a
/// genuine one, though: its sender does not come back after 429, and may after 503.
fn refused_by(counted: Result<(), Problem>, response: Response) -> Response {
    match counted {
        Err(too_many) if response.status() != StatusCode::SERVICE_UNAVAILABLE => {
            too_many.into_response()
        }
        Ok(()) | Err(_) => response,
    }
}

impl Client {
    pub(super) fn of(parts: &http::request::Parts) -> IpAddr {
        let client = parts.extensions.get::<Self>();
        client.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |client| client.0)
    }
}

/// The caller's id when it can be logged as it is, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let given = given.filter(|id| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        (1..=64).contains(&id.len()) && id.bytes().all(plain)
    });
    given.map_or_else(|| uuid::Uuid::new_v4().simple().to_string(), str::to_owned)
}

/// The method as a label.
fn method_label(method: &Method) -> &'static str {
    const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let known = METHODS.into_iter().find(|known| *known == method.as_str());
    known.unwrap_or("OTHER")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_whose_body_could_not_be_read_is_answered_503_and_not_429() {
        for (answered, over, status) in [(401, false, 401), (401, true, 429), (503, true, 503)] {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::from_u16(answered).unwrap();
            let counted = match over {
                true => Err(Problem::too_many(1)),
                false => Ok(()),
            };
            assert_eq!(refused_by(counted, response).status(), status);
        }
    }

    #[test]
    fn a_plain_request_id_is_used_and_any_other_is_replaced() {
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
