//! Quota: the primary limit an hour, and the secondary limits a minute.
//!
//! Counted by installation, App, person or address, and by resource. A refused request of the primary
//! limit does not count; one of a secondary limit does. `/rate_limit` and 304 are free.

use std::collections::{BTreeMap, HashMap, VecDeque};

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::accounts::Holder;
use super::call::{Answer, Call, Outcome};
use super::endpoint::Endpoint;
use super::permissions::{Caller, Needs};
use super::refusal::Refusal;
use crate::state::Moment;

pub(crate) const ENDPOINTS: &[Endpoint] = &[Endpoint::get(
    "rate-limit/get",
    "/rate_limit",
    Needs::Nothing,
    overview,
)];

/// GitHub's limits. Those of github.com, unless a test changes them.
#[derive(Clone, Debug)]
pub struct GitHubLimits {
    /// Requests an hour of an installation or a person.
    pub hourly: u64,
    /// Whether points a minute, created contents and concurrent requests are limited too.
    pub secondary: bool,
    /// 403 or 429: GitHub uses both.
    pub status: u16,
    /// Whether a secondary limit names `retry-after`.
    pub retry_after: bool,
}

impl Default for GitHubLimits {
    fn default() -> Self {
        Self {
            hourly: 5000,
            secondary: false,
            status: 403,
            retry_after: true,
        }
    }
}

#[derive(Clone)]
struct Hour {
    ends: Moment,
    used: u64,
    limit: u64,
}

#[derive(Default)]
pub(crate) struct Quota {
    pub(crate) limits: GitHubLimits,
    hours: BTreeMap<(String, String), Hour>,
    points: HashMap<String, VecDeque<(Moment, u64)>>,
    created: HashMap<String, VecDeque<(Moment, u64)>>,
}

/// The state of the quota in the headers of a response.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) limit: u64,
    pub(crate) used: u64,
    pub(crate) reset: i64,
    pub(crate) resource: &'static str,
}

impl Seen {
    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        vec![
            ("x-ratelimit-limit", self.limit.to_string()),
            (
                "x-ratelimit-remaining",
                self.limit.saturating_sub(self.used).to_string(),
            ),
            ("x-ratelimit-used", self.used.to_string()),
            ("x-ratelimit-reset", self.reset.to_string()),
            ("x-ratelimit-resource", self.resource.to_owned()),
        ]
    }

    fn json(&self) -> Value {
        json!({"limit": self.limit, "used": self.used, "reset": self.reset,
               "remaining": self.limit.saturating_sub(self.used)})
    }
}

/// Whose quota a request uses.
pub(crate) fn key(caller: &Caller) -> String {
    match caller {
        Caller::Anonymous => "address".to_owned(),
        Caller::App => "app".to_owned(),
        Caller::Token {
            holder: Holder::Installation(id),
            ..
        } => format!("installation:{id}"),
        Caller::Token {
            holder: Holder::Person(login),
            ..
        } => format!("person:{login}"),
    }
}

/// The sum of the last `seconds`, after the entries before them are removed.
fn recent(seen: &mut VecDeque<(Moment, u64)>, now: Moment, seconds: i64) -> u64 {
    let start = now - TimeDelta::seconds(seconds);
    while seen
        .front()
        .is_some_and(|(at, _)| *at < now - TimeDelta::hours(1))
    {
        seen.pop_front();
    }
    seen.iter()
        .filter(|(at, _)| *at > start)
        .map(|(_, n)| n)
        .sum()
}

/// The most requests at a time, of all callers together.
const MOST_AT_ONCE: usize = 100;

impl Quota {
    fn hour(&mut self, key: &str, resource: &'static str, now: Moment) -> &mut Hour {
        let limit = match (resource, key) {
            ("search", _) => 30,
            (_, "address") => 60,
            _ => self.limits.hourly,
        };
        let length = if resource == "search" {
            TimeDelta::minutes(1)
        } else {
            TimeDelta::hours(1)
        };
        let entry = (key.to_owned(), resource.to_owned());
        let hour = self.hours.entry(entry).or_insert(Hour {
            ends: now + length,
            used: 0,
            limit,
        });
        if hour.ends <= now {
            *hour = Hour {
                ends: now + length,
                used: 0,
                limit,
            };
        }
        hour
    }

    pub(crate) fn seen(&mut self, key: &str, resource: &'static str, now: Moment) -> Seen {
        let hour = self.hour(key, resource, now);
        Seen {
            limit: hour.limit,
            used: hour.used,
            reset: hour.ends.timestamp(),
            resource,
        }
    }

    /// Sets what is left, for tests of the primary limit.
    pub(crate) fn set(&mut self, key: &str, remaining: u64, resets: Moment, now: Moment) {
        let hour = self.hour(key, "core", now);
        hour.used = hour.limit.saturating_sub(remaining);
        hour.ends = resets;
    }

    /// Counts a request, or refuses it.
    pub(crate) fn admit(
        &mut self,
        key: &str,
        resource: &'static str,
        verb: &str,
        creates: bool,
        at_once: usize,
        now: Moment,
    ) -> Result<(), Refusal> {
        let limits = self.limits.clone();
        let status = StatusCode::from_u16(limits.status).unwrap_or(StatusCode::FORBIDDEN);
        let hour = self.hour(key, resource, now);
        if hour.used >= hour.limit {
            let words = format!("API rate limit exceeded for {}.", key.replace(':', " ID "));
            return Err(Refusal::new(status, &words));
        }
        hour.used += 1;
        if !limits.secondary {
            return Ok(());
        }
        let wait = limits.retry_after.then_some(60);
        let points = self.points.entry(key.to_owned()).or_default();
        points.push_back((now, if verb == "GET" { 1 } else { 5 }));
        let much = recent(points, now, 60) > 900;
        let created = self.created.entry(key.to_owned()).or_default();
        if creates {
            created.push_back((now, 1));
        }
        if at_once > MOST_AT_ONCE
            || much
            || recent(created, now, 60) > 80
            || recent(created, now, 3600) > 500
        {
            return Err(Refusal::secondary_limit(status, wait));
        }
        Ok(())
    }

    /// Takes a request back: a 304 is free.
    pub(crate) fn refund(&mut self, key: &str, resource: &'static str, now: Moment) {
        let hour = self.hour(key, resource, now);
        hour.used = hour.used.saturating_sub(1);
    }
}

fn overview(call: &mut Call<'_>) -> Outcome {
    let key = key(&call.caller);
    let core = call.state.quota.seen(&key, "core", call.now).json();
    let search = call.state.quota.seen(&key, "search", call.now).json();
    Ok(Answer::ok(
        json!({"rate": core, "resources": {"core": core, "search": search}}),
    ))
}
