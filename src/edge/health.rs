//! The probes.
//!
//! Liveness depends on nothing: a restart repairs no database. Readiness is 503 only when something
//! required is missing, and asks the database at most once a second, however often it is asked.

use super::state::EdgeState;
use crate::store::StoreError;
use crate::telemetry::health::Condition;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long an answer of the database is used. With the engine's stall and the ping's limit this keeps
/// the promise to become unready within 6 s.
const FRESH: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_millis(500);

/// The database's last answers.
#[derive(Debug, Default)]
pub(super) struct Probe {
    /// The database's problem, if it has one.
    problem: Mutex<Option<(Instant, Option<&'static str>)>>,
    migrated: Mutex<Option<(Instant, bool)>>,
}

pub(super) async fn live() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

pub(super) async fn ready(State(state): State<Arc<EdgeState>>) -> Response {
    let found = check(&state).await;
    let body = json!({"status": found.status(), "checks": found.checks});
    (found.code(), Json(body)).into_response()
}

pub(super) async fn startup(State(state): State<Arc<EdgeState>>) -> Response {
    if !state.health.was_ready() {
        let found = check(&state).await;
        if found.required_missing {
            let body = json!({"status": "starting", "checks": found.checks});
            return (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response();
        }
    }
    Json(json!({"status": "ok"})).into_response()
}

pub(super) async fn summary(State(state): State<Arc<EdgeState>>, headers: HeaderMap) -> Response {
    if wants_text(&headers) {
        return "OK".into_response();
    }
    let found = check(&state).await;
    Json(json!({
        "status": found.status(),
        "version": state.build.version,
        "uptime_seconds": state.health.uptime().as_secs(),
        "components": found.checks,
    }))
    .into_response()
}

pub(super) async fn version(State(state): State<Arc<EdgeState>>) -> Response {
    Json(json!({
        "version": state.build.version,
        "commit": state.build.commit,
        "build_date": state.build.built_at,
    }))
    .into_response()
}

/// Whether the header asks for plain text, before any JSON.
fn wants_text(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT);
    let accept = accept.and_then(|value| value.to_str().ok());
    let accept = accept.unwrap_or_default().to_ascii_lowercase();
    let kinds = accept.split(',').filter_map(|kind| kind.split(';').next());
    let mut kinds = kinds.map(str::trim);
    kinds.find(|kind| ["text/plain", "application/json"].contains(kind)) == Some("text/plain")
}

struct Found {
    required_missing: bool,
    degraded: bool,
    checks: Map<String, Value>,
}

impl Found {
    fn status(&self) -> &'static str {
        match (self.required_missing, self.degraded) {
            (true, _) => "unhealthy",
            (false, true) => "degraded",
            (false, false) => "ok",
        }
    }

    fn code(&self) -> StatusCode {
        match self.required_missing {
            true => StatusCode::SERVICE_UNAVAILABLE,
            false => StatusCode::OK,
        }
    }
}

async fn check(state: &EdgeState) -> Found {
    let health = &state.health;
    let unmigrated = !is_migrated(state).await;
    let stalled = !health.engine_moves();
    let draining = health.is_draining();
    let required = [
        ("database", database_problem(state).await),
        (
            "migrations",
            unmigrated.then_some("the schema is not ready"),
        ),
        ("engine", stalled.then_some("the engine makes no progress")),
        ("draining", draining.then_some("the process is stopping")),
    ];
    let mut found = Found {
        required_missing: required.iter().any(|(_, problem)| problem.is_some()),
        degraded: false,
        checks: Map::new(),
    };
    for (name, condition) in health.components() {
        let check = match condition {
            Condition::Ok => json!({"status": "ok"}),
            Condition::Degraded(why) => {
                found.degraded = true;
                json!({"status": "degraded", "detail": why})
            }
        };
        found.checks.insert(name.to_owned(), check);
    }
    for (name, problem) in required {
        match problem {
            Some(problem) => {
                let check = json!({"status": "fail", "detail": problem});
                found.checks.insert(name.to_owned(), check);
            }
            // The engine is a component too: it may be outdated.
            None => {
                let ok = || json!({"status": "ok"});
                found.checks.entry(name).or_insert_with(ok);
            }
        }
    }
    if !found.required_missing && health.mark_ready() {
        tracing::info!("ready");
    }
    found
}

/// The database's problem; `None`: it answers and takes writes. Concurrent callers wait for one answer.
///
/// An engine that has just been answered is proof enough: the probe must not wait for a connection that
/// busy workers hold, nor report a database as down because they are busy.
pub(super) async fn database_problem(state: &EdgeState) -> Option<&'static str> {
    if state.health.engine_idle().is_some_and(|idle| idle < FRESH) {
        return None;
    }
    let mut last = state.probe.problem.lock().await;
    if let Some((at, problem)) = *last
        && at.elapsed() < FRESH
    {
        state.metrics.cache_hits.inc(["readiness"]);
        return problem;
    }
    state.metrics.cache_misses.inc(["readiness"]);
    // Once more after an error: the first use of a dead connection fails.
    let ping = async {
        match state.store.ping().await {
            Err(StoreError::Unavailable(_)) => state.store.ping().await,
            pinged => pinged,
        }
    };
    let pinged = tokio::time::timeout(LIMIT, ping).await;
    let problem = match pinged.unwrap_or(Err(StoreError::Silent)) {
        Ok(()) => None,
        Err(StoreError::Unfit(unfit)) => Some(unfit.summary()),
        Err(StoreError::ReadOnly) => Some("the database takes no writes"),
        Err(_) => Some("the database does not answer"),
    };
    *last = Some((Instant::now(), problem));
    problem
}

/// Whether every migration is applied, by the last answer: a busy database or one that is down changes
/// nothing.
async fn is_migrated(state: &EdgeState) -> bool {
    let mut last = state.probe.migrated.lock().await;
    if let Some((at, migrated)) = *last
        && at.elapsed() < FRESH
    {
        return migrated;
    }
    let asked = tokio::time::timeout(LIMIT, state.store.is_migrated()).await;
    let before = last.is_none_or(|(_, migrated)| migrated);
    let migrated = asked.ok().and_then(Result::ok).unwrap_or(before);
    *last = Some((Instant::now(), migrated));
    migrated
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn plain_text_is_sent_only_when_it_is_asked_for_first() {
        for (accept, text) in [
            ("text/plain", true),
            ("text/plain; charset=utf-8, */*", true),
            ("TEXT/PLAIN", true),
            ("application/json, text/plain", false),
            ("*/*", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(wants_text(&headers), text, "{accept}");
        }
    }
}
