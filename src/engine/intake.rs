//! Signals in, decisions saved: a decision is whole, and takes effect by one commit.
//!
//! Signals share a transaction, and its commit, when nothing has to be known for them, or when their area
//! names what they lock ([`crate::store::Persist::lock`]): these are decided in the order of the names,
//! each after the changes of the ones before it. The others lock incidents, and incidents are locked before
//! lanes: they are left, and the first of them is decided alone.
//!
//! A signal that cannot be decoded, or whose decision panics, fails by itself. When the transaction fails,
//! all of it is undone and its signals are decided one by one, so that only the one at fault fails. A
//! database that is away is not the signal's fault and does not count. See ADR 15.

use super::Engine;
use super::areas::{self, Sharing, Undecided};
use super::decode::{Undecodable, guarded};
use super::outcome::{note_again, span_of};
use crate::domain::areas::Signal;
use crate::domain::ids::SignalId;
use crate::domain::rules::Rules;
use crate::store::{Claim, Decided, Intake, Ready, StoreError, StoredSignal};
use crate::telemetry::traces;
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeSet;
use std::time::Instant;
use tracing::{Instrument, Span};

/// A signal that conflicts with other transactions is decided so many times, the first time perhaps together with
/// others, before that counts as a failure.
const PASSES: u32 = 5;

/// How long a signal is put off whose transaction waited too long for a lock.
const SLOW_PAUSE: Duration = Duration::seconds(5);

/// How long a signal waits whose decoder cannot say yet: a quarter of its age. Short at first,
/// because a form's permission dies in 3 s; long later, because many may wait for the same answer.
fn not_yet(age: Duration) -> Duration {
    (age / 4).clamp(Duration::milliseconds(500), Duration::seconds(30))
}

/// A claimed signal, and what became of it.
struct Claimed {
    stored: StoredSignal,
    span: Span,
    stage: Stage,
}

/// A signal that is to be decided alone, in the span that it has, which began then.
struct Alone {
    id: SignalId,
    large: bool,
    span: Span,
    began: Instant,
}

enum Stage {
    /// It waits: what its decoder must know is not known yet.
    NotYet,
    /// It is left to a transaction of its own.
    Left,
    /// It cannot be decided: why.
    Failed(String, Option<Box<Signal>>),
    /// Another version wrote it: why it cannot be read.
    OtherVersion(String),
    Decoded(Box<Signal>),
    Decided(Box<(Signal, Ready)>),
}

impl Engine {
    /// Decides signals that are due, the oldest first; `false` when there is none.
    pub async fn intake_step(&self) -> Result<bool, StoreError> {
        let now = self.parts.clock.now();
        let store = &self.parts.store;
        let most = self.batches.next();
        let Some(mut claim) = store.claim_signals(now, &self.reads, most).await? else {
            return Ok(false);
        };
        // Others may find work too, where there is more than was asked for.
        if claim.signals.len() == most as usize {
            store.wakes().inbox.notify_one();
        }
        let mut begun = None;
        let mut large = None;
        for pass in 1.. {
            let Some(alone) = self.decide_claim(claim, pass, begun, now).await? else {
                break;
            };
            if alone.large {
                large = Some(self.large.lock().await);
            }
            let Some(again) = store.claim_this_signal(alone.id, now).await? else {
                note_again(&alone.span);
                break;
            };
            claim = again;
            begun = Some(alone);
        }
        drop(large);
        Ok(true)
    }

    /// Decides those of the claimed signals that can be decided together, or the only one. Returns the
    /// signal that is to be decided alone now.
    async fn decide_claim(
        &self,
        claim: Claim,
        pass: u32,
        begun: Option<Alone>,
        now: DateTime<Utc>,
    ) -> Result<Option<Alone>, StoreError> {
        let (span, began) = match begun {
            Some(alone) => (Some(alone.span), alone.began),
            None => (None, Instant::now()),
        };
        let rules = self.rules();
        let mut intake = claim.intake;
        let mut claimed = self.decode_all(claim.signals, span, &rules);
        let decided = self
            .decide_all(&mut intake, &mut claimed, &rules, now)
            .await;
        let alone = claimed.len() == 1;
        let first_left = claimed
            .first()
            .filter(|one| matches!(one.stage, Stage::Left));
        if let (Ok(()), Some(first)) = (&decided, first_left) {
            let first = first.alone(began);
            intake.undo().await;
            self.batches.shrink();
            self.parts.store.wakes().inbox.notify_one();
            claimed[1..].iter().for_each(|one| note_again(&one.span));
            return Ok(Some(first));
        }
        let saved = match decided {
            Ok(()) => intake.commit().await,
            Err(error) => {
                intake.undo().await;
                Err(error)
            }
        };
        match saved {
            Ok(()) if pass > 1 => {}
            Ok(()) => self
                .batches
                .committed(claimed.iter().all(|one| match &one.stage {
                    Stage::Left => false,
                    Stage::Decided(both) if alone => {
                        !matches!(areas::sharing(&both.0, &rules, now), Sharing::Never)
                    }
                    _ => true,
                })),
            Err(error) if alone => {
                let one = &mut claimed[0];
                let conflict = matches!(error, StoreError::Conflict(_));
                if conflict && pass < PASSES {
                    return Ok(Some(one.alone(began)));
                }
                if !conflict && !is_the_signals(&error) {
                    note_again(&one.span);
                    // First in line again, it would keep the others waiting behind the same lock.
                    if error.is_slow() {
                        let store = &self.parts.store;
                        store.put_off(one.stored.id, now + SLOW_PAUSE).await?;
                    }
                    return Err(error);
                }
                one.fail(match conflict {
                    true => "conflict".to_owned(),
                    false => error.code(),
                });
            }
            Err(error) => {
                self.batches.failed(claimed.len());
                claimed.iter().for_each(|one| note_again(&one.span));
                tracing::debug!(%error, signals = claimed.len(), "decided one by one");
                let again = matches!(error, StoreError::Conflict(_)) || is_the_signals(&error);
                return if again { Ok(None) } else { Err(error) };
            }
        }
        self.note_all(claimed, began, now).await?;
        Ok(None)
    }

    /// `span` is the one that the first signal has already: one decision, one span.
    fn decode_all(
        &self,
        signals: Vec<StoredSignal>,
        mut span: Option<Span>,
        rules: &Rules,
    ) -> Vec<Claimed> {
        let mut subjects = BTreeSet::new();
        let decode = |stored: StoredSignal| {
            let span = span.take().unwrap_or_else(|| span_of(&stored));
            let stage = if stored.large || !subjects.insert(stored.subject.clone()) {
                Stage::Left
            } else {
                span.in_scope(|| match guarded(|| self.decode(&stored, rules)) {
                    Ok(Some(signal)) => Stage::Decoded(Box::new(signal)),
                    Ok(None) => Stage::NotYet,
                    Err(Undecodable::Wrong(why)) => Stage::Failed(why, None),
                    Err(Undecodable::OtherVersion(why)) => Stage::OtherVersion(why),
                })
            };
            Claimed {
                stored,
                span,
                stage,
            }
        };
        signals.into_iter().map(decode).collect()
    }

    /// Decides and saves, short of the commit. When the first one is left, nothing is saved.
    async fn decide_all(
        &self,
        intake: &mut Intake,
        claimed: &mut [Claimed],
        rules: &Rules,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        for (at, lock) in order(intake, claimed, rules, now).await? {
            claimed[at]
                .decide(intake, lock.is_some(), rules, now)
                .await?;
        }
        for one in claimed.iter_mut() {
            if matches!(one.stage, Stage::Decoded(_)) {
                one.stage = Stage::Left;
            }
        }
        if matches!(claimed.first(), Some(one) if matches!(one.stage, Stage::Left)) {
            return Ok(());
        }
        let mut decided = Vec::with_capacity(claimed.len());
        for one in claimed.iter() {
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
                Stage::Left | Stage::Failed(..) | Stage::OtherVersion(..) | Stage::Decoded(..) => {}
            }
        }
        if decided.is_empty() {
            return Ok(());
        }
        intake.save(&decided, now).await
    }

    /// Notes of each signal what became of it, also when that fails for one: the first error is returned
    /// at the end. Those that failed are free again by now.
    async fn note_all(
        &self,
        claimed: Vec<Claimed>,
        began: Instant,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut noted = Ok(());
        for one in claimed {
            let stored = one.stored;
            let noting = async {
                match one.stage {
                    Stage::Decided(both) => {
                        let (signal, ready) = &*both;
                        self.note_decided(&stored, signal, &ready.decision, began);
                        Ok(())
                    }
                    Stage::Failed(why, signal) => {
                        self.note_failed(&stored, &why, signal, began, now).await
                    }
                    Stage::OtherVersion(why) => self.leave_to_others(&stored, &why, now).await,
                    Stage::NotYet | Stage::Left | Stage::Decoded(_) => {
                        note_again(&Span::current());
                        Ok(())
                    }
                }
            };
            noted = noted.and(noting.instrument(one.span).await);
        }
        noted
    }
}

/// The decoded signals that can be decided, in the order in which that happens, each with the name of what
/// it locks. None when the first one cannot.
async fn order(
    intake: &mut Intake,
    claimed: &[Claimed],
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Vec<(usize, Option<String>)>, StoreError> {
    let decoded = claimed.iter().enumerate();
    let decoded = decoded.filter_map(|(at, one)| match &one.stage {
        Stage::Decoded(signal) => Some((at, &**signal)),
        _ => None,
    });
    let (places, signals): (Vec<usize>, Vec<&Signal>) = decoded.unzip();
    if claimed.len() == 1 {
        return Ok(places
            .into_iter()
            .map(|at| (at, Some(String::new())))
            .collect());
    }
    let blank = areas::blank(intake, &signals, rules, now).await?;
    let mut order = Vec::with_capacity(places.len());
    for ((at, signal), blank) in places.into_iter().zip(signals).zip(blank) {
        match areas::sharing(signal, rules, now) {
            _ if blank => order.push((at, None)),
            Sharing::Locks(name) => order.push((at, Some(name))),
            Sharing::Free | Sharing::Never if at == 0 => return Ok(Vec::new()),
            Sharing::Free | Sharing::Never => {}
        }
    }
    // Stable: those that lock the same are decided as they came.
    order.sort_by(|one, other| one.1.cmp(&other.1));
    Ok(order)
}

impl Claimed {
    fn alone(&self, began: Instant) -> Alone {
        Alone {
            id: self.stored.id,
            large: self.stored.large,
            span: self.span.clone(),
            began,
        }
    }

    async fn decide(
        &mut self,
        intake: &mut Intake,
        locks: bool,
        rules: &Rules,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let Stage::Decoded(signal) = &self.stage else {
            return Ok(());
        };
        let ready = if locks {
            let deciding = areas::decide(intake, signal, rules, now);
            deciding.instrument(self.span.clone()).await
        } else {
            let decide = || areas::decide_blank(signal, rules, now);
            self.span.in_scope(decide).map_err(Undecided::Panicked)
        };
        let ready = match ready {
            Ok(ready) if locks => Ok(intake.save_changes(ready).await?),
            Ok(ready) => Ok(ready),
            Err(Undecided::Store(error)) => return Err(error),
            Err(Undecided::Panicked(why)) => Err(why),
        };
        self.stage = match (std::mem::replace(&mut self.stage, Stage::Left), ready) {
            (Stage::Decoded(signal), Ok(ready)) => Stage::Decided(Box::new((*signal, ready))),
            (Stage::Decoded(signal), Err(why)) => Stage::Failed(why, Some(signal)),
            (other, _) => other,
        };
        Ok(())
    }

    /// The signal is at fault.
    fn fail(&mut self, why: String) {
        let signal = match std::mem::replace(&mut self.stage, Stage::Left) {
            Stage::Decoded(signal) => Some(signal),
            Stage::Decided(both) => Some(Box::new(both.0)),
            _ => None,
        };
        self.stage = Stage::Failed(why, signal);
    }
}

/// Whether an error is this signal's own fault, and not the database being away or busy: a table
/// that is locked for minutes must not park every signal.
fn is_the_signals(error: &StoreError) -> bool {
    matches!(error, StoreError::Refused(_) | StoreError::Unreadable(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_decided_yet_is_asked_for_the_more_rarely_the_longer_it_waits() {
        for (age, wait) in [
            (-5, 500),
            (0, 500),
            (2, 500),
            (60, 15_000),
            (86_400, 30_000),
        ] {
            let wait = Duration::milliseconds(wait);
            assert_eq!(not_yet(Duration::seconds(age)), wait, "{age} s");
        }
    }
}
