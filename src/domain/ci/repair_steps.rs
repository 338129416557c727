//! The steps of a repair, one after the other: a step begins when the one before it succeeded, and one that
//! failed ends its playbook.

use super::super::area::Context;
use super::super::effect::{Answer, github};
use super::super::measure::Measure;
use super::super::signal::End;
use super::circumstances::Circumstances;
use super::message::one_line;
use super::repair::{RepairId, RepairState, RepairStep};
use super::repair_ended::how_ended;
use super::{
    Change, Decision, Facts, Inspection, OwnFile, Progress, Purpose, Receipt, Timer, posts,
    repair_told, repair_words, watched,
};
use crate::domain::healing::{Action, HeldBack, label};
use chrono::{DateTime, Duration, Utc};

/// Before a step is tried again, longer each time.
const AGAIN_AFTER: Duration = Duration::seconds(60);

/// Begins the next step of each playbook; those that end at once are followed by the next.
pub(super) fn begin(
    decision: &mut Decision,
    steps: &mut [RepairStep],
    inspection: &Inspection,
    facts: &Facts,
    context: &Context<'_>,
) {
    for own in steps.chunk_by_mut(|one, next| one.playbook == next.playbook) {
        for step in own {
            if step.state == RepairState::Planned {
                start(decision, step, inspection, facts, context);
            }
            if step.state.is_open() {
                break;
            }
        }
    }
}

pub(super) fn of_playbook<'s>(steps: &'s mut [RepairStep], name: &str) -> &'s mut [RepairStep] {
    let mut playbooks = steps.chunk_by_mut(|one, next| one.playbook == next.playbook);
    let own = playbooks.find(|own| own.iter().any(|step| step.playbook == name));
    own.unwrap_or_default()
}

/// The step of each playbook that has begun and not ended.
pub(super) fn begun(steps: &[RepairStep]) -> impl Iterator<Item = &RepairStep> {
    let playbooks = steps.chunk_by(|one, next| one.playbook == next.playbook);
    playbooks.filter_map(|own| own.iter().find(|step| step.state.is_open()))
}

/// The timer for the step that is overdue first.
pub(super) fn watch(decision: &mut Decision, steps: &[RepairStep], inspection: &Inspection) {
    if let Some(due) = begun(steps).map(RepairStep::deadline).min() {
        decision.timer(Timer::RepairOverdue.of(inspection.id, Some(due)));
    }
}

fn start(
    decision: &mut Decision,
    step: &mut RepairStep,
    inspection: &Inspection,
    facts: &Facts,
    context: &Context<'_>,
) {
    let now = context.now;
    step.due_at = step.due_at.max(now);
    let is_approved = step.by.person().is_some();
    if step.step.requires_approval && !is_approved {
        step.state = RepairState::WaitingApproval;
        return;
    }
    let run = &inspection.run;
    let repository = run.line.repository.clone();
    let (id, attempt) = (run.id, run.place.attempt);
    let pull = run.code.pull;
    let no_pull = || Some("the run is not of a pull request".to_owned());
    let effect = match &step.step.action {
        Action::RerunFailedJobs => github::Effect::RerunFailedJobs {
            repository,
            run: id,
            attempt,
        },
        Action::RerunRun => github::Effect::RerunRun {
            repository,
            run: id,
            attempt,
        },
        Action::DeleteCaches => github::Effect::DeleteCaches {
            repository,
            reference: match pull {
                Some(number) => format!("refs/pull/{number}/merge"),
                // Of a fork: its branch may have the name of one here.
                None if run.line.is_pull => {
                    let reason = "the number of the pull request is not known".to_owned();
                    return step.ends(RepairState::Skipped, Some(reason), now);
                }
                None => format!("refs/heads/{}", run.line.branch),
            },
        },
        Action::DispatchWorkflow {
            workflow,
            reference,
            inputs,
        } => github::Effect::DispatchWorkflow {
            repository,
            workflow: workflow.clone(),
            reference: reference.clone().unwrap_or_else(|| run.line.branch.clone()),
            inputs: inputs.clone(),
        },
        Action::Comment { text } => match pull {
            Some(number) => github::Effect::CreateComment {
                repository,
                number,
                body: text.clone(),
            },
            None => return step.ends(RepairState::Skipped, no_pull(), now),
        },
        Action::AddLabels { labels } => match pull {
            Some(number) => github::Effect::AddLabels {
                repository,
                number,
                labels: labels.clone(),
            },
            None => return step.ends(RepairState::Skipped, no_pull(), now),
        },
        Action::DeclareIncident(_)
            if watched::service_of_incidents(context.rules, &repository).is_none() =>
        {
            let reason = format!("{} belongs to no service", one_line(&repository));
            return counted(decision, step, RepairState::Skipped, Some(reason), now);
        }
        Action::OpenIssue { .. } | Action::Notify(_) | Action::DeclareIncident(_) => {
            repair_told::tell(decision, step, inspection, facts, context);
            return counted(decision, step, RepairState::Succeeded, None, now);
        }
    };
    if !step.is_rerun() {
        step.state = RepairState::Asked;
    }
    let purpose = Purpose::Repair {
        inspection: inspection.id,
        step: step.id,
    };
    decision.effect_from(effect, purpose, Some(step.due_at));
}

/// A step ended, which the metrics count.
fn counted(
    decision: &mut Decision,
    step: &mut RepairStep,
    state: RepairState,
    reason: Option<String>,
    now: DateTime<Utc>,
) {
    step.ends(state, reason, now);
    count(decision, step);
}

pub(super) fn count(decision: &mut Decision, step: &RepairStep) {
    decision.measures.push(Measure::RepairEnded {
        playbook: label(&step.playbook),
        status: step.state.into(),
    });
}

/// The steps of an attempt after one of them ended: the next one, or none any more. Saves and shows what
/// changed.
pub(super) fn ended(
    decision: &mut Decision,
    id: RepairId,
    (state, reason): (RepairState, Option<String>),
    facts: &Facts,
    context: &Context<'_>,
) {
    let Some(inspection) = &facts.inspection else {
        return;
    };
    let before = of_attempt(facts, inspection);
    let mut steps = before.clone();
    let Some(at) = steps.iter().position(|step| step.id == id) else {
        return;
    };
    if !steps[at].state.is_open() {
        return;
    }
    if state.is_open() {
        steps[at].state = state;
    } else {
        counted(decision, &mut steps[at], state, reason, context.now);
    }
    if state == RepairState::Failed && steps[at].tries < retries(&steps[at]) {
        let again = again(&steps[at], context.now);
        steps.insert(at + 1, again);
    } else if matches!(
        state,
        RepairState::Failed | RepairState::Refused | RepairState::Skipped
    ) {
        let playbook = steps[at].playbook.clone();
        let later = steps.iter_mut().skip(at + 1);
        for step in later.filter(|step| step.playbook == playbook && step.state.is_open()) {
            let reason = Some("a step before it did not succeed".to_owned());
            step.ends(RepairState::Skipped, reason, context.now);
        }
    }
    if !state.is_open() {
        let playbook = steps[at].playbook.clone();
        let own = of_playbook(&mut steps, &playbook);
        begin(decision, own, inspection, facts, context);
    }
    changed(decision, &before, &steps, inspection, facts);
}

/// What failed without a refusal may have been done all the same.
fn retries(step: &RepairStep) -> i32 {
    if step.step.action.adds() {
        return 0;
    }
    i32::try_from(step.step.retries).unwrap_or_default()
}

fn again(step: &RepairStep, now: DateTime<Utc>) -> RepairStep {
    let tries = step.tries + 1;
    RepairStep {
        id: RepairId::of(step.inspection, &step.playbook, step.ordinal, tries),
        tries,
        state: RepairState::Planned,
        reason: None,
        decided_at: now,
        due_at: now + AGAIN_AFTER * tries,
        ended_at: None,
        ..step.clone()
    }
}

/// Watches the steps, saves those that changed, and shows them.
pub(super) fn changed(
    decision: &mut Decision,
    before: &[RepairStep],
    steps: &[RepairStep],
    inspection: &Inspection,
    facts: &Facts,
) {
    watch(decision, steps, inspection);
    let mut any = false;
    for step in steps.iter().filter(|step| !before.contains(step)) {
        decision.change(Change::Repair(Box::new(step.clone())));
        any = true;
    }
    if any {
        decision.change(Change::Stage {
            repository: inspection.run.line.repository.clone(),
            run: inspection.run.id,
            attempt: inspection.run.place.attempt,
            stage: repair_words::stage(steps),
        });
        show(decision, inspection, steps, facts);
    }
}

pub(super) fn of_attempt(facts: &Facts, inspection: &Inspection) -> Vec<RepairStep> {
    let own = facts.repairs.iter();
    own.filter(|step| step.inspection == inspection.id)
        .cloned()
        .collect()
}

/// The failure's message shows the steps, while it is about their attempt.
pub(super) fn show(
    decision: &mut Decision,
    inspection: &Inspection,
    steps: &[RepairStep],
    facts: &Facts,
) {
    let wrong = facts.own.as_ref().and_then(OwnFile::wrong);
    let mut progress = repair_words::progress(inspection.run.place, steps, wrong);
    progress.lines.splice(..0, inspection.unread_line());
    show_progress(decision, progress, facts);
}

pub(super) fn show_progress(decision: &mut Decision, progress: Progress, facts: &Facts) {
    let Some(open) = &facts.failure else {
        return;
    };
    if open.green.is_some() || open.last.place != progress.place {
        return;
    }
    let mut failure = open.clone();
    failure.progress = Some(progress);
    if failure != *open {
        posts::update(decision, &failure, None);
        decision.change(Change::Failure(Box::new(failure)));
    }
}

/// The findings have the stage of the repair.
pub(super) fn shown_findings(decision: &mut Decision, known: &Circumstances, steps: &[RepairStep]) {
    for finding in &known.findings {
        let stage = repair_words::progress(finding.place, steps, None).stage;
        decision.change(Change::staged(finding, stage.unwrap_or(finding.state)));
    }
}

/// An effect of a step ended.
pub(super) fn answered(
    decision: &mut Decision,
    id: RepairId,
    receipt: &Receipt,
    facts: &Facts,
    context: &Context<'_>,
) {
    use RepairState::{Asked, Failed, Refused, Skipped, Succeeded, WouldHave};
    let Some(step) = facts.repairs.iter().find(|step| step.id == id) else {
        return;
    };
    let end = match &receipt.end {
        End::Done(Answer::Github(github::Answer::Rerun { already: true })) => {
            (Skipped, Some("it was re-run already".to_owned()))
        }
        End::Done(Answer::Github(github::Answer::Rerun { already: false })) => {
            let next = facts.run.as_ref();
            let next = next.filter(|run| run.place.attempt == step.place.attempt + 1);
            let end = next.and_then(|run| how_ended(&run.status));
            end.unwrap_or((Asked, None))
        }
        End::Done(Answer::Nothing) if step.is_rerun() => {
            (Skipped, Some("a newer run or attempt has begun".to_owned()))
        }
        End::Done(_) => (Succeeded, None),
        End::Refused { code } => (Refused, Some(code.clone())),
        End::Parked { code } | End::Uncertain { code } => (Failed, Some(code.clone())),
        End::Expired => (Failed, Some("it came too late".to_owned())),
        End::Dropped { why } => match why.parse::<HeldBack>() {
            Ok(held) if held.is_dry_run() => (WouldHave, None),
            Ok(off) => (Skipped, Some(off.sentence().to_owned())),
            Err(_) => (Failed, Some(why.clone())),
        },
    };
    ended(decision, id, end, facts, context);
}
