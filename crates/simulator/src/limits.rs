//! Slack's rate limits: tiers by method and minute, and one message a second in a channel.
//!
//! Calls are counted by token and method over the last minute of the workspace's clock. A refused call
//! does not count.

use std::collections::{HashMap, VecDeque};

use super::state::Moment;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tier {
    Two,
    Three,
    Four,
    /// `auth.test`, `chat.getPermalink`: hundreds a minute.
    Special,
    /// `chat.postMessage`: about one a second in each channel, and several hundred a minute.
    Posting,
}

impl Tier {
    fn per_minute(self) -> usize {
        match self {
            Self::Two => 20,
            Self::Three => 50,
            Self::Four => 100,
            Self::Special => 600,
            Self::Posting => 400,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limits {
    /// As Slack: tiers, and one message a second and channel after a short burst.
    Slack,
    Off,
}

/// The messages that a channel accepts before the limit of one a second applies.
const BURST: usize = 4;

#[derive(Default)]
pub(crate) struct RateLimiter {
    seen: HashMap<String, VecDeque<Moment>>,
}

impl RateLimiter {
    /// Counts a call, or returns the seconds to wait.
    pub(crate) fn admit(
        &mut self,
        tier: Tier,
        token: &str,
        method: &str,
        channel: Option<&str>,
        now: Moment,
    ) -> Result<(), u64> {
        if let (Tier::Posting, Some(channel)) = (tier, channel) {
            let key = format!("{token} {method} {channel}");
            let burst = BURST as i64;
            self.window(&key, BURST, burst * 1000, now)?;
            self.window(&format!("{token} {method}"), tier.per_minute(), 60_000, now)?;
            self.note(&key, now);
        } else {
            self.window(&format!("{token} {method}"), tier.per_minute(), 60_000, now)?;
        }
        self.note(&format!("{token} {method}"), now);
        Ok(())
    }

    /// One use of `key` a second, after `burst` uses.
    pub(crate) fn admit_paced(&mut self, key: &str, burst: usize, now: Moment) -> Result<(), u64> {
        self.window(key, burst, burst as i64 * 1000, now)?;
        self.note(key, now);
        Ok(())
    }

    fn window(&mut self, key: &str, most: usize, millis: i64, now: Moment) -> Result<(), u64> {
        let Some(times) = self.seen.get_mut(key) else {
            return Ok(());
        };
        let age = |t: &Moment| now.signed_duration_since(*t).num_milliseconds();
        while times.front().is_some_and(|t| age(t) >= millis) {
            times.pop_front();
        }
        match times.front() {
            Some(oldest) if times.len() >= most => {
                let left = (millis - age(oldest)).max(1);
                Err(u64::try_from(left).unwrap_or(1).div_ceil(1000).max(1))
            }
            _ => Ok(()),
        }
    }

    fn note(&mut self, key: &str, now: Moment) {
        self.seen.entry(key.to_owned()).or_default().push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeDelta, TimeZone, Utc};

    fn at(millis: i64) -> Moment {
        Utc.timestamp_millis_opt(1_700_000_000_000 + millis)
            .unwrap()
    }

    #[test]
    fn a_tier_holds_for_a_minute_and_then_lets_go() {
        for (tier, most) in [(Tier::Two, 20), (Tier::Three, 50), (Tier::Four, 100)] {
            let mut rate_limiter = RateLimiter::default();
            for _ in 0..most {
                assert_eq!(rate_limiter.admit(tier, "t", "m", None, at(0)), Ok(()));
            }
            assert_eq!(
                rate_limiter.admit(tier, "t", "m", None, at(10_000)),
                Err(50),
                "{tier:?}"
            );
            assert_eq!(rate_limiter.admit(tier, "other", "m", None, at(0)), Ok(()));
            assert_eq!(rate_limiter.admit(tier, "t", "m", None, at(60_000)), Ok(()));
        }
    }

    #[test]
    fn a_channel_takes_a_burst_then_about_one_a_second_and_others_do_not_wait() {
        let mut rate_limiter = RateLimiter::default();
        for _ in 0..BURST {
            assert_eq!(
                rate_limiter.admit(Tier::Posting, "t", "p", Some("C1"), at(0)),
                Ok(())
            );
        }
        let refused = rate_limiter.admit(Tier::Posting, "t", "p", Some("C1"), at(500));
        assert!(refused.is_err());
        assert_eq!(
            rate_limiter.admit(Tier::Posting, "t", "p", Some("C2"), at(500)),
            Ok(())
        );
        let wait = TimeDelta::seconds(i64::try_from(refused.unwrap_err()).unwrap());
        let later = at(500) + wait;
        assert_eq!(
            rate_limiter.admit(Tier::Posting, "t", "p", Some("C1"), later),
            Ok(())
        );
    }
}
