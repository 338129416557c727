//! Error responses: `application/problem+json` (RFC 9457).
//!
//! Callers get a short text and the request's id, never the text of an internal error. The middleware
//! that sets `x-request-id` writes the body too, so that the two ids never differ.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: String,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<String, String>,
    #[serde(skip)]
    retry_after: Option<u64>,
    #[serde(skip)]
    bearer: bool,
}

impl Problem {
    /// `detail` says what is wrong and what to do.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            errors: BTreeMap::new(),
            retry_after: None,
            bearer: false,
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

    /// [`Self::unauthorized`] where a bearer token is required.
    pub(crate) fn no_token() -> Self {
        Self {
            bearer: true,
            ..Self::unauthorized("A valid bearer token is needed.")
        }
    }

    pub(crate) fn unavailable() -> Self {
        Self {
            retry_after: Some(1),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "This cannot be kept safely at the moment. Try again.",
            )
        }
    }

    pub(crate) fn too_many(retry_after_seconds: u64) -> Self {
        Self {
            retry_after: Some(retry_after_seconds),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests from this address. Wait, then try again.",
            )
        }
    }

    /// The wrong fields, each with what to do.
    pub(crate) fn invalid(errors: BTreeMap<String, String>) -> Self {
        Self {
            errors,
            ..Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "Some fields are missing or wrong.",
            )
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.bearer {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
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
    #[derive(Serialize)]
    struct Whole<'a> {
        #[serde(flatten)]
        problem: &'a Problem,
        request_id: &'a str,
    }
    let whole = Whole {
        problem: &problem,
        request_id,
    };
    let body = serde_json::to_vec(&whole).unwrap_or_default();
    *response.body_mut() = Body::from(body);
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
}
