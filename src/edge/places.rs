//! Which connections a listener holds: so many in all, so many for one client address.
//!
//! When a newcomer finds no place, the connection that has had no request under way for longest makes
//! room: an idle one costs its client a reconnect, a refused one costs a request. So clients that open
//! connections and say nothing shut nobody out. A trusted proxy brings many clients over its own
//! address and is bounded by the total alone.

use super::limit::network_of;
use super::pulse::Pulse;
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How many connections a listener holds.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// In all.
    pub most: usize,
    /// From one client address (an IPv6 /64 counts as one).
    pub per_client: usize,
    /// Networks of proxies, for which only `most` holds.
    pub trusted: Vec<IpNet>,
}

/// How long a newcomer waits before the next idle connection is asked to go.
const ASK_THE_NEXT: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(super) struct Places {
    bounds: Bounds,
    taken: Mutex<Vec<Taken>>,
    freed: Notify,
}

#[derive(Debug)]
struct Taken {
    /// `None`: a trusted proxy.
    client: Option<IpAddr>,
    pulse: Arc<Pulse>,
}

/// A connection's place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    pulse: Arc<Pulse>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let pulse = &self.pulse;
        self.places
            .lock()
            .retain(|taken| !Arc::ptr_eq(&taken.pulse, pulse));
        self.places.freed.notify_one();
    }
}

impl Places {
    pub(super) fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self {
            bounds,
            taken: Mutex::default(),
            freed: Notify::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Taken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for the connection of `peer`, once there is one. `None`: its address holds as many as it
    /// may, each with a request under way.
    pub(super) async fn take(self: &Arc<Self>, peer: IpAddr, pulse: &Arc<Pulse>) -> Option<Place> {
        let peer = peer.to_canonical();
        let trusted = self.bounds.trusted.iter().any(|net| net.contains(&peer));
        let client = (!trusted).then(|| network_of(peer));
        if client.is_some() && !self.has_room_for(client) {
            return None;
        }
        loop {
            let freed = self.freed.notified();
            if let Some(place) = self.take_now(client, pulse) {
                return Some(place);
            }
            let _the_next = tokio::time::timeout(ASK_THE_NEXT, freed).await;
        }
    }

    /// Whether a client may have one more, after its own oldest idle one was asked to go if needed.
    fn has_room_for(&self, client: Option<IpAddr>) -> bool {
        let taken = self.lock();
        let own = || {
            taken
                .iter()
                .filter(|taken| taken.client == client && !taken.pulse.is_asked_to_go())
        };
        own().count() < self.bounds.per_client || ask_to_go(own())
    }

    /// A place if there is one; else the oldest idle connection is asked to go.
    fn take_now(self: &Arc<Self>, client: Option<IpAddr>, pulse: &Arc<Pulse>) -> Option<Place> {
        let mut taken = self.lock();
        if taken.len() >= self.bounds.most {
            ask_to_go(taken.iter().filter(|taken| !taken.pulse.is_asked_to_go()));
            return None;
        }
        let pulse = pulse.clone();
        taken.push(Taken {
            client,
            pulse: pulse.clone(),
        });
        let places = self.clone();
        Some(Place { places, pulse })
    }
}

/// Asks the one of these that has been without a request for longest; whether there is one.
fn ask_to_go<'t>(of: impl Iterator<Item = &'t Taken>) -> bool {
    let idle = of.filter_map(|taken| Some((taken.pulse.beat().idle_since()?, taken)));
    let oldest = idle.min_by_key(|(since, _)| *since);
    oldest.is_some_and(|(_, taken)| {
        taken.pulse.ask_to_go();
        true
    })
}

#[cfg(test)]
mod tests {
    use super::super::pulse::Beat;
    use super::*;
    use futures_util::FutureExt as _;
    use tokio::time::Instant;

    fn places(most: usize, per_client: usize) -> Arc<Places> {
        let trusted = vec!["10.0.0.0/8".parse().unwrap()];
        Places::new(Bounds {
            most,
            per_client,
            trusted,
        })
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn idle(seconds: u64) -> Arc<Pulse> {
        let pulse = Pulse::begun();
        pulse.set(Beat::Idle(Instant::now() - Duration::from_secs(seconds)));
        Arc::new(pulse)
    }

    fn busy() -> Arc<Pulse> {
        let pulse = Pulse::begun();
        pulse.set(Beat::Answering);
        Arc::new(pulse)
    }

    #[tokio::test]
    async fn a_client_with_too_many_loses_its_oldest_idle_one_and_others_lose_none() {
        let places = places(10, 2);
        let (older, newer, other) = (idle(9), idle(5), idle(60));
        let _other = places.take(ip("192.0.2.9"), &other).await.unwrap();
        let _older = places.take(ip("192.0.2.1"), &older).await.unwrap();
        let _newer = places.take(ip("192.0.2.1"), &newer).await.unwrap();
        let _third = places
            .take(ip("192.0.2.1"), &busy())
            .await
            .expect("a place");
        assert!(older.is_asked_to_go());
        assert!(!newer.is_asked_to_go() && !other.is_asked_to_go());
        newer.set(Beat::Answering);
        let refused = places.take(ip("192.0.2.1"), &busy()).await;
        assert!(refused.is_none(), "nothing of its own is idle");
        assert!(places.take(ip("192.0.2.2"), &busy()).await.is_some());
    }

    #[tokio::test]
    async fn when_all_places_are_taken_the_oldest_idle_one_makes_room() {
        let places = places(2, 2);
        let (older, newer) = (idle(9), idle(5));
        let held = places.take(ip("192.0.2.1"), &older).await.unwrap();
        let _newer = places.take(ip("192.0.2.2"), &newer).await.unwrap();
        let mut coming = Box::pin(places.take(ip("192.0.2.3"), &newer));
        assert!((&mut coming).now_or_never().is_none());
        assert!(older.is_asked_to_go() && !newer.is_asked_to_go());
        drop(held);
        assert!(coming.await.is_some());
    }

    #[tokio::test]
    async fn a_trusted_proxy_is_bounded_by_the_total_alone() {
        let places = places(9, 2);
        let mut held = Vec::new();
        for _ in 0..9 {
            held.push(places.take(ip("10.1.2.3"), &busy()).await.unwrap());
        }
        let ninth = busy();
        assert!(places.take(ip("10.1.2.3"), &ninth).now_or_never().is_none());
        held.pop();
        assert!(places.take(ip("192.0.2.1"), &ninth).await.is_some());
    }

    #[test]
    fn a_half_sent_head_goes_after_every_connection_that_said_nothing() {
        let (head, silent) = (Pulse::begun(), idle(1));
        head.set(Beat::Head(Instant::now() - Duration::from_secs(9)));
        assert!(silent.beat().idle_since() < head.beat().idle_since());
        assert_eq!(busy().beat().idle_since(), None);
    }
}
