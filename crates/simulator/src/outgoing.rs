//! Requests that the outside sends to the app: plain HTTP/1 with a time limit and one answer.
//!
//! A client of its own: the simulator must not lend the product's client its settings. No TLS: the
//! app under test listens on this machine.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde::Serialize;

/// What the app answered, or why nothing was heard.
#[derive(Clone, Debug, Serialize)]
pub struct Heard {
    /// The HTTP status; none when there was no answer.
    pub status: Option<u16>,
    /// The answer's body as text.
    pub body: String,
    /// The answer's headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Why there was no answer: `timeout`, or the connection's error.
    pub trouble: Option<String>,
    /// How long it took, in milliseconds.
    pub took_millis: u64,
}

impl Heard {
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

    pub(crate) fn nothing(why: &str) -> Self {
        Self {
            status: None,
            body: String::new(),
            headers: Vec::new(),
            trouble: Some(why.to_owned()),
            took_millis: 0,
        }
    }
}

#[derive(Clone)]
pub(crate) struct Outgoing {
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Outgoing {
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
        patience: Duration,
    ) -> Heard {
        let began = Instant::now();
        let mut request = http::Request::post(url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = match request.body(Full::new(Bytes::from(body))) {
            Ok(request) => request,
            Err(error) => return Heard::nothing(&error.to_string()),
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
        let mut heard = match tokio::time::timeout(patience, exchange).await {
            Err(_) => Heard::nothing("timeout"),
            Ok(Err(error)) => Heard::nothing(&error),
            Ok(Ok((parts, bytes))) => Heard {
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
                trouble: None,
                took_millis: 0,
            },
        };
        heard.took_millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        heard
    }
}
