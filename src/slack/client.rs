//! Calls to Slack with a deadline. Each is counted, and an error says what is known after it.
//!
//! slack-morphism makes the calls, over our HTTP client. Its typed answers are used where all their
//! fields are mandatory; other answers are read as JSON, because the typed ones fail on the metadata of
//! other apps. It has no timeout, so the deadline is set here. Its rate control is off: the engine's
//! pauses hold for all replicas.
//! Bodies, tokens and addresses are never logged.

use super::connector::Connector;
use super::methods::Method;
use crate::http_client::{HttpClient, Unanswered};
use crate::telemetry::metrics::Metrics;
use serde_json::Value;
use slack_morphism::errors::SlackClientError;
use slack_morphism::prelude::*;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// The address of Slack and the credentials. Contains secrets: not to be printed.
#[derive(Clone)]
pub struct Access {
    /// `https://slack.com/api`, or that of a simulated workspace.
    pub api_url: Url,
    /// The bot's token; without one only a `response_url` can be answered.
    pub token: Option<String>,
    /// Hosts that a `response_url` may name, each with an optional port.
    pub response_url_hosts: Vec<String>,
}

impl Access {
    /// Slack's site, to which buttons link: GovSlack has its own.
    pub(super) fn site(&self) -> &'static str {
        let host = self.api_url.host_str().unwrap_or_default();
        match host == "slack-gov.com" || host.ends_with(".slack-gov.com") {
            true => "https://slack-gov.com",
            false => "https://slack.com",
        }
    }
}

/// What is known about a call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallError {
    /// Slack refused it with this code.
    Api(String),
    RateLimited {
        code: String,
        after: Option<Duration>,
    },
    /// It was not sent.
    NotSent(&'static str),
    /// Slack answered that it failed.
    ServerError(String),
    /// It was sent, and its result is unknown.
    Unknown(String),
}

impl CallError {
    fn result(&self) -> &'static str {
        match self {
            Self::Api(_) => "refused",
            Self::RateLimited { .. } => "later",
            Self::NotSent(_) => "failed",
            Self::ServerError(_) | Self::Unknown(_) => "uncertain",
        }
    }
}

pub(crate) struct Client {
    slack: SlackClient<Connector>,
    token: SlackApiToken,
    http: Arc<HttpClient>,
    metrics: Arc<Metrics>,
}

impl Client {
    pub(crate) fn new(access: &Access, http: HttpClient, metrics: Arc<Metrics>) -> Self {
        let http = Arc::new(http);
        Self {
            slack: SlackClient::new(Connector::new(http.clone(), &access.api_url)),
            token: SlackApiToken::new(access.token.clone().unwrap_or_default().into()),
            http,
            metrics,
        }
    }

    /// Calls a method that writes, with JSON.
    pub(crate) async fn post(
        &self,
        method: Method,
        body: &Value,
        until: Instant,
    ) -> Result<Value, CallError> {
        let session = self.slack.open_session(&self.token);
        let call = session.http_session_api;
        let call = call.http_post::<_, Value>(method.as_str(), body, None);
        self.observed(method, async { check_ok(self.within(until, call).await?) })
            .await
    }

    /// Calls a method that reads: many of these take no JSON.
    pub(crate) async fn get(
        &self,
        method: Method,
        params: &[(&str, String)],
        until: Instant,
    ) -> Result<Value, CallError> {
        let session = self.slack.open_session(&self.token);
        let params: Vec<(&str, Option<&String>)> = params
            .iter()
            .map(|(name, value)| (*name, Some(value)))
            .collect();
        let call = session.http_session_api;
        let call = call.http_get::<Value, _, _>(method.as_str(), &params, None);
        self.observed(method, async { check_ok(self.within(until, call).await?) })
            .await
    }

    /// Gets an upload URL. Both fields of the answer are mandatory, so the typed call is used.
    pub(crate) async fn upload_url(
        &self,
        name: &str,
        length: usize,
        until: Instant,
    ) -> Result<(Url, String), CallError> {
        let session = self.slack.open_session(&self.token);
        let request = SlackApiFilesGetUploadUrlExternalRequest::new(name.to_owned(), length);
        let call = session.get_upload_url_external(&request);
        self.observed(Method::FilesGetUploadUrlExternal, async {
            let answer = self.within(until, call).await?;
            Ok((answer.upload_url.0, answer.file_id.0))
        })
        .await
    }

    /// Posts JSON to a URL that Slack gave us, without the token.
    pub(crate) async fn post_to(
        &self,
        method: Method,
        url: Url,
        body: &Value,
        until: Instant,
    ) -> Result<(), CallError> {
        let request = self.http.request(reqwest::Method::POST, url).json(body);
        self.observed(method, self.exchange(request, until)).await
    }

    /// Posts bytes to a URL that Slack gave us, without the token.
    pub(crate) async fn upload_to(
        &self,
        url: Url,
        bytes: Vec<u8>,
        until: Instant,
    ) -> Result<(), CallError> {
        let octets = "application/octet-stream";
        let request = self.http.request(reqwest::Method::POST, url);
        let request = request.header("content-type", octets).body(bytes);
        self.observed(Method::Upload, self.exchange(request, until))
            .await
    }

    async fn within<T>(
        &self,
        until: Instant,
        call: impl Future<Output = Result<T, SlackClientError>>,
    ) -> Result<T, CallError> {
        let ended = self.http.within(until, call).await;
        ended.map_err(unanswered)?.map_err(call_error)
    }

    /// A request to a URL outside the Web API.
    async fn exchange(
        &self,
        request: reqwest::RequestBuilder,
        until: Instant,
    ) -> Result<(), CallError> {
        let answer = self.http.send_within(until, request).await;
        let answer = answer.map_err(unanswered)?;
        match answer.status.as_u16() {
            429 => Err(CallError::RateLimited {
                code: "ratelimited".to_owned(),
                after: answer.retry_after(),
            }),
            status => web_answer(status, &answer.body),
        }
    }

    async fn observed<T>(
        &self,
        method: Method,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        let ended = call.await;
        let result = ended.as_ref().err().map_or("ok", CallError::result);
        self.metrics.slack_call(method.as_str(), result);
        ended
    }
}

fn unanswered(why: Unanswered) -> CallError {
    match why {
        Unanswered::NeverSent(code) => CallError::NotSent(code),
        Unanswered::Lost(code) => CallError::Unknown(code.to_owned()),
        Unanswered::Unsendable => CallError::Api("bad_address".to_owned()),
    }
}

/// A success has `ok: true`; a proxy's page has not.
fn check_ok(answer: Value) -> Result<Value, CallError> {
    match answer["ok"].as_bool() {
        Some(true) => Ok(answer),
        Some(false) => Err(api(answer["error"].as_str().unwrap_or("no_error_code"))),
        None => Err(CallError::Unknown("unreadable_answer".to_owned())),
    }
}

/// Slack's codes are short words; anything else stays out of rows and logs.
fn api(code: &str) -> CallError {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match code {
        "ratelimited" | "rate_limited" | "too_many_requests" => CallError::RateLimited {
            code: code.to_owned(),
            after: None,
        },
        _ if (1..=60).contains(&code.len()) && code.bytes().all(word) => {
            CallError::Api(code.to_owned())
        }
        _ => CallError::Api("odd_error_code".to_owned()),
    }
}

fn http(status: u16) -> CallError {
    match status {
        500 | 502 | 503 => CallError::ServerError(format!("http_{status}")),
        // A proxy may answer so while Slack is still working.
        408 | 500.. => CallError::Unknown(format!("http_{status}")),
        _ => CallError::Api(format!("http_{status}")),
    }
}

fn call_error(error: SlackClientError) -> CallError {
    match error {
        SlackClientError::ApiError(error) => api(&error.code),
        SlackClientError::RateLimitError(error) => CallError::RateLimited {
            code: "ratelimited".to_owned(),
            after: error.retry_after,
        },
        SlackClientError::HttpError(error) => http(error.status_code.as_u16()),
        SlackClientError::HttpProtocolError(error) => {
            let cause = error.cause.as_deref();
            match cause.and_then(|cause| cause.downcast_ref::<Unanswered>()) {
                Some(why) => unanswered(*why),
                None => CallError::Unknown("broken_off".to_owned()),
            }
        }
        SlackClientError::ProtocolError(_) => CallError::Unknown("unreadable_answer".to_owned()),
        SlackClientError::SystemError(_)
        | SlackClientError::EndOfStream(_)
        | SlackClientError::SocketModeProtocolError(_) => {
            CallError::Unknown("broken_off".to_owned())
        }
    }
}

/// The answer of a `response_url` or an upload: `ok`, JSON with a code, or a code as the whole body.
fn web_answer(status: u16, body: &[u8]) -> Result<(), CallError> {
    let said: Option<Value> = serde_json::from_slice(body).ok();
    let code = said.as_ref().and_then(|said| said["error"].as_str());
    let word = std::str::from_utf8(body).unwrap_or_default().trim();
    let code = code.or_else(|| {
        ["expired_url", "used_url"]
            .into_iter()
            .find(|code| *code == word)
    });
    let refused = said
        .as_ref()
        .is_some_and(|said| said["ok"] == Value::Bool(false));
    match (status, code) {
        (200..=299, Some(code)) if refused => Err(api(code)),
        (200..=299, _) if refused => Err(CallError::Api("no_error_code".to_owned())),
        (200..=299, _) => Ok(()),
        (300..=499, Some(code)) => Err(api(code)),
        _ => Err(http(status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_200_without_ok_is_not_a_success() {
        let unknown = |code: &str| Err(CallError::Unknown(code.into()));
        let refused = |code: &str| Err(CallError::Api(code.into()));
        assert_eq!(check_ok(json!({})), unknown("unreadable_answer"));
        assert_eq!(check_ok(json!("ok")), unknown("unreadable_answer"));
        assert_eq!(check_ok(json!({"ok": false})), refused("no_error_code"));
        assert_eq!(
            check_ok(json!({"ok": false, "error": "<b>"})),
            refused("odd_error_code")
        );
        assert!(check_ok(json!({"ok": true})).is_ok());
    }

    #[test]
    fn the_answers_of_a_response_url_are_classified() {
        let refused = |code: &str| Err(CallError::Api(code.into()));
        let server = |code: &str| Err(CallError::ServerError(code.into()));
        let unknown = |code: &str| Err(CallError::Unknown(code.into()));
        let table: [(u16, &[u8], Result<(), CallError>); 10] = [
            (200, b"ok", Ok(())),
            (200, b"", Ok(())),
            (200, br#"{"ok":true}"#, Ok(())),
            (
                200,
                br#"{"ok":false,"error":"used_url"}"#,
                refused("used_url"),
            ),
            (404, b"expired_url", refused("expired_url")),
            (
                404,
                br#"{"ok":false,"error":"used_url"}"#,
                refused("used_url"),
            ),
            (404, b"<html>", refused("http_404")),
            (302, b"", refused("http_302")),
            (503, b"", server("http_503")),
            (504, b"", unknown("http_504")),
        ];
        for (status, body, said) in table {
            assert_eq!(web_answer(status, body), said, "{status} {body:?}");
        }
    }
}
