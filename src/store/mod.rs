//! All SQL, one file per table family; speaks domain types.
//!
//! Time is a bind (`$now`), never `now()` in logic; leases are the one exception, because hosts'
//! clocks may be skewed. Locks are taken in one order everywhere: incidents by id, then effects that
//! wait and show the same, then lanes sorted, then subjects sorted. That order is why nothing here
//! deadlocks by design (an effect's own row may come after its lane: its key belongs to that lane).
//!
//! A prepared statement keeps its plan, and the plan may be from a time when the table was empty and
//! every way of reading it looked the same. So each statement is written with one way only: `between
//! $1 and $1` with an order by the index's columns, `offset 0` against a join, `any(array(…))` for
//! rows that were looked for first, conditions that no other partial index fits.
//! `tests/migrations/plans.rs` looks at every one.

mod append;
mod area;
mod by_hand;
mod ci;
mod connect;
mod crowd;
mod decision;
mod deliver;
mod enqueue;
mod error;
mod facts;
mod fit;
mod gauges;
mod history;
mod incident;
mod incidents;
mod intake;
mod lists;
mod migrate;
mod notices;
mod notifications;
mod pauses;
mod people;
mod pool;
mod processes;
mod queue;
mod reads;
mod receipt;
mod retention;
mod seal;
mod servers;
mod session;
mod shown;
mod timers;
mod turns;
mod unreadable;
mod writer;

pub use append::{Appended, Arrival};
pub use area::{Persist, Ready};
pub use by_hand::Operator;
pub use connect::{Batching, PLANNING, Settings};
pub use deliver::{Certainty, Claimed, Counted, Ending, Which};
pub use error::{AppendError, StoreError, acquire_timeouts, json_error};
pub use fit::{Accept, Unfit};
pub use gauges::{Gauges, QueueGauge};
pub use incidents::IncidentFilter;
pub use intake::{Claim, Decided, Intake, StoredSignal, Then};
pub use lists::{AuditRow, InboxRow, OutboxRow, Page};
pub use migrate::{MIGRATOR, migrate, missing, read_only_for_good};
pub use pauses::Pause;
pub use reads::Reads;
pub use retention::Forgotten;
pub use seal::Seal;
pub use servers::{CONNECT_LIMIT, Servers};
pub use session::Way;
pub use unreadable::{LEFT_FOR, Others};

use crate::domain::effect::Provider;
use std::sync::Arc;

/// The database, as the rest of the program sees it. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    wakes: Arc<Wakes>,
    pool: pool::Pool,
    way: Way,
    writer: writer::Writer,
    seal: Option<Arc<Seal>>,
}

/// Hints that there is work: nobody relies on them, everybody polls each second as well.
#[derive(Debug, Default)]
pub struct Wakes {
    /// A signal may be due.
    pub inbox: tokio::sync::Notify,
    outbox: [tokio::sync::Notify; Provider::ALL.len()],
    /// An effect for which a person waits may be due.
    pub urgent: tokio::sync::Notify,
}

impl Wakes {
    /// An effect of this provider may be due.
    pub fn outbox(&self, provider: Provider) -> &tokio::sync::Notify {
        &self.outbox[provider as usize]
    }
}

impl Store {
    /// The hints of this process's own writes.
    pub fn wakes(&self) -> &Wakes {
        &self.wakes
    }
}
