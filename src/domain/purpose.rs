//! What a message is for.

use super::act::ReplyTo;
use super::ids::IncidentId;
use serde::{Deserialize, Serialize};

/// What a message is for: decides what its receipt means, and what an uncertain end does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The incident's card.
    Card {
        /// Whose.
        incident: IncidentId,
    },
    /// Tells of an incident outside of its room: repeated, and marked so, rather than lost.
    Announcement {
        /// Which.
        incident: IncidentId,
    },
    /// A line in an incident's own room.
    Update {
        /// Which.
        incident: IncidentId,
        /// Who hears nothing else, and must hear it when the line cannot be posted.
        #[serde(default)]
        answer_to: Option<ReplyTo>,
    },
    /// An answer that found no better way, or a word to the people who run this.
    Notice {
        /// The incident it is about, if one.
        incident: Option<IncidentId>,
    },
}

impl Purpose {
    /// The incident that it is about.
    pub fn incident(&self) -> Option<IncidentId> {
        match self {
            Self::Card { incident }
            | Self::Announcement { incident }
            | Self::Update { incident, .. } => Some(*incident),
            Self::Notice { incident } => *incident,
        }
    }
}
