//! While a provider is down, one effect at the end of each pause finds out whether it answers again, for
//! all replicas: the half-open state of a circuit breaker.
//!
//! A probe that sent nothing is given back: the provider must not stay paused because of an effect
//! that had expired, or whose method is paused.

use super::Engine;
use super::delivery::STORE_LIMIT;
use crate::domain::effect::{Priority, Provider};
use crate::store::{Claimed, StoreError, Which};
use chrono::{DateTime, Duration, Utc};

/// A probe of this process: the others wait until then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe(DateTime<Utc>);

/// Until when the others wait for the result of a probe: as for its lease.
pub(super) fn probe_until(provider: Provider, now: DateTime<Utc>) -> DateTime<Utc> {
    now + Duration::from_std(provider.lease()).unwrap_or(Duration::MAX)
}

impl Engine {
    /// Claims one effect as the probe; one that may be repeated first, because its loss costs nothing.
    pub(super) async fn claim_probe(
        &self,
        provider: Provider,
        priority: Priority,
        now: DateTime<Utc>,
    ) -> Result<Vec<Claimed>, StoreError> {
        for which in [Which::Repeatable, Which::All] {
            let claimed = self
                .claim_effects(provider, priority, 1, which, now)
                .await?;
            if !claimed.is_empty() {
                return Ok(claimed);
            }
        }
        Ok(Vec::new())
    }

    /// Takes the one probe of all replicas, unless another process has it.
    pub(super) async fn take_probe(&self, provider: Provider, now: DateTime<Utc>) -> Option<Probe> {
        let store = &self.parts.store;
        let until = probe_until(provider, now);
        let taking = store.take_probe(provider.as_str(), until, now);
        let taken = store.within(STORE_LIMIT, taking).await;
        let taken = taken.unwrap_or_else(|error| {
            tracing::warn!(%error, "a probe of a provider could not be recorded");
            false
        });
        taken.then_some(Probe(until))
    }

    /// Ends a probe that sent nothing: its time becomes now, and the next effect may be the probe. A
    /// longer pause, which a failure wrote meanwhile, stays.
    pub(super) async fn give_back_probe(&self, provider: Provider, probe: Probe) {
        let store = &self.parts.store;
        let now = self.parts.clock.now();
        let giving = store.take_probe(provider.as_str(), now, probe.0);
        if let Err(error) = store.within(STORE_LIMIT, giving).await {
            tracing::warn!(%error, "a probe of a provider could not be given back");
        }
        store.wakes().outbox(provider).notify_one();
    }
}
