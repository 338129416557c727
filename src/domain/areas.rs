//! The areas of the product, as the ring meets them: where the end of an effect goes.
//!
//! The ring knows an area by its word and by what is asked here; its terms stay in its folder.

use super::effect::Effect;
use super::ids::IncidentId;
use super::incident;
use serde::{Deserialize, Serialize};

/// Why an effect was decided, and so where its receipt goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Incident(incident::Purpose),
}

impl Origin {
    /// The area's word.
    pub fn area(&self) -> &'static str {
        match self {
            Self::Incident(_) => "incident",
        }
    }

    /// The purpose's word within its area.
    pub fn purpose(&self) -> &'static str {
        match self {
            Self::Incident(purpose) => purpose.kind(),
        }
    }

    /// The kind of the receipt's row: a process claims those whose area and purpose it knows.
    pub fn kind(&self) -> String {
        format!("{}_{}", self.area(), self.purpose())
    }

    /// Every kind of receipt.
    pub fn kinds() -> Vec<String> {
        let incident = incident::Purpose::KINDS.iter();
        incident.map(|kind| format!("incident_{kind}")).collect()
    }

    /// The incident that it is about, for lists and the audit.
    pub fn incident(&self) -> Option<IncidentId> {
        match self {
            Self::Incident(purpose) => purpose.incident(),
        }
    }

    /// What the receipt is about: receipts of one subject are decided in order. `None`: of its effect
    /// alone.
    pub fn subject(&self) -> Option<String> {
        self.incident().map(|id| format!("incident:{id}"))
    }

    /// Whether a message that comes late says when it was meant.
    pub fn is_news(&self) -> bool {
        match self {
            Self::Incident(purpose) => purpose.is_news(),
        }
    }

    /// Whether the area answers this refusal by another way: then it is no dead letter.
    pub fn has_another_way(&self, effect: &Effect, code: &str) -> bool {
        match self {
            Self::Incident(purpose) => purpose.has_another_way(effect, code),
        }
    }
}

impl From<incident::Purpose> for Origin {
    fn from(purpose: incident::Purpose) -> Self {
        Self::Incident(purpose)
    }
}
