//! The simulated GitHub by its Rust interface: what its clock, its faults and its webhooks do.
//!
//! What clients see is checked with octokit and PyGithub in `official_client`; here is what they cannot
//! reach, such as an hour that passes or an answer that is held.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

mod faults;
mod host;
mod repairs;
mod time;
mod webhooks;
