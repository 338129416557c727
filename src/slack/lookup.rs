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

use super::call_error::CallError;
use super::courier::{SlackCourier, scopes};
use crate::courier::{Lookup, Parcel};
use crate::domain::looked_to::LookedTo;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// So many requests and no more are made for one lookup: an endless list is not read without a limit.
const MOST_REQUESTS: u16 = 1_000;
/// The longest cursor that is kept, in bytes; with the place's other words it fits [`LookedTo`].
const LONGEST_CURSOR: usize = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// A channel's messages, the newest first.
    History,
    /// The channels that the bot is in: those that it created, as long as it is not removed.
    Own,
    /// The same, when Slack has said that the name is taken: by this incident's channel or by another
    /// one.
    OwnTaken,
    /// All channels that the bot sees; read only for a name that is taken.
    All,
}

impl List {
    const EACH: [(Self, &'static str); 4] = [
        (Self::History, "history"),
        (Self::Own, "own"),
        (Self::OwnTaken, "own-taken"),
        (Self::All, "all"),
    ];
}

/// How far a lookup has read. Holds a cursor of Slack's: not to be printed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) list: List,
    requests: u16,
    cursor: Option<String>,
    /// Whether it has read on from where it began.
    has_read: bool,
}

impl Place {
    pub(super) fn start(list: List) -> Self {
        Self {
            list,
            requests: 0,
            cursor: None,
            has_read: false,
        }
    }

    /// Where the lookup before has stopped, or the front of a list.
    pub(super) fn of(parcel: &Parcel, first: List) -> Self {
        let kept = Self::kept(parcel.looked_to.as_ref());
        let is_history = |list| list == List::History;
        kept.filter(|kept| is_history(kept.list) == is_history(first))
            .unwrap_or_else(|| Self::start(first))
    }

    fn kept(looked_to: Option<&LookedTo>) -> Option<Self> {
        let mut parts = looked_to?.as_str().splitn(3, ':');
        let (word, requests, cursor) = (parts.next()?, parts.next()?, parts.next()?);
        let (list, _) = List::EACH.into_iter().find(|(_, named)| *named == word)?;
        Some(Self {
            requests: requests.parse().ok()?,
            cursor: (!cursor.is_empty()).then(|| cursor.to_owned()),
            ..Self::start(list)
        })
    }

    pub(super) fn keep(&self) -> Option<LookedTo> {
        let named = List::EACH.into_iter().find(|(list, _)| *list == self.list);
        let cursor = self.cursor.as_deref().unwrap_or_default();
        LookedTo::new(format!("{}:{}:{cursor}", named?.1, self.requests))
    }

    /// The front of another list, as a part of the same lookup.
    pub(super) fn move_to(&mut self, list: List) {
        let requests = self.requests;
        *self = Self {
            requests,
            has_read: true,
            ..Self::start(list)
        };
    }

    /// The same place as the beginning of another lookup.
    pub(super) fn restarted(self) -> Self {
        Self {
            requests: 0,
            ..self
        }
    }

    fn read_on(&mut self, cursor: Option<String>) {
        self.requests += 1;
        self.cursor = cursor;
        self.has_read = true;
    }

    /// The result of a lookup that an error interrupted here. When it has read anything, it is
    /// unfinished, unless the error is permanent.
    pub(super) fn interrupted(&self, error: CallError, method: &str) -> Lookup {
        let kept = self.keep().filter(|_| self.has_read);
        match (error.lookup(scopes(&[method])), kept) {
            (
                Lookup::Failed {
                    code,
                    after,
                    pauses,
                },
                Some(looked_to),
            ) => Lookup::Unfinished {
                looked_to,
                after: after.unwrap_or(Duration::ZERO),
                code,
                pauses,
            },
            (lookup, _) => lookup,
        }
    }
}

impl SlackCourier {
    /// Reads on from a place, page by page, until `enough` or the end. The place is left at the page
    /// that was enough, or that could not be read.
    pub(super) async fn read_on(
        &self,
        method: &'static str,
        params: &[(&str, String)],
        place: &mut Place,
        until: Instant,
        mut enough: impl FnMut(&Value, &Place) -> Result<bool, CallError>,
    ) -> Result<(), CallError> {
        loop {
            if place.requests >= MOST_REQUESTS {
                let too_long = match place.list {
                    List::History => "too_far_back",
                    List::Own | List::OwnTaken | List::All => "too_many_channels",
                };
                return Err(CallError::Api(too_long.to_owned()));
            }
            let mut asked = params.to_vec();
            asked.extend(place.cursor.clone().map(|cursor| ("cursor", cursor)));
            let answer = match self.client.get(method, &asked, until).await {
                // Slack forgets cursors.
                Err(CallError::Api(code)) if code == "invalid_cursor" && place.cursor.is_some() => {
                    place.read_on(None);
                    continue;
                }
                answered => answered?,
            };
            if enough(&answer, place)? {
                return Ok(());
            }
            match next_cursor(&answer)? {
                Some(cursor) => place.read_on(Some(cursor)),
                None => return Ok(()),
            }
        }
    }
}

fn next_cursor(answer: &Value) -> Result<Option<String>, CallError> {
    match answer["response_metadata"]["next_cursor"].as_str() {
        None | Some("") => Ok(None),
        Some(cursor) if cursor.len() > LONGEST_CURSOR => Err(CallError::unreadable()),
        Some(cursor) => Ok(Some(cursor.to_owned())),
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
                    requests: 21,
                    cursor,
                    ..Place::start(list)
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
            requests: MOST_REQUESTS,
            cursor,
            ..Place::start(List::OwnTaken)
        };
        assert!(place.keep().is_some());
    }
}
