//! An invitation that was refused, and what it says of the one who was to come.
//!
//! One bad id spoils nothing for the others; those who keep the lists of ids hear of it, and who
//! gave that person a role. Somebody who can do nothing in Slack (the bot, no such id, an account
//! that was closed) must not lead: nobody but an admin could end that, and there may be none. Whether
//! somebody can is seen here first, because only Slack knows, so the lead is taken back.

use super::super::decision::{AuditEntry, AuditOutcome};
use super::super::effect::slack::Effect;
use super::super::ids::{Actor, UserId};
use super::super::text::{Message, ReplyTo, Text};
use super::act::Role;
use super::ask::{self, Scene};
use super::trouble::{self, Concerns};
use super::{Change, Decision, Receipt};
use super::{
    Incident, Purpose, Target, TimelineEntry, TimelineKind, answer, channel, roles, words,
};
use serde_json::json;

/// What is said of the bot itself: it is in its channels already, and leads none.
pub(crate) const OURSELVES: &str = "cant_invite_self";
/// What is said of somebody who cannot act, wherever they are.
const CANNOT_ACT: [&str; 5] = [
    OURSELVES,
    "cant_invite",
    "user_not_found",
    "user_is_bot",
    "user_disabled",
];

/// Somebody was not let in.
pub(crate) fn refused(
    decision: &mut Decision,
    receipt: &Receipt,
    scene: &Scene<'_>,
    person: &UserId,
    code: &str,
    to: Option<&ReplyTo>,
) {
    let incident = scene.facts.incident();
    let leads = incident.filter(|incident| {
        incident.status.is_open() && incident.commander.as_ref() == Some(person)
    });
    if let Some(incident) = leads.filter(|_| CANNOT_ACT.contains(&code))
        && let Some(after) = goes_back_to(scene, incident, person, to)
    {
        return take_back(decision, scene, incident, person, after, code, to);
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
        .and(format!(" to {place} ("))
        .code(code)
        .and(")");
    let role = incident.and_then(|incident| {
        let mut roles = Role::ALL.into_iter();
        roles.find(|role| words::holder(incident, *role) == Some(person))
    });
    if let (Some(to), Some(role), Some(incident)) = (to, role, incident) {
        let text = text.and(format!("; they are still its {}.", role.as_str()));
        let message = Message::said(somebody_else(text, scene, incident, role, &to.person));
        return answer::give(decision, to, message, words::about(incident), scene.now);
    }
    let text = text
        .and(". After fixing that, run: ")
        .code(answer::retry(receipt.effect_id));
    let them = Target::Person(person.clone());
    let message = Message::said(text);
    trouble::report(decision, scene, Concerns::Operators, Some(&them), message);
}

/// Who has the lead after somebody who cannot act: whoever gave it. `Some(None)`: it was given over
/// the API, so nobody. `None`: they gave it to themselves, so they can act, or we gave it back.
fn goes_back_to(
    scene: &Scene<'_>,
    incident: &Incident,
    person: &UserId,
    to: Option<&ReplyTo>,
) -> Option<Option<UserId>> {
    let lines = scene.facts.timeline.iter().rev();
    let mut given = lines.filter(|line| roles::gives_the_lead(line, person));
    let by = given.next().map_or(&incident.declared_by, |line| &line.by);
    let giver = match by {
        Actor::Person(giver) => giver,
        Actor::Api(_) => return Some(to.map(|to| to.person.clone())),
        Actor::Wardroom => return None,
    };
    (giver != person).then(|| Some(giver.clone()))
}

fn take_back(
    decision: &mut Decision,
    scene: &Scene<'_>,
    before: &Incident,
    person: &UserId,
    after: Option<UserId>,
    code: &str,
    to: Option<&ReplyTo>,
) {
    let mut incident = before.clone();
    incident.commander.clone_from(&after);
    decision.change(Change::Save(Box::new(incident.clone())));
    let (kind, text) = match &after {
        Some(after) => {
            let now = roles::said(Role::Commander, after);
            let text = format!("the previous commander cannot lead ({code}): {now}");
            (TimelineKind::RoleChange, text)
        }
        None => {
            let text = format!("there is no commander: {person} cannot lead ({code})");
            (TimelineKind::Note, text)
        }
    };
    decision.change(Change::Timeline(TimelineEntry {
        incident: incident.id,
        at: scene.at,
        kind,
        text,
        by: Actor::Wardroom,
    }));
    decision.audit(AuditEntry {
        incident: Some(incident.id),
        at: scene.at,
        action: "incident.assign".to_owned(),
        by: Actor::Wardroom,
        outcome: AuditOutcome::Done,
        details: json!({
            "role": Role::Commander, "before": person, "after": after, "why": code,
        }),
    });
    let text = Text::default()
        .person(person)
        .and(format!(" can't lead incident #{} (", incident.number))
        .code(code)
        .and("). ");
    let text = match &after {
        Some(after) => text.person(after).and(" is the commander again."),
        None => text.and("It has no commander now."),
    };
    if let Some(channel) = incident.open_channel() {
        // The person who gave it may not be in the channel.
        if let Some(after) = &after {
            channel::invite(decision, &incident, channel, after, None);
        }
        let line = Effect::PostMessage {
            channel: channel.clone(),
            message: Message::said(text.clone()),
        };
        let purpose = Purpose::Line {
            incident: incident.id,
            answer_to: None,
        };
        decision.effect(line, purpose);
    }
    ask::show_card(decision, &incident);
    match to {
        Some(to) => {
            let role = Role::Commander;
            let message = Message::said(somebody_else(text, scene, &incident, role, &to.person));
            answer::give(decision, to, message, words::about(&incident), scene.now);
        }
        None => {
            let them = Target::Person(person.clone());
            let message = Message::said(text);
            trouble::inform(decision, scene, Concerns::Operators, Some(&them), message);
        }
    }
}

/// Goes on with how another one is chosen, as it is true for the one who reads it.
fn somebody_else(
    text: Text,
    scene: &Scene<'_>,
    incident: &Incident,
    role: Role,
    reader: &UserId,
) -> Text {
    if !incident.status.is_open() {
        return text;
    }
    let who = match scene.may_change(reader, incident) {
        true => " Choose another one: ",
        false => " The commander or an admin can choose another one: ",
    };
    let role = role.as_str();
    let line = format!("/incident #{} assign {role} @user", incident.number);
    text.and(who).code(line)
}
