//! The keys of `github:` that say what is done about failures of CI.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema::{Named, Set};
use super::shapes::{Severity, Span, TestName};

/// How many re-runs are asked for within an hour.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Budgets {
    /// In one repository; without it, 10.
    #[schemars(range(max = 1000))]
    pub repository: Option<u32>,
    /// In all repositories of one owner; without it, 30.
    #[schemars(range(max = 1000))]
    pub installation: Option<u32>,
}

/// From when on a test is flaky, broken or healthy again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Flaky {
    /// How far back results count; without it, 14 days.
    #[schemars(with = "Span")]
    pub window: Option<Span>,
    /// The changes in which a flaky test failed and passed on the same code; without it, 2.
    #[schemars(range(min = 1, max = 1000))]
    pub changes: Option<u32>,
    /// The share of its verdicts in which a flaky test did so; without it, 1.
    #[schemars(range(max = 100))]
    pub percent: Option<u32>,
    /// The changes in a row in which a broken test failed on the default branch; without it, 3.
    #[schemars(range(min = 1, max = 1000))]
    pub broken_changes: Option<u32>,
    /// A flaky test is healthy again after so long without a failure; without it, 14 days.
    #[schemars(with = "Span")]
    pub clean_for: Option<Span>,
    /// A flaky test is healthy again after so many runs without a failure; without it, 100.
    #[schemars(range(min = 1, max = 100_000))]
    pub clean_runs: Option<u32>,
    /// A test that became healthy so often and is flaky again is left to people; without it, 2.
    #[schemars(range(max = 100))]
    pub cycles: Option<u32>,
    /// When so many tests of a run fail, none of them is treated as flaky; without it, 20.
    #[schemars(range(min = 1, max = 100_000))]
    pub mass_failures: Option<u32>,
    /// When more than this share of the tests of a run fails, none of them is treated as flaky; without
    /// it, 80.
    #[schemars(range(min = 1, max = 100))]
    pub mass_percent: Option<u8>,
    /// Tests that were renamed: each old name with the new one, which goes on with its record.
    #[schemars(with = "Named<TestName, TestName>")]
    pub aliases: BTreeMap<String, String>,
}

/// What is done about a kind of failure. The first playbook that fits a failure handles it; those that
/// are built in come last. One with the name of a built-in one replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-called" = "a playbook"))]
pub struct Playbook {
    /// The name, unique. `enabled: false` with the name of a built-in one turns that off:
    /// `infrastructure`, `once`, `cache`, `flaky-test`, `code`, `workflow-file`, `permission`,
    /// `recurring`.
    #[schemars(length(min = 1, max = 75))]
    pub name: String,
    /// Whether it is used.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The failures that it is for; without it, all.
    #[serde(default)]
    pub on: On,
    /// The most re-runs of one run; `github.max_reruns_per_run` limits them too.
    #[schemars(range(max = 10))]
    pub max_reruns: Option<u32>,
    /// What is done, in order; a step begins when the one before it succeeded.
    #[serde(default)]
    #[schemars(length(max = 10))]
    pub steps: Vec<Step>,
    /// What is done when the run failed again after its last re-run; no re-run.
    #[serde(default)]
    #[schemars(length(max = 10))]
    pub give_up: Vec<Step>,
    /// true: its steps are not carried out, and the message says what they would have done.
    #[serde(default)]
    pub dry_run: bool,
}

/// The failures that a playbook is for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct On {
    /// Their classes; without it, all.
    #[schemars(with = "Set<Class>")]
    pub classes: Vec<String>,
    /// Names of workflows, `*` for any characters; without it, all.
    #[schemars(inner(length(min = 1, max = 200)))]
    pub workflows: Vec<String>,
    /// Names of branches, `*` for any characters; without it, all.
    #[schemars(inner(length(min = 1, max = 200)))]
    pub branches: Vec<String>,
    /// true: only on the repository's default branch.
    pub default_branch: bool,
    /// The failed runs with the same failure on the default branch within 24 hours, from which on the
    /// playbook is carried out, in addition to the one that handles the failure; it cannot re-run.
    #[schemars(range(max = 100))]
    pub recurrences: u32,
}

/// A step of a playbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-called" = "a step"))]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// How long it may take; without it, 10 minutes, and 6 hours for a re-run.
    #[schemars(with = "Option<Span>")]
    pub timeout: Option<Span>,
    /// How often it is tried again when it failed.
    #[serde(default)]
    #[schemars(range(max = 5))]
    pub retries: u32,
    /// true: it waits until an admin or an owner of the service presses the button.
    #[serde(default)]
    pub requires_approval: bool,
    /// For `dispatch_workflow`: the name of its file.
    #[schemars(length(min = 1, max = 100))]
    pub workflow: Option<String>,
    /// For `dispatch_workflow`: the branch or tag; without it, the branch of the run.
    #[serde(rename = "ref")]
    #[schemars(length(min = 1, max = 255))]
    pub reference: Option<String>,
    /// For `dispatch_workflow`: the inputs, as they are.
    #[serde(default)]
    #[schemars(with = "Named<String, String>")]
    pub inputs: BTreeMap<String, String>,
    /// For `comment`: the text.
    #[schemars(length(min = 1, max = 3000))]
    pub text: Option<String>,
    /// For `add_labels` and `open_issue`: the labels.
    #[serde(default)]
    #[schemars(length(max = 10), inner(length(min = 1, max = 50)))]
    pub labels: Vec<String>,
    /// For `notify`: who gets a direct message; without it, the message in the channel is all.
    pub whom: Option<Whom>,
    /// For `declare_incident`: the severity; without it, P3.
    #[schemars(with = "Option<Severity>")]
    pub severity: Option<String>,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Runs the failed jobs again.
    RerunFailedJobs,
    /// Runs all jobs again, unless one of them deploys.
    RerunRun,
    /// Deletes the caches of the branch.
    DeleteCaches,
    /// Starts a workflow by `workflow_dispatch`.
    DispatchWorkflow,
    /// Comments in the pull request.
    Comment,
    /// Keeps one issue for the failure.
    OpenIssue,
    /// Labels the pull request.
    AddLabels,
    /// Sends direct messages.
    Notify,
    /// Opens an incident, or joins the open one of the service.
    DeclareIncident,
}

/// Who gets a direct message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    /// The owners of the repository's service.
    Owners,
    /// The admins.
    Admins,
}

/// A class of failures: see docs/ci.md.
#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "its schema is used")]
enum Class {
    Network,
    Registry,
    RateLimit,
    RunnerLost,
    OutOfDisk,
    OutOfMemory,
    Timeout,
    Cache,
    FlakyTest,
    TestFailure,
    Compile,
    Lint,
    Dependency,
    WorkflowFile,
    Permission,
    Deployment,
    Cancelled,
    Unknown,
}

/// The names of the playbooks that are built in.
pub const BUILT_IN_PLAYBOOKS: [&str; 8] = [
    "infrastructure",
    "once",
    "cache",
    "flaky-test",
    "code",
    "workflow-file",
    "permission",
    "recurring",
];

impl Action {
    pub(crate) fn is_rerun(self) -> bool {
        matches!(self, Self::RerunFailedJobs | Self::RerunRun)
    }
}

impl Step {
    /// The action, and the key that it needs and that is missing.
    pub(crate) fn lacks(&self) -> Option<(&'static str, &'static str)> {
        match self.action {
            Action::DispatchWorkflow if self.workflow.is_none() => {
                Some(("dispatch_workflow", "workflow"))
            }
            Action::Comment if self.text.is_none() => Some(("comment", "text")),
            Action::AddLabels if self.labels.is_empty() => Some(("add_labels", "labels")),
            Action::RerunFailedJobs
            | Action::RerunRun
            | Action::DeleteCaches
            | Action::DispatchWorkflow
            | Action::Comment
            | Action::OpenIssue
            | Action::AddLabels
            | Action::Notify
            | Action::DeclareIncident => None,
        }
    }
}

fn yes() -> bool {
    true
}
