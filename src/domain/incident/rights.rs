//! Who may do what, and the refusals that many acts share.
//!
//! An incident without an active commander is never stuck: an admin assigns another one, and while
//! there is none any person may become it.

use super::super::ids::{Actor, UserId};
use super::super::requester::outsider_refused;
use super::super::text::Text;
use super::act::{Act, Request};
use super::case::{Case, Refusal};
use super::model::{Incident, Role, Status};
use super::words;

/// Refuses a partner's person where the configuration says so.
pub(super) fn permit_outsider(case: &Case<'_>, request: &Request) -> Result<(), Refusal> {
    match outsider_refused(request.membership, case.rules) {
        None => Ok(()),
        Some(text) => Err(Refusal::new(403, "outsider", text)),
    }
}

/// Whether the requester may change the incident: its commander, an admin, a caller of the API; while
/// it has no commander the declarer may, and any person may take the lead.
pub(super) fn permit(
    case: &Case<'_>,
    request: &Request,
    incident: &Incident,
) -> Result<(), Refusal> {
    let person = match &request.actor {
        Actor::Api(_) | Actor::Wardroom => return Ok(()),
        Actor::Person(person) => person,
    };
    let takes_the_lead = matches!(&request.act, Act::Assign { role: Role::Commander, person: chosen }
        if incident.commander.is_none() && chosen == person);
    let updates = matches!(&request.act, Act::Update { .. }) && may_update(person, incident);
    if takes_the_lead || updates || may_change(case, person, incident) {
        return Ok(());
    }
    Err(not_the_commander(&request.act, incident))
}

/// Whether a person may change the incident in every way.
pub(super) fn may_change(case: &Case<'_>, person: &UserId, incident: &Incident) -> bool {
    incident.responsible() == Some(person) || case.rules.admins.contains(person)
}

/// Whether a person's role lets them post updates, beside those who may change the incident.
pub(super) fn may_update(person: &UserId, incident: &Incident) -> bool {
    [&incident.comms, &incident.scribe].contains(&&Some(person.clone()))
}

/// Only the commander and admins may do this: whom to ask, and how the lead is taken.
fn not_the_commander(act: &Act, incident: &Incident) -> Refusal {
    let number = incident.number;
    let what = match act {
        Act::Update { .. } => format!("post an update on #{number}"),
        Act::Advance { to, .. } => format!("set #{number} to {to}"),
        Act::SetSeverity { .. } => format!("change the severity of #{number}"),
        Act::Assign { .. } => format!("assign a role in #{number}"),
        Act::Resolve { .. } | Act::OpenResolveForm { .. } => format!("resolve #{number}"),
        _ => format!("change #{number}"),
    };
    let text = match &incident.commander {
        Some(commander) => Text::plain(format!("You can't {what}: "))
            .person(commander)
            .and(" is the commander. Ask them, or an admin can run "),
        None => Text::plain(format!(
            "You can't {what}: it has no commander yet. Take the lead first: "
        )),
    };
    let take = words::command(incident, "assign commander @you");
    Refusal::new(403, "not_the_commander", text.code(take))
}

/// The incident is not open, and what can still be done with it.
pub(super) fn over(incident: &Incident) -> Refusal {
    let mut text = Text::plain(format!("Incident #{} ", incident.number));
    text = match incident.resolved_at {
        Some(at) => text.and("was resolved ").time(at),
        None => text.and(format!("is {}", incident.status)),
    };
    if let Some(by) = &incident.resolved_by {
        text = words::who(text.and(" by "), by);
    }
    text = text
        .and(". Nothing changed. If it's back, declare a new one: ")
        .code("/incident declare");
    if incident.status == Status::Resolved {
        let draft = words::command(incident, "postmortem");
        text = text.and(". Draft its postmortem: ").code(draft);
    }
    Refusal::new(409, "over", text)
}
