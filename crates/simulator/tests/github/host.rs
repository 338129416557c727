//! A workspace with a clock that the test moves, an App that calls its API, and an App that hears.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeZone as _, Utc};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use ring::{rand::SystemRandom, signature::RsaKeyPair};
use serde_json::{Value, json};
use simulator::{APP_KEY, GitHub, Options, Workspace};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub struct Host {
    pub workspace: Workspace,
    pub github: GitHub,
    pub installation: u64,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// An answer: status, headers, body.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map(|value| value.to_str().unwrap());
        value.unwrap_or_default()
    }

    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

pub fn start_of_day() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 8, 0, 0).unwrap()
}

impl Host {
    /// With `acme/api`, and the App installed for `acme`. The time only moves by `pass`.
    pub async fn new() -> Self {
        let options = Options::new(Arc::new(start_of_day));
        let workspace = Workspace::start(options).await.unwrap();
        let github = workspace.github();
        let installation = github.install("acme");
        github.add_repository("acme/api");
        let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        Self {
            workspace,
            github,
            installation,
            client,
        }
    }

    pub fn pass(&self, time: Duration) {
        self.workspace.advance(time);
    }

    /// Sends a request; `None` when the connection is closed without an answer.
    pub async fn send(
        &self,
        verb: &str,
        url: &str,
        token: &str,
        body: Option<Value>,
    ) -> Option<Answer> {
        let url = if url.starts_with('/') {
            format!("{}{url}", self.github.api_url())
        } else {
            url.to_owned()
        };
        let mut request = http::Request::builder()
            .method(verb)
            .uri(url)
            .header("user-agent", "test");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let response = self.client.request(request).await.ok()?;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.ok()?.to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Some(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        })
    }

    pub async fn get(&self, url: &str, token: &str) -> Answer {
        self.send("GET", url, token, None).await.expect("an answer")
    }

    pub async fn post(&self, url: &str, token: &str, body: Value) -> Answer {
        self.send("POST", url, token, Some(body))
            .await
            .expect("an answer")
    }

    /// A new token of the installation.
    pub async fn token(&self) -> String {
        let path = format!("/app/installations/{}/access_tokens", self.installation);
        let answer = self.post(&path, &self.web_token(), json!({})).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.body["token"].as_str().unwrap().to_owned()
    }

    /// The App's web token by the workspace's clock, which the test knows.
    pub fn web_token(&self) -> String {
        let now = self.github.now().timestamp();
        let claims = json!({"iss": self.github.app_id(), "iat": now - 60, "exp": now + 540});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!(
            "{}.{}",
            part(&json!({"alg": "RS256", "typ": "JWT"})),
            part(&claims)
        );
        let lines = APP_KEY.lines().filter(|line| !line.starts_with('-'));
        let key =
            RsaKeyPair::from_der(&STANDARD.decode(lines.collect::<String>()).unwrap()).unwrap();
        let mut signature = vec![0; key.public().modulus_len()];
        let padding = &ring::signature::RSA_PKCS1_SHA256;
        key.sign(
            padding,
            &SystemRandom::new(),
            signed.as_bytes(),
            &mut signature,
        )
        .unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// What the App heard: event, delivery id, payload.
pub type Heard = Arc<Mutex<Vec<(String, String, Value)>>>;

/// An App that answers its webhooks with the status of the cell.
pub async fn app(workspace: &Workspace) -> (Heard, Arc<Mutex<u16>>) {
    type Ears = (Heard, Arc<Mutex<u16>>);
    async fn hear(
        State((heard, status)): State<Ears>,
        headers: HeaderMap,
        body: Bytes,
    ) -> StatusCode {
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        let payload = serde_json::from_slice(&body).unwrap();
        let entry = (
            header("x-github-event"),
            header("x-github-delivery"),
            payload,
        );
        heard.lock().unwrap().push(entry);
        StatusCode::from_u16(*status.lock().unwrap()).unwrap()
    }
    let ears: Ears = (Heard::default(), Arc::new(Mutex::new(202)));
    let router = Router::new()
        .route("/webhooks", axum::routing::post(hear))
        .with_state(ears.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    workspace.set_app_url(Some(&format!("http://{}", listener.local_addr().unwrap())));
    tokio::spawn(async move { axum::serve(listener, router).await });
    ears
}

/// The events in the order in which they were heard: `event action`.
pub fn events(heard: &Heard) -> Vec<String> {
    let heard = heard.lock().unwrap();
    let words = heard.iter().map(|(event, _, payload)| {
        let action = payload["action"].as_str().unwrap_or_default();
        format!("{event} {action}").trim_end().to_owned()
    });
    words.collect()
}
