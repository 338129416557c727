//! Finds out whether a channel that an attempt may have created is there.
//!
//! It is ours when the bot created it, with that name, since the first attempt, and no incident has
//! it. The bot is in what it created, so it is looked up among the bot's own channels, which are few.
//! A channel from which the bot was removed is not among them: asking for it again tells, because
//! names are unique. Only when the name is taken then are all channels read, to know whose it is. How
//! long these lists may be: see `lookup`.

use super::courier::{SlackCourier, WantedChannel, scopes};
use super::deliver::channel_answer;
use super::lookup::{List, Name, Place, interrupted};
use super::methods::Method;
use super::reconcile::SKEW;
use crate::courier::{Lookup, Outcome, Parcel};
use serde_json::Value;
use tokio::time::Instant;

/// The largest page of a list that Slack gives.
const PAGE: &str = "999";

impl SlackCourier {
    /// The channel that an attempt of ours may have made, read on from a place.
    pub(super) async fn look_up_channel(
        &self,
        wanted: &WantedChannel<'_>,
        began: Place,
        parcel: &Parcel,
        until: Instant,
    ) -> Lookup {
        let us = match self.identity_until(until).await {
            Ok(identity) => identity.user_id.to_string(),
            Err(unknown) => return no_identity(unknown),
        };
        let params = params(wanted);
        let mut place = began.clone();
        loop {
            let (method, name) = match place.list {
                List::Own(name) => (Method::UsersConversations, name),
                List::All => (Method::ConversationsList, Name::Taken),
                List::History => return Lookup::Absent,
            };
            let mut found = None;
            let seen = self.read_on(method, &params, &mut place, until, |answer, _| {
                let channels = answer["channels"].as_array().map_or(&[][..], Vec::as_slice);
                let named = channels
                    .iter()
                    .find(|channel| channel["name"] == wanted.name);
                found = named.cloned();
                Ok(found.is_some())
            });
            if let Err(error) = seen.await {
                return interrupted(error, scopes(method), &began, &place);
            }
            if let Some(channel) = found {
                return match (channel_answer(&channel, wanted.name), name) {
                    (Some(found), _) if is_ours(&channel, &us, wanted, parcel) => {
                        Lookup::Found(found)
                    }
                    (_, Name::Unknown) => Lookup::Absent,
                    (_, Name::Taken) => name_taken(),
                };
            }
            match (place.list, name) {
                (_, Name::Unknown) => return ask_again(),
                // Of private channels the bot sees its own only.
                (List::Own(_), Name::Taken) if !wanted.private => place.move_to(List::All),
                (_, Name::Taken) => return name_taken(),
            }
        }
    }
}

/// It is asked for again; should its name be taken then, it is looked for from here.
fn ask_again() -> Lookup {
    let taken = Place::start(List::Own(Name::Taken)).keep();
    taken.map_or(Lookup::Absent, |looked_to| Lookup::Partly { looked_to })
}

fn name_taken() -> Lookup {
    Lookup::Refused {
        code: "name_taken".to_owned(),
    }
}

fn params(wanted: &WantedChannel<'_>) -> Vec<(&'static str, String)> {
    let kind = if wanted.private {
        "private_channel"
    } else {
        "public_channel"
    };
    let mut params = vec![
        ("types", kind.to_owned()),
        // An archived one is no incident's to come.
        ("exclude_archived", "true".to_owned()),
        ("limit", PAGE.to_owned()),
    ];
    params.extend(
        wanted
            .team
            .as_ref()
            .map(|team| ("team_id", team.to_string())),
    );
    params
}

/// `auth.test` failed.
fn no_identity(unknown: Outcome) -> Lookup {
    match unknown {
        Outcome::Later {
            after,
            code,
            pauses,
        }
        | Outcome::Partly {
            after,
            code,
            pauses,
            ..
        } => Lookup::Failed {
            code,
            after: Some(after),
            pauses,
        },
        Outcome::Failed { code }
        | Outcome::Unauthorized { code }
        | Outcome::ServerError { code }
        | Outcome::Refused { code }
        | Outcome::Uncertain { code } => Lookup::Failed {
            code,
            after: None,
            pauses: Vec::new(),
        },
        Outcome::Done(_) => Lookup::Absent,
    }
}

fn is_ours(channel: &Value, us: &str, wanted: &WantedChannel<'_>, parcel: &Parcel) -> bool {
    let made_by_us = channel["creator"] == us;
    let made_at = channel["created"].as_i64().unwrap_or_default();
    let new_enough = made_at >= (parcel.first_attempt_at - SKEW).timestamp();
    let mut taken = wanted.taken.iter();
    let free = !taken.any(|taken| channel["id"] == taken.as_str());
    made_by_us && new_enough && free
}
