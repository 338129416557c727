//! Effects out: claimed under a lease, delivered by a courier, settled with a receipt.
//!
//! The exchange runs outside any transaction. What follows from it is decided in `plan`; this
//! file only claims, sends and saves.

use super::probe::{Probe, probe_until};
use super::{Engine, plan};
use crate::courier::{AnyCourier, Parcel};
use crate::domain::effect::{Effect, Priority, Provider, Repeat};
use crate::domain::signal::End;
use crate::store::{Claimed, Counted, Ending, Pause, StoreError, Which};
use crate::telemetry::traces;
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tracing::Instrument;

/// Work with the database around an exchange; the lease covers it.
pub(super) const STORE_LIMIT: Duration = Duration::from_secs(5);
/// A settling that failed is tried again after this long, while the lease lasts.
const SETTLE_AGAIN: Duration = Duration::from_millis(250);
/// What is kept of the lease for settling.
const SETTLE_RESERVE: Duration = Duration::from_secs(3);

/// A claimed effect, with the pauses that were in force when it was claimed.
pub(super) struct Delivery {
    claimed: Claimed,
    pauses: Arc<HashMap<String, Pause>>,
    claimed_at: Instant,
    probe: Option<Probe>,
}

/// An effect as it is now, or how it ends because it is held back. No effect: there is nothing to show any more.
type Prepared = Result<(Option<Effect>, Parcel), Box<Ending>>;

impl Engine {
    /// Delivers what is due, all at once up to the concurrency; returns how many were claimed.
    pub async fn delivery_step(self: &Arc<Self>) -> Result<usize, StoreError> {
        let mut deliveries = Vec::new();
        for provider in self.couriers.keys() {
            for (priority, free) in provider.slots(self.parts.concurrency) {
                deliveries.extend(self.claim_deliveries(*provider, priority, free).await?);
            }
        }
        let claimed = deliveries.len();
        let mut running = JoinSet::new();
        for delivery in deliveries {
            let engine = self.clone();
            running.spawn(async move { engine.run_delivery(delivery).await });
        }
        while let Some(ended) = running.join_next().await {
            if let Err(error) = ended {
                tracing::error!(error = %error, "a delivery panicked; its lease runs out by itself");
            }
        }
        Ok(claimed)
    }

    /// Claims what is due for a provider. While it is down that is nothing in turn, and a single
    /// effect at the end of each pause. What is to go at once is always claimed: it expires, and
    /// its person is answered by another way.
    pub(super) async fn claim_deliveries(
        &self,
        provider: Provider,
        priority: Priority,
        free: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let now = self.parts.clock.now();
        let store = &self.parts.store;
        // The pauses first: once something is claimed, nothing may fail before it is delivered.
        let mut pauses = store.within(STORE_LIMIT, store.pauses(now)).await?;
        let own = pauses.get(provider.as_str()).copied();
        let down = own.is_some_and(|pause| pause.down_since.is_some());
        let paused = own.is_some_and(|pause| pause.until > now);
        self.breakers.seen(provider, down);
        self.show_breaker(provider, down || paused);
        if paused && priority == Priority::InTurn {
            return Ok(Vec::new());
        }
        let claimed_at = Instant::now();
        let probing = down && !paused;
        let claimed = if probing {
            self.claim_probe(provider, priority, now).await?
        } else {
            let claiming = self.claim_effects(provider, priority, free, Which::All, now);
            claiming.await?
        };
        let mut probe = None;
        if probing && !claimed.is_empty() {
            probe = self.take_probe(provider, now).await;
            if probe.is_none() {
                let by_another_process = Pause {
                    until: probe_until(provider, now),
                    down_since: Some(now),
                };
                pauses.insert(provider.as_str().to_owned(), by_another_process);
            }
        }
        let pauses = Arc::new(pauses);
        let claimed = claimed.into_iter().map(|claimed| Delivery {
            claimed,
            pauses: pauses.clone(),
            claimed_at,
            probe,
        });
        Ok(claimed.collect())
    }

    /// Claims at most `limit` effects, and only those that the provider's courier delivers.
    pub(super) async fn claim_effects(
        &self,
        provider: Provider,
        priority: Priority,
        limit: usize,
        which: Which,
        now: DateTime<Utc>,
    ) -> Result<Vec<Claimed>, StoreError> {
        let courier = self.couriers.get(&provider);
        let only = courier.and_then(|courier| courier.only());
        let which = only.map_or(which, Which::Only);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let store = &self.parts.store;
        let claiming = store.claim_effects(now, limit, provider, priority, which);
        store.within(STORE_LIMIT, claiming).await
    }

    /// Delivers one effect; whatever happens, the row says so, or its lease runs out.
    pub(super) async fn run_delivery(&self, mut delivery: Delivery) {
        let claimed = &mut delivery.claimed;
        let span = tracing::info_span!(
            "deliver",
            effect.id = %claimed.id,
            effect.kind = claimed.effect.kind(),
            effect.purpose = claimed.origin.purpose(),
            effect.attempt = claimed.attempts,
            lane = %claimed.lane,
            outcome = tracing::field::Empty,
        );
        traces::continue_from(&span, claimed.traceparent.as_deref());
        // The receipt follows from this attempt.
        let own = traces::traceparent(&span);
        claimed.traceparent = own.or(claimed.traceparent.take());
        async {
            let Err(error) = self.deliver(&mut delivery).await else {
                return;
            };
            if matches!(error, StoreError::Fenced) {
                tracing::warn!("another process has the lease; it looks the effect up");
            } else {
                self.parts.metrics.error("engine");
                tracing::warn!(error = %error, "an effect could not be settled; its lease runs out by itself");
            }
            // By the time the database can be reached again, another process may have taken over.
            self.show_again(&delivery.claimed).await;
        }
        .instrument(span)
        .await;
    }

    async fn deliver(&self, delivery: &mut Delivery) -> Result<(), StoreError> {
        let provider = delivery.claimed.effect.provider();
        // Only what a courier here delivers is claimed.
        let Some(courier) = self.couriers.get(&provider).cloned() else {
            return Ok(());
        };
        let prepared = self.prepare(&*courier, delivery).await;
        let (ending, unused_probe) = match prepared {
            Ok((effect, parcel)) => {
                let sending = self.send(&*courier, &delivery.claimed, &effect, &parcel);
                (sending.await, None)
            }
            Err(ending) => (*ending, delivery.probe),
        };
        let settled = self
            .settle(&delivery.claimed, ending, delivery.claimed_at)
            .await;
        if let Some(probe) = unused_probe {
            self.give_back_probe(provider, probe).await;
        }
        settled
    }

    /// The effect as it is now and what its exchange or lookup needs to know; or how it ends unsent.
    async fn prepare(
        &self,
        courier: &dyn AnyCourier,
        delivery: &mut Delivery,
    ) -> Result<(Effect, Parcel), Box<Ending>> {
        let now = self.parts.clock.now();
        let claimed = &mut delivery.claimed;
        let scopes = if is_lookup(claimed) {
            courier.reconcile_scopes(&claimed.effect)
        } else {
            courier.pause_scopes(&claimed.effect)
        };
        let scopes = scopes.iter().map(String::as_str);
        let paused_until = scopes
            .chain([courier.provider().as_str()])
            .filter_map(|scope| Some(delivery.pauses.get(scope)?.until))
            .filter(|until| *until > now)
            .max();
        if let Some(ending) = plan::before_exchange(claimed, paused_until, now) {
            return Err(Box::new(ending));
        }
        if let Some(ending) = plan::held_back(claimed, self.rules().github.healing.held_back()) {
            return Err(Box::new(ending));
        }
        let completing = self.complete(claimed, now);
        let unsent = match self.parts.store.within(STORE_LIMIT, completing).await {
            Ok(Err(ending)) => return Err(ending),
            Ok(Ok((Some(effect), parcel))) if !spent(&effect, delivery.claimed_at) => {
                return Ok((effect, parcel));
            }
            Ok(Ok((Some(_), _))) => plan::out_of_time(claimed, now),
            // It only shows state, and there is none, or it is shown already.
            Ok(Ok((None, _))) => plan::nothing_to_show(),
            Err(error) => {
                tracing::warn!(%error, "what an effect needs to know could not be read");
                let counted = match error.is_passing() {
                    true => Counted::No,
                    false => Counted::Yes,
                };
                plan::unprepared(claimed, counted, now, rand::random())
            }
        };
        Err(Box::new(unsent))
    }

    /// Completes the effect and loads what its exchange or lookup needs to know.
    async fn complete(
        &self,
        claimed: &mut Claimed,
        now: DateTime<Utc>,
    ) -> Result<Prepared, StoreError> {
        let store = &self.parts.store;
        let held_back = store.held_back(&claimed.origin, &claimed.effect).await?;
        if let Some(ending) = plan::held_back(claimed, held_back) {
            return Ok(Err(Box::new(ending)));
        }
        let again = plan::may_have_happened(claimed);
        let (origin, effect) = (&claimed.origin, claimed.effect.clone());
        let rules = self.rules();
        let completing = store.complete(origin, effect, again, &rules, now);
        let mut effect = completing.await?;
        if let Some(state) = effect.as_ref().and_then(Effect::state) {
            // An earlier attempt without an answer may arrive later and replace this state.
            let sole = !claimed.uncertain && claimed.failed_at.is_none();
            claimed.shows = sole.then_some(state);
            if store.shows_already(claimed).await? {
                effect = None;
            }
        }
        let mark = match claimed.uncertain || claimed.looked_to.is_some() {
            true => store.newest_mark(&claimed.lane).await?,
            false => None,
        };
        let parcel = Parcel {
            id: claimed.id,
            first_attempt_at: claimed.first_attempt_at,
            mark,
            after_uncertain: again,
            looked_to: claimed.looked_to.clone(),
            delayed_from: plan::delayed_from(claimed, now),
            now,
            deadline: claimed.effect.deadline(),
        };
        Ok(Ok((effect, parcel)))
    }

    async fn send(
        &self,
        courier: &dyn AnyCourier,
        claimed: &Claimed,
        effect: &Effect,
        parcel: &Parcel,
    ) -> Ending {
        let charge = || {
            let standing = self.breakers.standing(courier.provider());
            plan::charge(claimed, standing.answered_at, standing.down)
        };
        let now = || self.parts.clock.now();
        if is_lookup(claimed) {
            let lookup = self.reconcile(courier, effect, parcel).await;
            plan::after_lookup(lookup, claimed, charge(), now(), rand::random())
        } else {
            let outcome = self.exchange(courier, effect, parcel).await;
            plan::after_exchange(outcome, claimed, charge(), now(), rand::random())
        }
    }

    /// Settles while the lease lasts: a database that is away for a moment must not make what is
    /// known uncertain.
    async fn settle(
        &self,
        claimed: &Claimed,
        ending: Ending,
        claimed_at: Instant,
    ) -> Result<(), StoreError> {
        let now = self.parts.clock.now();
        let store = &self.parts.store;
        let lease = claimed.effect.provider().lease();
        let mut tries = 0;
        loop {
            tries += 1;
            match store
                .within(STORE_LIMIT, store.settle(claimed, &ending, now))
                .await
            {
                Ok(()) => break,
                // An earlier try of ours went through, and only its answer was lost.
                Err(StoreError::Fenced) if tries > 1 => break,
                Err(error) if error.is_passing() && claimed_at.elapsed() + STORE_LIMIT < lease => {
                    tracing::warn!(error = %error, "an effect could not be settled yet");
                    tokio::time::sleep(SETTLE_AGAIN).await;
                }
                Err(error) => return Err(error),
            }
        }
        self.tell(claimed, &ending, now);
        Ok(())
    }

    /// An exchange of ours may have come after that of the process that took over, with an older state: what
    /// shows state is shown once more, so that the late one is replaced.
    async fn show_again(&self, claimed: &Claimed) {
        if claimed.effect.coalesce_key().is_none() {
            return;
        }
        let now = self.parts.clock.now();
        let store = &self.parts.store;
        let shown = store.within(STORE_LIMIT, store.show_again(claimed, now));
        if let Err(error) = shown.await {
            tracing::warn!(%error, "what a late exchange showed could not be shown anew");
        }
    }

    fn tell(&self, claimed: &Claimed, ending: &Ending, now: DateTime<Utc>) {
        let word = match ending {
            Ending::Again { .. } => "again",
            Ending::Unsure { .. } => "unsure",
            Ending::Over(end) => {
                let word = end_word(end);
                self.parts
                    .metrics
                    .actions
                    .inc([claimed.effect.kind(), word]);
                word
            }
        };
        tracing::Span::current().record("outcome", word);
        match ending {
            Ending::Over(End::Parked { code }) => {
                self.parts.metrics.error("engine");
                tracing::error!(
                    error = %code,
                    "an effect is parked: `wardroom outbox retry {}` tries it again", claimed.id
                );
            }
            Ending::Over(End::Refused { code })
                if !claimed.origin.has_another_way(&claimed.effect, code) =>
            {
                tracing::warn!(error = %code, "the provider refused an effect; it is parked");
            }
            Ending::Again { .. } | Ending::Unsure { .. } | Ending::Over(_) => {
                let waited = (now - claimed.created_at).num_milliseconds().max(0);
                tracing::info!(outcome = word, since_decided_ms = waited, "settled");
            }
        }
    }
}

/// Whether what is left of a lease does not cover an exchange: the last moment to know is right
/// before it.
fn spent(effect: &Effect, claimed_at: Instant) -> bool {
    claimed_at.elapsed() + effect.deadline() + SETTLE_RESERVE > effect.provider().lease()
}

fn is_lookup(claimed: &Claimed) -> bool {
    claimed.uncertain && claimed.effect.repeat() == Repeat::LookUpFirst
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
