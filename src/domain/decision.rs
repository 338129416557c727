//! What we conclude from a signal: a value, not an action.
//!
//! The store saves all of it in the signal's transaction, or nothing of it.

use super::areas::Origin;
use super::effect::Effect;
use super::ids::{ChannelId, EffectId, IncidentId, SignalId, UserId};
use super::incident::notices::Notice;
use super::incident::{AuditEntry, Incident, Notification, NotificationStatus, TimelineEntry};
use super::signal::Timer;
use chrono::{DateTime, Utc};

/// What we conclude from one signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    signal: SignalId,
    ordinal: usize,
    /// Rows that change, in order.
    pub changes: Vec<Change>,
    /// What is to be done outside, in order.
    pub effects: Vec<Planned>,
    /// The answer for a waiting API call.
    pub api_answer: Option<ApiAnswer>,
    /// What came of it, for the log and the metrics.
    pub outcome: Outcome,
}

/// An effect, with its id and why it is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// Its id.
    pub id: EffectId,
    /// What to do.
    pub effect: Effect,
    /// Why: where its receipt goes.
    pub origin: Origin,
    /// Not before then; `None`: at once.
    pub not_before: Option<DateTime<Utc>>,
}

/// A row that changes.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A new incident.
    Declare(Box<Incident>),
    /// An incident as it is now, under the lock with which it was loaded.
    Save(Box<Incident>),
    /// A new line of a timeline.
    Timeline(TimelineEntry),
    /// A new line of the audit.
    Audit(AuditEntry),
    /// What somebody is called.
    Named {
        /// Whose name.
        person: UserId,
        /// It.
        name: String,
        /// When it was so.
        at: DateTime<Utc>,
    },
    /// Somebody is to be told.
    Notify(Notification),
    /// What became of telling somebody.
    Notified {
        /// The effect that carried it.
        effect: EffectId,
        /// What became of it.
        status: NotificationStatus,
        /// The provider's code.
        error: Option<String>,
    },
    /// A notice for operators as it is now: a new one, or one of which only the count has changed.
    Notice(Notice),
    /// A timer; an earlier one of that name is replaced.
    SetTimer {
        /// Whose.
        incident: IncidentId,
        /// Which.
        timer: Timer,
        /// When.
        due: DateTime<Utc>,
    },
    /// No timer any more.
    CancelTimer {
        /// Whose.
        incident: IncidentId,
        /// Which.
        timer: Timer,
    },
    /// The room can be written in again: the messages that it refused because it was closed are
    /// due once more, in their old order and before new ones.
    PostAgain {
        /// Which.
        room: ChannelId,
    },
}

/// What a waiting API call is answered. The edge adds the request's id to a problem.
#[derive(Debug, Clone, PartialEq)]
pub enum ApiAnswer {
    /// It is done: the incident as it is now. `created` makes it a 201.
    Incident {
        /// Which.
        id: IncidentId,
        /// Whether it is new.
        created: bool,
    },
    /// A refusal.
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
    /// A person was told no.
    Refused,
    /// Nothing had to be done.
    Ignored,
    /// What came in lacked what it takes to act on it.
    Incomplete,
}

impl Outcome {
    /// The label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Ignored => "ignored",
            Self::Incomplete => "incomplete",
        }
    }
}

impl Decision {
    /// Nothing yet.
    pub fn on(signal: SignalId) -> Self {
        Self {
            signal,
            ordinal: 0,
            changes: Vec::new(),
            effects: Vec::new(),
            api_answer: None,
            outcome: Outcome::Ignored,
        }
    }

    /// The signal it is about.
    pub fn signal(&self) -> SignalId {
        self.signal
    }

    /// Adds a change.
    pub fn change(&mut self, change: Change) {
        self.outcome = match self.outcome {
            Outcome::Ignored => Outcome::Done,
            other => other,
        };
        self.changes.push(change);
    }

    /// Adds an effect; its id is the signal's next.
    pub fn effect(&mut self, effect: impl Into<Effect>, origin: impl Into<Origin>) -> EffectId {
        self.effect_from(effect, origin, None)
    }

    /// Adds an effect that waits until `not_before`.
    pub fn effect_from(
        &mut self,
        effect: impl Into<Effect>,
        origin: impl Into<Origin>,
        not_before: Option<DateTime<Utc>>,
    ) -> EffectId {
        let effect = effect.into();
        if self.outcome == Outcome::Ignored {
            self.outcome = Outcome::Done;
        }
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
}
