//! Calls that change something: checked, appended, and answered with the decision.
//!
//! When the decision takes too long, the answer is 202 with the address of the signal: what is appended is
//! carried out in any case.

use super::super::append::append;
use super::super::bearer::only;
use super::super::body;
use super::super::middleware::Client;
use super::super::problem::Problem;
use super::super::state::EdgeState;
use super::failed;
use super::form::{Form, Verb};
use super::incidents::find;
use super::query::{incident_ref, no_incident};
use super::wire::{self, Call, DECLARE};
use crate::domain::decision::ApiAnswer;
use crate::domain::ids::{IncidentId, SignalId};
use crate::domain::incident::act::{Act, IncidentRef};
use crate::store::{Appended, Arrival};
use crate::telemetry::traces;
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;

/// How long a call waits for the decision.
const DECISION_LIMIT: Duration = Duration::from_secs(5);
const MAX_BYTES: usize = 256 * 1024;
/// The header of a row with the digest of its call, to tell another call with the same key from a repetition.
const DIGEST: &str = "sha256";

pub(super) async fn declare(
    State(state): State<Arc<EdgeState>>,
    request: Request,
) -> Result<Response, Problem> {
    let rules = state.rules();
    call(&state, request, DECLARE, None, |form| {
        form.declaration(&rules)
    })
    .await
}

pub(super) async fn act(
    State(state): State<Arc<EdgeState>>,
    Path((id, verb)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let Verb(kind, act) = Verb::parse(&verb).ok_or_else(Problem::not_found)?;
    if request.method() != Method::POST {
        let other = super::super::other_method().await;
        return Ok(([(header::ALLOW, "POST")], other).into_response());
    }
    let target = Some(incident_ref(&id)?);
    call(&state, request, kind, target, act).await
}

async fn call(
    state: &EdgeState,
    request: Request,
    kind: &'static str,
    target: Option<IncidentRef>,
    act: impl FnOnce(&mut Form) -> Option<Act>,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let (headers, client) = (&parts.headers, Client::of(&parts));
    let body = body::read(headers, body, MAX_BYTES, client, &state.allowance).await?;
    let mut form = Form::read(&body)?;
    let actor = form.actor();
    let act = act(&mut form);
    let act = form.finish(act)?;
    let call = Call { actor, act, target };
    let about = match &call.target {
        None => String::new(),
        Some(IncidentRef::Id(id)) => id.to_string(),
        Some(IncidentRef::Number(number)) => number.to_string(),
        Some(IncidentRef::Channel(_)) => return Err(no_incident()),
    };
    let own_key = uuid::Uuid::new_v4().to_string();
    let key = idempotency_key(headers)?.unwrap_or(&own_key);
    let subject = match &call.act {
        // A declaration is ordered after no other signal.
        Act::Declare(_) => format!("api:declare:{key}"),
        _ => format!("api:incident:{about}"),
    };
    let body = call.to_bytes();
    let digest = hex::encode(Sha256::digest(&body));
    let arrival = Arrival {
        source: "api",
        kind: kind.to_owned(),
        dedup_key: format!("{kind}:{about}:{key}"),
        subject,
        headers: json!({ DIGEST: digest }),
        body: body.into(),
        traceparent: traces::traceparent(&tracing::Span::current()),
        at: state.now(),
    };
    let appended = append(state, arrival).await?;
    if let Appended::Duplicate(first) = appended {
        same_call(state, first, &digest).await?;
    }
    let signal = appended.id();
    match state.store.api_answer(signal, DECISION_LIMIT).await {
        Ok(Some(ApiAnswer::Incident { id, created })) => shown(state, id, created).await,
        Ok(Some(ApiAnswer::Problem { status, detail })) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::CONFLICT);
            Err(Problem::new(status, detail))
        }
        Ok(None) => Ok(accepted(signal)),
        Err(error) => {
            // It is durable, and the caller must not try again.
            tracing::warn!(%error, signal.id = %signal, "an answer of the API could not be read");
            Ok(accepted(signal))
        }
    }
}

/// Refuses a key that another call has used: with that one's result the caller would believe that this one
/// is done.
async fn same_call(state: &EdgeState, first: SignalId, digest: &str) -> Result<(), Problem> {
    let headers = state.store.signal_headers(first).await;
    let headers = headers.map_err(|error| failed(state, &error))?;
    let first = headers.as_ref().map(|headers| &headers[DIGEST]);
    // A row of another version has no digest.
    if first
        .and_then(Value::as_str)
        .is_some_and(|first| first != digest)
    {
        let words = "This Idempotency-Key was used for a call with another body. Nothing was done: \
                     send the first call again as it was, or this one under a new key.";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, words));
    }
    Ok(())
}

/// The caller's key: 1 to 200 printable characters.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let name = "idempotency-key";
    if !headers.contains_key(name) {
        return Ok(None);
    }
    let key = only(headers, name).filter(|key| (1..=200).contains(&key.len()));
    key.map(Some).ok_or_else(|| {
        let words = "Idempotency-Key must be one text of 1 to 200 printable characters.";
        Problem::bad_request(words)
    })
}

async fn shown(state: &EdgeState, id: IncidentId, created: bool) -> Result<Response, Problem> {
    let incident = find(state, &IncidentRef::Id(id)).await?;
    let body = Json(wire::incident(&incident));
    if !created {
        return Ok(body.into_response());
    }
    let place = format!("/api/v1/incidents/{}", incident.number);
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], body).into_response())
}

fn accepted(signal: SignalId) -> Response {
    let place = format!("/api/v1/inbox/{signal}");
    let body = Json(json!({"status": "accepted", "signal": signal}));
    (StatusCode::ACCEPTED, [(header::LOCATION, place)], body).into_response()
}
