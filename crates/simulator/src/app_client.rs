//! The HTTP client that sends requests to the app: HTTP/1, with a time limit.
//!
//! It is separate from the client of the app under test, so that they share no settings. It supports no
//! TLS, because the app listens on loopback.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde::Serialize;

/// The app's response, or why there is none.
#[derive(Clone, Debug, Serialize)]
pub struct AppResponse {
    pub status: Option<u16>,
    pub body: String,
    /// Names are in lower case.
    pub headers: Vec<(String, String)>,
    /// Why there is no response: `timeout`, or the error of the connection.
    pub error: Option<String>,
}

impl AppResponse {
    pub fn is_ok(&self) -> bool {
        self.status == Some(200)
    }

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
