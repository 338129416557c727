//! Lists that are longer than one exchange: read page by page, and from where the last lookup stopped.
//!
//! Slack allows 20 requests a minute for the list of all channels, 50 for the bot's own channels and
//! for a history, and an exchange has 8 s. So a lookup says how far it has read, the row keeps that
//! ([`LookedTo`]), and the next exchange goes on from there, in this process or in another one.
//!
//! The bound is [`MOST_REQUESTS`] requests for one lookup, however many exchanges they take: 999,000
//! channels (archived ones count) in 50 minutes at 20 a minute, or 200,000 messages in 20 minutes at
//! 50. 25,000 channels are 26 requests, a good minute. Beyond the bound the lookup gives up: what was
//! not read says nothing, and the effect ends `uncertain`.

use super::classify;
use super::client::CallError;
use super::courier::SlackCourier;
use super::methods::Method;
use crate::courier::Lookup;
use crate::domain::looked_to::LookedTo;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// So many requests and no more are made for one lookup: an endless list is not read without a limit.
const MOST_REQUESTS: u16 = 1_000;
/// The longest cursor that is kept, in bytes; with the place's other words it fits [`LookedTo`].
const LONGEST_CURSOR: usize = 1_000;
/// Our own code for more channels than are read.
const TOO_MANY_CHANNELS: &str = "too_many_channels";
/// Our own code for a history that goes on further than it is read.
const TOO_FAR_BACK: &str = "too_far_back";

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// A channel's messages, the newest first.
    History,
    /// The channels that the bot is in: those that it created, as long as it is not removed.
    Own(Name),
    /// All channels that the bot sees; read only for a name that is taken.
    All,
}

/// What is known of the name of a channel that is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Unknown,
    /// Slack has said that it is taken: by this incident's channel or by another one.
    Taken,
}

impl List {
    const EACH: [(Self, &'static str); 4] = [
        (Self::History, "history"),
        (Self::Own(Name::Unknown), "own"),
        (Self::Own(Name::Taken), "own-taken"),
        (Self::All, "all"),
    ];

    fn as_str(self) -> &'static str {
        let named = Self::EACH.into_iter().find(|(list, _)| *list == self);
        named.map_or("", |(_, word)| word)
    }

    fn too_long(self) -> &'static str {
        match self {
            Self::History => TOO_FAR_BACK,
            Self::Own(_) | Self::All => TOO_MANY_CHANNELS,
        }
    }
}

/// How far a lookup has read. Holds a cursor of Slack's: not to be printed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) list: List,
    requests: u16,
    cursor: Option<String>,
}

impl Place {
    pub(super) fn start(list: List) -> Self {
        Self {
            list,
            requests: 0,
            cursor: None,
        }
    }

    /// Where the lookup before has stopped, if there was one.
    pub(super) fn kept(looked_to: Option<&LookedTo>) -> Option<Self> {
        let mut parts = looked_to?.as_str().splitn(3, ':');
        let (word, requests, cursor) = (parts.next()?, parts.next()?, parts.next()?);
        let (list, _) = List::EACH.into_iter().find(|(_, named)| *named == word)?;
        Some(Self {
            list,
            requests: requests.parse().ok()?,
            cursor: (!cursor.is_empty()).then(|| cursor.to_owned()),
        })
    }

    pub(super) fn keep(&self) -> Option<LookedTo> {
        let cursor = self.cursor.as_deref().unwrap_or_default();
        LookedTo::new(format!("{}:{}:{cursor}", self.list.as_str(), self.requests))
    }

    /// The front of another list, as a part of the same lookup.
    pub(super) fn move_to(&mut self, list: List) {
        self.list = list;
        self.cursor = None;
    }

    /// The same place as the beginning of another lookup.
    pub(super) fn restarted(&self) -> Self {
        Self {
            requests: 0,
            ..self.clone()
        }
    }
}

impl SlackCourier {
    /// Reads on from a place, page by page, until `enough` or the end. The place is left at the page
    /// that was enough, or that could not be read.
    pub(super) async fn read_on(
        &self,
        method: Method,
        params: &[(&str, String)],
        place: &mut Place,
        until: Instant,
        mut enough: impl FnMut(&Value, &Place) -> Result<bool, CallError>,
    ) -> Result<(), CallError> {
        loop {
            if place.requests >= MOST_REQUESTS {
                return Err(CallError::Api(place.list.too_long().to_owned()));
            }
            let mut asked = params.to_vec();
            asked.extend(place.cursor.clone().map(|cursor| ("cursor", cursor)));
            let answer = match self.client.get(method, &asked, until).await {
                // Slack forgets cursors.
                Err(CallError::Api(code)) if code == "invalid_cursor" && place.cursor.is_some() => {
                    place.requests += 1;
                    place.cursor = None;
                    continue;
                }
                answered => answered?,
            };
            if enough(&answer, place)? {
                return Ok(());
            }
            let Some(cursor) = next_cursor(&answer)? else {
                return Ok(());
            };
            place.requests += 1;
            place.cursor = Some(cursor);
        }
    }
}

fn next_cursor(answer: &Value) -> Result<Option<String>, CallError> {
    match answer["response_metadata"]["next_cursor"].as_str() {
        None | Some("") => Ok(None),
        Some(cursor) if cursor.len() > LONGEST_CURSOR => {
            Err(CallError::Unknown("unreadable_answer".to_owned()))
        }
        Some(cursor) => Ok(Some(cursor.to_owned())),
    }
}

/// The result of a lookup that was interrupted at a place. When it has read anything, it is unfinished,
/// unless the error is permanent.
pub(super) fn interrupted(
    error: CallError,
    pauses: Vec<String>,
    began: &Place,
    reached: &Place,
) -> Lookup {
    match (classify::lookup(error, pauses), reached.keep()) {
        (
            Lookup::Failed {
                code,
                after,
                pauses,
            },
            Some(looked_to),
        ) if reached != began => Lookup::Unfinished {
            looked_to,
            after: after.unwrap_or(Duration::ZERO),
            code,
            pauses,
        },
        (look, _) => look,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_place_is_kept_whole_and_what_is_no_place_is_none() {
        for (list, _) in List::EACH {
            for cursor in [None, Some("dGVhbTpDMDYxRkE1UEI=:a".to_owned())] {
                let place = Place {
                    list,
                    requests: 21,
                    cursor,
                };
                let kept = place.keep();
                assert!(Place::kept(kept.as_ref()) == Some(place), "{list:?}");
            }
        }
        for odd in ["", "all", "all:1", "all:x:c", "none:1:c", "all:70000:c"] {
            let odd = LookedTo::new(odd);
            assert!(Place::kept(odd.as_ref()).is_none(), "{odd:?}");
        }
        assert!(Place::kept(None).is_none());
    }

    #[test]
    fn a_cursor_has_a_bound_and_every_cursor_within_it_is_kept() {
        let answer = |length| json!({"response_metadata": {"next_cursor": "x".repeat(length)}});
        assert_eq!(next_cursor(&answer(0)), Ok(None));
        assert!(next_cursor(&answer(LONGEST_CURSOR + 1)).is_err());
        let cursor = next_cursor(&answer(LONGEST_CURSOR)).unwrap();
        let place = Place {
            list: List::Own(Name::Taken),
            requests: MOST_REQUESTS,
            cursor,
        };
        assert!(place.keep().is_some());
    }
}
