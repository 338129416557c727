//! Connections: how many, to whom, with which limits.
//!
//! Two belong to the inbox's writer, so that busy workers cannot starve an acknowledgement. sqlx's
//! ping before each use costs PostgreSQL 11 to 23 % and is off: only a connection that nobody used
//! for a while is asked for a sign of life. One that dies in use shows as an error, and its user
//! tries again on a fresh one.

use super::pool::Pool;
use super::session::{Session, Way};
use super::writer::Writer;
use super::{Seal, Store, StoreError, Wakes};
use sqlx::pool::PoolConnectionMetadata;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool};
use std::sync::Arc;
use std::time::Duration;

/// Whether concurrent appends share a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batching {
    /// They do.
    On,
    /// Each has its own: the baseline of the benchmark.
    Off,
}

/// How to connect.
#[derive(Clone)]
pub struct Settings {
    /// Where, and as whom.
    pub options: PgConnectOptions,
    /// All of this process's connections together; at least 3.
    pub max_connections: u32,
    /// How connections lead there.
    pub way: Way,
    /// Whether concurrent appends share a commit.
    pub batching: Batching,
    /// Seals bodies at rest.
    pub seal: Option<Arc<Seal>>,
}

/// No statement of ours takes longer on a healthy server.
const STATEMENT_TIMEOUT: &str = "10s";
/// Shorter than what the engine allows for a step: a pool that is merely busy must not look like a
/// database that does not answer.
const PATIENCE: Duration = Duration::from_millis(1500);
/// A connection that was idle for longer may have died unseen.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);
/// The writer must say yes or no within the 2.5 s of the contract.
const WRITER_STATEMENT_TIMEOUT: &str = "1s";
const WRITER_PATIENCE: Duration = Duration::from_secs(1);

/// What the planner is told. A prepared statement keeps its plan, and a plan that was made while a
/// table was small reads it whole, still when a storm has filled it: until the server next counts
/// its rows, which is a minute. Each statement on a table that grows has its index instead. A
/// statement without one is given so high a price that it would be compiled (`jit`) first.
pub const PLANNING: [(&str, &str); 2] = [("enable_seqscan", "off"), ("jit", "off")];

/// Whether an idle connection can be used: the pool asks on, or makes a new one, when it cannot.
async fn alive(connection: &mut PgConnection, held: PoolConnectionMetadata) -> sqlx::Result<bool> {
    Ok(held.idle_for < TRUSTED_IDLE || connection.ping().await.is_ok())
}

impl Store {
    /// Opens the pools. Connects lazily: a database that is away is an error of the first query.
    pub fn connect(settings: Settings) -> Self {
        let Settings {
            options,
            max_connections,
            way,
            batching,
            seal,
        } = settings;
        // A pooler refuses settings that it does not know; this one of sqlx's is PostgreSQL's default.
        let options = options.extra_float_digits(None);
        let session = |timeout: &str| match way {
            Way::Pooled => options.clone(),
            Way::Direct => {
                let limits = [
                    ("statement_timeout", timeout),
                    ("idle_in_transaction_session_timeout", "15s"),
                    ("lock_timeout", "5s"),
                ];
                let options = options.clone().application_name("wardroom");
                options.options(limits).options(PLANNING)
            }
        };
        let writers = match batching {
            Batching::On => 2,
            Batching::Off => max_connections.saturating_sub(2).max(2),
        };
        let (engines, writers_own) = (
            session(STATEMENT_TIMEOUT),
            session(WRITER_STATEMENT_TIMEOUT),
        );
        let pool = Pool::new(move || {
            PgPoolOptions::new()
                .max_connections(max_connections.saturating_sub(writers).max(1))
                .acquire_timeout(PATIENCE)
                .idle_timeout(Duration::from_secs(300))
                .max_lifetime(Duration::from_secs(3600))
                .test_before_acquire(false)
                .before_acquire(|connection, held| Box::pin(alive(connection, held)))
                .connect_lazy_with(engines.clone())
        });
        let writer_pool = Pool::new(move || {
            PgPoolOptions::new()
                .max_connections(writers)
                .acquire_timeout(WRITER_PATIENCE)
                .test_before_acquire(false)
                .connect_lazy_with(writers_own.clone())
        });
        let wakes = Arc::new(Wakes::default());
        let writer = Writer::start(writer_pool, way, batching, wakes.clone());
        Self {
            wakes,
            pool,
            way,
            writer,
            seal,
        }
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut session = self.single().await?;
        sqlx::query("select 1").execute(&mut session).await?;
        session.end().await
    }

    /// Connections in use and idle, the writer's included: `(busy, idle)`.
    pub fn connections(&self) -> (u32, u32) {
        let (busy, idle) = self.writer.connections();
        let pool = self.pool();
        let ours = u32::try_from(pool.num_idle()).unwrap_or(0);
        (busy + pool.size().saturating_sub(ours), idle + ours)
    }

    /// Ends what is under way and closes every connection.
    pub async fn close(&self) {
        self.writer.close().await;
        self.pool().close().await;
    }

    fn pool(&self) -> PgPool {
        self.pool.get()
    }

    /// Begins a transaction.
    pub(super) async fn begin(&self) -> Result<Session, StoreError> {
        Session::begin(&self.pool(), self.way).await
    }

    /// For one statement.
    pub(super) async fn single(&self) -> Result<Session, StoreError> {
        Session::single(&self.pool(), self.way).await
    }

    /// Puts a limit of our own on work with the database. When it is over, nobody knows what became
    /// of the work, and the connections are made anew: see `pool`.
    pub async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(limit, work).await {
            Ok(done) => done,
            Err(_elapsed) => {
                self.pool.renew();
                Err(StoreError::Silent)
            }
        }
    }
}
