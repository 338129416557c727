//! A playbook: which failures it is for, and what is done about them.

use super::Class;
use crate::domain::severity::Severity;
use chrono::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playbook {
    pub name: String,
    pub on: Trigger,
    /// The most re-runs of one run by it.
    pub max_reruns: u32,
    /// In order; a step begins when the one before it succeeded.
    pub steps: Vec<Step>,
    /// What is done when the run failed again after its last re-run.
    pub give_up: Vec<Step>,
    /// Its steps only say what would have been done.
    pub dry_run: bool,
    pub enabled: bool,
}

/// What a failure must be; an empty list allows all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trigger {
    pub classes: Vec<Class>,
    /// Names of workflows; `*` matches any characters.
    pub workflows: Vec<String>,
    pub branches: Branches,
    /// So many failed runs with its signature on the default branch within 24 hours; 0: any number. A
    /// playbook that asks for them is carried out in addition to the one that handles the failure.
    pub recurrences: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Branches {
    #[default]
    Any,
    /// The repository's default branch.
    Default,
    /// Patterns; `*` matches any characters.
    Like(Vec<String>),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub action: Action,
    /// How long it may take, without the time that it waits for approval.
    pub timeout: Duration,
    /// How often it is tried again when it failed.
    pub retries: u32,
    /// It waits until an admin or an owner of the service approves it.
    pub requires_approval: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    RerunFailedJobs,
    RerunRun,
    /// Those of the branch.
    DeleteCaches,
    DispatchWorkflow {
        workflow: String,
        /// `None`: the run's branch.
        reference: Option<String>,
        inputs: BTreeMap<String, String>,
    },
    /// In the pull request; without one, nothing.
    Comment {
        text: String,
    },
    /// One for each signature: it is opened, or opened again, or shows the newest failure.
    OpenIssue {
        labels: Vec<String>,
    },
    /// On the pull request; without one, nothing.
    AddLabels {
        labels: Vec<String>,
    },
    Notify(Whom),
    /// Opens an incident of the repository's service.
    DeclareIncident(Severity),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    /// The channel of the failure: its message says it.
    Channel,
    /// The service's owners, by direct message.
    Owners,
    /// The admins, by direct message.
    Admins,
}

impl Step {
    pub fn new(action: Action) -> Self {
        let timeout = match action.is_rerun() {
            true => Duration::hours(6),
            false => Duration::minutes(10),
        };
        Self {
            action,
            timeout,
            retries: 0,
            requires_approval: false,
        }
    }
}

impl Action {
    /// The word in the configuration and the database.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::RerunFailedJobs => "rerun_failed_jobs",
            Self::RerunRun => "rerun_run",
            Self::DeleteCaches => "delete_caches",
            Self::DispatchWorkflow { .. } => "dispatch_workflow",
            Self::Comment { .. } => "comment",
            Self::OpenIssue { .. } => "open_issue",
            Self::AddLabels { .. } => "add_labels",
            Self::Notify(_) => "notify",
            Self::DeclareIncident(_) => "declare_incident",
        }
    }

    pub fn is_rerun(&self) -> bool {
        matches!(self, Self::RerunFailedJobs | Self::RerunRun)
    }

    /// Whether doing it again, when it may have been done, would do it twice.
    pub fn adds(&self) -> bool {
        match self {
            Self::DispatchWorkflow { .. } | Self::Comment { .. } => true,
            Self::RerunFailedJobs
            | Self::RerunRun
            | Self::DeleteCaches
            | Self::OpenIssue { .. }
            | Self::AddLabels { .. }
            | Self::Notify(_)
            | Self::DeclareIncident(_) => false,
        }
    }

    /// Whether it changes anything on GitHub.
    pub fn writes(&self) -> bool {
        match self {
            Self::RerunFailedJobs
            | Self::RerunRun
            | Self::DeleteCaches
            | Self::DispatchWorkflow { .. }
            | Self::Comment { .. }
            | Self::OpenIssue { .. }
            | Self::AddLabels { .. } => true,
            Self::Notify(_) | Self::DeclareIncident(_) => false,
        }
    }
}

impl Playbook {
    pub fn reruns(&self) -> bool {
        self.steps.iter().any(|step| step.action.is_rerun())
    }
}
