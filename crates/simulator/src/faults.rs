//! Faults on demand: what an outside party does on a bad day, chosen per method and channel.
//!
//! A rule is taken when a request matches and spends itself. What it means on the wire is done in
//! `server.rs`; here is only which request meets which fault. The first rule that matches wins.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// 429 with `Retry-After`; nothing is done.
    RateLimited {
        /// The seconds that `Retry-After` names.
        retry_after: u64,
    },
    /// This HTTP status; nothing is done.
    Status {
        /// 500, 503, …
        status: u16,
    },
    /// The thing is done, yet the answer is this HTTP status.
    DoneButStatus {
        /// 500, 502, …
        status: u16,
    },
    /// `ok: false` with this code; nothing is done.
    Code {
        /// Such as `is_archived` or `fatal_error`.
        code: String,
    },
    /// The connection is closed before anything is done.
    LoseRequest,
    /// The thing is done, then the connection is closed without an answer.
    LoseAnswer,
    /// Nothing is done until released; a caller who hangs up before that undoes it.
    HoldRequest,
    /// The thing is done at once and the answer held until released.
    HoldAnswer,
    /// The thing is done after a while, and then answered; also when the caller went away.
    Delay {
        /// Milliseconds of real time.
        millis: u64,
    },
    /// No answer, and the thing is done when the caller has hung up.
    DoneAfterHangUp,
}

/// Which requests meet a fault, and how often.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FaultRule {
    /// A Web API method, `response_url`, `upload`, `statuspage`, or `*` for all of them.
    pub method: String,
    /// Only calls about this channel (by id, or the user's id of a direct message).
    #[serde(default)]
    pub channel: Option<String>,
    /// How many requests meet it; `None` for all until it is lifted.
    #[serde(default)]
    pub times: Option<u32>,
    /// Only each n-th matching request (0 and 1: each one).
    #[serde(default)]
    pub every: u32,
    /// What happens to them.
    pub fault: Fault,
}

impl FaultRule {
    /// A fault that the next call of `method` meets, once.
    pub fn once(method: &str, fault: Fault) -> Self {
        Self {
            method: method.to_owned(),
            channel: None,
            times: Some(1),
            every: 1,
            fault,
        }
    }

    /// The same, met `times` times.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// The same, met until it is lifted.
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// The same, for calls about one channel only.
    pub fn in_channel(mut self, channel: &str) -> Self {
        self.channel = Some(channel.to_owned());
        self
    }

    /// The same, met by each n-th matching call only.
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

    /// How often a rule was met; 0 once it was lifted.
    pub(crate) fn met(&self, id: u64) -> u32 {
        self.live.iter().find(|l| l.id == id).map_or(0, |l| l.met)
    }

    pub(crate) fn take(&mut self, method: &str, channel: Option<&str>) -> Option<Fault> {
        for live in &mut self.live {
            let rule = &live.rule;
            let fits = (rule.method == "*" || rule.method == method)
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
