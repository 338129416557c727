//! What one area tells another.
//!
//! A decision appends it to the inbox in its own transaction, and the other area decides on it in
//! another. The words belong to neither area, so that the two do not name each other.

use super::declaration::{Declaration, Source};
use super::ids::{Actor, ChannelId, EffectId, IncidentId, UserId};
use super::observation::{IssueWanted, Observation};
use super::severity::Severity;
use super::signal::ParkedRow;
use super::text::Message;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};
use uuid::Uuid;

/// Its word is the kind of its row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[strum(serialize_all = "snake_case")]
pub enum Told {
    /// An area found a reason for an incident.
    DeclareIncident {
        declaration: Declaration,
        /// What the area takes care of.
        source: Source,
    },
    /// An attempt of a run ended.
    RunObserved(Box<Observation>),
    /// A failure of CI needs an issue.
    IssueWanted(Box<IssueWanted>),
    /// An area found trouble with a service: it joins the open incident of the service, or is declared as
    /// one. Answered by `TroubleReported`.
    ReportTrouble {
        /// The area's own word for it, which the answer repeats.
        reference: Uuid,
        declaration: Declaration,
        source: Source,
        /// For the timeline of the incident.
        notes: Vec<Note>,
    },
    /// What became of reported trouble.
    TroubleReported { reference: Uuid, result: Reported },
    /// An incident was declared, or one of these values changed. Those of one incident come in order.
    IncidentChanged(IncidentState),
    /// Lines for an incident's timeline.
    Notes {
        incident: IncidentId,
        notes: Vec<Note>,
    },
    /// An effect of the area is stuck, which operators must hear.
    EffectStuck { effect: EffectId, message: Message },
    /// A row of the area was put aside, and nothing follows from it but that operators must hear it.
    Parked(ParkedRow),
}

/// What became of reported trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reported {
    /// It is a new incident, or is on the timeline of one that was open.
    Incident(IncidentState),
    /// There is no incident of it; the sentence says why.
    Refused(String),
}

/// An incident, as far as other areas follow it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentState {
    pub id: IncidentId,
    /// For people: 1, 2, …
    pub number: i64,
    pub service: String,
    pub severity: Severity,
    /// The commander, else who declared it.
    pub responsible: Option<UserId>,
    /// Its channel, while messages can be posted in it.
    pub channel: Option<ChannelId>,
    pub declared_at: DateTime<Utc>,
    pub is_open: bool,
}

/// A line for a timeline, complete in itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When it happened.
    pub at: DateTime<Utc>,
    pub by: Actor,
    pub text: String,
}

impl Told {
    /// What orders it among others; `None`: nothing.
    pub fn subject(&self) -> Option<String> {
        match self {
            Self::IncidentChanged(state) => Some(format!("area:incident:{}", state.id)),
            Self::DeclareIncident { .. }
            | Self::ReportTrouble { .. }
            | Self::TroubleReported { .. }
            | Self::RunObserved(_)
            | Self::IssueWanted(_)
            | Self::Notes { .. }
            | Self::EffectStuck { .. }
            | Self::Parked(_) => None,
        }
    }
}
