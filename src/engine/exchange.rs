//! One exchange or one lookup, and what follows for the provider: metrics, health, circuit breaker, pauses.
//!
//! A pause that cannot be saved is only a warning: the exchange's own outcome must not get lost over it.

use super::{Engine, plan};
use crate::courier::{AnyCourier, Lookup, Outcome, Parcel};
use crate::domain::effect::{Effect, Provider};
use crate::store::StoreError;
use crate::telemetry::health::Condition;
use std::time::{Duration, Instant};

/// The couriers keep to the parcel's deadline themselves; so much later they are cut off.
const CUT_OFF: Duration = Duration::from_millis(500);
/// Saving a pause must not use up the lease.
const STORE_LIMIT: Duration = Duration::from_secs(2);

/// What an exchange or a lookup says about the provider.
enum Contact<'a> {
    Answered,
    /// It was not asked.
    None,
    /// It answered that these scopes must wait.
    Limited(&'a [String], Duration, &'a str),
    /// It did not answer, or only that it failed.
    Failed(&'a str),
}

/// How the metrics call an outcome, and what it says about the provider.
fn said(outcome: &Outcome) -> (&'static str, Contact<'_>) {
    match outcome {
        Outcome::Done(_) => ("ok", Contact::Answered),
        Outcome::Refused { .. } => ("refused", Contact::Answered),
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
        } => ("later", Contact::Limited(pauses, *after, code)),
        Outcome::Unauthorized { .. } => ("failed", Contact::Answered),
        Outcome::Failed { code } => ("failed", Contact::Failed(code)),
        Outcome::ServerError { code } | Outcome::Uncertain { code } => {
            ("uncertain", Contact::Failed(code))
        }
        Outcome::Elsewhere { outcome, answered } => {
            let contact = match answered {
                true => Contact::Answered,
                false => Contact::None,
            };
            (said(outcome).0, contact)
        }
    }
}

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
        let (result, contact) = said(&outcome);
        if let Outcome::Unauthorized { code } = &outcome {
            tracing::warn!(error = %code, "the provider does not accept our credentials");
            self.parts.metrics.error(courier.provider().as_str());
        }
        let service = courier.provider().as_str();
        let metrics = &self.parts.metrics;
        metrics.external.inc([service, result]);
        metrics
            .external_duration
            .observe([service], began.elapsed());
        if let Some(healthy) = courier.is_healthy(&outcome) {
            let failure = outcome.code().filter(|_| !healthy).map(str::to_owned);
            let problem = failure.or_else(|| courier.warning(self.parts.clock.now()));
            let condition = problem.map_or(Condition::Ok, Condition::Degraded);
            self.parts.health.set(service, condition);
        }
        self.learn(courier.provider(), contact).await;
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
        let contact = match &lookup {
            Lookup::Found(_)
            | Lookup::Absent
            | Lookup::Partly { .. }
            | Lookup::Refused { .. }
            | Lookup::Unreadable { .. } => Contact::Answered,
            Lookup::Unfinished {
                after,
                code,
                pauses,
                ..
            }
            | Lookup::Failed {
                code,
                after: Some(after),
                pauses,
            } => Contact::Limited(pauses, *after, code),
            Lookup::Failed {
                code, after: None, ..
            } => Contact::Failed(code),
        };
        self.learn(courier.provider(), contact).await;
        lookup
    }

    async fn learn(&self, provider: Provider, contact: Contact<'_>) {
        if let Contact::None = contact {
            return;
        }
        if let Contact::Failed(code) = contact {
            tracing::warn!(error = %code, "a request to the provider failed");
            self.parts.metrics.error(provider.as_str());
            return self.provider_failed(provider, code).await;
        }
        self.provider_answered(provider).await;
        if let Contact::Limited(scopes, after, code) = contact {
            let saving = self.pause(scopes, after, code);
            if let Err(error) = self.parts.store.within(STORE_LIMIT, saving).await {
                tracing::warn!(error = %error, "a pause could not be saved");
            }
        }
    }

    /// A provider answered this process. When it was down, everything that waits for it is delivered
    /// again, by all replicas.
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
                tracing::warn!(%error, "that a provider answers again could not be saved");
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
            Err(error) => tracing::warn!(%error, "a pause could not be saved"),
        }
    }

    pub(super) fn show_breaker(&self, provider: Provider, open: bool) {
        let breaker = &self.parts.metrics.breaker;
        breaker.set([provider.as_str()], f64::from(u8::from(open)));
    }

    /// Saves the pauses that a provider asked for. When a second target of a method is limited, the method
    /// is limited as a whole.
    async fn pause(
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
            let (Some(provider), Some(method), Some(_target)) =
                (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let method = format!("{provider}:{method}");
            if store.another_target_paused(&method, scope, now).await? {
                all.push(method);
            }
        }
        let after = chrono::Duration::from_std(after).unwrap_or(plan::LONGEST_WAIT);
        store
            .pause(&all, now + after.min(plan::LONGEST_WAIT), code)
            .await
    }
}
