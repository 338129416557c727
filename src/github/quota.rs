//! What is left of the hourly quotas, as GitHub's answers say.
//!
//! Each installation has one, and each resource. A figure of a quota whose hour has ended is not used.

use super::call_error::header;
use crate::http_client::Answer;
use crate::telemetry::metrics::Metrics;
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// With fewer left, an operator is warned.
const LOW: u32 = 100;
const CORE: &str = "core";
/// The resources that GitHub names; of any other one it is not known what its figures mean.
const RESOURCES: [&str; 4] = [CORE, "search", "graphql", "code_search"];

#[derive(Clone, Copy)]
struct Left {
    requests: u32,
    until: DateTime<Utc>,
}

pub(super) struct Quotas {
    metrics: Arc<Metrics>,
    /// By the scope of the calls and the resource.
    left: Mutex<HashMap<(String, &'static str), Left>>,
}

impl Quotas {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            metrics,
            left: Mutex::default(),
        }
    }

    /// Takes the figures of an answer to a call in this scope.
    pub(super) fn note(&self, scope: &str, answer: &Answer, now: DateTime<Utc>) {
        let number = |name: &str| -> Option<i64> { header(answer, name)?.trim().parse().ok() };
        let resource = header(answer, "x-ratelimit-resource").unwrap_or(CORE);
        let resource = RESOURCES.into_iter().find(|known| *known == resource);
        let requests = number("x-ratelimit-remaining").and_then(|left| u32::try_from(left).ok());
        let until = number("x-ratelimit-reset").and_then(|at| DateTime::from_timestamp(at, 0));
        let (Some(resource), Some(requests), Some(until)) = (resource, requests, until) else {
            return;
        };
        let mut all = self.left();
        let key = (scope.to_owned(), resource);
        let before = all.insert(key, Left { requests, until });
        let was_low = before.is_some_and(|before| before.until > now && before.requests < LOW);
        if requests < LOW && !was_low {
            tracing::warn!(resource, requests, %until, "little is left of GitHub's quota");
        }
        let of_resource = all.iter().filter(|((_, other), _)| *other == resource);
        let present = of_resource.filter(|(_, left)| left.until > now);
        let least = present.map(|(_, left)| left.requests).min();
        let least = f64::from(least.unwrap_or(requests));
        self.metrics.github_rate_limit.set([resource], least);
    }

    /// What is left for calls in this scope; `None`: it is not known.
    pub(super) fn left_for(&self, scope: &str, now: DateTime<Utc>) -> Option<u32> {
        let left = self.left().get(&(scope.to_owned(), CORE)).copied();
        left.filter(|left| left.until > now)
            .map(|left| left.requests)
    }

    /// When the hour of a quota ends, if fewer requests than `least` are left of it.
    pub(super) fn reset_if_below(
        &self,
        scope: &str,
        least: u32,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let left = self.left().get(&(scope.to_owned(), CORE)).copied();
        let left = left.filter(|left| left.until > now && left.requests < least);
        left.map(|left| left.until)
    }

    /// A warning for an operator, while little is left of any quota.
    pub(super) fn warning(&self, now: DateTime<Utc>) -> Option<String> {
        let all = self.left();
        let present = all.iter().filter(|(_, left)| left.until > now);
        let low = present.filter(|(_, left)| left.requests < LOW);
        let ((_, resource), left) = low.min_by_key(|(_, left)| left.requests)?;
        let until = left.until.format("%H:%M UTC");
        Some(format!(
            "{} requests of the quota `{resource}` are left until {until}",
            left.requests
        ))
    }

    fn left(&self) -> MutexGuard<'_, HashMap<(String, &'static str), Left>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
