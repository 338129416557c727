//! The entry of the area, and what follows from the status of a run.

use super::super::area::{Area, Context};
use super::super::effect::slack;
use super::super::ids::ChannelId;
use super::super::told::Told;
use super::{
    Change, Conclusion, Decision, Event, Facts, Failed, Failure, FailureId, Green, Needs, Purpose,
    Run, Seen, Status, Timer, asked, facts, message, receipts, watched,
};
use chrono::{DateTime, Duration, Utc};

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
            Event::Receipt(receipt) => {
                receipts::decide_receipt(decision, receipt, facts);
            }
            Event::Parked(row) => decision.tell(Told::Parked(row.clone())),
            Event::TimerDue { timer, .. } => match timer {
                Timer::FailedDeliveries | Timer::OverdueRuns
                    if Timer::standing(context.rules).contains(timer) =>
                {
                    decision.timer(timer.next(context.now + Duration::minutes(5)));
                }
                Timer::FailedDeliveries | Timer::OverdueRuns => {}
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
    let Status::Completed(conclusion) = &run.status else {
        return;
    };
    if !seen.is_told() {
        return;
    }
    if conclusion.is_failure() {
        failed(decision, run, conclusion, facts, context);
    } else if *conclusion == Conclusion::Success {
        succeeded(decision, run, facts);
    }
}

fn failed(
    decision: &mut Decision,
    run: &Run,
    conclusion: &Conclusion,
    facts: &Facts,
    context: &Context<'_>,
) {
    let this = Failed {
        place: run.place,
        conclusion: conclusion.clone(),
        sha: run.sha.clone(),
        actor: run.actor.clone(),
        url: run.url.clone(),
    };
    // It is over already: the newer run's webhook came first.
    if facts.green.is_some_and(|green| green > run.place) {
        return;
    }
    if let Some(open) = &facts.failure {
        let mut failure = open.clone();
        failure.count = failure.count.saturating_add(1);
        failure.since = failure.since.min(run.updated_at);
        if run.place > failure.last.place {
            failure.last = this;
            failure.workflow_name.clone_from(&run.workflow_name);
        }
        update(decision, &failure, Some(context.now + EDIT_AFTER));
        return decision.change(Change::Failure(Box::new(failure)));
    }
    let channels = watched::channels(context.rules, &run.line.repository);
    if channels.is_empty() {
        return;
    }
    let failure = Failure {
        id: FailureId::opened_by(context.signal),
        line: run.line.clone(),
        workflow_name: run.workflow_name.clone(),
        since: run.updated_at,
        count: 1,
        last: this,
        green: None,
        messages: channels
            .into_iter()
            .map(|channel| (channel, None))
            .collect(),
    };
    for channel in failure.messages.keys() {
        post(decision, &failure, channel);
    }
    decision.change(Change::Failure(Box::new(failure)));
}

fn succeeded(decision: &mut Decision, run: &Run, facts: &Facts) {
    let open = facts.failure.as_ref();
    let Some(open) = open.filter(|failure| run.place > failure.last.place) else {
        return;
    };
    let mut failure = open.clone();
    failure.green = Some(Green {
        at: run.updated_at,
        number: run.place.number,
        url: run.url.clone(),
    });
    update(decision, &failure, None);
    decision.change(Change::Failure(Box::new(failure)));
}

/// Posts a failure's message. It is written again as it is delivered.
pub(super) fn post(decision: &mut Decision, failure: &Failure, channel: &ChannelId) {
    let effect = slack::Effect::PostMessage {
        channel: channel.clone(),
        message: message(failure),
    };
    let purpose = Purpose::Message {
        failure: failure.id,
        channel: channel.clone(),
    };
    decision.effect(effect, purpose);
}

/// Edits the messages that exist; one that is not posted yet is edited by its receipt.
fn update(decision: &mut Decision, failure: &Failure, not_before: Option<DateTime<Utc>>) {
    for (channel, message) in &failure.messages {
        if message.is_some() {
            edit(decision, failure, channel, not_before);
        }
    }
}

pub(super) fn edit(
    decision: &mut Decision,
    failure: &Failure,
    channel: &ChannelId,
    not_before: Option<DateTime<Utc>>,
) {
    let effect = slack::Effect::UpdateMessage {
        shows: format!("ci:{}:{channel}", failure.id.0),
        edit: None,
    };
    let purpose = Purpose::Update {
        failure: failure.id,
        channel: channel.clone(),
    };
    decision.effect_from(effect, purpose, not_before);
}
