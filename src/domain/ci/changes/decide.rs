//! The entry: which rule decides on which event.

use super::change::Change;
use super::event::Event;
use super::facts::{Facts, service_of};
use super::model::{CodeChange, FollowedIncident};
use super::{deployments, incidents};
use crate::domain::area::Context;
use crate::domain::ci::{Decision, Timer, watched};
use crate::domain::decision::TimerChange;
use chrono::Duration;

/// Changes wait so long for more of them before they are written on a timeline: a merge is a push as well,
/// and many may come at once.
const TOGETHER: Duration = Duration::seconds(15);
/// A timer that is so much overdue is lost.
const LOST: Duration = Duration::minutes(5);

pub fn decide(decision: &mut Decision, event: &Event, facts: &Facts, context: &Context<'_>) {
    match event {
        Event::Seen(change) => seen(decision, change, facts, context),
        Event::Incident(state) => incidents::changed(decision, state, facts, context),
        Event::Reported { result, .. } => deployments::reported(decision, result, facts, context),
    }
}

/// The changes of a service have waited for more of them.
pub fn due(decision: &mut Decision, service: &str, generation: i32, facts: &Facts) {
    if facts.timer_generation == Some(generation) {
        decision.timer(timer(service, None));
        incidents::due(decision, facts);
    }
}

/// GitHub delivers webhooks twice, late and in any order: what is no news changes nothing.
fn seen(decision: &mut Decision, change: &CodeChange, facts: &Facts, context: &Context<'_>) {
    let is_news = facts
        .known
        .as_ref()
        .is_none_or(|known| change.replaces(known));
    if !is_news || !watched::is_watched(context.rules, &change.repository) {
        return;
    }
    let service = service_of(context.rules, &change.repository);
    let code = Change::Code {
        service: service.clone(),
        change: change.clone(),
    };
    decision.change(code.into());
    let open = facts.incidents.iter();
    let open = open.filter(|incident| incident.state.is_open && in_time(change, incident));
    let waits =
        |incident: &&FollowedIncident| incident.due.is_none_or(|due| due + LOST < context.now);
    let due = context.now + TOGETHER;
    let mut sets = false;
    for incident in open.filter(waits) {
        sets = true;
        let incident = FollowedIncident {
            due: Some(due),
            ..incident.clone()
        };
        decision.change(Change::Incident(Box::new(incident)).into());
    }
    if sets {
        decision.timer(timer(&service, Some(due)));
    }
    deployments::seen(decision, change, &service, facts, context);
}

/// Whether a change is recent enough for an incident's timeline.
fn in_time(change: &CodeChange, incident: &FollowedIncident) -> bool {
    change.at >= incident.state.declared_at - incidents::WINDOW
}

fn timer(service: &str, due: Option<chrono::DateTime<chrono::Utc>>) -> TimerChange {
    TimerChange {
        area: "ci",
        owner: service.to_owned(),
        name: Timer::ChangesDue.into(),
        due,
    }
}
