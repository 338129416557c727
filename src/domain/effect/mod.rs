//! Something to do outside: one vocabulary for each provider, and what the ring asks of every effect.
//!
//! An effect holds what its courier needs and nothing else. Why it was decided, and so what its end
//! means, is its origin. A new effect fails to compile until it says its kind, its lane and what
//! repeating it means; a new provider, until all of its effects do.

pub mod github;
pub mod slack;
pub mod statuspage;

use super::ids::EffectId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use strum::{IntoEnumIterator, VariantNames};

/// An effect, in the vocabulary of its provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    Slack(slack::Effect),
    Github(github::Effect),
    Statuspage(statuspage::Effect),
}

pub trait Vocabulary: Sized {
    const PROVIDER: Provider;
    /// The effect, if it is this provider's.
    fn of(effect: &Effect) -> Option<&Self>;
}

/// Who carries an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Provider {
    Slack,
    Github,
    Statuspage,
}

/// What repeating an effect means, and so what follows when its result is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Nothing changes: it is done again.
    Harmless,
    /// A second one would show: it is looked up, and done only if it is absent.
    LookUpFirst,
    /// It can be neither repeated nor looked up: it ends uncertain.
    Never,
}

/// Which of the waiting effects goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A person waits, and the permission expires in seconds.
    Now = 0,
    InTurn = 1,
}

/// What the provider's answer holds that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Nothing,
    Slack(slack::Answer),
    Github(github::Answer),
}

impl Provider {
    pub const ALL: [Self; 3] = [Self::Slack, Self::Github, Self::Statuspage];

    /// The word in labels, lanes and pauses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Github => "github",
            Self::Statuspage => "statuspage",
        }
    }

    /// The kinds of its effects.
    pub fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::Slack => slack::Kind::VARIANTS,
            Self::Github => github::Kind::VARIANTS,
            Self::Statuspage => statuspage::Kind::VARIANTS,
        }
    }

    /// The priorities of its effects, each with the number of effects in progress at once in a
    /// process; `configured` is the operator's limit.
    pub fn slots(self, configured: usize) -> Vec<(Priority, usize)> {
        match self {
            Self::Slack => vec![(Priority::Now, 4), (Priority::InTurn, configured)],
            Self::Github | Self::Statuspage => vec![(Priority::InTurn, configured)],
        }
    }

    /// How long a claimed effect belongs to its process: the longest deadline of the provider's
    /// effects, and the time to settle it.
    pub fn lease(self) -> Duration {
        match self {
            Self::Slack | Self::Github | Self::Statuspage => Duration::from_secs(15),
        }
    }
}

impl Effect {
    /// Every kind of every provider; no two share a word.
    pub fn kinds() -> impl Iterator<Item = &'static str> {
        Provider::ALL.into_iter().flat_map(Provider::kinds).copied()
    }

    /// The kinds that say [`Repeat::Never`].
    pub fn kinds_that_cannot_be_looked_up() -> Vec<&'static str> {
        let slack = slack::Kind::iter().filter(|kind| kind.repeat() == Repeat::Never);
        let github = github::Kind::iter().filter(|kind| kind.repeat() == Repeat::Never);
        slack
            .map(Into::into)
            .chain(github.map(Into::into))
            .collect()
    }

    /// The word in the database, the logs and the metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Slack(effect) => slack::Kind::from(effect).into(),
            Self::Github(effect) => github::Kind::from(effect).into(),
            Self::Statuspage(effect) => statuspage::Kind::from(effect).into(),
        }
    }

    pub fn provider(&self) -> Provider {
        match self {
            Self::Slack(_) => Provider::Slack,
            Self::Github(_) => Provider::Github,
            Self::Statuspage(_) => Provider::Statuspage,
        }
    }

    pub fn repeat(&self) -> Repeat {
        match self {
            Self::Slack(effect) => effect.repeat(),
            Self::Github(effect) => effect.repeat(),
            Self::Statuspage(_) => Repeat::Harmless,
        }
    }

    /// The lane in which it waits: the oldest unfinished effect of a lane goes first. `id` makes the
    /// lane of what needs no order.
    pub fn lane(&self, id: EffectId) -> String {
        match self {
            Self::Slack(effect) => effect.lane(id),
            Self::Github(effect) => effect.lane(id),
            Self::Statuspage(effect) => effect.lane(),
        }
    }

    pub fn priority(&self) -> Priority {
        match self {
            Self::Slack(effect) => effect.priority(),
            Self::Github(_) | Self::Statuspage(_) => Priority::InTurn,
        }
    }

    /// How long the whole exchange may take: the clients have no limit of their own.
    pub fn deadline(&self) -> Duration {
        match self {
            Self::Slack(_) | Self::Github(_) | Self::Statuspage(_) => Duration::from_secs(8),
        }
    }

    /// Until when it is of use; `None`: without a limit.
    pub fn not_after(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Slack(effect) => effect.not_after(),
            Self::Github(_) | Self::Statuspage(_) => None,
        }
    }

    /// Waiting effects with the same key are one. An effect that has a key shows state: its content
    /// is completed by its area when it is delivered.
    pub fn coalesce_key(&self) -> Option<String> {
        match self {
            Self::Slack(effect) => effect.coalesce_key(),
            Self::Github(effect) => effect.coalesce_key(),
            Self::Statuspage(effect) => Some(effect.lane()),
        }
    }

    /// The state that a completed effect shows, if an equal one that is surely shown is not sent again.
    pub fn state(&self) -> Option<&'static str> {
        match self {
            Self::Statuspage(statuspage::Effect::UpdateComponent { status, .. }) => {
                status.map(statuspage::ComponentStatus::as_str)
            }
            Self::Slack(_) | Self::Github(_) => None,
        }
    }
}

impl From<slack::Effect> for Effect {
    fn from(effect: slack::Effect) -> Self {
        Self::Slack(effect)
    }
}

impl From<github::Effect> for Effect {
    fn from(effect: github::Effect) -> Self {
        Self::Github(effect)
    }
}

impl From<statuspage::Effect> for Effect {
    fn from(effect: statuspage::Effect) -> Self {
        Self::Statuspage(effect)
    }
}

impl Answer {
    /// The newest point in its lane that is known after it: a lookup goes back to there.
    pub fn mark(&self) -> Option<&str> {
        match self {
            Self::Slack(slack::Answer::Message { ts, .. }) => Some(ts.as_str()),
            Self::Slack(slack::Answer::Channel { .. } | slack::Answer::File { .. })
            | Self::Github(_)
            | Self::Nothing => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_kinds_share_a_word() {
        let kinds: Vec<&str> = Effect::kinds().collect();
        let different: std::collections::BTreeSet<&str> = Effect::kinds().collect();
        assert_eq!(kinds.len(), different.len());
    }
}
