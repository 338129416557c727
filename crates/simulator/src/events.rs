//! Events to the app: those that it subscribed to, with the retries of Slack.
//!
//! The first retry follows at once; the later two are due after 1 and 5 minutes of the workspace's clock
//! and are sent by `deliver_due_events`. All attempts have the same `event_id`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::app_client::AppResponse;
use super::auth::{self, Signing};
use super::state::{ChannelType, Event, Moment, WorkspaceState};
use super::workspace::Workspace;

#[derive(Default)]
pub(crate) struct Deliveries {
    waiting: Vec<Retry>,
    all: Vec<(String, Value)>,
    in_flight: usize,
}

struct Retry {
    id: String,
    number: u32,
    due: Moment,
    reason: &'static str,
}

/// The name under which an app subscribes to an event; for a message it depends on the channel's type.
fn subscription(state: &WorkspaceState, event: &Event) -> String {
    let kind = event.body["type"].as_str().unwrap_or_default();
    if kind != "message" {
        return kind.to_owned();
    }
    let channel = event.channel.as_ref().and_then(|id| state.channels.get(id));
    let suffix = match channel.map(|r| r.kind) {
        Some(ChannelType::Private) => "groups",
        Some(ChannelType::Im) => "im",
        Some(ChannelType::Mpim) => "mpim",
        Some(ChannelType::Public) | None => "channels",
    };
    format!("message.{suffix}")
}

/// Sends the new events that the app subscribed to and may see.
pub(crate) fn dispatch(workspace: &Workspace) {
    let (wanted, token, reachable) = {
        let app = workspace.app();
        (
            app.events.clone(),
            app.token.clone(),
            app.base_url.is_some(),
        )
    };
    let chosen: Vec<Value> = {
        let mut state = workspace.state();
        let events = std::mem::take(&mut state.events);
        let me = state
            .bots
            .iter()
            .find(|b| b.token == token)
            .map(|b| b.user_id.clone());
        let hears = |event: &Event| {
            let Some(channel) = event.channel.as_ref().and_then(|id| state.channels.get(id)) else {
                return true;
            };
            me.as_ref().is_some_and(|me| channel.members.contains(me))
        };
        let mut chosen = Vec::new();
        for event in events {
            if wanted.contains(&subscription(&state, &event)) && hears(&event) {
                chosen.push(event.body);
            }
        }
        chosen
    };
    if !reachable || tokio::runtime::Handle::try_current().is_err() {
        return;
    }
    for body in chosen {
        let id = workspace.register_event(body);
        workspace.deliveries().in_flight += 1;
        let workspace = workspace.clone();
        tokio::spawn(async move {
            let mut number = 0;
            loop {
                let response = workspace.deliver_event(&id, number, "http_error").await;
                if !workspace.plan_retry(&id, number, &response) {
                    break;
                }
                number += 1;
            }
            workspace.deliveries().in_flight -= 1;
            workspace.changed();
        });
    }
}

impl Workspace {
    /// Adds an id and the envelope to an event, and does not send it.
    pub fn register_event(&self, mut event: Value) -> String {
        let now = self.now();
        let app_id = self.app().app_id.clone();
        let mut state = self.state();
        let id = state.fresh("Ev");
        if event.get("event_ts").is_none() {
            event["event_ts"] = json!(state.next_ts(now));
        }
        let mut envelope = state.event_envelope(&event);
        for (key, value) in [
            ("type", json!("event_callback")),
            ("token", json!("")),
            ("api_app_id", json!(app_id)),
            ("event", event),
            ("event_id", json!(id)),
            ("event_time", json!(now.timestamp())),
            ("event_context", json!(format!("ctx-{id}"))),
        ] {
            envelope[key] = value;
        }
        drop(state);
        self.deliveries().all.push((id.clone(), envelope));
        id
    }

    /// Delivers an event. `retry` is 0 at the first attempt.
    pub async fn deliver_event(&self, id: &str, retry: u32, reason: &str) -> AppResponse {
        let found = self
            .deliveries()
            .all
            .iter()
            .find(|(i, _)| i == id)
            .map(|(_, e)| e.clone());
        let Some(envelope) = found else {
            return AppResponse::failed("no such event");
        };
        let mut extra = vec![("content-type".to_owned(), "application/json".to_owned())];
        if retry > 0 {
            extra.push(("x-slack-retry-num".to_owned(), retry.to_string()));
            extra.push(("x-slack-retry-reason".to_owned(), reason.to_owned()));
        }
        let path = self.app().events_path.clone();
        self.send_as_slack(
            &path,
            extra,
            envelope.to_string().into_bytes(),
            Signing::Good,
        )
        .await
    }

    /// Sends a body to the app as Slack would.
    pub async fn send_as_slack(
        &self,
        path: &str,
        mut headers: Vec<(String, String)>,
        body: Vec<u8>,
        signing: Signing,
    ) -> AppResponse {
        let (base, secret, timeout) = {
            let app = self.app();
            (
                app.base_url.clone(),
                app.signing_secret.clone(),
                app.timeout,
            )
        };
        let Some(base) = base else {
            return AppResponse::failed("no app");
        };
        headers.push((
            "user-agent".to_owned(),
            "Slackbot 1.0 (simulated)".to_owned(),
        ));
        headers.extend(auth::slack_headers(
            &secret,
            self.now().timestamp(),
            &body,
            signing,
        ));
        self.app_client()
            .post(&format!("{base}{path}"), &headers, body, timeout)
            .await
    }

    /// Sends the retries that are due.
    pub async fn deliver_due_events(&self) {
        let now = self.now();
        let due: Vec<Retry> = {
            let mut deliveries = self.deliveries();
            let (due, later) = deliveries
                .waiting
                .drain(..)
                .partition(|r: &Retry| r.due <= now);
            deliveries.waiting = later;
            due
        };
        for retry in due {
            let response = self
                .deliver_event(&retry.id, retry.number, retry.reason)
                .await;
            self.plan_retry(&retry.id, retry.number, &response);
        }
    }

    /// The number of deliveries in progress, and of retries that are not due yet.
    pub fn events_open(&self) -> (usize, usize) {
        let deliveries = self.deliveries();
        (deliveries.in_flight, deliveries.waiting.len())
    }

    /// All events with their ids, oldest first.
    pub fn events_sent(&self) -> Vec<(String, Value)> {
        self.deliveries().all.clone()
    }

    /// After a failure: true if the next attempt follows at once. Later ones are scheduled.
    fn plan_retry(&self, id: &str, number: u32, response: &AppResponse) -> bool {
        let fine = response.status.is_some_and(|s| (200..300).contains(&s));
        if fine || response.header("x-slack-no-retry").is_some() {
            return false;
        }
        let reason = match (&response.error, response.status) {
            (Some(why), _) if why == "timeout" => "http_timeout",
            (Some(_), _) => "connection_failed",
            (None, _) => "http_error",
        };
        let minutes = match number {
            0 => return true,
            1 => 1,
            2 => 5,
            _ => return false,
        };
        let due = self.now() + TimeDelta::minutes(minutes);
        let retry = Retry {
            id: id.to_owned(),
            number: number + 1,
            due,
            reason,
        };
        self.deliveries().waiting.push(retry);
        false
    }
}
