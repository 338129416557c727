//! Taking in comes first: deciders give way while many callers wait for their acknowledgement.
//!
//! Then the deciders of a process take turns, and after each step all of them rest. They work at least
//! one [`SHARE`]th of the time, and one step a second, however long the load lasts: what was taken in
//! is decided later, but it is decided. When no crowd waits any more, turns and rests end at once.
//!
//! A step that waits for a locked row keeps its turn for [`LONGEST_TURN`] only and goes on without it:
//! one blocked decider must not stop the others.

use super::Engine;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, MutexGuard, watch};

/// Of so many parts of the time the deciders have one, while a crowd waits.
const SHARE: u32 = 40;
/// No rest is longer.
const LONGEST_REST: Duration = Duration::from_secs(1);
/// No step keeps its turn longer.
const LONGEST_TURN: Duration = Duration::from_millis(250);
/// How often a waiting decider checks whether the crowd is gone.
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
}

impl Turn<'_> {
    /// Runs a step to its end, and ends the turn with it or after [`LONGEST_TURN`].
    pub(super) async fn step<T>(self, step: impl Future<Output = T>) -> T {
        let mut step = std::pin::pin!(step);
        let Some(mut rests_until) = self.only else {
            return step.await;
        };
        let began = Instant::now();
        let done = tokio::time::timeout(LONGEST_TURN, &mut step).await;
        *rests_until = Some(Instant::now() + rest_after(began.elapsed()));
        drop(rests_until);
        match done {
            Ok(done) => done,
            Err(_longer) => step.await,
        }
    }
}

impl Pace {
    /// Waits until it is this decider's turn, or until `crowd` says that there is no crowd.
    async fn turn(&self, crowd: impl Fn() -> bool) -> Turn<'_> {
        let mut only = None;
        if crowd() {
            let mut turn = std::pin::pin!(self.0.lock());
            let gone = async {
                while crowd() {
                    tokio::time::sleep(GLANCE).await;
                }
            };
            tokio::select! {
                rests_until = &mut turn => only = Some(rests_until),
                () = gone => {}
            }
        }
        if let Some(rests_until) = &only {
            while crowd() && rests_until.is_some_and(|until| Instant::now() < until) {
                tokio::time::sleep(GLANCE).await;
            }
        }
        Turn {
            only: only.filter(|_| crowd()),
        }
    }
}

impl Engine {
    /// Waits until this decider may take a step, or is to stop.
    pub(super) async fn turn(&self, stopping: &watch::Receiver<bool>) -> Turn<'_> {
        let crowd = || self.parts.store.many_callers_wait() && !*stopping.borrow();
        self.pace.turn(crowd).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    const SOON: Duration = Duration::from_secs(5);

    #[test]
    fn deciders_have_a_fortieth_of_the_time_and_no_rest_is_longer_than_a_second() {
        for (worked, rest) in [(0, 0), (3, 117), (25, 975), (50, 1_000), (5_000, 1_000)] {
            let (worked, rest) = (Duration::from_millis(worked), Duration::from_millis(rest));
            assert_eq!(rest_after(worked), rest, "{worked:?}");
            let share = worked.as_secs_f64() / (worked + rest).as_secs_f64();
            assert!(worked.is_zero() || share >= 0.0249, "{worked:?}: {share}");
        }
    }

    #[tokio::test]
    async fn a_blocked_step_gives_its_turn_to_the_next_decider() {
        let pace = Pace::default();
        let blocked = pace.turn(|| true).await.step(std::future::pending::<()>());
        let next = async { pace.turn(|| true).await.step(async {}).await };
        tokio::select! {
            () = blocked => unreachable!("it is blocked"),
            decided = tokio::time::timeout(SOON, next) => decided.expect("a turn"),
        }
    }

    #[tokio::test]
    async fn a_waiting_decider_goes_on_when_the_crowd_is_gone() {
        let pace = Pace::default();
        let holds = pace.turn(|| true).await;
        let crowd = AtomicBool::new(true);
        let waits = pace.turn(|| crowd.load(Ordering::SeqCst));
        let leaves = async { crowd.store(false, Ordering::SeqCst) };
        let both = async { tokio::join!(waits, leaves).0 };
        let turn = tokio::time::timeout(SOON, both).await;
        assert!(turn.expect("a turn").only.is_none());
        drop(holds);
    }
}
