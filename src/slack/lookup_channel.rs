//! Finds out whether a channel that an attempt may have created is there.
//!
//! It is ours when the bot created it, with that name, since the first attempt, and no incident has
//! it. The bot is in what it created, so it is looked up among the bot's own channels, which are few.
//! A channel from which the bot was removed is not among them: asking for it again tells, because
//! names are unique. Only when the name is taken then are all channels read, to know whose it is. How
//! long these lists may be: see `lookup`.

use super::courier::SlackCourier;
use super::deliver::channel_answer;
use super::lookup::{List, Place};
use super::reconcile::SKEW;
use crate::courier::{Lookup, Parcel};
use crate::domain::ids::{ChannelId, TeamId};
use serde_json::Value;
use tokio::time::Instant;

/// The largest page of a list that Slack gives.
const PAGE: &str = "999";

/// A channel that an attempt may have created.
#[derive(Debug)]
pub(super) struct WantedChannel<'a> {
    pub(super) name: &'a str,
    pub(super) private: bool,
    /// The workspace, where a call must name it.
    pub(super) team: Option<TeamId>,
    /// Channels that have an owner and are never adopted.
    pub(super) taken: &'a [ChannelId],
}

impl SlackCourier {
    pub(super) async fn look_up_channel(
        &self,
        wanted: &WantedChannel<'_>,
        parcel: &Parcel,
        until: Instant,
    ) -> Result<Lookup, Lookup> {
        let identity = self.identity_until(until).await;
        // Without the bot's identity nothing is known about the channel, whatever the reason.
        let identity = identity.map_err(|error| match error.lookup(Vec::new()) {
            Lookup::Unreadable { code } => Lookup::Failed {
                code,
                after: None,
                pauses: Vec::new(),
            },
            failed => failed,
        })?;
        let us = identity.user_id.as_str();
        let params = params(wanted);
        let mut place = Place::of(parcel, List::Own);
        loop {
            let method = match place.list {
                List::Own | List::OwnTaken => "users.conversations",
                List::All | List::History => "conversations.list",
            };
            let mut found = None;
            let seen = self.read_on(method, &params, &mut place, until, |answer, _| {
                let mut channels = answer["channels"].as_array().into_iter().flatten();
                found = channels
                    .find(|channel| channel["name"] == wanted.name)
                    .cloned();
                Ok(found.is_some())
            });
            let seen = seen.await;
            seen.map_err(|error| place.interrupted(error, method))?;
            if let Some(channel) = &found
                && is_ours(channel, us, wanted, parcel)
                && let Some(answer) = channel_answer(channel, wanted.name)
            {
                return Ok(Lookup::Found(answer));
            }
            return Ok(match place.list {
                List::Own if found.is_some() => Lookup::Absent,
                // It is asked for again; should its name be taken then, it is looked for from here.
                List::Own => {
                    let taken = Place::start(List::OwnTaken).keep();
                    taken.map_or(Lookup::Absent, |looked_to| Lookup::Partly { looked_to })
                }
                // Of private channels the bot sees its own only.
                List::OwnTaken if found.is_none() && !wanted.private => {
                    place.move_to(List::All);
                    continue;
                }
                List::OwnTaken | List::All | List::History => Lookup::Refused {
                    code: "name_taken".to_owned(),
                },
            });
        }
    }
}

fn params(wanted: &WantedChannel<'_>) -> Vec<(&'static str, String)> {
    let kind = match wanted.private {
        true => "private_channel",
        false => "public_channel",
    };
    let mut params = vec![
        ("types", kind.to_owned()),
        // An archived one is no incident's to come.
        ("exclude_archived", "true".to_owned()),
        ("limit", PAGE.to_owned()),
    ];
    let team = wanted.team.as_ref();
    params.extend(team.map(|team| ("team_id", team.to_string())));
    params
}

fn is_ours(channel: &Value, us: &str, wanted: &WantedChannel<'_>, parcel: &Parcel) -> bool {
    let made_by_us = channel["creator"] == us;
    let made_at = channel["created"].as_i64().unwrap_or_default();
    let new_enough = made_at >= (parcel.first_attempt_at - SKEW).timestamp();
    let mut taken = wanted.taken.iter();
    let free = !taken.any(|taken| channel["id"] == taken.as_str());
    made_by_us && new_enough && free
}
