//! How many signals are claimed at once.
//!
//! Twice as many after each claim of which all could be decided together, half as many after one of which
//! some could not: where most have an incident, they are claimed one by one. See ADR 15.

use std::sync::{Mutex, PoisonError};

/// At most so many signals share a transaction.
const MOST: u32 = 32;

#[derive(Debug, Default)]
pub(super) struct Batches(Mutex<Size>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    most: u32,
    /// So many claims are of one signal, after a batch that failed.
    singly: u32,
}

impl Default for Size {
    fn default() -> Self {
        Self { most: 1, singly: 0 }
    }
}

impl Size {
    fn next(&mut self) -> u32 {
        if self.singly == 0 {
            return self.most;
        }
        self.singly -= 1;
        1
    }

    fn grow(&mut self) {
        self.most = (self.most * 2).min(MOST);
    }

    fn shrink(&mut self) {
        self.most = (self.most / 2).max(1);
    }

    fn failed(&mut self, signals: usize) {
        self.most = 1;
        self.singly = u32::try_from(signals).unwrap_or(MOST);
    }
}

impl Batches {
    pub(super) fn next(&self) -> u32 {
        self.with(Size::next)
    }

    pub(super) fn shrink(&self) {
        self.with(Size::shrink);
    }

    /// A claim was decided; whether all of its signals can be decided together with others.
    pub(super) fn committed(&self, all_share: bool) {
        self.with(if all_share { Size::grow } else { Size::shrink });
    }

    /// A batch of so many signals was undone.
    pub(super) fn failed(&self, signals: usize) {
        self.with(|size| size.failed(signals));
    }

    fn with<T>(&self, change: impl FnOnce(&mut Size) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_are_claimed_at_once_as_long_as_all_can_be_decided_together() {
        let mut size = Size::default();
        let mut seen = Vec::new();
        for _ in 0..7 {
            seen.push(size.next());
            size.grow();
        }
        assert_eq!(seen, [1, 2, 4, 8, 16, MOST, MOST]);
        size.shrink();
        assert_eq!(size.next(), MOST / 2);
        for _ in 0..10 {
            size.shrink();
        }
        assert_eq!(size.next(), 1);
    }

    #[test]
    fn the_signals_of_a_batch_that_failed_are_claimed_one_by_one() {
        let mut size = Size { most: 8, singly: 0 };
        size.failed(3);
        for _ in 0..3 {
            assert_eq!(size.next(), 1);
            // Whatever becomes of each.
            size.grow();
        }
        assert!(size.next() > 1);
    }
}
