//! What happens to an incident's channel in Slack: archived, deleted, unarchived, moved, renamed.
//!
//! The incident goes on whatever becomes of its channel. Nothing is posted in one that is closed: the
//! timeline keeps the lines, and the channel gets them when it can be used again.

use super::super::decision::Retry;
use super::super::effect::slack::channel_lane;
use super::super::ids::{ChannelId, EffectId};
use super::super::text::Text;
use super::case::Case;
use super::event::Closing;
use super::model::Incident;
use super::operators::{self, Concerns};
use super::{channel, words};
use chrono::{DateTime, Utc};

/// Slack says that the channel was archived or deleted: by its event, or by refusing to write there.
/// The person responsible is told once, with the command that retries what was refused. Returns whether
/// a person was told: not when it was known, when it is no incident's channel any more, or when the
/// incident is over.
pub(super) fn closed(
    case: &mut Case<'_>,
    channel: &ChannelId,
    how: Closing,
    refused: Option<EffectId>,
) -> bool {
    let known = case.incident_in(channel);
    let Some(before) = known.filter(|incident| incident.channel_closed_at.is_none()) else {
        return false;
    };
    let incident = Incident {
        channel_closed_at: Some(case.at),
        ..before.clone()
    };
    case.save(&incident);
    let (noted, reported) = match how {
        Closing::Archived => (
            "The channel was archived.",
            ", is archived, so nothing can be posted in it. The incident is still open: unarchive \
             the channel, or post updates from anywhere with ",
        ),
        Closing::Gone => (
            "The channel is gone: it was deleted, or Wardroom lost access.",
            ", is gone: it was deleted, or Wardroom lost access. The incident is still open: post \
             updates from anywhere with ",
        ),
    };
    case.note(&incident, noted);
    if !incident.status.is_open() {
        return false;
    }
    let mut text = Text::plain(format!("The channel of incident #{}, ", incident.number))
        .channel(channel)
        .and(reported)
        .code(words::status_command(&incident))
        .and("; the timeline keeps them.");
    if let Some(effect) = refused {
        text = text
            .and(" To post what was refused, if the channel can be used again: ")
            .code(words::retry(effect));
    }
    operators::inform(case, Concerns::Responsible, None, text);
    true
}

/// Messages can be posted in the channel again.
pub(super) fn reopened(case: &mut Case<'_>, channel: &ChannelId) {
    let Some(before) = case.incident_in(channel) else {
        return;
    };
    let Some(since) = before.channel_closed_at else {
        return;
    };
    let incident = Incident {
        channel_closed_at: None,
        ..before.clone()
    };
    case.save(&incident);
    is_back(case, &incident, since);
    case.show_card(&incident);
}

/// Notes that the channel can be used again, and posts in it what was said while it was closed.
pub(super) fn is_back(case: &mut Case<'_>, incident: &Incident, since: DateTime<Utc>) {
    let Some(channel) = incident.open_channel() else {
        return;
    };
    case.note(incident, "The channel can be used again.");
    // What it refused is older than what was not even tried.
    case.decision.retry(Retry {
        lane: channel_lane(channel),
        kind: "post_message",
        codes: &["is_archived", "channel_not_found"],
    });
    let lines = case.facts.timeline.iter();
    let meanwhile = lines.filter(|entry| entry.at > since).collect();
    channel::post_missed(case, incident, "While this channel was closed:", meanwhile);
}

/// Slack moved the channel, with all its messages: it has a new id.
pub(super) fn moved(case: &mut Case<'_>, from: &ChannelId, to: &ChannelId) {
    if let Some(incident) = case.incident_in(from) {
        case.save(&Incident {
            channel_id: Some(to.clone()),
            ..incident.clone()
        });
    }
}

/// The channel has a new name; its id is what counts.
pub(super) fn renamed(case: &mut Case<'_>, channel: &ChannelId, name: &str) {
    let Some(incident) = case.incident_in(channel) else {
        return;
    };
    // A name that another incident has reserved stays that one's: two rows never hold one name.
    let reserved = case.facts.taken_names.iter().any(|taken| taken == name);
    if incident.channel_name != name && !reserved {
        case.save(&Incident {
            channel_name: name.to_owned(),
            ..incident.clone()
        });
    }
}
