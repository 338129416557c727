//! Makes an arrival durable, or says that it is not.
//!
//! The one place of the edge that appends. Whoever sent it is answered 2xx after this has said yes,
//! and 503 otherwise; the writer keeps within the promised 2.5 s, and settles the fate of a commit
//! that nobody knows before it says no.

use super::problem::Problem;
use super::state::EdgeState;
use crate::store::{Appended, Arrival};
use crate::telemetry::metrics::event_type;

/// Appends. A duplicate is as good as new, and counted.
pub(super) async fn keep(state: &EdgeState, arrival: Arrival) -> Result<Appended, Problem> {
    let source = arrival.source;
    let kind = arrival.kind.clone();
    match state.store.append(arrival).await {
        Ok(appended) => {
            if let Appended::Duplicate(id) = appended {
                state
                    .metrics
                    .signal_not_stored(&event_type(source, &kind), "duplicate");
                tracing::debug!(signal.id = %id, signal.kind = kind, source, "came before");
            }
            Ok(appended)
        }
        Err(error) => {
            state.metrics.error("store");
            tracing::warn!(%error, source, signal.kind = kind, "answered 503: not durable");
            Err(Problem::unavailable())
        }
    }
}
