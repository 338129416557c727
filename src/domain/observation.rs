//! What an attempt of a run showed, in words that every area has.
//!
//! It comes back as a signal of its own ([`super::told::Told`]), because the record is locked by repository and
//! the decision about a run by its line.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// An attempt of a run that ended, and what is known of its tests and jobs. All texts are untrusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// `owner/name`.
    pub repository: String,
    pub workflow: i64,
    pub workflow_name: String,
    pub run: i64,
    pub number: i64,
    pub attempt: i32,
    pub url: String,
    /// When the attempt ended.
    pub at: DateTime<Utc>,
    pub trigger: String,
    pub on_default_branch: bool,
    /// What has one verdict: a pull request, or a commit.
    pub change: String,
    pub by_bot: bool,
    /// The content that it ran on.
    pub tree: String,
    pub sha: String,
    /// The number of the pull request, where the webhook names it.
    pub pull: Option<i64>,
    pub result: Ran,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ran {
    /// All jobs succeeded, so every test that ran passed in the end.
    Green,
    Failed {
        jobs: Vec<JobFailed>,
        /// Tests that failed or flaked, of those that reports name.
        tests: Vec<TestFailed>,
        /// Tests on record that passed.
        passed: Vec<String>,
        /// How many tests ran, and how many of them failed.
        ran: u32,
        failed: u32,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFailed {
    pub signature: String,
    /// Its name, and the step that failed.
    pub name: String,
    /// The word of its class.
    pub class: String,
    pub evidence: String,
    /// Its page on GitHub; may be empty.
    pub url: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestFailed {
    /// The text of its `TestId`.
    pub id: String,
    /// It passed in the end.
    pub flaky: bool,
    pub message: Option<String>,
}

/// An issue about a job's failure is to be open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueWanted {
    pub repository: String,
    pub workflow_name: String,
    pub job: JobFailed,
    pub labels: Vec<String>,
    /// When it failed last, in which run.
    pub at: DateTime<Utc>,
    pub number: i64,
}
