//! What can happen to incidents.

use super::super::decision::TimerChange;
use super::super::ids::{ChannelId, EffectId, IncidentId};
use super::super::signal::{ParkedRow, Receipt};
use super::super::text::Message;
use super::super::told::Note;
use super::act::{Act, Request};
use super::purpose::Purpose;
use chrono::{DateTime, Utc};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A person, a caller of the API or another area asks for something.
    Asked(Box<Request>),
    /// A channel was archived or deleted in Slack.
    ChannelClosed {
        channel: ChannelId,
        how: Closing,
    },
    /// Slack moved a channel: it has a new id.
    ChannelMoved {
        from: ChannelId,
        to: ChannelId,
    },
    /// A channel is no longer archived.
    ChannelReopened {
        channel: ChannelId,
    },
    ChannelRenamed {
        channel: ChannelId,
        name: String,
    },
    /// An effect of ours ended.
    Receipt(Box<Receipt<Purpose>>),
    TimerDue {
        incident: IncidentId,
        timer: Timer,
        generation: i32,
    },
    /// A row was put aside: the person who waits hears it, or the operators.
    Parked(ParkedRow),
    /// Another area found trouble with a service.
    TroubleReported(Box<Trouble>),
    /// Another area knows what happened meanwhile.
    Noted {
        incident: IncidentId,
        notes: Vec<Note>,
    },
    /// An effect of another area is stuck: the operators hear it.
    EffectStuck {
        effect: EffectId,
        message: Message,
    },
}

/// Trouble that another area found, and what it asks for when no incident of the service is open.
#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    /// The area's own word for it, which the answer repeats.
    pub reference: Uuid,
    pub request: Request,
    pub notes: Vec<Note>,
}

impl Trouble {
    /// The service that it is about.
    pub(super) fn service(&self) -> Option<&str> {
        match &self.request.act {
            Act::Declare(declaration) => Some(&declaration.service),
            _ => None,
        }
    }
}

/// How a channel was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// It can be brought back.
    Archived,
    /// It was deleted, or we may not know of it any more.
    Gone,
}

/// The timers that an incident has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// The incident's channel should exist by now.
    ChannelOverdue,
}

impl Timer {
    pub const ALL: [Self; 1] = [Self::ChannelOverdue];

    /// The timer of an incident; it is cancelled when nothing is due.
    pub(super) fn of(self, incident: IncidentId, due: Option<DateTime<Utc>>) -> TimerChange {
        TimerChange {
            area: "incident",
            owner: incident.to_string(),
            name: self.as_str(),
            due,
        }
    }

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ChannelOverdue => "channel_overdue",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|timer| timer.as_str() == text)
    }
}
