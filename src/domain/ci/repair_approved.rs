//! A person approves a step that waits for it.

use super::super::area::Context;
use super::super::ids::{Actor, UserId};
use super::super::text::Text;
use super::repair::{RepairId, RepairState};
use super::repair_steps::{begin, changed, of_attempt, watch};
use super::{Decision, Facts, watched};

/// What to say to the person; or a word for the audit, and why not.
pub(super) fn approve(
    decision: &mut Decision,
    id: RepairId,
    person: &UserId,
    facts: &Facts,
    context: &Context<'_>,
) -> Result<Text, (&'static str, Text)> {
    let gone = || {
        let text = "This step isn't waiting for approval any more. Nothing changed.";
        ("not_waiting", Text::plain(text))
    };
    let inspection = facts.inspection.as_ref().ok_or_else(gone)?;
    let before = of_attempt(facts, inspection);
    let mut steps = before.clone();
    let at = steps.iter().position(|step| step.id == id);
    let at = at.filter(|at| steps[*at].state == RepairState::WaitingApproval);
    let at = at.ok_or_else(gone)?;
    let repository = &inspection.run.line.repository;
    let service = watched::service(context.rules, repository);
    let service = service.and_then(|name| context.rules.service(name));
    let is_owner = service.is_some_and(|service| service.owners.contains(person));
    if !is_owner && !context.rules.admins.contains(person) {
        let text = "You can't approve this: only an admin or an owner of the service can. \
                    Ask one of them to press the button.";
        return Err(("not_permitted", Text::plain(text)));
    }
    let newest = facts.run.as_ref().map(|run| run.place.attempt);
    if newest.is_some_and(|newest| newest > inspection.run.place.attempt) {
        return Err(gone());
    }
    if !context.rules.github.healing.enabled && steps[at].step.action.writes() {
        let text = "Self-healing is turned off (SELF_HEALING_ENABLED). Nothing was started.";
        return Err(("switched_off", Text::plain(text)));
    }
    let step = &mut steps[at];
    step.by = Actor::Person(person.clone());
    step.state = RepairState::Planned;
    step.due_at = step.due_at.max(context.now);
    let playbook = step.playbook.clone();
    for own in steps.chunk_by_mut(|one, next| one.playbook == next.playbook) {
        if own[0].playbook == playbook {
            begin(decision, own, inspection, facts, context);
        }
    }
    watch(decision, &steps, inspection);
    changed(decision, &before, &steps, inspection, facts);
    Ok(Text::plain("Approved."))
}
