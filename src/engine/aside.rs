//! Signals that could not be decided: tried again, left to other versions, put aside.
//!
//! A signal that fails is tried again with growing pauses and then parked. One that another version
//! wrote has not failed: it is left to that version, and parked only when none runs any more.

use super::Engine;
use crate::domain::areas::Signal;
use crate::domain::signal::ParkedRow;
use crate::store::{Arrival, Others, StoreError, StoredSignal, Then};
use chrono::{DateTime, Duration, Utc};

/// A signal that failed this often is parked: after about a minute.
const ATTEMPTS: i32 = 6;

impl Engine {
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

    pub(super) async fn set_aside(
        &self,
        stored: &StoredSignal,
        why: &str,
        signal: Option<Signal>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let store = &self.parts.store;
        self.parts.metrics.error("engine");
        let attempts = stored.attempts + 1;
        if attempts < ATTEMPTS {
            tracing::warn!(
                attempts,
                error = why,
                "a signal could not be decided; it is tried again"
            );
            let pause = Duration::seconds(1 << attempts.clamp(0, 6));
            store
                .signal_failed(stored, why, &Then::Again(now + pause), now)
                .await?;
            return Ok(());
        }
        self.park(stored, why, signal, now).await
    }

    async fn park(
        &self,
        stored: &StoredSignal,
        why: &str,
        signal: Option<Signal>,
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
            area: None,
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
