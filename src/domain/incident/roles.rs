//! Who is the commander, who communicates, who writes down.

use super::super::ids::UserId;
use super::super::text::{Message, Text};
use super::act::Request;
use super::case::{Case, Refusal, Verdict};
use super::model::{Role, TimelineKind};
use super::record::{self, Happened};
use super::{answer, timeline, words};
use serde_json::json;

pub(super) fn assign(
    case: &mut Case<'_>,
    request: &Request,
    role: Role,
    person: &UserId,
) -> Verdict {
    let mut incident = record::changeable(case, request)?;
    let before = incident.holder_mut(role).replace(person.clone());
    let (name, number) = (role.as_str(), incident.number);
    if before.as_ref() == Some(person) {
        let text = Text::default().person(person).and(format!(
            " is already the {name} of #{number}. Nothing changed."
        ));
        return Err(Refusal::new(409, "same_person", text));
    }
    // Decided before the line that names them; the two lanes keep no order between them.
    let to = request.answer_to.person();
    case.invite(&incident, person, to.filter(|to| to.person != *person));
    let line = Text::default()
        .person(person)
        .and(" is now the ")
        .bold(name);
    let happened = Happened {
        kind: TimelineKind::RoleChange,
        text: timeline::assigned(role, person),
        details: json!({ "role": role, "before": before, "after": person }),
        line: Message::said(words::who(line.and(" (by "), &request.actor).and(")")),
    };
    let answer = format!("#{number} has a new {name}");
    let answer = record::record(case, request, &incident, happened, &answer);
    // The line above reaches no person without a channel.
    if incident.open_channel().is_none() && request.actor.person() != Some(person) {
        let text = Text::plain(format!(
            "You're now the {name} of incident {}. See its state: ",
            words::one_line(&incident)
        ));
        answer::directly(case, person, text.code(format!("/incident #{number}")));
    }
    Ok(answer)
}
