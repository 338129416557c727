//! Official clients against the simulator: served and refused as the providers would.
//!
//! The clients are in folders beside the build, made when they are not there. The test that needs the
//! registry says so when it cannot be reached.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

mod clients;
mod github;
mod slack;
