//! The probes.
//!
//! Liveness touches nothing: restarting us never mends a database. Readiness says 503 only when
//! something required is missing, and asks the database at most once a second, whoever asks us.

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

/// How long an answer of the database counts. With the engine's stall and a ping's patience this
/// keeps the promise to turn unready within 6 s of a loss.
const FRESH: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_millis(500);

/// The database's last answers.
#[derive(Debug, Default)]
pub(super) struct Probe {
    /// What it is not; `None`: it is well.
    ails: Mutex<Option<(Instant, Option<&'static str>)>>,
    /// Whether it had every migration.
    migrated: Mutex<Option<(Instant, bool)>>,
}

pub(super) async fn live() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

pub(super) async fn ready(State(state): State<Arc<EdgeState>>) -> Response {
    let found = look(&state).await;
    let body = json!({"status": found.word(), "checks": found.checks});
    (found.status(), Json(body)).into_response()
}

pub(super) async fn startup(State(state): State<Arc<EdgeState>>) -> Response {
    if !state.health.was_ready() {
        let found = look(&state).await;
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
    let found = look(&state).await;
    Json(json!({
        "status": found.word(),
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

/// Whether plain text is asked for, before any JSON.
fn wants_text(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    let mut kinds = accept.unwrap_or_default().split(',').map(|kind| {
        kind.split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    });
    kinds.find(|kind| kind == "text/plain" || kind == "application/json")
        == Some("text/plain".into())
}

/// What was found.
struct Found {
    required_missing: bool,
    degraded: bool,
    checks: Map<String, Value>,
}

impl Found {
    fn require(&mut self, name: &str, why_not: Option<&str>) {
        self.required_missing |= why_not.is_some();
        let check = match why_not {
            None => json!({"status": "ok"}),
            Some(why) => json!({"status": "fail", "detail": why}),
        };
        self.checks.insert(name.to_owned(), check);
    }

    fn word(&self) -> &'static str {
        match (self.required_missing, self.degraded) {
            (true, _) => "unhealthy",
            (false, true) => "degraded",
            (false, false) => "ok",
        }
    }

    fn status(&self) -> StatusCode {
        if self.required_missing {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::OK
        }
    }
}

async fn look(state: &EdgeState) -> Found {
    let health = &state.health;
    let missing = |bad: bool, why: &'static str| bad.then_some(why);
    let mut found = Found {
        required_missing: false,
        degraded: false,
        checks: Map::new(),
    };
    found.require("database", database_ails(state).await);
    let migrated = has_migrations(state).await;
    found.require("migrations", missing(!migrated, "the schema is not ready"));
    let moves = health.engine_moves();
    found.require("engine", missing(!moves, "the engine makes no progress"));
    let draining = health.is_draining();
    found.require(
        "draining",
        missing(draining, "the process is on its way out"),
    );
    for (name, condition) in health.components() {
        // The engine has both: it may stand still, and it may be outdated.
        let fails = |check: &Value| check["status"] == "fail";
        if found.checks.get(name).is_some_and(fails) {
            continue;
        }
        let check = match condition {
            Condition::Ok => json!({"status": "ok"}),
            Condition::Degraded(why) => {
                found.degraded = true;
                json!({"status": "degraded", "detail": why})
            }
        };
        found.checks.insert(name.to_owned(), check);
    }
    if !found.required_missing && health.mark_ready() {
        tracing::info!("ready");
    }
    found
}

/// What ails the database; `None`: it answers, takes writes, and lets us work. Those who ask at the
/// same time wait for one answer.
///
/// An engine that has just been answered is proof enough: the probe must not wait for a connection
/// that busy workers hold, nor call a database lost because they are busy.
pub(super) async fn database_ails(state: &EdgeState) -> Option<&'static str> {
    if state.health.engine_idle().is_some_and(|idle| idle < FRESH) {
        return None;
    }
    let mut last = state.probe.ails.lock().await;
    if let Some((at, ails)) = *last
        && at.elapsed() < FRESH
    {
        state.metrics.cache_hit("readiness");
        return ails;
    }
    state.metrics.cache_missed("readiness");
    // Once more after an error: the first use of a connection that has died shows as one.
    let ping = async {
        match state.store.ping().await {
            Err(StoreError::Unavailable(_)) => state.store.ping().await,
            pinged => pinged,
        }
    };
    let pinged = tokio::time::timeout(PATIENCE, ping).await;
    let ails = pinged
        .unwrap_or(Err(StoreError::Silent))
        .err()
        .map(|error| match error {
            StoreError::Unfit(unfit) => unfit.summary(),
            StoreError::ReadOnly => "the database takes no writes",
            _ => "the database does not answer",
        });
    *last = Some((Instant::now(), ails));
    ails
}

/// Whether every migration is there, as far as the database has said: one that is busy or away says
/// nothing new.
async fn has_migrations(state: &EdgeState) -> bool {
    let mut last = state.probe.migrated.lock().await;
    if let Some((at, had)) = *last
        && at.elapsed() < FRESH
    {
        return had;
    }
    let asked = tokio::time::timeout(PATIENCE, state.store.is_migrated()).await;
    let before = last.is_none_or(|(_, had)| had);
    let has = asked.ok().and_then(Result::ok).unwrap_or(before);
    *last = Some((Instant::now(), has));
    has
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn plain_text_is_given_only_to_those_who_ask_for_it_first() {
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
