//! The identities that the domain speaks of, as types of their own.
//!
//! A user's id is never a channel's: each id is a newtype with a checking constructor, so that a
//! mix-up fails to compile. Ids that come from a provider are opaque text; ours are UUIDs.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// An id was empty, too long, or held a character that no id has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id: it must be 1 to 255 printable characters without spaces")]
pub struct BadId;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and wraps the provider's text: 1 to 255 printable ASCII characters, no space.
            pub fn new(text: impl Into<String>) -> Result<Self, BadId> {
                let text = text.into();
                let fits = (1..=255).contains(&text.len());
                if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
                    Ok(Self(text))
                } else {
                    Err(BadId)
                }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

macro_rules! own_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

text_id!(
    /// A person in Slack (`U…` or `W…`).
    UserId
);
text_id!(
    /// A conversation in Slack: a public or private channel or a direct message (`C…`, `G…`, `D…`).
    ChannelId
);
text_id!(
    /// A workspace in Slack (`T…`).
    TeamId
);
text_id!(
    /// A message's timestamp, which is its id within its channel (`1700000000.000100`).
    MessageTs
);
text_id!(
    /// A file in Slack (`F…`).
    FileId
);
text_id!(
    /// An open modal (`V…`).
    ViewId
);

own_id!(
    /// A row of the inbox.
    SignalId
);
own_id!(
    /// A row of the outbox: uuid v5 of its signal and ordinal, so that the same decision made
    /// again makes the same effects.
    EffectId
);
own_id!(IncidentId);

impl EffectId {
    /// The id of a signal's `ordinal`-th effect, which is of this kind: a corrected decoder may decide
    /// something else, and that must not be taken for what was done before.
    pub fn of(signal: SignalId, ordinal: usize, kind: &str) -> Self {
        Self(Uuid::new_v5(
            &signal.0,
            format!("{ordinal} {kind}").as_bytes(),
        ))
    }
}

impl IncidentId {
    /// The incident that a signal declares: one signal can never declare two.
    pub fn declared_by(signal: SignalId) -> Self {
        Self(Uuid::new_v5(&signal.0, b"incident"))
    }
}

/// Who did something: a person in Slack, a caller of the API, or the bot itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Actor {
    /// A person in Slack.
    Person(UserId),
    /// A caller of `/api/v1`, by the name that the body gave; has an admin's rights.
    Api(String),
    /// The bot, when a timer or a provider's answer led to it.
    Wardroom,
}

impl Actor {
    /// The person, if it is one.
    pub fn person(&self) -> Option<&UserId> {
        match self {
            Self::Person(id) => Some(id),
            Self::Api(_) | Self::Wardroom => None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => id.fmt(f),
            Self::Api(name) => write!(f, "api:{name}"),
            Self::Wardroom => f.write_str("wardroom"),
        }
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> String {
        actor.to_string()
    }
}

impl TryFrom<String> for Actor {
    type Error = BadId;
    fn try_from(text: String) -> Result<Self, BadId> {
        if let Some(name) = text.strip_prefix("api:") {
            return Ok(Self::Api(name.to_owned()));
        }
        if text == "wardroom" {
            return Ok(Self::Wardroom);
        }
        UserId::new(text).map(Self::Person)
    }
}

/// Whose workspace a person is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Membership {
    /// Ours, or another one of our organisation.
    #[default]
    Ours,
    /// A partner's: they share a channel with us.
    Outsider,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_never_empty_and_never_holds_a_space() {
        for bad in ["", " ", "U 1", "U\n1", "Ü1"] {
            assert!(UserId::new(bad).is_err(), "{bad:?} was taken");
        }
        assert!(UserId::new("U024BE7LH").is_ok());
        assert!(UserId::new("x".repeat(256)).is_err());
    }

    #[test]
    fn the_same_signal_and_ordinal_make_the_same_effect() {
        let signal = SignalId(Uuid::new_v4());
        assert_eq!(
            EffectId::of(signal, 3, "pin"),
            EffectId::of(signal, 3, "pin")
        );
        assert_ne!(
            EffectId::of(signal, 3, "pin"),
            EffectId::of(signal, 4, "pin")
        );
        assert_ne!(
            EffectId::of(signal, 3, "pin"),
            EffectId::of(signal, 3, "reply")
        );
    }

    #[test]
    fn an_actor_survives_the_way_to_the_database_and_back() {
        let person = UserId::new("U1").map(Actor::Person);
        for actor in [
            person.unwrap(),
            Actor::Api("ci bot".into()),
            Actor::Wardroom,
        ] {
            assert_eq!(Actor::try_from(actor.to_string()), Ok(actor));
        }
    }
}
