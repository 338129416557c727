//! Signals that are decided together: their decisions share a transaction, and its commit.
//!
//! Signals for which nothing has to be known, and those whose area names what they lock
//! ([`crate::store::Persist::lock`]): these are decided in the order of the names, each after the changes
//! of the ones before it. The others lock incidents, and incidents are locked before lanes: they are left,
//! and the first of them is decided alone. A signal that cannot be decoded, or whose decision panics, is set aside by itself; when the transaction
//! fails, all of it is undone and its signals are decided one by one, so that only the one at fault
//! fails.
//!
//! See ADR 15.

use super::Engine;
use super::areas::{self, Undecided};
use super::intake::{Unread, guarded, is_the_signals, not_yet};
use super::noted::{note_again, span_of};
use crate::domain::areas::Signal;
use crate::domain::rules::Rules;
use crate::store::{Claim, Decided, Intake, Ready, StoreError, StoredSignal};
use crate::telemetry::traces;
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use tracing::{Instrument as _, Span};

/// At most so many signals share a transaction.
const MOST: u32 = 32;

/// How many signals are claimed at once. Twice as many after each claim of which all could be decided
/// together, half as many after one of which some could not: where most have an incident, they are
/// claimed one by one.
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
    fn with<T>(&self, change: impl FnOnce(&mut Size) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn next(&self) -> u32 {
        self.with(Size::next)
    }

    /// A signal that was alone could have been decided with others.
    pub(super) fn grow(&self) {
        self.with(Size::grow);
    }
}

/// A claimed signal on its way.
struct OnItsWay {
    stored: StoredSignal,
    span: Span,
    stage: Stage,
}

enum Stage {
    /// It waits: what its decoder must know is not known yet.
    NotYet,
    /// It is left to a transaction of its own.
    Left,
    /// It cannot be decided: why.
    Failed(String, Option<Signal>),
    /// Another version wrote it: why it cannot be read.
    OtherVersion(String),
    Decoded(Signal),
    /// It locks what this names.
    Locks(Box<(String, Signal)>),
    /// It is decided.
    Decided(Box<(Signal, Ready)>),
}

impl Engine {
    /// Decides those of the claimed signals that can be decided together, or the first one alone.
    pub(super) async fn decide_together(
        &self,
        claim: Claim,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let began = Instant::now();
        let Claim {
            mut intake,
            signals,
        } = claim;
        let rules = self.rules();
        let claimed = signals.len();
        let mut on_its_way = self.decode_all(signals, &rules);
        let decided = self
            .decide_all(&mut intake, &mut on_its_way, &rules, now)
            .await;
        if let Some(first) = on_its_way.first()
            && matches!(first.stage, Stage::Left)
            && decided.is_ok()
        {
            self.batches.with(Size::shrink);
            intake.undo().await;
            self.parts.store.wakes().inbox.notify_one();
            let store = &self.parts.store;
            let alone = store.claim_this_signal(first.stored.id, now).await?;
            on_its_way[1..].iter().for_each(|one| note_again(&one.span));
            match alone {
                // The span that it has already: one decision, one span.
                Some(alone) => self.decide_alone(alone, first.span.clone(), now).await?,
                None => note_again(&first.span),
            }
            return Ok(true);
        }
        let committed = match decided {
            Ok(()) => intake.commit().await,
            Err(error) => {
                intake.undo().await;
                Err(error)
            }
        };
        if let Err(error) = committed {
            self.batches.with(|size| size.failed(claimed));
            on_its_way.iter().for_each(|one| note_again(&one.span));
            tracing::debug!(%error, signals = claimed, "decided one by one");
            let again = matches!(error, StoreError::Conflict(_)) || is_the_signals(&error);
            return if again { Ok(true) } else { Err(error) };
        }
        let left = on_its_way
            .iter()
            .any(|one| matches!(one.stage, Stage::Left));
        self.batches
            .with(if left { Size::shrink } else { Size::grow });
        self.note_all(on_its_way, began, now).await?;
        Ok(true)
    }

    fn decode_all(&self, signals: Vec<StoredSignal>, rules: &Rules) -> Vec<OnItsWay> {
        let mut subjects = BTreeSet::new();
        let mut on_its_way = Vec::with_capacity(signals.len());
        for stored in signals {
            let span = span_of(&stored);
            let stage = if stored.large || !subjects.insert(stored.subject.clone()) {
                Stage::Left
            } else {
                span.in_scope(|| match guarded(|| self.decode(&stored, rules)) {
                    Ok(Some(signal)) => Stage::Decoded(signal),
                    Ok(None) => Stage::NotYet,
                    Err(Unread::Wrong(why)) => Stage::Failed(why, None),
                    Err(Unread::OtherVersion(why)) => Stage::OtherVersion(why),
                })
            };
            on_its_way.push(OnItsWay {
                stored,
                span,
                stage,
            });
        }
        on_its_way
    }

    /// Decides and saves, short of the commit. When the first one is left, nothing is saved.
    async fn decide_all(
        &self,
        intake: &mut Intake,
        on_its_way: &mut [OnItsWay],
        rules: &Rules,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let decoded = on_its_way.iter().filter_map(|one| match &one.stage {
            Stage::Decoded(signal) => Some(signal),
            _ => None,
        });
        let decoded: Vec<&Signal> = decoded.collect();
        let blank = areas::blank(intake, &decoded, rules, now).await?;
        let mut blank = blank.into_iter();
        for one in on_its_way.iter_mut() {
            let stage = std::mem::replace(&mut one.stage, Stage::Left);
            one.stage = match stage {
                Stage::Decoded(signal) if blank.next() != Some(true) => {
                    match areas::lock(&signal, rules, now) {
                        Some(name) => Stage::Locks(Box::new((name, signal))),
                        None => Stage::Left,
                    }
                }
                Stage::Decoded(signal) => {
                    one.span
                        .in_scope(|| match areas::decide_blank(&signal, rules, now) {
                            Ok(ready) => Stage::Decided(Box::new((signal, ready))),
                            Err(why) => Stage::Failed(why, Some(signal)),
                        })
                }
                other => other,
            };
        }
        if matches!(on_its_way.first(), Some(one) if matches!(one.stage, Stage::Left)) {
            return Ok(());
        }
        self.decide_locked(intake, on_its_way, rules, now).await?;
        let mut decided = Vec::with_capacity(on_its_way.len());
        for one in on_its_way.iter() {
            match &one.stage {
                Stage::NotYet => {
                    let until = now + not_yet(now - one.stored.at);
                    intake.put_off(one.stored.id, until).await?;
                }
                Stage::Decided(both) => decided.push(Decided {
                    signal: &one.stored,
                    ready: &both.1,
                    traceparent: traces::traceparent(&one.span),
                }),
                Stage::Left
                | Stage::Failed(..)
                | Stage::OtherVersion(..)
                | Stage::Decoded(..)
                | Stage::Locks(..) => {}
            }
        }
        if decided.is_empty() {
            return Ok(());
        }
        intake.save(&decided, now).await
    }

    /// Decides those that lock something, in the order of what they lock, and saves their changes at once.
    async fn decide_locked(
        &self,
        intake: &mut Intake,
        on_its_way: &mut [OnItsWay],
        rules: &Rules,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut locking: Vec<(String, Signal, &mut OnItsWay)> = Vec::new();
        for one in on_its_way {
            match std::mem::replace(&mut one.stage, Stage::Left) {
                Stage::Locks(both) => {
                    let (name, signal) = *both;
                    locking.push((name, signal, one));
                }
                other => one.stage = other,
            }
        }
        // Stable: those that lock the same are decided as they came.
        locking.sort_by(|one, other| one.0.cmp(&other.0));
        for (_, signal, one) in locking {
            let deciding = areas::decide(intake, &signal, rules, now);
            one.stage = match deciding.instrument(one.span.clone()).await {
                Ok(ready) => {
                    let ready = intake.save_changes(ready).await?;
                    Stage::Decided(Box::new((signal, ready)))
                }
                Err(Undecided::Store(error)) => return Err(error),
                Err(Undecided::Panicked(why)) => Stage::Failed(why, Some(signal)),
            };
        }
        Ok(())
    }

    /// Tells of each signal what became of it, also when an error stands in the way of one: the first
    /// error is returned at the end. Those that failed are free again by now.
    async fn note_all(
        &self,
        on_its_way: Vec<OnItsWay>,
        began: Instant,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut noted = Ok(());
        for OnItsWay {
            stored,
            span,
            stage,
        } in on_its_way
        {
            let one = match stage {
                Stage::Decided(both) => {
                    let (signal, ready) = &*both;
                    span.in_scope(|| self.note_decided(&stored, signal, &ready.decision, began));
                    Ok(())
                }
                Stage::Failed(why, signal) => {
                    let noting = self.note_failed(&stored, &why, signal, began, now);
                    noting.instrument(span).await
                }
                Stage::OtherVersion(why) => {
                    let leaving = self.leave_to_others(&stored, &why, now);
                    leaving.instrument(span).await
                }
                Stage::NotYet | Stage::Left | Stage::Decoded(..) | Stage::Locks(..) => {
                    note_again(&span);
                    Ok(())
                }
            };
            noted = noted.and(one);
        }
        noted
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
