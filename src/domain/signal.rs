//! Something happened, in our terms.
//!
//! The inbox keeps what arrived as it came; a pure decoder makes a [`Signal`] of it when it is
//! read, so that a mended decoder and a replay repair a mistake.

use super::act::Request;
use super::areas::Origin;
use super::effect::{Answer, Effect};
use super::ids::{ChannelId, EffectId, IncidentId, SignalId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// Its row in the inbox.
    pub id: SignalId,
    /// When it arrived.
    pub at: DateTime<Utc>,
    /// What it was.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Somebody asks for something.
    Asked(Box<Request>),
    /// A room was archived or deleted by hand.
    RoomClosed {
        /// Which.
        room: ChannelId,
        /// Whether it can come back.
        how: Closing,
    },
    /// A room has a new id: the provider moved it.
    RoomMoved {
        /// Its id until now.
        from: ChannelId,
        /// Its id from now on.
        to: ChannelId,
    },
    /// A room came back from the archive.
    RoomReopened {
        /// Which.
        room: ChannelId,
    },
    /// A room has a new name.
    RoomRenamed {
        /// Which.
        room: ChannelId,
        /// Its name now.
        name: String,
    },
    /// A webhook of GitHub; what is decided on it grows with the product.
    Webhook(Webhook),
    /// An effect came to its end.
    Receipt(Box<Receipt>),
    /// A timer is due.
    TimerDue(TimerDue),
    /// An effect or a signal was parked by the engine: somebody must be told.
    Parked(ParkedRow),
    /// Something that we would act on, without what it takes: it ends here, and is told once.
    Incomplete {
        /// What it is called.
        what: String,
        /// The field that is missing or cannot be read.
        lacks: &'static str,
    },
    /// Nothing that anybody here acts on.
    Unused {
        /// What it was called, for the log.
        what: String,
    },
}

/// How a room was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// It can be brought back.
    Archived,
    /// It was deleted, or we may not know of it any more.
    Gone,
}

/// The parts of a GitHub webhook that are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// `X-GitHub-Event`.
    pub event: String,
    /// The body's `action`.
    pub action: Option<String>,
    /// `owner/name`.
    pub repository: Option<String>,
    /// The App's installation.
    pub installation: Option<u64>,
}

/// A timer that is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerDue {
    /// Whose.
    pub incident: IncidentId,
    /// Which of its timers.
    pub timer: Timer,
    /// The generation that was due: an older one than the row's does nothing.
    pub generation: i32,
}

/// The timers that an incident has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// The incident's room should have been there by now.
    RoomOverdue,
}

impl Timer {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::RoomOverdue];

    /// The word that the database uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RoomOverdue => "room_overdue",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|timer| timer.as_str() == text)
    }
}

/// A signal that keeps failing, or an effect that cannot be read, and was put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedRow {
    /// The inbox row; of an effect, the one that led to it.
    pub signal: SignalId,
    /// The outbox row, when it is an effect that was put aside.
    #[serde(default)]
    pub effect: Option<EffectId>,
    /// What it was, for people: its source and kind.
    pub what: String,
    /// Where an answer could still go, when somebody asked for something.
    pub reply_to: Option<super::act::ReplyTo>,
}

/// How an effect ended. A receipt is a signal: the only way back is the front door.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The outbox row.
    pub effect_id: EffectId,
    /// 0, and one more with each retry by hand: a retried effect answers again.
    pub generation: i32,
    /// What was to be done.
    pub effect: Effect,
    /// Why it was decided.
    pub origin: Origin,
    /// How it ended.
    pub end: End,
}

/// The ends of an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Done, with what the provider answered.
    Done(Answer),
    /// The provider said no for good.
    Refused {
        /// The provider's code, such as `is_archived`.
        code: String,
    },
    /// It was not useful any more.
    Expired,
    /// It may or may not have happened, and nobody can find out.
    Uncertain {
        /// What went wrong.
        code: String,
    },
    /// It kept failing; a person must look.
    Parked {
        /// What went wrong.
        code: String,
    },
    /// A person, or a restore, gave it up.
    Dropped {
        /// Why.
        why: String,
    },
}
