//! The loops: the same steps, again and again, until it is time to stop.
//!
//! Stopping is orderly: nothing new is claimed, what is under way ends or its lease runs out. A
//! loop that meets a database that is away waits a moment and goes on; it never ends by itself.

use super::Engine;
use super::tick::{Duties, Process};
use crate::domain::effect::{Priority, Provider};
use crate::store::StoreError;
use crate::telemetry::health::Condition;
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// The poll that everything relies on; hints only make it faster.
const POLL: Duration = Duration::from_secs(1);
/// Effects are polled twice as often: a lookup or a retry that is due needs no hint.
const POLL_EFFECTS: Duration = Duration::from_millis(500);
/// A signal is decided within this, or the database does not answer.
const INTAKE_LIMIT: Duration = Duration::from_secs(15);
/// The clock's duties are done within this, likewise.
const TICK_LIMIT: Duration = Duration::from_secs(60);
/// How long a loop waits when the database does not answer.
const AWAY: Duration = Duration::from_millis(500);

/// The running loops.
pub struct Running {
    stop: watch::Sender<bool>,
    loops: JoinSet<()>,
    engine: Arc<Engine>,
    process: Process,
}

/// Whether this binary may claim, or a newer one has changed the tables.
#[derive(Debug, Default)]
pub(super) struct Versions {
    known: AtomicBool,
    outdated: AtomicBool,
}

/// What a loop does.
#[derive(Debug, Clone, Copy)]
enum Loop {
    Decide,
    Deliver(Provider, Priority, usize),
    Tick,
}

impl Loop {
    fn name(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Deliver(..) => "deliver",
            Self::Tick => "tick",
        }
    }
}

/// Runs a loop, and starts it again should it ever end by itself: a panic in one step must not
/// leave a process that takes in and never acts.
async fn kept_up(
    engine: Arc<Engine>,
    process: Process,
    mut stopping: watch::Receiver<bool>,
    run: Loop,
) {
    loop {
        let (engine, seen) = (engine.clone(), stopping.clone());
        let running = async {
            match run {
                Loop::Decide => engine.decide_on(seen).await,
                Loop::Deliver(provider, priority, slots) => {
                    engine.deliver_on(provider, priority, slots, seen).await;
                }
                Loop::Tick => engine.tick_on(process.clone(), seen).await,
            }
        };
        let ended = AssertUnwindSafe(running).catch_unwind().await;
        if ended.is_ok() && *stopping.borrow() {
            return;
        }
        tracing::error!(
            run = run.name(),
            "a loop of the engine ended by itself; it is started again"
        );
        pause(&mut stopping, POLL).await;
    }
}

impl Engine {
    /// Starts the loops: `deciders` signals are decided at once.
    pub fn start(self: &Arc<Self>, process: Process, deciders: usize) -> Running {
        let (stop, stopping) = watch::channel(false);
        let mut loops = JoinSet::new();
        let loop_of = |run: Loop| kept_up(self.clone(), process.clone(), stopping.clone(), run);
        for _ in 0..deciders.max(1) {
            loops.spawn(loop_of(Loop::Decide));
        }
        // Slots of its own for each provider: a slow one that still answers holds up no other.
        for provider in self.couriers.keys() {
            for (priority, slots) in provider.slots(self.parts.concurrency) {
                loops.spawn(loop_of(Loop::Deliver(*provider, priority, slots)));
            }
        }
        loops.spawn(loop_of(Loop::Tick));
        Running {
            stop,
            loops,
            engine: self.clone(),
            process,
        }
    }

    pub(super) fn heed_versions(&self, newer: &[String]) {
        let outdated = !newer.is_empty();
        let was = self.versions.outdated.swap(outdated, Ordering::SeqCst);
        let tables = newer.join(", ");
        if outdated && !was {
            tracing::error!(
                %tables,
                "a newer version of wardroom changed these tables: this one claims nothing any more; deploy the newer one"
            );
        }
        if outdated {
            let why = format!("outdated: claims nothing, these tables are newer: {tables}");
            self.parts.health.set("engine", Condition::Degraded(why));
        } else if was {
            self.parts.health.set("engine", Condition::Ok);
        }
        self.versions.known.store(true, Ordering::SeqCst);
    }

    /// Whether this binary understands the tables; asked before the first claim of all, then as
    /// often as the clock's duties look. Waits a moment when it may not.
    ///
    /// An outdated process asks again each second, and that is its progress: it is not stuck, it
    /// still takes in, and it must stay ready until the newer processes are.
    async fn may_claim(&self, stopping: &mut watch::Receiver<bool>) -> bool {
        let outdated = || self.versions.outdated.load(Ordering::SeqCst);
        if outdated() || !self.versions.known.load(Ordering::SeqCst) {
            match self.ask_versions().await {
                Ok(()) if outdated() => {
                    self.parts.health.engine_progressed();
                    pause(stopping, POLL).await;
                }
                Ok(()) => {}
                Err(error) => {
                    tracing::warn!(error = %error, "the loops wait for the database");
                    pause(stopping, AWAY).await;
                    return false;
                }
            }
        }
        !outdated()
    }

    async fn ask_versions(&self) -> Result<(), StoreError> {
        let store = &self.parts.store;
        let asking = async {
            // Also whether it takes writes: readiness believes what the engine was just told.
            store.ping().await?;
            store.newer_modules().await
        };
        let newer = store.within(INTAKE_LIMIT, asking).await?;
        self.heed_versions(&newer);
        Ok(())
    }

    async fn decide_on(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        while !*stopping.borrow() {
            if !self.may_claim(&mut stopping).await {
                continue;
            }
            let turn = self.turn(&stopping).await;
            if *stopping.borrow() {
                break;
            }
            let step = self.parts.store.within(INTAKE_LIMIT, self.intake_step());
            match turn.step(step).await {
                Ok(more) => {
                    self.parts.health.engine_progressed();
                    if !more {
                        let wakes = self.parts.store.wakes();
                        tokio::select! {
                            () = wakes.inbox.notified() => {}
                            () = pause(&mut stopping, POLL) => {}
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(error = %error, cause = error_code(&error), "signals wait for the database");
                    pause(&mut stopping, AWAY).await;
                }
            }
        }
    }

    async fn deliver_on(
        self: Arc<Self>,
        provider: Provider,
        priority: Priority,
        slots: usize,
        mut stopping: watch::Receiver<bool>,
    ) {
        let wakes = self.parts.store.wakes();
        let hint = match priority {
            Priority::Now => &wakes.urgent,
            Priority::InTurn => wakes.outbox(provider),
        };
        let slots = Arc::new(Semaphore::new(slots));
        let mut under_way = JoinSet::new();
        while !*stopping.borrow() {
            while under_way.try_join_next().is_some() {}
            if !self.may_claim(&mut stopping).await {
                continue;
            }
            let free = slots.available_permits();
            if free == 0 {
                tokio::select! {
                    permit = slots.acquire() => drop(permit),
                    () = pause(&mut stopping, POLL) => {}
                }
                continue;
            }
            match self.claim_batch(provider, priority, free).await {
                Ok(batch) if batch.claimed.is_empty() => {
                    tokio::select! {
                        () = hint.notified() => {}
                        () = pause(&mut stopping, POLL_EFFECTS) => {}
                    }
                }
                Ok(batch) => {
                    for errand in batch.errands() {
                        let Ok(slot) = slots.clone().acquire_owned().await else {
                            return;
                        };
                        let engine = self.clone();
                        under_way.spawn(async move {
                            engine.run_errand(errand).await;
                            drop(slot);
                        });
                    }
                }
                Err(error) => {
                    tracing::warn!(error = %error, cause = error_code(&error), "effects wait for the database");
                    pause(&mut stopping, AWAY).await;
                }
            }
        }
        while under_way.join_next().await.is_some() {}
    }

    async fn tick_on(self: Arc<Self>, process: Process, mut stopping: watch::Receiver<bool>) {
        let mut duties = Duties::default();
        while !*stopping.borrow() {
            let ticking = self.tick(&mut duties, &process);
            if let Err(error) = self.parts.store.within(TICK_LIMIT, ticking).await {
                tracing::warn!(error = %error, cause = error_code(&error), "the clock's duties wait for the database");
            }
            pause(&mut stopping, POLL).await;
        }
    }
}

impl Running {
    /// Claims nothing more, and waits until what is under way has ended, or until `grace` is over:
    /// then the leases give it back.
    pub async fn stop(mut self, grace: Duration) {
        let _nobody_left = self.stop.send(true);
        let ended = tokio::time::timeout(grace, async {
            while self.loops.join_next().await.is_some() {}
        })
        .await;
        if ended.is_err() {
            tracing::warn!(
                "stopping with effects under way: they are looked for after their lease"
            );
            self.loops.shutdown().await;
        }
        let left = self.engine.parts.store.leave(self.process.id);
        let _not_vital = tokio::time::timeout(Duration::from_secs(1), left).await;
    }
}

/// Waits, or until it is time to stop.
async fn pause(stopping: &mut watch::Receiver<bool>, length: Duration) {
    let _either = tokio::time::timeout(length, stopping.changed()).await;
}

/// The cause's own words hold no values for the kinds of error that a loop meets.
fn error_code(error: &crate::store::StoreError) -> Option<String> {
    std::error::Error::source(error).map(ToString::to_string)
}
