//! Connections that are kept for the next statement.
//!
//! A pool of our own, because a failover asks for what sqlx's does not give: several hosts, a
//! connection that is judged before it is used, and all of one time given up together ([ADR
//! 12](../../docs/adr/0012-a-pool-of-our-own.md)). A connection is made in a task of its own: who
//! waits for it may give up, and it is there for the next one.

use super::error::{Blame, StoreError, blame};
use super::fit;
use super::servers::{Origin, Route, Servers, Suspicion};
use sqlx::{Connection as _, PgConnection};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{error::Elapsed, timeout};

/// A connection that was idle for longer may have died unseen: it is asked for a sign of life.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);
const SIGN_OF_LIFE: Duration = Duration::from_millis(500);
const LONGEST_IDLE: Duration = Duration::from_secs(300);
const LONGEST_LIFE: Duration = Duration::from_secs(3600);
/// For the words with which a connection ends.
const GOODBYE: Duration = Duration::from_secs(1);
/// A connection that falls silent may stay with the server forever. One that did so when it was
/// younger than `YOUNG` keeps its place in the pool for `MOURNING`, so that a server whose commits
/// hang is not filled up with connections that we have given up.
const YOUNG: Duration = Duration::from_secs(5);
const MOURNING: Duration = Duration::from_secs(3);

/// Connections for one purpose. Cheap to clone; clones are one.
#[derive(Clone)]
pub(super) struct Pool(Arc<Inner>);

struct Inner {
    servers: Servers,
    route: Arc<Route>,
    places: Arc<Semaphore>,
    size: u32,
    patience: Duration,
    idle: Mutex<Vec<Idle>>,
    closed: AtomicBool,
}

struct Idle {
    link: Link,
    since: Instant,
}

struct Link {
    connection: PgConnection,
    origin: Origin,
    born: Instant,
}

/// A connection in use. Dropped: it is there for the next one.
pub(super) struct Held {
    /// `None` only within `drop` and the ways to end it.
    link: Option<Link>,
    pool: Arc<Inner>,
    place: Option<OwnedSemaphorePermit>,
    /// Whether it has been idle before.
    pub(super) used: bool,
}

impl Pool {
    /// At most `size` connections; a caller waits for one for `patience` at most.
    pub(super) fn new(servers: Servers, route: Arc<Route>, size: u32, patience: Duration) -> Self {
        let places = usize::try_from(size).unwrap_or(usize::MAX);
        Self(Arc::new(Inner {
            servers,
            route,
            places: Arc::new(Semaphore::new(places)),
            size,
            patience,
            idle: Mutex::default(),
            closed: AtomicBool::new(false),
        }))
    }

    pub(super) fn size(&self) -> u32 {
        self.0.size
    }

    /// In use and idle.
    pub(super) fn connections(&self) -> (u32, u32) {
        let free = u32::try_from(self.0.places.available_permits()).unwrap_or(0);
        let idle = u32::try_from(self.0.idle().len()).unwrap_or(0);
        (self.0.size.saturating_sub(free), idle)
    }

    /// Takes a connection: an idle one, or a new one that is judged first.
    pub(super) async fn acquire(&self) -> Result<Held, StoreError> {
        let inner = &self.0;
        let until = tokio::time::Instant::now() + inner.patience;
        let place = tokio::time::timeout_at(until, inner.places.clone().acquire_owned());
        let place = match place.await {
            Ok(Ok(place)) => place,
            Ok(Err(_closed)) => return Err(sqlx::Error::PoolClosed.into()),
            Err(_elapsed) => return Err(sqlx::Error::PoolTimedOut.into()),
        };
        while let Some(mut idle) = inner.take_idle() {
            if inner.is_over(&idle) {
                idle.link.say_goodbye();
                continue;
            }
            let trusted = idle.since.elapsed() < TRUSTED_IDLE;
            if trusted || inner.lives(&mut idle.link).await {
                return Ok(inner.clone().hold(idle.link, place, true));
            }
            idle.link.say_goodbye();
            // The next idle one may be as slow, and there is not time for many.
            break;
        }
        let (sender, made) = oneshot::channel();
        tokio::spawn(inner.clone().make(place, sender));
        match tokio::time::timeout_at(until, made).await {
            Ok(Ok(made)) => made,
            Ok(Err(_)) => Err(sqlx::Error::PoolClosed.into()),
            Err(_elapsed) => Err(sqlx::Error::PoolTimedOut.into()),
        }
    }

    /// Waits for the connections in use and closes all.
    pub(super) async fn close(&self) {
        let inner = &self.0;
        inner.closed.store(true, Ordering::SeqCst);
        let all = inner.places.acquire_many(inner.size).await;
        let idle = std::mem::take(&mut *inner.idle());
        for idle in idle {
            let _gone = timeout(GOODBYE, idle.link.connection.close()).await;
        }
        drop(all);
        inner.places.close();
    }
}

impl Inner {
    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one that was used last: the others may then end of idleness.
    fn take_idle(&self) -> Option<Idle> {
        self.idle().pop()
    }

    fn is_over(&self, idle: &Idle) -> bool {
        !self.route.trusts(idle.link.origin)
            || idle.since.elapsed() > LONGEST_IDLE
            || idle.link.born.elapsed() > LONGEST_LIFE
    }

    /// Whether a connection answers. When its server is gone, its siblings are renewed.
    async fn lives(&self, link: &mut Link) -> bool {
        let blame = judge_ping(timeout(SIGN_OF_LIFE, link.connection.ping()).await);
        if blame > Blame::Connection {
            self.suspect(link.origin, Suspicion::Gone);
        }
        blame == Blame::Nothing
    }

    fn suspect(&self, origin: Origin, why: Suspicion) {
        self.route.suspect(origin, why, self.servers.hosts.len());
    }

    fn hold(self: Arc<Self>, link: Link, place: OwnedSemaphorePermit, used: bool) -> Held {
        Held {
            link: Some(link),
            pool: self,
            place: Some(place),
            used,
        }
    }

    /// Makes a connection for the caller that waits, or for the next one when that caller has gone.
    async fn make(
        self: Arc<Self>,
        place: OwnedSemaphorePermit,
        asked: oneshot::Sender<Result<Held, StoreError>>,
    ) {
        let made = self.route.connect(&self.servers).await;
        let made = made.map(|(connection, origin)| {
            let born = Instant::now();
            let link = Link {
                connection,
                origin,
                born,
            };
            self.hold(link, place, false)
        });
        let _caller_has_gone = asked.send(made);
    }
}

/// What a ping says against its connection. One that is late says nothing against the others: the server
/// may be slow for a moment.
fn judge_ping(ping: Result<Result<(), sqlx::Error>, Elapsed>) -> Blame {
    match ping {
        Ok(Ok(())) => Blame::Nothing,
        Ok(Err(error)) => blame(&error).max(Blame::Connection),
        Err(_late) => Blame::Connection,
    }
}

impl Link {
    /// Ends it in the background, in order, so that the server has nothing to complain of.
    fn say_goodbye(self) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(timeout(GOODBYE, self.connection.close()));
        }
    }
}

impl Held {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.link.as_mut().expect("held until its end").connection
    }

    /// Ends this connection, and nothing else.
    pub(super) fn end(mut self) {
        if let Some(link) = self.link.take() {
            link.say_goodbye();
        }
    }

    /// Ends it, and has its siblings renewed: its server is gone, or no longer the right one.
    pub(super) fn give_up(mut self) {
        if let Some(link) = self.link.take() {
            self.pool.suspect(link.origin, Suspicion::Gone);
            link.say_goodbye();
        }
    }

    /// Leaves a connection behind that does not answer, and has its siblings renewed, on the next host.
    pub(super) fn abandon(self) {
        if let Some(link) = &self.link {
            self.pool.suspect(link.origin, Suspicion::Silent);
        }
        self.leave();
    }

    /// Leaves a connection behind whose answer is not waited for, and nothing else.
    pub(super) fn leave(mut self) {
        let Some(link) = self.link.take() else { return };
        let young = link.born.elapsed() < YOUNG;
        if let (true, Some(place)) = (young, self.place.take())
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                tokio::time::sleep(MOURNING).await;
                drop(place);
            });
        }
    }

    /// Asks the server again whether it will do.
    pub(super) async fn judge(&mut self) -> Result<(), StoreError> {
        let accept = self.pool.servers.accept;
        fit::ask(self.connection()).await?.judge(accept)
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Held")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(link) = self.link.take() else { return };
        if self.pool.closed.load(Ordering::SeqCst) || !self.pool.route.trusts(link.origin) {
            link.say_goodbye();
        } else {
            let since = Instant::now();
            self.pool.idle().push(Idle { link, since });
        }
        // Only now is the place free: who takes it finds the connection.
        drop(self.place.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind::ConnectionReset;

    #[tokio::test]
    async fn a_ping_that_is_late_ends_its_own_connection_and_a_lost_one_has_all_renewed() {
        let late = timeout(Duration::ZERO, std::future::pending::<()>()).await;
        let late = Err(late.expect_err("it never ends"));
        for (ping, blame) in [
            (Ok(Ok(())), Blame::Nothing),
            (late, Blame::Connection),
            (Ok(Err(sqlx::Error::WorkerCrashed)), Blame::Connection),
            (
                Ok(Err(sqlx::Error::Io(ConnectionReset.into()))),
                Blame::Server,
            ),
        ] {
            let said = format!("{ping:?}");
            assert_eq!(judge_ping(ping), blame, "{said}");
        }
    }
}
