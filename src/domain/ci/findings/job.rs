//! What is known of a job that ended badly.

use crate::domain::ci::Conclusion;
use crate::domain::ci::reports::Report;
use chrono::{DateTime, Utc};

/// A step of a job, as GitHub lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub name: String,
    /// `None` while it runs, and forever when the runner is lost.
    pub conclusion: Option<Conclusion>,
    pub started_at: Option<DateTime<Utc>>,
    pub completed_at: Option<DateTime<Utc>>,
}

/// What is known of a job that ended badly. All texts are untrusted.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// Empty for a run that has no jobs.
    pub name: &'a str,
    pub conclusion: &'a Conclusion,
    pub steps: &'a [Step],
    pub annotations: &'a [String],
    /// The log's end, as GitHub gives it.
    pub log: &'a str,
    /// `log` is all of it.
    pub is_whole: bool,
    /// Those of this attempt only.
    pub reports: &'a [Report],
}
