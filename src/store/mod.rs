//! All SQL, in domain types. `ring/` has the inbox, the outbox and what several processes share; each area
//! has a folder (`incident/`, `ci/`); the files beside them lead to the server.
//!
//! Time is a bind (`$now`), never `now()` in logic; leases are the one exception, because hosts'
//! clocks may be skewed. Locks are taken in one order everywhere (`docs/ARCHITECTURE.md`), so that no
//! design of ours deadlocks. (An effect's own row may come after its lane: its key belongs to that lane.)
//!
//! A prepared statement keeps its plan, and the plan may be from a time when the table was empty and
//! every way of reading it looked the same. So each statement is written with one way only: `between
//! $1 and $1` with an order by the index's columns, `offset 0` against a join, `any(array(…))` for
//! rows that are selected first, conditions that no other partial index fits.
//! `tests/migrations/plans.rs` checks every statement.

mod area;
mod ci;
mod columns;
mod database;
mod error;
mod fit;
mod gauges;
mod incident;
mod migrate;
mod people;
mod pool;
mod ring;
mod seal;
mod servers;
mod session;
mod unfit;

pub use area::{Persist, Ready};
pub use ci::{FindingFilter, FindingRow, RepairFilter, RepairRow};
pub use database::Database;
pub use error::{AppendError, StoreError, acquire_timeouts, json_error};
pub use fit::Accept;
pub use gauges::{Gauges, QueueGauge};
pub use incident::IncidentFilter;
pub use migrate::{MIGRATOR, migrate, missing, read_only_for_good};
pub use ring::append::{Appended, Arrival};
pub use ring::audit::AuditRow;
pub use ring::decision::Decided;
pub use ring::deliver::{Certainty, Claimed, Counted, Ending, Which};
pub use ring::intake::{Claim, Intake, StoredSignal, Then};
pub use ring::lists::{InboxRow, OutboxRow, Page};
pub use ring::operator_actions::Operator;
pub use ring::pauses::Pause;
pub use ring::queue::Batching;
pub use ring::reads::Reads;
pub use ring::retention::Forgotten;
pub use ring::store::{PLANNING, Settings, Store};
pub use ring::unreadable::{LEFT_FOR, Others};
pub use seal::Seal;
pub use servers::{CONNECT_LIMIT, Servers};
pub use session::Way;
pub use unfit::Unfit;
