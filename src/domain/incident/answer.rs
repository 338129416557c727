//! How an answer reaches a person: by the ways of [`crate::domain::answer`], else as a message to the operators.

use super::super::answer;
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
    let effect = answer::first(to, message.into(), case.now);
    by(case, effect);
}

fn by(case: &mut Case<'_>, effect: Effect) {
    let why = match answer::is_last(&effect) {
        true => notice(case),
        false => Why::Answer.alone(),
    };
    case.effect(effect, why);
}

/// Sends a direct message that is no announcement.
pub(super) fn directly(case: &mut Case<'_>, person: &UserId, message: impl Into<Message>) {
    let purpose = notice(case);
    case.send(&Target::Person(person.clone()), message.into(), purpose);
}

fn notice(case: &Case<'_>) -> Purpose {
    Purpose {
        incident: incident(case),
        ..Why::Notice.alone()
    }
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

/// An answer was given or not.
pub(super) fn given(case: &mut Case<'_>, effect: &Effect, end: &End) {
    if let Some(next) = answer::next(effect, end) {
        by(case, next);
    }
}
