//! The moments that this area waits for.

use super::super::decision::TimerChange;
use super::super::rules::{GithubAccess, Rules};
use chrono::{DateTime, Utc};
use strum::{EnumString, IntoStaticStr, VariantNames};

#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Timer {
    /// Always set: webhooks that GitHub could not deliver are asked for.
    FailedDeliveries,
    /// Always set: runs without news are asked for.
    OverdueRuns,
}

impl Timer {
    /// Those that are always set. A token reads runs, but deliveries are read by an App only.
    pub fn standing(rules: &Rules) -> &'static [Self] {
        match rules.github.access {
            GithubAccess::None => &[],
            GithubAccess::Token => &[Self::OverdueRuns],
            GithubAccess::App => &[Self::FailedDeliveries, Self::OverdueRuns],
        }
    }

    /// A timer that is always set is due then.
    pub(super) fn next(self, due: DateTime<Utc>) -> TimerChange {
        TimerChange {
            area: "ci",
            owner: TimerChange::ALWAYS.to_owned(),
            name: self.into(),
            due: Some(due),
        }
    }
}
