//! The limit per client address: so many requests a minute, in this process.
//!
//! The only limit that is per process and not in the database: it protects the database. An address may
//! use a minute's requests at once, and then gains new ones evenly (the generic cell rate algorithm: one
//! instant per address). Memory is bounded: when the table is full of busy addresses, all others share
//! one entry.

use http::HeaderMap;
use ipnet::IpNet;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Addresses in the table; about 1 MB.
const MAX_ADDRESSES: usize = 10_000;
const MINUTE: Duration = Duration::from_secs(60);
/// Bytes of unsigned bodies that use up the limit for a minute: two and a half of the largest body.
const BYTES_PER_MINUTE: u64 = 64 * 1024 * 1024;
/// A body counts for no more than this. No route reads a larger one.
const LARGEST: u64 = 25 * 1024 * 1024;
/// The entry of the addresses that find the table full.
const ALL_OTHERS: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

#[derive(Debug)]
pub(crate) struct Limiter {
    per_minute: u32,
    trusted: Vec<IpNet>,
    max_addresses: usize,
    /// When each address has its whole limit again.
    spent_until: Mutex<HashMap<IpAddr, Instant>>,
}

impl Limiter {
    /// 0 requests per minute: no limit. `X-Forwarded-For` is used only from the `trusted` networks.
    pub(crate) fn new(per_minute: u32, trusted: Vec<IpNet>) -> Self {
        Self {
            per_minute,
            trusted,
            max_addresses: MAX_ADDRESSES,
            spent_until: Mutex::new(HashMap::new()),
        }
    }

    /// The client: the peer, or, behind trusted proxies, the nearest address that is not one of them.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        let lists: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            // A value that is not text is a hop that cannot be read, not a hop less.
            .map(|value| value.to_str().unwrap_or_default())
            .collect();
        for hop in lists.iter().rev().flat_map(|list| list.rsplit(',')) {
            // What is left of an unreadable hop was written by an unknown sender.
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

    /// Counts a request of this client with a body of so many bytes. The error is the number of seconds
    /// to wait, for `Retry-After`.
    pub(crate) fn count(&self, client: IpAddr, bytes: u64, now: Instant) -> Result<(), u64> {
        let Some(cost) = self.cost(bytes) else {
            return Ok(());
        };
        let mut table = self.table();
        let mut key = network_of(client);
        if !table.contains_key(&key) && table.len() >= self.max_addresses {
            table.retain(|_, until| *until > now);
            if table.len() >= self.max_addresses {
                key = ALL_OTHERS;
            }
        }
        let until = table.entry(key).or_insert(now);
        let over = over(*until, cost, now);
        if over.is_zero() {
            *until = (*until).max(now) + cost;
            return Ok(());
        }
        let seconds = over.as_millis().div_ceil(1000).max(1);
        Err(u64::try_from(seconds).unwrap_or(60))
    }

    /// Whether such a request is over the limit, without counting it.
    pub(super) fn is_over(&self, client: IpAddr, bytes: u64, now: Instant) -> bool {
        let Some(cost) = self.cost(bytes) else {
            return false;
        };
        let table = self.table();
        let shared = table
            .get(&ALL_OTHERS)
            .filter(|_| table.len() >= self.max_addresses);
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
        self.spent_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much longer than a minute it would take until an address has its whole limit again.
fn over(until: Instant, cost: Duration, now: Instant) -> Duration {
    (until.max(now) + cost).saturating_duration_since(now + MINUTE)
}

/// An IPv6 client has a /64 of addresses to choose from: all of them are one.
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
            assert_eq!(limiter.count(ip("10.0.0.1"), 0, now), Ok(()));
        }
        assert_eq!(limiter.count(ip("10.0.0.1"), 0, now), Err(12));
        assert_eq!(limiter.count(ip("10.0.0.2"), 0, now), Ok(()));
        let later = now + Duration::from_secs(12);
        assert_eq!(limiter.count(ip("10.0.0.1"), 0, later), Ok(()));
        assert_eq!(limiter.count(ip("10.0.0.1"), 0, later), Err(12));
    }

    #[test]
    fn a_large_body_counts_for_many_requests() {
        const MIB: u64 = 1024 * 1024;
        let limiter = Limiter::new(1000, Vec::new());
        let (one, two) = (ip("10.0.0.1"), ip("10.0.0.2"));
        let now = Instant::now();
        for _ in 0..2 {
            assert!(!limiter.is_over(one, 25 * MIB, now));
            assert_eq!(limiter.count(one, 25 * MIB, now), Ok(()));
        }
        assert!(limiter.is_over(one, 25 * MIB, now));
        assert!(!limiter.is_over(one, 64 * 1024, now));
        assert!(!limiter.is_over(two, 25 * MIB, now));
        let third = limiter.count(one, 25 * MIB, now);
        assert_eq!(third, Err(11));
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
        limiter.max_addresses = 10;
        let now = Instant::now();
        for n in 0..100_u8 {
            let _counted = limiter.count(IpAddr::from([10, 0, 0, n]), 0, now);
        }
        assert!(limiter.spent_until.lock().unwrap().len() <= 11);
        let later = now + MINUTE * 2;
        assert_eq!(limiter.count(ip("192.0.2.1"), 0, later), Ok(()));
        assert_eq!(limiter.spent_until.lock().unwrap().len(), 1);
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let limiter = Limiter::new(1, Vec::new());
        let now = Instant::now();
        assert_eq!(limiter.count(ip("2001:db8::1"), 0, now), Ok(()));
        assert_ne!(limiter.count(ip("2001:db8::2"), 0, now), Ok(()));
        assert_eq!(limiter.count(ip("2001:db8:0:1::1"), 0, now), Ok(()));
    }
}
