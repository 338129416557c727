//! What can be read and done on GitHub.
//!
//! Reading is an effect too, because a decision waits for nothing: what it needs to know of a run comes
//! back as a receipt. Texts in an answer are bounded, and the courier removes secrets before it returns
//! them, because an answer is stored.

mod answer;
mod content;
mod rules;

pub use answer::{
    ARTIFACTS, Answer, DELIVERIES, FailedDelivery, FailedJob, JOBS, LOG_BYTES, PullSeen, RunSeen,
    StepSeen, TestReports, TestSeen,
};
pub use content::{CheckConclusion, CheckRun, IssueEdit};
pub use rules::name_of_reference;

use super::{Provider, Vocabulary};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr, VariantNames};

/// `repository` is `owner/name` everywhere; `run` is GitHub's id, the same for all attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[strum_discriminants(
    name(Kind),
    derive(EnumIter, IntoStaticStr, VariantNames),
    strum(serialize_all = "snake_case")
)]
pub enum Effect {
    /// Reads a run as it is now: [`Answer::Run`].
    ReadRun { repository: String, run: i64 },
    /// Lists the failed jobs of an attempt, and the artifacts that may hold test reports:
    /// [`Answer::Jobs`].
    ListFailedJobs {
        repository: String,
        run: i64,
        attempt: i32,
        /// Names of artifacts; `*` matches any characters.
        reports: Vec<String>,
    },
    /// Reads a job's annotations and the end of its log: [`Answer::JobLog`].
    ReadJobLog {
        repository: String,
        run: i64,
        attempt: i32,
        job: i64,
    },
    /// Reads the test reports in an artifact: [`Answer::TestReports`].
    ReadTestReports {
        repository: String,
        run: i64,
        artifact: i64,
        /// The tests whose passing is of interest, because they have a record; completed at delivery.
        #[serde(skip)]
        recorded: Vec<String>,
    },
    /// Runs the failed jobs of a run again, if it is still at this attempt: [`Answer::Rerun`].
    RerunFailedJobs {
        repository: String,
        run: i64,
        attempt: i32,
    },
    /// Runs all jobs of a run again, if it is still at this attempt: [`Answer::Rerun`].
    RerunRun {
        repository: String,
        run: i64,
        attempt: i32,
    },
    /// Deletes the caches of a branch: [`Answer::CachesDeleted`].
    DeleteCaches {
        repository: String,
        /// A full reference, `refs/heads/main`.
        reference: String,
    },
    /// Starts a workflow by `workflow_dispatch`: [`Answer::Dispatched`]. A second one would run twice: when
    /// the answer is lost, it is looked up among the workflow's runs since the first attempt.
    DispatchWorkflow {
        repository: String,
        /// The file's name, such as `rollback.yml`.
        workflow: String,
        reference: String,
        inputs: BTreeMap<String, String>,
    },
    /// Creates an issue: [`Answer::Issue`]. Its hidden marker is the effect's id.
    CreateIssue {
        repository: String,
        title: String,
        body: String,
        labels: Vec<String>,
    },
    /// Sets what is given of an issue, as its area completes it at delivery.
    UpdateIssue {
        repository: String,
        number: i64,
        /// `None` until it is completed at delivery.
        #[serde(skip)]
        edit: Option<Box<IssueEdit>>,
    },
    /// Comments an issue or a pull request: [`Answer::Comment`]. Its hidden marker is the effect's id.
    CreateComment {
        repository: String,
        number: i64,
        body: String,
    },
    /// Edits a comment of ours, so that it shows the present state.
    UpdateComment {
        repository: String,
        comment: i64,
        /// `None` until it is completed at delivery.
        #[serde(skip)]
        body: Option<String>,
    },
    /// Adds labels to an issue or a pull request.
    AddLabels {
        repository: String,
        number: i64,
        labels: Vec<String>,
    },
    /// Opens a pull request that changes one file: [`Answer::Pull`]. The branch is the key by which it
    /// is found again.
    ProposeFile {
        repository: String,
        /// Begins with `wardroom/`.
        branch: String,
        path: String,
        content: String,
        title: String,
        body: String,
    },
    /// Reads a file of the default branch, or of a branch: [`Answer::File`].
    ReadFile {
        repository: String,
        path: String,
        branch: Option<String>,
    },
    /// Finds the pull requests of a commit: [`Answer::Pulls`]. Webhooks of forks name none.
    FindPulls { repository: String, sha: String },
    /// Creates a check run: [`Answer::CheckRun`]. Its `external_id` is the effect's id.
    CreateCheckRun {
        repository: String,
        sha: String,
        name: String,
        check: CheckRun,
    },
    /// Changes a check run of ours, so that it shows the present state.
    UpdateCheckRun {
        repository: String,
        check_run: i64,
        /// `None` until it is completed at delivery.
        #[serde(skip)]
        check: Option<Box<CheckRun>>,
    },
    /// Lists the App's failed deliveries since then, the newest first: [`Answer::Deliveries`].
    ListFailedDeliveries {
        since: DateTime<Utc>,
        /// Where an earlier list ended; `None`: from the newest.
        #[serde(default)]
        cursor: Option<String>,
    },
    /// Asks GitHub to send a delivery again.
    Redeliver { delivery: i64 },
}

impl Vocabulary for Effect {
    const PROVIDER: Provider = Provider::Github;

    fn of(effect: &super::Effect) -> Option<&Self> {
        match effect {
            super::Effect::Github(effect) => Some(effect),
            super::Effect::Slack(_) | super::Effect::Statuspage(_) => None,
        }
    }
}
