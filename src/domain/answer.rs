//! How an answer reaches a person: the `response_url`, else an ephemeral message where they asked,
//! else a direct message.
//!
//! Each next way is taken when the receipt of the one before does not confirm it, so that no person
//! waits for an answer that never comes. An uncertain one counts as failed: an answer that only its
//! person sees does no harm twice, and its absence looks like a dead bot.

use super::effect::slack::Effect;
use super::signal::End;
use super::text::{Message, ReplyTo};
use chrono::{DateTime, Utc};

/// The best way that is left.
pub fn first(to: &ReplyTo, message: Message, now: DateTime<Utc>) -> Effect {
    if to.live_url(now).is_some() {
        let to = to.clone();
        return Effect::Reply { to, message };
    }
    without_url(to, message)
}

fn without_url(to: &ReplyTo, message: Message) -> Effect {
    let to = ReplyTo {
        response_url: None,
        ..to.clone()
    };
    match to.channel {
        Some(_) => Effect::Ephemeral { to, message },
        None => directly(to, message),
    }
}

fn directly(to: ReplyTo, message: Message) -> Effect {
    Effect::DirectMessage {
        person: to.person,
        message,
    }
}

/// The next way when an answer was not given: a `response_url` may be used up, and in a channel the
/// person or the bot may not be a member. `None`: it was given, or there is none.
pub fn next(effect: &Effect, end: &End) -> Option<Effect> {
    match (effect, end) {
        (_, End::Done(_) | End::Dropped { .. }) => None,
        (Effect::Reply { to, message }, _) => Some(without_url(to, message.clone())),
        (Effect::Ephemeral { to, message }, _) => Some(directly(to.clone(), message.clone())),
        _ => None,
    }
}

/// Whether this is the last way: one that fails has no other.
pub fn is_last(effect: &Effect) -> bool {
    !matches!(effect, Effect::Reply { .. } | Effect::Ephemeral { .. })
}
