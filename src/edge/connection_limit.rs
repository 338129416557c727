//! The connections of a listener: so many in all, so many for one client address, each for so long.
//!
//! When the limit is reached and a new one comes, the connection that has had no request in progress for longest is
//! closed: an idle one costs its client a reconnect, a refused one costs a request. So clients that open
//! connections and send nothing lock out no other. A trusted proxy connects for many clients from its
//! own address and is limited by the total alone.

use super::connection::Connection;
use super::limit::network_of;
use super::server::Timeouts;
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How many connections a listener holds.
#[derive(Debug, Clone)]
pub struct ConnectionLimit {
    pub total: usize,
    /// From one client address (an IPv6 /64 counts as one).
    pub per_client: usize,
    /// Networks of proxies, which only `total` limits.
    pub trusted: Vec<IpNet>,
}

/// How long a new connection waits before the next idle one is closed.
const CLOSE_THE_NEXT: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(super) struct Connections {
    limit: ConnectionLimit,
    open: Mutex<Vec<Open>>,
    closed: Notify,
}

#[derive(Debug)]
struct Open {
    /// `None`: a trusted proxy.
    client: Option<IpAddr>,
    connection: Arc<Connection>,
}

/// A connection that counts until this is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    connections: Arc<Connections>,
    pub(super) connection: Arc<Connection>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let own = |open: &Open| Arc::ptr_eq(&open.connection, &self.connection);
        self.connections.open().retain(|open| !own(open));
        self.connections.closed.notify_one();
    }
}

impl Connections {
    pub(super) fn new(limit: ConnectionLimit) -> Arc<Self> {
        Arc::new(Self {
            limit,
            open: Mutex::default(),
            closed: Notify::new(),
        })
    }

    fn open(&self) -> MutexGuard<'_, Vec<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the connection of `peer`, once the limit allows it. `None`: its address has as many as it may,
    /// each with a request in progress.
    pub(super) async fn count(
        self: &Arc<Self>,
        peer: IpAddr,
        connection: Connection,
    ) -> Option<Counted> {
        let peer = peer.to_canonical();
        let trusted = self.limit.trusted.iter().any(|net| net.contains(&peer));
        let client = (!trusted).then(|| network_of(peer));
        if client.is_some() && !self.may_have_one_more(client) {
            return None;
        }
        let connection = Arc::new(connection);
        loop {
            let closed = self.closed.notified();
            if self.count_now(client, &connection) {
                let connections = self.clone();
                return Some(Counted {
                    connections,
                    connection,
                });
            }
            let _the_next = tokio::time::timeout(CLOSE_THE_NEXT, closed).await;
        }
    }

    /// Whether a client may have one more, after its own oldest idle one is closed if necessary.
    fn may_have_one_more(&self, client: Option<IpAddr>) -> bool {
        let open = self.open();
        let own = || {
            open.iter()
                .filter(|open| open.client == client && !open.connection.is_closing())
        };
        own().count() < self.limit.per_client || close_oldest(own())
    }

    /// Counts it if the limit allows it; else the oldest idle one is closed.
    fn count_now(&self, client: Option<IpAddr>, connection: &Arc<Connection>) -> bool {
        let mut open = self.open();
        let below_limit = open.len() < self.limit.total;
        if below_limit {
            let connection = connection.clone();
            open.push(Open { client, connection });
        } else {
            close_oldest(open.iter().filter(|open| !open.connection.is_closing()));
        }
        below_limit
    }

    /// Closes the connections whose state has lasted too long.
    pub(super) fn close_overdue(&self, timeouts: &Timeouts) {
        let now = Instant::now();
        for open in self.open().iter() {
            let state = open.connection.state();
            if state.ends(timeouts).is_some_and(|ends| ends <= now) {
                open.connection.close(state);
            }
        }
    }
}

/// Closes the one of these that has been without a request for longest; whether there is one.
fn close_oldest<'o>(of: impl Iterator<Item = &'o Open>) -> bool {
    let idle = of.filter_map(|open| {
        let state = open.connection.state();
        Some((state.idle_since()?, state, open))
    });
    let oldest = idle.min_by_key(|(since, ..)| *since);
    oldest.is_some_and(|(_, state, open)| {
        open.connection.close(state);
        true
    })
}

#[cfg(test)]
mod tests {
    use super::super::connection::State;
    use super::*;
    use futures_util::FutureExt as _;

    fn connections(total: usize, per_client: usize) -> Arc<Connections> {
        let trusted = vec!["10.0.0.0/8".parse().unwrap()];
        Connections::new(ConnectionLimit {
            total,
            per_client,
            trusted,
        })
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn idle(seconds: u64) -> Connection {
        let connection = Connection::new();
        connection.set(State::Idle(Instant::now() - Duration::from_secs(seconds)));
        connection
    }

    fn busy() -> Connection {
        let connection = Connection::new();
        connection.set(State::Answering);
        connection
    }

    #[tokio::test]
    async fn a_client_with_too_many_loses_its_oldest_idle_one_and_others_lose_none() {
        let connections = connections(10, 2);
        let other = connections.count(ip("192.0.2.9"), idle(60)).await.unwrap();
        let older = connections.count(ip("192.0.2.1"), idle(9)).await.unwrap();
        let newer = connections.count(ip("192.0.2.1"), idle(5)).await.unwrap();
        let third = connections.count(ip("192.0.2.1"), busy()).await;
        assert!(third.is_some() && older.connection.is_closing());
        assert!(!newer.connection.is_closing() && !other.connection.is_closing());
        newer.connection.set(State::Answering);
        let refused = connections.count(ip("192.0.2.1"), busy()).await;
        assert!(refused.is_none(), "nothing of its own is idle");
        assert!(connections.count(ip("192.0.2.2"), busy()).await.is_some());
    }

    #[tokio::test]
    async fn at_the_limit_the_oldest_idle_one_is_closed() {
        let connections = connections(2, 2);
        let older = connections.count(ip("192.0.2.1"), idle(9)).await.unwrap();
        let newer = connections.count(ip("192.0.2.2"), idle(5)).await.unwrap();
        let mut coming = Box::pin(connections.count(ip("192.0.2.3"), busy()));
        assert!((&mut coming).now_or_never().is_none());
        assert!(older.connection.is_closing() && !newer.connection.is_closing());
        drop(older);
        assert!(coming.await.is_some());
    }

    #[tokio::test]
    async fn a_trusted_proxy_is_limited_by_the_total_alone() {
        let connections = connections(9, 2);
        let mut held = Vec::new();
        for _ in 0..9 {
            held.push(connections.count(ip("10.1.2.3"), busy()).await.unwrap());
        }
        let tenth = connections.count(ip("10.1.2.3"), busy());
        assert!(tenth.now_or_never().is_none());
        held.pop();
        assert!(connections.count(ip("192.0.2.1"), busy()).await.is_some());
    }

    #[test]
    fn a_half_sent_head_goes_after_every_connection_that_sent_nothing() {
        let head = State::ReadingHead(Instant::now() - Duration::from_secs(9));
        assert!(idle(1).state().idle_since() < head.idle_since());
        assert_eq!(busy().state().idle_since(), None);
    }
}
