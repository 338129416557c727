//! A pool that can be replaced whole.
//!
//! A connection whose server vanished without a word (a host that died, a partition) never
//! answers and never fails: neither PostgreSQL's own time limits nor the pool notice, and each one
//! that is handed back keeps its place for ever. Whoever waited in vain has the pool replaced; what
//! hangs hangs alone then.

use sqlx::PgPool;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// A pool is given this long before it may be replaced again: a database that is merely slow must
/// not be stormed with new connections.
const PATIENCE: Duration = Duration::from_secs(5);

type Make = dyn Fn() -> PgPool + Send + Sync;

/// The present pool. Cheap to clone; clones are one.
#[derive(Clone)]
pub(super) struct Pool {
    present: Arc<RwLock<(PgPool, Instant)>>,
    make: Arc<Make>,
}

impl Pool {
    pub(super) fn new(make: impl Fn() -> PgPool + Send + Sync + 'static) -> Self {
        let present = Arc::new(RwLock::new((make(), Instant::now())));
        Self {
            present,
            make: Arc::new(make),
        }
    }

    /// The pool as it is now.
    pub(super) fn get(&self) -> PgPool {
        self.present
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .0
            .clone()
    }

    /// Replaces the pool, because somebody waited on it in vain.
    pub(super) fn renew(&self) {
        let mut present = self.present.write().unwrap_or_else(PoisonError::into_inner);
        if present.1.elapsed() < PATIENCE || present.0.is_closed() {
            return;
        }
        tracing::warn!("the database's connections do not answer; new ones are made");
        // The old pool goes with its last user. Closing it would wait for what hangs.
        *present = ((self.make)(), Instant::now());
    }
}
