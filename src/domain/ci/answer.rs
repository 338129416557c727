//! Answers to people, by the ways of [`crate::domain::answer`]. When the last way fails, the operators are told.

use super::{Decision, Purpose, Receipt};
use crate::domain::answer;
use crate::domain::effect::{Effect, slack};
use crate::domain::signal::End;
use crate::domain::text::{Message, ReplyTo, Text};
use chrono::{DateTime, Utc};

/// Answers a person by the best way that is left.
pub(super) fn give(
    decision: &mut Decision,
    to: &ReplyTo,
    message: impl Into<Message>,
    now: DateTime<Utc>,
) {
    let effect = answer::first(to, message.into(), now);
    decision.effect(effect, Purpose::Answer);
}

/// An answer was given or not; `Some`: what the operators are told.
pub(super) fn ended(decision: &mut Decision, receipt: &Receipt) -> Option<Text> {
    let Effect::Slack(effect) = &receipt.effect else {
        return None;
    };
    if let Some(next) = answer::next(effect, &receipt.end) {
        decision.effect(next, Purpose::Answer);
        return None;
    }
    match (effect, &receipt.end) {
        (
            slack::Effect::DirectMessage { person, .. },
            End::Refused { code } | End::Parked { code },
        ) => {
            let text = Text::plain("Couldn't send a direct message to ").person(person);
            Some(text.and(" (").code(code).and("). After fixing that, run: "))
        }
        _ => None,
    }
}
