//! What is done about a failed run: a pure decision, which `wardroom github plan` shares.
//!
//! [`decide`] takes what is known of a run ([`Situation`]) and the team's rules, and returns the steps of
//! the playbooks that apply, or each reason why the run is not repeated ([`No`]). The first playbook that
//! fits a failure handles it; a run is repeated only when each of its failures is handled by a playbook
//! that repeats it, and when no guard prevents it. It reads and writes nothing.

mod decide;
mod no;
mod situation;
#[cfg(test)]
mod tests;

pub use decide::{Due, Plan, Repair, decide};
pub use no::{No, THE_RUN};
pub use situation::{Failing, Situation};
