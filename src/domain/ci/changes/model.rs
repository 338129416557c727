//! A change of a repository, an incident that is followed, and a deployment that failed.

use crate::domain::ids::{ChannelId, IncidentId, MessageTs, SignalId, UserId};
use crate::domain::told::IncidentState;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use uuid::Uuid;

/// All texts come from GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeChange {
    /// `owner/name`.
    pub repository: String,
    pub at: DateTime<Utc>,
    pub what: What,
    /// Of the pull request or the newest commit; may be empty.
    pub title: String,
    pub sha: String,
    /// Its page on GitHub; may be empty.
    pub url: String,
    pub actor: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// To the default branch.
    Push,
    /// A pull request, by its number, into the default branch.
    Merged { number: i64 },
    Deployment {
        environment: String,
        /// GitHub's ids: a larger one is newer.
        deployment: i64,
        status: i64,
        state: DeploymentState,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeploymentState {
    Started,
    Succeeded,
    Failed,
}

impl CodeChange {
    /// What it is called among the changes of its repository. The push that a merge makes is the same
    /// change, and so are all states of a deployment.
    pub fn key(&self) -> String {
        match &self.what {
            What::Push | What::Merged { .. } => format!("commit:{}", self.sha),
            What::Deployment { deployment, .. } => format!("deployment:{deployment}"),
        }
    }

    /// Whether this is news about a change that is known: a merge says more than its push, and a newer
    /// state of a deployment replaces an older one.
    pub fn replaces(&self, known: &Self) -> bool {
        match (&self.what, &known.what) {
            (What::Merged { .. }, What::Push) => true,
            (What::Deployment { status: this, .. }, What::Deployment { status: other, .. }) => {
                this > other
            }
            _ => false,
        }
    }
}

/// A change and its place: a change that is told again has a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub place: i64,
    pub change: CodeChange,
}

/// An incident, and what is known of it here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowedIncident {
    pub state: IncidentState,
    #[serde(default)]
    pub ended_at: Option<DateTime<Utc>>,
    /// The place of the newest change that is on its timeline; 0: none is.
    #[serde(default)]
    pub noted: i64,
    /// When its next changes are written on the timeline.
    #[serde(default)]
    pub due: Option<DateTime<Utc>>,
    /// The message in its channel about the changes.
    #[serde(default)]
    pub message: Option<Posting>,
}

/// A message; without `ts`, it is not posted yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    pub channel: ChannelId,
    #[serde(default)]
    pub ts: Option<MessageTs>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeploymentId(pub Uuid);

impl DeploymentId {
    /// The one that a signal reports: decided again, it is the same.
    pub(super) fn reported_by(signal: SignalId) -> Self {
        Self(Uuid::new_v5(&signal.0, b"ci deployment"))
    }
}

/// A deployment to production that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedDeployment {
    pub id: DeploymentId,
    pub service: String,
    /// As it was when it failed.
    pub change: CodeChange,
    #[serde(default)]
    pub incident: Option<IncidentId>,
    /// In the incident's channel.
    #[serde(default)]
    pub message: Option<Posting>,
    #[serde(default)]
    pub rollback: Option<RollbackTaken>,
}

impl FailedDeployment {
    /// GitHub's id of it; 0 for a change that is none.
    pub fn number(&self) -> i64 {
        match &self.change.what {
            What::Deployment { deployment, .. } => *deployment,
            What::Push | What::Merged { .. } => 0,
        }
    }
}

/// The rollback of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackTaken {
    pub by: UserId,
    pub at: DateTime<Utc>,
    /// The workflow's file, by which its run is known.
    pub workflow: String,
    /// The branch or tag that it was started on.
    #[serde(default)]
    pub reference: Option<String>,
    /// GitHub's id of its run; `None`: GitHub has not named it.
    #[serde(default)]
    pub run: Option<i64>,
    pub state: RollbackState,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RollbackState {
    /// GitHub has not answered yet.
    Asked,
    /// The workflow was started.
    Started,
    /// GitHub's answer is unknown, so the workflow may run: it is not started again.
    Unknown {
        code: String,
    },
    /// GitHub refused to start it: it may be tried again.
    Refused {
        code: String,
    },
    Succeeded {
        url: String,
    },
    Failed {
        url: String,
    },
}
