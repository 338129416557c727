//! Signed requests, made here and not by the simulator: bodies that no Slack would send.

use super::{GITHUB_SECRET, SLACK_SECRET};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::time::Duration;

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    pub body: String,
}

/// A client that keeps its connections.
#[derive(Clone)]
pub struct Client(reqwest::Client);

impl Client {
    pub fn new() -> Self {
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(Duration::from_secs(15));
        Self(client.build().unwrap())
    }

    /// Posts with these headers; `Err` holds why there was no answer.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Result<Answer, String> {
        let mut request = self.0.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.map_err(|error| format!("{error:?}"))?;
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after.and_then(|value| Some(value.to_str().ok()?.to_owned()));
        Ok(Answer {
            status: response.status().as_u16(),
            retry_after,
            body: response.text().await.unwrap_or_default(),
        })
    }
}

fn mac(secret: &str, parts: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key will do");
    for part in parts {
        mac.update(part);
    }
    hex::encode(mac.finalize().into_bytes())
}

/// Slack's two headers for a body, as of `age` seconds ago.
pub fn slack(body: &[u8], age: i64) -> [(&'static str, String); 2] {
    let at = (chrono::Utc::now().timestamp() - age).to_string();
    let signature = mac(SLACK_SECRET, &[b"v0:", at.as_bytes(), b":", body]);
    [
        ("x-slack-request-timestamp", at),
        ("x-slack-signature", format!("v0={signature}")),
    ]
}

/// GitHub's header for a body.
pub fn github(body: &[u8]) -> (&'static str, String) {
    let signature = mac(GITHUB_SECRET, &[body]);
    ("x-hub-signature-256", format!("sha256={signature}"))
}
