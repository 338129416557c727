//! How an answer reaches a person: the `response_url`, else an ephemeral message where they asked,
//! else a direct message, else a word to those who run this.
//!
//! Each way down is taken when the receipt of the one before does not say that it went well, so
//! that nobody waits for an answer that never comes. An uncertain one counts as failed: an answer
//! that only its person sees does no harm twice, and its absence looks like a dead bot.

use super::super::effect::slack::Effect;
use super::super::ids::{EffectId, IncidentId, UserId};
use super::super::signal::{End, ParkedRow};
use super::super::text::form::Form;
use super::super::text::{Message, ReplyTo, Text};
use super::ask::Scene;
use super::trouble::{self, Concerns};
use super::{Decision, Purpose, resolve_form, words};
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
        decision.effect(Effect::Reply { to, message }, Purpose::Answer);
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
    if to.channel.is_some() {
        let to = ReplyTo {
            response_url: None,
            ..to.clone()
        };
        decision.effect(Effect::Ephemeral { to, message }, Purpose::Answer);
    } else {
        directly(decision, &to.person, message, incident);
    }
}

/// Says something to one person that is no announcement.
pub(crate) fn directly(
    decision: &mut Decision,
    person: &UserId,
    message: Message,
    incident: Option<IncidentId>,
) {
    let effect = Effect::DirectMessage {
        person: person.clone(),
        message,
    };
    decision.effect(effect, Purpose::Notice { incident });
}

/// An answer arrived or not: a `response_url` may be used up, and in a channel the person or the bot
/// may not be a member.
pub(crate) fn given(decision: &mut Decision, effect: &Effect, end: &End) {
    if !is_open(end) {
        return;
    }
    match effect {
        Effect::Reply { to, message } => without_url(decision, to, message.clone(), None),
        Effect::Ephemeral { to, message } => {
            directly(decision, &to.person, message.clone(), None);
        }
        _ => {}
    }
}

/// Whether the person may be waiting still.
fn is_open(end: &End) -> bool {
    match end {
        End::Refused { .. } | End::Expired | End::Parked { .. } | End::Uncertain { .. } => true,
        End::Done(_) | End::Dropped { .. } => false,
    }
}

/// A form was opened or not; words take its place.
pub(crate) fn form_opened(
    decision: &mut Decision,
    scene: &Scene<'_>,
    form: &Form,
    to: &ReplyTo,
    end: &End,
) {
    let begin = match end {
        End::Done(_) | End::Dropped { .. } => return,
        End::Uncertain { .. } => "If no form opened, ".to_owned(),
        End::Expired => TOO_LATE.to_owned(),
        End::Refused { code } | End::Parked { code } if is_too_late(code) => TOO_LATE.to_owned(),
        End::Refused { code } | End::Parked { code } => {
            format!("Slack refused to open the form ({code}). Until that's fixed, ")
        }
    };
    let words = match form.name.as_str() {
        resolve_form::FORM => resolve_form::instead_of(&begin, form),
        _ => by_words(&begin),
    };
    give(decision, to, words, None, scene.now);
}

/// Slack's permission ended before the form could open.
pub(crate) const TOO_LATE: &str =
    "The form didn't open within Slack's limit of 3 seconds. Try again, or ";

fn is_too_late(code: &str) -> bool {
    matches!(
        code,
        "expired_trigger_id" | "trigger_expired" | "trigger_exchanged" | "exchanged_trigger_id"
    )
}

/// How an incident is declared without a form.
pub(crate) fn by_words(begin: &str) -> Message {
    let text = Text::plain(begin).and("run ").code(words::BY_ONE_LINE);
    Message::said(text)
}

/// A row was parked: the person who waits for its answer is told, else the operators.
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
            "Wardroom failed to process your request ({}), so nothing was changed. The request is \
             kept. An operator can run ",
            row.what
        ))
        .code(again);
        return give(decision, to, Message::said(text), None, scene.now);
    }
    let what = if row.effect.is_some() {
        "An effect that this version cannot read"
    } else {
        "A signal"
    };
    let text = Text::plain(format!("{what} is parked: {}. Inspect it with ", row.what))
        .code(show)
        .and(", then run ")
        .code(again);
    trouble::report(
        decision,
        scene,
        Concerns::Operators,
        None,
        Message::said(text),
    );
}

/// The command that tries a parked effect again.
pub(crate) fn retry(effect: EffectId) -> String {
    format!("wardroom outbox retry {effect}")
}
