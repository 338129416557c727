//! Who leads, who speaks, who writes down.
//!
//! An absent commander blocks nobody: an admin hands the lead to somebody, and where nobody leads
//! anybody may take it (see [`super::ask::Scene::permit`]).

use super::super::act::{Request, Role};
use super::super::decision::Decision;
use super::super::ids::UserId;
use super::super::text::{Message, Text};
use super::ask::{self, Happened, Refusal, Scene, Verdict};
use super::{Incident, TimelineKind, answer, room, words};
use serde_json::json;

pub(crate) fn assign(
    decision: &mut Decision,
    request: &Request,
    scene: &Scene<'_>,
    role: Role,
    person: &UserId,
) -> Verdict {
    let mut incident = scene.changeable(request)?;
    let before = holder(&mut incident, role).replace(person.clone());
    let name = role.as_str();
    if before.as_ref() == Some(person) {
        let text = Text::default().person(person).and(format!(
            " is the {name} of incident #{} already; nothing was changed.",
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
        line: Message::section(
            format!("#{} has a new {name}", incident.number),
            words::who(line, &request.actor).and(")"),
        ),
    };
    ask::record(decision, request, scene, &incident, happened);
    match &incident.channel_id {
        Some(room) => room::invite(decision, room, person),
        // Without a room the line above reaches nobody.
        None if request.actor.person() != Some(person) => {
            let text = Text::plain(format!(
                "You are now the {name} of incident {}. How it stands: ",
                words::one_line(&incident)
            ))
            .code(format!("/incident #{}", incident.number));
            let message = Message::section(words::plain(&text), text);
            answer::notice(decision, person, message, words::about(&incident));
        }
        None => {}
    }
    let text = format!("Incident #{} has a new {name}.", incident.number);
    Ok(Some(ask::done(&incident, &text)))
}

fn holder(incident: &mut Incident, role: Role) -> &mut Option<UserId> {
    match role {
        Role::Commander => &mut incident.commander,
        Role::Comms => &mut incident.comms,
        Role::Scribe => &mut incident.scribe,
    }
}

/// The timeline's words: `commander is now U1`. The id ends the line, where [`whom`] finds it.
fn said(role: Role, person: &UserId) -> String {
    format!("{} is now {person}", role.as_str())
}

/// The person whom a timeline's role line names, and the words before.
pub(crate) fn whom(line: &str) -> Option<(&str, UserId)> {
    let (before, id) = line.rsplit_once(' ')?;
    Some((before, UserId::new(id).ok()?))
}
