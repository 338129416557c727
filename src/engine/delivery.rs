//! Effects out: claimed under a lease, carried by a courier, settled with a receipt.
//!
//! The exchange runs outside any transaction. What follows from it is decided in `plan`; this
//! file only asks, sends and writes down.

use super::trial::Trial;
use super::{Engine, plan, trial};
use crate::courier::Parcel;
use crate::domain::effect::{Effect, Priority, Provider, Repeat};
use crate::domain::signal::End;
use crate::store::{Claimed, Counted, Ending, Pause, StoreError, Which};
use crate::telemetry::traces;
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::Instrument;

/// Work with the database around an exchange; the lease covers it.
pub(super) const STORE_LIMIT: Duration = Duration::from_secs(5);
/// A settling that failed is tried again after this long, while the lease lasts.
const SETTLE_AGAIN: Duration = Duration::from_millis(250);
/// What is kept of the lease for settling.
const IN_HAND: Duration = Duration::from_secs(3);

/// Effects that were claimed together, with the pauses that held then.
pub(super) struct Batch {
    pub(super) claimed: Vec<Claimed>,
    pauses: Arc<HashMap<String, Pause>>,
    claimed_at: Instant,
    trial: Option<Trial>,
}

/// One of a batch, ready to go.
pub(super) struct Errand {
    claimed: Claimed,
    pauses: Arc<HashMap<String, Pause>>,
    claimed_at: Instant,
    trial: Option<Trial>,
}

impl Batch {
    pub(super) fn errands(self) -> impl Iterator<Item = Errand> {
        let Self {
            claimed,
            pauses,
            claimed_at,
            trial,
        } = self;
        claimed.into_iter().map(move |claimed| Errand {
            claimed,
            pauses: pauses.clone(),
            claimed_at,
            trial,
        })
    }
}

impl Engine {
    /// Delivers what is due, all at once up to the concurrency; returns how many were claimed.
    pub async fn delivery_step(self: &Arc<Self>) -> Result<usize, StoreError> {
        let mut errands = Vec::new();
        for provider in self.couriers.keys() {
            for (priority, free) in provider.slots(self.parts.concurrency) {
                let batch = self.claim_batch(*provider, priority, free).await?;
                errands.extend(batch.errands());
            }
        }
        let claimed = errands.len();
        let under_way: Vec<_> = errands
            .into_iter()
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

    /// Claims what is due for a provider. While it is down that is nothing in turn, and a single
    /// effect at the end of each pause. What is to go at once is always claimed: it expires, and
    /// its person is answered by another way.
    pub(super) async fn claim_batch(
        &self,
        provider: Provider,
        priority: Priority,
        free: usize,
    ) -> Result<Batch, StoreError> {
        let now = self.parts.clock.now();
        let store = &self.parts.store;
        // The pauses first: once something is claimed, nothing may fail before it is on its way.
        let mut pauses = store.within(STORE_LIMIT, store.pauses(now)).await?;
        let own = pauses.get(provider.as_str()).copied();
        let down = own.is_some_and(|pause| pause.down_since.is_some());
        let paused = own.is_some_and(|pause| pause.until > now);
        self.breakers.seen(provider, down);
        self.show_breaker(provider, down || paused);
        let claimed_at = Instant::now();
        let mut trial = None;
        let claimed = match priority {
            Priority::InTurn if paused => Vec::new(),
            Priority::Now | Priority::InTurn if down && !paused => {
                let claimed = self.claim_trial(provider, priority, now).await?;
                if !claimed.is_empty() {
                    trial = self.take_trial(provider, now).await;
                    if trial.is_none() {
                        let elsewhere = Pause {
                            until: now + trial::length(provider),
                            down_since: Some(now),
                        };
                        pauses.insert(provider.as_str().to_owned(), elsewhere);
                    }
                }
                claimed
            }
            Priority::Now | Priority::InTurn => {
                let limit = i64::try_from(free).unwrap_or(i64::MAX);
                let which = self.carried(provider, Which::All);
                let claiming = store.claim_effects(now, limit, provider, priority, which);
                store.within(STORE_LIMIT, claiming).await?
            }
        };
        Ok(Batch {
            claimed,
            pauses: Arc::new(pauses),
            claimed_at,
            trial,
        })
    }

    /// Which of a provider's effects are claimed here: no others than its courier carries.
    pub(super) fn carried(&self, provider: Provider, which: Which) -> Which {
        let courier = self.couriers.get(&provider);
        let only = courier.and_then(|courier| courier.only());
        only.map_or(which, Which::Only)
    }

    /// Carries one effect; whatever happens, the row says so, or its lease runs out.
    pub(super) async fn run_errand(&self, mut errand: Errand) {
        let claimed = errand.claimed.clone();
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
        errand.claimed.traceparent =
            traces::traceparent(&span).or_else(|| claimed.traceparent.clone());
        async {
            match self.deliver(errand).await {
                Ok(()) => {}
                Err(StoreError::Fenced) => {
                    tracing::warn!("the lease went to another process; it looks the effect up");
                    self.show_again(&claimed).await;
                }
                Err(error) => {
                    // By the time it can be reached again, others may have taken over.
                    self.show_again(&claimed).await;
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
            mut claimed,
            pauses,
            claimed_at,
            trial,
        } = errand;
        let now = self.parts.clock.now();
        let provider = claimed.effect.provider();
        // Only what a courier here can carry is claimed.
        let Some(courier) = self.couriers.get(&provider).cloned() else {
            return Ok(());
        };
        let reconciles = claimed.uncertain && claimed.effect.repeat() == Repeat::LookUpFirst;
        let scopes = if reconciles {
            courier.reconcile_scopes(&claimed.effect)
        } else {
            courier.pause_scopes(&claimed.effect)
        };
        let paused_until = scopes
            .iter()
            .map(String::as_str)
            .chain([provider.as_str()])
            .filter_map(|scope| pauses.get(scope))
            .map(|pause| pause.until)
            .filter(|until| *until > now)
            .max();
        // Nothing is sent: a trial is for the next effect.
        let unsent = async |claimed: &Claimed, ending| {
            let settled = self.settle(claimed, ending, claimed_at).await;
            if let Some(trial) = trial {
                self.give_back_trial(provider, trial).await;
            }
            settled
        };
        if let Some(ending) = plan::before_exchange(&claimed, paused_until, now) {
            return unsent(&claimed, ending).await;
        }
        let store = &self.parts.store;
        let prepared = store
            .within(STORE_LIMIT, self.prepare(&mut claimed, now))
            .await;
        let (effect, parcel) = match prepared {
            Ok((Some(effect), parcel)) if !spent(&effect, claimed_at) => (effect, parcel),
            // It only shows state, and there is none, or it is shown already.
            Ok((None, _)) => return unsent(&claimed, plan::nothing_to_show()).await,
            Ok(_) => return unsent(&claimed, plan::out_of_time(&claimed, now)).await,
            Err(error) => {
                tracing::warn!(%error, "what an effect needs to know could not be read");
                let counted = if error.is_passing() {
                    Counted::No
                } else {
                    Counted::Yes
                };
                let ending = plan::unprepared(&claimed, counted, now, rand::random());
                return unsent(&claimed, ending).await;
            }
        };
        let charge = || {
            let standing = self.breakers.standing(provider);
            plan::charge(&claimed, standing.answered_at, standing.down)
        };
        let ending = if reconciles {
            let lookup = self.reconcile(&*courier, &effect, &parcel).await;
            let now = self.parts.clock.now();
            plan::after_lookup(lookup, &claimed, charge(), now, rand::random())
        } else {
            let outcome = self.exchange(&*courier, &effect, &parcel).await;
            let now = self.parts.clock.now();
            plan::after_exchange(outcome, &claimed, charge(), now, rand::random())
        };
        self.settle(&claimed, ending, claimed_at).await
    }

    /// Completes the effect and loads what its exchange or lookup needs to know; no effect: there is
    /// nothing to show any more.
    async fn prepare(
        &self,
        claimed: &mut Claimed,
        now: DateTime<Utc>,
    ) -> Result<(Option<Effect>, Parcel), StoreError> {
        let store = &self.parts.store;
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
        Ok((effect, parcel))
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
                Err(error)
                    if error.is_passing()
                        && claimed_at.elapsed() + STORE_LIMIT
                            < claimed.effect.provider().lease() =>
                {
                    tracing::warn!(error = %error, "an effect could not be settled yet");
                    tokio::time::sleep(SETTLE_AGAIN).await;
                }
                Err(error) => return Err(error),
            }
        }
        self.tell(claimed, &ending, now);
        Ok(())
    }

    /// An exchange of ours may have come after that of whoever took over, with an older state: what
    /// shows state is shown once more, so that the late one cannot stand.
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
    claimed_at.elapsed() + effect.deadline() + IN_HAND > effect.provider().lease()
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
