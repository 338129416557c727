//! slack-morphism's transport over our own HTTP client.
//!
//! Its own one would bring a second HTTP stack with other rules for proxies, time limits and
//! connections. Only the calls that we use are supported: `GET` and `POST` of JSON with the bot's token.

use crate::http_client::{Answer, HttpClient};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use reqwest::{Method, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use slack_morphism::errors::{
    SlackClientApiError, SlackClientError, SlackClientHttpError, SlackClientHttpProtocolError,
    SlackClientSystemError, SlackRateLimitError, map_serde_error,
};
use slack_morphism::multipart_form::FileMultipartData;
use slack_morphism::prelude::*;
use slack_morphism::{ClientResult, SlackClientApiCallContext, SlackClientHttpConnector};
use std::sync::Arc;
use url::Url;

#[derive(Debug)]
pub(super) struct Connector {
    http: Arc<HttpClient>,
    /// Without a slash at its end.
    api_url: String,
}

impl Connector {
    pub(super) fn new(http: Arc<HttpClient>, api_url: &Url) -> Self {
        let api_url = api_url.as_str().trim_end_matches('/').to_owned();
        Self { http, api_url }
    }

    async fn call<RS: DeserializeOwned>(
        &self,
        mut request: RequestBuilder,
        token: Option<&SlackApiToken>,
    ) -> ClientResult<RS> {
        if let Some(token) = token {
            request = request.bearer_auth(&token.token_value.0);
        }
        match self.http.send(request).await {
            Ok(answer) => read(&answer),
            Err(unanswered) => Err(SlackClientError::HttpProtocolError(
                SlackClientHttpProtocolError::new().with_cause(Box::new(unanswered)),
            )),
        }
    }
}

/// A 200 is a success only when it is JSON without an `error`: pages of proxies are not.
fn read<RS: DeserializeOwned>(answer: &Answer) -> ClientResult<RS> {
    match answer.status.as_u16() {
        200 => {
            let unreadable = |error| map_serde_error(error, None);
            let said: Value = serde_json::from_slice(&answer.body).map_err(unreadable)?;
            match said["error"].as_str() {
                Some(code) => Err(SlackClientError::ApiError(SlackClientApiError::new(
                    code.to_owned(),
                ))),
                None => serde_json::from_value(said).map_err(unreadable),
            }
        }
        429 => Err(SlackClientError::RateLimitError(
            SlackRateLimitError::new().opt_retry_after(answer.retry_after()),
        )),
        _ => Err(SlackClientError::HttpError(SlackClientHttpError::new(
            answer.status,
        ))),
    }
}

fn unsupported<'a, RS: Send + 'a>() -> BoxFuture<'a, ClientResult<RS>> {
    let why = "this kind of call is not supported".to_owned();
    let error = SlackClientError::SystemError(SlackClientSystemError::new().with_message(why));
    std::future::ready(Err(error)).boxed()
}

impl SlackClientHttpConnector for Connector {
    fn create_method_uri_path(&self, method: &str) -> ClientResult<Url> {
        Ok(format!("{}/{method}", self.api_url).parse()?)
    }

    fn http_get_uri<'a, RS>(
        &'a self,
        full_uri: Url,
        context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::de::Deserialize<'de> + Send + 'a,
    {
        let request = self.http.request(Method::GET, full_uri);
        self.call(request, context.token).boxed()
    }

    fn http_post_uri<'a, RQ, RS>(
        &'a self,
        full_uri: Url,
        request_body: &'a RQ,
        context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RQ: Serialize + Send + Sync,
        RS: for<'de> serde::de::Deserialize<'de> + Send + 'a,
    {
        let request = self.http.request(Method::POST, full_uri);
        // Without the charset Slack adds a warning to each answer.
        let request = request.header("content-type", "application/json; charset=utf-8");
        self.call(request.json(request_body), context.token).boxed()
    }

    fn http_get_with_client_secret<'a, RS>(
        &'a self,
        _full_uri: Url,
        _client_id: &'a SlackClientId,
        _client_secret: &'a SlackClientSecret,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::de::Deserialize<'de> + Send + 'a,
    {
        unsupported()
    }

    fn http_post_uri_multipart_form<'a, 'p, RS, PT, TS>(
        &'a self,
        _full_uri: Url,
        _file: Option<FileMultipartData<'p>>,
        _params: &'p PT,
        _context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::de::Deserialize<'de> + Send + 'a,
        PT: IntoIterator<Item = (&'p str, Option<TS>)> + Clone,
        TS: AsRef<str> + 'p + Send,
    {
        unsupported()
    }

    fn http_post_uri_binary<'a, 'p, RS>(
        &'a self,
        _full_uri: Url,
        _content_type: String,
        _data: &'a [u8],
        _context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::de::Deserialize<'de> + Send + 'a,
    {
        unsupported()
    }
}
