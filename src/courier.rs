//! How the engine reaches a provider.
//!
//! A courier makes one exchange and reports what is known afterwards. It does not retry, wait or use
//! the store: the engine does, so that it holds for every replica and survives a restart. A courier
//! sees the effects of its own provider only.

use crate::domain::effect::{Answer, Effect, Provider, Vocabulary};
use crate::domain::ids::EffectId;
use crate::domain::looked_to::LookedTo;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::time::Duration;

/// What a courier is told beside the effect.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// The outbox row's id. It travels with a message, so that the message can be found.
    pub id: EffectId,
    /// When the first attempt was made; a lookup goes back no further than a minute before.
    pub first_attempt_at: DateTime<Utc>,
    /// The newest mark of an answer in the lane: a lookup goes back to there.
    pub mark: Option<String>,
    /// Whether an earlier attempt may have happened.
    pub after_uncertain: bool,
    /// How far the lookup before this one got, or where its existing parts were found.
    pub looked_to: Option<LookedTo>,
    /// When a message was meant, if it comes so late that its readers must know.
    pub delayed_from: Option<DateTime<Utc>>,
    pub now: DateTime<Utc>,
    /// How long the whole exchange may take.
    pub deadline: Duration,
}

/// What is known after an exchange. A code is the provider's own, such as `is_archived`, or says what
/// failed on the way, such as `timeout`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Done(Answer),
    /// No, and asking again does not help.
    Refused {
        code: String,
    },
    /// Not now. Not counted as an attempt.
    Later {
        /// The provider's Retry-After.
        after: Duration,
        /// The scopes that must wait, such as `slack:chat.postMessage:C1`.
        pauses: Vec<String>,
        code: String,
    },
    /// A part of it is done, or an earlier attempt may have done it, and no more can be done or known
    /// now. Not counted as an attempt; it is looked up before anything is sent.
    Partly {
        /// The provider's Retry-After; zero when it gave none.
        after: Duration,
        pauses: Vec<String>,
        code: String,
        /// How far it is looked up already.
        looked_to: Option<LookedTo>,
    },
    /// Surely not done, because it was never sent.
    Failed {
        code: String,
    },
    /// Surely not done: the provider answers, and does not accept our credentials.
    Unauthorized {
        code: String,
    },
    /// Perhaps done, and nothing is in progress any more: the provider answered that it failed.
    ServerError {
        code: String,
    },
    /// Perhaps done, and perhaps still in progress: there is no answer, or one that says nothing.
    Uncertain {
        code: String,
    },
    /// It ended so without the provider's doing: here, or at an address that is not the provider's. A failure
    /// is charged to the effect, and never taken for an outage of the provider.
    Elsewhere {
        outcome: Box<Outcome>,
        /// Whether the provider had answered before.
        answered: bool,
    },
}

impl Outcome {
    /// The code of an outcome that is not done.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Done(_) => None,
            Self::Refused { code }
            | Self::Later { code, .. }
            | Self::Partly { code, .. }
            | Self::Failed { code }
            | Self::Unauthorized { code }
            | Self::ServerError { code }
            | Self::Uncertain { code } => Some(code),
            Self::Elsewhere { outcome, .. } => outcome.code(),
        }
    }
}

/// What a lookup found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    Found(Answer),
    Absent,
    /// Not all of it was found: what is missing is sent, and the parts that exist, or may, are found from here.
    Partly {
        looked_to: LookedTo,
    },
    /// It had not, and it cannot: another one has its name.
    Refused {
        /// Such as `name_taken`.
        code: String,
    },
    /// More is to be read than one exchange holds. This one has read on, so it counts as no attempt:
    /// a lookup that reads nothing is [`Lookup::Failed`].
    Unfinished {
        looked_to: LookedTo,
        /// The provider's Retry-After; zero when it gave none.
        after: Duration,
        /// What ended this exchange, such as `timeout`, `ratelimited`.
        code: String,
        /// What else must wait as long.
        pauses: Vec<String>,
    },
    /// This place cannot be read, now or ever.
    Unreadable {
        code: String,
    },
    /// It could not be looked up now.
    Failed {
        code: String,
        /// The provider's Retry-After, if it gave one.
        after: Option<Duration>,
        /// The scopes that must wait as long.
        pauses: Vec<String>,
    },
}

/// The code of a lookup for an effect that needs none.
pub const NOTHING_TO_LOOK_UP: &str = "nothing_to_look_up";

/// Carries effects to one provider.
#[async_trait]
pub trait Courier: Send + Sync {
    type Effect: Vocabulary + Sync;

    /// The only kinds that it carries; `None`: all of its provider's.
    fn only(&self) -> Option<&'static [&'static str]> {
        None
    }

    /// Whether the provider is healthy after this outcome; `None`: the outcome does not say, as a refusal and a
    /// rate limit, and all that a courier of some kinds only does.
    fn is_healthy(&self, outcome: &Outcome) -> Option<bool> {
        match outcome {
            _ if self.only().is_some() => None,
            Outcome::Done(_) => Some(true),
            Outcome::Refused { .. }
            | Outcome::Later { .. }
            | Outcome::Partly { .. }
            | Outcome::Elsewhere { .. } => None,
            Outcome::Failed { .. }
            | Outcome::Unauthorized { .. }
            | Outcome::ServerError { .. }
            | Outcome::Uncertain { .. } => Some(false),
        }
    }

    /// What an operator must know though the provider is healthy, such as a quota of which little is left.
    fn warning(&self, _now: DateTime<Utc>) -> Option<String> {
        None
    }

    /// The scopes whose pauses hold this effect back, such as `slack:chat.postMessage` and
    /// `slack:chat.postMessage:C1`.
    fn pause_scopes(&self, effect: &Self::Effect) -> Vec<String>;

    /// The scopes whose pauses hold back a lookup for this effect.
    fn reconcile_scopes(&self, _effect: &Self::Effect) -> Vec<String> {
        Vec::new()
    }

    /// Makes the exchange, once, within the parcel's deadline.
    async fn deliver(&self, effect: &Self::Effect, parcel: &Parcel) -> Outcome;

    /// Finds out whether an uncertain effect happened. Only for those that say `LookUpFirst`.
    async fn reconcile(&self, _effect: &Self::Effect, _parcel: &Parcel) -> Lookup {
        Lookup::Unreadable {
            code: NOTHING_TO_LOOK_UP.to_owned(),
        }
    }
}

/// A courier of any provider, as the engine holds it; every [`Courier`] is one.
#[async_trait]
pub trait AnyCourier: Send + Sync {
    fn provider(&self) -> Provider;
    fn only(&self) -> Option<&'static [&'static str]>;
    fn is_healthy(&self, outcome: &Outcome) -> Option<bool>;
    fn warning(&self, now: DateTime<Utc>) -> Option<String>;
    fn pause_scopes(&self, effect: &Effect) -> Vec<String>;
    fn reconcile_scopes(&self, effect: &Effect) -> Vec<String>;
    async fn deliver(&self, effect: &Effect, parcel: &Parcel) -> Outcome;
    async fn reconcile(&self, effect: &Effect, parcel: &Parcel) -> Lookup;
}

/// Another provider's effect is never claimed for a courier; the answer keeps it from repeating.
const NOT_ITS_OWN: &str = "not_an_effect_of_this_provider";

#[async_trait]
impl<C: Courier> AnyCourier for C {
    fn provider(&self) -> Provider {
        C::Effect::PROVIDER
    }

    fn only(&self) -> Option<&'static [&'static str]> {
        Courier::only(self)
    }

    fn is_healthy(&self, outcome: &Outcome) -> Option<bool> {
        Courier::is_healthy(self, outcome)
    }

    fn warning(&self, now: DateTime<Utc>) -> Option<String> {
        Courier::warning(self, now)
    }

    fn pause_scopes(&self, effect: &Effect) -> Vec<String> {
        let own = C::Effect::of(effect);
        own.map_or_else(Vec::new, |effect| Courier::pause_scopes(self, effect))
    }

    fn reconcile_scopes(&self, effect: &Effect) -> Vec<String> {
        let own = C::Effect::of(effect);
        own.map_or_else(Vec::new, |effect| Courier::reconcile_scopes(self, effect))
    }

    async fn deliver(&self, effect: &Effect, parcel: &Parcel) -> Outcome {
        let code = NOT_ITS_OWN.to_owned();
        match C::Effect::of(effect) {
            Some(effect) => Courier::deliver(self, effect, parcel).await,
            None => Outcome::Refused { code },
        }
    }

    async fn reconcile(&self, effect: &Effect, parcel: &Parcel) -> Lookup {
        let code = NOT_ITS_OWN.to_owned();
        match C::Effect::of(effect) {
            Some(effect) => Courier::reconcile(self, effect, parcel).await,
            None => Lookup::Unreadable { code },
        }
    }
}
