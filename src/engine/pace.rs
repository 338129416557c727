//! Taking in comes first: deciders give way while many callers wait for their acknowledgement.
//!
//! Then the deciders of a process take turns, and after each step all of them rest. They work at least
//! one [`SHARE`]th of the time, and one step a second, however long the storm lasts: what was taken in
//! is decided later, but it is decided. When no crowd waits any more, a rest ends at once.

use super::Engine;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, MutexGuard};

/// Of so many parts of the time the deciders have one, while a crowd waits.
const SHARE: u32 = 40;
/// No rest is longer.
const LONGEST_REST: Duration = Duration::from_secs(1);
/// How often a rest looks whether the crowd is gone.
const GLANCE: Duration = Duration::from_millis(2);

/// How long the deciders rest after a step that took so long.
fn rest_after(worked: Duration) -> Duration {
    (worked * (SHARE - 1)).min(LONGEST_REST)
}

/// The deciders' turn while a crowd waits; until when they rest.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<Option<Instant>>);

/// A turn. While a crowd waits it is the only one.
pub(super) struct Turn<'a> {
    only: Option<MutexGuard<'a, Option<Instant>>>,
    began: Instant,
}

impl Turn<'_> {
    pub(super) fn over(self) {
        if let Some(mut rests_until) = self.only {
            *rests_until = Some(Instant::now() + rest_after(self.began.elapsed()));
        }
    }
}

impl Engine {
    /// Waits until this decider may take a step.
    pub(super) async fn turn(&self) -> Turn<'_> {
        let crowd = || self.parts.store.crowd_waits();
        let mut only = None;
        if crowd() {
            let rests_until = self.pace.0.lock().await;
            while crowd() && rests_until.is_some_and(|until| Instant::now() < until) {
                tokio::time::sleep(GLANCE).await;
            }
            only = crowd().then_some(rests_until);
        }
        Turn {
            only,
            began: Instant::now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deciders_have_a_fortieth_of_the_time_and_no_rest_is_longer_than_a_second() {
        for (worked, rest) in [(0, 0), (3, 117), (25, 975), (50, 1_000), (5_000, 1_000)] {
            let (worked, rest) = (Duration::from_millis(worked), Duration::from_millis(rest));
            assert_eq!(rest_after(worked), rest, "{worked:?}");
            let share = worked.as_secs_f64() / (worked + rest).as_secs_f64();
            assert!(worked.is_zero() || share >= 0.0249, "{worked:?}: {share}");
        }
    }
}
