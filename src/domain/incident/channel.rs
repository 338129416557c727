//! An incident's channel: made, refused, named anew, late, and its card.
//!
//! Whatever Slack answers, no incident stays mute: a channel that cannot be made is announced
//! without it, and who declared learns how to try again. The announcements wait for the channel, so
//! that they can link to it, but never longer than [`super::declare::CHANNEL_WITHIN`]. Lines that
//! were given while there was no channel are posted in it once, together.

use super::super::effect::slack::{self, Effect};
use super::super::effect::{self, Answer};
use super::super::ids::{ChannelId, EffectId, MessageTs, UserId};
use super::super::signal::End;
use super::super::text::{Message, ReplyTo, Text};
use super::ask::{self, Scene};
use super::trouble::{self, Concerns};
use super::{
    Change, Decision, Incident, Purpose, Receipt, TimelineEntry, TimelineKind, Timer, answer, card,
    naming, route, timeline, words,
};

/// The code for a channel whose workspace is not known: an app that is installed in all of an
/// organisation must name one.
pub const NO_WORKSPACE: &str = "no_workspace";

/// The channel that was to be made: there, or not.
pub(crate) fn created(
    decision: &mut Decision,
    scene: &Scene<'_>,
    receipt: &Receipt,
    to: Option<&ReplyTo>,
) {
    let (Some(incident), effect::Effect::Slack(Effect::CreateChannel { name, .. })) =
        (scene.facts.incident(), &receipt.effect)
    else {
        return;
    };
    // An answer about another name, or after the channel came, is an old one.
    if incident.channel_id.is_some() || incident.channel_name != *name {
        return;
    }
    match &receipt.end {
        End::Done(Answer::Slack(slack::Answer::Channel { id, name })) => {
            made(decision, scene, incident, id, name, to)
        }
        End::Refused { code } if code == "name_taken" => {
            let base = match naming::is_by_number(name) {
                true => naming::by_number(incident.declared_at, incident.number),
                false => naming::base_of(incident),
            };
            let next = incident.channel_try.saturating_add(1);
            let (next, name) = naming::first_free(&base, next, &scene.facts.taken_names);
            try_name(decision, scene, incident, (receipt, to, code), next, name);
        }
        End::Refused { code } if receipt.origin.has_another_way(&receipt.effect, code) => {
            let plain = naming::by_number(incident.declared_at, incident.number);
            let (first, name) = naming::first_free(&plain, 1, &scene.facts.taken_names);
            try_name(decision, scene, incident, (receipt, to, code), first, name);
        }
        End::Refused { code } | End::Parked { code } | End::Uncertain { code } => {
            not_made(decision, scene, incident, receipt.effect_id, code, to);
        }
        End::Expired => not_made(decision, scene, incident, receipt.effect_id, "expired", to),
        End::Dropped { why } => not_made(decision, scene, incident, receipt.effect_id, why, to),
        End::Done(_) => {
            not_made(
                decision,
                scene,
                incident,
                receipt.effect_id,
                "no_channel",
                to,
            );
        }
    }
}

/// The same channel by another name; who was told the one before hears it.
fn try_name(
    decision: &mut Decision,
    scene: &Scene<'_>,
    incident: &Incident,
    (refused, answer_to, why): (&Receipt, Option<&ReplyTo>, &str),
    try_number: i32,
    name: String,
) {
    let effect::Effect::Slack(Effect::CreateChannel { team, .. }) = &refused.effect else {
        return;
    };
    let before = &incident.channel_name;
    if let Some(to) = answer_to {
        let (begin, then) = match why {
            "name_taken" => ("", " is taken; creating "),
            _ => ("Slack doesn't accept the name ", "; creating "),
        };
        let text = Text::plain(begin)
            .code(format!("#{before}"))
            .and(then)
            .code(format!("#{name}"))
            .and(".");
        answer::give(
            decision,
            to,
            Message::said(text),
            words::about(incident),
            scene.now,
        );
    }
    let mut incident = incident.clone();
    incident.channel_try = try_number;
    incident.channel_name = name.clone();
    let (id, private) = (incident.id, incident.private);
    decision.change(Change::Save(Box::new(incident)));
    let channel = Effect::CreateChannel {
        name,
        private,
        team: team.clone(),
        taken: Vec::new(),
    };
    let purpose = Purpose::Channel {
        incident: id,
        answer_to: answer_to.cloned(),
    };
    decision.effect(channel, purpose);
}

fn made(
    decision: &mut Decision,
    scene: &Scene<'_>,
    incident: &Incident,
    channel: &ChannelId,
    name: &str,
    to: Option<&ReplyTo>,
) {
    let mut incident = incident.clone();
    incident.channel_id = Some(channel.clone());
    incident.channel_name = name.to_owned();
    decision.change(Change::Save(Box::new(incident.clone())));
    decision.timer(Timer::ChannelOverdue.of(incident.id, None));
    post_card(decision, &incident, channel);
    let topic = Effect::SetTopic {
        channel: channel.clone(),
        topic: topic(&incident),
    };
    let id = incident.id;
    decision.effect(topic, Purpose::Topic { incident: id });
    for person in asked_in(scene, &incident) {
        // Whoever chose somebody else to lead hears it when they cannot come.
        let chosen = incident.commander.as_ref() == Some(&person)
            && incident.declared_by.person() != Some(&person);
        invite(decision, &incident, channel, &person, to.filter(|_| chosen));
    }
    let lines = scene.facts.timeline.iter();
    say_missed(
        decision,
        &incident,
        channel,
        "Before this channel was created:",
        lines.collect(),
    );
    route::announce_declared(decision, scene, &incident);
}

fn post_card(decision: &mut Decision, incident: &Incident, channel: &ChannelId) {
    let card = Effect::PostMessage {
        channel: channel.clone(),
        message: card::card(incident),
    };
    let incident = incident.id;
    decision.effect(card, Purpose::Card { incident });
}

/// The topic holds what does not change: a topic that is set anew is a line in the channel each time.
fn topic(incident: &Incident) -> String {
    let topic = format!(
        "Incident #{} on {}: {}. See the pinned card for its state.",
        incident.number, incident.service, incident.title
    );
    words::shortened(&topic, 250)
}

/// Who is asked into the channel, each once: who declared, who has a role, the service's owners and
/// the people of the severity's route. When it is over already, only those who had a part in it.
fn asked_in(scene: &Scene<'_>, incident: &Incident) -> Vec<UserId> {
    let mut people: Vec<UserId> = incident.declared_by.person().cloned().into_iter().collect();
    people.extend(incident.commander.clone());
    people.extend(incident.comms.clone());
    people.extend(incident.scribe.clone());
    if incident.status.is_open() {
        if let Some(service) = scene.rules.service(&incident.service) {
            people.extend(service.owners.iter().cloned());
        }
        people.extend(scene.rules.route(incident.severity).users.iter().cloned());
    }
    let mut once = Vec::new();
    for person in people {
        if !once.contains(&person) {
            once.push(person);
        }
    }
    once
}

/// Asks somebody in; `to` gave them a role and hears it when that fails.
pub(crate) fn invite(
    decision: &mut Decision,
    incident: &Incident,
    channel: &ChannelId,
    person: &UserId,
    to: Option<&ReplyTo>,
) {
    let effect = Effect::Invite {
        channel: channel.clone(),
        person: person.clone(),
    };
    let purpose = Purpose::Invitation {
        incident: incident.id,
        answer_to: to.cloned(),
    };
    decision.effect(effect, purpose);
}

/// Says in the channel, together, the lines that would have stood in it, had it been open.
pub(crate) fn say_missed(
    decision: &mut Decision,
    incident: &Incident,
    channel: &ChannelId,
    title: &str,
    mut lines: Vec<&TimelineEntry>,
) {
    lines.retain(|entry| is_channel_line(entry.kind));
    if lines.is_empty() {
        return;
    }
    let mut message = Message::said(Text::default().bold(title));
    message.parts.extend(timeline::sections(&lines));
    let lines = Effect::PostMessage {
        channel: channel.clone(),
        message,
    };
    let purpose = Purpose::Line {
        incident: incident.id,
        answer_to: None,
    };
    decision.effect(lines, purpose);
}

fn is_channel_line(kind: TimelineKind) -> bool {
    match kind {
        TimelineKind::StatusUpdate
        | TimelineKind::StateChange
        | TimelineKind::SeverityChange
        | TimelineKind::RoleChange
        | TimelineKind::Resolved => true,
        TimelineKind::Declared | TimelineKind::Note => false,
    }
}

fn not_made(
    decision: &mut Decision,
    scene: &Scene<'_>,
    incident: &Incident,
    effect: EffectId,
    code: &str,
    to: Option<&ReplyTo>,
) {
    // Whoever waits for the channel hears now that it does not come: not that it is late as well.
    decision.timer(Timer::ChannelOverdue.of(incident.id, None));
    route::announce_declared(decision, scene, incident);
    let text = Text::plain(format!(
        "Slack didn't create the channel of incident #{} (",
        incident.number
    ))
    .code(code)
    .and("). It is declared and announced; post updates with ")
    .code(format!("/incident #{} status <text>", incident.number))
    .and(match code {
        NO_WORKSPACE => ". To create the channel, set ",
        _ => ". To create the channel, run: ",
    });
    let text = match code {
        NO_WORKSPACE => text
            .code("slack.workspace")
            .and(" in the configuration file, then run: "),
        _ => text,
    };
    let text = text.code(answer::retry(effect));
    let message = Message::said(text);
    match to {
        Some(to) => answer::give(decision, to, message, words::about(incident), scene.now),
        None => trouble::report(decision, scene, Concerns::Responsible, None, message),
    }
}

/// The channel should have been there by now.
pub(crate) fn overdue(decision: &mut Decision, scene: &Scene<'_>, generation: i32) {
    let Some(incident) = scene.facts.incident() else {
        return;
    };
    if scene.facts.timer_generation != Some(generation) {
        return;
    }
    // Once: the same timer again finds nothing.
    decision.timer(Timer::ChannelOverdue.of(incident.id, None));
    if incident.channel_id.is_some() || !incident.status.is_open() {
        return;
    }
    route::announce_declared(decision, scene, incident);
    let text = Text::plain(format!(
        "Slack is slow: the channel of incident #{} isn't created yet. It is declared and \
         announced; until then, post updates with ",
        incident.number
    ))
    .code(format!("/incident #{} status <text>", incident.number));
    let message = Message::said(text);
    match incident.declared_by.person() {
        Some(person) => {
            let to = ReplyTo {
                person: person.clone(),
                channel: incident.origin_channel.clone(),
                response_url: None,
                asked_at: incident.declared_at,
            };
            answer::give(decision, &to, message, words::about(incident), scene.now);
        }
        None => trouble::inform(decision, scene, Concerns::Responsible, None, message),
    }
}

/// The card stands: pin it, and edit it if the incident moved on meanwhile.
pub(crate) fn card_posted(
    decision: &mut Decision,
    scene: &Scene<'_>,
    channel: &ChannelId,
    ts: &MessageTs,
    posted: &Message,
) {
    let Some(incident) = scene.facts.incident() else {
        return;
    };
    if incident.card_ts.is_some() || incident.channel_id.as_ref() != Some(channel) {
        return;
    }
    let mut incident = incident.clone();
    incident.card_ts = Some(ts.clone());
    decision.change(Change::Save(Box::new(incident.clone())));
    let pin = Effect::Pin {
        channel: channel.clone(),
        ts: ts.clone(),
    };
    let id = incident.id;
    decision.effect(pin, Purpose::Pin { incident: id });
    if card::card(&incident) != *posted {
        ask::show_card(decision, &incident);
    }
}

/// The card could not be edited: somebody deleted it, so it is posted again.
pub(crate) fn card_updated(decision: &mut Decision, scene: &Scene<'_>, end: &End) {
    let gone = matches!(end, End::Refused { code } if code == "message_not_found");
    let Some(incident) = scene.facts.incident() else {
        return;
    };
    if let (true, Some(_), Some(channel)) = (gone, &incident.card_ts, &incident.channel_id) {
        let mut incident = incident.clone();
        incident.card_ts = None;
        decision.change(Change::Save(Box::new(incident.clone())));
        post_card(decision, &incident, channel);
    }
}
