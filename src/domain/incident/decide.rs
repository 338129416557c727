//! The door into the area: an event and what is known make a decision.
//!
//! It only says which file answers for what; every rule is in the file of its name.

use super::super::area::{Area, Context};
use super::super::effect::{Effect, slack};
use super::super::measure::Measure;
use super::act::AnswerTo;
use super::case::{Case, Decision};
use super::change::Change;
use super::event::{Event, Timer};
use super::facts::{self, Facts, Needs};
use super::model::{NotificationStatus, TimelineKind};
use super::operators::{self, Concerns};
use super::purpose::Purpose;
use super::{channel, channel_events, followed, receipts, requests};
use chrono::{DateTime, Utc};

/// The area of incidents.
#[derive(Debug)]
pub struct Incidents;

impl Area for Incidents {
    type Event = Event;
    type Needs = Needs;
    type Facts = Facts;
    type Change = Change;
    type Purpose = Purpose;

    fn needs(event: &Event, context: &Context<'_>) -> Needs {
        facts::needs(event, context)
    }

    fn decide(event: &Event, facts: &Facts, context: &Context<'_>, decision: &mut Decision) {
        let case = &mut Case {
            at: context.at,
            now: context.now,
            facts,
            rules: context.rules,
            decision,
        };
        match event {
            Event::Asked(request) => requests::decide_request(case, request),
            Event::ChannelClosed { channel, how } => {
                let _known = channel_events::closed(case, channel, *how, None);
            }
            Event::ChannelMoved { from, to } => channel_events::moved(case, from, to),
            Event::ChannelReopened { channel } => channel_events::reopened(case, channel),
            Event::ChannelRenamed { channel, name } => {
                channel_events::renamed(case, channel, name);
            }
            Event::Receipt(receipt) => receipts::decide_receipt(case, receipt),
            Event::TimerDue {
                timer: Timer::ChannelOverdue,
                generation,
                ..
            } => channel::overdue(case, *generation),
            Event::Parked(row) => operators::parked(case, row),
            Event::TroubleReported(trouble) => followed::trouble(case, trouble),
            Event::Noted { notes, .. } => {
                if let Some(incident) = case.incident() {
                    followed::write(case, incident, notes);
                }
            }
            Event::EffectStuck { message, .. } => {
                operators::report(case, Concerns::Operators, None, message.clone());
            }
        }
        followed::tell(facts, context.rules, decision);
        measure(event, context.at, decision);
    }
}

/// What the metrics count of a decision.
fn measure(event: &Event, at: DateTime<Utc>, decision: &mut Decision) {
    let mut measures = Vec::new();
    if let Event::Asked(request) = event
        && matches!(request.answer_to, AnswerTo::Person(_))
    {
        measures.push(Measure::Command {
            command: request.act.name(),
            result: decision.outcome.as_str(),
        });
    }
    let resolved = decision.changes.iter().any(
        |change| matches!(change, Change::Timeline(line) if line.kind == TimelineKind::Resolved),
    );
    for change in &decision.changes {
        match change {
            Change::Declare(incident) => measures.push(Measure::IncidentDeclared {
                severity: incident.severity,
            }),
            Change::Save(incident) => {
                let since =
                    |at: DateTime<Utc>| (at - incident.declared_at).to_std().unwrap_or_default();
                if let Some(acknowledged) = incident.acknowledged_at.filter(|then| *then == at) {
                    let after = since(acknowledged);
                    measures.push(Measure::IncidentAcknowledged { after });
                }
                if let Some(at) = incident.resolved_at.filter(|_| resolved) {
                    measures.push(Measure::IncidentResolved {
                        severity: incident.severity,
                        after: since(at),
                    });
                }
            }
            Change::Notified { status, .. } => {
                if let Event::Receipt(receipt) = event {
                    let channel = match &receipt.effect {
                        Effect::Slack(slack::Effect::DirectMessage { .. }) => "dm",
                        Effect::Slack(_) | Effect::Github(_) | Effect::Statuspage(_) => "channel",
                    };
                    let status = status.as_str();
                    measures.push(Measure::Notification { channel, status });
                }
            }
            Change::Notify(row) if row.status == NotificationStatus::Throttled => {
                measures.push(Measure::Notification {
                    channel: "dm",
                    status: row.status.as_str(),
                });
            }
            Change::Notify(_) | Change::Notice(_) | Change::Timeline(_) => {}
        }
    }
    decision.measures.extend(measures);
}
