//! What happens to an incident's channel by other hands: archived, deleted, brought back, moved, named
//! anew.
//!
//! The incident goes on whatever becomes of its channel. Nothing is posted in one that is closed: the
//! timeline has the words, and the channel gets them when it is back.

use super::super::decision::Retry;
use super::super::effect::slack::channel_lane;
use super::super::ids::{Actor, ChannelId, EffectId};
use super::super::text::{Message, Text};
use super::ask::{self, Scene};
use super::trouble::{self, Concerns};
use super::{Change, Closing, Decision};
use super::{Incident, TimelineEntry, TimelineKind, answer, channel};
use chrono::{DateTime, Utc};

/// Slack says that the channel was archived or deleted: by its event, or by refusing to write there.
/// The incident goes on; who leads it is told once, with the command that tries again what was
/// refused. Returns whether a person was told: not when it was known, when it is no incident's
/// channel any more, or when the incident is over.
pub(crate) fn closed(
    decision: &mut Decision,
    scene: &Scene<'_>,
    channel: &ChannelId,
    how: Closing,
    refused: Option<EffectId>,
) -> bool {
    let Some(incident) = of_channel(scene, channel) else {
        return false;
    };
    if incident.channel_closed_at.is_some() {
        return false;
    }
    let mut incident = incident.clone();
    incident.channel_closed_at = Some(scene.at);
    decision.change(Change::Save(Box::new(incident.clone())));
    let said = match how {
        Closing::Archived => "The channel was archived.",
        Closing::Gone => "The channel is gone: it was deleted, or Wardroom lost access.",
    };
    note(decision, scene, &incident, said);
    if !incident.status.is_open() {
        return false;
    }
    let text = Text::plain(format!("The channel of incident #{}, ", incident.number)).room(channel);
    let text = match how {
        Closing::Archived => text.and(
            ", is archived, so nothing can be posted in it. The incident is still open: unarchive \
             the channel, or post updates from anywhere with ",
        ),
        Closing::Gone => text.and(
            ", is gone: it was deleted, or Wardroom lost access. The incident is still open: post \
             updates from anywhere with ",
        ),
    };
    let text = text
        .code(format!("/incident #{} status <text>", incident.number))
        .and("; the timeline keeps them.");
    let text = match refused {
        Some(effect) => text
            .and(" To post what was refused, if the channel can be used again: ")
            .code(answer::retry(effect)),
        None => text,
    };
    let message = Message::said(text);
    trouble::inform(decision, scene, Concerns::Responsible, None, message);
    true
}

/// The channel can be written in again.
pub(crate) fn reopened(decision: &mut Decision, scene: &Scene<'_>, channel: &ChannelId) {
    let Some(incident) = of_channel(scene, channel) else {
        return;
    };
    let Some(since) = incident.channel_closed_at else {
        return;
    };
    let mut incident = incident.clone();
    incident.channel_closed_at = None;
    decision.change(Change::Save(Box::new(incident.clone())));
    is_back(decision, scene, &incident, since);
    ask::show_card(decision, &incident);
}

/// Notes that the channel is back, and says in it what was said while it was closed.
pub(crate) fn is_back(
    decision: &mut Decision,
    scene: &Scene<'_>,
    incident: &Incident,
    since: DateTime<Utc>,
) {
    let Some(channel) = incident.open_channel() else {
        return;
    };
    note(decision, scene, incident, "The channel can be used again.");
    // What it refused is older than what was not even tried.
    decision.retry(Retry {
        lane: channel_lane(channel),
        kind: "post_message",
        codes: &["is_archived", "channel_not_found"],
    });
    let lines = scene.facts.timeline.iter();
    let meanwhile = lines.filter(|entry| entry.at > since);
    let title = "While this channel was closed:";
    channel::say_missed(decision, incident, channel, title, meanwhile.collect());
}

/// The channel has a new id: the provider moved it, with all that stands in it.
pub(crate) fn moved(decision: &mut Decision, scene: &Scene<'_>, from: &ChannelId, to: &ChannelId) {
    let Some(incident) = of_channel(scene, from) else {
        return;
    };
    let mut incident = incident.clone();
    incident.channel_id = Some(to.clone());
    decision.change(Change::Save(Box::new(incident)));
}

/// The channel has a new name; its id is what counts.
pub(crate) fn renamed(decision: &mut Decision, scene: &Scene<'_>, channel: &ChannelId, name: &str) {
    let Some(incident) = of_channel(scene, channel) else {
        return;
    };
    // A name that another incident has reserved stays that one's: two rows never hold one name.
    let reserved = scene.facts.taken_names.iter().any(|taken| taken == name);
    if incident.channel_name == name || reserved {
        return;
    }
    let mut incident = incident.clone();
    incident.channel_name = name.to_owned();
    decision.change(Change::Save(Box::new(incident)));
}

/// The incident whose own channel this is.
pub(crate) fn of_channel<'a>(scene: &Scene<'a>, channel: &ChannelId) -> Option<&'a Incident> {
    let incident = scene.facts.incident()?;
    (incident.channel_id.as_ref() == Some(channel)).then_some(incident)
}

fn note(decision: &mut Decision, scene: &Scene<'_>, incident: &Incident, text: &str) {
    decision.change(Change::Timeline(TimelineEntry {
        incident: incident.id,
        at: scene.at,
        kind: TimelineKind::Note,
        text: text.to_owned(),
        by: Actor::Wardroom,
    }));
}
