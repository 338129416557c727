//! What is known when the repair of a failed run is decided.

use crate::domain::ci::Conclusion;
use crate::domain::ci::findings::{Class, Confidence, Rerun, Signature};
use crate::domain::healing::OwnRules;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// A failed job of the run's newest attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// On one line, without invisible characters.
    pub job: String,
    pub class: Class,
    pub confidence: Confidence,
    pub rerun: Rerun,
    pub signature: Signature,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Situation {
    pub now: DateTime<Utc>,
    /// From 1; it counts the re-runs of all people and tools.
    pub attempt: i32,
    pub workflow: String,
    pub branch: String,
    pub is_default_branch: bool,
    pub conclusion: Conclusion,
    /// When the attempt ended.
    pub failed_at: DateTime<Utc>,
    /// How many of its jobs failed; more than `failures` when not all were examined.
    pub failed_jobs: usize,
    pub failures: Vec<Failing>,
    /// The number of a newer run of the same workflow on the same branch.
    pub superseded_by: Option<i64>,
    /// Our re-runs within the last hour in this repository …
    pub repository_reruns: u32,
    /// … and in all repositories of its owner.
    pub installation_reruns: u32,
    /// When another run of this repository was last repeated because of this signature.
    pub repeated: BTreeMap<Signature, DateTime<Utc>>,
    /// Playbooks that were carried out for a signature within the last 24 hours.
    pub handled: BTreeSet<(String, Signature)>,
    /// Failed runs of the default branch within 24 hours, this one included.
    pub recurrences: BTreeMap<Signature, u32>,
    /// Repositories with a failure of the infrastructure within 10 minutes, this one included.
    pub hit_repositories: u32,
    /// A job of the run, or an environment, to which all of its jobs together deploy.
    pub deploys: Option<String>,
    /// Requests that GitHub still allows; `None`: not known.
    pub quota_left: Option<u32>,
    /// Until when people asked to ignore a failure.
    pub ignored: BTreeMap<Signature, DateTime<Utc>>,
    pub own: OwnRules,
    /// Why the repository's own rules are not known.
    pub own_unread: Option<String>,
    /// The pull request has the label `wardroom:off`.
    pub is_labelled_off: bool,
}

impl Situation {
    pub(super) fn is_ignored(&self, signature: &Signature) -> bool {
        let until = self.ignored.get(signature);
        until.is_some_and(|until| *until > self.now)
    }
}
