//! How an answer reaches a person: the `response_url`, else an ephemeral message where they asked,
//! else a direct message, else a word to those who run this.
//!
//! Each way down is taken when the receipt of the one before says that it failed, so that nobody
//! waits for an answer that never comes. An uncertain answer is not repeated: it was probably
//! seen, and it is only an answer.

use super::super::act::ReplyTo;
use super::super::decision::Decision;
use super::super::effect::{Effect, Purpose};
use super::super::ids::{EffectId, IncidentId, UserId};
use super::super::rules::Rules;
use super::super::signal::{End, ParkedRow};
use super::super::text::{Message, Text};
use super::ask::Scene;
use super::{Incident, words};
use chrono::{DateTime, Utc};

/// Answers somebody by the best way that is left.
pub(crate) fn give(
    decision: &mut Decision,
    to: &ReplyTo,
    message: Message,
    incident: Option<IncidentId>,
    now: DateTime<Utc>,
) {
    if to.live_url(now).is_some() {
        let to = to.clone();
        decision.effect(Effect::Reply { to, message });
    } else {
        without_url(decision, to, message, incident);
    }
}

fn without_url(
    decision: &mut Decision,
    to: &ReplyTo,
    message: Message,
    incident: Option<IncidentId>,
) {
    if to.room.is_some() {
        let to = ReplyTo {
            response_url: None,
            ..to.clone()
        };
        decision.effect(Effect::Whisper { to, message });
    } else {
        notice(decision, &to.person, message, incident);
    }
}

/// Says something to one person that is no announcement.
pub(crate) fn notice(
    decision: &mut Decision,
    person: &UserId,
    message: Message,
    incident: Option<IncidentId>,
) {
    decision.effect(Effect::DirectMessage {
        person: person.clone(),
        message,
        purpose: Purpose::Notice { incident },
    });
}

/// Says something to those who run this, if they have a room for it.
pub(crate) fn tell_ops(
    decision: &mut Decision,
    rules: &Rules,
    message: Message,
    incident: Option<IncidentId>,
) {
    if let Some(room) = &rules.ops_channel {
        decision.effect(Effect::PostMessage {
            room: room.clone(),
            message,
            purpose: Purpose::Notice { incident },
        });
    }
}

/// Says to those who run this what could not be done for an incident; where they have no room, to
/// the one who answers for it: a trouble that is told to nobody is kept for nobody.
pub(crate) fn tell_somebody(decision: &mut Decision, scene: &Scene<'_>, message: Message) {
    let incident = scene.facts.incident.as_ref();
    match (
        &scene.rules.ops_channel,
        incident.and_then(words::responsible),
    ) {
        (None, Some(person)) => {
            notice(
                decision,
                person,
                message,
                incident.map(|incident| incident.id),
            );
        }
        _ => {
            let about = incident.map(|incident| incident.id);
            tell_ops(decision, scene.rules, message, about);
        }
    }
}

/// Says something to the one who answers for an incident, else to those who run this.
pub(crate) fn tell_responsible(
    decision: &mut Decision,
    rules: &Rules,
    incident: Option<&Incident>,
    message: Message,
) {
    let about = incident.map(|incident| incident.id);
    match incident.and_then(words::responsible) {
        Some(person) => notice(decision, person, message, about),
        None => tell_ops(decision, rules, message, about),
    }
}

/// A `response_url` took the answer or not.
pub(crate) fn replied(decision: &mut Decision, to: &ReplyTo, message: &Message, end: &End) {
    match end {
        End::Refused { .. } | End::Expired | End::Parked { .. } => {
            without_url(decision, to, message.clone(), None);
        }
        End::Done(_) | End::Uncertain { .. } | End::Dropped { .. } => {}
    }
}

/// The room took the whisper or not (the person or the bot may not be a member).
pub(crate) fn whispered(decision: &mut Decision, to: &ReplyTo, message: &Message, end: &End) {
    match end {
        End::Refused { .. } | End::Expired | End::Parked { .. } => {
            notice(decision, &to.person, message.clone(), None);
        }
        End::Done(_) | End::Uncertain { .. } | End::Dropped { .. } => {}
    }
}

/// A direct notice reached its person or not. The last way is a word to those who run this: it
/// names the person and the command, not what was to be said.
pub(crate) fn noticed(
    decision: &mut Decision,
    scene: &Scene<'_>,
    person: &UserId,
    effect: EffectId,
    end: &End,
) {
    let code = match end {
        End::Refused { code } | End::Parked { code } => code,
        End::Done(_) | End::Expired | End::Uncertain { .. } | End::Dropped { .. } => return,
    };
    let text = Text::plain("A direct message could not be given to ")
        .person(person)
        .and(format!(" ({code}). Once that is mended: "))
        .code(retry(effect));
    let incident = scene.facts.incident.as_ref().map(|incident| incident.id);
    tell_ops(
        decision,
        scene.rules,
        Message::section(words::plain(&text), text),
        incident,
    );
}

/// A form was opened or not; words take its place.
pub(crate) fn form_opened(decision: &mut Decision, scene: &Scene<'_>, to: &ReplyTo, end: &End) {
    let begin = match end {
        End::Done(_) | End::Dropped { .. } => return,
        End::Uncertain { .. } => "If no form opened: ",
        End::Expired | End::Refused { .. } | End::Parked { .. } => {
            "The form could not be opened in the 3 seconds that Slack gives. Try again, or "
        }
    };
    give(decision, to, by_words(begin), None, scene.now);
}

/// How an incident is declared without a form.
pub(crate) fn by_words(begin: &str) -> Message {
    let text = Text::plain(begin)
        .and("declare by one line: ")
        .code(words::BY_ONE_LINE);
    Message::section(words::plain(&text), text)
}

/// Something was put aside: whoever waits for its answer hears it, else those who run this.
pub(crate) fn parked(decision: &mut Decision, scene: &Scene<'_>, row: &ParkedRow) {
    let (show, again) = match row.effect {
        Some(effect) => (format!("wardroom outbox show {effect}"), retry(effect)),
        None => (
            format!("wardroom inbox show {}", row.signal),
            format!("wardroom inbox replay {}", row.signal),
        ),
    };
    if let Some(to) = &row.reply_to {
        let text = Text::plain(format!(
            "Something went wrong on our side, and what you asked for was not done ({}). \
             It is not lost: those who run Wardroom can do it again with ",
            row.what
        ))
        .code(again);
        let message = Message::section(words::plain(&text), text);
        return give(decision, to, message, None, scene.now);
    }
    let what = if row.effect.is_some() {
        "An effect that this version cannot read"
    } else {
        "A signal"
    };
    let text = Text::plain(format!(
        "{what} was put aside: {}. Look at it with ",
        row.what
    ))
    .code(show)
    .and(", then ")
    .code(again);
    let message = Message::section(words::plain(&text), text);
    match (&scene.rules.ops_channel, scene.rules.admins.first()) {
        (None, Some(admin)) => notice(decision, admin, message, None),
        _ => tell_ops(decision, scene.rules, message, None),
    }
}

/// The command that tries a parked effect again.
pub(crate) fn retry(effect: EffectId) -> String {
    format!("wardroom outbox retry {effect}")
}
