//! What became of a signal: its span, its line of the log, its counts; and what follows when it could not
//! be decided. Once per signal, also where several share a transaction.
//!
//! A signal that fails is tried again with growing pauses and then parked: listed, counted, reported to an
//! operator, never dropped, and it blocks no other. One that another version wrote has not failed: it is
//! left to that version, and parked only when none runs any more.

use super::Engine;
use crate::domain::areas::{Event, Origin, Signal};
use crate::domain::decision::Decision;
use crate::domain::signal::ParkedRow;
use crate::store::{Arrival, Others, StoreError, StoredSignal, Then};
use crate::telemetry::metrics::event_type;
use crate::telemetry::traces;
use chrono::{DateTime, Duration, Utc};
use std::time::Instant;

/// A signal that failed this often is parked: after about a minute.
const ATTEMPTS: i32 = 6;

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
    /// Says that a decision is saved, in the log and the metrics; within the signal's span.
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

    /// Says that a signal could not be decided, and has it wait for its next attempt, or parks it; within the
    /// signal's span.
    pub(super) async fn note_failed(
        &self,
        stored: &StoredSignal,
        why: &str,
        signal: Option<Box<Signal>>,
        began: Instant,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let metrics = &self.parts.metrics;
        let kind = event_type(&stored.source, &stored.kind);
        metrics.signal_decided(&kind, "failed", began.elapsed());
        metrics.error("engine");
        let attempts = stored.attempts + 1;
        if attempts >= ATTEMPTS {
            return self.park(stored, why, signal, now).await;
        }
        tracing::warn!(
            attempts,
            error = why,
            "a signal could not be decided; it is tried again"
        );
        let again = Then::Again(now + Duration::seconds(1 << attempts.clamp(0, 6)));
        let failed = self.parts.store.signal_failed(stored, why, &again, now);
        failed.await.map(|_first| ())
    }

    /// Leaves a signal that this version cannot read to another one.
    pub(super) async fn leave_to_others(
        &self,
        stored: &StoredSignal,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let left = self.parts.store.leave_signal_to_others(stored, why, now);
        match left.await? {
            Others::MayRead => {
                tracing::warn!(
                    error = why,
                    "a signal cannot be read here; it is left to other processes"
                );
                Ok(())
            }
            Others::CannotEither => self.park(stored, why, None, now).await,
        }
    }

    async fn park(
        &self,
        stored: &StoredSignal,
        why: &str,
        signal: Option<Box<Signal>>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let store = &self.parts.store;
        tracing::error!(
            error = why,
            "a signal is parked: `wardroom inbox replay {}` retries it",
            stored.id
        );
        let parked = ParkedRow {
            signal: stored.id,
            effect: None,
            area: signal
                .as_ref()
                .and_then(|signal| signal.event.area())
                .map(|area| area.to_string()),
            what: format!("{} {}", stored.source, stored.kind),
            reply_to: signal.and_then(|signal| signal.event.reply_to().cloned()),
        };
        // A parked notice about a parked notice would have no end.
        let notice = match serde_json::to_vec(&parked) {
            Ok(body) if stored.source != "engine" => Some(Box::new(Arrival {
                source: "engine",
                kind: "parked".to_owned(),
                dedup_key: format!("parked:{}:{}", stored.id, now.timestamp_micros()),
                subject: format!("parked:{}", stored.id),
                headers: serde_json::json!({}),
                body: body.into(),
                traceparent: stored.traceparent.clone(),
                at: now,
            })),
            Ok(_) | Err(_) => None,
        };
        store
            .signal_failed(stored, why, &Then::Park(notice), now)
            .await?;
        Ok(())
    }
}
