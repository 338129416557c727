//! An attempt that failed is inspected: its failed jobs are listed, then their logs and the test reports are
//! read, and when all of it is in, it is decided why they failed.
//!
//! A read that fails counts as empty. GitHub may be down, or its quota spent: the message says so after
//! [`PATIENCE`], and the finding is made without what is missing after [`LIMIT`].

use super::super::area::Context;
use super::super::effect::{Answer, github};
use super::super::rules::GithubAccess;
use super::super::signal::End;
use super::super::text::Text;
use super::super::told::Told;
use super::inspection::PATIENCE;
use super::reports::Aliases;
use super::{
    Change, Conclusion, Decision, Facts, Failure, Inspection, Progress, Purpose, Read, Receipt,
    Run, Seen, Stage, Status, Timer, ignore, own_rules, posts, repair_plan, seen, why,
};
use chrono::Duration;

/// A run that ended earlier is not inspected: nothing would be done about it.
const OLDEST: Duration = Duration::hours(24);
/// After so long, what is not in counts as empty.
const LIMIT: Duration = Duration::hours(6);

pub(super) fn is_due(run: &Run, context: &Context<'_>) -> bool {
    context.rules.github.access != GithubAccess::None && context.now - run.updated_at <= OLDEST
}

/// Begins with the failed jobs. A run that could not start has none.
pub(super) fn begin(
    decision: &mut Decision,
    seen: &Seen,
    failure: Option<&mut Failure>,
    facts: &Facts,
    context: &Context<'_>,
) {
    let run = &seen.run;
    let of = failure.as_ref().map(|failure| failure.id);
    let mut inspection = Inspection::begun(run, seen.is_on_default_branch(), of, context.now);
    if run.status == Status::Completed(Conclusion::StartupFailure) {
        inspection.pending.clear();
        conclude(decision, inspection, failure, facts, context);
        return;
    }
    shows(failure, &inspection, Vec::new());
    lists(decision, &inspection, context);
    // What follows from the findings needs it.
    if !own_rules::is_fresh(facts.own.as_ref(), context.now) {
        repair_plan::reads_own(decision, &inspection);
    }
    decision.change(Change::Inspection(Box::new(inspection)));
}

/// Lists the failed jobs, and waits for them and for what is then read.
fn lists(decision: &mut Decision, inspection: &Inspection, context: &Context<'_>) {
    asks(decision, inspection, Read::Jobs, context);
    let due = Some(inspection.deadline);
    decision.timer(Timer::InspectionOverdue.of(inspection.id, due));
}

fn asks(decision: &mut Decision, inspection: &Inspection, read: Read, context: &Context<'_>) {
    let id = inspection.id;
    let purpose = match read {
        Read::Jobs => Purpose::ListJobs { inspection: id },
        Read::Log(job) => Purpose::JobLog {
            inspection: id,
            job,
        },
        Read::Reports(artifact) => Purpose::TestReports {
            inspection: id,
            artifact,
        },
    };
    let reports = &context.rules.github.healing.reports;
    decision.effect(inspection.effect(read, reports), purpose);
}

/// The failure's message says this of the inspection, when it shows its attempt.
fn shows(failure: Option<&mut Failure>, inspection: &Inspection, lines: Vec<Text>) {
    let place = inspection.run.place;
    if let Some(failure) = failure.filter(|failure| failure.last.place == place) {
        failure.progress = Some(Progress {
            place,
            stage: None,
            lines,
            approval: None,
        });
    }
}

/// A read ended. What comes twice, or after the end, changes nothing; but after a read that an operator
/// retried, the inspection begins anew.
pub(super) fn read_ended(
    decision: &mut Decision,
    read: Read,
    receipt: &Receipt,
    facts: &Facts,
    context: &Context<'_>,
) {
    let Some(mut inspection) = facts.inspection.clone() else {
        return;
    };
    let answer = match &receipt.end {
        End::Done(Answer::Github(answer)) => Some(answer),
        End::Done(_)
        | End::Refused { .. }
        | End::Expired
        | End::Uncertain { .. }
        | End::Parked { .. }
        | End::Dropped { .. } => None,
    };
    if inspection.ended_at.is_some() && receipt.generation > 0 && answer.is_some() {
        inspection = Inspection {
            pending: [Read::Jobs].into(),
            unread: Default::default(),
            lacks_reports: false,
            begun_at: context.now,
            deadline: context.now + PATIENCE,
            ended_at: None,
            ..inspection
        };
        lists(decision, &inspection, context);
        return decision.change(Change::Inspection(Box::new(inspection)));
    }
    if inspection.ended_at.is_some() || !inspection.pending.contains(&read) {
        return;
    }
    match answer {
        Some(answer) => {
            for next in inspection.takes(read, answer) {
                asks(decision, &inspection, next, context);
            }
            if matches!(answer, github::Answer::TestReports(_)) {
                let renamed = &context.rules.github.healing.aliases;
                inspection.resolves(&Aliases::new(renamed));
            }
        }
        None => {
            let code = match &receipt.end {
                End::Refused { code } | End::Uncertain { code } | End::Parked { code } => code,
                End::Done(_) | End::Expired | End::Dropped { .. } => "no answer",
            };
            inspection.lacks(read, code);
        }
    }
    if !inspection.pending.is_empty() {
        return decision.change(Change::Inspection(Box::new(inspection)));
    }
    finish(decision, inspection, facts, context);
}

/// Not all of it is in: the message says so, and later it ends without.
pub(super) fn overdue(decision: &mut Decision, facts: &Facts, context: &Context<'_>) {
    let Some(mut inspection) = facts.inspection.clone() else {
        return;
    };
    if inspection.ended_at.is_some() {
        return;
    }
    if context.now < inspection.deadline {
        // The clock of the replica that decides may be behind that of the one that saw it due.
        let due = Some(inspection.deadline);
        return decision.timer(Timer::InspectionOverdue.of(inspection.id, due));
    }
    let limit = inspection.begun_at + LIMIT;
    if context.now >= limit {
        let mut pending = inspection.pending.iter();
        inspection.lacks_reports |= pending.any(|read| matches!(read, Read::Reports(_)));
        inspection.pending.clear();
        inspection.unread.insert("no answer".to_owned());
        return finish(decision, inspection, facts, context);
    }
    inspection.deadline = limit;
    decision.timer(Timer::InspectionOverdue.of(inspection.id, Some(limit)));
    if let Some(open) = facts.failure.as_ref().filter(|one| one.green.is_none()) {
        let mut failure = open.clone();
        let text = "GitHub doesn't answer yet. The cause follows when it does.";
        shows(Some(&mut failure), &inspection, vec![Text::plain(text)]);
        // One that was held back until it is known why is told now.
        ignore::tell(&mut failure, &[], facts, context);
        if failure != *open {
            posts::show(decision, Some(open), &failure, None);
            decision.change(Change::Failure(Box::new(failure)));
        }
    }
    decision.change(Change::Inspection(Box::new(inspection)));
}

/// All of it is in: what was found is kept, and the message shows it.
fn finish(decision: &mut Decision, inspection: Inspection, facts: &Facts, context: &Context<'_>) {
    let open = facts.failure.as_ref().filter(|one| one.green.is_none());
    let mut failure = open.cloned();
    conclude(decision, inspection, failure.as_mut(), facts, context);
    if let Some(failure) = failure.filter(|failure| Some(failure) != open) {
        posts::show(decision, open, &failure, None);
        decision.change(Change::Failure(Box::new(failure)));
    }
}

/// What was found is kept, and decided on when no newer attempt has begun.
fn conclude(
    decision: &mut Decision,
    mut inspection: Inspection,
    failure: Option<&mut Failure>,
    facts: &Facts,
    context: &Context<'_>,
) {
    let findings = why::found(&inspection, &facts.known_flaky, context.now);
    let place = inspection.run.place;
    let stage = match facts.is_overtaken(&inspection) {
        true => Stage::Told,
        false => {
            // By a signal of its own: it locks more, and must see the findings of other runs.
            decision.timer(Timer::Repair.of(inspection.id, Some(context.now)));
            Stage::Detected
        }
    };
    for finding in &findings {
        decision.change(Change::staged(finding, stage));
    }
    if let Some(failure) = failure.filter(|failure| failure.last.place == place) {
        failure.progress = Some(Progress {
            place,
            stage: Some(stage),
            lines: inspection.unread_line().into_iter().collect(),
            approval: None,
        });
        ignore::tell(failure, &findings, facts, context);
    }
    if !inspection.run.code.by_bot {
        let seen = seen::inspected(&inspection, &findings);
        decision.tell(Told::RunObserved(Box::new(seen)));
    }
    inspection.ended_at = Some(context.now);
    inspection.logs.clear();
    inspection.reports.clear();
    decision.timer(Timer::InspectionOverdue.of(inspection.id, None));
    decision.change(Change::Inspection(Box::new(inspection)));
}
