//! Finds out whether an uncertain effect happened.
//!
//! The metadata of our messages has the effect's id; a message with a file has the file's id; channels are
//! in `lookup_channel`. A history is read from the newest message back to the last known message or
//! to a minute before the first attempt, whichever is earlier, because either may be wrong. Its
//! length is limited in `lookup`.

use super::call_error::CallError;
use super::courier::{SlackCourier, scopes};
use super::deliver::METADATA_EVENT_TYPE;
use super::lookup::{List, Place};
use super::lookup_channel::WantedChannel;
use crate::courier::{Lookup, NOTHING_TO_LOOK_UP, Parcel};
use crate::domain::effect::Answer;
use crate::domain::effect::slack::{self as slack_effect, Effect};
use crate::domain::ids::{ChannelId, MessageTs};
use crate::domain::text::Message;
use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::time::Instant;

/// How far Slack's clock may be behind ours.
pub(super) const SKEW: Duration = Duration::seconds(60);
/// The limit of what the last known message can correct our clock by.
const MAX_CLOCK_ERROR: Duration = Duration::minutes(10);
/// A page of history, as Slack advises.
const PAGE: &str = "200";
const HISTORY: &str = "conversations.history";

/// The pages of a message that are in its channel, by their numbers.
pub(super) type PostedPages = BTreeMap<usize, MessageTs>;

impl SlackCourier {
    /// The error is the result too, when a call failed.
    pub(super) async fn look_up(
        &self,
        effect: &Effect,
        parcel: &Parcel,
        until: Instant,
    ) -> Result<Lookup, Lookup> {
        match effect {
            Effect::PostMessage { channel, message } => {
                self.look_up_message(channel, message, parcel, until).await
            }
            Effect::DirectMessage { person, message } => {
                let opened = self.open_direct_message(person, until).await;
                let channel =
                    opened.map_err(|error| error.lookup(scopes(&["conversations.open"])))?;
                self.look_up_message(&channel, message, parcel, until).await
            }
            Effect::CreateChannel {
                name,
                private,
                team,
                taken,
            } => {
                let private = *private;
                let Ok(team) = self.workspace(team.as_ref()) else {
                    // Without a workspace none was ever asked for.
                    return Ok(Lookup::Absent);
                };
                let wanted = WantedChannel {
                    name,
                    private,
                    team,
                    taken,
                };
                self.look_up_channel(&wanted, parcel, until).await
            }
            Effect::ShareFile { channel, file, .. } => {
                let shares = |message: &Value| shares_file(message, file.as_str());
                let found = self.posted_pages(channel, parcel, until, shares).await;
                Ok(match found.map_err(unread)? {
                    (shared, _) if shared.is_empty() => Lookup::Absent,
                    _ => Lookup::Found(Answer::Nothing),
                })
            }
            Effect::UpdateMessage { .. }
            | Effect::Pin { .. }
            | Effect::Invite { .. }
            | Effect::SetTopic { .. }
            | Effect::Reply { .. }
            | Effect::Ephemeral { .. }
            | Effect::OpenForm { .. }
            | Effect::UpdateForm { .. }
            | Effect::StageFile { .. } => Err(Lookup::Unreadable {
                code: NOTHING_TO_LOOK_UP.to_owned(),
            }),
        }
    }

    /// A message is found when all of its pages are. Missing pages are posted by the next delivery.
    async fn look_up_message(
        &self,
        channel: &ChannelId,
        message: &Message,
        parcel: &Parcel,
        until: Instant,
    ) -> Result<Lookup, Lookup> {
        let id = parcel.id.to_string();
        let ours = |message: &Value| marked_with(message, &id);
        let found = self.posted_pages(channel, parcel, until, ours).await;
        let (mut posted, found_from) = found.map_err(unread)?;
        let is_whole = posted.len() >= self.pages(message).len();
        if let Some(ts) = posted.remove(&0).filter(|_| is_whole) {
            let channel = channel.clone();
            let answer = slack_effect::Answer::Message { channel, ts };
            return Ok(Lookup::Found(Answer::Slack(answer)));
        }
        let found_from = found_from.and_then(|place| place.restarted().keep());
        Ok(found_from.map_or(Lookup::Absent, |looked_to| Lookup::Partly { looked_to }))
    }

    /// The pages of a message that are in a channel, and the place from which they were read. `page_of`
    /// recognises a page. With an error comes the place that was reached.
    pub(super) async fn posted_pages(
        &self,
        channel: &ChannelId,
        parcel: &Parcel,
        until: Instant,
        page_of: impl Fn(&Value) -> Option<(usize, MessageTs)>,
    ) -> Result<(PostedPages, Option<Place>), (CallError, Place)> {
        let params = [
            ("channel", channel.to_string()),
            (
                "oldest",
                back_to(parcel.mark.as_deref(), parcel.first_attempt_at),
            ),
            ("inclusive", "true".to_owned()),
            ("limit", PAGE.to_owned()),
            ("include_all_metadata", "true".to_owned()),
        ];
        let mut posted = PostedPages::new();
        let mut found_from = None;
        let mut place = Place::of(parcel, List::History);
        let seen = self.read_on(HISTORY, &params, &mut place, until, |answer, here| {
            let messages = answer["messages"].as_array();
            // All of a page of the history is read: the pages of one message are next to each other.
            let pages = messages.ok_or_else(CallError::unreadable)?.iter();
            posted.extend(pages.filter_map(&page_of));
            if found_from.is_none() && !posted.is_empty() {
                found_from = Some(here.clone());
            }
            Ok(posted.contains_key(&0))
        });
        match seen.await {
            Ok(()) => Ok((posted, found_from)),
            // They are found together, too.
            Err(error) => Err((error, found_from.unwrap_or(place))),
        }
    }
}

/// A history that could not be read to where it was to be read.
fn unread((error, place): (CallError, Place)) -> Lookup {
    place.interrupted(error, HISTORY)
}

/// The page of a message with this effect's id.
pub(super) fn marked_with(message: &Value, id: &str) -> Option<(usize, MessageTs)> {
    let metadata = &message["metadata"];
    let payload = &metadata["event_payload"];
    if metadata["event_type"] != METADATA_EVENT_TYPE || payload["id"] != id {
        return None;
    }
    let page = payload["page"].as_str()?.parse().ok()?;
    let ts = MessageTs::new(message["ts"].as_str()?).ok()?;
    Some((page, ts))
}

/// A message that shares a file has one page.
fn shares_file(message: &Value, file: &str) -> Option<(usize, MessageTs)> {
    let mut files = message["files"].as_array()?.iter();
    files.find(|shared| shared["id"] == file)?;
    Some((0, MessageTs::new(message["ts"].as_str()?).ok()?))
}

/// The earlier of the last message that we knew and a minute before the first attempt; never more
/// than [`MAX_CLOCK_ERROR`] before that: a quiet channel's last message is weeks old.
fn back_to(last_known: Option<&str>, first_attempt: DateTime<Utc>) -> String {
    let clock = (first_attempt - SKEW).timestamp();
    let earliest = clock - MAX_CLOCK_ERROR.num_seconds();
    let seconds = |ts: &str| ts.split('.').next()?.parse::<i64>().ok();
    match last_known.and_then(|ts| Some((ts, seconds(ts)?))) {
        Some((_, known)) if known < earliest => format!("{earliest}.000000"),
        Some((ts, known)) if known < clock => ts.to_owned(),
        _ => format!("{clock}.000000"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_lookup_goes_back_to_the_earlier_of_the_clock_and_the_last_known_message() {
        let first = DateTime::from_timestamp(1_700_000_060, 0).unwrap();
        for (known, back) in [
            (None, "1700000000.000000"),
            (Some("1699999999.000200"), "1699999999.000200"),
            (Some("1699999400.000200"), "1699999400.000200"),
            (Some("1690000000.000200"), "1699999400.000000"),
            (Some("1700000050.000200"), "1700000000.000000"),
            (Some("nonsense"), "1700000000.000000"),
        ] {
            assert_eq!(back_to(known, first), back, "{known:?}");
        }
    }

    #[test]
    fn only_metadata_with_the_effects_id_counts() {
        let message = |kind: &str, id: &str, page: Value| json!({"ts": "1.2", "metadata": {"event_type": kind, "event_payload": {"id": id, "page": page}}});
        assert!(marked_with(&message(METADATA_EVENT_TYPE, "a", json!("1")), "a").is_some());
        for odd in [
            message(METADATA_EVENT_TYPE, "b", json!("0")),
            message("other", "a", json!("0")),
            message(METADATA_EVENT_TYPE, "a", json!({"deep": [1]})),
            json!({"ts": "1.2"}),
            json!(7),
        ] {
            assert_eq!(marked_with(&odd, "a"), None, "{odd}");
        }
    }
}
