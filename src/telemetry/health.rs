//! What is known of the process's own health: written by those who know, read by the probes.
//!
//! Only what is required makes it unready: database, migrations, the engine's progress, and not
//! being on the way out. A provider that is down only degrades, because restarting or unrouting us
//! would not bring it back. Ages are measured by the monotonic clock: a stepped host clock must not
//! take every replica out of service.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// The engine counts as stuck when no loop has come round for this long: with the probe's own
/// cache that keeps the promise to say so within 6 s.
pub const ENGINE_STALL: Duration = Duration::from_secs(5);

/// The health of one process.
#[derive(Debug)]
pub struct Health {
    born: Instant,
    draining: AtomicBool,
    was_ready: AtomicBool,
    /// Milliseconds after `born`, plus one; 0: never.
    engine_progress: AtomicU64,
    optional: Mutex<BTreeMap<&'static str, Condition>>,
}

/// How something is that we can do without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Fine.
    Ok,
    /// Not fine; words for the operator, without secrets.
    Degraded(String),
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Health {
    /// Of a process that has just begun.
    pub fn new() -> Self {
        Self {
            born: Instant::now(),
            draining: AtomicBool::new(false),
            was_ready: AtomicBool::new(false),
            engine_progress: AtomicU64::new(0),
            optional: Mutex::new(BTreeMap::new()),
        }
    }

    /// How long the process has run.
    pub fn uptime(&self) -> Duration {
        self.born.elapsed()
    }

    /// The process is on its way out: unready from now on.
    pub fn begin_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether it is on its way out.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// The engine came round: to be called at least every second by its loops, also when there is
    /// nothing to do.
    pub fn engine_progressed(&self) {
        let millis = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.engine_progress.store(millis + 1, Ordering::Relaxed);
    }

    /// How long ago the engine came round; `None`: it never has.
    pub fn engine_idle(&self) -> Option<Duration> {
        let at = self
            .engine_progress
            .load(Ordering::Relaxed)
            .checked_sub(1)?;
        Some(self.uptime().saturating_sub(Duration::from_millis(at)))
    }

    /// Whether the engine makes progress.
    pub fn engine_moves(&self) -> bool {
        self.engine_idle().is_some_and(|idle| idle < ENGINE_STALL)
    }

    /// Remembers that it has been ready once. Returns whether this is the first time.
    pub fn mark_ready(&self) -> bool {
        !self.was_ready.swap(true, Ordering::Relaxed)
    }

    /// Whether it has ever been ready.
    pub fn was_ready(&self) -> bool {
        self.was_ready.load(Ordering::Relaxed)
    }

    /// Says how something optional is, such as `slack`; what was never named is not listed.
    pub fn set(&self, component: &'static str, condition: Condition) {
        self.optional().insert(component, condition);
    }

    /// How the optional components are.
    pub fn components(&self) -> BTreeMap<&'static str, Condition> {
        self.optional().clone()
    }

    fn optional(&self) -> MutexGuard<'_, BTreeMap<&'static str, Condition>> {
        // A panic while inserting a value leaves the map whole.
        self.optional
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_never_came_round_does_not_move() {
        let health = Health::new();
        assert_eq!(health.engine_idle(), None);
        assert!(!health.engine_moves());
        health.engine_progressed();
        assert!(health.engine_moves());
    }

    #[test]
    fn the_first_readiness_is_remembered() {
        let health = Health::new();
        assert!(!health.was_ready());
        assert!(health.mark_ready());
        assert!(!health.mark_ready());
        assert!(health.was_ready());
    }
}
