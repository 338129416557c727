//! Deliveries of the App's webhooks: what was sent, what came back, and redelivery.
//!
//! A redelivery has the guid of the first attempt and an id of its own. GitHub repeats nothing itself,
//! and keeps deliveries for three days.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::accounts::stamp;
use super::call::{Answer, Call, Outcome};
use super::endpoint::Endpoint;
use super::permissions::Needs;
use super::refusal::Refusal;
use super::state::Webhook;
use crate::state::Moment;

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get(
        "apps/list-webhook-deliveries",
        "/app/hook/deliveries",
        Needs::App,
        list,
    ),
    Endpoint::get(
        "apps/get-webhook-delivery",
        "/app/hook/deliveries/{delivery_id}",
        Needs::App,
        one,
    ),
    Endpoint::post(
        "apps/redeliver-webhook-delivery",
        "/app/hook/deliveries/{delivery_id}/attempts",
        Needs::App,
        redeliver,
    ),
];

/// One attempt to hand over a webhook.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) id: u64,
    pub(crate) webhook: Webhook,
    pub(crate) at: Moment,
    pub(crate) redelivery: bool,
    pub(crate) seconds: f64,
    /// `OK`, or what went wrong.
    pub(crate) status: String,
    pub(crate) code: u16,
    pub(crate) request_headers: Value,
    pub(crate) response_headers: Value,
    pub(crate) response_body: String,
}

impl Delivery {
    fn json(&self) -> Value {
        json!({
            "id": self.id, "guid": self.webhook.guid, "delivered_at": stamp(self.at),
            "redelivery": self.redelivery, "duration": self.seconds, "status": self.status,
            "status_code": self.code, "event": self.webhook.event,
            "action": self.webhook.payload["action"], "installation_id": self.webhook.installation,
            "repository_id": self.webhook.repository, "throttled_at": null,
        })
    }
}

fn list(call: &mut Call<'_>) -> Outcome {
    let oldest = call.now - call.state.behaviour.deliveries_kept;
    let wanted = call.query("status");
    let kept = call.state.deliveries.iter().rev();
    let kept = kept.filter(|delivery| delivery.at >= oldest);
    let kept = kept.filter(|delivery| match wanted {
        Some("success") => (200..400).contains(&delivery.code),
        Some("failure") => (400..600).contains(&delivery.code),
        _ => true,
    });
    Ok(Answer::Cursor(kept.map(Delivery::json).collect()))
}

fn find(call: &Call<'_>) -> Result<Delivery, Refusal> {
    let id = call.number("delivery_id")?;
    let oldest = call.now - call.state.behaviour.deliveries_kept;
    let found = call
        .state
        .deliveries
        .iter()
        .find(|d| d.id == id && d.at >= oldest);
    found.cloned().ok_or_else(Refusal::not_found)
}

fn one(call: &mut Call<'_>) -> Outcome {
    let delivery = find(call)?;
    let mut shown = delivery.json();
    shown["url"] = json!("https://app.example/webhooks");
    shown["request"] =
        json!({"headers": delivery.request_headers, "payload": delivery.webhook.payload});
    shown["response"] =
        json!({"headers": delivery.response_headers, "payload": delivery.response_body});
    Ok(Answer::ok(shown))
}

fn redeliver(call: &mut Call<'_>) -> Outcome {
    let delivery = find(call)?;
    call.state.redeliveries.push_back(delivery.webhook);
    Ok(Answer::Json(StatusCode::ACCEPTED, json!({})))
}
