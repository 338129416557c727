//! What comes back to the ring by itself: receipts, timers, and rows that were put aside.

use super::effect::{Answer, Effect};
use super::ids::{EffectId, SignalId};
use super::text::ReplyTo;
use serde::{Deserialize, Serialize};

/// A timer that is due. Its area reads the owner and the name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerDue {
    pub area: String,
    pub owner: String,
    pub name: String,
    /// The generation that was due: an older one than the row's does nothing.
    pub generation: i32,
}

/// A signal that keeps failing, or an effect that cannot be read, and was put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedRow {
    /// The inbox row; of an effect, the one that led to it.
    pub signal: SignalId,
    /// The outbox row, when it is an effect that was put aside.
    #[serde(default)]
    pub effect: Option<EffectId>,
    /// Its area, as far as that is known.
    #[serde(default)]
    pub area: Option<String>,
    /// What it was, for people: its source and kind.
    pub what: String,
    /// Where an answer could still go, when a person asked for something.
    pub reply_to: Option<ReplyTo>,
}

/// How an effect ended. A receipt is a signal: it comes back through the inbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt<P> {
    pub effect_id: EffectId,
    /// 0, and one more with each retry by an operator: a retried effect answers again.
    pub generation: i32,
    pub effect: Effect,
    /// Why the effect was decided.
    pub origin: P,
    pub end: End,
}

impl<P> Receipt<P> {
    /// The same receipt in the terms of the origin's area.
    pub fn with<Q>(self, change: impl FnOnce(P) -> Q) -> Receipt<Q> {
        Receipt {
            effect_id: self.effect_id,
            generation: self.generation,
            effect: self.effect,
            origin: change(self.origin),
            end: self.end,
        }
    }
}

/// The ends of an effect. A code is the provider's own, such as `is_archived`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Done, with what the provider answered.
    Done(Answer),
    /// The provider refused it for good.
    Refused { code: String },
    /// It was not useful any more.
    Expired,
    /// It may or may not have happened, and it cannot be looked up.
    Uncertain { code: String },
    /// It kept failing; an operator must look at it.
    Parked { code: String },
    /// An operator, a restore, or a switch that forbids it, gave it up.
    Dropped { why: String },
}
