//! A step of a repair, as it is kept. Its row is written before anything is asked of GitHub, so that it is
//! made once.

use super::findings::Signature;
use super::{FailureId, Inspection, InspectionId, Place};
use crate::domain::healing::Step;
use crate::domain::ids::Actor;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use strum::{EnumString, IntoStaticStr};
use uuid::Uuid;

/// A step that waits for approval is not done after so long: the failure is no news any more.
pub(super) const APPROVAL: Duration = Duration::hours(24);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RepairId(pub Uuid);

impl RepairId {
    /// A try of a step of a playbook, for an attempt of a run: decided again, it is the same.
    pub fn of(inspection: InspectionId, playbook: &str, ordinal: i32, tries: i32) -> Self {
        let name = format!("{ordinal}/{tries}/{playbook}");
        Self(Uuid::new_v5(&inspection.0, name.as_bytes()))
    }
}

/// How the attempt that is repaired is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repaired {
    /// The one that has this step.
    By(RepairId),
    /// The last that failed.
    LastOf(FailureId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RepairState {
    /// It waits for its time, or for the step before it.
    Planned,
    WaitingApproval,
    /// It was asked for; of a re-run: GitHub has begun it.
    Asked,
    /// Of a re-run: the attempt that it began succeeded.
    Succeeded,
    Failed,
    /// A guard or GitHub said no.
    Refused,
    /// Something else made it pointless.
    Skipped,
    /// It is a dry run.
    WouldHave,
}

impl RepairState {
    pub fn is_open(self) -> bool {
        match self {
            Self::Planned | Self::WaitingApproval | Self::Asked => true,
            Self::Succeeded | Self::Failed | Self::Refused | Self::Skipped | Self::WouldHave => {
                false
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct RepairStep {
    pub id: RepairId,
    /// Of the attempt that it repairs.
    pub inspection: InspectionId,
    pub failure: Option<FailureId>,
    pub repository: String,
    pub run: i64,
    pub place: Place,
    pub playbook: String,
    /// Its place in the playbook; -1: what is not done, and why.
    pub ordinal: i32,
    /// How often it was tried before.
    pub tries: i32,
    pub step: Step,
    pub signatures: BTreeSet<Signature>,
    /// Of a re-run: its number, and the most for the run.
    pub rerun: Option<(u32, u32)>,
    pub state: RepairState,
    /// Who decided it; once it is approved, who approved it.
    pub by: Actor,
    /// Why it ended as it did.
    pub reason: Option<String>,
    pub decided_at: DateTime<Utc>,
    /// Not before then; once it has begun, since when it takes its time.
    pub due_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

impl RepairStep {
    /// The ordinal of the row that says what is not done.
    pub const NOT_DONE: i32 = -1;

    /// A step of a playbook for an attempt, before it is begun.
    pub(super) fn new(
        inspection: &Inspection,
        playbook: &str,
        ordinal: i32,
        step: Step,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id: RepairId::of(inspection.id, playbook, ordinal, 0),
            inspection: inspection.id,
            failure: inspection.failure,
            repository: inspection.run.line.repository.clone(),
            run: inspection.run.id,
            place: inspection.run.place,
            playbook: playbook.to_owned(),
            ordinal,
            tries: 0,
            step,
            signatures: BTreeSet::new(),
            rerun: None,
            state: RepairState::Planned,
            by: Actor::Wardroom,
            reason: None,
            decided_at: now,
            due_at: now,
            ended_at: None,
        }
    }

    /// The inspection whose re-run is open, of the steps of a run in the order of its attempts: the newest one.
    pub fn repairing(steps: &[Self]) -> Option<InspectionId> {
        let is_open = |step: &&Self| step.state.is_open() && step.is_rerun();
        let newest = steps.iter().rfind(is_open);
        newest.map(|step| step.inspection)
    }

    /// What is not done is none.
    pub fn is_rerun(&self) -> bool {
        self.ordinal != Self::NOT_DONE && self.step.action.is_rerun()
    }

    /// Until when it may go on as it is, once it has begun.
    pub fn deadline(&self) -> DateTime<Utc> {
        match self.state {
            RepairState::WaitingApproval => self.due_at + APPROVAL,
            _ => self.due_at + self.step.timeout,
        }
    }

    pub fn ends(&mut self, state: RepairState, reason: Option<String>, now: DateTime<Utc>) {
        self.state = state;
        self.reason = reason.or(self.reason.take());
        self.ended_at = Some(now);
    }
}
