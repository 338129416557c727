//! slack-morphism's transport over our own HTTP client.
//!
//! Its own one would bring a second HTTP stack with other rules for proxies, time limits and
//! connections. Only the calls that we use are supported: `GET` and `POST` of JSON with the bot's token.
//! An error is a [`CallError`], as the cause of a `HttpProtocolError`.

use super::call_error::{CallError, read};
use crate::http_client::HttpClient;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use reqwest::{Method, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use slack_morphism::errors::{SlackClientError, SlackClientHttpProtocolError, map_serde_error};
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
        let answer = self.http.send(request).await.map_err(CallError::from);
        let said = answer.and_then(|answer| read(&answer)).map_err(reported)?;
        // A proxy's page has no `ok`.
        if said["ok"] != true {
            return Err(reported(CallError::unreadable()));
        }
        serde_json::from_value(said).map_err(|error| map_serde_error(error, None))
    }
}

fn reported(error: CallError) -> SlackClientError {
    let error = SlackClientHttpProtocolError::new().with_cause(Box::new(error));
    SlackClientError::HttpProtocolError(error)
}

fn unsupported<'a, RS: Send + 'a>() -> BoxFuture<'a, ClientResult<RS>> {
    let error = reported(CallError::NotSent("unsupported_call"));
    std::future::ready(Err(error)).boxed()
}

impl SlackClientHttpConnector for Connector {
    fn create_method_uri_path(&self, method: &str) -> ClientResult<Url> {
        Ok(format!("{}/{method}", self.api_url).parse()?)
    }

    fn http_get_uri<'a, RS: DeserializeOwned + Send + 'a>(
        &'a self,
        full_uri: Url,
        context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>> {
        let request = self.http.request(Method::GET, full_uri);
        self.call(request, context.token).boxed()
    }

    fn http_post_uri<'a, RQ: Serialize + Send + Sync, RS: DeserializeOwned + Send + 'a>(
        &'a self,
        full_uri: Url,
        request_body: &'a RQ,
        context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>> {
        let request = self.http.request(Method::POST, full_uri);
        // Without the charset Slack adds a warning to each answer.
        let request = request.header("content-type", "application/json; charset=utf-8");
        self.call(request.json(request_body), context.token).boxed()
    }

    fn http_get_with_client_secret<'a, RS: Send + 'a>(
        &'a self,
        _full_uri: Url,
        _client_id: &'a SlackClientId,
        _client_secret: &'a SlackClientSecret,
    ) -> BoxFuture<'a, ClientResult<RS>> {
        unsupported()
    }

    fn http_post_uri_multipart_form<'a, 'p, RS: Send + 'a, PT, TS: 'p>(
        &'a self,
        _full_uri: Url,
        _file: Option<FileMultipartData<'p>>,
        _params: &'p PT,
        _context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>> {
        unsupported()
    }

    fn http_post_uri_binary<'a, 'p, RS: Send + 'a>(
        &'a self,
        _full_uri: Url,
        _content_type: String,
        _data: &'a [u8],
        _context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>> {
        unsupported()
    }
}
