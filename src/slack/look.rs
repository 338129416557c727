//! Finds out whether an uncertain effect had happened.
//!
//! Our messages carry the effect's id; a room is ours when we made it, with that name, since the
//! first attempt, and no incident has it; a file stands where its id does. History is read from
//! the newest back to the last message that we knew, or a minute before the first attempt,
//! whichever is earlier: neither our clock nor our notes are trusted alone.

use super::classify;
use super::client::Trouble;
use super::courier::{Room, SlackCourier, scopes};
use super::deliver::{MARK, room_of};
use super::methods::Method;
use crate::courier::{Look, Outcome, Parcel};
use crate::domain::effect::Answer;
use crate::domain::effect::slack::{self as said_by_slack, Effect};
use crate::domain::ids::{ChannelId, MessageTs};
use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::time::Instant;

/// How far Slack's clock may be behind ours.
const SKEW: Duration = Duration::seconds(60);
/// How far our clock may be wrong: the last known message tells, as long as it is so young.
const ASTRAY: Duration = Duration::minutes(10);
/// A page of history, as Slack advises.
const PAGE: &str = "200";
/// Newest first: what we look for is seconds old. 2,000 messages in those seconds do not happen.
const PAGES: usize = 10;
/// Rooms come in no order that helps, so all of them are read.
const ROOM_PAGES: usize = 50;

/// The pages of a message that stand in its room, by their numbers.
pub(super) type Standing = BTreeMap<usize, MessageTs>;

impl SlackCourier {
    pub(super) async fn look_until(
        &self,
        effect: &Effect,
        parcel: &Parcel,
        until: Instant,
    ) -> Look {
        match effect {
            Effect::PostMessage { channel, message } => {
                let pages = self.pages(message).len();
                self.look_for_message(channel, pages, parcel, until).await
            }
            Effect::DirectMessage { person, message } => {
                match self.direct_room(person, until).await {
                    Ok(room) => {
                        let pages = self.pages(message).len();
                        self.look_for_message(&room, pages, parcel, until).await
                    }
                    Err(trouble) => classify::look(trouble, scopes(Method::ConversationsOpen)),
                }
            }
            Effect::CreateChannel {
                name,
                private,
                team,
                taken,
            } => match self.room(name, *private, team.as_ref(), taken) {
                Ok(room) => self.look_for_room(&room, parcel, until).await,
                // Without a workspace none was ever asked for.
                Err(_) => Look::Absent,
            },
            Effect::ShareFile { channel, file, .. } => {
                let mut stands = false;
                let seen = self.read_back(channel, parcel, until, |message| {
                    stands |= holds_file(message, file.as_str());
                    stands
                });
                match (seen.await, stands) {
                    (Err(trouble), _) => unread(trouble),
                    (Ok(()), true) => Look::Found(Answer::Nothing),
                    (Ok(()), false) => Look::Absent,
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
            | Effect::StageFile { .. } => Look::Unreadable {
                code: "nothing_to_look_for".to_owned(),
            },
        }
    }

    /// A message is found when all of its pages stand; what is missing is posted when it is
    /// delivered again.
    async fn look_for_message(
        &self,
        room: &ChannelId,
        pages: usize,
        parcel: &Parcel,
        until: Instant,
    ) -> Look {
        match self.standing(room, parcel, until).await {
            Ok(mut standing) => match standing.remove(&0) {
                Some(ts) if standing.len() + 1 >= pages => {
                    Look::Found(Answer::Slack(said_by_slack::Answer::Message {
                        channel: room.clone(),
                        ts,
                    }))
                }
                _ => Look::Absent,
            },
            Err(look) => look,
        }
    }

    /// Which pages of the parcel's message stand in a room.
    pub(super) async fn standing(
        &self,
        room: &ChannelId,
        parcel: &Parcel,
        until: Instant,
    ) -> Result<Standing, Look> {
        let id = parcel.id.to_string();
        let mut standing = Standing::new();
        let seen = self.read_back(room, parcel, until, |message| {
            if let Some((page, ts)) = marked_with(message, &id) {
                standing.insert(page, ts);
            }
            standing.contains_key(&0)
        });
        seen.await.map_err(unread)?;
        Ok(standing)
    }

    /// Reads a room's history from the newest back; stops when `enough`.
    async fn read_back(
        &self,
        room: &ChannelId,
        parcel: &Parcel,
        until: Instant,
        mut enough: impl FnMut(&Value) -> bool,
    ) -> Result<(), Trouble> {
        let mut params = vec![
            ("channel", room.to_string()),
            (
                "oldest",
                back_to(parcel.mark.as_deref(), parcel.first_attempt_at),
            ),
            ("inclusive", "true".to_owned()),
            ("limit", PAGE.to_owned()),
            ("include_all_metadata", "true".to_owned()),
        ];
        for _ in 0..PAGES {
            let answer = self
                .client
                .get(Method::ConversationsHistory, &params, until)
                .await?;
            let messages = answer["messages"].as_array();
            let messages =
                messages.ok_or_else(|| Trouble::Unknown("unreadable_answer".to_owned()))?;
            // All of a page is read, not up to the first hit: pages of one message stand together.
            let mut done = false;
            for message in messages {
                done |= enough(message);
            }
            if done {
                return Ok(());
            }
            match next_cursor(&answer) {
                Some(cursor) => turn_page(&mut params, cursor),
                None => return Ok(()),
            }
        }
        // Nobody read to the end: that it was not seen says nothing.
        Err(Trouble::Api(TOO_FAR_BACK.to_owned()))
    }

    /// The room that an attempt of ours may have made.
    pub(super) async fn look_for_room(
        &self,
        wanted: &Room<'_>,
        parcel: &Parcel,
        until: Instant,
    ) -> Look {
        let name = wanted.name;
        let us = match self.known(until).await {
            Ok(identity) => identity.user_id.to_string(),
            Err(
                Outcome::Later {
                    after,
                    code,
                    pauses,
                }
                | Outcome::Partly {
                    after,
                    code,
                    pauses,
                },
            ) => {
                let after = Some(after);
                return Look::Failed {
                    code,
                    after,
                    pauses,
                };
            }
            Err(
                Outcome::Failed { code }
                | Outcome::Unauthorized { code }
                | Outcome::ServerError { code }
                | Outcome::Refused { code }
                | Outcome::Uncertain { code },
            ) => {
                return Look::Failed {
                    code,
                    after: None,
                    pauses: Vec::new(),
                };
            }
            Err(Outcome::Done(_)) => return Look::Absent,
        };
        let kind = if wanted.private {
            "private_channel"
        } else {
            "public_channel"
        };
        let mut params = vec![
            ("types", kind.to_owned()),
            // An archived one is no incident's to come.
            ("exclude_archived", "true".to_owned()),
            ("limit", "1000".to_owned()),
        ];
        if let Some(team) = &wanted.team {
            params.push(("team_id", team.to_string()));
        }
        for _ in 0..ROOM_PAGES {
            let asked = self
                .client
                .get(Method::ConversationsList, &params, until)
                .await;
            let answer = match asked {
                Ok(answer) => answer,
                Err(trouble) => {
                    return classify::look(trouble, scopes(Method::ConversationsList));
                }
            };
            let rooms = answer["channels"].as_array().map_or(&[][..], Vec::as_slice);
            if let Some(room) = rooms.iter().find(|room| room["name"] == name) {
                return match room_of(room, name) {
                    Some(found) if is_ours(room, &us, wanted, parcel) => Look::Found(found),
                    _ => Look::Absent,
                };
            }
            match next_cursor(&answer) {
                Some(cursor) => turn_page(&mut params, cursor),
                None => return Look::Absent,
            }
        }
        // Nobody read to the end: that it was not seen says nothing.
        Look::Unreadable {
            code: TOO_MANY_ROOMS.to_owned(),
        }
    }
}

/// Our own code for more rooms than we read.
const TOO_MANY_ROOMS: &str = "too_many_rooms";
/// Our own code for a history that goes on further than we read.
pub(super) const TOO_FAR_BACK: &str = "too_far_back";

/// A history that could not be read.
fn unread(trouble: Trouble) -> Look {
    classify::look(trouble, scopes(Method::ConversationsHistory))
}

fn is_ours(room: &Value, us: &str, wanted: &Room<'_>, parcel: &Parcel) -> bool {
    let made_by_us = room["creator"] == us;
    let made_at = room["created"].as_i64().unwrap_or_default();
    let new_enough = made_at >= (parcel.first_attempt_at - SKEW).timestamp();
    let mut taken = wanted.taken.iter();
    let free = !taken.any(|taken| room["id"] == taken.as_str());
    made_by_us && new_enough && free
}

fn marked_with(message: &Value, id: &str) -> Option<(usize, MessageTs)> {
    let metadata = &message["metadata"];
    let payload = &metadata["event_payload"];
    if metadata["event_type"] != MARK || payload["id"] != id {
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

fn next_cursor(answer: &Value) -> Option<String> {
    let cursor = answer["response_metadata"]["next_cursor"].as_str()?;
    (!cursor.is_empty()).then(|| cursor.to_owned())
}

fn turn_page(params: &mut Vec<(&str, String)>, cursor: String) {
    params.retain(|(name, _)| *name != "cursor");
    params.push(("cursor", cursor));
}

/// The earlier of the last message that we knew and a minute before the first attempt; never more
/// than [`ASTRAY`] before that: a quiet room's last message is weeks old.
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
        (Some(known), Some(clock)) if known < clock - ASTRAY.num_seconds() => {
            format!("{}.000000", clock - ASTRAY.num_seconds())
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
    fn a_look_goes_back_to_the_earlier_of_the_clock_and_the_last_known_message() {
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
    fn only_our_mark_with_this_effects_id_counts() {
        let message = |kind: &str, id: &str, page: Value| json!({"ts": "1.2", "metadata": {"event_type": kind, "event_payload": {"id": id, "page": page}}});
        assert!(marked_with(&message(MARK, "a", json!("1")), "a").is_some());
        for odd in [
            message(MARK, "b", json!("0")),
            message("other", "a", json!("0")),
            message(MARK, "a", json!({"deep": [1]})),
            json!({"ts": "1.2"}),
            json!(7),
        ] {
            assert_eq!(marked_with(&odd, "a"), None, "{odd}");
        }
    }
}
