//! Why the jobs of an attempt failed, as it is kept.

use super::findings::Finding;
use super::{FailureId, InspectionId, Line, Place, Stage};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FindingId(pub Uuid);

impl FindingId {
    /// The finding about a job of an attempt, or about the attempt: found again, it is the same.
    pub fn of(inspection: InspectionId, job: Option<i64>) -> Self {
        let name = job.map_or_else(|| "run".to_owned(), |job| job.to_string());
        Self(Uuid::new_v5(&inspection.0, name.as_bytes()))
    }
}

/// Why a job of an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFinding {
    pub id: FindingId,
    /// What is told of it; `None`: no channel is told.
    pub failure: Option<FailureId>,
    pub line: Line,
    pub workflow_name: String,
    pub on_default_branch: bool,
    /// GitHub's id of the run, the same for all attempts.
    pub run: i64,
    pub place: Place,
    pub sha: String,
    /// `None`: the run has no job that failed, or none that could be read.
    pub job: Option<FailedJob>,
    pub finding: Finding,
    pub state: Stage,
    /// When it was found.
    pub at: DateTime<Utc>,
}

/// All texts are GitHub's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedJob {
    pub id: i64,
    pub name: String,
    pub url: String,
}
