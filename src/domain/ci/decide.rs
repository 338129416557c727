//! The entry of the area, and what follows from the status of a run.

use super::super::area::{Area, Context};
use super::super::told::Told;
use super::{
    Change, Conclusion, Decision, Event, Facts, Failed, Failure, FailureId, Green, Needs, Purpose,
    Run, Seen, Stage, Status, Timer, asked, changes, digest_due, facts, inspect, issue_events,
    observed, overdue, posts, pulls, receipts, redeliver, repair_ended, repair_overdue,
    repair_plan, seen, watched,
};
use chrono::Duration;

/// The edit for a further failed run waits so long for more of them: Slack allows about fifty edits a
/// minute, for all messages.
const EDIT_AFTER: Duration = Duration::seconds(10);

/// The area of continuous integration.
#[derive(Debug)]
pub struct Ci;

impl Area for Ci {
    type Event = Event;
    type Needs = Needs;
    type Facts = Facts;
    type Change = Change;
    type Purpose = Purpose;

    fn needs(event: &Event, context: &Context<'_>) -> Needs {
        facts::needs(event, context)
    }

    fn decide(event: &Event, facts: &Facts, context: &Context<'_>, decision: &mut Decision) {
        match event {
            Event::Run(seen) => run_seen(decision, seen, facts, context),
            Event::Asked(request) => asked::decide_request(decision, request, facts, context),
            Event::Pressed(press) => asked::decide_press(decision, press, facts, context),
            Event::Record(event) => observed::decide(decision, event, &facts.record, context),
            Event::Pull(news) => pulls::seen(decision, news, facts, context),
            Event::Changes(event) => changes::decide(decision, event, &facts.changes, context),
            Event::Receipt(receipt) if receipt.origin.is_of_record() => {
                observed::ended(decision, receipt, &facts.record, context);
            }
            Event::Receipt(receipt) => {
                receipts::decide_receipt(decision, receipt, facts, context);
                if let Some(read) = overdue::seen(receipt, facts.run.as_ref()) {
                    run_seen(decision, &read, facts, context);
                }
            }
            Event::Parked(row) => decision.tell(Told::Parked(row.clone())),
            Event::TimerDue {
                timer,
                owner,
                generation,
            } => match timer {
                Timer::IssueQuiet => issue_events::quiet(decision, &facts.record, context),
                Timer::ChangesDue => changes::due(decision, owner, *generation, &facts.changes),
                // What it needs is not configured any more: it is set again when it is.
                Timer::FailedDeliveries | Timer::OverdueRuns | Timer::Digest
                    if !Timer::standing(context.rules).contains(timer) => {}
                Timer::FailedDeliveries => redeliver::begin(decision, facts, context),
                Timer::OverdueRuns => overdue::begin(decision, facts, context),
                Timer::Digest => digest_due::begin(decision, facts, context),
                Timer::InspectionOverdue => inspect::overdue(decision, facts, context),
                Timer::Repair => repair_plan::due(decision, facts, context),
                Timer::RepairOverdue => repair_overdue::overdue(decision, facts, context),
            },
        }
    }
}

/// GitHub delivers webhooks twice, late and in any order: what is no news changes nothing.
fn run_seen(decision: &mut Decision, seen: &Seen, facts: &Facts, context: &Context<'_>) {
    let run = &seen.run;
    let is_news = facts.run.as_ref().is_none_or(|known| run.replaces(known));
    if !is_news || !watched::is_watched(context.rules, &run.line.repository) {
        return;
    }
    decision.change(Change::Run(Box::new(run.clone())));
    repair_ended::run_seen(decision, run, facts, context);
    let Status::Completed(conclusion) = &run.status else {
        return;
    };
    if facts.recorded && seen::may_be_green(seen) {
        let green = seen::green(seen);
        decision.tell(Told::RunObserved(Box::new(green)));
    }
    changes::run_ended(decision, run, conclusion, &facts.changes, context);
    if !run.is_told() {
        return;
    }
    if conclusion.is_failure() {
        failed(decision, seen, conclusion, facts, context);
    } else if *conclusion == Conclusion::Success {
        succeeded(decision, run, facts, context);
    }
}

fn failed(
    decision: &mut Decision,
    seen: &Seen,
    conclusion: &Conclusion,
    facts: &Facts,
    context: &Context<'_>,
) {
    let run = &seen.run;
    // It is over already when the newer run's webhook came first.
    let is_over = facts.green.is_some_and(|green| green > run.place);
    let open = facts.failure.as_ref();
    let mut failure = match open {
        _ if is_over => None,
        Some(open) => Some(counted(open, run, conclusion)),
        None => opened(seen, conclusion, context),
    };
    let is_new = open.is_none();
    let mutes = facts.ignored.iter().any(|one| one.until > context.now);
    if let Some(failure) = failure.as_mut()
        && is_new
        && mutes
        && inspect::is_due(run, context)
    {
        // Told when it is known why, unless that is ignored.
        failure.messages.clear();
    }
    if inspect::is_due(run, context) {
        inspect::begin(decision, seen, failure.as_mut(), facts, context);
    }
    let Some(failure) = failure else {
        return;
    };
    let wait = Some(context.now + EDIT_AFTER);
    posts::show(decision, open, &failure, wait);
    decision.change(Change::Failure(Box::new(failure)));
}

fn this(run: &Run, conclusion: &Conclusion) -> Failed {
    Failed {
        run: Some(run.id),
        place: run.place,
        conclusion: conclusion.clone(),
        sha: run.sha.clone(),
        actor: run.actor.clone(),
        url: run.url.clone(),
    }
}

fn counted(open: &Failure, run: &Run, conclusion: &Conclusion) -> Failure {
    let mut failure = open.clone();
    failure.count = failure.count.saturating_add(1);
    failure.since = failure.since.min(run.updated_at);
    if run.place > failure.last.place {
        failure.last = this(run, conclusion);
        failure.workflow_name.clone_from(&run.workflow_name);
        failure.progress = None;
    }
    failure
}

/// `None`: no channel is told.
fn opened(seen: &Seen, conclusion: &Conclusion, context: &Context<'_>) -> Option<Failure> {
    let run = &seen.run;
    let channels = watched::channels(context.rules, &run.line.repository);
    (!channels.is_empty()).then(|| Failure {
        id: FailureId::opened_by(context.signal),
        line: run.line.clone(),
        workflow_name: run.workflow_name.clone(),
        since: run.updated_at,
        count: 1,
        last: this(run, conclusion),
        green: None,
        on_default_branch: seen.is_on_default_branch(),
        progress: None,
        messages: channels
            .into_iter()
            .map(|channel| (channel, None))
            .collect(),
    })
}

fn succeeded(decision: &mut Decision, run: &Run, facts: &Facts, context: &Context<'_>) {
    let open = facts.failure.as_ref();
    let Some(open) = open.filter(|failure| run.place > failure.last.place) else {
        return;
    };
    let is_healed = repair_ended::is_ours(run, facts, context);
    let mut failure = open.clone();
    failure.green = Some(Green {
        at: run.updated_at,
        number: run.place.number,
        url: run.url.clone(),
        is_healed,
    });
    if is_healed {
        for finding in &facts.findings {
            decision.change(Change::staged(finding, Stage::Healed));
        }
    }
    posts::update(decision, &failure, None);
    decision.change(Change::Failure(Box::new(failure)));
}
