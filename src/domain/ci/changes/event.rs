//! What can happen: a change, or news of an incident.

use super::model::CodeChange;
use crate::domain::told::{IncidentState, Reported};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Seen(CodeChange),
    /// An incident was declared or changed.
    Incident(IncidentState),
    /// What became of a failed deployment that was reported.
    Reported {
        reference: Uuid,
        result: Reported,
    },
}
