//! The one trait by which the engine reaches the outside.
//!
//! A courier makes one exchange and says truthfully what is known afterwards. It never retries,
//! never sleeps, and never touches the store: all of that is the engine's, so that it holds for
//! every replica and survives a restart.

use crate::domain::effect::{Effect, Provider};
use crate::domain::ids::{ChannelId, EffectId, MessageTs};
use crate::domain::signal::Answer;
use crate::domain::text::Message;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::time::Duration;

/// An effect on its way.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// The outbox row's id; travels with a message, so that it can be looked for.
    pub id: EffectId,
    /// What to do.
    pub effect: Effect,
    /// What is to be shown, for effects that are rendered when they are delivered.
    pub shown: Option<Shown>,
    /// When the first attempt was made; a look goes back no further than a minute before.
    pub first_attempt_at: DateTime<Utc>,
    /// The newest message of this room that we know of: a look goes back to there.
    pub last_known_ts: Option<MessageTs>,
    /// Whether an earlier attempt of ours may have happened.
    pub after_uncertain: bool,
    /// When a message was meant, if it comes so late that its readers must know.
    pub delayed_from: Option<DateTime<Utc>>,
    /// Rooms that belong to incidents already: a look for a room never adopts one of these.
    pub taken_rooms: Vec<ChannelId>,
    /// Now.
    pub now: DateTime<Utc>,
    /// How long the whole exchange may take.
    pub deadline: Duration,
}

/// State to show, as it is at delivery.
#[derive(Debug, Clone)]
pub enum Shown {
    /// A message of ours that stands, in its place.
    Message {
        /// Where.
        room: ChannelId,
        /// Which message.
        ts: MessageTs,
        /// How it is now.
        message: Message,
    },
    /// A component of the status page: the word for its state.
    Component {
        /// `operational`, `degraded_performance`, `partial_outage`, `major_outage`.
        status: &'static str,
    },
    /// There is nothing to show any more, or not yet.
    Nothing,
}

/// What is known after an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done(Answer),
    /// No, and asking again will not help. The code is the provider's own.
    Refused {
        /// Such as `is_archived`.
        code: String,
    },
    /// Not now: come back later. Not counted as an attempt.
    Later {
        /// The provider's Retry-After.
        after: Duration,
        /// What else must wait: scopes such as `slack:chat.postMessage:C1`.
        pauses: Vec<String>,
        /// Such as `ratelimited`.
        code: String,
    },
    /// A part of it stands, and the rest not now. Not counted as an attempt; what stands is looked
    /// for before the rest is sent.
    Partly {
        /// The provider's Retry-After.
        after: Duration,
        /// What else must wait.
        pauses: Vec<String>,
        /// Such as `ratelimited`.
        code: String,
    },
    /// Surely not done (never sent): try again.
    Failed {
        /// Such as `connect`.
        code: String,
    },
    /// Surely not done: the provider answers, and does not accept our credentials. Kept for new ones.
    Unauthorized {
        /// Such as `token_revoked`.
        code: String,
    },
    /// Perhaps done, and nothing is under way any more: the provider answered that it failed.
    ServerError {
        /// Such as `http_503`, `internal_error`.
        code: String,
    },
    /// Perhaps done, and perhaps still under way: sent, and no answer, or one that says nothing.
    Uncertain {
        /// Such as `timeout`, `http_504`.
        code: String,
    },
}

/// What a look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// It had happened.
    Found(Answer),
    /// It had not.
    Absent,
    /// This place cannot be read, now or ever.
    Unreadable {
        /// Such as `not_in_channel`.
        code: String,
    },
    /// Could not look now: try again.
    Failed {
        /// Such as `timeout`.
        code: String,
        /// The provider's Retry-After, if it gave one.
        after: Option<Duration>,
        /// What else must wait as long: every other look by that method.
        pauses: Vec<String>,
    },
}

/// Carries effects to one provider.
#[async_trait]
pub trait Courier: Send + Sync {
    /// To whom.
    fn provider(&self) -> Provider;

    /// The only kinds of its provider's effects that it carries; `None`: all of them.
    fn only(&self) -> Option<&'static [&'static str]> {
        None
    }

    /// The scopes whose pauses hold this effect back, such as `slack:chat.postMessage` and
    /// `slack:chat.postMessage:C1`.
    fn pause_scopes(&self, effect: &Effect) -> Vec<String>;

    /// The scopes whose pauses hold back a look for this effect.
    fn look_scopes(&self, effect: &Effect) -> Vec<String>;

    /// Makes the exchange, once, within the parcel's deadline.
    async fn deliver(&self, parcel: &Parcel) -> Outcome;

    /// Looks whether an uncertain effect had happened. Only for those that say `LookFirst`.
    async fn look(&self, parcel: &Parcel) -> Look;
}
