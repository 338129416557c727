//! Why an effect was decided: what its receipt needs to know.

use super::model::DeploymentId;
use crate::domain::ids::{ChannelId, IncidentId};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Purpose {
    /// The message about changes in an incident's channel.
    Changes {
        incident: IncidentId,
        service: String,
        channel: ChannelId,
        /// The newest change when it was decided.
        noted: i64,
    },
    /// That message as it is now.
    ChangesUpdate {
        incident: IncidentId,
        service: String,
    },
    /// The message about a failed deployment.
    Deployment {
        deployment: DeploymentId,
        channel: ChannelId,
    },
    DeploymentUpdate {
        deployment: DeploymentId,
    },
    /// The workflow that rolls a deployment back.
    Rollback {
        deployment: DeploymentId,
    },
}

impl Purpose {
    /// What orders receipts among each other; `None`: nothing.
    pub fn subject(&self) -> Option<String> {
        match self {
            Self::Changes { service, .. } | Self::ChangesUpdate { service, .. } => {
                Some(format!("ci:changes:{service}"))
            }
            Self::Deployment { deployment, .. }
            | Self::DeploymentUpdate { deployment }
            | Self::Rollback { deployment } => Some(format!("ci:deployment:{}", deployment.0)),
        }
    }

    pub(super) fn deployment(&self) -> Option<DeploymentId> {
        match self {
            Self::Deployment { deployment, .. }
            | Self::DeploymentUpdate { deployment }
            | Self::Rollback { deployment } => Some(*deployment),
            Self::Changes { .. } | Self::ChangesUpdate { .. } => None,
        }
    }

    /// Whether no person has to look at an effect that was refused so: the incident's area takes care of
    /// its channel, and a message that was deleted is posted again.
    pub fn has_another_way(&self, code: &str) -> bool {
        let closed = matches!(code, "is_archived" | "channel_not_found");
        match self {
            Self::Changes { .. } | Self::Deployment { .. } => closed,
            Self::ChangesUpdate { .. } | Self::DeploymentUpdate { .. } => {
                closed || code == "message_not_found"
            }
            // The message says so, and offers to try again.
            Self::Rollback { .. } => true,
        }
    }
}
