//! The limit per client address: so many requests a minute, in this process.
//!
//! The one throttle that lives in a process and not in the database: it guards the database. An
//! address may spend its minute's worth at once and then earns requests back evenly (the generic
//! cell rate algorithm: one instant per address). Memory is bounded: when the table is full of busy
//! addresses, newcomers share one allowance.

use http::HeaderMap;
use ipnet::IpNet;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Addresses that are remembered; about 1 MB.
const MOST_ADDRESSES: usize = 10_000;
const MINUTE: Duration = Duration::from_secs(60);
/// Bytes of unsigned bodies that use up a minute's worth of requests: two and a half of the largest.
const BYTES_PER_MINUTE: u64 = 64 * 1024 * 1024;
/// A body counts for no more than this. No route reads a larger one.
const LARGEST: u64 = 25 * 1024 * 1024;
/// The entry that newcomers share while the table is full.
const NEWCOMERS: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// May it pass?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Yes.
    Pass,
    /// Not before so many seconds are over.
    Wait {
        /// For `Retry-After`.
        seconds: u64,
    },
}

/// Counts requests.
#[derive(Debug)]
pub(crate) struct Limiter {
    per_minute: u32,
    trusted: Vec<IpNet>,
    most: usize,
    /// When each address will have earned back everything that it spent.
    spent_until: Mutex<HashMap<IpAddr, Instant>>,
}

impl Limiter {
    /// So many a minute, 0: any number; `X-Forwarded-For` counts only from the `trusted` networks.
    pub(crate) fn new(per_minute: u32, trusted: Vec<IpNet>) -> Self {
        Self {
            per_minute,
            trusted,
            most: MOST_ADDRESSES,
            spent_until: Mutex::new(HashMap::new()),
        }
    }

    /// Who asks: the peer, or, behind trusted proxies, the nearest address that is not one of them.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        let lists: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            // A line that is no text is a hop that cannot be read, not a hop less.
            .map(|value| value.to_str().unwrap_or_default())
            .collect();
        for hop in lists.iter().rev().flat_map(|list| list.rsplit(',')) {
            // Left of something unreadable anybody may have written anything.
            let Some(address) = read_address(hop.trim()) else {
                break;
            };
            client = address;
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted
            .iter()
            .any(|network| network.contains(&address))
    }

    /// Counts a request of this client with a body of so many bytes.
    pub(crate) fn count(&self, client: IpAddr, bytes: u64, now: Instant) -> Verdict {
        let Some(cost) = self.cost(bytes) else {
            return Verdict::Pass;
        };
        let mut table = self.table();
        let mut key = network_of(client);
        if !table.contains_key(&key) && table.len() >= self.most {
            table.retain(|_, until| *until > now);
            if table.len() >= self.most {
                key = NEWCOMERS;
            }
        }
        let until = table.entry(key).or_insert(now);
        let over = over(*until, cost, now);
        if over.is_zero() {
            *until = (*until).max(now) + cost;
            return Verdict::Pass;
        }
        let seconds = over.as_millis().div_ceil(1000).max(1);
        Verdict::Wait {
            seconds: u64::try_from(seconds).unwrap_or(60),
        }
    }

    /// Whether such a request would have to wait, without counting it.
    pub(super) fn is_over(&self, client: IpAddr, bytes: u64, now: Instant) -> bool {
        let Some(cost) = self.cost(bytes) else {
            return false;
        };
        let table = self.table();
        let shared = table.get(&NEWCOMERS).filter(|_| table.len() >= self.most);
        let until = table.get(&network_of(client)).or(shared);
        until.is_some_and(|until| !over(*until, cost, now).is_zero())
    }

    /// The part of a minute that a request uses up; `None`: there is no limit.
    fn cost(&self, bytes: u64) -> Option<Duration> {
        let request = MINUTE.checked_div(self.per_minute)?;
        let body = MINUTE.mul_f64(bytes.min(LARGEST) as f64 / BYTES_PER_MINUTE as f64);
        Some(request.max(body))
    }

    fn table(&self) -> MutexGuard<'_, HashMap<IpAddr, Instant>> {
        // A panic while holding it leaves whole instants behind.
        self.spent_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much longer than a minute an address would need to earn back what it spent and this cost.
fn over(until: Instant, cost: Duration, now: Instant) -> Duration {
    (until.max(now) + cost).saturating_duration_since(now + MINUTE)
}

/// A household's IPv6 addresses are one client: it has a /64 to choose from.
pub(super) fn network_of(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 1))
        }
    }
}

/// An address of a list: bare, with a port, or in brackets.
fn read_address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.split(']').next());
    let address: Option<IpAddr> = bare.unwrap_or(text).parse().ok();
    address
        .or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|a| a.ip()))
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_minutes_worth_passes_and_the_next_one_waits() {
        let limiter = Limiter::new(5, Vec::new());
        let now = Instant::now();
        for _ in 0..5 {
            assert_eq!(limiter.count(ip("10.0.0.1"), 0, now), Verdict::Pass);
        }
        assert_eq!(
            limiter.count(ip("10.0.0.1"), 0, now),
            Verdict::Wait { seconds: 12 }
        );
        assert_eq!(limiter.count(ip("10.0.0.2"), 0, now), Verdict::Pass);
        let later = now + Duration::from_secs(12);
        assert_eq!(limiter.count(ip("10.0.0.1"), 0, later), Verdict::Pass);
        assert_eq!(
            limiter.count(ip("10.0.0.1"), 0, later),
            Verdict::Wait { seconds: 12 }
        );
    }

    #[test]
    fn a_large_body_counts_for_many_requests() {
        const MIB: u64 = 1024 * 1024;
        let limiter = Limiter::new(1000, Vec::new());
        let (one, two) = (ip("10.0.0.1"), ip("10.0.0.2"));
        let now = Instant::now();
        for _ in 0..2 {
            assert!(!limiter.is_over(one, 25 * MIB, now));
            assert_eq!(limiter.count(one, 25 * MIB, now), Verdict::Pass);
        }
        assert!(limiter.is_over(one, 25 * MIB, now));
        assert!(!limiter.is_over(one, 64 * 1024, now));
        assert!(!limiter.is_over(two, 25 * MIB, now));
        let third = limiter.count(one, 25 * MIB, now);
        assert_eq!(third, Verdict::Wait { seconds: 11 });
        let later = now + Duration::from_secs(11);
        assert!(!limiter.is_over(one, u64::MAX, later));
        let unlimited = Limiter::new(0, Vec::new());
        assert!(!unlimited.is_over(one, u64::MAX, now));
    }

    #[test]
    fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
        let limiter = Limiter::new(5, vec!["10.0.0.0/8".parse().unwrap()]);
        for (peer, forwarded, client) in [
            ("192.0.2.1", Some("203.0.113.9"), "192.0.2.1"),
            ("10.0.0.1", Some("203.0.113.9"), "203.0.113.9"),
            (
                "10.0.0.1",
                Some("198.51.100.1, 203.0.113.9, 10.2.3.4"),
                "203.0.113.9",
            ),
            (
                "10.0.0.1",
                Some("203.0.113.9, nonsense, 10.2.3.4"),
                "10.2.3.4",
            ),
            ("10.0.0.1", Some("[2001:db8::1]:443"), "2001:db8::1"),
            ("10.0.0.1", None, "10.0.0.1"),
            ("::ffff:10.0.0.1", Some("203.0.113.9"), "203.0.113.9"),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(forwarded) = forwarded {
                headers.insert("x-forwarded-for", HeaderValue::from_static(forwarded));
            }
            assert_eq!(
                limiter.client(ip(peer), &headers),
                ip(client),
                "{forwarded:?}"
            );
        }
    }

    #[test]
    fn a_line_that_is_no_text_ends_the_way_back() {
        let limiter = Limiter::new(5, vec!["10.0.0.0/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("203.0.113.9"));
        headers.append("x-forwarded-for", HeaderValue::from_bytes(b"\xff").unwrap());
        headers.append("x-forwarded-for", HeaderValue::from_static("10.2.3.4"));
        assert_eq!(limiter.client(ip("10.0.0.1"), &headers), ip("10.2.3.4"));
    }

    #[test]
    fn many_addresses_never_grow_the_table_without_bound() {
        let mut limiter = Limiter::new(2, Vec::new());
        limiter.most = 10;
        let now = Instant::now();
        for n in 0..100_u8 {
            limiter.count(IpAddr::from([10, 0, 0, n]), 0, now);
        }
        assert!(limiter.spent_until.lock().unwrap().len() <= 11);
        let later = now + MINUTE * 2;
        assert_eq!(limiter.count(ip("192.0.2.1"), 0, later), Verdict::Pass);
        assert_eq!(limiter.spent_until.lock().unwrap().len(), 1);
    }

    #[test]
    fn one_household_is_one_client() {
        let limiter = Limiter::new(1, Vec::new());
        let now = Instant::now();
        assert_eq!(limiter.count(ip("2001:db8::1"), 0, now), Verdict::Pass);
        assert_ne!(limiter.count(ip("2001:db8::2"), 0, now), Verdict::Pass);
        assert_eq!(limiter.count(ip("2001:db8:0:1::1"), 0, now), Verdict::Pass);
    }
}
