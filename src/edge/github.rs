//! GitHub's webhooks.
//!
//! Verified over the raw body, addressed, appended, answered within GitHub's 10 s. A kind that
//! nobody uses is answered and counted but not kept; an action that nobody knows is no error.

use super::body::{self, Whole};
use super::keep::keep;
use super::middleware::{Client, SignatureHeld};
use super::problem::Problem;
use super::state::EdgeState;
use crate::github::address::{Addressed, address};
use crate::github::signature;
use crate::store::{Appended, Arrival};
use crate::telemetry::metrics::SignedSource;
use crate::telemetry::traces;
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde_json::json;
use std::sync::Arc;

/// GitHub's own limit, generously read.
const MOST_BYTES: usize = 25 * 1024 * 1024;

pub(super) async fn webhook(State(state): State<Arc<EdgeState>>, request: Request) -> Response {
    let (headers, body) = match genuine(&state, request).await {
        Ok(genuine) => genuine,
        Err(problem) => return problem.into_response(),
    };
    let answered = answer(&state, &headers, &body).await;
    let mut response = answered.unwrap_or_else(Problem::into_response);
    response.extensions_mut().insert(SignatureHeld);
    response
}

async fn genuine(state: &EdgeState, request: Request) -> Result<(HeaderMap, Whole<'_>), Problem> {
    if state.settings.github.is_empty() {
        return Err(Problem::not_found());
    }
    let not_genuine = || {
        state.metrics.signature_failed(SignedSource::Github);
        tracing::warn!(target: "wardroom::security", "a webhook is not signed by GitHub");
        Problem::unauthorized("The signature is missing or wrong.")
    };
    let (parts, body) = request.into_parts();
    // What cannot hold is not worth reading on.
    let claimed = only(&parts.headers, "x-hub-signature-256")
        .filter(|claimed| signature::is_shaped(claimed))
        .ok_or_else(not_genuine)?;
    let client = Client::of(&parts);
    let body = body::read(&parts.headers, body, MOST_BYTES, client, &state.allowance).await?;
    let secrets: Vec<&[u8]> = state.settings.github.iter().map(String::as_bytes).collect();
    let secret = signature::verify(&secrets, claimed, &body).map_err(|_| not_genuine())?;
    state.metrics.signature_held(SignedSource::Github, secret);
    Ok((parts.headers, body))
}

/// A header's text, when it came exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok().map(str::trim),
        _ => None,
    }
}

async fn answer(
    state: &EdgeState,
    headers: &HeaderMap,
    body: &Whole<'_>,
) -> Result<Response, Problem> {
    // An empty X-GitHub-Event has been seen in the wild.
    let event = only(headers, "x-github-event").filter(|event| !event.is_empty());
    let event = event.ok_or_else(|| Problem::bad_request("X-GitHub-Event is missing."))?;
    let content_type = only(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let addressed = address(event, content_type, body)
        .map_err(|error| Problem::bad_request(format!("The webhook cannot be read: {error}.")))?;
    if addressed == Addressed::Ping {
        return Ok(Json(json!({"status": "pong"})).into_response());
    }
    let delivery = only(headers, "x-github-delivery").filter(|id| (1..=255).contains(&id.len()));
    let delivery = delivery.ok_or_else(|| Problem::bad_request("X-GitHub-Delivery is missing."))?;
    let Addressed::Kept { kind, subject } = addressed else {
        // Its name came from outside and is no label.
        state.metrics.signal_not_stored("other", "ignored");
        return Ok(accepted("ignored"));
    };
    let arrival = Arrival {
        source: "github",
        kind: kind.to_owned(),
        dedup_key: delivery.to_owned(),
        subject,
        headers: json!({"content_type": content_type}),
        body: body.bytes(),
        traceparent: traces::traceparent(&tracing::Span::current()),
        at: state.now(),
    };
    Ok(match keep(state, arrival).await? {
        Appended::New(_) => accepted("accepted"),
        Appended::Duplicate(_) => accepted("duplicate"),
    })
}

fn accepted(status: &str) -> Response {
    (StatusCode::ACCEPTED, Json(json!({"status": status}))).into_response()
}
