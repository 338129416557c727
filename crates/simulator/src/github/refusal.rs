//! GitHub's error responses: a status, a message, sometimes `errors`, and a link to the documentation.

use axum::http::StatusCode;
use serde_json::{Value, json};

/// A request that was refused.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    pub(crate) errors: Vec<Value>,
    pub(crate) documentation: String,
    pub(crate) headers: Vec<(&'static str, String)>,
}

const DOCUMENTATION: &str = "https://docs.github.com/rest";
const SECONDARY: &str = "https://docs.github.com/free-pro-team@latest/rest/overview/\
    rate-limits-for-the-rest-api#about-secondary-rate-limits";

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: &str) -> Self {
        Self {
            status,
            message: message.to_owned(),
            errors: Vec::new(),
            documentation: DOCUMENTATION.to_owned(),
            headers: Vec::new(),
        }
    }

    /// Also the answer when the caller may not see a private repository.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    pub(crate) fn bad_credentials() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Bad credentials")
    }

    pub(crate) fn forbidden(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    pub(crate) fn unprocessable(message: &str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// 422 with one entry in `errors`; the code is such as `missing_field`, `invalid`, `already_exists`.
    pub(crate) fn invalid(resource: &str, field: &str, code: &str) -> Self {
        let mut refusal = Self::unprocessable("Validation Failed");
        refusal
            .errors
            .push(json!({"resource": resource, "field": field, "code": code}));
        refusal
    }

    /// 422 with one entry in `errors` whose code is `custom`.
    pub(crate) fn custom(resource: &str, message: &str) -> Self {
        let mut refusal = Self::unprocessable("Validation Failed");
        refusal
            .errors
            .push(json!({"resource": resource, "code": "custom", "message": message}));
        refusal
    }

    pub(crate) fn secondary_limit(status: StatusCode, retry_after: Option<u64>) -> Self {
        let words = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
        let mut refusal = Self::new(status, words);
        refusal.documentation = SECONDARY.to_owned();
        if let Some(seconds) = retry_after {
            refusal.headers.push(("retry-after", seconds.to_string()));
        }
        refusal
    }

    pub(crate) fn body(&self) -> Value {
        let mut body = json!({
            "message": self.message, "documentation_url": self.documentation,
            "status": self.status.as_u16().to_string(),
        });
        if !self.errors.is_empty() {
            body["errors"] = json!(self.errors);
        }
        body
    }
}

pub(crate) fn refuse<T>(status: StatusCode, message: &str) -> Result<T, Refusal> {
    Err(Refusal::new(status, message))
}
