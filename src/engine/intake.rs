//! Signals in, decisions saved: a decision is whole, and stands by one commit.
//!
//! Here a signal has a transaction of its own; in `batch` several share one.
//! A signal that fails is tried again with growing pauses and then parked: shown, counted, told to
//! a person, never dropped, and in nobody's way. A database that is away is not the signal's fault
//! and does not count.

use super::areas::{self, Undecided};
use super::noted::{note_again, span_of};
use super::{Decoder, Engine};
use crate::domain::areas::{Event, Origin, Signal};
use crate::domain::signal::{ParkedRow, Receipt, TimerDue};
use crate::domain::told::Told;
use crate::store::{Claim, Decided, Intake, Reads, Ready, StoreError, StoredSignal, json_error};
use crate::telemetry::traces;
use chrono::{DateTime, Duration, Utc};
use serde_json::error::Category;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;
use tracing::{Instrument, Span};

/// Two transactions in each other's way: so often at once, before it counts as a failure.
const CONFLICTS: u32 = 5;

/// How long a signal steps aside that stood behind somebody's lock for too long.
const SLOW_PAUSE: Duration = Duration::seconds(5);

/// How long a signal waits whose decoder cannot say yet: a quarter of its age. Short at first,
/// because a form's permission dies in 3 s; long later, because many may wait for the same answer.
pub(super) fn not_yet(age: Duration) -> Duration {
    (age / 4).clamp(Duration::milliseconds(500), Duration::seconds(30))
}

/// Why a signal could not be decided.
enum Failure {
    /// The database: not the signal's fault.
    Store(StoreError),
    /// The signal, or our code: words for the parked row, without anything of the body.
    Signal(String, Option<Box<Signal>>),
    /// A row of ours that another version wrote, in a way that this one does not read.
    OtherVersion(String),
}

/// Why a row could not be decoded; words without anything of the body.
pub(super) enum Unread {
    Wrong(String),
    OtherVersion(String),
}

impl From<String> for Unread {
    fn from(why: String) -> Self {
        Self::Wrong(why)
    }
}

impl From<Unread> for Failure {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Wrong(why) => Self::Signal(why, None),
            Unread::OtherVersion(why) => Self::OtherVersion(why),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Engine {
    /// Decides signals that are due, the oldest first; `false` when there is none. How many at once
    /// is for `batch` to say.
    pub async fn intake_step(&self) -> Result<bool, StoreError> {
        let now = self.parts.clock.now();
        let store = &self.parts.store;
        let most = self.batches.next();
        let Some(claim) = store.claim_signals(now, &self.reads, most).await? else {
            return Ok(false);
        };
        if most > 1 {
            // Others may find work too, where there is more than was asked for.
            if claim.signals.len() == most as usize {
                store.wakes().inbox.notify_one();
            }
            return self.decide_together(claim, now).await;
        }
        store.wakes().inbox.notify_one();
        if let Some(only) = claim.signals.first() {
            let span = span_of(only);
            self.decide_alone(claim, span, now).await?;
        }
        Ok(true)
    }

    /// Decides the first signal of a claim, which is its only one, within its span.
    pub(super) async fn decide_alone(
        &self,
        claim: Claim,
        span: Span,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let Claim { intake, signals } = claim;
        let Some(stored) = signals.into_iter().next() else {
            return Ok(());
        };
        self.decide_claimed(intake, stored, now)
            .instrument(span)
            .await
    }

    async fn decide_claimed(
        &self,
        intake: Intake,
        stored: StoredSignal,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let began = Instant::now();
        match self.decide_with_patience(intake, &stored, now).await {
            Ok(None) => {
                note_again(&Span::current());
                Ok(())
            }
            Ok(Some((signal, ready))) => {
                self.note_decided(&stored, &signal, &ready.decision, began);
                Ok(())
            }
            Err(Failure::Store(error)) => {
                // First in line again, it would keep everybody waiting behind the same lock.
                if error.is_slow() {
                    self.parts
                        .store
                        .put_off(stored.id, now + SLOW_PAUSE)
                        .await?;
                }
                Err(error)
            }
            Err(Failure::OtherVersion(why)) => self.leave_to_others(&stored, &why, now).await,
            Err(Failure::Signal(why, signal)) => {
                let signal = signal.map(|signal| *signal);
                self.note_failed(&stored, &why, signal, began, now).await
            }
        }
    }

    /// Decides; does it again when two transactions were in each other's way.
    async fn decide_with_patience(
        &self,
        intake: Intake,
        stored: &StoredSignal,
        now: DateTime<Utc>,
    ) -> Result<Option<(Signal, Ready)>, Failure> {
        let mut intake = Some(intake);
        for _ in 0..CONFLICTS {
            let claimed = match intake.take() {
                Some(intake) => Some(intake),
                None => {
                    let store = &self.parts.store;
                    let again = store.claim_this_signal(stored.id, now).await?;
                    again.map(|claim| claim.intake)
                }
            };
            // Somebody else took it meanwhile.
            let Some(claimed) = claimed else {
                return Ok(None);
            };
            match self.decide_once(claimed, stored, now).await {
                Err(Failure::Store(StoreError::Conflict(_))) => {}
                decided => return decided,
            }
        }
        Err(Failure::Signal("conflict".to_owned(), None))
    }

    async fn decide_once(
        &self,
        mut intake: Intake,
        stored: &StoredSignal,
        now: DateTime<Utc>,
    ) -> Result<Option<(Signal, Ready)>, Failure> {
        match self.decide_within(&mut intake, stored, now).await {
            Ok(decided) => {
                if decided.is_none() {
                    let until = now + not_yet(now - stored.at);
                    intake.put_off(stored.id, until).await?;
                }
                intake.commit().await?;
                Ok(decided)
            }
            Err(failure) => {
                intake.undo().await;
                Err(failure)
            }
        }
    }

    /// All of a decision, in its transaction and short of its end. `None`: not yet.
    async fn decide_within(
        &self,
        intake: &mut Intake,
        stored: &StoredSignal,
        now: DateTime<Utc>,
    ) -> Result<Option<(Signal, Ready)>, Failure> {
        let rules = self.rules();
        let decoded = guarded(|| self.decode(stored, &rules));
        let Some(signal) = decoded? else {
            return Ok(None);
        };
        if areas::may_share(&signal, &rules, now) {
            self.batches.grow();
        }
        let ready = match areas::decide(intake, &signal, &rules, now).await {
            Ok(ready) => ready,
            Err(Undecided::Store(error)) if !is_the_signals(&error) => return Err(error.into()),
            Err(Undecided::Store(error)) => {
                return Err(Failure::Signal(error.code(), Some(Box::new(signal))));
            }
            Err(Undecided::Panicked(why)) => {
                return Err(Failure::Signal(why, Some(Box::new(signal))));
            }
        };
        let decided = Decided {
            signal: stored,
            ready: &ready,
            traceparent: traces::traceparent(&tracing::Span::current()),
        };
        match intake.save(&[decided], now).await {
            Err(error) if is_the_signals(&error) => {
                Err(Failure::Signal(error.code(), Some(Box::new(signal))))
            }
            saved => saved.map(|()| Some((signal, ready))).map_err(Failure::from),
        }
    }

    pub(super) fn decode(
        &self,
        stored: &StoredSignal,
        rules: &crate::domain::rules::Rules,
    ) -> Result<Option<Signal>, Unread> {
        let Some(body) = stored.body.as_deref() else {
            let why = "the body is forgotten, or sealed with another key";
            return Err(Unread::Wrong(why.to_owned()));
        };
        let event = match stored.source.as_str() {
            "receipt" => Event::of_receipt(
                serde_json::from_slice::<Receipt<Origin>>(body).map_err(unreadable)?,
            ),
            "timer" => {
                let due: TimerDue = serde_json::from_slice(body).map_err(unreadable)?;
                let unknown = || Unread::OtherVersion("unreadable: an unknown timer".to_owned());
                Event::of_timer(&due).ok_or_else(unknown)?
            }
            "area" => Event::of_told(serde_json::from_slice::<Told>(body).map_err(unreadable)?),
            "engine" => {
                Event::of_parked(serde_json::from_slice::<ParkedRow>(body).map_err(unreadable)?)
            }
            source => {
                // Only what is read here is claimed.
                let decoder = self.parts.decoders.get(source);
                let decoder = decoder.ok_or_else(|| format!("no decoder for {source}"))?;
                return Ok((decoder.decode)(stored, body, rules)?);
            }
        };
        Ok(Some(Signal {
            id: stored.id,
            at: stored.at,
            event,
        }))
    }
}

/// What is read of the inbox: the engine's own sources, and those that have a decoder.
pub(super) fn reads(decoders: &HashMap<&'static str, Decoder>) -> Reads {
    let own = Event::own_kinds();
    let others = decoders
        .iter()
        .map(|(source, decoder)| (*source, decoder.kinds.clone()));
    Reads::new(own.into_iter().chain(others))
}

/// Whether an error is this signal's own fault, and not the database being away or busy: a table
/// that somebody locks for minutes must not put everybody's signals aside.
pub(super) fn is_the_signals(error: &StoreError) -> bool {
    matches!(error, StoreError::Refused(_) | StoreError::Unreadable(_))
}

/// Why one of our own bodies cannot be read: JSON of another shape is another version's.
fn unreadable(error: serde_json::Error) -> Unread {
    let why = format!("unreadable: {}", json_error(&error));
    match error.classify() {
        Category::Data => Unread::OtherVersion(why),
        Category::Io | Category::Syntax | Category::Eof => Unread::Wrong(why),
    }
}

/// Runs our own pure code; a panic in it is a failure of this signal and of nothing else.
pub(super) fn guarded<T, E: From<String>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_panic| Err("panicked".to_owned().into()))
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
