//! The trial: while a provider is down, one effect at the end of each pause finds out whether it
//! answers again, for all replicas.
//!
//! A trial that sent nothing is given back: the provider must not stay paused because of an effect
//! that had expired, or whose method is paused.

use super::Engine;
use super::delivery::STORE_LIMIT;
use crate::domain::effect::{Priority, Provider};
use crate::store::{Claimed, StoreError, Which};
use chrono::{DateTime, Utc};

/// While one process finds out whether a provider answers again, the others wait: as for its lease.
pub(super) fn length(provider: Provider) -> chrono::Duration {
    chrono::Duration::from_std(provider.lease()).unwrap_or(chrono::Duration::MAX)
}

/// A trial of this process: the others wait until then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trial(DateTime<Utc>);

impl Engine {
    /// One effect, to find out whether a provider answers again; one whose loss costs nothing first.
    pub(super) async fn claim_trial(
        &self,
        provider: Provider,
        priority: Priority,
        now: DateTime<Utc>,
    ) -> Result<Vec<Claimed>, StoreError> {
        let store = &self.parts.store;
        for which in [Which::Repeatable, Which::All] {
            let which = self.carried(provider, which);
            let claiming = store.claim_effects(now, 1, provider, priority, which);
            let claimed = store.within(STORE_LIMIT, claiming).await?;
            if !claimed.is_empty() {
                return Ok(claimed);
            }
        }
        Ok(Vec::new())
    }

    /// Takes the one attempt of all replicas, unless another process has it.
    pub(super) async fn take_trial(&self, provider: Provider, now: DateTime<Utc>) -> Option<Trial> {
        let store = &self.parts.store;
        let until = now + length(provider);
        let taking = store.take_trial(provider.as_str(), until, now);
        let taken = store.within(STORE_LIMIT, taking).await;
        let taken = taken.unwrap_or_else(|error| {
            tracing::warn!(%error, "the attempt at a provider's return could not be taken");
            false
        });
        taken.then_some(Trial(until))
    }

    /// Ends a trial that sent nothing: its time becomes now, and the next effect may try. A longer
    /// pause, which a failure wrote meanwhile, stays.
    pub(super) async fn give_back_trial(&self, provider: Provider, trial: Trial) {
        let store = &self.parts.store;
        let now = self.parts.clock.now();
        let giving = store.take_trial(provider.as_str(), now, trial.0);
        if let Err(error) = store.within(STORE_LIMIT, giving).await {
            tracing::warn!(%error, "a provider's trial could not be given back");
        }
        store.wakes().outbox(provider).notify_one();
    }
}
