//! A run of a workflow.
//!
//! The order of webhooks is not reliable, so a run only ever moves forward: [`Run::replaces`] is the
//! whole rule, and gives the same end in every order.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumString};

/// The triggers whose runs are about the branch itself; `ci_runs_green` has the same list, without
/// merge groups, which have a branch for each.
const OF_BRANCH: [&str; 4] = ["push", "schedule", "workflow_dispatch", "merge_group"];
/// The trigger whose runs are about what is proposed. They name the branch that is proposed.
const OF_PULL: &str = "pull_request";
/// How the name of each branch begins that Wardroom makes.
pub const OUR_BRANCHES: &str = "wardroom/";

/// Runs of one workflow on one branch: what succeeds there later makes up for what failed. A pull
/// request from the branch has a line of its own, because it is tested merged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Line {
    /// `owner/name`.
    pub repository: String,
    /// GitHub's id of the workflow.
    pub workflow: i64,
    pub branch: String,
    #[serde(default)]
    pub is_pull: bool,
}

/// One run of a workflow, with its newest attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// GitHub's id, the same for all attempts.
    pub id: i64,
    pub line: Line,
    pub workflow_name: String,
    pub place: Place,
    /// The event that started it, such as `push`.
    pub trigger: String,
    pub sha: String,
    #[serde(default)]
    pub code: Code,
    pub status: Status,
    pub actor: Option<String>,
    /// Its page on GitHub; may be empty.
    pub url: String,
    pub started_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Whose change a run is of, and which content it ran on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Code {
    /// What has one verdict: `#7`, the number of the pull request; of one from a fork, whose webhooks name no
    /// number, the fork and its branch; else the commit.
    pub change: String,
    /// The pull request, where the webhook names it.
    pub pull: Option<i64>,
    /// A bot started the run first; who repeats it does not matter.
    pub by_bot: bool,
    /// The id of the commit's tree: two commits of equal content have the same.
    pub tree: Option<String>,
}

/// The position of a run among those of its workflow: a larger place is newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// GitHub counts the runs of a workflow.
    pub number: i64,
    /// From 1: one more with each re-run.
    pub attempt: i32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It waits: for a runner, another run, or a person.
    Queued,
    InProgress,
    Completed(Conclusion),
}

/// GitHub's conclusions; one that is not known here is kept and is no failure.
#[derive(Debug, Clone, PartialEq, Eq, AsRefStr, EnumString, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[strum(serialize_all = "snake_case")]
pub enum Conclusion {
    Success,
    Failure,
    TimedOut,
    /// The workflow file is wrong.
    StartupFailure,
    Cancelled,
    Skipped,
    Neutral,
    /// It waits for approval: not an end, for the same attempt goes on afterwards.
    ActionRequired,
    Stale,
    #[strum(default, transparent)]
    Other(String),
}

impl Conclusion {
    pub fn as_str(&self) -> &str {
        self.as_ref()
    }

    pub fn of(word: &str) -> Self {
        let known = word.parse();
        known.unwrap_or_else(|_unknown| Self::Other(word.to_owned()))
    }

    pub fn is_failure(&self) -> bool {
        match self {
            Self::Failure | Self::TimedOut | Self::StartupFailure => true,
            Self::Success
            | Self::Cancelled
            | Self::Skipped
            | Self::Neutral
            | Self::ActionRequired
            | Self::Stale
            | Self::Other(_) => false,
        }
    }
}

impl From<String> for Conclusion {
    fn from(word: String) -> Self {
        Self::of(&word)
    }
}

impl From<Conclusion> for String {
    fn from(conclusion: Conclusion) -> Self {
        conclusion.as_str().to_owned()
    }
}

impl Line {
    pub fn new(repository: String, workflow: i64, branch: String, trigger: &str) -> Self {
        Self {
            repository,
            workflow,
            branch,
            is_pull: trigger == OF_PULL,
        }
    }

    /// Whether it is about a branch that Wardroom made.
    pub fn is_ours(&self) -> bool {
        self.branch.starts_with(OUR_BRANCHES)
    }
}

impl Status {
    /// The word in the database, and the conclusion's.
    pub fn words(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Queued => ("queued", None),
            Self::InProgress => ("in_progress", None),
            Self::Completed(conclusion) => ("completed", Some(conclusion.as_str())),
        }
    }

    pub fn of_words(status: &str, conclusion: Option<&str>) -> Option<Self> {
        match (status, conclusion) {
            ("queued", None) => Some(Self::Queued),
            ("in_progress", None) => Some(Self::InProgress),
            ("completed", Some(word)) => Some(Self::Completed(Conclusion::of(word))),
            _ => None,
        }
    }

    fn step(&self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Completed(Conclusion::ActionRequired) => 1,
            Self::InProgress => 2,
            Self::Completed(_) => 3,
        }
    }
}

impl Run {
    /// Whether a failure of it concerns people.
    pub fn is_told(&self) -> bool {
        let is_told = self.line.is_pull || OF_BRANCH.contains(&self.trigger.as_str());
        is_told && !self.line.is_ours()
    }

    pub fn has_failed(&self) -> bool {
        matches!(&self.status, Status::Completed(conclusion) if conclusion.is_failure())
    }

    /// Whether this is news about a run that is known so far. An older attempt never is; of one
    /// attempt, only a later status, so that an end is final.
    pub fn replaces(&self, known: &Self) -> bool {
        let of = |run: &Self| (run.place.attempt, run.status.step());
        of(self) > of(known)
    }
}
