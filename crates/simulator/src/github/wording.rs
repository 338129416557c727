//! How GitHub words a fault: errors, limits, and a spent quota.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::quota::Seen;
use super::refusal::Refusal;
use crate::faults::Fault;
use crate::workspace::Workspace;

/// The response of a fault, in GitHub's form.
pub(crate) fn fault_response(workspace: &Workspace, fault: &Fault) -> Response {
    let status = |status: &u16| StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut refusal = match fault {
        Fault::RateLimited { retry_after } => {
            Refusal::secondary_limit(StatusCode::TOO_MANY_REQUESTS, Some(*retry_after))
        }
        Fault::SecondaryLimit {
            status: code,
            retry_after,
        } => Refusal::secondary_limit(status(code), *retry_after),
        Fault::QuotaSpent { status: code, .. } => {
            Refusal::new(status(code), "API rate limit exceeded for installation.")
        }
        Fault::Status { status: 401 } => Refusal::bad_credentials(),
        Fault::Status { status: 404 } => Refusal::not_found(),
        Fault::Status { status: code } => Refusal::new(status(code), "Server Error"),
        Fault::Refused {
            status: code,
            message,
        } => Refusal::new(status(code), message),
        Fault::Code { code } => Refusal::forbidden(code),
        Fault::DoneButStatus { .. }
        | Fault::LoseRequest
        | Fault::LoseAnswer
        | Fault::HoldRequest
        | Fault::HoldAnswer
        | Fault::Delay { .. }
        | Fault::DoneAfterHangUp => Refusal::new(StatusCode::BAD_GATEWAY, "Server Error"),
    };
    let seen = match fault {
        Fault::QuotaSpent { reset_after, .. } => {
            let after = i64::try_from(*reset_after).unwrap_or(i64::MAX);
            let reset = workspace.now().timestamp().saturating_add(after);
            Some(Seen {
                limit: 5000,
                used: 5000,
                reset,
                resource: "core",
            })
        }
        _ => None,
    };
    refusal.headers.extend(seen.iter().flat_map(Seen::headers));
    let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    let mut response = (refusal.status, kind, refusal.body().to_string()).into_response();
    for (name, value) in &refusal.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    response
}
