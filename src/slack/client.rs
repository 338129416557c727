//! Calls to Slack with a deadline. Each is counted, and an error says what is known after it.
//!
//! slack-morphism makes the calls, over our HTTP client. Its typed answers are used where all their
//! fields are mandatory; other answers are read as JSON, because the typed ones fail on the metadata of
//! other apps. It has no timeout, so the deadline is set here. Its rate control is off: the engine's
//! pauses hold for all replicas.
//! A method's name is a label of metrics and a part of the scope of a pause.
//! Bodies, tokens and addresses are never logged.

use super::call_error::{CallError, read};
use super::connector::Connector;
use crate::http_client::HttpClient;
use crate::telemetry::metrics::Metrics;
use serde_json::Value;
use slack_morphism::ClientResult;
use slack_morphism::errors::SlackClientError;
use slack_morphism::prelude::*;
use std::future::Future;
use std::sync::Arc;
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
        method: &'static str,
        body: &Value,
        until: Instant,
    ) -> Result<Value, CallError> {
        let session = self.slack.open_session(&self.token);
        let call = session.http_session_api.http_post(method, body, None);
        self.call(method, until, call).await
    }

    /// Calls a method that reads: many of these take no JSON.
    pub(crate) async fn get(
        &self,
        method: &'static str,
        params: &[(&str, String)],
        until: Instant,
    ) -> Result<Value, CallError> {
        let session = self.slack.open_session(&self.token);
        let params = params.iter().map(|(name, value)| (*name, Some(value)));
        let params: Vec<(&str, Option<&String>)> = params.collect();
        let call = session.http_session_api.http_get(method, &params, None);
        self.call(method, until, call).await
    }

    /// Gets an upload URL. Both fields of the answer are mandatory, so the typed call is used.
    pub(crate) async fn upload_url(
        &self,
        name: &str,
        length: usize,
        until: Instant,
    ) -> Result<SlackApiFilesGetUploadUrlExternalResponse, CallError> {
        let session = self.slack.open_session(&self.token);
        let request = SlackApiFilesGetUploadUrlExternalRequest::new(name.to_owned(), length);
        let call = session.get_upload_url_external(&request);
        self.call("files.getUploadURLExternal", until, call).await
    }

    /// Posts to a URL that Slack gave us, without the token.
    pub(crate) async fn post_to(
        &self,
        method: &'static str,
        url: Url,
        content_type: &str,
        body: String,
        until: Instant,
    ) -> Result<(), CallError> {
        let request = self.http.request(reqwest::Method::POST, url);
        let request = request.header("content-type", content_type).body(body);
        let answer = self.http.send_within(until, request).await;
        let said = answer
            .map_err(CallError::from)
            .and_then(|answer| read(&answer));
        self.counted(method, said.map(|_| ()))
    }

    async fn call<T>(
        &self,
        method: &'static str,
        until: Instant,
        call: impl Future<Output = ClientResult<T>>,
    ) -> Result<T, CallError> {
        let ended = self.http.within(until, call).await;
        let said = ended.map_err(CallError::from);
        self.counted(method, said.and_then(|said| said.map_err(call_error)))
    }

    fn counted<T>(&self, method: &'static str, said: Result<T, CallError>) -> Result<T, CallError> {
        let result = said.as_ref().err().map_or("ok", CallError::result);
        self.metrics.slack_call(method, result);
        said
    }
}

/// The error that our connector reported, or that its answer has not the type of the call.
fn call_error(error: SlackClientError) -> CallError {
    let cause = match error {
        SlackClientError::HttpProtocolError(error) => error.cause,
        _ => None,
    };
    let reported = cause.and_then(|cause| cause.downcast().ok());
    reported.map_or_else(CallError::unreadable, |reported| *reported)
}
