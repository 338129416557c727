//! Sends the App's webhooks: in order, signed, once, with ten seconds for an answer.
//!
//! They are sent as soon as they happen, or when a test says so (`Behaviour::hold_webhooks`). A fault of
//! `github/webhooks/{event}` loses one on the way, or makes GitHub record a failure for one that arrived.

use std::time::Duration;

use serde_json::{Value, json};

use super::GitHub;
use super::deliveries::Delivery;
use super::state::Webhook;
use crate::app_client::AppResponse;
use crate::auth::hmac_hex;
use crate::faults::Fault;
use crate::workspace::Workspace;

/// GitHub does not send larger payloads.
const MOST_BYTES: usize = 25 << 20;
const HOOK_ID: u64 = 77_001;

impl Workspace {
    /// Sends what is waiting, in the background, unless the webhooks are held.
    pub(crate) fn send_webhooks(&self) {
        let reachable = self.app().base_url.is_some();
        let mut state = self.github_state();
        if state.behaviour.hold_webhooks {
            return;
        }
        if !reachable {
            // An App without a URL has no webhooks.
            state.unsent.clear();
            state.redeliveries.clear();
        }
        let nothing = state.unsent.is_empty() && state.redeliveries.is_empty();
        drop(state);
        if nothing || tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let there = self.github();
        tokio::spawn(async move { there.deliver_webhooks().await });
    }
}

impl GitHub {
    /// Sends all webhooks that wait, oldest first, and returns when they are answered.
    pub async fn deliver_webhooks(&self) {
        let _one_at_a_time = self.0.0.webhook_turn.lock().await;
        loop {
            let next = {
                let mut state = self.state();
                let redelivery = state.redeliveries.pop_front();
                redelivery
                    .map(|webhook| (webhook, true))
                    .or_else(|| state.unsent.pop_front().map(|webhook| (webhook, false)))
            };
            let Some((webhook, again)) = next else { return };
            self.deliver(webhook, again).await;
            self.0.touch();
        }
    }

    /// The webhooks that wait: guid, event, action.
    pub fn waiting_webhooks(&self) -> Vec<(String, String, Option<String>)> {
        let state = self.state();
        let shown = state.unsent.iter().map(|webhook| {
            let action = webhook.payload["action"].as_str().map(str::to_owned);
            (webhook.guid.clone(), webhook.event.clone(), action)
        });
        shown.collect()
    }

    /// Changes the order of the webhooks that wait, or removes some, as if they had never happened.
    pub fn rearrange_webhooks(&self, change: impl FnOnce(&mut Vec<String>)) {
        let mut state = self.state();
        let mut guids: Vec<String> = state.unsent.iter().map(|w| w.guid.clone()).collect();
        change(&mut guids);
        let old = std::mem::take(&mut state.unsent);
        let find = |guid: &String| old.iter().find(|w| w.guid == *guid).cloned();
        state.unsent = guids.iter().filter_map(find).collect();
    }

    /// The webhooks that wait are lost: GitHub records that the App could not be reached.
    pub fn lose_webhooks(&self) {
        let lost = std::mem::take(&mut self.state().unsent);
        for webhook in lost {
            self.record(
                webhook,
                false,
                AppResponse::failed("failed to connect to host"),
                Value::Null,
            );
        }
    }

    /// Sends a webhook that was sent before once more, as a redelivery that a person asked for.
    pub async fn redeliver(&self, guid: &str) {
        let found = self
            .state()
            .deliveries
            .iter()
            .find(|d| d.webhook.guid == guid)
            .cloned();
        if let Some(delivery) = found {
            self.deliver(delivery.webhook, true).await;
        }
    }

    async fn deliver(&self, webhook: Webhook, again: bool) {
        let workspace = &self.0;
        let method = format!("github/webhooks/{}", webhook.event);
        let fault = workspace.take_fault(&method, None);
        let addresses = self.state().addresses.clone();
        let body = addresses
            .exchange(&webhook.payload.to_string(), "")
            .into_bytes();
        let (url, secret, app_id) = {
            let app = workspace.app();
            let url = app
                .base_url
                .as_ref()
                .map(|base| format!("{base}{}", app.github_path));
            let secret = app.github_secret.clone();
            drop(app);
            (url, secret, self.state().app.app_id)
        };
        if body.len() > MOST_BYTES {
            return;
        }
        let mut headers: Vec<(String, String)> = [
            ("accept", "*/*".to_owned()),
            ("content-type", "application/json".to_owned()),
            ("user-agent", "GitHub-Hookshot/51ab0e4".to_owned()),
            ("x-github-event", webhook.event.clone()),
            ("x-github-delivery", webhook.guid.clone()),
            ("x-github-hook-id", HOOK_ID.to_string()),
            ("x-github-hook-installation-target-id", app_id.to_string()),
            (
                "x-github-hook-installation-target-type",
                "integration".to_owned(),
            ),
            (
                "x-hub-signature-256",
                format!("sha256={}", hmac_hex(&secret, &[&body])),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        let enterprise = self.state().behaviour.enterprise.clone();
        let limit = Duration::from_secs(if enterprise.is_some() { 30 } else { 10 });
        if let Some(version) = enterprise {
            headers.push(("x-github-enterprise-version".to_owned(), version));
            headers.push((
                "x-github-enterprise-host".to_owned(),
                "127.0.0.1".to_owned(),
            ));
        }
        let shown: serde_json::Map<String, Value> = headers
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        let send = async {
            let Some(url) = &url else {
                return AppResponse::failed("failed to connect to host");
            };
            workspace
                .app_client()
                .post(url, &headers, body.clone(), limit)
                .await
        };
        let response = match fault {
            None | Some(Fault::Delay { .. }) => send.await,
            Some(Fault::LoseRequest) => AppResponse::failed("failed to connect to host"),
            Some(Fault::HoldRequest) => {
                workspace.hold().await;
                send.await
            }
            // It arrives, and GitHub does not see the answer.
            Some(_) => {
                send.await;
                AppResponse::failed("timeout")
            }
        };
        self.record(webhook, again, response, Value::Object(shown));
    }

    fn record(&self, webhook: Webhook, redelivery: bool, response: AppResponse, headers: Value) {
        let at = self.0.now();
        let (status, code) = match (&response.error, response.status) {
            (Some(why), _) if why == "timeout" => ("timed out".to_owned(), 504),
            (Some(_), _) | (None, None) => ("failed to connect to host".to_owned(), 502),
            (None, Some(code)) if (200..300).contains(&code) => ("OK".to_owned(), code),
            (None, Some(code)) => (format!("Invalid HTTP Response: {code}"), code),
        };
        let answered: serde_json::Map<String, Value> = response
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        let mut state = self.state();
        let id = state.fresh() + 3_000_000_000;
        state.deliveries.push(Delivery {
            id,
            webhook,
            at,
            redelivery,
            seconds: 0.1,
            status,
            code,
            request_headers: headers,
            response_headers: Value::Object(answered),
            response_body: response.body,
        });
    }

    /// Sends `ping`, as GitHub does when a webhook is set up.
    pub async fn ping(&self) {
        {
            let mut state = self.state();
            let app = state.app.clone();
            let payload = json!({
                "zen": "Keep it logically awesome.", "hook_id": HOOK_ID,
                "hook": {
                    "type": "App", "id": HOOK_ID, "name": "web", "active": true,
                    "events": app.events, "app_id": app.app_id,
                    "config": {"content_type": "json", "insecure_ssl": "0", "secret": "********",
                               "url": "https://app.example"},
                    "updated_at": "2026-01-01T00:00:00Z", "created_at": "2026-01-01T00:00:00Z",
                    "deliveries_url": format!("{}/app/hook/deliveries", super::hosts::API),
                },
            });
            state.queue("ping", None, None, payload);
        }
        self.deliver_webhooks().await;
    }
}
