//! Requests that the outside sends to the app: plain HTTP/1 with a time limit and one answer.
//!
//! A client of its own: the simulator must not lend the product's client its settings. No TLS: the
//! app under test listens on this machine.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde::Serialize;

/// What the app answered, or why nothing was response.
#[derive(Clone, Debug, Serialize)]
pub struct AppResponse {
    /// The HTTP status; none when there was no answer.
    pub status: Option<u16>,
    /// The answer's body as text.
    pub body: String,
    /// The answer's headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Why there was no answer: `timeout`, or the connection's error.
    pub error: Option<String>,
}

impl AppResponse {
    /// Whether the app answered 200.
    pub fn is_ok(&self) -> bool {
        self.status == Some(200)
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    pub(crate) fn failed(why: &str) -> Self {
        Self {
            status: None,
            body: String::new(),
            headers: Vec::new(),
            error: Some(why.to_owned()),
        }
    }
}

#[derive(Clone)]
pub(crate) struct AppClient {
    client: Client<HttpConnector, Full<Bytes>>,
}

impl AppClient {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
        }
    }

    pub(crate) async fn post(
        &self,
        url: &str,
        headers: &[(String, String)],
        body: Vec<u8>,
        timeout: Duration,
    ) -> AppResponse {
        let mut request = http::Request::post(url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = match request.body(Full::new(Bytes::from(body))) {
            Ok(request) => request,
            Err(error) => return AppResponse::failed(&error.to_string()),
        };
        let exchange = async {
            let response = self
                .client
                .request(request)
                .await
                .map_err(|e| format!("{e:?}"))?;
            let (parts, body) = response.into_parts();
            let bytes = body.collect().await.map_err(|e| e.to_string())?.to_bytes();
            Ok::<_, String>((parts, bytes))
        };
        match tokio::time::timeout(timeout, exchange).await {
            Err(_) => AppResponse::failed("timeout"),
            Ok(Err(error)) => AppResponse::failed(&error),
            Ok(Ok((parts, bytes))) => AppResponse {
                status: Some(parts.status.as_u16()),
                body: String::from_utf8_lossy(&bytes).into_owned(),
                headers: parts
                    .headers
                    .iter()
                    .map(|(n, v)| {
                        (
                            n.as_str().to_owned(),
                            String::from_utf8_lossy(v.as_bytes()).into_owned(),
                        )
                    })
                    .collect(),
                error: None,
            },
        }
    }
}
