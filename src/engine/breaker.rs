//! A provider that does not answer must not hold every worker.
//!
//! After ten failures in a row a pause is written for the whole provider, which every replica
//! obeys; each failure after that pause doubles the next. One answer of any kind ends the row.

use crate::domain::effect::Provider;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So many failures in a row, none of them answered, open the breaker.
const FAILURES: u32 = 10;
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The failures in a row, by provider, as this process sees them.
#[derive(Debug, Default)]
pub(super) struct Breakers {
    in_a_row: Mutex<BTreeMap<Provider, u32>>,
}

impl Breakers {
    /// The provider answered, whatever it said.
    pub(super) fn answered(&self, provider: Provider) {
        self.rows().remove(&provider);
    }

    /// The provider did not answer: how long to leave it alone, if that was one too many.
    pub(super) fn failed(&self, provider: Provider) -> Option<Duration> {
        let mut rows = self.rows();
        let failures = rows.entry(provider).or_insert(0);
        *failures = failures.saturating_add(1);
        let beyond = failures.checked_sub(FAILURES)?;
        Some((FIRST_PAUSE * 2_u32.saturating_pow(beyond.min(8))).min(LONGEST_PAUSE))
    }

    fn rows(&self) -> std::sync::MutexGuard<'_, BTreeMap<Provider, u32>> {
        self.in_a_row.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_failures_in_a_row_open_it_and_one_answer_closes_it() {
        let breakers = Breakers::default();
        for _ in 1..FAILURES {
            assert_eq!(breakers.failed(Provider::Slack), None);
        }
        assert_eq!(breakers.failed(Provider::Slack), Some(FIRST_PAUSE));
        assert_eq!(breakers.failed(Provider::Slack), Some(FIRST_PAUSE * 2));
        assert_eq!(breakers.failed(Provider::Statuspage), None);
        breakers.answered(Provider::Slack);
        assert_eq!(breakers.failed(Provider::Slack), None);
    }
}
