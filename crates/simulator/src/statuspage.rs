//! A Statuspage: a component has the status that was set last.
//!
//! With rate limits, one request a second by key. Every change is recorded, so that a test also sees a
//! status that was replaced soon.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::args::Args;
use super::server::{json_response, slack_response, text_header, under_faults};
use super::workspace::Workspace;

const STATUSES: [&str; 5] = [
    "operational",
    "under_maintenance",
    "degraded_performance",
    "partial_outage",
    "major_outage",
];

pub(crate) struct Statuspage {
    key: String,
    pub(crate) changes: Vec<(String, String, String)>,
}

impl Statuspage {
    pub(crate) fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            changes: Vec::new(),
        }
    }

    fn current(&self, page: &str) -> Map<String, Value> {
        let of_page = self.changes.iter().filter(|(p, _, _)| p == page);
        of_page
            .map(|(_, component, status)| (component.clone(), json!(status)))
            .collect()
    }
}

impl Workspace {
    /// All changes, oldest first: component and status.
    pub fn component_changes(&self) -> Vec<(String, String)> {
        let page = self.statuspage();
        page.changes
            .iter()
            .map(|(_, component, status)| (component.clone(), status.clone()))
            .collect()
    }

    pub fn component_status(&self, component: &str) -> Option<String> {
        let changes = self.component_changes();
        changes
            .into_iter()
            .rev()
            .find(|(c, _)| c == component)
            .map(|(_, status)| status)
    }
}

fn authorised(workspace: &Workspace, headers: &HeaderMap) -> bool {
    let key = workspace.statuspage().key.clone();
    text_header(headers, "authorization") == format!("OAuth {key}")
}

fn denied(status: StatusCode, why: &str) -> Response {
    json_response(status, &json!({"error": why}))
}

pub(crate) async fn patch(
    State(workspace): State<Workspace>,
    Path((page, component)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let parsed: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let mut args = Args::default();
    args.0.insert("component".to_owned(), json!(component));
    args.0.insert("body".to_owned(), parsed.clone());
    let number = workspace.record("statuspage", &args);
    let there = workspace.clone();
    let fault_key = component.clone();
    let perform = move || {
        let (status, outcome, body) = set(&there, &headers, &page, &component, &parsed);
        there.note_outcome(number, outcome);
        there.changed();
        match body {
            Some(body) => json_response(status, &body),
            None => denied(status, outcome),
        }
    };
    under_faults(
        &workspace,
        number,
        "statuspage",
        Some(&fault_key),
        slack_response,
        perform,
    )
    .await
}

fn set(
    workspace: &Workspace,
    headers: &HeaderMap,
    page: &str,
    component: &str,
    body: &Value,
) -> (StatusCode, &'static str, Option<Value>) {
    if !authorised(workspace, headers) {
        return (StatusCode::UNAUTHORIZED, "Could not authenticate", None);
    }
    if workspace.admit_paced("statuspage", 1).is_err() {
        return (StatusCode::TOO_MANY_REQUESTS, "Too many requests", None);
    }
    let Some(status) = body["component"]["status"].as_str() else {
        return (StatusCode::BAD_REQUEST, "component is missing", None);
    };
    if !STATUSES.contains(&status) {
        return (
            StatusCode::UNPROCESSABLE_ENTITY,
            "Status is not included in the list",
            None,
        );
    }
    let entry = (page.to_owned(), component.to_owned(), status.to_owned());
    workspace.statuspage().changes.push(entry);
    let shown = json!({"id": component, "page_id": page, "name": component, "status": status});
    (StatusCode::OK, "ok", Some(shown))
}

pub(crate) async fn list(
    State(workspace): State<Workspace>,
    Path(page): Path<String>,
    headers: HeaderMap,
) -> Response {
    if !authorised(&workspace, &headers) {
        return denied(StatusCode::UNAUTHORIZED, "Could not authenticate");
    }
    let current = workspace.statuspage().current(&page);
    let all: Vec<Value> = current
        .into_iter()
        .map(|(id, status)| json!({"id": id, "status": status}))
        .collect();
    json_response(StatusCode::OK, &json!(all))
}
