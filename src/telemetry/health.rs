//! The health of the process: written by its parts, read by the probes.
//!
//! Only what is required makes the process not ready: the database, the migrations, the engine's progress,
//! and that it is not stopping. A provider that is down only degrades it: neither a restart nor another
//! route would help. Ages are measured by the monotonic clock: a stepped host clock must not take every
//! replica out of service.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// The engine counts as stalled when no loop has made progress for this long. With the probe's cache this
/// keeps the promise to become unready within 6 s.
pub const ENGINE_STALL: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Health {
    started: Instant,
    draining: AtomicBool,
    was_ready: AtomicBool,
    /// Milliseconds after `started`, plus one; 0: never.
    engine_progress: AtomicU64,
    optional: Mutex<BTreeMap<&'static str, Condition>>,
}

/// The state of a component that is not required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    Ok,
    /// The text is for the operator and contains no secrets.
    Degraded(String),
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Health {
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            draining: AtomicBool::new(false),
            was_ready: AtomicBool::new(false),
            engine_progress: AtomicU64::new(0),
            optional: Mutex::new(BTreeMap::new()),
        }
    }

    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// The process stops: not ready from now on.
    pub fn begin_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// To be called at least every second by the engine's loops, also when there is nothing to do.
    pub fn engine_progressed(&self) {
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.engine_progress.store(millis + 1, Ordering::Relaxed);
    }

    /// The time since the engine's last progress; `None`: there was none yet.
    pub fn engine_idle(&self) -> Option<Duration> {
        let at = self
            .engine_progress
            .load(Ordering::Relaxed)
            .checked_sub(1)?;
        Some(self.uptime().saturating_sub(Duration::from_millis(at)))
    }

    pub fn engine_moves(&self) -> bool {
        self.engine_idle().is_some_and(|idle| idle < ENGINE_STALL)
    }

    /// The process was ready. Returns whether this is the first time.
    pub fn mark_ready(&self) -> bool {
        !self.was_ready.swap(true, Ordering::Relaxed)
    }

    pub fn was_ready(&self) -> bool {
        self.was_ready.load(Ordering::Relaxed)
    }

    /// Sets the state of an optional component, such as `slack`; returns the one before.
    pub fn set(&self, component: &'static str, condition: Condition) -> Option<Condition> {
        self.optional().insert(component, condition)
    }

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
    fn an_engine_that_never_made_progress_does_not_move() {
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
