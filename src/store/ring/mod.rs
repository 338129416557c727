//! The ring in the store: the inbox, the outbox, and what makes several processes share them. It names no
//! area's and no provider's terms.

pub(super) mod append;
pub(super) mod audit;
mod callers;
pub(super) mod decision;
pub(super) mod deliver;
mod enqueue;
pub(super) mod intake;
pub(super) mod lists;
pub(super) mod operator_actions;
pub(super) mod pauses;
mod processes;
pub(super) mod queue;
pub(super) mod reads;
mod receipt;
pub(super) mod retention;
mod shown;
pub(super) mod store;
pub(super) mod timers;
pub(super) mod turns;
pub(super) mod unreadable;
mod wakes;
mod writer;
