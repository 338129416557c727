//! What is said of a decision: its span, its line of the log, its counts. Once per signal, also where
//! several share a transaction.

use super::Engine;
use crate::domain::areas::{Event, Origin, Signal};
use crate::domain::decision::Decision;
use crate::store::{StoreError, StoredSignal};
use crate::telemetry::metrics::event_type;
use crate::telemetry::traces;
use chrono::{DateTime, Utc};
use std::time::Instant;

/// A signal's span: what is logged and traced of its decision.
pub(super) fn span_of(stored: &StoredSignal) -> tracing::Span {
    let span = tracing::info_span!(
        "decide",
        signal.id = %stored.id,
        signal.kind = %stored.kind,
        signal.source = %stored.source,
        outcome = tracing::field::Empty,
    );
    traces::continue_from(&span, stored.traceparent.as_deref());
    span
}

/// Says of a signal's span that nothing came of it: the signal is decided another time.
pub(super) fn note_again(span: &tracing::Span) {
    span.record("outcome", "again");
}

impl Engine {
    /// Says that a decision stands, in the log and the metrics; within the signal's span.
    pub(super) fn note_decided(
        &self,
        stored: &StoredSignal,
        signal: &Signal,
        decision: &Decision<(), Origin>,
        began: Instant,
    ) {
        let outcome = decision.outcome.as_str();
        let took = began.elapsed();
        let metrics = &self.parts.metrics;
        metrics.signal_decided(&event_type(&stored.source, &stored.kind), outcome, took);
        for measure in &decision.measures {
            metrics.measure(measure);
        }
        tracing::Span::current().record("outcome", outcome);
        if let Event::Incomplete { what, lacks } = &signal.event {
            tracing::warn!(event = %what, lacks, "an incomplete event is ignored");
        }
        tracing::info!(
            effects = decision.effects.len(),
            duration_ms = took.as_millis() as u64,
            "decided"
        );
    }

    /// Says that a signal could not be decided, and sets it aside; within the signal's span.
    pub(super) async fn note_failed(
        &self,
        stored: &StoredSignal,
        why: &str,
        signal: Option<Signal>,
        began: Instant,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let metrics = &self.parts.metrics;
        metrics.signal_decided(
            &event_type(&stored.source, &stored.kind),
            "failed",
            began.elapsed(),
        );
        self.set_aside(stored, why, signal, now).await
    }
}
