//! A failure's messages as effects. What they say is completed as they are delivered.

use super::super::effect::slack;
use super::super::ids::ChannelId;
use super::{Decision, Failure, Purpose, Shown, message};
use chrono::{DateTime, Utc};

/// Posts a failure's message.
pub(super) fn post(decision: &mut Decision, failure: &Failure, channel: &ChannelId) {
    let effect = slack::Effect::PostMessage {
        channel: channel.clone(),
        message: message(failure, &Shown::default()),
    };
    let purpose = Purpose::Message {
        failure: failure.id,
        channel: channel.clone(),
    };
    decision.effect(effect, purpose);
}

/// Posts a failure's message in the channels that `before` did not tell, and edits those that exist.
pub(super) fn show(
    decision: &mut Decision,
    before: Option<&Failure>,
    failure: &Failure,
    not_before: Option<DateTime<Utc>>,
) {
    let told = |channel| before.is_some_and(|before| before.messages.contains_key(channel));
    for channel in failure.messages.keys().filter(|channel| !told(channel)) {
        post(decision, failure, channel);
    }
    update(decision, failure, not_before);
}

/// Edits the messages that exist; one that is not posted yet is edited by its receipt.
pub(super) fn update(
    decision: &mut Decision,
    failure: &Failure,
    not_before: Option<DateTime<Utc>>,
) {
    for (channel, message) in &failure.messages {
        if message.is_some() {
            edit(decision, failure, channel, not_before);
        }
    }
}

pub(super) fn edit(
    decision: &mut Decision,
    failure: &Failure,
    channel: &ChannelId,
    not_before: Option<DateTime<Utc>>,
) {
    let effect = slack::Effect::UpdateMessage {
        shows: format!("ci:{}:{channel}", failure.id.0),
        edit: None,
    };
    let purpose = Purpose::Update {
        failure: failure.id,
        channel: channel.clone(),
    };
    decision.effect_from(effect, purpose, not_before);
}
