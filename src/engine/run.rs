//! The loops: the same steps, again and again, until it is time to stop.
//!
//! Stopping is orderly: nothing new is claimed, what is in progress ends or its lease runs out. A
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
use tokio::sync::{Notify, watch};
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

/// When a loop takes its next step.
enum Next<'a> {
    Now,
    After(Duration),
    /// When it is notified, or after this time.
    OnHint(&'a Notify, Duration),
}

/// Runs a loop, and starts it again should it ever end by itself: a panic in one step must not
/// leave a process that takes in and never acts.
async fn keep_running(
    engine: Arc<Engine>,
    process: Process,
    mut stopping: watch::Receiver<bool>,
    run: Loop,
) {
    while !*stopping.borrow() {
        let running = engine.run_loop(run, &process, &mut stopping);
        if AssertUnwindSafe(running).catch_unwind().await.is_err() {
            tracing::error!(
                run = run.name(),
                "a loop of the engine panicked; it is started again"
            );
            pause(&mut stopping, POLL).await;
        }
    }
}

impl Engine {
    /// Starts the loops: `deciders` signals are decided at once.
    pub fn start(self: &Arc<Self>, process: Process, deciders: usize) -> Running {
        let (stop, stopping) = watch::channel(false);
        let mut loops = JoinSet::new();
        let loop_of =
            |run: Loop| keep_running(self.clone(), process.clone(), stopping.clone(), run);
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
    /// often as the sign of life is given.
    ///
    /// An outdated process asks again each second, and that is its progress: it is not stuck, it
    /// still takes in, and it must stay ready until the newer processes are.
    async fn may_claim(&self) -> Result<bool, StoreError> {
        let outdated = || self.versions.outdated.load(Ordering::SeqCst);
        if outdated() || !self.versions.known.load(Ordering::SeqCst) {
            self.ask_versions().await?;
            if outdated() {
                self.parts.health.engine_progressed();
            }
        }
        Ok(!outdated())
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

    async fn run_loop(
        self: &Arc<Self>,
        run: Loop,
        process: &Process,
        stopping: &mut watch::Receiver<bool>,
    ) {
        let mut duties = Duties::default();
        let mut deliveries = JoinSet::new();
        while !*stopping.borrow() {
            let step = match run {
                Loop::Decide => self.decide_due(stopping).await,
                Loop::Deliver(provider, priority, slots) => {
                    let slots = slots - deliveries.len();
                    self.deliver_due(provider, priority, slots, &mut deliveries)
                        .await
                }
                Loop::Tick => {
                    let ticking = self.tick(&mut duties, process);
                    let ticked = self.parts.store.within(TICK_LIMIT, ticking).await;
                    ticked.map(|_fired| Next::After(POLL))
                }
            };
            match step {
                Ok(Next::Now) => {}
                Ok(Next::After(length)) => pause(stopping, length).await,
                Ok(Next::OnHint(hint, poll)) => {
                    tokio::select! {
                        () = hint.notified() => {}
                        () = pause(stopping, poll) => {}
                    }
                }
                Err(error) => {
                    let (run, cause) = (run.name(), error_code(&error));
                    tracing::warn!(error = %error, cause, run, "the engine waits for the database");
                    pause(stopping, AWAY).await;
                }
            }
            while deliveries.try_join_next().is_some() {}
        }
        while deliveries.join_next().await.is_some() {}
    }

    async fn decide_due(
        &self,
        stopping: &mut watch::Receiver<bool>,
    ) -> Result<Next<'_>, StoreError> {
        if !self.may_claim().await? {
            return Ok(Next::After(POLL));
        }
        let turn = self.turn(stopping).await;
        if *stopping.borrow() {
            return Ok(Next::Now);
        }
        let store = &self.parts.store;
        let step = store.within(INTAKE_LIMIT, self.intake_step());
        let more = turn.step(step).await?;
        self.parts.health.engine_progressed();
        Ok(match more {
            true => Next::Now,
            false => Next::OnHint(&store.wakes().inbox, POLL),
        })
    }

    /// Starts what is due in the free slots.
    async fn deliver_due(
        self: &Arc<Self>,
        provider: Provider,
        priority: Priority,
        slots: usize,
        deliveries: &mut JoinSet<()>,
    ) -> Result<Next<'_>, StoreError> {
        if !self.may_claim().await? {
            return Ok(Next::After(POLL));
        }
        let wakes = self.parts.store.wakes();
        let hint = match priority {
            Priority::Now => &wakes.urgent,
            Priority::InTurn => wakes.outbox(provider),
        };
        if slots == 0 {
            let _slot_or_poll = tokio::time::timeout(POLL, deliveries.join_next()).await;
            return Ok(Next::Now);
        }
        let claimed = self.claim_deliveries(provider, priority, slots).await?;
        if claimed.is_empty() {
            return Ok(Next::OnHint(hint, POLL_EFFECTS));
        }
        for delivery in claimed {
            let engine = self.clone();
            deliveries.spawn(async move { engine.run_delivery(delivery).await });
        }
        Ok(Next::Now)
    }
}

impl Running {
    /// Claims nothing more, and waits until what is in progress has ended, or until `grace` is over:
    /// then the leases give it back.
    pub async fn stop(mut self, grace: Duration) {
        let _no_loop_left = self.stop.send(true);
        let ended = tokio::time::timeout(grace, async {
            while self.loops.join_next().await.is_some() {}
        })
        .await;
        if ended.is_err() {
            tracing::warn!(
                "stopping with effects in progress: they are looked up after their lease"
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
