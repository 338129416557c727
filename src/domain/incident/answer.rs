//! How an answer reaches a person: the `response_url`, else an ephemeral message where they asked,
//! else a direct message, else a message to the operators.
//!
//! Each next way is taken when the receipt of the one before does not confirm it, so that no person
//! waits for an answer that never comes. An uncertain one counts as failed: an answer that only its
//! person sees does no harm twice, and its absence looks like a dead bot.

use super::super::effect::slack::Effect;
use super::super::ids::{IncidentId, UserId};
use super::super::signal::End;
use super::super::text::Message;
use super::super::text::ReplyTo;
use super::case::Case;
use super::change::Change;
use super::model::Target;
use super::purpose::{Purpose, Why};

/// Answers a person by the best way that is left.
pub(super) fn give(case: &mut Case<'_>, to: &ReplyTo, message: impl Into<Message>) {
    let message = message.into();
    if to.live_url(case.now).is_some() {
        let to = to.clone();
        case.effect(Effect::Reply { to, message }, Why::Answer.alone());
    } else {
        without_url(case, to, message);
    }
}

fn without_url(case: &mut Case<'_>, to: &ReplyTo, message: Message) {
    if to.channel.is_some() {
        let to = ReplyTo {
            response_url: None,
            ..to.clone()
        };
        case.effect(Effect::Ephemeral { to, message }, Why::Answer.alone());
    } else {
        directly(case, &to.person, message);
    }
}

/// Sends a direct message that is no announcement.
pub(super) fn directly(case: &mut Case<'_>, person: &UserId, message: impl Into<Message>) {
    let purpose = Purpose {
        incident: incident(case),
        ..Why::Notice.alone()
    };
    case.send(&Target::Person(person.clone()), message.into(), purpose);
}

/// The incident that the answer is about: the one that was meant, or the one that was declared.
pub(super) fn incident(case: &Case<'_>) -> Option<IncidentId> {
    let declared = case
        .decision
        .changes
        .iter()
        .find_map(|change| match change {
            Change::Declare(incident) => Some(incident.id),
            _ => None,
        });
    declared.or(case.incident().map(|incident| incident.id))
}

/// An answer was given or not: a `response_url` may be used up, and in a channel the person or the bot
/// may not be a member.
pub(super) fn given(case: &mut Case<'_>, effect: &Effect, end: &End) {
    match (effect, end) {
        (_, End::Done(_) | End::Dropped { .. }) => {}
        (Effect::Reply { to, message }, _) => without_url(case, to, message.clone()),
        (Effect::Ephemeral { to, message }, _) => directly(case, &to.person, message.clone()),
        _ => {}
    }
}
