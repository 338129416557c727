//! Who leads, who speaks, who writes down.
//!
//! An absent commander blocks nobody: an admin hands the lead to somebody, and where nobody leads
//! anybody may take it (see [`super::ask::Scene::permit`]).

use super::super::ids::UserId;
use super::super::text::{Message, Text};
use super::act::{AnswerTo, Request, Role};
use super::ask::{self, Happened, Refusal, Scene, Verdict};
use super::{Decision, Incident, TimelineEntry, TimelineKind, answer, channel, words};
use serde_json::json;

pub(crate) fn assign(
    decision: &mut Decision,
    request: &Request,
    scene: &Scene<'_>,
    role: Role,
    person: &UserId,
) -> Verdict {
    let mut incident = scene.changeable(request)?;
    let before = set_holder(&mut incident, role, person);
    let name = role.as_str();
    if before.as_ref() == Some(person) {
        let text = Text::default().person(person).and(format!(
            " is already the {name} of #{}. Nothing changed.",
            incident.number
        ));
        return Err(Refusal::new(409, "same_person", text));
    }
    let line = Text::default()
        .person(person)
        .and(" is now the ")
        .bold(name)
        .and(" (by ");
    let happened = Happened {
        kind: TimelineKind::RoleChange,
        text: said(role, person),
        details: json!({ "role": role, "before": before, "after": person }),
        line: Message::said(words::who(line, &request.actor).and(")")),
    };
    // Decided before the line that names them; the two lanes keep no order between them.
    if let Some(channel) = incident.open_channel() {
        let to = match &request.answer_to {
            AnswerTo::Person(to) if to.person != *person => Some(to),
            AnswerTo::Person(_) | AnswerTo::Api | AnswerTo::Area(_) => None,
        };
        channel::invite(decision, &incident, channel, person, to);
    }
    ask::record(decision, request, scene, &incident, happened);
    match incident.open_channel() {
        Some(_) => {}
        // Without a channel the line above reaches nobody.
        None if request.actor.person() != Some(person) => {
            let text = Text::plain(format!(
                "You're now the {name} of incident {}. See its state: ",
                words::one_line(&incident)
            ))
            .code(format!("/incident #{}", incident.number));
            let message = Message::said(text);
            answer::directly(decision, person, message, words::about(&incident));
        }
        None => {}
    }
    let text = format!("#{} has a new {name}", incident.number);
    Ok(ask::done(request, &incident, &text))
}

/// Gives the role to somebody; who had it before.
fn set_holder(incident: &mut Incident, role: Role, person: &UserId) -> Option<UserId> {
    let held = match role {
        Role::Commander => &mut incident.commander,
        Role::Comms => &mut incident.comms,
        Role::Scribe => &mut incident.scribe,
    };
    held.replace(person.clone())
}

/// The timeline's words: `commander is now U1`. The id ends the line, where [`named`] finds it.
pub(crate) fn said(role: Role, person: &UserId) -> String {
    format!("{} is now {person}", role.as_str())
}

/// Whether a timeline's line says that the lead went to this person.
pub(crate) fn gives_the_lead(line: &TimelineEntry, person: &UserId) -> bool {
    let now = said(Role::Commander, person);
    line.kind == TimelineKind::RoleChange && line.text.ends_with(&now)
}

/// The person whom a timeline's line names when it is about a role, and the words before.
pub(crate) fn named(line: &TimelineEntry) -> Option<(&str, UserId)> {
    if line.kind != TimelineKind::RoleChange {
        return None;
    }
    let (before, id) = line.text.rsplit_once(' ')?;
    Some((before, UserId::new(id).ok()?))
}
