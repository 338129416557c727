//! A provider that does not answer gets no requests, and nothing is charged to the effects that wait.
//!
//! After ten failures in a row the provider counts as down: that is a row of `pauses`, which every
//! replica obeys and a restart finds again. This file keeps what this process has seen: the
//! failures that lead there, and when there was an answer, which is what an attempt is charged by.

use crate::domain::effect::Provider;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many failures in a row, none of them answered, and the provider is down.
const FAILURES: u32 = 10;

/// The state of a provider, as far as this process knows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Standing {
    failures: u32,
    /// The last answer of any kind.
    pub(super) answered_at: Option<DateTime<Utc>>,
    /// Whether it is down for all replicas.
    pub(super) down: bool,
}

#[derive(Debug, Default)]
pub(super) struct Breakers {
    standings: Mutex<BTreeMap<Provider, Standing>>,
}

impl Breakers {
    pub(super) fn standing(&self, provider: Provider) -> Standing {
        *self.standings().entry(provider).or_default()
    }

    /// The provider answered, whatever it said. Gives whether it was down until now.
    pub(super) fn answered(&self, provider: Provider, now: DateTime<Utc>) -> bool {
        let answered = Standing {
            failures: 0,
            answered_at: Some(now),
            down: false,
        };
        let before = self.standings().insert(provider, answered);
        before.is_some_and(|before| before.down)
    }

    /// The provider did not answer. Gives whether it is down by that.
    pub(super) fn failed(&self, provider: Provider) -> bool {
        let mut standings = self.standings();
        let standing = standings.entry(provider).or_default();
        standing.failures = standing.failures.saturating_add(1);
        standing.down |= standing.failures >= FAILURES;
        standing.down
    }

    /// What the database says, which knows of all processes.
    pub(super) fn seen(&self, provider: Provider, down: bool) {
        let mut standings = self.standings();
        let standing = standings.entry(provider).or_default();
        if standing.down && !down {
            standing.failures = 0;
        }
        standing.down = down;
    }

    fn standings(&self) -> MutexGuard<'_, BTreeMap<Provider, Standing>> {
        let standings = self.standings.lock();
        standings.unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_failures_in_a_row_take_it_down_and_one_answer_brings_it_back() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let breakers = Breakers::default();
        for _ in 1..FAILURES {
            assert!(!breakers.failed(Provider::Slack));
        }
        assert!(breakers.failed(Provider::Slack));
        assert!(breakers.failed(Provider::Slack));
        assert!(!breakers.failed(Provider::Statuspage));
        assert!(breakers.answered(Provider::Slack, now), "it was down");
        assert!(!breakers.answered(Provider::Slack, now));
        assert!(!breakers.failed(Provider::Slack));
        assert_eq!(breakers.standing(Provider::Slack).answered_at, Some(now));
    }

    #[test]
    fn what_another_process_saw_counts_here_too() {
        let breakers = Breakers::default();
        breakers.seen(Provider::Slack, true);
        assert!(breakers.failed(Provider::Slack), "one failure is enough");
        breakers.seen(Provider::Slack, false);
        assert!(!breakers.failed(Provider::Slack), "the count begins anew");
    }
}
