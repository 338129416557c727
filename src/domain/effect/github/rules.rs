//! What the ring asks of each effect: its lane, what repeating it means, whether it writes.

use super::{Effect, Kind};
use crate::domain::effect::Repeat;
use crate::domain::ids::EffectId;

/// The branch or tag of a reference, full or not.
pub fn name_of_reference(reference: &str) -> &str {
    let name = |prefix| reference.strip_prefix(prefix);
    name("refs/heads/")
        .or(name("refs/tags/"))
        .unwrap_or(reference)
}

impl Kind {
    pub fn repeat(self) -> Repeat {
        match self {
            Self::ReadRun
            | Self::ListFailedJobs
            | Self::ReadJobLog
            | Self::ReadTestReports
            | Self::DeleteCaches
            | Self::UpdateIssue
            | Self::UpdateComment
            | Self::AddLabels
            | Self::ReadFile
            | Self::FindPulls
            | Self::UpdateCheckRun
            | Self::ListFailedDeliveries
            // A second delivery has the same guid, so it is a duplicate here.
            | Self::Redeliver => Repeat::Harmless,
            Self::RerunFailedJobs
            | Self::RerunRun
            | Self::DispatchWorkflow
            | Self::CreateIssue
            | Self::CreateComment
            | Self::ProposeFile
            | Self::CreateCheckRun => Repeat::LookUpFirst,
        }
    }
}

impl Effect {
    pub fn repeat(&self) -> Repeat {
        Kind::from(self).repeat()
    }

    /// What changes a run, an issue or a pull request is ordered by it; what only reads, by nothing.
    pub fn lane(&self, id: EffectId) -> String {
        match self {
            Self::RerunFailedJobs {
                repository, run, ..
            }
            | Self::RerunRun {
                repository, run, ..
            } => format!("github:{repository}:run:{run}"),
            Self::DeleteCaches { repository, .. } => format!("github:{repository}:caches"),
            Self::DispatchWorkflow {
                repository,
                workflow,
                ..
            } => format!("github:{repository}:workflow:{workflow}"),
            Self::CreateIssue { repository, .. } => format!("github:{repository}:issues"),
            Self::UpdateIssue {
                repository, number, ..
            }
            | Self::CreateComment {
                repository, number, ..
            }
            | Self::AddLabels {
                repository, number, ..
            } => format!("github:{repository}#{number}"),
            Self::UpdateComment {
                repository,
                comment,
                ..
            } => format!("github:{repository}:comment:{comment}"),
            Self::ProposeFile {
                repository, branch, ..
            } => format!("github:{repository}:branch:{branch}"),
            Self::CreateCheckRun {
                repository, sha, ..
            } => format!("github:{repository}:checks:{sha}"),
            Self::UpdateCheckRun {
                repository,
                check_run,
                ..
            } => format!("github:{repository}:check:{check_run}"),
            Self::ReadRun { .. }
            | Self::ListFailedJobs { .. }
            | Self::ReadJobLog { .. }
            | Self::ReadTestReports { .. }
            | Self::ReadFile { .. }
            | Self::FindPulls { .. }
            | Self::ListFailedDeliveries { .. }
            | Self::Redeliver { .. } => format!("github:one:{id}"),
        }
    }

    /// Waiting edits of one thing are one.
    pub fn coalesce_key(&self) -> Option<String> {
        match self {
            Self::UpdateIssue {
                repository, number, ..
            } => Some(format!("github:{repository}#{number}")),
            Self::UpdateComment {
                repository,
                comment,
                ..
            } => Some(format!("github:{repository}:comment:{comment}")),
            Self::UpdateCheckRun {
                repository,
                check_run,
                ..
            } => Some(format!("github:{repository}:check:{check_run}")),
            Self::ReadRun { .. }
            | Self::ListFailedJobs { .. }
            | Self::ReadJobLog { .. }
            | Self::ReadTestReports { .. }
            | Self::RerunFailedJobs { .. }
            | Self::RerunRun { .. }
            | Self::DeleteCaches { .. }
            | Self::DispatchWorkflow { .. }
            | Self::CreateIssue { .. }
            | Self::CreateComment { .. }
            | Self::AddLabels { .. }
            | Self::ProposeFile { .. }
            | Self::ReadFile { .. }
            | Self::FindPulls { .. }
            | Self::CreateCheckRun { .. }
            | Self::ListFailedDeliveries { .. }
            | Self::Redeliver { .. } => None,
        }
    }

    /// The repository; `None`: it is about the App.
    pub fn repository(&self) -> Option<&str> {
        match self {
            Self::ReadRun { repository, .. }
            | Self::ListFailedJobs { repository, .. }
            | Self::ReadJobLog { repository, .. }
            | Self::ReadTestReports { repository, .. }
            | Self::RerunFailedJobs { repository, .. }
            | Self::RerunRun { repository, .. }
            | Self::DeleteCaches { repository, .. }
            | Self::DispatchWorkflow { repository, .. }
            | Self::CreateIssue { repository, .. }
            | Self::UpdateIssue { repository, .. }
            | Self::CreateComment { repository, .. }
            | Self::UpdateComment { repository, .. }
            | Self::AddLabels { repository, .. }
            | Self::ProposeFile { repository, .. }
            | Self::ReadFile { repository, .. }
            | Self::FindPulls { repository, .. }
            | Self::CreateCheckRun { repository, .. }
            | Self::UpdateCheckRun { repository, .. } => Some(repository),
            Self::ListFailedDeliveries { .. } | Self::Redeliver { .. } => None,
        }
    }

    /// Whether it changes anything on GitHub: not while self-healing is off.
    pub fn writes(&self) -> bool {
        match self {
            Self::ReadRun { .. }
            | Self::ListFailedJobs { .. }
            | Self::ReadJobLog { .. }
            | Self::ReadTestReports { .. }
            | Self::ReadFile { .. }
            | Self::FindPulls { .. }
            | Self::ListFailedDeliveries { .. }
            // It changes nothing in a repository, and nothing is lost while self-healing is off.
            | Self::Redeliver { .. } => false,
            Self::RerunFailedJobs { .. }
            | Self::RerunRun { .. }
            | Self::DeleteCaches { .. }
            | Self::DispatchWorkflow { .. }
            | Self::CreateIssue { .. }
            | Self::UpdateIssue { .. }
            | Self::CreateComment { .. }
            | Self::UpdateComment { .. }
            | Self::AddLabels { .. }
            | Self::ProposeFile { .. }
            | Self::CreateCheckRun { .. }
            | Self::UpdateCheckRun { .. } => true,
        }
    }
}
