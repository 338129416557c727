//! What happens by the clock: timers, the sign of life, the sweep, and the retention.
//!
//! Webhooks and hints are the fast path; this is the guarantee. Every step is safe to run on every
//! replica at once.

use super::Engine;
use crate::domain::areas::StandingTimer;
use crate::store::StoreError;
use chrono::{DateTime, Duration, Utc};

/// When each of the clock's duties was done last, by this process.
#[derive(Debug, Default)]
pub struct Duties {
    beat: Option<DateTime<Utc>>,
    sweep: Option<DateTime<Utc>>,
    timers: Option<DateTime<Utc>>,
    forget: Option<DateTime<Utc>>,
}

/// The guides' `heartbeat_interval`.
const BEAT_EVERY: Duration = Duration::seconds(15);
const SWEEP_EVERY: Duration = Duration::seconds(30);
const FORGET_EVERY: Duration = Duration::minutes(10);

fn due(last: &mut Option<DateTime<Utc>>, every: Duration, now: DateTime<Utc>) -> bool {
    // A clock that was set back must not put a duty off.
    if last.is_some_and(|last| now >= last && now - last < every) {
        return false;
    }
    *last = Some(now);
    true
}

impl Engine {
    /// Does what is due by the clock; returns how many timers fired.
    pub async fn tick(&self, duties: &mut Duties, me: &Process) -> Result<usize, StoreError> {
        let now = self.parts.clock.now();
        let store = &self.parts.store;
        // First, and an error keeps nothing else from being done.
        let start = duties.timers.is_none();
        let mut kept = Ok(());
        if due(&mut duties.timers, SWEEP_EVERY, now) {
            let standing = StandingTimer::all(&self.rules());
            kept = store.keep_timers(&standing, start, now).await;
        }
        let kinds = self.reads.kinds_of("timer");
        let fired = store.fire_timers(&kinds, now).await;
        if due(&mut duties.beat, BEAT_EVERY, now) {
            store
                .beat(me.id, &me.host, me.started_at, &self.reads)
                .await?;
            let newer = store.newer_modules().await?;
            self.heed_versions(&newer);
        }
        if due(&mut duties.sweep, SWEEP_EVERY, now) {
            let freed = store.free_stuck_heads().await?;
            if freed > 0 {
                tracing::warn!(freed, "rows were blocked by nothing; they are free again");
            }
            let parked = store.park_unread_kinds(now).await?;
            if parked > 0 {
                self.parts.metrics.error("engine");
            }
            self.job_succeeded("sweep", now);
        }
        if due(&mut duties.forget, FORGET_EVERY, now) {
            let forgotten = store.forget_old(now).await?;
            tracing::debug!(rows = forgotten.rows, "old rows were cleared away");
            if !forgotten.all {
                // The rest at the next tick: timers and the sign of life come in between.
                duties.forget = None;
            }
            self.job_succeeded("retention", now);
        }
        kept?;
        let fired = fired?;
        if fired > 0 {
            store.wakes().inbox.notify_one();
        }
        Ok(fired)
    }

    fn job_succeeded(&self, job: &'static str, now: DateTime<Utc>) {
        let jobs = &self.parts.metrics.job_last_success;
        jobs.set([job], now.timestamp() as f64);
    }
}

/// This process, as the others see it.
#[derive(Debug, Clone)]
pub struct Process {
    /// Its id, new at every start.
    pub id: uuid::Uuid,
    pub host: String,
    pub started_at: DateTime<Utc>,
}
