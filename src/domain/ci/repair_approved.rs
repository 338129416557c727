//! What a person decides: that a step which waits is begun, or that a run is repeated now.

use super::super::area::Context;
use super::super::ids::{Actor, UserId};
use super::super::text::{Message, Text};
use super::repair::{RepairId, RepairState, RepairStep};
use super::repair_steps::{begin, changed, of_attempt, of_playbook};
use super::verdict::{Refusal, Verdict, still_open};
use super::{Decision, Facts, Inspection, Status, watched};
use crate::domain::healing::{Action, Step};

/// The playbook of what a person starts.
const OF_PERSON: &str = "person";

pub(super) fn approve(
    decision: &mut Decision,
    id: RepairId,
    person: &UserId,
    facts: &Facts,
    context: &Context<'_>,
) -> Verdict {
    let gone = || {
        let text = "This step isn't waiting for approval any more. Nothing changed.";
        Refusal::new("not_waiting", Text::plain(text))
    };
    let inspection = facts.inspection.as_ref().ok_or_else(gone)?;
    let before = of_attempt(facts, inspection);
    let mut steps = before.clone();
    let at = steps.iter().position(|step| step.id == id);
    let at = at.filter(|at| steps[*at].state == RepairState::WaitingApproval);
    let at = at.ok_or_else(gone)?;
    permitted("approve this", person, inspection, context)?;
    if facts.is_overtaken(inspection) || facts.is_green_since(inspection) {
        return Err(gone());
    }
    let held_back = context.rules.github.healing.held_back().or(facts.held_back);
    if let Some(why) = held_back.filter(|_| steps[at].step.action.writes()) {
        let text = format!("Nothing was started: {}.", why.sentence());
        return Err(Refusal::new("switched_off", Text::plain(text)));
    }
    let step = &mut steps[at];
    step.by = Actor::Person(person.clone());
    step.state = RepairState::Planned;
    let playbook = step.playbook.clone();
    let own = of_playbook(&mut steps, &playbook);
    begin(decision, own, inspection, facts, context);
    changed(decision, &before, &steps, inspection, facts);
    Ok(Message::line("Approved."))
}

fn permitted(
    what: &str,
    person: &UserId,
    inspection: &Inspection,
    context: &Context<'_>,
) -> Result<(), Refusal> {
    let repository = &inspection.run.line.repository;
    let service = watched::service(context.rules, repository);
    let service = service.and_then(|name| context.rules.service(name));
    let is_owner = service.is_some_and(|service| service.owners.contains(person));
    if is_owner || context.rules.admins.contains(person) {
        return Ok(());
    }
    let text = format!(
        "You can't {what}: only an admin or an owner of the service can. Ask one of them to press the button."
    );
    Err(Refusal::new("not_permitted", Text::plain(text)))
}

/// Runs the failed jobs of the failure's last attempt again, now. A re-run that is planned gives way to it.
pub(super) fn rerun(
    decision: &mut Decision,
    person: &UserId,
    facts: &Facts,
    context: &Context<'_>,
) -> Verdict {
    let no = |code, text: &str| Err(Refusal::new(code, Text::plain(text)));
    still_open(facts.failure.as_ref())?;
    let Some(inspection) = &facts.inspection else {
        return no(
            "unknown_run",
            "This run isn't known any more. Nothing changed.",
        );
    };
    permitted("re-run this", person, inspection, context)?;
    let is_overtaken = facts.is_overtaken(inspection);
    let newest = facts.run.as_ref().map(|run| &run.status);
    if is_overtaken && matches!(newest, Some(Status::Completed(_))) {
        let text =
            "A newer attempt of this run has ended. Nothing was started; re-run it on GitHub.";
        return no("newer_attempt", text);
    }
    let before = of_attempt(facts, inspection);
    let is_asked = |step: &RepairStep| step.is_rerun() && step.state == RepairState::Asked;
    if is_overtaken || before.iter().any(is_asked) {
        return no(
            "running",
            "This run is running again already. Nothing was started.",
        );
    }
    if let Some(why) = context.rules.github.healing.held_back().or(facts.held_back) {
        let text = format!("Nothing was started: {}.", why.sentence());
        return no("switched_off", &text);
    }
    let mut steps = before.clone();
    for step in steps
        .iter_mut()
        .filter(|step| step.is_rerun() && step.state.is_open())
    {
        let reason = Some("a person started it now".to_owned());
        step.ends(RepairState::Skipped, reason, context.now);
    }
    let tries = steps
        .iter()
        .filter(|step| step.playbook == OF_PERSON)
        .count();
    let step = Step::new(Action::RerunFailedJobs);
    let mut row = RepairStep::new(inspection, OF_PERSON, 0, step, context.now);
    row.tries = i32::try_from(tries).unwrap_or(i32::MAX);
    row.id = RepairId::of(inspection.id, OF_PERSON, 0, row.tries);
    row.by = Actor::Person(person.clone());
    let mut own = [row];
    begin(decision, &mut own, inspection, facts, context);
    steps.extend(own);
    changed(decision, &before, &steps, inspection, facts);
    Ok(Message::line("Asked GitHub to re-run the failed jobs."))
}
