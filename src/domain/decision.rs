//! What we conclude from a signal: a value, not an action.
//!
//! The store saves all of it in the signal's transaction, or nothing of it. What only one area has is
//! a change of that area; what every area may do is a field here.

use super::effect::Effect;
use super::ids::{Actor, EffectId, IncidentId, SignalId, UserId};
use super::measure::Measure;
use super::told::Told;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What we conclude from one signal: `C` changes the area's rows, `P` is why it decides an effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision<C, P> {
    signal: SignalId,
    ordinal: usize,
    /// Rows of the area that change, in order.
    pub changes: Vec<C>,
    /// What is to be done outside, in order.
    pub effects: Vec<Planned<P>>,
    /// What other areas are told: signals of their own, in the same transaction.
    pub signals: Vec<Told>,
    pub timers: Vec<TimerChange>,
    pub audit: Vec<AuditEntry>,
    /// What people are called, as of the signal.
    pub names: Vec<Named>,
    /// Effects that were refused and are due once more.
    pub retries: Vec<Retry>,
    /// The answer for a waiting API call.
    pub api_answer: Option<ApiAnswer>,
    /// What the metrics count.
    pub measures: Vec<Measure>,
    /// What came of it, for the log and the metrics.
    pub outcome: Outcome,
}

/// An effect, with its id and why it is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned<P> {
    pub id: EffectId,
    pub effect: Effect,
    /// Why: where its receipt goes.
    pub origin: P,
    /// Not before then; `None`: at once.
    pub not_before: Option<DateTime<Utc>>,
}

/// A timer belongs to an area and to one of its things, by the words of the area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimerChange {
    pub area: &'static str,
    pub owner: String,
    pub name: &'static str,
    /// When it is due; an earlier timer of that name is replaced. `None`: it is cancelled.
    pub due: Option<DateTime<Utc>>,
}

impl TimerChange {
    /// The owner of a timer that its area always has.
    pub const ALWAYS: &'static str = "always";
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    pub person: UserId,
    pub at: DateTime<Utc>,
    pub name: String,
}

/// The effects of a lane that were refused with one of these codes are due again, in their old order
/// and before new ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    pub lane: String,
    pub kind: &'static str,
    pub codes: &'static [&'static str],
}

/// A line of the audit: who did what to what, what it was before and after, refusals included.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    pub incident: Option<IncidentId>,
    pub at: DateTime<Utc>,
    /// What was done or tried, such as `incident.declare`.
    pub action: String,
    pub by: Actor,
    pub outcome: AuditOutcome,
    /// What it was before, what it is after, and the reason given.
    pub details: serde_json::Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditOutcome {
    Done,
    /// The person was told why.
    Refused,
}

/// What a waiting API call is answered. The edge adds the request's id to a problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ApiAnswer {
    /// It is done: the incident as it is now. `created` makes it a 201.
    Incident {
        #[serde(rename = "incident")]
        id: IncidentId,
        created: bool,
    },
    Problem {
        /// The HTTP status: 403, 404, 409, 422.
        status: u16,
        /// What is wrong and what to do.
        detail: String,
    },
}

/// What came of a signal: labels of metrics, a bounded set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Something was changed or answered.
    Done,
    /// The person was refused.
    Refused,
    /// Nothing had to be done.
    Ignored,
    /// What came in lacked what it takes to act on it.
    Incomplete,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Ignored => "ignored",
            Self::Incomplete => "incomplete",
        }
    }
}

impl<C, P> Decision<C, P> {
    pub fn on(signal: SignalId) -> Self {
        Self {
            signal,
            ordinal: 0,
            changes: Vec::new(),
            effects: Vec::new(),
            signals: Vec::new(),
            timers: Vec::new(),
            audit: Vec::new(),
            names: Vec::new(),
            retries: Vec::new(),
            api_answer: None,
            measures: Vec::new(),
            outcome: Outcome::Ignored,
        }
    }

    /// The signal it is about.
    pub fn signal(&self) -> SignalId {
        self.signal
    }

    fn something(&mut self) {
        if self.outcome == Outcome::Ignored {
            self.outcome = Outcome::Done;
        }
    }

    pub fn change(&mut self, change: C) {
        self.something();
        self.changes.push(change);
    }

    pub fn audit(&mut self, entry: AuditEntry) {
        self.something();
        self.audit.push(entry);
    }

    pub fn timer(&mut self, change: TimerChange) {
        self.something();
        self.timers.push(change);
    }

    pub fn retry(&mut self, retry: Retry) {
        self.something();
        self.retries.push(retry);
    }

    pub fn tell(&mut self, told: Told) {
        self.something();
        self.signals.push(told);
    }

    /// Adds an effect; its id is the signal's next.
    pub fn effect(&mut self, effect: impl Into<Effect>, origin: impl Into<P>) -> EffectId {
        self.effect_from(effect, origin, None)
    }

    /// Adds an effect that waits until `not_before`.
    pub fn effect_from(
        &mut self,
        effect: impl Into<Effect>,
        origin: impl Into<P>,
        not_before: Option<DateTime<Utc>>,
    ) -> EffectId {
        let effect = effect.into();
        self.something();
        let id = self.next_id(effect.kind());
        self.effects.push(Planned {
            id,
            effect,
            origin: origin.into(),
            not_before,
        });
        id
    }

    /// Takes the next effect's id without an effect (a notification that is held back has one).
    pub fn next_id(&mut self, kind: &str) -> EffectId {
        let id = EffectId::of(self.signal, self.ordinal, kind);
        self.ordinal += 1;
        id
    }

    /// Parts the area's changes from what the ring saves for every area.
    pub fn split<O: From<P>>(self) -> (Vec<C>, Decision<(), O>) {
        let effects = self.effects.into_iter().map(|plan| Planned {
            id: plan.id,
            effect: plan.effect,
            origin: plan.origin.into(),
            not_before: plan.not_before,
        });
        let rest = Decision {
            signal: self.signal,
            ordinal: self.ordinal,
            changes: Vec::new(),
            effects: effects.collect(),
            signals: self.signals,
            timers: self.timers,
            audit: self.audit,
            names: self.names,
            retries: self.retries,
            api_answer: self.api_answer,
            measures: self.measures,
            outcome: self.outcome,
        };
        (self.changes, rest)
    }
}
