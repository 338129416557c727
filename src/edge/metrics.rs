//! `/metrics`: open on the metrics port, behind `METRICS_TOKEN` on the app's.
//!
//! A scrape is answered while the database is down: its gauges keep their last value then, and the
//! counters are the process's own.

use super::bearer;
use super::problem::Problem;
use super::state::EdgeState;
use crate::domain::incident::Severity;
use crate::store::acquire_timeouts;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use std::sync::Arc;
use std::time::Duration;

/// Prometheus times out after 10 s; a slow database must not cost it the counters.
const LIMIT: Duration = Duration::from_secs(2);

pub(super) async fn guarded(State(state): State<Arc<EdgeState>>, headers: HeaderMap) -> Response {
    match &state.settings.metrics_token {
        Some(token) if !bearer::matches(&headers, token) => Problem::no_token().into_response(),
        _ => scrape(&state).await,
    }
}

pub(super) async fn open(State(state): State<Arc<EdgeState>>) -> Response {
    scrape(&state).await
}

async fn scrape(state: &EdgeState) -> Response {
    let metrics = &state.metrics;
    let (busy, idle) = state.store.connections();
    metrics.db_pool.set(["idle"], f64::from(idle));
    metrics.db_pool.set(["used"], f64::from(busy));
    metrics.db_acquire_timeouts.raise_to([], acquire_timeouts());
    // Asked first: a scrape must not wait for the gauges of a database that is down.
    let up = super::health::database_problem(state).await.is_none();
    metrics.database_up.set([], f64::from(u8::from(up)));
    if up {
        set_gauges(state).await;
    }
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], metrics.render()).into_response()
}

/// Sets the gauges about the whole service, unless they cannot be read in time.
async fn set_gauges(state: &EdgeState) {
    let read = tokio::time::timeout(LIMIT, state.store.gauges(state.now())).await;
    match read {
        Ok(Ok(gauges)) => {
            let metrics = &state.metrics;
            for (name, queue) in [("inbox", &gauges.inbox), ("outbox", &gauges.outbox)] {
                metrics.queue_length.set([name], queue.length as f64);
                metrics.queue_oldest.set([name], queue.oldest_seconds);
                metrics.dead_letters.set([name], queue.parked as f64);
            }
            for (severity, open) in Severity::ALL.into_iter().zip(gauges.incidents_open) {
                metrics.incidents_open.set([severity.as_str()], open as f64);
            }
            metrics.active_executions.set([], gauges.active as f64);
        }
        Ok(Err(error)) => tracing::warn!(%error, "the gauges could not be read"),
        Err(_elapsed) => tracing::warn!("the gauges could not be read in time"),
    }
}
