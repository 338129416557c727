//! Faults, by method and channel.
//!
//! This file decides which request has which fault: the first rule that matches applies. `server.rs`
//! implements them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// 429 with `Retry-After`, in seconds; the request has no effect.
    RateLimited { retry_after: u64 },
    /// An HTTP status; the request has no effect.
    Status { status: u16 },
    /// The request has its effect, but the response has this HTTP status.
    DoneButStatus { status: u16 },
    /// 403 or 429 with `x-ratelimit-remaining: 0`, until `reset_after` seconds from now. GitHub's.
    QuotaSpent { status: u16, reset_after: u64 },
    /// 403 or 429 that names a secondary rate limit, with or without `retry-after`. GitHub's.
    SecondaryLimit {
        status: u16,
        retry_after: Option<u64>,
    },
    /// An HTTP status with a message, in the form of the provider; the request has no effect.
    Refused { status: u16, message: String },
    /// `ok: false` with this code, such as `is_archived`; the request has no effect.
    Code { code: String },
    /// The connection is closed; the request has no effect.
    LoseRequest,
    /// The request has its effect, and the connection is closed without a response.
    LoseAnswer,
    /// The request waits until `release`. It has no effect if the caller disconnects before.
    HoldRequest,
    /// The request has its effect, and the response waits until `release`.
    HoldAnswer,
    /// The request has its effect after a delay in real time, also if the caller has disconnected.
    Delay { millis: u64 },
    /// There is no response, and the request has its effect after the caller has disconnected.
    DoneAfterHangUp,
}

/// A fault, its requests, and how often it occurs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FaultRule {
    /// A Web API method, `response_url`, `upload`, `statuspage`, `github/` with the id of an endpoint,
    /// `github/storage`, `github/webhooks/{event}`; `*` for all, and `github/*` for all of those.
    pub method: String,
    /// Only requests for this channel: its id, or the user id of a direct message. For GitHub, the
    /// repository: `owner/name`.
    #[serde(default)]
    pub channel: Option<String>,
    /// The number of requests; `None` for all until it is lifted.
    #[serde(default)]
    pub times: Option<u32>,
    /// Only each n-th matching request; 0 and 1 mean each one.
    #[serde(default)]
    pub every: u32,
    pub fault: Fault,
}

impl FaultRule {
    /// A fault of the next call of `method`.
    pub fn once(method: &str, fault: Fault) -> Self {
        Self {
            method: method.to_owned(),
            channel: None,
            times: Some(1),
            every: 1,
            fault,
        }
    }

    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    pub fn in_channel(mut self, channel: &str) -> Self {
        self.channel = Some(channel.to_owned());
        self
    }

    /// Only requests for this repository.
    pub fn in_repository(self, name: &str) -> Self {
        self.in_channel(name)
    }

    pub fn every(mut self, nth: u32) -> Self {
        self.every = nth;
        self
    }
}

struct Live {
    id: u64,
    rule: FaultRule,
    matched: u32,
    met: u32,
}

#[derive(Default)]
pub(crate) struct Faults {
    live: Vec<Live>,
    last: u64,
}

impl Faults {
    pub(crate) fn add(&mut self, rule: FaultRule) -> u64 {
        self.last += 1;
        self.live.push(Live {
            id: self.last,
            rule,
            matched: 0,
            met: 0,
        });
        self.last
    }

    pub(crate) fn lift(&mut self, id: u64) {
        self.live.retain(|l| l.id != id);
    }

    pub(crate) fn lift_all(&mut self) {
        self.live.clear();
    }

    /// How often a rule was applied; 0 after it was lifted.
    pub(crate) fn met(&self, id: u64) -> u32 {
        self.live.iter().find(|l| l.id == id).map_or(0, |l| l.met)
    }

    pub(crate) fn take(&mut self, method: &str, channel: Option<&str>) -> Option<Fault> {
        for live in &mut self.live {
            let rule = &live.rule;
            let fits = named(&rule.method, method)
                && (rule.channel.is_none() || rule.channel.as_deref() == channel);
            if !fits || rule.times.is_some_and(|times| live.met >= times) {
                continue;
            }
            live.matched += 1;
            if !live.matched.is_multiple_of(rule.every.max(1)) {
                continue;
            }
            live.met += 1;
            return Some(rule.fault.clone());
        }
        None
    }
}

/// Whether a rule's method names this one. A `*` at the end matches any rest.
fn named(rule: &str, method: &str) -> bool {
    let all = rule.strip_suffix('*');
    all.map_or(rule == method, |start| method.starts_with(start))
}

pub(crate) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_meets_exactly_the_calls_it_names() {
        let mut faults = Faults::default();
        let id = faults.add(
            FaultRule::once("m", Fault::LoseAnswer)
                .times(2)
                .in_channel("C1"),
        );
        faults.add(FaultRule::once("e", Fault::LoseRequest).always().every(3));
        faults.add(FaultRule::once("g/*", Fault::LoseRequest).always());
        let cases = [
            ("m", Some("C2"), false),
            ("other", Some("C1"), false),
            ("m", Some("C1"), true),
            ("m", Some("C1"), true),
            ("m", Some("C1"), false),
            ("e", None, false),
            ("e", None, false),
            ("e", None, true),
            ("e", None, false),
            ("g/a", None, true),
            ("g/b", None, true),
            ("ga", None, false),
        ];
        for (method, channel, hit) in cases {
            assert_eq!(
                faults.take(method, channel).is_some(),
                hit,
                "{method} {channel:?}"
            );
        }
        assert_eq!(faults.met(id), 2);
    }
}
