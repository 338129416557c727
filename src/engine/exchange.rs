//! One exchange or one lookup, and what the rest of the house learns from it: the metrics, the
//! breaker, the pauses.
//!
//! What could not be written down about a pause is only a warning: the exchange's own outcome must
//! not get lost over it.

use super::{Engine, plan};
use crate::courier::{AnyCourier, Lookup, Outcome, Parcel};
use crate::domain::effect::{Effect, Provider};
use crate::store::StoreError;
use std::time::{Duration, Instant};

/// The couriers keep to the parcel's deadline themselves; so much later they are cut off.
const CUT_OFF: Duration = Duration::from_millis(500);
/// Writing a pause down must not eat up the lease.
const STORE_LIMIT: Duration = Duration::from_secs(2);

impl Engine {
    pub(super) async fn exchange(
        &self,
        courier: &dyn AnyCourier,
        effect: &Effect,
        parcel: &Parcel,
    ) -> Outcome {
        let began = Instant::now();
        let outcome = courier.deliver(effect, parcel);
        let outcome = tokio::time::timeout(parcel.deadline + CUT_OFF, outcome).await;
        let outcome = outcome.unwrap_or_else(|_late| Outcome::Uncertain {
            code: "timeout".to_owned(),
        });
        let provider = courier.provider();
        let word = match &outcome {
            Outcome::Done(_) => "ok",
            Outcome::Refused { .. } => "refused",
            Outcome::Later { .. } | Outcome::Partly { .. } => "later",
            Outcome::Failed { .. } | Outcome::Unauthorized { .. } => "failed",
            Outcome::ServerError { .. } | Outcome::Uncertain { .. } => "uncertain",
        };
        let metrics = &self.parts.metrics;
        metrics.external.inc([provider.as_str(), word]);
        let duration = &metrics.external_duration;
        duration.observe([provider.as_str()], began.elapsed());
        match &outcome {
            Outcome::Done(_) | Outcome::Refused { .. } => {
                self.provider_answered(provider).await;
            }
            Outcome::Unauthorized { code } => {
                tracing::warn!(error = %code, "the provider does not accept our credentials");
                self.provider_answered(provider).await;
            }
            Outcome::Later {
                after,
                pauses,
                code,
            }
            | Outcome::Partly {
                after,
                pauses,
                code,
                ..
            } => {
                self.provider_answered(provider).await;
                self.pause(pauses, *after, code).await;
            }
            Outcome::Failed { code }
            | Outcome::ServerError { code }
            | Outcome::Uncertain { code } => {
                tracing::warn!(error = %code, "an exchange failed");
                self.provider_failed(provider, code).await;
            }
        }
        outcome
    }

    pub(super) async fn reconcile(
        &self,
        courier: &dyn AnyCourier,
        effect: &Effect,
        parcel: &Parcel,
    ) -> Lookup {
        let lookup = courier.reconcile(effect, parcel);
        let lookup = tokio::time::timeout(parcel.deadline + CUT_OFF, lookup).await;
        let lookup = lookup.unwrap_or_else(|_late| Lookup::Failed {
            code: "timeout".to_owned(),
            after: None,
            pauses: Vec::new(),
        });
        let found = matches!(lookup, Lookup::Found(_));
        tracing::info!(found, "looked up an effect whose end was unknown");
        match &lookup {
            Lookup::Found(_)
            | Lookup::Absent
            | Lookup::Partly { .. }
            | Lookup::Refused { .. }
            | Lookup::Unreadable { .. } => {
                self.provider_answered(courier.provider()).await;
            }
            Lookup::Unfinished {
                after,
                code,
                pauses,
                ..
            } => {
                self.provider_answered(courier.provider()).await;
                self.pause(pauses, *after, code).await;
            }
            Lookup::Failed {
                code, after: None, ..
            } => self.provider_failed(courier.provider(), code).await,
            Lookup::Failed {
                code,
                after: Some(after),
                pauses,
            } => {
                self.provider_answered(courier.provider()).await;
                self.pause(pauses, *after, code).await;
            }
        }
        lookup
    }

    /// A provider answered somebody of this process. When it was down, everything that waits for it
    /// goes out, on all replicas.
    pub async fn provider_answered(&self, provider: Provider) {
        let now = self.parts.clock.now();
        if !self.breakers.answered(provider, now) {
            return;
        }
        self.show_breaker(provider, false);
        let store = &self.parts.store;
        let ended = store.provider_answered(provider.as_str(), now);
        match store.within(STORE_LIMIT, ended).await {
            Ok(Some(since)) => {
                let seconds = (now - since).num_seconds();
                tracing::info!(
                    provider = provider.as_str(),
                    seconds,
                    "the provider answers again"
                );
            }
            Ok(None) => {}
            // The next attempt finds out the same.
            Err(error) => {
                tracing::warn!(%error, "that a provider answers again could not be written down");
            }
        }
        store.wakes().outbox(provider).notify_one();
    }

    async fn provider_failed(&self, provider: Provider, code: &str) {
        let before = self.breakers.standing(provider);
        if !self.breakers.failed(provider) {
            return;
        }
        self.show_breaker(provider, true);
        let now = self.parts.clock.now();
        let store = &self.parts.store;
        let paused = store.provider_failed(provider.as_str(), code, now);
        match store.within(STORE_LIMIT, paused).await {
            Ok(()) if before.down => {}
            Ok(()) => tracing::warn!(
                provider = provider.as_str(),
                error = %code,
                "the provider does not answer; what is meant for it waits"
            ),
            Err(error) => tracing::warn!(%error, "a pause could not be written down"),
        }
    }

    pub(super) fn show_breaker(&self, provider: Provider, open: bool) {
        let breaker = &self.parts.metrics.breaker;
        breaker.set([provider.as_str()], f64::from(u8::from(open)));
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
