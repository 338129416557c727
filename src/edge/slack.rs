//! Slack's three ways in.
//!
//! Verified over the raw bytes, addressed, appended, answered. What Slack wants in the answer
//! itself (a challenge, a form's field errors) is given at once; nothing else is decided here.

use super::body::{self, Whole};
use super::keep::keep;
use super::middleware::{Client, SignatureHeld};
use super::problem::Problem;
use super::state::EdgeState;
use crate::slack::address::{Address, AnswerNow, Route, address, is_certificate_check};
use crate::slack::signature::{Header, NotSigned, Secrets, SignedWith, claimed, verify};
use crate::slack::unchecked::{self, log_foreign};
use crate::store::Arrival;
use crate::telemetry::metrics::{SignedSource, event_type};
use crate::telemetry::traces;
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use std::sync::Arc;

/// Slack never sends more than a fraction of this.
const MOST_BYTES: usize = 1024 * 1024;

/// Slack's check of a command URL's certificate is two short fields.
const MOST_BYTES_OF_A_CHECK: usize = 256;

const TIMESTAMP: &str = "x-slack-request-timestamp";
const SIGNATURE: &str = "x-slack-signature";

pub(super) async fn commands(State(state): State<Arc<EdgeState>>, request: Request) -> Response {
    take(&state, Route::Commands, request).await
}

pub(super) async fn interactions(
    State(state): State<Arc<EdgeState>>,
    request: Request,
) -> Response {
    take(&state, Route::Interactions, request).await
}

pub(super) async fn events(State(state): State<Arc<EdgeState>>, request: Request) -> Response {
    take(&state, Route::Events, request).await
}

async fn take(state: &EdgeState, route: Route, request: Request) -> Response {
    let body = match genuine(state, route, request).await {
        Ok(Genuine::Signed(body)) => body,
        Ok(Genuine::CertificateCheck) => return StatusCode::OK.into_response(),
        Err(problem) => return problem.into_response(),
    };
    let mut response = answer(state, route, &body).await;
    response.extensions_mut().insert(SignatureHeld);
    response
}

/// A request that is answered.
enum Genuine<'a> {
    /// Its signature holds.
    Signed(Whole<'a>),
    /// Slack's own check of the certificate, which is not signed: nothing follows from it.
    CertificateCheck,
}

async fn genuine(
    state: &EdgeState,
    route: Route,
    request: Request,
) -> Result<Genuine<'_>, Problem> {
    let Some(secrets) = &state.settings.slack else {
        return Err(Problem::not_found());
    };
    let (parts, body) = request.into_parts();
    let body = match certificate_check(state, route, &parts, body).await? {
        Unsigned::CertificateCheck => return Ok(Genuine::CertificateCheck),
        Unsigned::Unread(body) => body,
        Unsigned::Other => return Err(unsigned(state)),
    };
    // What cannot hold is not worth reading on.
    let (timestamp, signature) = signature_headers(&parts.headers);
    if let Err(error) = claimed(timestamp, signature, state.now()) {
        log_not_signed(error);
        return Err(not_genuine(state));
    }
    let client = Client::of(&parts);
    let body = body::read(&parts.headers, body, MOST_BYTES, client, &state.allowance).await?;
    let secret = held(secrets, &parts.headers, &body, state).ok_or_else(|| not_genuine(state))?;
    let index = match secret {
        SignedWith::Current => 0,
        SignedWith::Previous => 1,
    };
    state.metrics.signature_held(SignedSource::Slack, index);
    Ok(Genuine::Signed(body))
}

/// What is known of a request before its signature is looked at.
enum Unsigned {
    CertificateCheck,
    /// Not so small and bare that it could be a check: its body has not been read.
    Unread(Body),
    Other,
}

/// Reads a body only when the request has no signature header at all, goes to the route that Slack
/// checks, and announces so few bytes that it can be a check.
async fn certificate_check(
    state: &EdgeState,
    route: Route,
    parts: &Parts,
    body: Body,
) -> Result<Unsigned, Problem> {
    let headers = &parts.headers;
    let length = headers
        .get(http::header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let small = length.is_some_and(|length| length <= MOST_BYTES_OF_A_CHECK);
    let bare = !headers.contains_key(TIMESTAMP) && !headers.contains_key(SIGNATURE);
    if route != Route::Commands || !bare || !small {
        return Ok(Unsigned::Unread(body));
    }
    let client = Client::of(parts);
    let most = MOST_BYTES_OF_A_CHECK;
    let body = body::read(headers, body, most, client, &state.allowance).await?;
    Ok(match is_certificate_check(&body) {
        true => Unsigned::CertificateCheck,
        false => Unsigned::Other,
    })
}

fn held(
    secrets: &Secrets,
    headers: &HeaderMap,
    body: &[u8],
    state: &EdgeState,
) -> Option<SignedWith> {
    let (timestamp, signature) = signature_headers(headers);
    verify(secrets, timestamp, signature, body, state.now())
        .inspect_err(|error| log_not_signed(*error))
        .ok()
}

fn signature_headers(headers: &HeaderMap) -> (Header<'_>, Header<'_>) {
    (header(headers, TIMESTAMP), header(headers, SIGNATURE))
}

fn log_not_signed(error: NotSigned) {
    tracing::warn!(target: "wardroom::security", %error, "a request to Slack's routes is not signed by Slack");
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Header<'a> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Header::Missing,
        (Some(value), None) => Header::Once(value.as_bytes()),
        (Some(_), Some(_)) => Header::Repeated,
    }
}

fn unsigned(state: &EdgeState) -> Problem {
    tracing::warn!(target: "wardroom::security", "a request to Slack's routes has no signature");
    not_genuine(state)
}

fn not_genuine(state: &EdgeState) -> Problem {
    state.metrics.signature_failed(SignedSource::Slack);
    Problem::unauthorized("The signature is missing, wrong or too old.")
}

async fn answer(state: &EdgeState, route: Route, body: &Whole<'_>) -> Response {
    let rules = state.rules();
    let ourselves = state.ourselves.borrow().clone();
    let addressed = match address(route, body, &rules, &ourselves) {
        Address::Keep(addressed) => addressed,
        Address::AnswerNow(now) => return at_once(now),
        Address::Unused { what } => return unused(state, what),
        Address::Foreign { team } => {
            log_foreign(team.as_deref());
            return unused(state, "foreign");
        }
        Address::Unreadable { reason } => {
            tracing::warn!(reason, "a signed request of Slack cannot be read");
            return Problem::bad_request("The body cannot be read.").into_response();
        }
    };
    let arrival = Arrival {
        source: "slack",
        kind: addressed.kind,
        dedup_key: addressed.dedup_key,
        subject: addressed.subject,
        headers: unchecked::headers(&ourselves, addressed.membership),
        body: body.bytes(),
        traceparent: traces::traceparent(&tracing::Span::current()),
        at: state.now(),
    };
    match keep(state, arrival).await {
        Ok(_durable) => StatusCode::OK.into_response(),
        Err(problem) => problem.into_response(),
    }
}

fn at_once(answer: AnswerNow) -> Response {
    match answer {
        AnswerNow::Empty => StatusCode::OK.into_response(),
        AnswerNow::Text(text) => text.into_response(),
        AnswerNow::Json(value) => Json(value).into_response(),
    }
}

fn unused(state: &EdgeState, what: &'static str) -> Response {
    let kind = event_type("slack", what);
    state.metrics.signal_not_stored(&kind, "ignored");
    StatusCode::OK.into_response()
}
