//! Which of a database's hosts to talk to: the first one that answers and takes writes.
//!
//! A failover leaves servers behind that answer and are of no use: a standby, a primary that was
//! fenced by `default_transaction_read_only`, a primary whose commits wait for a standby that is
//! gone. So every new connection resolves the host's name again and asks the server what it is; a
//! host that fell silent is tried last; and when one connection shows that its server is no longer
//! the right one, all connections of that time are renewed (`generation`).

use super::error::StoreError;
use super::fit::{self, Accept};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// An attempt at one host takes no longer, its name's resolution and the login included.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(3);

#[derive(Clone)]
pub struct Servers {
    /// How to connect to each, in the order in which they are tried.
    pub hosts: Vec<PgConnectOptions>,
    /// Which of them will do.
    pub accept: Accept,
    /// How long an attempt at one host may take.
    pub limit: Duration,
}

impl From<PgConnectOptions> for Servers {
    /// A single host, which must take writes.
    fn from(options: PgConnectOptions) -> Self {
        Self {
            hosts: vec![options],
            accept: Accept::Writable,
            limit: CONNECT_LIMIT,
        }
    }
}

impl Servers {
    /// The same hosts with other options.
    pub(super) fn map(&self, change: impl FnMut(PgConnectOptions) -> PgConnectOptions) -> Self {
        Self {
            hosts: self.hosts.iter().cloned().map(change).collect(),
            ..self.clone()
        }
    }

    /// Connects to the first host that will do.
    pub(super) async fn connect(&self) -> Result<PgConnection, StoreError> {
        let (connection, _host) = self.connect_from(0).await?;
        Ok(connection)
    }

    /// The same, beginning with this host; gives the host as well.
    async fn connect_from(&self, first: usize) -> Result<(PgConnection, usize), StoreError> {
        let mut failed: Option<StoreError> = None;
        for place in 0..self.hosts.len() {
            let host = (first + place) % self.hosts.len();
            let attempt = tokio::time::timeout(self.limit, self.try_host(host)).await;
            match attempt.unwrap_or(Err(StoreError::Silent)) {
                Ok(connection) => return Ok((connection, host)),
                // What a person can fix is said rather than that another host is away.
                Err(error) if failed.as_ref().is_none_or(|f| error.weight() > f.weight()) => {
                    failed = Some(error);
                }
                Err(_less_to_the_point) => {}
            }
        }
        Err(failed.unwrap_or(StoreError::Silent))
    }

    async fn try_host(&self, host: usize) -> Result<PgConnection, StoreError> {
        let mut connection = self.hosts[host].connect().await?;
        let found = fit::ask(&mut connection).await?;
        found.judge(self.accept)?;
        Ok(connection)
    }
}

/// What the pools of a process know of the hosts together.
#[derive(Debug, Default)]
pub(super) struct Route {
    /// The host that is tried first.
    first: AtomicUsize,
    /// Connections of an earlier one are not used any more.
    generation: AtomicU64,
}

/// What a connection was made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Origin {
    host: usize,
    generation: u64,
}

/// Why connections are renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Suspicion {
    /// The server ended a connection, or is read-only.
    Gone,
    /// It does not answer.
    Silent,
}

impl Route {
    pub(super) async fn connect(
        self: &Arc<Self>,
        servers: &Servers,
    ) -> Result<(PgConnection, Origin), StoreError> {
        // Read first: what is suspected meanwhile is true of this connection as well.
        let generation = self.generation.load(Ordering::SeqCst);
        let first = self.first.load(Ordering::SeqCst);
        let (connection, host) = servers.connect_from(first).await?;
        // Where it was found it is looked for first the next time, unless another connection changed it meanwhile.
        let _changed = self
            .first
            .compare_exchange(first, host, Ordering::SeqCst, Ordering::SeqCst);
        Ok((connection, Origin { host, generation }))
    }

    /// Whether connections of this origin are still used.
    pub(super) fn trusts(&self, origin: Origin) -> bool {
        origin.generation == self.generation.load(Ordering::SeqCst)
    }

    /// Has all connections of this time renewed. Only the first to notice logs it.
    pub(super) fn suspect(&self, origin: Origin, why: Suspicion, hosts: usize) {
        let now = origin.generation;
        let renewed =
            self.generation
                .compare_exchange(now, now + 1, Ordering::SeqCst, Ordering::SeqCst);
        if renewed.is_err() {
            return;
        }
        let reason = match why {
            Suspicion::Gone => "the server ended a connection or takes no writes",
            Suspicion::Silent => {
                let next = (origin.host + 1) % hosts.max(1);
                self.first.store(next, Ordering::SeqCst);
                "the server does not answer"
            }
        };
        tracing::warn!(reason, "the database's connections are renewed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_fell_silent_is_tried_last_and_everything_of_its_time_is_renewed() {
        let route = Route::default();
        let origin = |host, generation| Origin { host, generation };
        assert!(route.trusts(origin(0, 0)));
        route.suspect(origin(0, 0), Suspicion::Silent, 3);
        assert!(!route.trusts(origin(0, 0)) && route.trusts(origin(1, 1)));
        assert_eq!(route.first.load(Ordering::SeqCst), 1);
        // Another connection of the same time says nothing new.
        route.suspect(origin(2, 0), Suspicion::Silent, 3);
        assert_eq!(route.first.load(Ordering::SeqCst), 1);
        assert!(route.trusts(origin(1, 1)));
        // One that was ended says nothing against its host.
        route.suspect(origin(2, 1), Suspicion::Gone, 3);
        assert_eq!(route.first.load(Ordering::SeqCst), 1);
        assert!(!route.trusts(origin(1, 1)));
    }
}
