//! One exchange or one look, and what the rest of the house learns from it: the metrics, the
//! breaker, the pauses.
//!
//! What could not be written down about a pause is only a warning: the exchange's own outcome must
//! not get lost over it.

use super::{Engine, plan};
use crate::courier::{Courier, Look, Outcome, Parcel};
use crate::store::StoreError;
use std::time::{Duration, Instant};

/// The couriers keep to the parcel's deadline themselves; this is the net below.
const IN_ANY_CASE: Duration = Duration::from_millis(plan::DEADLINE.num_milliseconds() as u64 + 500);
/// Writing a pause down must not eat up the lease.
const STORE_LIMIT: Duration = Duration::from_secs(2);

impl Engine {
    pub(super) async fn exchange(&self, courier: &dyn Courier, parcel: &Parcel) -> Outcome {
        let began = Instant::now();
        let outcome = tokio::time::timeout(IN_ANY_CASE, courier.deliver(parcel)).await;
        let outcome = outcome.unwrap_or_else(|_late| Outcome::Uncertain {
            code: "timeout".to_owned(),
        });
        let provider = courier.provider();
        let word = match &outcome {
            Outcome::Done(_) => "ok",
            Outcome::Refused { .. } => "refused",
            Outcome::Later { .. } | Outcome::Partly { .. } => "later",
            Outcome::Failed { .. } => "failed",
            Outcome::Uncertain { .. } => "uncertain",
        };
        self.parts
            .metrics
            .external(provider.as_str(), word, began.elapsed());
        match &outcome {
            Outcome::Done(_) | Outcome::Refused { .. } => self.answered(courier),
            Outcome::Later {
                after,
                pauses,
                code,
            }
            | Outcome::Partly {
                after,
                pauses,
                code,
            } => {
                self.answered(courier);
                self.pause(pauses, *after, code).await;
            }
            Outcome::Failed { code } | Outcome::Uncertain { code } => {
                tracing::warn!(error = %code, "an exchange failed");
                self.failed(courier, code).await;
            }
        }
        outcome
    }

    pub(super) async fn look(&self, courier: &dyn Courier, parcel: &Parcel) -> Look {
        let look = tokio::time::timeout(IN_ANY_CASE, courier.look(parcel)).await;
        let look = look.unwrap_or_else(|_late| Look::Failed {
            code: "timeout".to_owned(),
            after: None,
            pauses: Vec::new(),
        });
        let found = matches!(look, Look::Found(_));
        tracing::info!(found, "looked for an effect whose end was unknown");
        match &look {
            Look::Found(_) | Look::Absent | Look::Unreadable { .. } => self.answered(courier),
            Look::Failed {
                code, after: None, ..
            } => self.failed(courier, code).await,
            Look::Failed {
                code,
                after: Some(after),
                pauses,
            } => {
                self.answered(courier);
                self.pause(pauses, *after, code).await;
            }
        }
        look
    }

    fn answered(&self, courier: &dyn Courier) {
        self.breakers.answered(courier.provider());
        self.parts.metrics.breaker(courier.provider().as_str(), 0);
    }

    async fn failed(&self, courier: &dyn Courier, code: &str) {
        let provider = courier.provider();
        let Some(pause) = self.breakers.failed(provider) else {
            return;
        };
        self.parts.metrics.breaker(provider.as_str(), 1);
        let seconds = pause.as_secs();
        tracing::warn!(provider = provider.as_str(), seconds, "the breaker is open");
        self.pause(&[provider.as_str().to_owned()], pause, code)
            .await;
    }

    /// Writes the pauses that a provider asked for. When a second room of a method is limited, it
    /// is the method that is limited.
    async fn pause(&self, scopes: &[String], after: Duration, code: &str) {
        let writing = self.write_pause(scopes, after, code);
        if let Err(error) = self.parts.store.within(STORE_LIMIT, writing).await {
            tracing::warn!(error = %error, "a pause could not be written down");
        }
    }

    async fn write_pause(
        &self,
        scopes: &[String],
        after: Duration,
        code: &str,
    ) -> Result<(), StoreError> {
        let store = &self.parts.store;
        let now = self.parts.clock.now();
        let mut all = scopes.to_vec();
        for scope in scopes {
            let mut parts = scope.splitn(3, ':');
            let (Some(provider), Some(method), Some(_room)) =
                (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let method = format!("{provider}:{method}");
            if store.another_room_paused(&method, scope, now).await? {
                all.push(method);
            }
        }
        let after = chrono::Duration::from_std(after).unwrap_or(plan::LONGEST_WAIT);
        store
            .pause(&all, now + after.min(plan::LONGEST_WAIT), code)
            .await
    }
}
