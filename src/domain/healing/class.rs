//! The classes of failures, and which of them a re-run may repair.

use serde::{Deserialize, Serialize};

/// What kind of failure it is. The order is that of docs/ci.md. Serialized, it is the word of
/// [`Class::as_str`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A connection outside of package registries: Git, downloads, GitHub's API.
    Network,
    /// A package or image registry did not answer as it should.
    Registry,
    RateLimit,
    RunnerLost,
    OutOfDisk,
    OutOfMemory,
    /// A job, a step or a wait took too long. A test's own limit is a `TestFailure`.
    Timeout,
    /// A cached or downloaded file is damaged.
    Cache,
    /// Every failed test is known to be flaky.
    FlakyTest,
    TestFailure,
    Compile,
    Lint,
    /// Packages cannot be resolved: a version that does not exist, a lock file that is out of date.
    Dependency,
    /// The workflow itself is wrong: invalid, or an action or a command is missing.
    WorkflowFile,
    /// Credentials or rights are missing.
    Permission,
    Deployment,
    Cancelled,
    Unknown,
}

/// How sure a class is. Only `High` and `Medium` lead to a re-run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

/// Whether a re-run of the same code may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rerun {
    No,
    /// Once; when it fails again, it needs a person.
    Once,
    /// As often as the budgets allow.
    MayHelp,
    /// After the repository's caches are deleted.
    AfterPurge,
}

impl Class {
    pub const ALL: [Self; 18] = [
        Self::Network,
        Self::Registry,
        Self::RateLimit,
        Self::RunnerLost,
        Self::OutOfDisk,
        Self::OutOfMemory,
        Self::Timeout,
        Self::Cache,
        Self::FlakyTest,
        Self::TestFailure,
        Self::Compile,
        Self::Lint,
        Self::Dependency,
        Self::WorkflowFile,
        Self::Permission,
        Self::Deployment,
        Self::Cancelled,
        Self::Unknown,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Registry => "registry",
            Self::RateLimit => "rate_limit",
            Self::RunnerLost => "runner_lost",
            Self::OutOfDisk => "out_of_disk",
            Self::OutOfMemory => "out_of_memory",
            Self::Timeout => "timeout",
            Self::Cache => "cache",
            Self::FlakyTest => "flaky_test",
            Self::TestFailure => "test_failure",
            Self::Compile => "compile",
            Self::Lint => "lint",
            Self::Dependency => "dependency",
            Self::WorkflowFile => "workflow_file",
            Self::Permission => "permission",
            Self::Deployment => "deployment",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }

    /// What it is called in a sentence.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Network => "a network error",
            Self::Registry => "an error of a package registry",
            Self::RateLimit => "a rate limit",
            Self::RunnerLost => "a lost runner",
            Self::OutOfDisk => "a full disk",
            Self::OutOfMemory => "too little memory",
            Self::Timeout => "a timeout",
            Self::Cache => "a damaged cache",
            Self::FlakyTest => "a flaky test",
            Self::TestFailure => "a failed test",
            Self::Compile => "a compile error",
            Self::Lint => "a lint error",
            Self::Dependency => "a dependency that can't be resolved",
            Self::WorkflowFile => "an invalid workflow",
            Self::Permission => "missing rights or credentials",
            Self::Deployment => "a failed deployment",
            Self::Cancelled => "a cancelled job",
            Self::Unknown => "an unknown error",
        }
    }

    /// A step that deploys is never repeated without a person, whatever stopped it.
    pub fn rerun(self, confidence: Confidence, deploys: bool) -> Rerun {
        if confidence == Confidence::Low || deploys {
            return Rerun::No;
        }
        match self {
            Self::Network
            | Self::Registry
            | Self::RateLimit
            | Self::RunnerLost
            | Self::FlakyTest => Rerun::MayHelp,
            Self::OutOfDisk | Self::OutOfMemory | Self::Timeout => Rerun::Once,
            Self::Cache => Rerun::AfterPurge,
            Self::TestFailure
            | Self::Compile
            | Self::Lint
            | Self::Dependency
            | Self::WorkflowFile
            | Self::Permission
            | Self::Deployment
            | Self::Cancelled
            | Self::Unknown => Rerun::No,
        }
    }

    /// Whether the code that was built has no part in it.
    pub fn is_infrastructure(self) -> bool {
        match self {
            Self::Network
            | Self::Registry
            | Self::RateLimit
            | Self::RunnerLost
            | Self::OutOfDisk
            | Self::OutOfMemory
            | Self::Timeout
            | Self::Cache => true,
            Self::FlakyTest
            | Self::TestFailure
            | Self::Compile
            | Self::Lint
            | Self::Dependency
            | Self::WorkflowFile
            | Self::Permission
            | Self::Deployment
            | Self::Cancelled
            | Self::Unknown => false,
        }
    }
}
