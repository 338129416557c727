//! Finds out whether an uncertain effect happened.
//!
//! The metadata of our messages has the effect's id; a message with a file has the file's id; channels are
//! in `lookup_channel`. A history is read from the newest message back to the last known message or
//! to a minute before the first attempt, whichever is earlier, because either may be wrong. Its
//! length is limited in `lookup`.

use super::classify;
use super::client::CallError;
use super::courier::{SlackCourier, scopes};
use super::deliver::METADATA_EVENT_TYPE;
use super::lookup::{List, Name, Place, interrupted};
use super::methods::Method;
use crate::courier::{Lookup, Parcel};
use crate::domain::effect::Answer;
use crate::domain::effect::slack::{self as slack_effect, Effect};
use crate::domain::ids::{ChannelId, MessageTs};
use crate::domain::looked_to::LookedTo;
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
/// The pages of a message that are in its channel, by their numbers.
pub(super) type PostedPages = BTreeMap<usize, MessageTs>;

impl SlackCourier {
    pub(super) async fn reconcile(
        &self,
        effect: &Effect,
        parcel: &Parcel,
        until: Instant,
    ) -> Lookup {
        match effect {
            Effect::PostMessage { channel, message } => {
                let pages = self.pages(message).len();
                self.look_up_message(channel, pages, parcel, until).await
            }
            Effect::DirectMessage { person, message } => {
                match self.open_direct_message(person, until).await {
                    Ok(channel) => {
                        let pages = self.pages(message).len();
                        self.look_up_message(&channel, pages, parcel, until).await
                    }
                    Err(error) => classify::lookup(error, scopes(Method::ConversationsOpen)),
                }
            }
            Effect::CreateChannel {
                name,
                private,
                team,
                taken,
            } => match self.wanted_channel(name, *private, team.as_ref(), taken) {
                Ok(channel) => {
                    let kept = Place::kept(parcel.looked_to.as_ref());
                    let kept = kept.filter(|place| place.list != List::History);
                    let place = kept.unwrap_or(Place::start(List::Own(Name::Unknown)));
                    self.look_up_channel(&channel, place, parcel, until).await
                }
                // Without a workspace none was ever asked for.
                Err(_) => Lookup::Absent,
            },
            Effect::ShareFile { channel, file, .. } => {
                let mut stands = false;
                let began = history(parcel);
                let mut place = began.clone();
                let seen = self.read_history(channel, parcel, &mut place, until, |message, _| {
                    stands |= holds_file(message, file.as_str());
                    stands
                });
                match (seen.await, stands) {
                    (Err(error), _) => unread(error, &began, &place),
                    (Ok(()), true) => Lookup::Found(Answer::Nothing),
                    (Ok(()), false) => Lookup::Absent,
                }
            }
            Effect::UpdateMessage { .. }
            | Effect::Pin { .. }
            | Effect::Invite { .. }
            | Effect::SetTopic { .. }
            | Effect::Reply { .. }
            | Effect::Ephemeral { .. }
            | Effect::OpenForm { .. }
            | Effect::UpdateForm { .. }
            | Effect::StageFile { .. } => Lookup::Unreadable {
                code: "nothing_to_look_for".to_owned(),
            },
        }
    }

    /// A message is found when all of its pages are. Missing pages are posted by the next delivery.
    async fn look_up_message(
        &self,
        channel: &ChannelId,
        pages: usize,
        parcel: &Parcel,
        until: Instant,
    ) -> Lookup {
        let (mut posted, found_from) = match self.posted_pages(channel, parcel, until).await {
            Ok(found) => found,
            Err(look) => return look,
        };
        let count = posted.len();
        match (posted.remove(&0), found_from) {
            (Some(ts), _) if count >= pages => {
                Lookup::Found(Answer::Slack(slack_effect::Answer::Message {
                    channel: channel.clone(),
                    ts,
                }))
            }
            (_, Some(looked_to)) => Lookup::Partly { looked_to },
            (_, None) => Lookup::Absent,
        }
    }

    /// The pages of the parcel's message that are in a channel, and the place from which they were read.
    pub(super) async fn posted_pages(
        &self,
        channel: &ChannelId,
        parcel: &Parcel,
        until: Instant,
    ) -> Result<(PostedPages, Option<LookedTo>), Lookup> {
        let id = parcel.id.to_string();
        let mut posted = PostedPages::new();
        let mut found_from: Option<Place> = None;
        let began = history(parcel);
        let mut place = began.clone();
        let seen = self.read_history(channel, parcel, &mut place, until, |message, here| {
            if let Some((page, ts)) = marked_with(message, &id) {
                posted.insert(page, ts);
                found_from.get_or_insert_with(|| here.clone());
            }
            posted.contains_key(&0)
        });
        let seen = seen.await;
        if let Err(error) = seen {
            // The pages of one message stand together: they are found together, too.
            let reached = found_from.as_ref().unwrap_or(&place);
            return Err(unread(error, &began, reached));
        }
        let found_from = found_from.and_then(|place| place.restarted().keep());
        Ok((posted, found_from))
    }

    /// Reads a channel's history back from a place; stops when `enough`.
    async fn read_history(
        &self,
        channel: &ChannelId,
        parcel: &Parcel,
        place: &mut Place,
        until: Instant,
        mut enough: impl FnMut(&Value, &Place) -> bool,
    ) -> Result<(), CallError> {
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
        let method = Method::ConversationsHistory;
        let read = self.read_on(method, &params, place, until, |answer, here| {
            let messages = answer["messages"].as_array();
            let messages =
                messages.ok_or_else(|| CallError::Unknown("unreadable_answer".to_owned()))?;
            // All of a page is read, not up to the first hit: pages of one message stand together.
            let mut done = false;
            for message in messages {
                done |= enough(message, here);
            }
            Ok(done)
        });
        read.await
    }
}

/// Where a history is read on, or its front.
fn history(parcel: &Parcel) -> Place {
    let kept = Place::kept(parcel.looked_to.as_ref());
    let kept = kept.filter(|place| place.list == List::History);
    kept.unwrap_or_else(|| Place::start(List::History))
}

/// A history that could not be read to where it was to be read.
fn unread(error: CallError, began: &Place, reached: &Place) -> Lookup {
    interrupted(error, scopes(Method::ConversationsHistory), began, reached)
}

fn marked_with(message: &Value, id: &str) -> Option<(usize, MessageTs)> {
    let metadata = &message["metadata"];
    let payload = &metadata["event_payload"];
    if metadata["event_type"] != METADATA_EVENT_TYPE || payload["id"] != id {
        return None;
    }
    let page = payload["page"].as_str()?.parse().ok()?;
    let ts = MessageTs::new(message["ts"].as_str()?).ok()?;
    Some((page, ts))
}

fn holds_file(message: &Value, file: &str) -> bool {
    let files = message["files"].as_array().map_or(&[][..], Vec::as_slice);
    files.iter().any(|held| held["id"] == file)
}

/// The earlier of the last message that we knew and a minute before the first attempt; never more
/// than [`MAX_CLOCK_ERROR`] before that: a quiet channel's last message is weeks old.
fn back_to(last_known: Option<&str>, first_attempt: DateTime<Utc>) -> String {
    let by_clock = format!("{}.000000", (first_attempt - SKEW).timestamp());
    let Some(last_known) = last_known else {
        return by_clock;
    };
    let seconds = |ts: &str| {
        ts.split('.')
            .next()
            .and_then(|whole| whole.parse::<i64>().ok())
    };
    match (seconds(last_known), seconds(&by_clock)) {
        (Some(known), Some(clock)) if known < clock - MAX_CLOCK_ERROR.num_seconds() => {
            format!("{}.000000", clock - MAX_CLOCK_ERROR.num_seconds())
        }
        (Some(known), Some(clock)) if known < clock => last_known.to_owned(),
        _ => by_clock,
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
