//! Effects out: claimed under a lease, carried by a courier, settled with a receipt.
//!
//! The exchange runs outside any transaction. What follows from it is decided in `plan`; this
//! file only asks, sends and writes down.

use super::{Engine, plan};
use crate::courier::{Courier, Look, Outcome, Parcel, Shown};
use crate::domain::effect::{Effect, Repeat};
use crate::domain::signal::End;
use crate::store::{Claimed, Ending, StoreError};
use crate::telemetry::traces;
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::Instrument;

/// The whole of an exchange; ours, for the client has no limit of its own.
const DEADLINE: Duration = Duration::from_secs(8);
/// What is kept in hand of the 15 s lease for settling.
const IN_HAND: Duration = Duration::from_secs(3);
const LEASE: Duration = Duration::from_secs(15);

/// Effects that were claimed together, with the pauses that held then.
pub(super) struct Batch {
    pub(super) claimed: Vec<Claimed>,
    pauses: Arc<HashMap<String, DateTime<Utc>>>,
    claimed_at: Instant,
}

/// One of a batch, ready to go.
pub(super) struct Errand {
    claimed: Claimed,
    pauses: Arc<HashMap<String, DateTime<Utc>>>,
    claimed_at: Instant,
}

impl Batch {
    pub(super) fn errands(self) -> impl Iterator<Item = Errand> {
        let Self {
            claimed,
            pauses,
            claimed_at,
        } = self;
        claimed.into_iter().map(move |claimed| Errand {
            claimed,
            pauses: pauses.clone(),
            claimed_at,
        })
    }
}

impl Engine {
    /// Delivers what is due, all at once up to the concurrency; returns how many were claimed.
    pub async fn delivery_step(self: &Arc<Self>) -> Result<usize, StoreError> {
        let batch = self.claim_batch(self.parts.concurrency).await?;
        let claimed = batch.claimed.len();
        let under_way: Vec<_> = batch
            .errands()
            .map(|errand| {
                let engine = self.clone();
                tokio::spawn(async move { engine.run_errand(errand).await })
            })
            .collect();
        for errand in under_way {
            if let Err(error) = errand.await {
                tracing::error!(error = %error, "a delivery panicked; its lease runs out by itself");
            }
        }
        Ok(claimed)
    }

    pub(super) async fn claim_batch(&self, free: usize) -> Result<Batch, StoreError> {
        let now = self.parts.clock.now();
        let claimed_at = Instant::now();
        let limit = i64::try_from(free).unwrap_or(i64::MAX);
        let claimed = self.parts.store.claim_effects(now, limit).await?;
        let pauses = if claimed.is_empty() {
            HashMap::new()
        } else {
            self.parts.store.pauses(now).await?
        };
        Ok(Batch {
            claimed,
            pauses: Arc::new(pauses),
            claimed_at,
        })
    }

    /// Carries one effect; whatever happens, the row says so, or its lease runs out.
    pub(super) async fn run_errand(&self, errand: Errand) {
        let claimed = errand.claimed.clone();
        let span = tracing::info_span!(
            "deliver",
            effect.id = %claimed.id,
            effect.kind = claimed.effect.kind(),
            effect.attempt = claimed.attempts,
            lane = %claimed.lane,
            outcome = tracing::field::Empty,
        );
        traces::continue_from(&span, claimed.traceparent.as_deref());
        async {
            match self.deliver(errand).await {
                Ok(()) => {}
                Err(StoreError::Fenced) => {
                    tracing::warn!("the lease went to somebody else; they look for it");
                }
                Err(error) => {
                    self.parts.metrics.error("engine");
                    tracing::warn!(error = %error, "an effect could not be settled; its lease runs out by itself");
                }
            }
        }
        .instrument(span)
        .await;
    }

    async fn deliver(&self, errand: Errand) -> Result<(), StoreError> {
        let Errand {
            claimed,
            pauses,
            claimed_at,
        } = errand;
        let now = self.parts.clock.now();
        let Some(courier) = self.couriers.get(&claimed.effect.provider()).cloned() else {
            let end = End::Dropped {
                why: "not_configured".to_owned(),
            };
            return self.settle(&claimed, Ending::Over(end), now).await;
        };
        let looking = claimed.uncertain && claimed.effect.repeat() == Repeat::LookFirst;
        let scopes = if looking {
            courier.look_scopes(&claimed.effect)
        } else {
            courier.pause_scopes(&claimed.effect)
        };
        let paused_until = scopes
            .iter()
            .map(String::as_str)
            .chain([claimed.effect.provider().as_str()])
            .filter_map(|scope| pauses.get(scope))
            .max()
            .copied();
        if let Some(ending) = plan::before_exchange(&claimed, paused_until, now) {
            return self.settle(&claimed, ending, now).await;
        }
        let ending = if looking {
            let parcel = self.parcel(&claimed, now, None).await?;
            if spent(claimed_at) {
                return self
                    .settle(&claimed, plan::out_of_time(&claimed, now), now)
                    .await;
            }
            let look = self.look(&*courier, &parcel).await?;
            plan::after_look(look, &claimed, self.parts.clock.now(), rand::random())
        } else {
            let shown = self.shown(&claimed.effect).await?;
            if matches!(shown, Some(Shown::Nothing)) {
                return self
                    .settle(&claimed, plan::nothing_to_show(&claimed.effect), now)
                    .await;
            }
            let parcel = self.parcel(&claimed, now, shown).await?;
            if spent(claimed_at) {
                return self
                    .settle(&claimed, plan::out_of_time(&claimed, now), now)
                    .await;
            }
            let outcome = self.exchange(&*courier, &parcel).await?;
            plan::after_exchange(outcome, &claimed, self.parts.clock.now(), rand::random())
        };
        self.settle(&claimed, ending, self.parts.clock.now()).await
    }

    async fn parcel(
        &self,
        claimed: &Claimed,
        now: DateTime<Utc>,
        shown: Option<Shown>,
    ) -> Result<Parcel, StoreError> {
        let store = &self.parts.store;
        let last_known_ts = if claimed.uncertain {
            store.last_known_ts(&claimed.lane).await?
        } else {
            None
        };
        let again = claimed.uncertain || claimed.attempts > 1;
        let taken_rooms = match &claimed.effect {
            Effect::CreateRoom { .. } if again => store.incident_rooms().await?,
            _ => Vec::new(),
        };
        Ok(Parcel {
            id: claimed.id,
            effect: claimed.effect.clone(),
            shown,
            first_attempt_at: claimed.first_attempt_at,
            last_known_ts,
            after_uncertain: again,
            taken_rooms,
            now,
            deadline: DEADLINE,
        })
    }

    async fn exchange(
        &self,
        courier: &dyn Courier,
        parcel: &Parcel,
    ) -> Result<Outcome, StoreError> {
        let began = Instant::now();
        let outcome = tokio::time::timeout(
            DEADLINE + Duration::from_millis(500),
            courier.deliver(parcel),
        )
        .await
        .unwrap_or_else(|_late| Outcome::Uncertain {
            code: "timeout".to_owned(),
        });
        let provider = courier.provider();
        let word = match &outcome {
            Outcome::Done(_) => "ok",
            Outcome::Refused { .. } => "refused",
            Outcome::Later { .. } => "later",
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
            } => {
                self.answered(courier);
                self.pause(pauses, *after, code).await?;
            }
            Outcome::Failed { code } | Outcome::Uncertain { code } => {
                tracing::warn!(error = %code, "an exchange failed");
                self.failed(courier, code).await?;
            }
        }
        Ok(outcome)
    }

    async fn look(&self, courier: &dyn Courier, parcel: &Parcel) -> Result<Look, StoreError> {
        let look =
            tokio::time::timeout(DEADLINE + Duration::from_millis(500), courier.look(parcel))
                .await
                .unwrap_or_else(|_late| Look::Failed {
                    code: "timeout".to_owned(),
                    after: None,
                    pauses: Vec::new(),
                });
        tracing::info!(
            found = matches!(look, Look::Found(_)),
            "looked for an effect whose end was unknown"
        );
        match &look {
            Look::Found(_) | Look::Absent | Look::Unreadable { .. } => self.answered(courier),
            Look::Failed {
                code, after: None, ..
            } => self.failed(courier, code).await?,
            Look::Failed {
                code,
                after: Some(after),
                pauses,
            } => {
                self.answered(courier);
                self.pause(pauses, *after, code).await?;
            }
        }
        Ok(look)
    }

    fn answered(&self, courier: &dyn Courier) {
        self.breakers.answered(courier.provider());
        self.parts.metrics.breaker(courier.provider().as_str(), 0);
    }

    async fn failed(&self, courier: &dyn Courier, code: &str) -> Result<(), StoreError> {
        let provider = courier.provider();
        let Some(pause) = self.breakers.failed(provider) else {
            return Ok(());
        };
        self.parts.metrics.breaker(provider.as_str(), 1);
        tracing::warn!(
            provider = provider.as_str(),
            seconds = pause.as_secs(),
            "the breaker is open"
        );
        self.write_pause(&[provider.as_str().to_owned()], pause, code)
            .await
    }

    /// Writes the pauses that a provider asked for. When a second room of a method is limited, it
    /// is the method that is limited.
    async fn pause(
        &self,
        scopes: &[String],
        after: Duration,
        code: &str,
    ) -> Result<(), StoreError> {
        let mut scopes = scopes.to_vec();
        let now = self.parts.clock.now();
        for scope in scopes.clone() {
            let mut parts = scope.splitn(3, ':');
            let (Some(provider), Some(method), Some(_room)) =
                (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let method = format!("{provider}:{method}");
            if self
                .parts
                .store
                .another_room_paused(&method, &scope, now)
                .await?
            {
                scopes.push(method);
            }
        }
        self.write_pause(&scopes, after, code).await
    }

    async fn write_pause(
        &self,
        scopes: &[String],
        after: Duration,
        code: &str,
    ) -> Result<(), StoreError> {
        let after = chrono::Duration::from_std(after).unwrap_or(chrono::Duration::minutes(5));
        self.parts
            .store
            .pause(scopes, self.parts.clock.now() + after, code)
            .await
    }

    async fn settle(
        &self,
        claimed: &Claimed,
        ending: Ending,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.parts.store.settle(claimed, &ending, now).await?;
        let word = match &ending {
            Ending::Again { .. } => "again",
            Ending::Unsure { .. } => "unsure",
            Ending::Over(end) => {
                let word = end_word(end);
                self.parts.metrics.effect_ended(claimed.effect.kind(), word);
                word
            }
        };
        tracing::Span::current().record("outcome", word);
        match &ending {
            Ending::Over(End::Parked { code }) => {
                tracing::error!(
                    error = %code,
                    "an effect is parked: `wardroom outbox retry {}` tries it again", claimed.id
                );
            }
            Ending::Over(End::Refused { code }) if !claimed.effect.has_another_way(code) => {
                tracing::warn!(error = %code, "the provider refused an effect; it is parked");
            }
            _ => {
                let waited = (now - claimed.created_at).num_milliseconds().max(0);
                tracing::info!(outcome = word, since_decided_ms = waited, "settled");
            }
        }
        Ok(())
    }
}

/// Whether what is left of a lease does not cover an exchange: the last moment to know is right
/// before it.
fn spent(claimed_at: Instant) -> bool {
    claimed_at.elapsed() + DEADLINE + IN_HAND > LEASE
}

fn end_word(end: &End) -> &'static str {
    match end {
        End::Done(_) => "done",
        End::Refused { .. } => "refused",
        End::Expired => "expired",
        End::Uncertain { .. } => "uncertain",
        End::Parked { .. } => "parked",
        End::Dropped { .. } => "dropped",
    }
}
