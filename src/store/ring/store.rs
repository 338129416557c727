//! The store as the rest of the program sees it: how it is opened and closed.
//!
//! Two connections belong to the inbox's writer, so that busy workers cannot starve an acknowledgement. One
//! that dies in use shows as an error, and its user tries again on a fresh one.

use super::append::{Appended, Arrival};
use super::queue::Batching;
use super::wakes::Wakes;
use super::writer::{BUDGET, Writer};
use crate::store::database::Database;
use crate::store::error::AppendError;
use crate::store::pool::Pool;
use crate::store::seal::Seal;
use crate::store::servers::{Route, Servers};
use crate::store::session::Way;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone)]
pub struct Settings {
    /// Where, and as whom.
    pub servers: Servers,
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
/// The writer must say yes or no within the 2.5 s of the contract; see `writer::BATCH_LIMIT`.
const WRITER_STATEMENT_TIMEOUT: &str = "700ms";
const WRITER_PATIENCE: Duration = Duration::from_secs(1);
/// What the planner is told. A prepared statement keeps its plan, and a plan that was made while a
/// table was small reads it whole, still when a burst has filled it: until the server next counts
/// its rows, which is a minute. Each statement on a table that grows has its index instead. A
/// statement without one is given so high a price that it would be compiled (`jit`) first.
pub const PLANNING: [(&str, &str); 2] = [("enable_seqscan", "off"), ("jit", "off")];

/// The database with the ring's writer and hints, as the rest of the program sees it. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    database: Database,
    pub(super) wakes: Arc<Wakes>,
    writer: Writer,
}

impl Deref for Store {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

impl Store {
    /// Opens the pools. Connects lazily: a database that is away is an error of the first query.
    pub fn connect(settings: Settings) -> Self {
        let Settings {
            servers,
            max_connections,
            way,
            batching,
            seal,
        } = settings;
        let session = |timeout: &str| {
            servers.map(|options| {
                // A pooler refuses settings that it does not know; this one of sqlx's is
                // PostgreSQL's default.
                let options = options.extra_float_digits(None);
                if way == Way::Pooled {
                    return options;
                }
                let limits = [
                    ("statement_timeout", timeout),
                    ("idle_in_transaction_session_timeout", "15s"),
                    ("lock_timeout", "5s"),
                ];
                options.options(limits).options(PLANNING)
            })
        };
        let writers = match batching {
            Batching::On => 2,
            Batching::Off => max_connections.saturating_sub(2).max(2),
        };
        let others = max_connections.saturating_sub(writers).max(1);
        // What one pool learns of a failover the other one knows.
        let route = Arc::new(Route::default());
        let pool = Pool::new(session(STATEMENT_TIMEOUT), route.clone(), others, PATIENCE);
        let servers = session(WRITER_STATEMENT_TIMEOUT);
        let writer_pool = Pool::new(servers, route, writers, WRITER_PATIENCE);
        let wakes = Arc::new(Wakes::default());
        let writer = Writer::start(writer_pool, way, batching, wakes.clone());
        Self {
            database: Database::new(pool, way, seal),
            wakes,
            writer,
        }
    }

    /// Connections in use and idle, the writer's included: `(busy, idle)`.
    pub fn connections(&self) -> (u32, u32) {
        let (busy, idle) = self.writer.pool.connections();
        let (others_busy, others_idle) = self.database.pool.connections();
        (busy + others_busy, idle + others_idle)
    }

    /// Ends what is in progress and closes every connection.
    pub async fn close(&self) {
        self.writer.pool.close().await;
        self.database.pool.close().await;
    }

    /// The hints of this process's own writes.
    pub fn wakes(&self) -> &Wakes {
        &self.wakes
    }

    /// Makes an arrival durable. `Ok` means that it is on disk; an error, within 2.2 s, that it is
    /// not and will not be (but for a commit that was sent and never answered).
    pub async fn append(&self, arrival: Arrival) -> Result<Appended, AppendError> {
        let mut arrival = arrival.fitted();
        if let Some(seal) = &self.seal {
            arrival.body = seal.close(&arrival.body).into();
        }
        let sealed = self.seal.is_some();
        self.writer.entrance.append(arrival, sealed, BUDGET).await
    }

    /// Whether many callers wait for their acknowledgement at this moment.
    pub fn many_callers_wait(&self) -> bool {
        self.writer.entrance.many_callers_wait()
    }
}
