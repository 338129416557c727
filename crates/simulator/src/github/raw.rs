//! GitHub's webhooks: signed, as JSON or as a form.
//!
//! GitHub does not retry; a redelivery is requested and has the same delivery id.

use serde_json::Value;

use crate::app_client::AppResponse;
use crate::auth::{Signing, hmac_hex};
use crate::person::encoded;
use crate::workspace::Workspace;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded` with the JSON in `payload`.
    Form,
}

impl Workspace {
    /// Sends a webhook. The delivery id is random unless it is given.
    pub async fn github_webhook(
        &self,
        event: &str,
        delivery: Option<&str>,
        payload: &Value,
        encoding: Encoding,
        signing: Signing,
    ) -> AppResponse {
        let delivery = delivery.map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
        let json = payload.to_string();
        let (kind, body) = match encoding {
            Encoding::Json => ("application/json", json.into_bytes()),
            Encoding::Form => {
                let form = encoded("payload", &json);
                ("application/x-www-form-urlencoded", form.into_bytes())
            }
        };
        let (url, secret) = {
            let app = self.app();
            let Some(base) = app.base_url.clone() else {
                return AppResponse::failed("no app");
            };
            (
                format!("{base}{}", app.github_path),
                app.github_secret.clone(),
            )
        };
        let mut headers: Vec<(String, String)> = [
            ("content-type", kind),
            ("user-agent", "GitHub-Hookshot/sim"),
            ("x-github-event", event),
            ("x-github-delivery", delivery.as_str()),
            ("x-github-hook-installation-target-type", "integration"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        let secret = match signing {
            Signing::Good | Signing::Stale => Some(secret),
            Signing::WrongSecret => Some("another secret".to_owned()),
            Signing::Missing => None,
        };
        if let Some(secret) = secret {
            let signature = format!("sha256={}", hmac_hex(&secret, &[&body]));
            headers.push(("x-hub-signature-256".to_owned(), signature));
        }
        self.app_client()
            .post(&url, &headers, body, std::time::Duration::from_secs(10))
            .await
    }
}
