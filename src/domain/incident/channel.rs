//! An incident's channel: created, refused, given another name, overdue, and its card.
//!
//! Whatever Slack answers, the incident is announced: a channel that cannot be created is announced
//! without it, and the declarer learns how to try again. The announcements wait for the channel, so
//! that they can link to it, but never longer than `CHANNEL_WITHIN`. Lines that
//! were given while there was no channel are posted in it once, together.

use super::super::effect::slack::{self, Effect};
use super::super::effect::{self, Answer};
use super::super::ids::{ChannelId, MessageTs, TeamId, UserId};
use super::super::signal::End;
use super::super::text::ReplyTo;
use super::super::text::{Message, Text};
use super::case::{Case, Receipt};
use super::event::Timer;
use super::model::{Incident, Target, TimelineEntry, TimelineKind};
use super::operators::{self, Concerns};
use super::purpose::Why;
use super::{answer, card, naming, route, timeline, words};

/// The code for a channel whose workspace is not known: an app that is installed in all of an
/// organisation must name one.
pub const NO_WORKSPACE: &str = "no_workspace";

/// The effect that creates the channel ended.
pub(super) fn created(case: &mut Case<'_>, receipt: &Receipt) {
    let (Some(incident), effect::Effect::Slack(Effect::CreateChannel { name, .. })) =
        (case.incident(), &receipt.effect)
    else {
        return;
    };
    // An answer about another name, or after the channel exists, is an old one.
    if incident.channel_id.is_some() || incident.channel_name != *name {
        return;
    }
    let by_number = || naming::by_number(incident.declared_at, incident.number);
    match &receipt.end {
        End::Done(Answer::Slack(slack::Answer::Channel { id, name })) => {
            exists(case, incident, id, name, receipt.origin.answer_to.as_ref());
        }
        End::Refused { code } if code == "name_taken" => {
            let base = match naming::is_by_number(name) {
                true => by_number(),
                false => naming::base_of(incident.declared_at, &incident.service, incident.number),
            };
            let next = incident.channel_try.saturating_add(1);
            try_name(case, incident, receipt, code, &base, next);
        }
        End::Refused { code } if receipt.origin.has_another_way(&receipt.effect, code) => {
            try_name(case, incident, receipt, code, &by_number(), 1);
        }
        End::Refused { code } | End::Parked { code } | End::Uncertain { code } => {
            not_created(case, incident, receipt, code);
        }
        End::Expired => not_created(case, incident, receipt, "expired"),
        End::Dropped { why } => not_created(case, incident, receipt, why),
        End::Done(_) => not_created(case, incident, receipt, "no_channel"),
    }
}

/// Creates the same channel under the next free name; the person who was told the previous name hears
/// it.
fn try_name(
    case: &mut Case<'_>,
    incident: &Incident,
    refused: &Receipt,
    code: &str,
    base: &str,
    from: i32,
) {
    let effect::Effect::Slack(Effect::CreateChannel { team, .. }) = &refused.effect else {
        return;
    };
    let (channel_try, name) = naming::first_free(base, from, &case.facts.taken_names);
    let answer_to = refused.origin.answer_to.as_ref();
    if let Some(to) = answer_to {
        let (begin, then) = match code {
            "name_taken" => ("", " is taken; creating "),
            _ => ("Slack doesn't accept the name ", "; creating "),
        };
        let text = Text::plain(begin)
            .code(format!("#{}", incident.channel_name))
            .and(then)
            .code(format!("#{name}"))
            .and(".");
        answer::give(case, to, text);
    }
    let incident = Incident {
        channel_try,
        channel_name: name,
        ..incident.clone()
    };
    case.save(&incident);
    let channel = create(&incident, team.clone());
    case.effect(channel, Why::Channel.of(&incident).answering(answer_to));
}

/// The effect that creates the channel under its reserved name.
pub(super) fn create(incident: &Incident, team: Option<TeamId>) -> Effect {
    Effect::CreateChannel {
        name: incident.channel_name.clone(),
        private: incident.private,
        team,
        taken: Vec::new(),
    }
}

fn exists(
    case: &mut Case<'_>,
    before: &Incident,
    channel: &ChannelId,
    name: &str,
    to: Option<&ReplyTo>,
) {
    let incident = Incident {
        channel_id: Some(channel.clone()),
        channel_name: name.to_owned(),
        ..before.clone()
    };
    case.save(&incident);
    case.decision
        .timer(Timer::ChannelOverdue.of(incident.id, None));
    post_card(case, &incident, channel);
    let topic = Effect::SetTopic {
        channel: channel.clone(),
        topic: topic(&incident),
    };
    case.effect(topic, Why::Topic.of(&incident));
    for person in to_invite(case, &incident) {
        // A declarer who chose another commander hears it when that person cannot come.
        let chosen = incident.commander.as_ref() == Some(&person)
            && incident.declared_by.person() != Some(&person);
        case.invite(&incident, &person, to.filter(|_| chosen));
    }
    let lines = case.facts.timeline.iter().collect();
    post_missed(case, &incident, "Before this channel was created:", lines);
    route::announce_declared(case, &incident);
}

fn post_card(case: &mut Case<'_>, incident: &Incident, channel: &ChannelId) {
    let target = Target::Channel(channel.clone());
    case.send(&target, card::card(incident), Why::Card.of(incident));
}

/// The topic holds what does not change: each new topic is a line in the channel.
fn topic(incident: &Incident) -> String {
    let topic = format!(
        "Incident #{} on {}: {}. See the pinned card for its state.",
        incident.number, incident.service, incident.title
    );
    words::shortened(&topic, 250)
}

/// Who is invited, each once: the declarer, who has a role, the service's owners and the people of the
/// severity's route. When the incident is over already, only those who had a part in it.
fn to_invite(case: &Case<'_>, incident: &Incident) -> Vec<UserId> {
    let roles = [&incident.commander, &incident.comms, &incident.scribe];
    let mut people: Vec<&UserId> = incident.declared_by.person().into_iter().collect();
    people.extend(roles.into_iter().flatten());
    if incident.status.is_open() {
        let service = case.rules.service(&incident.service);
        people.extend(service.iter().flat_map(|service| &service.owners));
        people.extend(&case.rules.route(incident.severity).users);
    }
    route::each_once(people.into_iter().cloned())
}

/// Posts together the lines that could not be posted while the channel could not be used.
pub(super) fn post_missed(
    case: &mut Case<'_>,
    incident: &Incident,
    title: &str,
    mut lines: Vec<&TimelineEntry>,
) {
    lines.retain(|entry| match entry.kind {
        TimelineKind::StatusUpdate
        | TimelineKind::StateChange
        | TimelineKind::SeverityChange
        | TimelineKind::RoleChange
        | TimelineKind::Resolved => true,
        TimelineKind::Declared | TimelineKind::Note => false,
    });
    if lines.is_empty() {
        return;
    }
    let mut message = Message::said(Text::default().bold(title));
    message.parts.extend(timeline::section(&lines));
    case.post_line(incident, message, None);
}

fn not_created(case: &mut Case<'_>, incident: &Incident, receipt: &Receipt, code: &str) {
    // Who waits for the channel hears now that it does not come: not that it is late as well.
    case.decision
        .timer(Timer::ChannelOverdue.of(incident.id, None));
    route::announce_declared(case, incident);
    let mut text = Text::plain(format!(
        "Slack didn't create the channel of incident #{} (",
        incident.number
    ))
    .code(code)
    .and("). It is declared and announced; post updates with ")
    .code(words::status_command(incident));
    text = match code {
        NO_WORKSPACE => text
            .and(". To create the channel, set ")
            .code("slack.workspace")
            .and(" in the configuration file, then run: "),
        _ => text.and(". To create the channel, run: "),
    };
    text = text.code(words::retry(receipt.effect_id));
    match &receipt.origin.answer_to {
        Some(to) => answer::give(case, to, text),
        None => operators::report(case, Concerns::Responsible, None, text),
    }
}

/// The channel should exist by now.
pub(super) fn overdue(case: &mut Case<'_>, generation: i32) {
    let Some(incident) = case.incident() else {
        return;
    };
    if case.facts.timer_generation != Some(generation) {
        return;
    }
    // Once: the same timer again finds nothing.
    case.decision
        .timer(Timer::ChannelOverdue.of(incident.id, None));
    if incident.channel_id.is_some() || !incident.status.is_open() {
        return;
    }
    route::announce_declared(case, incident);
    let text = Text::plain(format!(
        "Slack is slow: the channel of incident #{} isn't created yet. It is declared and \
         announced; until then, post updates with ",
        incident.number
    ))
    .code(words::status_command(incident));
    match incident.declared_by.person() {
        Some(person) => {
            let to = ReplyTo {
                person: person.clone(),
                channel: incident.origin_channel.clone(),
                response_url: None,
                asked_at: incident.declared_at,
            };
            answer::give(case, &to, text);
        }
        None => operators::inform(case, Concerns::Responsible, None, text),
    }
}

/// The card was posted: it is pinned, and edited if the incident changed meanwhile.
pub(super) fn card_posted(
    case: &mut Case<'_>,
    channel: &ChannelId,
    ts: &MessageTs,
    posted: &Message,
) {
    let Some(before) = case.incident_in(channel) else {
        return;
    };
    if before.card_ts.is_some() {
        return;
    }
    let incident = Incident {
        card_ts: Some(ts.clone()),
        ..before.clone()
    };
    case.save(&incident);
    let pin = Effect::Pin {
        channel: channel.clone(),
        ts: ts.clone(),
    };
    case.effect(pin, Why::Pin.of(&incident));
    if card::card(&incident) != *posted {
        case.show_card(&incident);
    }
}

/// The edit of the card ended. A card that was deleted is posted again.
pub(super) fn card_updated(case: &mut Case<'_>, end: &End) {
    let gone = matches!(end, End::Refused { code } if code == "message_not_found");
    let Some(before) = case.incident().filter(|_| gone) else {
        return;
    };
    if let (Some(_), Some(channel)) = (&before.card_ts, &before.channel_id) {
        let incident = Incident {
            card_ts: None,
            ..before.clone()
        };
        case.save(&incident);
        post_card(case, &incident, channel);
    }
}
