//! The repair of an attempt is decided once it is known why it failed.
//!
//! The repository's own rules are read first, unless they were read lately. What is decided is written as
//! rows, one for each step, and the first step of each playbook is begun.

use super::super::area::Context;
use super::super::effect::{Answer, github};
use super::super::measure::Measure;
use super::super::signal::End;
use super::super::text::Text;
use super::circumstances::Circumstances;
use super::own_rules::{self, OwnFile, Problem};
use super::playbook::{self, No, Plan};
use super::repair::{RepairState, RepairStep};
use super::repair_steps::{begin, count, of_attempt, show, show_progress, shown_findings, watch};
use super::{Change, Decision, Facts, Inspection, Progress, Purpose, Receipt, Stage, Timer};
use crate::domain::healing::{Action, Step};
use chrono::{DateTime, Duration, Utc};

/// While the repository's own file cannot be read, it is asked for again until so long after the run failed.
const PATIENCE: Duration = Duration::minutes(30);

pub(super) fn due(decision: &mut Decision, facts: &Facts, context: &Context<'_>) {
    let (Some(inspection), Some(known)) = (&facts.inspection, &facts.circumstances) else {
        return;
    };
    let steps = of_attempt(facts, inspection);
    let is_decided = !steps.is_empty();
    if facts.is_overtaken(inspection) {
        return;
    }
    if facts.is_green_since(inspection) {
        if !is_decided {
            detected(decision, known);
        }
        return shown_findings(decision, known, &steps);
    }
    if is_decided {
        // The inspection began anew, by an operator's retry of a read: the message shows the repair again.
        shown_findings(decision, known, &steps);
        return show(decision, inspection, &steps, facts);
    }
    let own = facts.own.as_ref();
    if !own_rules::is_fresh(own, context.now) {
        return reads_own(decision, inspection);
    }
    if let Some(own) = own
        && let Err(Problem::Unread(code)) = &own.rules
        && own.stale_at() < inspection.run.updated_at.max(inspection.begun_at) + PATIENCE
    {
        return waits_for_own(decision, inspection, code, own.stale_at(), facts);
    }
    let situation = known.situation(inspection, own, &facts.ignored, context.now);
    let plan = playbook::decide(&situation, &context.rules.github.healing);
    let mut steps = rows(&plan, inspection, context.now);
    detected(decision, known);
    begin(decision, &mut steps, inspection, facts, context);
    watch(decision, &steps, inspection);
    for step in &steps {
        if step.state == RepairState::WouldHave {
            count(decision, step);
        }
        decision.change(Change::Repair(Box::new(step.clone())));
    }
    shown_findings(decision, known, &steps);
    show(decision, inspection, &steps, facts);
}

fn detected(decision: &mut Decision, known: &Circumstances) {
    for finding in &known.findings {
        decision.measures.push(Measure::IssueDetected {
            class: finding.finding.class,
        });
    }
}

/// The message says why nothing is decided yet.
fn waits_for_own(
    decision: &mut Decision,
    inspection: &Inspection,
    code: &str,
    stale_at: DateTime<Utc>,
    facts: &Facts,
) {
    let again = stale_at + Duration::seconds(1);
    decision.timer(Timer::Repair.of(inspection.id, Some(again)));
    let text = Text::plain("Nothing is repaired yet, because ").code(own_rules::PATH);
    let text = text
        .and(" couldn't be read (")
        .code(code)
        .and("). It is read again at ");
    let text = text.time(again).and(".");
    let lines = inspection.unread_line().into_iter().chain([text]);
    show_progress(
        decision,
        Progress {
            place: inspection.run.place,
            stage: Some(Stage::Detected),
            lines: lines.collect(),
            approval: None,
        },
        facts,
    );
}

pub(super) fn reads_own(decision: &mut Decision, inspection: &Inspection) {
    let effect = github::Effect::ReadFile {
        repository: inspection.run.line.repository.clone(),
        path: own_rules::PATH.to_owned(),
        branch: None,
    };
    let inspection = inspection.id;
    decision.effect(effect, Purpose::OwnRules { inspection });
}

/// The repository's own file was read, or could not be: then what was read before is still used.
pub(super) fn own_read(
    decision: &mut Decision,
    receipt: &Receipt,
    facts: &Facts,
    context: &Context<'_>,
) {
    let Some(inspection) = &facts.inspection else {
        return;
    };
    let code = match &receipt.end {
        End::Done(Answer::Github(github::Answer::File { .. })) => "",
        End::Refused { code } | End::Uncertain { code } | End::Parked { code } => code,
        End::Done(_) | End::Expired | End::Dropped { .. } => "no answer",
    };
    let known = facts.own.as_ref().map(|own| own.rules.clone());
    let rules = match &receipt.end {
        End::Done(Answer::Github(github::Answer::File { content })) => {
            own_rules::read(content.as_deref().unwrap_or_default()).map_err(Problem::Wrong)
        }
        _ => match known {
            Some(rules @ (Ok(_) | Err(Problem::Wrong(_)))) => rules,
            Some(Err(Problem::Unread(_))) | None => Err(Problem::Unread(code.to_owned())),
        },
    };
    let repository = inspection.run.line.repository.clone();
    let read_at = context.now;
    let own = OwnFile { rules, read_at };
    decision.change(Change::OwnFile(repository, Box::new(own)));
    // Until the inspection ends, there is nothing to decide.
    if inspection.ended_at.is_some() {
        decision.timer(Timer::Repair.of(inspection.id, Some(context.now)));
    }
}

/// A row for each step, and one for what is not done.
pub(super) fn rows(plan: &Plan, inspection: &Inspection, now: DateTime<Utc>) -> Vec<RepairStep> {
    let mut rows = Vec::new();
    if !plan.prevented.is_empty() {
        let sentences: Vec<String> = plan.prevented.iter().map(No::sentence).collect();
        let step = Step::new(Action::RerunFailedJobs);
        let ordinal = RepairStep::NOT_DONE;
        let mut row = RepairStep::new(inspection, "none", ordinal, step, now);
        let state = match plan.gave_up {
            true => RepairState::Failed,
            false => RepairState::Refused,
        };
        row.ends(state, Some(sentences.join("; ")), now);
        rows.push(row);
    }
    for repair in &plan.repairs {
        for (ordinal, due) in (0..).zip(&repair.steps) {
            let step = due.step.clone();
            let mut row = RepairStep::new(inspection, &repair.playbook, ordinal, step, now);
            row.signatures.clone_from(&repair.signatures);
            row.rerun = repair.rerun;
            row.due_at = due.at;
            if repair.dry_run {
                row.ends(RepairState::WouldHave, None, now);
            }
            rows.push(row);
        }
    }
    rows
}
