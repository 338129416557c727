//! Steps of a repair that took too long. A re-run whose end was not heard is read first: its webhooks may be
//! lost, and it may have succeeded.

use super::super::area::Context;
use super::super::decision::TimerChange;
use super::super::effect::github;
use super::repair::{APPROVAL, RepairState, RepairStep};
use super::repair_steps::{begun, ended, of_attempt, watch};
use super::repair_words::RERUN;
use super::{Decision, Facts, Inspection, Purpose, Timer};
use chrono::Duration;

/// A run that is read has answered within this.
const READ_WITHIN: Duration = Duration::minutes(10);

/// A re-run that was asked for, and whose end was not heard.
fn is_unheard(step: &RepairStep) -> bool {
    step.is_rerun() && step.state == RepairState::Asked
}

/// The webhooks of the re-run may be lost: the run is read, and its answer counts as one.
fn read(decision: &mut Decision, step: &RepairStep, inspection: &Inspection) {
    let (repository, run) = (step.repository.clone(), step.run);
    let effect = github::Effect::ReadRun {
        repository: repository.clone(),
        run,
    };
    decision.effect(effect, Purpose::OverdueRun { repository, run });
    decision.timer(TimerChange {
        area: "ci",
        owner: inspection.id.0.to_string(),
        name: Timer::RepairOverdue.into(),
        due: Some(step.deadline() + READ_WITHIN),
    });
}

/// A step that took too long has failed, and one that was not approved is not done.
pub(super) fn overdue(decision: &mut Decision, facts: &Facts, context: &Context<'_>) {
    let Some(inspection) = &facts.inspection else {
        return;
    };
    let steps = of_attempt(facts, inspection);
    let late = begun(&steps).find(|step| step.deadline() <= context.now);
    let Some(step) = late else {
        return watch(decision, &steps, inspection);
    };
    if is_unheard(step) && context.now < step.deadline() + READ_WITHIN {
        return read(decision, step, inspection);
    }
    let end = match step.state {
        RepairState::WaitingApproval => {
            let hours = APPROVAL.num_hours();
            let reason = format!("it was not approved within {hours} hours");
            (RepairState::Skipped, reason)
        }
        _ if is_unheard(step) => {
            let reason = format!("{RERUN} hasn't ended, or GitHub doesn't report its end");
            (RepairState::Failed, reason)
        }
        _ => (RepairState::Failed, "it took too long".to_owned()),
    };
    ended(decision, step.id, (end.0, Some(end.1)), facts, context);
}
