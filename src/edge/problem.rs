//! Error responses: `application/problem+json` (RFC 9457).
//!
//! Callers get a short text and the request's id, never the text of an internal error. The middleware
//! that sets `x-request-id` writes the body too, so that the two ids never differ.

use axum::body::Body;
use axum::response::{AppendHeaders, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
    errors: BTreeMap<String, String>,
    /// For `Retry-After` or `WWW-Authenticate`.
    header: Option<(&'static str, String)>,
}

impl Problem {
    /// `detail` says what is wrong and what to do.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            errors: BTreeMap::new(),
            header: None,
        }
    }

    /// An error of ours; its text is in the log only.
    pub(crate) fn internal() -> Self {
        let words = "Something went wrong on our side. The request's id helps to find it.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, words)
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is nothing here.")
    }

    pub(crate) fn unauthorized(detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    fn with(self, header: &'static str, value: impl ToString) -> Self {
        Self {
            header: Some((header, value.to_string())),
            ..self
        }
    }

    /// [`Self::unauthorized`] where a bearer token is required.
    pub(crate) fn no_token() -> Self {
        Self::unauthorized("A valid bearer token is needed.").with("www-authenticate", "Bearer")
    }

    pub(crate) fn unavailable() -> Self {
        let words = "This cannot be kept safely at the moment. Try again.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, words).with("retry-after", 1)
    }

    pub(crate) fn too_many(retry_after_seconds: u64) -> Self {
        let words = "Too many requests from this address. Wait, then try again.";
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, words);
        problem.with("retry-after", retry_after_seconds)
    }

    /// The wrong fields, each with what to do.
    pub(crate) fn invalid(errors: BTreeMap<String, String>) -> Self {
        let words = "Some fields are missing or wrong.";
        Self {
            errors,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, words)
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, AppendHeaders(self.header.clone())).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Makes a problem of an error response that is not one yet.
pub(super) fn of_any(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.extensions().get::<Problem>().is_some() {
        return response;
    }
    Problem::new(status, "The request cannot be read.").into_response()
}

/// Writes the body of a problem, with the request's id.
pub(super) fn complete(response: &mut Response, request_id: &str) {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return;
    };
    let mut body = json!({
        "type": "about:blank",
        "title": problem.status.canonical_reason().unwrap_or("Error"),
        "status": problem.status.as_u16(),
        "detail": problem.detail,
        "request_id": request_id,
    });
    if !problem.errors.is_empty() {
        body["errors"] = json!(problem.errors);
    }
    *response.body_mut() = Body::from(body.to_string());
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
}
