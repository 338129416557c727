//! `/__sim/…`: the methods of [`Workspace`] over HTTP, for clients in other languages.
//!
//! It is not part of Slack and requires no token, so a workspace listens on loopback. Requests and
//! responses are JSON; an invalid operation is answered with 400 and `error`.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::github;
use super::operations::Operation;
use super::server::json_response;
use super::workspace::Workspace;

pub(crate) fn routes() -> Router<Workspace> {
    Router::new()
        .route("/state", get(state))
        .route("/wait", get(wait))
        .route("/operation", post(operation))
        .route("/github", get(github::overview).post(github::operation))
}

fn good(value: Value) -> Response {
    json_response(StatusCode::OK, &value)
}

async fn state(State(workspace): State<Workspace>) -> Response {
    let snapshot = serde_json::to_value(workspace.snapshot()).unwrap_or_default();
    good(
        json!({"version": workspace.version(), "state": snapshot, "held": workspace.held(),
                "bot_user": workspace.bot_user(), "statuspage": workspace.component_changes()}),
    )
}

#[derive(Deserialize)]
struct Since {
    version: u64,
    #[serde(default)]
    millis: Option<u64>,
}

/// Responds when the workspace has changed since `version`, or after `millis`.
async fn wait(State(workspace): State<Workspace>, Query(since): Query<Since>) -> Response {
    let mut versions = workspace.versions();
    let timeout = Duration::from_millis(since.millis.unwrap_or(30_000));
    let newer = versions.wait_for(|version| *version > since.version);
    let changed = tokio::time::timeout(timeout, newer).await.is_ok();
    good(json!({"changed": changed, "version": workspace.version()}))
}

async fn operation(State(workspace): State<Workspace>, body: Bytes) -> Response {
    let operation: Operation = match serde_json::from_slice(&body) {
        Ok(operation) => operation,
        Err(error) => {
            return json_response(
                StatusCode::BAD_REQUEST,
                &json!({"error": error.to_string()}),
            );
        }
    };
    match operation.run(&workspace).await {
        Ok(value) => good(value),
        Err(why) => json_response(StatusCode::BAD_REQUEST, &json!({"error": why})),
    }
}
