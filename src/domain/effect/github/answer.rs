//! What GitHub answered. All texts are untrusted: bounded and without secrets, but with any markup.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Run(Box<RunSeen>),
    Jobs {
        /// At most [`JOBS`]; `failed` counts all.
        jobs: Vec<FailedJob>,
        failed: u32,
        total: u32,
        /// The name of a job that deploys, whatever became of it.
        #[serde(default)]
        deploys: Option<String>,
        /// At most [`ARTIFACTS`], the newest of each name that was made in this attempt.
        artifacts: Vec<i64>,
        /// There are more of them.
        #[serde(default)]
        more_artifacts: bool,
        /// Requests of the hourly quota that were left afterwards; `None`: it is not known.
        #[serde(default)]
        quota_left: Option<u32>,
    },
    JobLog {
        annotations: Vec<String>,
        /// At most [`LOG_BYTES`], the end of the log. Empty when GitHub has none (any more).
        tail: String,
        /// Why GitHub refused the annotations, when an administrator can change that.
        #[serde(default)]
        unread: Option<String>,
        /// The log has nothing before it.
        #[serde(default)]
        is_whole: bool,
    },
    TestReports(Box<TestReports>),
    Rerun {
        /// The run had a newer attempt already, or still runs: another one repeated it first.
        already: bool,
    },
    CachesDeleted {
        count: u32,
    },
    Dispatched {
        /// The run that was started; `None`: an older GitHub Enterprise does not name it.
        run: Option<i64>,
    },
    Issue {
        number: i64,
        url: String,
    },
    Comment {
        id: i64,
    },
    Pull {
        number: i64,
        url: String,
    },
    Pulls(Vec<PullSeen>),
    File {
        /// `None`: there is none. Unlike other texts as it is, because it is compared and changed.
        content: Option<String>,
    },
    CheckRun {
        id: i64,
    },
    Deliveries {
        /// The oldest first; at most [`DELIVERIES`].
        failed: Vec<FailedDelivery>,
        /// All since `since`, or since the cursor, is read.
        complete: bool,
        /// Where it goes on when it is not complete.
        #[serde(default)]
        next: Option<String>,
    },
}

/// The most failed jobs that are looked at.
pub const JOBS: usize = 10;
pub const ARTIFACTS: usize = 5;
pub const LOG_BYTES: usize = 48 * 1024;
pub const DELIVERIES: usize = 500;

/// A run in GitHub's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSeen {
    pub attempt: i32,
    pub number: i64,
    pub workflow: i64,
    pub workflow_name: String,
    pub trigger: String,
    pub branch: String,
    pub sha: String,
    pub status: String,
    pub conclusion: Option<String>,
    pub actor: Option<String>,
    pub url: String,
    pub started_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub default_branch: Option<String>,
    /// The file's name, such as `ci.yml`.
    #[serde(default)]
    pub workflow_file: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedJob {
    pub id: i64,
    pub name: String,
    pub conclusion: String,
    pub url: String,
    pub steps: Vec<StepSeen>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepSeen {
    pub name: String,
    pub conclusion: Option<String>,
    pub started_at: Option<DateTime<Utc>>,
    pub completed_at: Option<DateTime<Utc>>,
}

/// What the reports of an artifact say, without the tests that passed and have no record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestReports {
    pub ran: u32,
    pub failed: u32,
    pub flaky: u32,
    /// At most 200 that failed, with their message, and 200 that flaked.
    pub tests: Vec<TestSeen>,
    /// Of those that were asked for: the tests that passed.
    pub passed: BTreeSet<String>,
    /// What could not be read, such as `too large`.
    pub unreadable: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestSeen {
    /// The text of its `TestId`.
    pub id: String,
    /// It passed in the end.
    pub flaky: bool,
    /// At most 500 bytes.
    pub message: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullSeen {
    pub number: i64,
    pub author: String,
    /// GitHub's type of the author is not `User`.
    pub is_bot: bool,
    pub open: bool,
    pub base: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedDelivery {
    /// Of its newest attempt.
    pub id: i64,
    /// `X-GitHub-Delivery`, the same for all attempts.
    pub guid: String,
    pub event: String,
    pub delivered_at: DateTime<Utc>,
    /// How often GitHub has tried it.
    pub attempts: u32,
}
