//! `/metrics`: open on the metrics port, behind `METRICS_TOKEN` on the app's.
//!
//! A scrape must tell something while the database is down: its gauges keep their last value then,
//! and the counters are the process's own anyway.

use super::bearer;
use super::problem::Problem;
use super::state::EdgeState;
use crate::domain::incident::Severity;
use crate::store::{Gauges, QueueGauge, acquire_timeouts};
use crate::telemetry::metrics::{QueueGauges, ServiceGauges};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use std::sync::Arc;
use std::time::Duration;

/// Prometheus gives up after 10 s; a database that is slow must not cost it the counters.
const PATIENCE: Duration = Duration::from_secs(2);

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
    let (busy, idle) = state.store.connections();
    state.metrics.db_pool(i64::from(idle), i64::from(busy));
    state.metrics.db_acquire_timeouts(acquire_timeouts());
    // Asked first: a scrape must not wait for the gauges of a database that is away.
    let up = super::health::database_ails(state).await.is_none();
    state.metrics.database_up(up);
    let service = if up { read(state).await } else { None };
    let text = state.metrics.render(service.as_ref());
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// The gauges about the whole service; `None`: they could not be read in time.
async fn read(state: &EdgeState) -> Option<ServiceGauges> {
    match tokio::time::timeout(PATIENCE, state.store.gauges(state.now())).await {
        Ok(Ok(gauges)) => Some(service(&gauges)),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the gauges could not be read");
            None
        }
        Err(_elapsed) => {
            tracing::warn!("the gauges could not be read in time");
            None
        }
    }
}

fn service(gauges: &Gauges) -> ServiceGauges {
    let queue = |name: &'static str, gauge: &QueueGauge| QueueGauges {
        queue: name,
        length: gauge.length,
        oldest_seconds: gauge.oldest_seconds,
        dead: gauge.parked,
    };
    ServiceGauges {
        queues: vec![
            queue("inbox", &gauges.inbox),
            queue("outbox", &gauges.outbox),
        ],
        incidents_open: Severity::ALL
            .into_iter()
            .map(Severity::as_str)
            .zip(gauges.incidents_open)
            .collect(),
        active_executions: gauges.active,
        backup_last_success: None,
    }
}
