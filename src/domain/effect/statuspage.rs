//! What can be done on a status page.

use super::{Provider, Vocabulary};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Effect {
    /// Sets a component's status.
    UpdateComponent {
        /// Its id there.
        component: String,
        /// `None` until it is completed at delivery.
        #[serde(skip)]
        status: Option<ComponentStatus>,
    },
}

/// A component's status, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ComponentStatus {
    Operational,
    DegradedPerformance,
    PartialOutage,
    MajorOutage,
}

impl ComponentStatus {
    /// Statuspage's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operational => "operational",
            Self::DegradedPerformance => "degraded_performance",
            Self::PartialOutage => "partial_outage",
            Self::MajorOutage => "major_outage",
        }
    }
}

impl Effect {
    pub const KINDS: [&'static str; 1] = ["update_component"];

    pub fn kind(&self) -> &'static str {
        match self {
            Self::UpdateComponent { .. } => "update_component",
        }
    }

    pub fn lane(&self) -> String {
        match self {
            Self::UpdateComponent { component, .. } => format!("statuspage:{component}"),
        }
    }
}

impl Vocabulary for Effect {
    const PROVIDER: Provider = Provider::Statuspage;

    fn of(effect: &super::Effect) -> Option<&Self> {
        match effect {
            super::Effect::Statuspage(effect) => Some(effect),
            super::Effect::Slack(_) => None,
        }
    }
}
