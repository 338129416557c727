//! An invitation that was refused, and what it says of the invited person.
//!
//! One wrong id does not affect the others; the operators, who keep the lists of ids, hear of it, and
//! the person who gave a role. A person who can do nothing in Slack (the bot, no such id, an account that
//! was closed) must not lead: only an admin could end that, and there may be none. Only Slack knows that,
//! and says it here first, so the lead is taken back.

use super::super::ids::{Actor, UserId};
use super::super::text::{ReplyTo, Text};
use super::case::{Case, Receipt};
use super::model::{Incident, Role, Target, TimelineKind};
use super::operators::{self, Concerns};
use super::purpose::OURSELVES;
use super::{answer, rights, timeline, words};
use serde_json::json;

/// Slack's codes for a person who cannot act in any channel.
const CANNOT_ACT: [&str; 5] = [
    OURSELVES,
    "cant_invite",
    "user_not_found",
    "user_is_bot",
    "user_disabled",
];

pub(super) fn refused(case: &mut Case<'_>, receipt: &Receipt, person: &UserId, code: &str) {
    let incident = case.incident();
    let to = receipt.origin.answer_to.as_ref();
    let leads = incident.filter(|incident| {
        incident.status.is_open() && incident.commander.as_ref() == Some(person)
    });
    if let Some(incident) = leads.filter(|_| CANNOT_ACT.contains(&code))
        && let Some(after) = next_commander(case, incident, person, to)
    {
        return take_back(case, incident, person, after, code, to);
    }
    if code == OURSELVES {
        return;
    }
    let place = match incident {
        Some(incident) => format!("the channel of incident #{}", incident.number),
        None => "an incident's channel".to_owned(),
    };
    let text = Text::plain("Couldn't invite ")
        .person(person)
        .and(format!(" to {place}"));
    let role = incident.and_then(|incident| {
        let mut roles = Role::ALL.iter().copied();
        roles.find(|role| incident.holder(*role).as_ref() == Some(person))
    });
    if let (Some(to), Some(role), Some(incident)) = (to, role, incident) {
        let text = text.and(" (").code(code).and(")");
        let text = text.and(format!("; they are still its {}.", role.as_str()));
        let text = choose_another(case, text, incident, role, &to.person);
        return answer::give(case, to, text);
    }
    let text = words::after_fixing(text, code, receipt.effect_id);
    let them = Target::Person(person.clone());
    operators::report(case, Concerns::Operators, Some(&them), text);
}

/// Who has the lead after a person who cannot act: the person who gave it. `Some(None)`: it was given
/// over the API, so no person. `None`: they gave it to themselves, so they can act, or we gave it back.
fn next_commander(
    case: &Case<'_>,
    incident: &Incident,
    person: &UserId,
    to: Option<&ReplyTo>,
) -> Option<Option<UserId>> {
    let lines = case.facts.timeline.iter().rev();
    let mut given = lines.filter(|line| timeline::gives_the_lead(line, person));
    match given.next().map_or(&incident.declared_by, |line| &line.by) {
        Actor::Person(giver) => (giver != person).then(|| Some(giver.clone())),
        Actor::Api(_) => Some(to.map(|to| to.person.clone())),
        Actor::Wardroom => None,
    }
}

fn take_back(
    case: &mut Case<'_>,
    before: &Incident,
    person: &UserId,
    after: Option<UserId>,
    code: &str,
    to: Option<&ReplyTo>,
) {
    let incident = Incident {
        commander: after.clone(),
        ..before.clone()
    };
    case.save(&incident);
    let role = Role::Commander;
    let (kind, line) = match &after {
        Some(after) => {
            let now = timeline::assigned(role, after);
            let line = format!("the previous commander cannot lead ({code}): {now}");
            (TimelineKind::RoleChange, line)
        }
        None => {
            let line = format!("there is no commander: {person} cannot lead ({code})");
            (TimelineKind::Note, line)
        }
    };
    let by = Actor::Wardroom;
    case.write(&incident, kind, line, &by);
    let details = json!({ "role": role, "before": person, "after": after, "why": code });
    case.audit(&incident, "incident.assign".to_owned(), &by, details);
    let text = Text::default()
        .person(person)
        .and(format!(" can't lead incident #{} (", incident.number))
        .code(code)
        .and("). ");
    let text = match &after {
        Some(after) => {
            // The person who gave it may not be in the channel.
            case.invite(&incident, after, None);
            text.person(after).and(" is the commander again.")
        }
        None => text.and("It has no commander now."),
    };
    case.post_line(&incident, text.clone().into(), None);
    case.show_card(&incident);
    match to {
        Some(to) => {
            let text = choose_another(case, text, &incident, role, &to.person);
            answer::give(case, to, text);
        }
        None => {
            let them = Target::Person(person.clone());
            operators::inform(case, Concerns::Operators, Some(&them), text);
        }
    }
}

/// Goes on with how another person is chosen, as it is true for the reader.
fn choose_another(
    case: &Case<'_>,
    text: Text,
    incident: &Incident,
    role: Role,
    reader: &UserId,
) -> Text {
    if !incident.status.is_open() {
        return text;
    }
    let who = match rights::may_change(case, reader, incident) {
        true => " Choose another one: ",
        false => " The commander or an admin can choose another one: ",
    };
    let assign = format!("assign {} @user", role.as_str());
    text.and(who).code(words::command(incident, &assign))
}
