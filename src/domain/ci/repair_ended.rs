//! What the next attempt of a run means for its repair: it was begun by us and ended, or another one
//! was first.

use super::super::area::Context;
use super::message::one_line;
use super::repair::{RepairState, RepairStep};
use super::repair_steps::{ended, of_attempt};
use super::repair_words::RERUN;
use super::{Conclusion, Decision, Facts, Run, Status};

/// News of an attempt of a run that has repairs.
pub(super) fn run_seen(decision: &mut Decision, run: &Run, facts: &Facts, context: &Context<'_>) {
    let Some(inspection) = &facts.inspection else {
        return;
    };
    let steps = of_attempt(facts, inspection);
    let open = steps.iter().find(|step| is_of_rerun(step, run));
    let Some(step) = open else {
        return;
    };
    let is_waiting = match step.state {
        RepairState::WaitingApproval => true,
        RepairState::Planned => context.now < step.due_at,
        _ => false,
    };
    let end = if is_waiting {
        let by = match &run.actor {
            Some(actor) => format!("{} re-ran it first", one_line(actor)),
            None => "it was re-run already".to_owned(),
        };
        (RepairState::Skipped, Some(by))
    } else if step.state == RepairState::Planned {
        // The receipt of its effect is on its way, and says whether it is ours.
        return;
    } else if let Some(end) = how_ended(&run.status) {
        end
    } else {
        return;
    };
    let is_told = match &run.status {
        Status::Completed(end) => end.is_failure() || *end == Conclusion::Success,
        Status::Queued | Status::InProgress => false,
    };
    // A failure and a success change the message themselves.
    let facts = &Facts {
        failure: facts.failure.clone().filter(|_| !is_told),
        run: Some(run.clone()),
        ..facts.clone()
    };
    ended(decision, step.id, end, facts, context);
}

/// What became of a re-run whose attempt has this status; `None`: it goes on.
pub(super) fn how_ended(status: &Status) -> Option<(RepairState, Option<String>)> {
    let Status::Completed(conclusion) = status else {
        return None;
    };
    let reason = match conclusion {
        // It waits for a person, and goes on afterwards.
        Conclusion::ActionRequired => return None,
        Conclusion::Success => return Some((RepairState::Succeeded, None)),
        Conclusion::Cancelled => format!("{RERUN} was cancelled"),
        failed if failed.is_failure() => format!("{RERUN} failed again"),
        other => format!("{RERUN} ended as {}", one_line(other.as_str())),
    };
    Some((RepairState::Failed, Some(reason)))
}

fn is_of_rerun(step: &RepairStep, run: &Run) -> bool {
    step.state.is_open() && step.is_rerun() && step.place.attempt < run.place.attempt
}

/// Whether an attempt is the one that Wardroom began.
pub(super) fn is_ours(run: &Run, facts: &Facts, context: &Context<'_>) -> bool {
    facts.repairs.iter().any(|step| {
        let is_begun = match step.state {
            RepairState::Asked | RepairState::Succeeded => true,
            RepairState::Planned => step.due_at <= context.now,
            _ => false,
        };
        is_begun && step.is_rerun() && step.place.attempt + 1 == run.place.attempt
    })
}
