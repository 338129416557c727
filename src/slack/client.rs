//! Calls to Slack, each within a deadline, each counted, and what is known after one that failed.
//!
//! slack-morphism makes the calls, over our HTTP client. Its typed answers are used where a missing
//! field would be noticed; elsewhere answers are read as JSON, because it fails on metadata of
//! others. It has no timeout, so the deadline is ours, and its rate control stays off: pauses hold
//! for all replicas and are the engine's.
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

/// Where Slack is and how we prove who we are. Holds secrets: not to be printed.
#[derive(Clone)]
pub struct Access {
    /// `https://slack.com/api`, or whatever stands in for it.
    pub api_url: Url,
    /// The bot's token; without one only a `response_url` can be answered.
    pub token: Option<String>,
    /// Hosts that a `response_url` may name, with a port if need be.
    pub response_url_hosts: Vec<String>,
}

impl Access {
    /// The address of Slack's web pages, to which buttons lead: GovSlack has its own.
    pub(super) fn site(&self) -> &'static str {
        let host = self.api_url.host_str().unwrap_or_default();
        match host == "slack-gov.com" || host.ends_with(".slack-gov.com") {
            true => "https://slack-gov.com",
            false => "https://slack.com",
        }
    }
}

/// Told of every exchange, for the metrics.
pub trait Observer: Send + Sync {
    /// A call of `method` ended: `ok`, `error`, `rate_limited`, `failed` or `uncertain`.
    fn exchanged(&self, method: &'static str, result: &'static str, took: Duration);
}

/// An observer that looks away.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn exchanged(&self, _method: &'static str, _result: &'static str, _took: Duration) {}
}

impl Observer for Metrics {
    fn exchanged(&self, method: &'static str, result: &'static str, _took: Duration) {
        self.slack_call(method, result);
    }
}

/// What is known when a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Slack said no, with its code.
    Api(String),
    /// Slack said later.
    Rated {
        code: String,
        after: Option<Duration>,
    },
    /// It never left.
    NeverSent(&'static str),
    /// Slack answered that it failed, and does no more about it.
    Server(String),
    /// It left, and nobody knows what became of it.
    Unknown(String),
}

impl Trouble {
    fn result(&self) -> &'static str {
        match self {
            Self::Api(_) => "error",
            Self::Rated { .. } => "rate_limited",
            Self::NeverSent(_) => "failed",
            Self::Server(_) | Self::Unknown(_) => "uncertain",
        }
    }
}

/// The way to Slack.
pub(crate) struct Client {
    slack: SlackClient<Connector>,
    token: SlackApiToken,
    http: Arc<HttpClient>,
    observer: Arc<dyn Observer>,
}

impl Client {
    pub(crate) fn new(access: &Access, http: HttpClient, observer: Arc<dyn Observer>) -> Self {
        let http = Arc::new(http);
        Self {
            slack: SlackClient::new(Connector::new(http.clone(), &access.api_url)),
            token: SlackApiToken::new(access.token.clone().unwrap_or_default().into()),
            http,
            observer,
        }
    }

    /// Calls a method that writes, with JSON.
    pub(crate) async fn post(
        &self,
        method: Method,
        body: &Value,
        until: Instant,
    ) -> Result<Value, Trouble> {
        let session = self.slack.open_session(&self.token);
        let call = session.http_session_api;
        let call = call.http_post::<_, Value>(method.as_str(), body, None);
        self.observed(method, async { said_ok(self.within(until, call).await?) })
            .await
    }

    /// Calls a method that reads: many of these take no JSON.
    pub(crate) async fn get(
        &self,
        method: Method,
        params: &[(&str, String)],
        until: Instant,
    ) -> Result<Value, Trouble> {
        let session = self.slack.open_session(&self.token);
        let params: Vec<(&str, Option<&String>)> = params
            .iter()
            .map(|(name, value)| (*name, Some(value)))
            .collect();
        let call = session.http_session_api;
        let call = call.http_get::<Value, _, _>(method.as_str(), &params, None);
        self.observed(method, async { said_ok(self.within(until, call).await?) })
            .await
    }

    /// Asks where to put a file; both fields of the answer are mandatory, so the typed call is right.
    pub(crate) async fn upload_url(
        &self,
        name: &str,
        length: usize,
        until: Instant,
    ) -> Result<(Url, String), Trouble> {
        let session = self.slack.open_session(&self.token);
        let request = SlackApiFilesGetUploadUrlExternalRequest::new(name.to_owned(), length);
        let call = session.get_upload_url_external(&request);
        self.observed(Method::FilesGetUploadUrlExternal, async {
            let answer = self.within(until, call).await?;
            Ok((answer.upload_url.0, answer.file_id.0))
        })
        .await
    }

    /// Posts JSON to an address that Slack gave us; the token stays at home.
    pub(crate) async fn post_to(
        &self,
        method: Method,
        url: Url,
        body: &Value,
        until: Instant,
    ) -> Result<(), Trouble> {
        let request = self.http.request(reqwest::Method::POST, url).json(body);
        self.observed(method, self.exchange(request, until)).await
    }

    /// Posts bytes to an address that Slack gave us.
    pub(crate) async fn upload_to(
        &self,
        url: Url,
        bytes: Vec<u8>,
        until: Instant,
    ) -> Result<(), Trouble> {
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
    ) -> Result<T, Trouble> {
        let ended = self.http.within(until, call).await;
        ended.map_err(unanswered)?.map_err(trouble)
    }

    /// An exchange with an address that is not the Web API's.
    async fn exchange(
        &self,
        request: reqwest::RequestBuilder,
        until: Instant,
    ) -> Result<(), Trouble> {
        let answer = self.http.send_within(until, request).await;
        let answer = answer.map_err(unanswered)?;
        match answer.status.as_u16() {
            429 => Err(Trouble::Rated {
                code: "ratelimited".to_owned(),
                after: answer.retry_after(),
            }),
            status => web_answer(status, &answer.body),
        }
    }

    async fn observed<T>(
        &self,
        method: Method,
        call: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        let begun = Instant::now();
        let ended = call.await;
        let result = ended.as_ref().err().map_or("ok", Trouble::result);
        self.observer
            .exchanged(method.as_str(), result, begun.elapsed());
        ended
    }
}

fn unanswered(why: Unanswered) -> Trouble {
    match why {
        Unanswered::NeverSent(code) => Trouble::NeverSent(code),
        Unanswered::Lost(code) => Trouble::Unknown(code.to_owned()),
        Unanswered::Unsendable => Trouble::Api("bad_address".to_owned()),
    }
}

/// A success says so itself; a page of some proxy does not.
fn said_ok(answer: Value) -> Result<Value, Trouble> {
    match answer["ok"].as_bool() {
        Some(true) => Ok(answer),
        Some(false) => Err(api(answer["error"].as_str().unwrap_or("no_error_code"))),
        None => Err(Trouble::Unknown("unreadable_answer".to_owned())),
    }
}

/// Slack's codes are lower-case words; nothing else gets into rows and logs under that name.
fn api(code: &str) -> Trouble {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match code {
        "ratelimited" | "rate_limited" | "too_many_requests" => Trouble::Rated {
            code: code.to_owned(),
            after: None,
        },
        _ if (1..=60).contains(&code.len()) && code.bytes().all(word) => {
            Trouble::Api(code.to_owned())
        }
        _ => Trouble::Api("odd_error_code".to_owned()),
    }
}

fn http(status: u16) -> Trouble {
    match status {
        500 | 502 | 503 => Trouble::Server(format!("http_{status}")),
        // Whoever answers so may only have given up waiting.
        408 | 500.. => Trouble::Unknown(format!("http_{status}")),
        _ => Trouble::Api(format!("http_{status}")),
    }
}

fn trouble(error: SlackClientError) -> Trouble {
    match error {
        SlackClientError::ApiError(error) => api(&error.code),
        SlackClientError::RateLimitError(error) => Trouble::Rated {
            code: "ratelimited".to_owned(),
            after: error.retry_after,
        },
        SlackClientError::HttpError(error) => http(error.status_code.as_u16()),
        SlackClientError::HttpProtocolError(error) => {
            let cause = error.cause.as_deref();
            match cause.and_then(|cause| cause.downcast_ref::<Unanswered>()) {
                Some(why) => unanswered(*why),
                None => Trouble::Unknown("broken_off".to_owned()),
            }
        }
        SlackClientError::ProtocolError(_) => Trouble::Unknown("unreadable_answer".to_owned()),
        SlackClientError::SystemError(_)
        | SlackClientError::EndOfStream(_)
        | SlackClientError::SocketModeProtocolError(_) => Trouble::Unknown("broken_off".to_owned()),
    }
}

/// What a `response_url` or an upload says: `ok`, JSON with a code, or a code as the whole body.
fn web_answer(status: u16, body: &[u8]) -> Result<(), Trouble> {
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
        (200..=299, _) if refused => Err(Trouble::Api("no_error_code".to_owned())),
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
    fn a_200_that_does_not_say_ok_is_no_success() {
        let unknown = |code: &str| Err(Trouble::Unknown(code.into()));
        let refused = |code: &str| Err(Trouble::Api(code.into()));
        assert_eq!(said_ok(json!({})), unknown("unreadable_answer"));
        assert_eq!(said_ok(json!("ok")), unknown("unreadable_answer"));
        assert_eq!(said_ok(json!({"ok": false})), refused("no_error_code"));
        assert_eq!(
            said_ok(json!({"ok": false, "error": "<b>"})),
            refused("odd_error_code")
        );
        assert!(said_ok(json!({"ok": true})).is_ok());
    }

    #[test]
    fn what_a_response_url_says_is_told_apart() {
        let refused = |code: &str| Err(Trouble::Api(code.into()));
        let server = |code: &str| Err(Trouble::Server(code.into()));
        let unknown = |code: &str| Err(Trouble::Unknown(code.into()));
        let table: [(u16, &[u8], Result<(), Trouble>); 10] = [
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
