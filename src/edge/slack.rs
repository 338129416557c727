//! Slack's request URLs.
//!
//! A request is verified over its raw bytes, addressed, appended, and answered. What Slack expects in the
//! answer itself (a challenge, a form's field errors) is answered at once; nothing else is decided here.

use super::append::append;
use super::bearer::only;
use super::body::{self, ReadBody};
use super::middleware::{Client, SignatureHeld};
use super::problem::Problem;
use super::state::EdgeState;
use crate::slack::address::{Addressed, Endpoint, ResponseBody, address, is_certificate_check};
use crate::slack::signature::{SignatureError, check_headers, verify};
use crate::slack::unchecked::{self, log_other_installation};
use crate::store::Arrival;
use crate::telemetry::metrics::event_type;
use crate::telemetry::traces;
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use std::sync::Arc;

/// Slack's requests are much smaller.
const MAX_BYTES: usize = 1024 * 1024;

/// Slack's check of a command URL's certificate has two short fields.
const MAX_BYTES_OF_A_CHECK: usize = 256;

const TIMESTAMP: &str = "x-slack-request-timestamp";
const SIGNATURE: &str = "x-slack-signature";

pub(super) async fn take(
    State(state): State<Arc<EdgeState>>,
    endpoint: Endpoint,
    request: Request,
) -> Response {
    let body = match verified(&state, endpoint, request).await {
        Ok(Some(body)) => body,
        Ok(None) => return StatusCode::OK.into_response(),
        Err(problem) => return problem.into_response(),
    };
    let mut response = answer(&state, endpoint, &body).await;
    response.extensions_mut().insert(SignatureHeld);
    response
}

/// The body, when the signature is valid. `None`: Slack's own check of the certificate, which is not
/// signed and has no effect.
async fn verified(
    state: &EdgeState,
    endpoint: Endpoint,
    request: Request,
) -> Result<Option<ReadBody<'_>>, Problem> {
    let refused = |error: SignatureError| {
        tracing::warn!(target: "wardroom::security", %error, "a request to Slack's routes is not signed by Slack");
        state.metrics.slack_signature_failures.inc([]);
        Problem::unauthorized("The signature is missing, wrong or too old.")
    };
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let client = Client::of(&parts);
    let read = |most| body::read(headers, body, most, client, &state.allowance);
    if may_be_certificate_check(endpoint, headers) {
        let body = read(MAX_BYTES_OF_A_CHECK).await?;
        let is_check = is_certificate_check(&body);
        return is_check
            .then_some(None)
            .ok_or_else(|| refused(SignatureError::Missing));
    }
    let (timestamp, signature) = (only(headers, TIMESTAMP), only(headers, SIGNATURE));
    // Checked first: the body of a request whose headers cannot be valid is not read.
    check_headers(timestamp, signature, state.now()).map_err(refused)?;
    let body = read(MAX_BYTES).await?;
    let secrets = &state.settings.slack;
    let secret = verify(secrets, timestamp, signature, &body, state.now()).map_err(refused)?;
    state.metrics.signature_held("slack", secret);
    Ok(Some(body))
}

/// Whether a request has no signature header, goes to the endpoint that Slack checks, and announces so few
/// bytes that it can be a check.
fn may_be_certificate_check(endpoint: Endpoint, headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    endpoint == Endpoint::Commands
        && !headers.contains_key(TIMESTAMP)
        && !headers.contains_key(SIGNATURE)
        && length.is_some_and(|length| length <= MAX_BYTES_OF_A_CHECK)
}

async fn answer(state: &EdgeState, endpoint: Endpoint, body: &ReadBody<'_>) -> Response {
    let rules = state.rules();
    let installation = state.installation.borrow().clone();
    let row = match address(endpoint, body, &rules, &installation) {
        Addressed::Stored(row) => row,
        Addressed::Answered(body) => return respond(body),
        Addressed::Ignored { what } => return ignored(state, what),
        Addressed::OtherInstallation { team } => {
            log_other_installation(team.as_deref());
            return ignored(state, "foreign");
        }
        Addressed::Unreadable { reason } => {
            tracing::warn!(reason, "a signed request of Slack cannot be read");
            return Problem::bad_request("The body cannot be read.").into_response();
        }
    };
    let arrival = Arrival {
        source: "slack",
        kind: row.kind,
        dedup_key: row.dedup_key,
        subject: row.subject,
        headers: unchecked::headers(&installation, row.membership),
        body: body.bytes(),
        traceparent: traces::traceparent(&tracing::Span::current()),
        at: state.now(),
    };
    match append(state, arrival).await {
        Ok(_durable) => StatusCode::OK.into_response(),
        Err(problem) => problem.into_response(),
    }
}

fn respond(body: ResponseBody) -> Response {
    match body {
        ResponseBody::Text(text) => text.into_response(),
        ResponseBody::Json(value) => Json(value).into_response(),
    }
}

fn ignored(state: &EdgeState, what: &'static str) -> Response {
    let kind = event_type("slack", what);
    state.metrics.signal_counted(&kind, "ignored");
    StatusCode::OK.into_response()
}
