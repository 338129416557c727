//! Why an effect of this area was decided: what its receipt needs to know.

use super::super::answer;
use super::super::effect::{Effect, github};
use super::super::ids::ChannelId;
use super::issues::{self, IssueId};
use super::{FailureId, InspectionId, Read, RepairId, changes};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[strum(serialize_all = "snake_case")]
pub enum Purpose {
    /// A failure's message in a channel.
    Message {
        failure: FailureId,
        channel: ChannelId,
    },
    /// The message as it is now.
    Update {
        failure: FailureId,
        channel: ChannelId,
    },
    /// The summary of a week in a channel.
    Digest { channel: ChannelId },
    /// An answer to a person, who may have no other way to learn it.
    Answer,
    /// The failed jobs of an attempt, for its inspection.
    ListJobs { inspection: InspectionId },
    /// A job's log.
    JobLog { inspection: InspectionId, job: i64 },
    /// The test reports in an artifact.
    TestReports {
        inspection: InspectionId,
        artifact: i64,
    },
    /// An issue is created, or shown as it is now.
    Issue { issue: IssueId },
    /// The comment of a pull request is made, or shown as it is now.
    PullComment { repository: String, change: String },
    /// The list of the webhooks that GitHub could not deliver.
    FailedDeliveries,
    /// A webhook is delivered once more.
    Redelivery { guid: String },
    /// A run of which nothing was heard for long.
    OverdueRun { repository: String, run: i64 },
    /// The repository's own rules, before the repair of an attempt is decided.
    OwnRules { inspection: InspectionId },
    /// A step of the repair of an attempt.
    Repair {
        inspection: InspectionId,
        step: RepairId,
    },
    /// What changed in repositories.
    Changes(changes::Purpose),
}

impl From<changes::Purpose> for Purpose {
    fn from(purpose: changes::Purpose) -> Self {
        Self::Changes(purpose)
    }
}

impl Purpose {
    pub fn failure(&self) -> Option<FailureId> {
        match self {
            Self::Message { failure, .. } | Self::Update { failure, .. } => Some(*failure),
            Self::Digest { .. }
            | Self::Answer
            | Self::ListJobs { .. }
            | Self::JobLog { .. }
            | Self::TestReports { .. }
            | Self::Issue { .. }
            | Self::PullComment { .. }
            | Self::FailedDeliveries
            | Self::Redelivery { .. }
            | Self::OverdueRun { .. }
            | Self::OwnRules { .. }
            | Self::Repair { .. }
            | Self::Changes(_) => None,
        }
    }

    /// The inspection whose repair it is for.
    pub fn repaired(&self) -> Option<InspectionId> {
        match self {
            Self::OwnRules { inspection } | Self::Repair { inspection, .. } => Some(*inspection),
            Self::Message { .. }
            | Self::Update { .. }
            | Self::Digest { .. }
            | Self::Answer
            | Self::ListJobs { .. }
            | Self::JobLog { .. }
            | Self::TestReports { .. }
            | Self::Issue { .. }
            | Self::PullComment { .. }
            | Self::FailedDeliveries
            | Self::Redelivery { .. }
            | Self::OverdueRun { .. }
            | Self::Changes(_) => None,
        }
    }

    /// Whether its receipt is about the record of a repository.
    pub fn is_of_record(&self) -> bool {
        matches!(self, Self::Issue { .. } | Self::PullComment { .. })
    }

    /// What it reads for which inspection.
    pub fn read(&self) -> Option<(InspectionId, Read)> {
        match self {
            Self::ListJobs { inspection } => Some((*inspection, Read::Jobs)),
            Self::JobLog { inspection, job } => Some((*inspection, Read::Log(*job))),
            Self::TestReports {
                inspection,
                artifact,
            } => Some((*inspection, Read::Reports(*artifact))),
            Self::Message { .. }
            | Self::Update { .. }
            | Self::Digest { .. }
            | Self::Answer
            | Self::Issue { .. }
            | Self::PullComment { .. }
            | Self::FailedDeliveries
            | Self::Redelivery { .. }
            | Self::OverdueRun { .. }
            | Self::OwnRules { .. }
            | Self::Repair { .. }
            | Self::Changes(_) => None,
        }
    }

    /// The inspection that it is for.
    pub fn inspection(&self) -> Option<InspectionId> {
        let read = self.read().map(|(inspection, _)| inspection);
        read.or(self.repaired())
    }

    /// What receipts are ordered by.
    pub fn subject(&self) -> Option<String> {
        match self {
            Self::Changes(purpose) => purpose.subject(),
            Self::Message { failure, .. } | Self::Update { failure, .. } => {
                Some(format!("ci:{}", failure.0))
            }
            Self::Issue { issue } => Some(format!("ci:issue:{}", issue.0)),
            Self::PullComment { repository, change } => {
                Some(format!("ci:comment:{repository}:{change}"))
            }
            Self::ListJobs { inspection }
            | Self::JobLog { inspection, .. }
            | Self::TestReports { inspection, .. }
            | Self::OwnRules { inspection }
            | Self::Repair { inspection, .. } => Some(format!("ci:inspection:{}", inspection.0)),
            Self::Digest { .. }
            | Self::Answer
            | Self::FailedDeliveries
            | Self::Redelivery { .. }
            | Self::OverdueRun { .. } => None,
        }
    }

    /// Whether a message that comes late says when it was meant: a failure's is written as it is
    /// delivered, and a digest names its week.
    pub fn is_news(&self) -> bool {
        matches!(self, Self::Answer)
    }

    /// Whether the receipt answers this refusal by another way: a message that was deleted is posted
    /// again while it is of use, a finding is made without what cannot be read, and a
    /// repair that GitHub refuses is told.
    pub fn has_another_way(&self, effect: &Effect, code: &str) -> bool {
        match self {
            Self::Update { .. } => code == "message_not_found",
            Self::Message { .. } | Self::Digest { .. } | Self::FailedDeliveries => false,
            // An operator may give access to a repository that is not found.
            Self::Issue { .. } => match effect {
                Effect::Github(github::Effect::CreateIssue { .. }) => code == issues::DISABLED,
                _ => issues::is_gone(code),
            },
            // Who deleted it does not want another one.
            Self::PullComment { .. } => {
                matches!(effect, Effect::Github(github::Effect::UpdateComment { .. }))
            }
            Self::Answer => matches!(effect, Effect::Slack(effect) if !answer::is_last(effect)),
            // What still lacks is asked for in a later round.
            Self::Redelivery { .. }
            | Self::OverdueRun { .. }
            | Self::ListJobs { .. }
            | Self::JobLog { .. }
            | Self::TestReports { .. }
            | Self::OwnRules { .. }
            | Self::Repair { .. } => true,
            Self::Changes(purpose) => purpose.has_another_way(code),
        }
    }
}
