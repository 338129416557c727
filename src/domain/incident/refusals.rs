//! The refusals that many acts share: it is over, or the person may not.

use super::super::text::Text;
use super::act::Act;
use super::ask::Refusal;
use super::{Incident, Status, words};

/// Only the commander and admins may do this: whom to ask, and how the lead is taken.
pub(crate) fn not_the_commander(act: &Act, incident: &Incident) -> Refusal {
    let what = what(act, incident.number);
    let take = format!("/incident #{} assign commander @you", incident.number);
    let text = match &incident.commander {
        Some(commander) => Text::plain(format!("You can't {what}: "))
            .person(commander)
            .and(" is the commander. Ask them, or an admin can run ")
            .code(take),
        None => Text::plain(format!(
            "You can't {what}: it has no commander yet. Take the lead first: "
        ))
        .code(take),
    };
    Refusal::new(403, "not_the_commander", text)
}

/// What an act does to an incident, after "You can't".
fn what(act: &Act, number: i64) -> String {
    match act {
        Act::Update { .. } => format!("post an update on #{number}"),
        Act::Advance { to, .. } => format!("set #{number} to {to}"),
        Act::SetSeverity { .. } => format!("change the severity of #{number}"),
        Act::Assign { .. } => format!("assign a role in #{number}"),
        Act::Resolve { .. } | Act::OpenResolveForm { .. } => format!("resolve #{number}"),
        Act::Menu
        | Act::OpenDeclareForm
        | Act::ChooseTemplate { .. }
        | Act::Declare(_)
        | Act::Timeline
        | Act::Postmortem
        | Act::List
        | Act::Help { .. }
        | Act::Misunderstood { .. } => format!("change #{number}"),
    }
}

/// The incident is over, and what can still be done with it.
pub(crate) fn over(incident: &Incident) -> Refusal {
    let mut text = Text::plain(format!("Incident #{} ", incident.number));
    text = match incident.resolved_at {
        Some(at) => text.and("was resolved ").time(at),
        None => text.and(format!("is {}", incident.status)),
    };
    if let Some(by) = &incident.resolved_by {
        text = words::who(text.and(" by "), by);
    }
    let text = text
        .and(". Nothing changed. If it's back, declare a new one: ")
        .code("/incident declare");
    let text = match incident.status {
        Status::Resolved => text
            .and(". Draft its postmortem: ")
            .code(format!("/incident #{} postmortem", incident.number)),
        _ => text,
    };
    Refusal::new(409, "over", text)
}
