//! Appends an arrival to the inbox, or answers that it could not.
//!
//! The only place of the edge that appends. A sender gets 2xx after the append is committed, and 503
//! otherwise. The writer answers within the promised 2.5 s, and finds out what became of a commit whose
//! result is unknown before it reports an error.

use super::problem::Problem;
use super::state::EdgeState;
use crate::store::{Appended, Arrival};
use crate::telemetry::metrics::event_type;

/// A duplicate is answered like the first one, and counted.
pub(super) async fn append(state: &EdgeState, arrival: Arrival) -> Result<Appended, Problem> {
    let source = arrival.source;
    let kind = arrival.kind.clone();
    let appended = state.store.append(arrival).await.map_err(|error| {
        state.metrics.error("store");
        tracing::warn!(%error, source, signal.kind = kind, "answered 503: not durable");
        Problem::unavailable()
    })?;
    if let Appended::Duplicate(id) = appended {
        let event_type = event_type(source, &kind);
        state.metrics.signal_counted(&event_type, "duplicate");
        tracing::debug!(signal.id = %id, signal.kind = kind, source, "duplicate");
    }
    Ok(appended)
}
