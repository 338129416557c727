//! The moments that this area waits for.

use super::super::decision::TimerChange;
use super::super::rules::{GithubAccess, Rules};
use super::InspectionId;
use chrono::{DateTime, Utc};
use strum::{EnumString, IntoStaticStr, VariantNames};

#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Timer {
    /// Always set: webhooks that GitHub could not deliver are asked for.
    FailedDeliveries,
    /// Always set: runs without news are asked for.
    OverdueRuns,
    /// Always set while there is a digest: the summary of the week is due.
    Digest,
    /// Of an inspection: what is read by now is all that is waited for.
    InspectionOverdue,
    /// An issue may have been quiet for long enough; its owner is the issue's id.
    IssueQuiet,
    /// Of a service: its changes are written on the timelines of its open incidents.
    ChangesDue,
    /// Of an inspection: what is done about it is to be decided.
    Repair,
    /// Of an inspection: a step of its repair takes too long.
    RepairOverdue,
}

impl Timer {
    /// Those that are always set. A token reads runs, but deliveries are read by an App only. Without
    /// either, nothing is found that a digest could count.
    pub fn standing(rules: &Rules) -> Vec<Self> {
        let mut timers = match rules.github.access {
            GithubAccess::None => return Vec::new(),
            GithubAccess::Token => vec![Self::OverdueRuns],
            GithubAccess::App => vec![Self::FailedDeliveries, Self::OverdueRuns],
        };
        timers.extend(rules.github.digest.as_ref().map(|_| Self::Digest));
        timers
    }

    /// One of an inspection; it is cancelled when nothing is due.
    pub(super) fn of(self, id: InspectionId, due: Option<DateTime<Utc>>) -> TimerChange {
        TimerChange {
            area: "ci",
            owner: id.0.to_string(),
            name: self.into(),
            due,
        }
    }

    /// A timer that is always set is due then.
    pub(super) fn next(self, due: DateTime<Utc>) -> TimerChange {
        TimerChange {
            area: "ci",
            owner: TimerChange::ALWAYS.to_owned(),
            name: self.into(),
            due: Some(due),
        }
    }
}
