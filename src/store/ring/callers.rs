//! Whether many callers wait for their acknowledgement.
//!
//! Their number is the rate of arrivals times how long one waits: it is small while the writer keeps
//! up, whatever the rate, and grows when something takes the machine from it. Right after a commit it
//! is small for a moment, so many callers count for a little longer than they are there.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// More callers than this are many.
const FEW: usize = 4;
/// They count for so long after they were seen.
const LASTS: Duration = Duration::from_millis(10);

/// The callers that wait for their acknowledgement.
#[derive(Debug)]
pub(super) struct Callers {
    waiting: AtomicUsize,
    since: Instant,
    /// When there were many last: microseconds after `since`, plus one; 0: never.
    seen: AtomicU64,
}

/// One that waits, until it is dropped.
pub(super) struct Caller<'a>(&'a Callers);

impl Default for Callers {
    fn default() -> Self {
        Self {
            waiting: AtomicUsize::new(0),
            since: Instant::now(),
            seen: AtomicU64::new(0),
        }
    }
}

impl Callers {
    pub(super) fn enter(&self) -> Caller<'_> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= FEW {
            self.seen.store(self.micros() + 1, Ordering::Relaxed);
        }
        Caller(self)
    }

    pub(super) fn are_many(&self) -> bool {
        self.are_many_at(self.micros())
    }

    fn are_many_at(&self, micros: u64) -> bool {
        if self.waiting.load(Ordering::Relaxed) > FEW {
            return true;
        }
        let seen = self.seen.load(Ordering::Relaxed);
        let lasts = u64::try_from(LASTS.as_micros()).unwrap_or(u64::MAX);
        seen > 0 && micros < seen + lasts
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX - 1)
    }
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_callers_are_more_than_a_few_and_count_for_a_moment_longer() {
        let waiting = Callers::default();
        let mut callers: Vec<_> = (0..FEW).map(|_| waiting.enter()).collect();
        assert!(!waiting.are_many());
        callers.push(waiting.enter());
        assert!(waiting.are_many());
        callers.clear();
        let seen = waiting.seen.load(Ordering::Relaxed);
        assert!(waiting.are_many_at(seen + 9_999), "the next batch comes");
        assert!(!waiting.are_many_at(seen + 10_000));
    }
}
