//! GitHub's webhooks.
//!
//! A webhook is verified over its raw body, addressed, appended, and answered within GitHub's 10 s. An event
//! that is not used is answered and counted but not stored; an unknown action is no error.

use super::append::append;
use super::bearer::only;
use super::body::{self, ReadBody};
use super::middleware::{Client, SignatureHeld};
use super::problem::Problem;
use super::state::EdgeState;
use crate::github::address::{Addressed, address};
use crate::github::signature;
use crate::store::{Appended, Arrival};
use crate::telemetry::traces;
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde_json::json;
use std::sync::Arc;

/// GitHub sends at most 25 MB.
const MAX_BYTES: usize = 25 * 1024 * 1024;

pub(super) async fn webhook(State(state): State<Arc<EdgeState>>, request: Request) -> Response {
    let (headers, body) = match verified(&state, request).await {
        Ok(verified) => verified,
        Err(problem) => return problem.into_response(),
    };
    let answered = answer(&state, &headers, &body).await;
    let mut response = answered.unwrap_or_else(Problem::into_response);
    response.extensions_mut().insert(SignatureHeld);
    response
}

async fn verified(
    state: &EdgeState,
    request: Request,
) -> Result<(HeaderMap, ReadBody<'_>), Problem> {
    let refused = || {
        state.metrics.github_signature_failures.inc([]);
        tracing::warn!(target: "wardroom::security", "a webhook is not signed by GitHub");
        Problem::unauthorized("The signature is missing or wrong.")
    };
    let (parts, body) = request.into_parts();
    // Checked first: the body of a webhook whose header cannot be valid is not read.
    let claimed = only(&parts.headers, "x-hub-signature-256")
        .filter(|claimed| signature::is_well_formed(claimed))
        .ok_or_else(refused)?;
    let client = Client::of(&parts);
    let body = body::read(&parts.headers, body, MAX_BYTES, client, &state.allowance).await?;
    let secrets: Vec<&[u8]> = state.settings.github.iter().map(String::as_bytes).collect();
    let secret = signature::verify(&secrets, claimed, &body).map_err(|_| refused())?;
    state.metrics.signature_held("github", secret);
    Ok((parts.headers, body))
}

async fn answer(
    state: &EdgeState,
    headers: &HeaderMap,
    body: &ReadBody<'_>,
) -> Result<Response, Problem> {
    // GitHub has been seen to send an empty X-GitHub-Event.
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
    let Addressed::Stored { kind, subject } = addressed else {
        // Its name came from outside and is no label.
        state.metrics.signal_counted("other", "ignored");
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
    Ok(match append(state, arrival).await? {
        Appended::New(_) => accepted("accepted"),
        Appended::Duplicate(_) => accepted("duplicate"),
    })
}

fn accepted(status: &str) -> Response {
    (StatusCode::ACCEPTED, Json(json!({"status": status}))).into_response()
}
